//! The waits, made short: each ends what has stopped making progress, and only that.

use crate::{
    exchange::{GET, OK, answered, configured},
    harness::Proxy,
    peers::{End, Last, Origin, Peer},
};

/// An answer that may be silent for long.
const EVENTS: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\
    Transfer-Encoding: chunked\r\n\r\n";

fn timeouts(text: &str) -> String {
    format!("timeouts = {{ {text} }}")
}

#[test]
fn h03_an_idle_client_is_shown_out_silently() {
    let (_stage, mut client, mut up) = configured(&timeouts("idle = \"50ms\""), "", GET);
    answered(&mut client, &mut up);
    assert_eq!(client.last(), Last::plain("", End::Fin));
}

#[test]
fn h04_half_a_head_is_a_408() {
    let origin = Origin::new();
    let proxy = Proxy::configured(origin.address(), &timeouts("head = \"50ms\""), "");
    let mut client = proxy.client();
    client.say(b"GET /a HTTP/1.1\r\nHo");
    let answer = client.message();
    assert_eq!(
        (answer.status(), answer.field("connection")),
        (408, Some("close"))
    );
    assert_eq!(client.last(), Last::plain("", End::Fin));
    assert!(origin.is_untouched());
}

#[test]
fn u14_an_origin_that_does_not_answer_is_a_504() {
    let rest = timeouts("response = \"50ms\"");
    let (_stage, mut client, mut up) = configured("", &rest, GET);
    up.message();
    assert_eq!(client.message().status(), 504);
    assert_eq!(up.last(), Last::plain("", End::Reset));
}

#[test]
fn u14_u06_a_body_that_stops_is_cut_off() {
    let rest = timeouts("body = \"50ms\"");
    let (_stage, mut client, mut up) = configured("", &rest, GET);
    up.message();
    up.say(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello");
    client.head();
    assert_eq!(client.last(), Last::plain("hello", End::Reset));
    assert_eq!(up.last(), Last::plain("", End::Reset));
}

/// An ordinary answer that fell silent later is cut before it.
#[test]
fn w9b_an_event_stream_outlives_the_silence_that_cuts_a_body() {
    let rest = timeouts("body = \"50ms\"");
    let (stage, mut client, mut up) = configured("", &rest, GET);
    up.message();
    up.say(EVENTS);
    client.head();
    let mut other = stage.proxy.client();
    other.say(GET);
    let mut up_other = stage.origin.accept();
    up_other.message();
    up_other.say(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello");
    other.head();
    assert_eq!(other.last(), Last::plain("hello", End::Reset));
    let event = b"9\r\ndata: 1\n\n\r\n";
    up.say(event);
    assert_eq!(client.hear(event.len()), event);
}

/// T_tunnel_idle is what bounds it.
#[test]
fn w9b_an_event_stream_that_is_silent_for_too_long_breaks_off() {
    let (_stage, mut client, mut up) = configured(&timeouts("tunnel = \"50ms\""), "", GET);
    up.message();
    up.say(EVENTS);
    client.head();
    assert_eq!(client.last(), Last::plain("", End::Reset));
    assert_eq!(up.last(), Last::plain("", End::Reset));
}

#[test]
fn h10_a_client_that_does_not_read_is_reset() {
    let (_stage, mut client, mut up) = configured(&timeouts("write = \"50ms\""), "", GET);
    up.message();
    up.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    // More than all the buffers between the two: it ends by the reset of this leg.
    let chunk = [&b"10000\r\n"[..], &[7; 0x10000], b"\r\n"].concat();
    while up.try_say(&chunk) {}
    assert_eq!(client.last().end, End::Reset);
}

#[test]
fn u01_an_unused_origin_connection_is_finished() {
    let rest = timeouts("pool_idle = \"50ms\"");
    let (_stage, mut client, mut up) = configured("", &rest, GET);
    answered(&mut client, &mut up);
    assert_eq!(up.last(), Last::plain("", End::Fin));
    assert!(client.is_quiet(), "the client may go on");
}

#[test]
fn ka_idle_a_client_is_told_of_less_than_it_gets() {
    for (idle, told) in [("", Some("timeout=70")), ("idle = \"5s\"", None)] {
        let (_stage, mut client, mut up) = configured(&timeouts(idle), "", GET);
        up.message();
        up.say(OK);
        assert_eq!(client.message().field("keep-alive"), told);
    }
}

/// An hour or not: by then a request would meet a closed connection.
#[test]
fn pool_idle_an_origin_that_says_it_goes_soon_is_left_sooner() {
    let rest = timeouts("pool_idle = \"1h\"");
    let (_stage, mut client, mut up) = configured("", &rest, GET);
    up.message();
    up.say(b"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=2, max=9\r\nContent-Length: 2\r\n\r\nok");
    assert_eq!(client.message().body, b"ok");
    assert_eq!(up.last(), Last::plain("", End::Fin));
    assert!(client.is_quiet(), "the client may go on");
}
