//! Broken ends of HTTP exchanges: no message ever looks more complete than it was, and whoever
//! waits in vain is told (LIFECYCLE 4.5).

use crate::{
    exchange::{GET, http, https},
    harness::Proxy,
    peers::{End, Last, Origin, Peer, Raw, pattern},
    secure::Version,
};

const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
const LENGTH: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello";
const CLOSE: &[u8] = b"HTTP/1.1 200 OK\r\n\r\nhello";

/// The origin says `half`, the client hears it, and then the origin breaks off.
fn cut(half: &[u8], expected: &[u8], break_off: impl Fn(Raw)) {
    let (_stage, mut client, mut up) = http(GET);
    up.message();
    up.say(half);
    client.head();
    assert_eq!(client.hear(expected.len()), expected);
    break_off(up);
    assert_eq!(client.last(), Last::plain("", End::Reset));
}

#[test]
fn u06_cut_counted_response_stays_cut() {
    cut(LENGTH, b"hello", |up| up.fin());
    cut(LENGTH, b"hello", Raw::reset);
}

#[test]
fn u06_over_tls_there_is_no_close_notify() {
    for version in Version::BOTH {
        for half in [CHUNKED, LENGTH, CLOSE] {
            let (_stage, mut client, mut up) = https(version, GET);
            up.message();
            up.say(half);
            client.head();
            up.reset();
            let last = client.last();
            assert_eq!((last.notified, last.end), (false, End::Reset));
            assert!(!last.bytes.ends_with(b"0\r\n\r\n"));
        }
    }
}

#[test]
fn u06_the_bytes_before_the_reset_arrive() {
    let (stage, mut client, mut up) = http(GET);
    up.message();
    let body = pattern(50_000);
    stage.proxy.process.pause();
    up.say(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    up.say(&body);
    up.reset();
    stage.proxy.process.resume();
    client.head();
    assert!(client.last() == Last::plain(body, End::Reset));
}

#[test]
fn h09_client_reset_in_the_middle_of_a_response() {
    for version in Version::BOTH {
        let (_stage, mut client, mut up) = https(version, GET);
        up.message();
        up.say(CHUNKED);
        client.head();
        client.reset();
        assert_eq!(up.last(), Last::plain("", End::Reset));
    }
}

/// S39: the request is cut by a FIN; the origin never takes it for complete.
fn cut_request(half: &str, forwarded: &str) {
    let (_stage, mut client, mut up) = http(half.as_bytes());
    up.head();
    assert_eq!(up.hear(forwarded.len()), forwarded.as_bytes());
    client.fin();
    assert_eq!(up.last(), Last::plain("", End::Reset));
    let answer = client.message();
    assert_eq!(
        (answer.status(), answer.field("connection")),
        (400, Some("close"))
    );
    assert_eq!(client.last(), Last::plain("", End::Fin));
}

#[test]
fn h06_cut_request_is_never_completed() {
    let half = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhello";
    cut_request(half, "hello");
    let half = "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
    cut_request(half, "5\r\nhello\r\n");
}

#[test]
fn t05_bare_fin_inside_a_request_is_answered_by_nothing() {
    let (_stage, mut client, mut up) = https(
        Version::Tls13,
        b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhello",
    );
    up.head();
    assert_eq!(up.hear(5), b"hello");
    client.fin();
    assert_eq!(up.last(), Last::plain("", End::Reset));
    assert_eq!(client.last(), Last::plain("", End::Reset));
}

#[test]
fn h05_fin_inside_the_head() {
    let origin = Origin::new();
    let proxy = Proxy::http(origin.address());
    let mut client = proxy.client();
    client.say_last(b"GET /a HTTP/1.1\r\nHo");
    assert_eq!(client.message().status(), 400);
    assert_eq!(client.last(), Last::plain("", End::Fin));
    assert!(origin.is_untouched());
}

#[test]
fn u04_an_origin_that_ends_without_an_answer_is_a_502() {
    let origin = Origin::new();
    let proxy = Proxy::http(origin.address());
    let mut client = proxy.client();
    let post = b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi";
    let ends: [fn(Raw); 3] = [
        |up| up.fin(),
        Raw::reset,
        |mut up| up.say(b"HTTP/1.1 200 O"),
    ];
    for end in ends {
        client.say(post);
        let mut up = origin.accept();
        up.message();
        end(up);
        let answer = client.message();
        assert_eq!(answer.status(), 502);
        let status = answer.field("proxy-status").unwrap_or_default();
        assert!(status.contains("error="), "{status:?}");
        assert_eq!(answer.field("connection"), None, "the client may go on");
    }
}

#[test]
fn refused_endpoint_is_a_502_and_the_proxy_lives() {
    let nobody = Origin::new().address();
    let proxy = Proxy::http(nobody);
    let mut client = proxy.client();
    for _ in 0..3 {
        client.say(GET);
        let answer = client.message();
        assert_eq!(answer.status(), 502);
        let status = answer.field("proxy-status").unwrap_or_default();
        assert!(status.contains("error=connection_refused"), "{status:?}");
    }
}
