//! The settle rules may run in any order: same state, same orders.

use super::{
    quiet,
    search::walk,
    shapes,
    world::{World, oracle::Found, shape::Shape},
};
use tidegate_core::session::{RULES, Rule};

/// Orders of the rules: backwards, each rule first, and shuffles from a fixed seed.
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
        panic!(
            "{}: {}\n{}",
            broken.found.check, broken.found.detail, broken.trace
        );
    }
    compared
}

/// The world after an action, and the orders of it, sorted.
fn taken(
    shape: &Shape,
    world: &World,
    action: super::world::Action,
    rules: &[Rule],
) -> (World, Vec<String>) {
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

#[test]
fn the_order_of_the_rules_does_not_matter() {
    quiet();
    for shape in shapes::all() {
        let compared = shuffle(&shape, if shape.is_http() { 1 } else { 3 });
        println!("{:<28} {compared:>9} transitions in two orders", shape.name);
    }
}
