//! LIFECYCLE 4.5, the origin's leg, while it has a session; without one, see `spare`.

use crate::stage::{GET, OK, Stage, answer, body, decoded, head, partial, post, whole};
use tidegate_core::{
    effect::Effect,
    ending::Cause,
    event::{Call, Event, Head, Want},
    http1::{BodyKind, Method, RequestFacts, ResponseFacts, Version},
    interest::Read,
    leg::ReadEnd,
    side::Side::{Down, Up},
    trace::Row,
};

const OLD: RequestFacts = RequestFacts {
    version: Version::Http10,
    close: true,
    ..GET
};

/// A response whose body is under way: head and some of it with the client.
fn answering(request: RequestFacts, kind: BodyKind) -> Stage {
    let mut stage = Stage::asked(request);
    stage.tell(head(Up, answer(kind), 20));
    stage.takes_all(Down);
    stage.tell(body(Up, 10));
    stage
}

#[test]
fn u05_an_end_before_a_whole_head_is_a_502() {
    for end in [Event::Fin(Up), Event::Failed(Up, Cause::Reset, Call::Read)] {
        for before in [None, Some(partial(Up, 5)), Some(whole_interim())] {
            // U04: what is not idempotent is not sent again.
            let mut stage = Stage::asked(RequestFacts {
                idempotent: before.is_some(),
                ..GET
            });
            if let Some(event) = before {
                stage.tell(event);
            }
            stage.tell(end);
            assert_eq!(stage.replied(), Some(502));
            stage.takes_all(Down);
            assert!(stage.is_idle(), "the client's connection stays");
        }
    }
}

#[test]
fn u06_an_end_inside_a_body_is_an_abort_behind_the_bytes_before_it() {
    for kind in [BodyKind::Length(50), BodyKind::Chunked] {
        for end in [Event::Fin(Up), Event::Failed(Up, Cause::Reset, Call::Read)] {
            let mut stage = answering(GET, kind);
            stage.tell(end);
            assert_eq!(stage.writes(Down), 10);
            assert_eq!(stage.takes_all(Down), []);
            assert_eq!(stage.tell(Event::Acked(Down))[0], Effect::Reset(Down));
            assert!(!stage.orders.contains(&Effect::LastChunk) && !stage.has_finished(Down));
        }
    }
}

#[test]
fn u07_a_clean_end_completes_a_body_that_it_delimits() {
    let mut stage = answering(GET, BodyKind::Close);
    assert_eq!(stage.tell(Event::Fin(Up)), [Effect::LastChunk]);
    stage.takes_all(Down);
    assert!(
        stage.is_idle(),
        "a last chunk keeps the client's connection"
    );
    // An HTTP/1.0 client reads until the end, whether it asked to be kept or not.
    for close in [true, false] {
        let mut stage = answering(RequestFacts { close, ..OLD }, BodyKind::Close);
        assert_eq!(stage.tell(Event::Fin(Up)), []);
        let orders = stage.takes_all(Down);
        assert!(orders.contains(&Effect::Finish(Down)), "{orders:?}");
    }
}

#[test]
fn u08_an_end_that_is_not_clean_breaks_a_body_that_it_delimits() {
    for request in [GET, OLD] {
        let mut stage = answering(request, BodyKind::Close);
        stage.fails(Up, Call::Read);
        assert_eq!(stage.takes_all(Down), []);
        assert_eq!(stage.tell(Event::Acked(Down))[0], Effect::Reset(Down));
        assert!(!stage.orders.contains(&Effect::LastChunk) && !stage.has_finished(Down));
    }
}

#[test]
fn u09_a_complete_message_stays_whole_whatever_becomes_of_its_leg() {
    for end in [
        Event::Fin(Up),
        Event::Failed(Up, Cause::Reset, Call::Read),
        Event::Failed(Up, Cause::Reset, Call::Poll),
    ] {
        let mut stage = Stage::asked(GET);
        stage.tell(whole(Up, answer(BodyKind::Length(50)), 64));
        stage.tell(end);
        assert_eq!(stage.writes(Down), 64);
        let orders = stage.takes_all(Down);
        assert!(
            matches!(orders[..], [Effect::Retire(_)]),
            "evicted: {orders:?}"
        );
        assert!(stage.is_idle() && stage.replied().is_none());
    }
}

#[test]
fn u09_an_end_waits_for_what_was_read_before_it() {
    let mut stage = Stage::asked(GET);
    stage.tell(head(Up, answer(BodyKind::Length(80)), 20));
    stage.tell(decoded(Up, Head::None, 44, false, 36, Want::Room));
    assert_eq!(stage.tell(Event::Fin(Up)), []);
    assert_eq!(stage.takes_all(Down), []);
    stage.tell(decoded(Up, Head::None, 36, true, 0, Want::Turn));
    stage.takes_all(Down);
    assert!(stage.is_idle());
}

#[test]
fn u10_bytes_behind_a_message_are_nobodys() {
    let mut stage = Stage::asked(GET);
    stage.tell(decoded(Up, answer(BodyKind::None), 20, true, 3, Want::Turn));
    assert_eq!(stage.takes_all(Down), [Effect::Retire(ReadEnd::Open)]);
    assert!(stage.is_idle());
}

#[test]
fn u12_a_leg_that_its_origin_closes_is_not_pooled() {
    let mut stage = Stage::asked(GET);
    let closing = ResponseFacts { close: true, ..OK };
    stage.tell(whole(Up, Head::Response(closing), 20));
    assert_eq!(stage.takes_all(Down), [Effect::Retire(ReadEnd::Open)]);
}

#[test]
fn u13_a_request_that_is_cancelled_is_reset_and_never_finished() {
    // By the client's end inside it, by its failure, and by a response that broke.
    let mut cut = Stage::http(false);
    cut.tell(head(Down, Head::Request(post(50)), 30));
    let mut cut = cut.connected();
    cut.tell(Event::Fin(Down));
    let mut gone = Stage::asked(GET);
    gone.fails(Down, Call::Read);
    let mut broken = answering(GET, BodyKind::Chunked);
    let reply = tidegate_core::http1::Reply::bad_gateway("http_protocol_error");
    broken.tell(Event::Refused(Up, reply));
    for stage in [cut, gone, broken] {
        let resets = stage
            .orders
            .iter()
            .filter(|order| **order == Effect::Reset(Up));
        assert_eq!(resets.count(), 1);
        assert!(!stage.has_finished(Up));
    }
}

#[test]
fn u15_an_answer_without_a_body_is_complete_with_its_head() {
    let asking = RequestFacts {
        method: Method::Head,
        ..GET
    };
    for (request, status) in [(asking, 200), (GET, 204), (GET, 304)] {
        let mut stage = Stage::asked(request);
        let facts = ResponseFacts { status, ..OK };
        stage.tell(whole(Up, Head::Response(facts), 20));
        assert_eq!(stage.takes_all(Down), [Effect::Park]);
        assert!(stage.is_idle());
    }
}

#[test]
fn u15_a_head_request_is_answered_by_us_without_a_body() {
    let asking = RequestFacts {
        method: Method::Head,
        ..GET
    };
    let mut stage = Stage::asked(asking);
    assert_eq!(stage.session.method(), Some(Method::Head));
    stage.tell(partial(Up, 5));
    stage.tell(Event::Fin(Up));
    let bodyless = stage.orders.iter().any(|order| match order {
        Effect::Reply(reply) => reply.head_only && reply.status == 502,
        _ => false,
    });
    assert!(bodyless);
}

fn whole_interim() -> Event {
    decoded(Up, Head::Interim, 15, false, 0, Want::Turn)
}

#[test]
fn i16_interim_responses_wait_for_a_client_that_does_not_read() {
    let mut stage = Stage::asked(GET);
    stage.tell(decoded(Up, Head::Interim, 64, false, 20, Want::Turn));
    let interest = stage.session.interest(Up);
    assert_eq!((interest.read, interest.decode), (Read::Off, None));
    stage.tell(Event::Sent(Down, 40));
    assert_eq!(stage.session.interest(Up).decode, Some(40));
    // One that was only begun is read on.
    stage.tell(partial(Up, 20));
    assert_eq!(stage.reads(Up), Read::Take(44));
}

/// H13: a trace draws a message that is with its kernel as complete, whatever the other one does.
#[test]
fn h13_an_early_answer_is_drawn_as_complete() {
    let mut stage = Stage::http(false);
    stage.tell(head(Down, Head::Request(post(500)), 10));
    let mut stage = stage.connected();
    stage.takes_all(Up);
    stage.tell(head(Up, answer(BodyKind::Length(30)), 20));
    let mut drawn = |event| {
        let before = stage.session.clone();
        let orders = stage.tell(event);
        let row = Row::new(stage.now(), event, &before, &stage.session, &orders).to_string();
        let [request, response] = [34, 45].map(|at| row[at..at + 8].to_string());
        (request, response)
    };
    let told = |request: &str, response: &str| (request.to_string(), response.to_string());
    let to_come = "=    0 =";
    assert_eq!(drawn(Event::Sent(Down, 20)), told(to_come, to_come));
    let rest = whole(Up, Head::None, 30);
    assert_eq!(drawn(rest), told(to_come, "-   30 ="));
    assert_eq!(drawn(Event::Sent(Down, 9)), told(to_come, "-   21 #"));
    assert_eq!(drawn(Event::Sent(Down, 21)), told(to_come, "-    0 -"));
}
