//! The line of the log about a session's steps: what is told, in which words, and how much at most.

use crate::{
    ending::Cause,
    event::{Call, Decoded, Event, Head, Kill, Origin, Want},
    http1::{BodyKind, RequestFacts, ResponseFacts, Version},
    record::{MOST_WORDS, Recorder},
    session::{Kind, Session, Setup},
    side::Side::{self, Down, Up},
    time::Time,
    tls,
};
use alloc::{string::String, vec::Vec};

/// Moments, in microseconds, and what happened; the first is the accept, at 0.
fn told(setup: Setup, events: &[(u64, Event)]) -> String {
    let began = Time(77_000_000);
    let mut session = Session::new(setup);
    let mut recorder = Recorder::new(began, setup.timeouts);
    for (later, event) in [(0, Event::Accepted)].iter().chain(events) {
        let now = Time(began.0 + later);
        recorder.begins(now, event, &session);
        session.step(now, *event, &mut Vec::new());
        recorder.ends(now, &session);
    }
    recorder.timeline(&setup).brief(&session.report())
}

fn decoded(side: Side, head: Head, complete: bool) -> Event {
    let want = if complete { Want::Turn } else { Want::Bytes };
    let decoded = Decoded {
        head,
        bytes: 50,
        complete,
        left: 0,
        want,
    };
    Event::Decoded(side, decoded)
}

fn answer() -> Event {
    let facts = ResponseFacts {
        status: 200,
        version: Version::Http11,
        body: BodyKind::Length(100_000),
        close: false,
        event_stream: false,
    };
    decoded(Up, Head::Response(facts), false)
}

const HOUR: u64 = 3_600_000_000;

#[test]
fn a_half_closed_relay_over_tls() {
    let line = told(
        Setup::new(Kind::Tcp, true),
        &[
            (1_400, Event::Secured(Down, tls::Version::V13)),
            (4_000, Event::Connected(Origin::Fresh)),
            (5_000, Event::Received(Down, 5)),
            (5_000, Event::Sent(Up, 5)),
            (1_234_567, Event::CloseNotify(Down)),
            (1_234_567, Event::Finished(Up)),
            (1_240_000, Event::Fin(Down)),
            (1_250_000, Event::Acked(Up)),
            (1_240_000 + HOUR, Event::Fired),
        ],
    );
    let due = "+0 accept +1.4ms tls +4ms up +5ms data<client +1.2s notify<client +1.2s fin>origin \
               +1.2s fin<client +3601.2s timer:tunnel +3601.2s rst>";
    assert_eq!(line, due);
}

#[test]
fn a_client_that_resets_is_not_reset() {
    let line = told(
        Setup::new(Kind::Http, false),
        &[
            (3_000, decoded(Down, Head::Request(RequestFacts::GET), true)),
            (4_000, Event::Connected(Origin::Reused)),
            (4_100, Event::Sent(Up, 50)),
            (20_000, answer()),
            (30_000, Event::Failed(Down, Cause::Reset, Call::Read)),
        ],
    );
    let due = "+0 accept +3ms head +4ms reuse +20ms 200<origin +30ms rst<client +30ms rst>origin";
    assert_eq!(line, due);
}

#[test]
fn what_we_say_by_ourselves() {
    let http = Setup::new(Kind::Http, false);
    let late = told(http, &[(30_000_000, Event::Fired)]);
    assert_eq!(late, "+0 accept +30s timer:head");
    let killed = told(
        Setup::new(Kind::Tcp, false),
        &[
            (1_000, Event::Connected(Origin::Fresh)),
            (2_000, Event::Killed(Kill::Reset)),
        ],
    );
    assert_eq!(killed, "+0 accept +1ms up +2ms kill_rst +2ms rst>");
}

#[test]
fn of_bytes_in_a_row_the_last_are_told() {
    let mut events = Vec::from([(1_000, Event::Connected(Origin::Fresh))]);
    for round in 0..5 {
        let at = 10_000 * (round + 1);
        events.extend([
            (at, Event::Received(Down, 7)),
            (at, Event::Sent(Up, 7)),
            (at + 4_000, Event::Received(Up, 9)),
            (at + 4_000, Event::Sent(Down, 9)),
        ]);
    }
    events.push((60_000, Event::Failed(Up, Cause::TimedOut, Call::Read)));
    events.push((60_100, Event::Acked(Down)));
    let line = told(Setup::new(Kind::Tcp, false), &events);
    // What lies before the last quiet moment is forgotten.
    let due = ".. +50ms data<client +54ms data<origin +60ms timed_out<origin +60ms rst>client";
    let (_, end) = line.split_once("data").unwrap_or_default();
    assert_eq!(end, due.split_once("data").unwrap_or_default().1, "{line}");
}

#[test]
fn what_is_forgotten_is_marked_and_its_resets_are_not_lost() {
    let mut events = Vec::from([
        (3_000, decoded(Down, Head::Request(RequestFacts::GET), true)),
        (4_000, Event::Connected(Origin::Fresh)),
        (4_100, Event::Sent(Up, 50)),
        (20_000, answer()),
    ]);
    for chunk in 0..200 {
        events.push((21_000 + chunk, decoded(Up, Head::None, false)));
        events.push((21_000 + chunk, Event::Sent(Down, 50)));
    }
    events.push((30_000, Event::Failed(Up, Cause::Reset, Call::Read)));
    events.push((31_000, Event::Acked(Down)));
    let line = told(Setup::new(Kind::Http, false), &events);
    assert_eq!(
        line,
        ".. +21ms data<origin +30ms rst<origin +31ms rst>client"
    );
}

#[test]
fn a_line_has_an_end() {
    let mut events = Vec::from([(
        1_000_000,
        decoded(Down, Head::Request(RequestFacts::GET), true),
    )]);
    for redial in 0..50_u64 {
        events.push((1_000_100 + redial * 1_000, Event::Redialled));
    }
    let line = told(Setup::new(Kind::Http, false), &events);
    let words = line
        .split(' ')
        .filter(|word| !word.starts_with('+'))
        .count();
    assert_eq!(words, MOST_WORDS + 1, "{line}");
    assert!(line.len() <= 640, "{} bytes: {line}", line.len());
    assert!(line.starts_with("+0 accept +1s head +1s redial "), "{line}");
    assert!(line.contains(" .. +"), "{line}");
    assert!(line.ends_with(" redial"), "{line}");
    assert_eq!(line.matches("..").count(), 1, "{line}");
}
