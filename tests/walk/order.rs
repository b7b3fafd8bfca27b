//! The settle rules may run in any order: same state, same orders. On the smallest shapes in every
//! order, on all shapes in some.

use super::{
    quiet,
    search::{Broken, key, walk},
    shapes,
    world::{Action, Told, World, oracle::Found, shape::Shape},
};
use std::collections::HashSet;
use tidegate_core::{
    effect::{Effect, Effects},
    event::Event,
    session::{RULES, Rule, Session},
    time::Time,
};

/// Some orders of the rules: backwards, each rule first, and shuffles from a fixed seed.
fn orders() -> Vec<Vec<Rule>> {
    let mut orders = vec![RULES.iter().rev().copied().collect::<Vec<_>>()];
    for first in 1..RULES.len() {
        let mut rules = RULES.to_vec();
        rules.rotate_left(first);
        orders.push(rules);
    }
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..8 {
        let mut rules = RULES.to_vec();
        for at in (1..rules.len()).rev() {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let with = usize::try_from((seed >> 33) % (at as u64 + 1)).unwrap_or(0);
            rules.swap(at, with);
        }
        orders.push(rules);
    }
    orders
}

/// Takes every `every`th transition of `shape` in another order of the rules.
fn shuffle(shape: &Shape, every: usize) -> usize {
    let orders = orders();
    let (mut seen, mut compared) = (0_usize, 0_usize);
    let walked = walk(shape, &mut |world, actions| {
        for action in actions {
            seen += 1;
            if seen % every != 0 {
                continue;
            }
            compared += 1;
            let (straight, first) = taken(shape, world, *action, &RULES);
            let rules = &orders[compared % orders.len()];
            let (shuffled, second) = taken(shape, world, *action, rules);
            if straight.session != shuffled.session {
                let detail = format!(
                    "{action:?}:\n{:?}\n{:?}",
                    straight.session, shuffled.session
                );
                return Err(Found::new("order: state", detail));
            }
            if first != second {
                return Err(Found::new(
                    "order: effects",
                    format!("{action:?}: {first:?} {second:?}"),
                ));
            }
        }
        Ok(())
    });
    if let Err(broken) = walked {
        complain(&broken);
    }
    compared
}

fn complain(broken: &Broken) -> ! {
    let Found { check, detail } = &broken.found;
    panic!("{check}: {detail}\n{}", broken.trace)
}

/// The world after an action, and the orders of it, sorted.
fn taken(shape: &Shape, world: &World, action: Action, rules: &[Rule]) -> (World, Vec<String>) {
    let mut next = world.clone();
    let mut orders = Vec::new();
    let told = next.act_telling(shape, action, rules, &mut |step| {
        orders.extend(step.effects.iter().map(|effect| format!("{effect:?}")));
    });
    if let Err(found) = told {
        panic!("{}: {}: {action:?}", found.check, found.detail);
    }
    orders.sort();
    (next, orders)
}

/// Every way from a session whose event has been heard to where no rule moves any more: in rounds, as
/// it settles, and each round in every order of the rules.
struct Ways<'a> {
    rules: &'a [Rule],
    seen: HashSet<(u64, u64)>,
    /// Where they end, and with which orders.
    ends: Vec<(Session, Vec<String>)>,
    /// How often there was more than one rule to take.
    forks: usize,
}

/// A round under way, each rule a bit.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
struct Round {
    /// Who has moved.
    moved: u32,
    /// Who had nothing to do at some time in it: its turn may have been then.
    passed: u32,
}

impl<'a> Ways<'a> {
    fn of(step: &Told, rules: &'a [Rule]) -> Ways<'a> {
        let (mut session, mut effects) = (step.before.clone(), Effects::new());
        let now = match step.event {
            Event::Fired => session.deadline().map_or(Time(0), |(at, _)| at),
            _ => Time(0),
        };
        session.step_in_order(now, step.event, &[], &mut effects);
        let mut ways = Ways {
            rules,
            seen: HashSet::new(),
            ends: Vec::new(),
            forks: 0,
        };
        ways.go(&session, &effects, Round::default());
        ways
    }

    fn go(&mut self, session: &Session, effects: &Effects, mut round: Round) {
        let mut moves = Vec::new();
        for (at, rule) in self.rules.iter().enumerate() {
            let (mut next, mut more) = (session.clone(), effects.clone());
            if rule(&mut next, &mut more) {
                moves.push((1 << at, next, more));
            } else {
                round.passed |= 1 << at;
            }
        }
        let said = sorted(effects);
        if !self.seen.insert(key(&(session, &said, round))) {
            return;
        }
        if moves.is_empty() {
            let end = (session.clone(), said);
            if !self.ends.contains(&end) {
                self.ends.push(end);
            }
            return;
        }
        self.forks += usize::from(moves.len() > 1);
        let all = (1 << self.rules.len()) - 1;
        if round.moved != 0 && round.moved | round.passed == all {
            // Everybody has had a turn.
            self.go(session, effects, Round::default());
        }
        for (rule, next, more) in moves {
            let Round { moved, passed } = round;
            if moved & rule == 0 {
                let moved = moved | rule;
                self.go(&next, &more, Round { moved, passed });
            }
        }
    }
}

fn sorted(effects: &Effects) -> Vec<String> {
    let mut said: Vec<String> = effects.iter().map(|effect| format!("{effect:?}")).collect();
    said.sort();
    said
}

/// Every step of these actions, in the usual order.
fn each_step(
    shape: &Shape,
    world: &World,
    actions: &[Action],
    look: &mut dyn FnMut(&Told) -> Result<(), Found>,
) -> Result<(), Found> {
    for action in actions {
        let mut told = Vec::new();
        let mut next = world.clone();
        next.act_telling(shape, *action, &RULES, &mut |step| told.push(step))?;
        told.iter().try_for_each(&mut *look)?;
    }
    Ok(())
}

/// Takes every step of `shape` every way that `rules` allow: how many there are, and how often ways
/// part. All must end in one state, with the orders of the usual way.
fn every_way(shape: &Shape, rules: &[Rule]) -> Result<(usize, usize), Broken> {
    let (mut steps, mut forks) = (0, 0);
    walk(shape, &mut |world, actions| {
        each_step(shape, world, actions, &mut |step| {
            let ways = Ways::of(step, rules);
            (steps, forks) = (steps + 1, forks + ways.forks);
            let ([(_, said)], due) = (&ways.ends[..], sorted(&step.effects)) else {
                let detail = format!("{:?}: {:?}", step.event, ways.ends);
                return Err(Found::new("order: ends", detail));
            };
            if *said == due {
                return Ok(());
            }
            let detail = format!("{:?}: {said:?} {due:?}", step.event);
            Err(Found::new("order: effects", detail))
        })
    })?;
    Ok((steps, forks))
}

#[test]
fn on_the_smallest_shapes_no_order_of_the_rules_matters() {
    quiet();
    for shape in shapes::small() {
        match every_way(&shape, &RULES) {
            Ok((steps, forks)) => println!("{:<28} {steps:>9} steps, {forks:>7} forks", shape.name),
            Err(broken) => complain(&broken),
        }
    }
}

/// A rule that speaks first or not at all.
#[test]
fn an_order_that_matters_is_seen() {
    fn first(_: &mut Session, effects: &mut Effects) -> bool {
        let first = effects.is_empty();
        if first {
            effects.push(Effect::Park);
        }
        first
    }
    quiet();
    let rules: Vec<Rule> = RULES.into_iter().chain([first as Rule]).collect();
    let shape = shapes::small().remove(0);
    let mut parted = 0;
    let walked = walk(&shape, &mut |world, actions| {
        each_step(&shape, world, actions, &mut |step| {
            parted += usize::from(Ways::of(step, &rules).ends.len() > 1);
            Ok(())
        })
    });
    assert!(walked.is_ok() && parted > 0);
    assert!(every_way(&shape, &rules).is_err());
}

#[test]
fn the_order_of_the_rules_does_not_matter() {
    quiet();
    for shape in shapes::all() {
        let compared = shuffle(&shape, if shape.is_http() { 1 } else { 3 });
        println!("{:<28} {compared:>9} transitions in two orders", shape.name);
    }
}
