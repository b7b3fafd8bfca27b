//! A dumb relay passes; each way of making it wrong is caught, and by whom is written here.

mod dumb;

use self::dumb::{Bug, Setup};
use super::*;
use crate::{
    generate::{self, Kind},
    oracle::{Invariant, Violation, judge},
    schedule::Carrier,
    tls::{Party, Version},
};

fn go(net: Net, schedule: &Schedule, bug: Bug) -> Outcome {
    let tls = match schedule.carrier {
        Carrier::Tcp => None,
        Carrier::Tls(version) => Some(tls::server_config(Party::Proxy, &[version])),
    };
    let setup = Setup {
        bug,
        limit: schedule.buffers.relay as usize,
        down: schedule.buffers.down.into(),
        up: schedule.buffers.up.into(),
        tls,
    };
    let options = Options {
        budget_ms: 20_000,
        ..Options::default()
    };
    run(net, schedule, options, setup)
}

/// Runs `schedule` through a relay that is right.
pub(crate) fn transparent(schedule: &Schedule) -> Outcome {
    go(Net::Turmoil, schedule, Bug::None)
}

fn violations(net: Net, schedule: &Schedule, bug: Bug) -> Vec<Violation> {
    judge(schedule, &go(net, schedule, bug))
}

fn told(violations: &[Violation]) -> String {
    violations.iter().map(|v| format!("{v}\n")).collect()
}

/// What a seed draws for a relay without timers: only they end a run in which a peer falls silent.
fn drawn(kind: Kind, seed: u64) -> Option<Schedule> {
    let schedule = generate::schedule(kind, seed);
    (!schedule.falls_silent()).then_some(schedule)
}

#[test]
fn a_relay_that_is_right_passes() {
    let carriers = [
        Carrier::Tcp,
        Carrier::Tls(Version::Tls12),
        Carrier::Tls(Version::Tls13),
    ];
    for (carrier, seeds) in carriers.into_iter().zip([1_000, 150, 150]) {
        for schedule in (0..seeds).filter_map(|seed| drawn(Kind::Relay(carrier), seed)) {
            for net in Net::ALL {
                let found = violations(net, &schedule, Bug::None);
                assert!(found.is_empty(), "{net}: {}\n{schedule}", told(&found));
            }
        }
    }
}

#[test]
fn a_seed_runs_twice_alike() {
    for carrier in [Carrier::Tcp, Carrier::Tls(Version::Tls13)] {
        for seed in 0..60 {
            let schedule = generate::schedule(Kind::Relay(carrier), seed);
            for net in Net::ALL {
                let [once, again] = [(); 2].map(|()| go(net, &schedule, Bug::None).fingerprint());
                assert_eq!(once, again, "seed {seed} on {net}");
            }
        }
    }
}

/// A reset on a network that is calm otherwise is the rarest.
const SEEDS: u64 = 1_000;

/// The first seed that catches a bug by the invariant that it breaks, whatever else it breaks.
fn caught(net: Net, bug: Bug, by: Invariant) -> Option<u64> {
    let carrier = if bug == Bug::TruncationLaundered {
        Carrier::Tls(Version::Tls13)
    } else {
        Carrier::Tcp
    };
    (0..SEEDS).find(|seed| {
        drawn(Kind::Relay(carrier), *seed).is_some_and(|schedule| {
            let found = violations(net, &schedule, bug);
            found.iter().any(|violation| violation.invariant == by)
        })
    })
}

#[test]
fn every_bug_is_caught_within_these_seeds() {
    for (bug, by) in [
        (Bug::EndForgotten, Invariant::Ends),
        (Bug::EndEarly, Invariant::EndAfterAll),
        (Bug::EndOnlyIfEmpty, Invariant::Ends),
        (Bug::EndClosesAll, Invariant::EndOnlyIfClean),
        (Bug::EndWaitsForBoth, Invariant::EndAtOnce),
        (Bug::EndOnTimer, Invariant::EndAtOnce),
        (Bug::AbortOnTimer, Invariant::AbortAtOnce),
        (Bug::ResetLaundered, Invariant::EndOnlyIfClean),
        (Bug::TruncationLaundered, Invariant::EndOnlyIfClean),
        (Bug::LimitIgnored, Invariant::Bounded),
        (Bug::ShortWriteDoubled, Invariant::Prefix),
        (Bug::ClosesAtOnce, Invariant::CloseInOrder),
        (Bug::Drops, Invariant::ClosedOnce),
        (Bug::EndsTwice, Invariant::OneEnd),
        (Bug::Leaks, Invariant::Ends),
        (Bug::PanicsOnReset, Invariant::NoPanic),
    ] {
        for net in Net::ALL {
            let found = caught(net, bug, by);
            assert!(found.is_some(), "{bug:?} on {net} is not caught by {by:?}");
        }
    }
}
