//! The probe's scenarios on the simulated networks: each row of LIFECYCLE section 5 that needs
//! neither a lost packet nor a signal, with timers as they are and with every timer frozen.

use std::collections::BTreeSet;
use tidegate_core::variant::Variant;
use tidegate_sim::{
    fault::Timers,
    probe::{Case, Mode, Needs, Versions, cases, play, unplayable},
    world::Net,
};

/// How the proxy's timers run where `case` is played. Who waits for silence needs one.
fn timers(case: &Case) -> &'static [Timers] {
    if case.scenario.needs == Needs::Idle {
        &[Timers::Running]
    } else {
        &[Timers::Running, Timers::Frozen]
    }
}

/// Plays every case of `mode`; what is left out is said.
fn whole(net: Net, mode: Mode, left_out: &[&str]) {
    let (mut wrong, mut left) = (Vec::new(), BTreeSet::new());
    for case in cases(mode, Versions::Both) {
        if unplayable(net, mode, &case).is_some() {
            left.insert(case.scenario.row);
            continue;
        }
        for timers in timers(&case) {
            let faults = play(net, mode, &case, *timers, None);
            if !faults.is_empty() {
                wrong.push(format!("{} {timers:?}: {}", case.key(), faults.join("; ")));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{net}, {}:\n{}",
        mode.name(),
        wrong.join("\n")
    );
    assert_eq!(left, left_out.iter().copied().collect(), "left out");
}

#[test]
fn relays_on_the_fast_network_as_the_probe_sees_them() {
    whole(Net::Fast, Mode::Tcp, &["S22"]);
    whole(Net::Fast, Mode::Tls, &["S22"]);
}

#[test]
fn exchanges_on_the_fast_network_as_the_probe_sees_them() {
    whole(Net::Fast, Mode::Http, &["S49"]);
    whole(Net::Fast, Mode::Https, &["S49"]);
    whole(Net::Fast, Mode::Ws, &[]);
}

#[test]
fn relays_on_turmoil_as_the_probe_sees_them() {
    whole(Net::Turmoil, Mode::Tcp, &["S22", "S24"]);
    whole(Net::Turmoil, Mode::Tls, &["S22", "S24"]);
}

#[test]
fn exchanges_on_turmoil_as_the_probe_sees_them() {
    whole(Net::Turmoil, Mode::Http, &["S49"]);
    whole(Net::Turmoil, Mode::Https, &["S49"]);
    whole(Net::Turmoil, Mode::Ws, &[]);
}

/// The rows of the fast network that a wrong rule breaks.
fn broken(mode: Mode, variant: Variant) -> BTreeSet<&'static str> {
    let played = |case: &Case| unplayable(Net::Fast, mode, case).is_none();
    let fails = |case: &Case| {
        let faults = play(Net::Fast, mode, case, Timers::Running, Some(variant));
        !faults.is_empty()
    };
    let cases = cases(mode, Versions::Both).into_iter();
    let broken = cases.filter(played).filter(fails);
    broken.map(|case| case.scenario.row).collect()
}

#[test]
fn wrong_rules_are_seen_in_the_rows_that_are_about_them() {
    for (variant, rows) in [
        (Variant::ResetAsFin, ["S06", "S07", "S09", "S18"]),
        (Variant::CloseBoth, ["S01", "S02", "S03", "S04"]),
        (Variant::FinOnTimer, ["S01", "S04", "S05", "S13"]),
    ] {
        let broken = broken(Mode::Tcp, variant);
        let missed: Vec<_> = rows.iter().filter(|row| !broken.contains(**row)).collect();
        assert!(
            missed.is_empty(),
            "{variant:?}: {missed:?} passed, {broken:?} did not"
        );
        assert!(!broken.contains("S22"), "what is not played does not fail");
    }
    assert!(broken(Mode::Tls, Variant::BareFinAsClean).contains("S28"));
}
