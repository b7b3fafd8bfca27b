//! What would be wrong in a drain is told so. The proxy that ships does none of it, so what its
//! client has written down is changed afterwards.

use super::*;
use crate::{
    case::observed,
    oracle::judge,
    schedule::Schedule,
    world::{Net, Outcome},
};

/// The drain begins while the first answer is thought about; the second request is never made, for
/// the first answer says that it is the last.
const IN_FLIGHT: &str = "\
relay-schedule v1
seed 0x1
mode http tcp
latency client-proxy 1ms
latency proxy-origin 1ms
request GET /1 1.1 keep empty
response 200 1.1 keep length 10 by 10 delay 40ms
request GET /2 1.1 keep empty
response 200 1.1 keep length 10 by 10
client fin
at 20ms drain
";

fn played(net: Net) -> (Schedule, Outcome) {
    let schedule: Schedule = IN_FLIGHT.parse().expect("a schedule");
    let outcome = observed(net, &schedule, None);
    (schedule, outcome)
}

fn found(schedule: &Schedule, outcome: &Outcome) -> Vec<Invariant> {
    let violations = judge(schedule, outcome).into_iter();
    violations.map(|violation| violation.invariant).collect()
}

#[test]
fn i15_what_is_in_flight_when_the_drain_begins_is_served_and_is_the_last() {
    for net in Net::ALL {
        let (schedule, outcome) = played(net);
        assert_eq!(found(&schedule, &outcome), [], "{net}");
        assert_eq!(outcome.http.answers.len(), 1, "{net}");
        assert!(outcome.http.answers[0].message.closes(), "{net}");
    }
}

#[test]
fn i15_a_request_that_a_drain_drops_is_seen() {
    for net in Net::ALL {
        let (schedule, mut outcome) = played(net);
        outcome.http.answers.clear();
        assert_eq!(found(&schedule, &outcome), [Invariant::Answered], "{net}");
        // One that comes when it has begun may be dropped.
        outcome.http.asked_at[0] = Time::from_ms(30);
        assert_eq!(found(&schedule, &outcome), [], "{net}");
    }
}

#[test]
fn g3_an_answer_in_a_drain_that_is_not_the_last_is_seen() {
    for net in Net::ALL {
        let (schedule, mut outcome) = played(net);
        let fields = &mut outcome.http.answers[0].message.fields;
        fields.retain(|(name, _)| name != "connection");
        let found = found(&schedule, &outcome);
        assert!(found.contains(&Invariant::DrainIsLast), "{net}: {found:?}");
    }
}

/// Both requests are sent at once, and have come when the drain begins.
fn pipelined(net: Net) -> (Schedule, Outcome) {
    let piped = IN_FLIGHT.replace("mode http tcp", "mode http tcp pipelined");
    let schedule: Schedule = piped.parse().expect("a schedule");
    let outcome = observed(net, &schedule, None);
    (schedule, outcome)
}

#[test]
fn i15_what_has_come_behind_a_request_is_served_too() {
    for net in Net::ALL {
        let (schedule, outcome) = pipelined(net);
        assert_eq!(found(&schedule, &outcome), [], "{net}");
        let closes: Vec<bool> = outcome
            .http
            .answers
            .iter()
            .map(|answer| answer.message.closes())
            .collect();
        assert_eq!(closes, [false, true], "{net}");
    }
}

#[test]
fn i15_a_request_that_a_drain_drops_behind_another_is_seen() {
    for net in Net::ALL {
        let (schedule, mut outcome) = pipelined(net);
        outcome.http.answers.pop();
        let told = ("connection".to_owned(), "close".to_owned());
        outcome.http.answers[0].message.fields.push(told);
        outcome.client.seen.fin_at = outcome.http.answers[0].message.times[1];
        assert_eq!(found(&schedule, &outcome), [Invariant::Answered], "{net}");
        // One that comes when the answer is on its way may be dropped: its client was told.
        let answered_at = outcome.http.answers[0].message.times[0];
        outcome.http.asked_at[1] = answered_at.expect("an answer");
        assert_eq!(found(&schedule, &outcome), [], "{net}");
    }
}

#[test]
fn g2_a_client_that_comes_when_nobody_is_accepted_any_more_is_refused() {
    for net in Net::ALL {
        let late = IN_FLIGHT.replace("client-proxy 1ms", "client-proxy 30ms");
        let schedule: Schedule = late.parse().expect("a schedule");
        let mut outcome = observed(net, &schedule, None);
        assert_eq!(found(&schedule, &outcome), [], "{net}");
        outcome.client.seen.bytes = 1;
        let seen = found(&schedule, &outcome);
        assert_eq!(seen, [Invariant::EndOnlyIfClean], "{net}");
    }
}
