//! What would be wrong in an exchange is told so, and by whose word. The proxy that ships does none of it, so
//! what its peers have written down is changed afterwards.

use super::*;
use crate::{
    case::observed,
    errno::Errno,
    oracle::judge,
    schedule::Schedule,
    world::{Net, Outcome},
};
use tidegate_core::time::Time;

const FIVE: &str = "latency client-proxy 5ms\nlatency proxy-origin 5ms\n";

/// A schedule, and what it comes to, which is good.
fn good(mode: &str, script: &str) -> (Schedule, Outcome) {
    let text = format!("relay-schedule v1\nseed 0x1\nmode http {mode}\n{FIVE}{script}");
    let schedule: Schedule = text.parse().expect("a schedule");
    let outcome = observed(Net::Fast, &schedule, None);
    assert_eq!(judge(&schedule, &outcome), [], "{text}");
    (schedule, outcome)
}

/// Who speaks once something else has been written down.
fn found(
    (schedule, outcome): &(Schedule, Outcome),
    change: impl FnOnce(&mut Outcome),
) -> Vec<Invariant> {
    let mut outcome = outcome.clone();
    change(&mut outcome);
    let violations = judge(schedule, &outcome).into_iter();
    violations.map(|violation| violation.invariant).collect()
}

fn later(at: Option<Time>) -> Option<Time> {
    at.map(|at| at + Span::from_ms(1))
}

const GET: &str = "\
request GET /1 1.1 keep empty
response 200 1.1 keep length 10 by 10
client sleep 20ms
client fin
";

#[test]
fn what_is_no_message_is_not_well_formed() {
    let run = good("tcp", GET);
    let malformed = || MessageEnd::Malformed("no field".to_owned());
    let asked = found(&run, |run| run.http.asked[0].message.end = malformed());
    assert_eq!(asked, [Invariant::WellFormed]);
    let answered = found(&run, |run| run.http.answers[0].message.end = malformed());
    assert_eq!(answered[0], Invariant::WellFormed);
}

#[test]
fn an_answer_of_another_request_is_not_its_own() {
    let run = good("tcp", GET);
    let other = found(&run, |run| {
        let fields = &mut run.http.answers[0].message.fields;
        let number = fields.iter_mut().find(|(name, _)| name == "x-exchange");
        number.expect("a number").1 = "1".to_owned();
    });
    assert_eq!(other, [Invariant::OwnAnswer]);
    let excess = found(&run, |run| run.http.excess = true);
    assert_eq!(excess, [Invariant::OwnAnswer]);
}

#[test]
fn h06_a_request_that_is_cut_by_a_fin_is_seen() {
    let run = good("tcp", GET);
    let cut = found(&run, |run| {
        run.http.asked[0].message.end = MessageEnd::Cut(Closed::Clean);
    });
    assert_eq!(cut, [Invariant::AbortIsAbort]);
}

#[test]
fn u06_an_answer_whose_cut_looks_like_an_end_is_seen() {
    let script = "\
request GET /1 1.1 keep empty
response 200 1.1 keep length 100 by 100 cut 130 fin
client fin
";
    for mode in ["tcp", "tls13"] {
        let run = good(mode, script);
        let end = |closed: Closed| {
            found(&run, |run| {
                run.http.answers[0].message.end = MessageEnd::Cut(closed);
            })
        };
        assert_eq!(end(Closed::Reset), [], "{mode}");
        assert_eq!(end(Closed::Clean), [Invariant::AbortIsAbort], "{mode}");
        let short = found(&run, |run| run.http.answers[0].message.bytes -= 1);
        assert_eq!(short, [Invariant::AbortIsAbort], "{mode}");
        let more = found(&run, |run| run.http.answers[0].message.bytes += 1);
        assert_eq!(more[0], Invariant::Prefix, "{mode}");
        let late = found(&run, |run| {
            let told = run.client.seen.reset_at;
            let (at, errno) = told.expect("it is told by a reset");
            run.client.seen.reset_at = Some((at + Span::from_ms(1), errno));
        });
        assert_eq!(late, [Invariant::AbortAtOnce], "{mode}");
    }
}

#[test]
fn u06_a_reset_may_take_bytes_with_it_and_no_more() {
    let script = "\
request GET /1 1.1 keep empty
response 200 1.1 keep chunked 100 by 40 cut 130 reset
client fin
";
    let run = good("tcp", script);
    let short = found(&run, |run| run.http.answers[0].message.bytes -= 1);
    assert_eq!(short, []);
    let clean = found(&run, |run| {
        run.http.answers[0].message.end = MessageEnd::Cut(Closed::Clean);
    });
    assert_eq!(clean, [Invariant::AbortIsAbort]);
}

#[test]
fn u07_a_body_that_ends_with_its_connection_ends_with_all_of_it_and_at_once() {
    let script = "\
request GET /1 1.1 keep empty
response 200 1.1 close until-close 100 by 100 cut 100 fin
client fin
";
    let run = good("tcp", script);
    let short = found(&run, |run| run.http.answers[0].message.bytes -= 1);
    assert_eq!(short, [Invariant::EndAfterAll]);
    let cut = found(&run, |run| {
        run.http.answers[0].message.end = MessageEnd::Cut(Closed::Reset);
    });
    assert_eq!(cut, [Invariant::Answered]);
    let late = found(&run, |run| {
        let times = &mut run.http.answers[0].message.times;
        times[1] = later(times[1]);
    });
    assert_eq!(late, [Invariant::EndAtOnce]);
}

#[test]
fn u08_a_body_whose_end_nobody_can_trust_is_cut() {
    let script = "\
request GET /1 1.1 keep empty
response 200 1.1 close until-close 100 by 100 cut 100 fin
client fin
";
    // The simulated origin always says its close_notify: without it that was a truncation.
    let run = good("tcp\nupstream tls13", script);
    let bare = found(&run, |run| run.origins[0].sent.notify_at = None);
    assert_eq!(bare, [Invariant::AbortIsAbort]);
}

#[test]
fn h12_an_end_that_does_not_come_with_the_last_byte_is_seen() {
    for request in ["GET /1 1.1 close empty", "GET /1 1.0 close empty"] {
        let script =
            format!("request {request}\nresponse 200 1.1 keep length 10 by 10\nclient fin\n");
        let run = good("tcp", &script);
        let late = found(&run, |run| {
            run.client.seen.fin_at = later(run.client.seen.fin_at);
        });
        assert_eq!(late, [Invariant::EndAtOnce], "{request}");
    }
}

#[test]
fn h01_an_end_that_is_not_answered_at_once_is_seen() {
    for (mode, end) in [
        ("tcp", "client sleep 20ms\n"),
        ("tls13", "client close-notify\nclient sleep 20ms\n"),
    ] {
        let script = GET.replace("client sleep 20ms\n", end);
        let run = good(mode, &script);
        let late = found(&run, |run| {
            run.client.seen.fin_at = later(run.client.seen.fin_at);
        });
        assert_eq!(late, [Invariant::EndAtOnce], "{mode}");
    }
}

/// The answer would leave its origin long after the client.
const LEFT: &str = "\
request GET /1 1.1 keep empty
response 200 1.1 keep length 10 by 10 delay 60ms
client sleep 30ms
client reset
";

#[test]
fn h08_u13_an_exchange_whose_client_has_reset_is_reset_and_at_once() {
    let run = good("tcp pipelined", LEFT);
    let at = Time::from_ms(50);
    assert_eq!(
        run.1.origins[0].seen.reset_at,
        Some((at, Errno::ECONNRESET))
    );
    let never = found(&run, |run| run.origins[0].seen.reset_at = None);
    assert_eq!(never, [Invariant::AbortIsAbort]);
    let late = found(&run, |run| {
        run.origins[0].seen.reset_at = Some((at + Span::from_ms(1), Errno::ECONNRESET));
    });
    assert_eq!(late, [Invariant::AbortAtOnce]);
    // An origin that is told FIN goes on, and answers nobody.
    let finished = found(&run, |run| {
        run.http.asked[0].answered = true;
        let origin = &mut run.origins[0];
        (origin.seen.reset_at, origin.seen.fin_at) = (None, Some(Time::from_ms(90)));
        origin.sent.last_at = Some(Time::from_ms(90));
    });
    assert_eq!(finished, [Invariant::AbortIsAbort]);
    // What had come across before is not under way.
    let before = found(&run, |run| {
        run.http.asked[0].answered = true;
        run.origins[0].seen.reset_at = None;
        run.origins[0].sent.last_at = Some(Time::from_ms(40));
    });
    assert_eq!(before, []);
}

/// A request that its client breaks off with a FIN, in its body.
const SHORT: &str = "\
request POST /1 1.1 keep length 40 by 40 cut 110 fin
response 200 1.1 keep length 10 by 10
client fin
";

#[test]
fn h06_a_request_that_breaks_off_is_answered_and_ends_in_order() {
    let run = good("tcp", SHORT);
    let none = found(&run, |run| run.http.answers.clear());
    assert_eq!(none, [Invariant::Answered]);
    let reset = found(&run, |run| {
        let seen = &mut run.client.seen;
        seen.reset_at = seen.fin_at.take().map(|at| (at, Errno::ECONNRESET));
    });
    assert_eq!(reset, [Invariant::NoOwnReset]);
}

#[test]
fn h05_a_head_that_breaks_off_is_refused_whatever_its_origin_would_have_done() {
    let script = SHORT
        .replace("cut 110", "cut 30")
        .replace("keep length 10 by 10", "keep length 10 by 10 early");
    let run = good("tcp", &script);
    let other = found(&run, |run| run.http.answers[0].status = Some(502));
    assert_eq!(other, [Invariant::Answered]);
}

/// H13 is about a request that goes on behind its answer: one without a body does not.
#[test]
fn what_follows_a_request_that_was_over_is_answered() {
    let script = "\
request GET /1 1.1 keep empty
response 200 1.1 keep length 10 by 10 early cut WHOLE fin
request GET /1 1.1 keep empty
response 200 1.1 keep length 10 by 10
client sleep 20ms
client fin
";
    let schedule =
        |script: &str| format!("relay-schedule v1\nseed 0x1\nmode http tcp\n{FIVE}{script}");
    let text = schedule(&script.replace("WHOLE", "1"));
    let parsed: Schedule = text.parse().expect("a schedule");
    let Traffic::Http { exchanges, .. } = &parsed.traffic else {
        panic!("exchanges")
    };
    let (whole, _) = response_lengths(0, &exchanges[0]);
    let run = good("tcp", &script.replace("WHOLE", &whole.to_string()));
    let none = found(&run, |run| drop(run.http.answers.pop()));
    assert_eq!(none, [Invariant::Answered]);
}
