//! The same walk once more, by a model checker that others wrote: as many states, as many
//! transitions, no rule broken, and every maximal path ends.
//!
//! `stateright` may miss that a property never comes true on a path that joins another one or runs
//! in a circle (its word on `eventually`). Neither can hide anything here. A closed session does
//! nothing more, so whether a path has ended is said by its last state alone, whichever way led
//! there; and a circle is what the breadth-first walk looks for itself (`Paths::acyclic`).

use crate::{
    quiet, shapes,
    world::{Action, World, oracle::Found, shape::Shape},
};
use stateright::{Checker, HasDiscoveries, Model, Property};
use tidegate_core::{session::RULES, variant::Variant};

const NO_RULE_BROKEN: &str = "no rule is broken";
const CLOSED: &str = "the session is closed";

/// A world, or the rule that broke on the way to it.
type Reached = Result<World, Found>;

/// A shape as a model.
struct Walked {
    shape: Shape,
    /// Whether the rules of `tests/world` are asked. If not, all that is left to be found is a
    /// session that never closes.
    judged: bool,
}

impl Model for Walked {
    type State = Reached;
    type Action = Action;

    fn init_states(&self) -> Vec<Reached> {
        vec![Ok(World::new(&self.shape))]
    }

    /// Where only faults are left, none comes: a peer that owes nothing may leave it at that. So a
    /// state that nothing but a fault leads out of is the last one of a path.
    fn actions(&self, state: &Reached, actions: &mut Vec<Action>) {
        let Ok(world) = state else {
            return;
        };
        let offered = world.actions(&self.shape);
        if !offered.iter().all(|action| action.is_fault()) {
            actions.extend(offered);
        }
    }

    fn next_state(&self, last: &Reached, action: Action) -> Option<Reached> {
        let mut next = last.clone().ok()?;
        match next.act(&self.shape, action, &RULES) {
            Err(found) if self.judged || found.check == "panic" => Some(Err(found)),
            Ok(()) | Err(_) => Some(Ok(next)),
        }
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(NO_RULE_BROKEN, |_, state: &Reached| state.is_ok()),
            // A path that broke a rule is told of already.
            Property::eventually(CLOSED, |_, state: &Reached| {
                state.as_ref().is_ok_and(|world| world.session.is_closed()) || state.is_err()
            }),
        ]
    }
}

/// What was seen of a shape.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) states: usize,
    pub(crate) transitions: usize,
    /// The property that does not hold, and the last state of a path that shows it.
    pub(crate) wrong: Option<(&'static str, Reached)>,
}

/// Lets stateright walk over `shape`, as far as the first property that does not hold.
pub(crate) fn check(shape: &Shape) -> Checked {
    checked(*shape, true)
}

/// The same with no judge but [`CLOSED`].
fn stuck(shape: &Shape) -> Checked {
    checked(*shape, false)
}

fn checked(shape: Shape, judged: bool) -> Checked {
    let checker = Walked { shape, judged }
        .checker()
        .finish_when(HasDiscoveries::Any)
        .spawn_bfs()
        .join();
    let wrong = checker
        .discoveries()
        .into_iter()
        .next()
        .map(|(property, path)| (property, path.last_state().clone()));
    Checked {
        states: checker.unique_state_count(),
        // It counts the first state as generated too.
        transitions: checker.state_count() - 1,
        wrong,
    }
}

#[test]
fn a_wrong_rule_is_seen_by_stateright_too() {
    quiet();
    for (variant, mut shape, rules) in [
        (Variant::FinOvertakes, shapes::tcp(), ["I2", "4.11"]),
        (Variant::ResetAsFin, shapes::tcp(), ["I1", "4.11"]),
        (Variant::BareFinAsClean, shapes::tls(), ["I6", "I1"]),
    ] {
        shape.setup.variant = Some(variant);
        let seen = check(&shape);
        let broken = matches!(
            &seen.wrong,
            Some((NO_RULE_BROKEN, Err(found))) if rules.contains(&found.check)
        );
        assert!(broken, "{variant:?}: {seen:?}");
    }
}

#[test]
fn a_session_that_never_closes_is_seen_by_that_alone() {
    quiet();
    let length = || shapes::http().swap_remove(1);
    for (variant, mut shape) in [
        (Variant::FinOnTimer, shapes::tcp()),
        (Variant::FinForgotten, shapes::tcp()),
        (Variant::LostWakeup, length()),
        (Variant::Original, length()),
    ] {
        shape.setup.variant = Some(variant);
        let seen = stuck(&shape);
        let open = matches!(seen.wrong, Some((CLOSED, Ok(_))));
        assert!(open, "{variant:?} in {}: {seen:?}", shape.name);
    }
}
