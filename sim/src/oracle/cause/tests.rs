//! The truth about how relays and exchanges were closed, and every other word that might have been said.

use super::*;
use crate::{oracle::report::Told, proxy::Production, watch::Watch, world};
use std::{cell::RefCell, rc::Rc};
use tidegate::crowd::Crowd;

/// What a schedule comes to, and what was told of it.
fn played(text: &str) -> (Schedule, Outcome, Told) {
    let schedule: Schedule = text.parse().unwrap();
    let watch = Rc::new(RefCell::new(Watch::default()));
    let proxy = Production {
        schedule: &schedule,
        variant: None,
        watch: &watch,
        crowd: Crowd::new(0),
    };
    let options = world::Options {
        budget_ms: 3 * 3_600_000,
        ..world::Options::default()
    };
    let outcome = world::run(Net::Fast, &schedule, options, proxy);
    let told = watch.take().told;
    (schedule, outcome, told)
}

/// The words that pass for the last session of a schedule.
fn allowed(text: &str) -> (CloseCause, Vec<CloseCause>) {
    let (schedule, outcome, told) = played(text);
    let (Some(record), Some(word)) = (told.records.last(), told.words.last().copied()) else {
        panic!("nothing was told of {text}: {outcome:?}");
    };
    let passes = |cause: &CloseCause| {
        let mut court = Court {
            schedule: &schedule,
            outcome: &outcome,
            violations: Vec::new(),
        };
        court.judge_cause(Some(*cause), &record.report, word);
        court.violations.is_empty()
    };
    let truth = record.cause().unwrap();
    (truth, CloseCause::ALL.into_iter().filter(passes).collect())
}

const TCP: &str = "relay-schedule v1\nseed 0x1\nmode relay tcp\n";
const TLS: &str = "relay-schedule v1\nseed 0x1\nmode relay tls13\n";

/// What the peers do, and the one word for it.
fn stories() -> Vec<(CloseCause, String)> {
    let relay = |script: &str| format!("{TCP}{script}");
    vec![
        (
            CloseCause::Completed,
            relay("client write 300\nclient fin\norigin write 40\norigin fin\n"),
        ),
        (
            CloseCause::ClientReset,
            relay(
                "client write 300\nclient sleep 50ms\nclient reset\norigin write 40\norigin await-eof\n",
            ),
        ),
        (
            CloseCause::UpstreamReset,
            relay(
                "client write 300\nclient await-eof\norigin write 40\norigin sleep 50ms\norigin reset\n",
            ),
        ),
        (
            CloseCause::HalfCloseTimeout,
            relay("client write 300\nclient fin\norigin write 40\norigin hang\n"),
        ),
        (
            CloseCause::TunnelIdle,
            relay("client write 300\nclient hang\norigin write 40\norigin hang\n"),
        ),
        (
            CloseCause::ClientTlsTruncated,
            format!("{TLS}client write 300\nclient fin\norigin write 40\norigin await-eof\n"),
        ),
    ]
}

#[test]
fn of_all_words_one_passes() {
    for (cause, text) in stories() {
        let (truth, passes) = allowed(&text);
        assert_eq!(truth, cause, "{text}");
        assert_eq!(passes, [cause], "{text}");
    }
}

#[test]
fn a_session_without_a_cause_and_one_that_is_not_told_of_are_found_out() {
    let (_, text) = &stories()[0];
    let (schedule, outcome, told) = played(text);
    let judged = |told: &Told| crate::oracle::report::judge(&schedule, &outcome, told);
    assert_eq!(judged(&told), []);
    let is_caught = |lie: &dyn Fn(&mut Told)| {
        let mut told = told.clone();
        lie(&mut told);
        let found = judged(&told);
        found.iter().any(|one| one.invariant == Invariant::Cause)
    };
    assert!(is_caught(&|told| told.records[0].report.ending = None));
    assert!(is_caught(&|told| told.words[0] = None));
    assert!(is_caught(&|told| told.accepted += 1));
    assert!(is_caught(&|told| {
        told.records.push(told.records[0].clone());
        told.words.push(told.words[0]);
    }));
}

/// Whoever reads nothing is given up behind the end of its connection, by a reset. Where no end was ordered, a
/// reset is no clean end.
#[test]
fn a_client_that_is_deaf_is_told_the_end_before_it_is_given_up() {
    let text = "relay-schedule v1\nseed 0x1\nmode http tcp\nbuffer client send 64000 recv 2048\n\
                client reader delay 0ms chunk 16 pause 0ms stop 10\n\
                request GET /1 1.1 close empty\nresponse 200 1.1 keep length 9000 by 3000\nclient await-eof\n";
    let (schedule, outcome, mut told) = played(text);
    let judged = |told: &Told| crate::oracle::report::judge(&schedule, &outcome, told);
    assert_eq!(judged(&told), []);
    let record = &mut told.records[0];
    assert_eq!(record.cause(), Some(CloseCause::Completed), "{outcome:?}");
    record.report.legs[Side::Down as usize].said.finish = None;
    let found = judged(&told);
    assert!(
        found.iter().any(|one| one.invariant == Invariant::Cause),
        "{found:?}"
    );
}
