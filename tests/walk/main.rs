//! Every reachable state of the session machine for small counts, with all timer events removed
//! (DESIGN section 4, level 1), by a breadth-first search of ours and by stateright, which has to see
//! the same. Run with `--nocapture` to see how many there are.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm)] // the model fails loudly

#[path = "../world/world.rs"]
mod world;

mod checker;
mod marks;
mod mirror;
mod order;
mod relay;
mod search;
mod shapes;
mod timers;
mod variants;

use self::{
    checker::check,
    search::{Broken, Seen, walk},
    world::{Action, Killed, shape::Shape},
};
use tidegate_core::{event::Event, report::Retry};

/// Walks over `shape`, and says what went wrong as rows.
fn whole(shape: &Shape) -> Seen {
    quiet();
    match walk(shape, &mut |_, _| Ok(())) {
        Ok(seen) => {
            agreed(shape, seen);
            seen
        }
        Err(Broken {
            found,
            after,
            trace,
        }) => {
            panic!(
                "{} after {after} states: {}\n{trace}",
                found.check, found.detail
            )
        }
    }
}

/// A model checker that others wrote sees the same, and that every path ends.
fn agreed(shape: &Shape, seen: Seen) {
    let Seen {
        states,
        transitions,
    } = seen;
    let checked = check(shape);
    println!(
        "{:<32} {states:>8} states {transitions:>9} transitions; stateright {:>8} {:>9}",
        shape.name, checked.states, checked.transitions
    );
    assert!(checked.wrong.is_none(), "{}: {checked:?}", shape.name);
    assert_eq!(
        (checked.states, checked.transitions),
        (states, transitions),
        "{}",
        shape.name
    );
}

/// A panic inside a step is told with the way to it, and not twice.
fn quiet() {
    std::panic::set_hook(Box::new(|info| {
        if info
            .location()
            .is_some_and(|at| !at.file().starts_with("core/"))
        {
            eprintln!("{info}");
        }
    }));
}

#[test]
fn a_relay_over_tcp() {
    whole(&shapes::tcp());
}

#[test]
fn a_relay_over_tls() {
    whole(&shapes::tls());
}

#[test]
fn a_relay_over_tls_on_both_legs() {
    whole(&shapes::both());
}

#[test]
fn a_relay_passed_through() {
    whole(&shapes::passed());
}

#[test]
fn relays_in_a_drain() {
    for shape in shapes::drained() {
        whole(&shape);
    }
}

#[test]
fn g10_whatever_an_operator_ends() {
    for shape in shapes::killed() {
        whole(&shape);
        let mut ends = [false; 2];
        let _ = walk(&shape, &mut |world, _| {
            let told = world.killed.map(|killed| killed == Killed::First);
            if world.over
                && let Some(first) = told
            {
                ends[usize::from(first)] = true;
            }
            Ok(())
        });
        assert_eq!(
            ends, [true; 2],
            "{}: killed first, and after another end",
            shape.name
        );
    }
}

#[test]
fn r17_relays_and_exchanges_with_hints() {
    for shape in shapes::hinted() {
        whole(&shape);
        let mut told = false;
        let hint = |action: &Action| matches!(action, Action::Tell(Event::Hinted(_)));
        let _ = walk(&shape, &mut |_, actions| {
            told |= actions.iter().any(hint);
            Ok(())
        });
        assert!(told, "{}: no hint comes", shape.name);
    }
}

#[test]
fn what_an_operator_may_ask_for() {
    for shape in shapes::knobs() {
        whole(&shape);
    }
}

#[test]
fn nobody_waits_for_a_proxy_that_waits_for_them() {
    for shape in shapes::patient() {
        whole(&shape);
    }
}

#[test]
fn exchanges_that_become_tunnels() {
    for shape in shapes::tunnels() {
        whole(&shape);
    }
}

#[test]
fn what_pipes_hold() {
    for shape in shapes::piped() {
        whole(&shape);
    }
}

#[test]
fn requests_that_are_sent_again_for_a_status() {
    for shape in shapes::declined() {
        whole(&shape);
        let mut again = false;
        let _ = walk(&shape, &mut |world, _| {
            again |= world.session.sends_again_by() == Some(Retry::Declined);
            Ok(())
        });
        assert!(again, "{}: nothing is sent again", shape.name);
    }
}

#[test]
fn who_waits_for_an_endpoint() {
    for shape in shapes::queued() {
        whole(&shape);
    }
}

#[test]
fn http_sessions() {
    for shape in shapes::http() {
        whole(&shape);
    }
}
