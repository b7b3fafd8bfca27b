//! RFC 9209 as LIFECYCLE 4.14 asks for it: which error type a response of ours carries, and which
//! only the report tells, because a head has left already.

use crate::stage::{GET, OK, Stage, answer, body, head, partial, post, whole};
use tidegate_core::{
    effect::Effect,
    ending::Cause,
    event::{Call, Event, Head, Origin, Refusal},
    http1::BodyKind,
    lookup::Unresolved,
    session::{Kind, Setup},
    side::Side,
    time::Span,
    timer::Timer,
};

/// The error type of the response of our own, and whether the report tells the same.
fn error(stage: &Stage) -> Option<&'static str> {
    let told = stage.session.report().error;
    let reply = stage.orders.iter().find_map(|order| match order {
        Effect::Reply(reply) => reply.cause,
        _ => None,
    });
    assert!(reply.is_none() || reply == told, "{reply:?}, {told:?}");
    reply
}

/// An exchange whose answer's head has left, of a body of 100 bytes.
fn under_way() -> Stage {
    let mut stage = Stage::asked(GET);
    stage.tell(head(Side::Up, answer(BodyKind::Length(100)), 20));
    stage.takes_all(Side::Down);
    stage
}

#[test]
fn u05_an_origin_that_ends_without_a_word_has_terminated_the_connection() {
    for reset in [false, true] {
        let mut stage = Stage::asked(post(0));
        if reset {
            stage.fails(Side::Up, Call::Read);
        } else {
            stage.tell(Event::Fin(Side::Up));
        }
        assert_eq!(stage.replied(), Some(502));
        assert_eq!(error(&stage), Some("connection_terminated"));
    }
}

#[test]
fn u05_an_origin_that_ends_inside_its_head_leaves_an_incomplete_response() {
    let mut stage = Stage::asked(GET);
    stage.tell(partial(Side::Up, 9));
    stage.fails(Side::Up, Call::Read);
    assert_eq!(stage.replied(), Some(502));
    assert_eq!(error(&stage), Some("http_response_incomplete"));
}

#[test]
fn u14_a_silent_origin_is_a_response_timeout() {
    let mut silent = Stage::asked(GET);
    silent.expires(Timer::Response);
    assert_eq!(silent.replied(), Some(504));
    assert_eq!(error(&silent), Some("http_response_timeout"));
}

#[test]
fn u14_an_origin_that_takes_no_request_is_a_write_timeout() {
    let mut setup = Setup::new(Kind::Http, false);
    setup.timeouts = setup
        .timeouts
        .with(|waits| waits.write_up = Span::from_secs(5));
    let mut stage = Stage::new(setup);
    stage.tell(whole(Side::Down, Head::Request(GET), 10));
    stage.tell(Event::Connected(Origin::Fresh));
    stage.expires(Timer::WriteUp);
    assert_eq!(stage.replied(), Some(504));
    assert_eq!(error(&stage), Some("connection_write_timeout"));
}

#[test]
fn r21_a_connect_that_came_to_nothing_has_its_own_types() {
    let types = [
        (Refusal::NoEndpoint, 503, "destination_unavailable"),
        (Refusal::NoAddress(Unresolved::Late), 503, "dns_timeout"),
        (
            Refusal::NoAddress(Unresolved::Failed(None)),
            503,
            "dns_error",
        ),
        (Refusal::Busy, 503, "connection_limit_reached"),
        (Refusal::TooMany(3), 429, "http_request_denied"),
        (Refusal::NoRoute, 404, "destination_not_found"),
        (Refusal::Failed(Cause::Refused), 502, "connection_refused"),
        (Refusal::Failed(Cause::TimedOut), 504, "connection_timeout"),
        (
            Refusal::Failed(Cause::Unreachable),
            502,
            "destination_ip_unroutable",
        ),
        (
            Refusal::Failed(Cause::Certificate),
            502,
            "tls_certificate_error",
        ),
        (Refusal::Failed(Cause::Tls), 502, "tls_protocol_error"),
        (Refusal::Failed(Cause::Local), 502, "proxy_internal_error"),
    ];
    for (refusal, status, type_) in types {
        let mut stage = Stage::http(false);
        stage.tell(whole(Side::Down, Head::Request(GET), 10));
        stage.tell(Event::Unconnected(refusal));
        assert_eq!(
            (stage.replied(), error(&stage)),
            (Some(status), Some(type_))
        );
    }
}

#[test]
fn u06_what_a_cut_response_cannot_carry_the_report_tells() {
    let told = |stage: &Stage| {
        assert_eq!(error(stage), None, "no head can be taken back");
        stage.session.report().error
    };
    let mut cut = under_way();
    cut.tell(body(Side::Up, 30));
    cut.tell(Event::Fin(Side::Up));
    assert_eq!(told(&cut), Some("http_response_incomplete"));

    let mut slow = under_way();
    slow.expires(Timer::Body);
    assert_eq!(told(&slow), Some("connection_read_timeout"));

    let mut deaf = under_way();
    deaf.tell(body(Side::Up, 64));
    deaf.expires(Timer::WriteDown);
    assert_eq!(told(&deaf), Some("connection_write_timeout"));
}

#[test]
fn the_next_exchange_has_a_report_of_its_own() {
    let mut stage = Stage::asked(GET);
    stage.tell(partial(Side::Up, 9));
    stage.tell(Event::Fin(Side::Up));
    stage.takes_all(Side::Down);
    assert!(stage.is_idle());
    assert_eq!(stage.session.report().error, None);
    stage.orders.clear();
    stage.ask(GET);
    stage.tell(whole(Side::Up, Head::Response(OK), 20));
    assert_eq!(error(&stage), None);
}

/// An answer that the configuration gives is no failure: nothing went wrong, and the connection goes on.
#[test]
fn r21_what_a_route_answers_by_itself_is_no_error() {
    let configured = Refusal::Configured {
        status: 308,
        fields: 20,
        content: 5,
    };
    let mut stage = Stage::http(false);
    stage.tell(whole(Side::Down, Head::Request(GET), 10));
    stage.tell(Event::Unconnected(configured));
    assert_eq!((stage.replied(), error(&stage)), (Some(308), None));
    stage.takes_all(Side::Down);
    assert!(stage.is_idle());

    // H13: of a request that is not whole it is the last answer.
    let mut stage = Stage::http(false);
    stage.tell(head(Side::Down, Head::Request(post(500)), 64));
    stage.tell(Event::Unconnected(configured));
    assert_eq!(stage.replied(), Some(308));
    let orders = stage.takes_all(Side::Down);
    assert!(orders.contains(&Effect::Finish(Side::Down)), "{orders:?}");
}
