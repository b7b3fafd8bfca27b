//! What a failing seed leaves behind: a command, and a small schedule that fails in the same way.

use super::folder;
use std::fs;
use tidegate_core::variant::Variant;
use tidegate_sim::{
    batch::{Batch, Plan},
    case::{self, Finding},
    generate::{self, Kind},
    reproduce,
    schedule::{Carrier, Schedule},
    shrink,
    tls::Version,
    world::Net,
};

/// The plan of a batch with a wrong rule, the first seed that it spoils, and how.
fn spoilt(net: &'static [Net], kind: Kind, variant: Variant) -> (Plan, u64, Vec<Finding>) {
    let plan = Plan {
        nets: net,
        kind,
        variant: Some(variant),
        twice: false,
        first: true,
    };
    let mut batch = Batch::play(0..300, plan);
    let (seed, wrong) = batch.bad.remove(0);
    (plan, seed, wrong)
}

#[test]
fn a_failing_seed_says_how_to_play_it_again_and_leaves_a_small_schedule() {
    for (kind, variant, most_lines) in [
        (Kind::Relay(Carrier::Tcp), Variant::FinOvertakes, 8),
        (
            Kind::Relay(Carrier::Tls(Version::Tls13)),
            Variant::BareFinAsClean,
            8,
        ),
        (Kind::Http(Carrier::Tcp), Variant::Original, 9),
        (
            Kind::Http(Carrier::Tls(Version::Tls13)),
            Variant::BehindForgotten,
            11,
        ),
    ] {
        let (plan, seed, wrong) = spoilt(&[Net::Fast], kind, variant);
        let said = reproduce::seed(seed, &wrong, &plan, &folder());
        println!("{said}");
        let command = format!("--kind {kind} --seed {seed} --variant {variant:?}");
        assert!(said.contains(&command), "{said}");
        let file = folder().join(format!("{kind}-{seed}-{variant:?}.sched"));
        assert!(said.contains(&file.display().to_string()), "{said}");
        let text = fs::read_to_string(&file).expect("a file was left");
        let schedule: Schedule = text.parse().expect("it is a schedule");
        assert_eq!(schedule.validate(), Ok(()));
        assert!(text.lines().count() <= most_lines, "{text}");
        let found = shrink::find(&[Net::Fast], &schedule, Some(variant)).expect("it fails");
        assert_eq!(found.violation.invariant, wrong[0].violation.invariant);
        assert_eq!(shrink::find(&Net::ALL, &schedule, None), None, "{text}");
    }
}

#[test]
fn the_same_failure_shrinks_to_the_same_schedule() {
    let kind = Kind::Relay(Carrier::Tcp);
    let (_, seed, wrong) = spoilt(&[Net::Fast], kind, Variant::FinForgotten);
    let schedule = generate::schedule(kind, seed);
    let shrink = || shrink::shrink(&schedule, &wrong[0], Some(Variant::FinForgotten));
    let (first, second) = (shrink(), shrink());
    assert_eq!(first.schedule, second.schedule);
    assert_eq!(first.runs, second.runs);
    assert!(first.runs < shrink::MOST_RUNS);
}

/// Runs on turmoil cost ten times as much, so a failure that shows on both is searched on the other.
#[test]
fn what_fails_on_turmoil_is_shrunk_on_the_fast_network_if_it_fails_there_too() {
    let kind = Kind::Relay(Carrier::Tcp);
    let (_, seed, wrong) = spoilt(&[Net::Turmoil], kind, Variant::ResetAsFin);
    assert_eq!(wrong[0].net, Net::Turmoil);
    let schedule = generate::schedule(kind, seed);
    let shrunk = shrink::shrink(&schedule, &wrong[0], Some(Variant::ResetAsFin));
    assert_eq!(shrunk.finding.net, Net::Fast);
    let again = case::play(
        Net::Fast,
        &shrunk.schedule,
        shrunk.finding.timers,
        Some(Variant::ResetAsFin),
        false,
    );
    assert!(again.wrong.contains(&shrunk.finding), "{:?}", again.wrong);
}

#[test]
fn a_good_schedule_has_nothing_to_shrink() {
    let schedule = generate::schedule(Kind::Relay(Carrier::Tcp), 0);
    assert_eq!(shrink::find(&Net::ALL, &schedule, None), None);
}
