//! Every known-bad variant is caught by the walk, and by which rule.

use super::{
    quiet,
    search::{Broken, walk},
    shapes,
    world::shape::Shape,
};
use tidegate_core::variant::Variant;
use tidegate_sim::museum::WALKED;

/// What finds a variant, if the walk does.
fn caught(variant: Variant) -> Option<(&'static str, Broken)> {
    let mut before = 0;
    for mut shape in shapes::all() {
        shape.setup.variant = Some(variant);
        match walk(&shape, &mut |_, _| Ok(())) {
            Ok(seen) => before += seen.states,
            Err(mut broken) => {
                broken.after += before;
                return Some((shape.name, broken));
            }
        }
    }
    None
}

#[test]
fn every_known_bad_variant_is_caught() {
    quiet();
    let mut missed = Vec::new();
    for variant in WALKED {
        let name = format!("{variant:?}");
        match caught(variant) {
            Some((shape, Broken { found, after, .. })) => {
                println!(
                    "{name:<16} {:<9} in {shape:<16} after {after:>7} states: {}",
                    found.check, found.detail
                );
            }
            None => missed.push(name),
        }
    }
    assert!(missed.is_empty(), "not caught: {missed:?}");
}

/// An exchange that has left HTTP is held to the rules of a relay: each of these is caught there,
/// and for what it does.
#[test]
fn a_variant_is_caught_in_a_tunnel_that_began_as_an_exchange() {
    quiet();
    for (variant, check) in [
        (Variant::FinOvertakes, "I2"),
        (Variant::FinForgotten, "I3"),
        (Variant::CloseBoth, "I1"),
        (Variant::ResetAsFin, "I1"),
        (Variant::ResetOvertakes, "I5"),
        (Variant::BehindForgotten, "I2"),
    ] {
        for mut shape in shapes::tunnels() {
            shape.setup.variant = Some(variant);
            let broken = walk(&shape, &mut |_, _| Ok(())).expect_err("a wrong rule");
            let (found, trace) = (&broken.found, &broken.trace);
            // 4.11: a FIN that rides with other bytes than the last, or not with the last.
            let same = [check, "check", "4.11"].contains(&found.check);
            assert!(same, "{variant:?} in {}: {found:?}\n{trace}", shape.name);
            let left = trace.lines().any(|row| row.contains(" tunnel "));
            assert!(left, "{variant:?}\n{trace}");
        }
    }
}

/// The walk tells which rule is broken: the one that the variant is about.
#[test]
fn a_variant_is_caught_for_what_it_does() {
    quiet();
    let expected = [
        (Variant::FinOnTimer, shapes::tcp(), "I3"),
        (Variant::FinOvertakes, shapes::tcp(), "I2"),
        (Variant::ResetAsFin, shapes::tcp(), "I1"),
        (Variant::CloseBoth, shapes::tcp(), "I1"),
        (Variant::BareFinAsClean, shapes::tls(), "I6"),
        (Variant::ResetOvertakes, shapes::tcp(), "I5"),
        (Variant::CloseUnread, shapes::tcp(), "I7"),
        (Variant::FaultUnseen, shapes::tcp(), "R18"),
    ];
    for (variant, shape, check) in expected {
        let mut shape: Shape = shape;
        shape.setup.variant = Some(variant);
        let broken = walk(&shape, &mut |_, _| Ok(())).expect_err("a wrong rule");
        println!("{variant:?}: {}", broken.trace);
        let found = &broken.found;
        let same = found.check == check || found.check == "check";
        assert!(same, "{variant:?}: {found:?}\n{}", broken.trace);
    }
}
