//! Clean ends of HTTP legs: whoever says the last word, it is answered, and nothing said before
//! it is lost (LIFECYCLE 4.5).

use crate::{
    exchange::{GET, OK, answered, configured, http, https},
    harness::Proxy,
    peers::{End, Last, Origin, Peer, Raw, pattern},
    secure::{Secure, Version},
};
use std::thread;

const GET_LAST: &[u8] = b"GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

#[test]
fn h01_fin_after_the_response_is_answered() {
    let (_stage, mut client, mut up) = http(GET);
    answered(&mut client, &mut up);
    client.fin();
    assert_eq!(client.last(), Last::plain("", End::Fin));
}

#[test]
fn h01_close_notify_after_the_response_is_answered() {
    for version in Version::BOTH {
        for bare in [false, true] {
            let (_stage, mut client, mut up) = https(version, GET);
            answered(&mut client, &mut up);
            if bare {
                client.fin();
            } else {
                client.close_notify();
            }
            assert_eq!(client.last(), Last::notified(""), "{version:?}, {bare}");
        }
    }
}

#[test]
fn h01_costs_no_pooled_connection() {
    // One worker: a pool is a worker's own.
    let (stage, mut client, mut up) = configured("", "", GET);
    answered(&mut client, &mut up);
    client.fin();
    assert_eq!(client.last(), Last::plain("", End::Fin));
    // What might be said to the origin may take its time: the next request comes there instead.
    let mut next = stage.proxy.client();
    next.say(GET);
    answered(&mut next, &mut up);
}

#[test]
fn h07_client_fin_with_the_request() {
    let origin = Origin::new();
    let proxy = Proxy::http(origin.address());
    let mut client = proxy.client();
    client.say_last(GET);
    let mut up = origin.accept();
    up.message();
    up.say(OK);
    let answer = client.message();
    assert_eq!((answer.status(), answer.body), (200, b"ok".to_vec()));
    assert_eq!(
        answer
            .head
            .to_lowercase()
            .matches("connection: close")
            .count(),
        1
    );
    assert_eq!(client.last(), Last::plain("", End::Fin));
}

#[test]
fn h07_close_notify_with_the_request() {
    for version in Version::BOTH {
        let origin = Origin::new();
        let proxy = Proxy::https(origin.address());
        let mut client = proxy.secure(version);
        client.say(GET);
        client.close_notify();
        client.fin();
        let mut up = origin.accept();
        up.message();
        up.say(OK);
        assert_eq!(client.message().body, b"ok", "{version:?}");
        assert_eq!(client.last(), Last::notified(""), "{version:?}");
    }
}

#[test]
fn h12_connection_close_ends_with_close_notify_and_fin() {
    for version in Version::BOTH {
        let (_stage, mut client, mut up) = https(version, GET_LAST);
        up.message();
        up.say(OK);
        assert_eq!(client.message().field("connection"), Some("close"));
        assert_eq!(client.last(), Last::notified(""), "{version:?}");
    }
}

/// S43: the proxy closes after the response; the client still talks, and reads late and little.
fn lingering(mut client: impl Peer, origin: &Origin, notified: bool) {
    const SIZE: usize = 1_500_000;
    let body = pattern(SIZE);
    client.say(GET_LAST);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut up = origin.accept();
            up.message();
            up.say(format!("HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n").as_bytes());
            up.say(&body);
            up.fin();
            assert_eq!(up.last(), Last::plain("", End::Fin));
        });
        client.head();
        let mut heard = Vec::new();
        for _ in 0..30 {
            client.say(GET);
            heard.extend(client.hear(SIZE / 31));
        }
        let last = client.last();
        heard.extend(last.bytes);
        assert!(heard == body, "{} of {SIZE} bytes", heard.len());
        assert_eq!((last.notified, last.end), (notified, End::Fin));
    });
}

#[test]
fn h12_s43_lingering_delivers_all_of_1_5_mb_to_a_client_that_still_talks() {
    let origin = Origin::new();
    let proxy = Proxy::http(origin.address());
    let client = Raw::narrow(proxy.address, 4096);
    lingering(client, &origin, false);
}

#[test]
fn h12_s43_lingering_over_tls() {
    for version in Version::BOTH {
        let origin = Origin::new();
        let proxy = Proxy::https(origin.address());
        let client = Raw::narrow(proxy.address, 4096);
        let client = Secure::over(client, &proxy.authority(), version);
        lingering(client, &origin, true);
    }
}

#[test]
fn u12_connection_close_from_the_origin_keeps_the_client() {
    let origin = Origin::new();
    let proxy = Proxy::http(origin.address());
    let mut client = proxy.client();
    for _ in 0..2 {
        client.say(GET);
        let mut up = origin.accept();
        up.message();
        up.say(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
        assert_eq!(client.message().body, b"ok");
        assert_eq!(up.last(), Last::plain("", End::Fin));
    }
}

#[test]
fn u09_an_end_after_the_message_leaves_it_whole() {
    let (stage, mut client, mut up) = http(GET);
    up.message();
    stage.proxy.process.pause();
    up.say(OK);
    up.reset();
    stage.proxy.process.resume();
    assert_eq!(client.message().body, b"ok");
    client.say(GET);
    let mut up = stage.origin.accept();
    answered(&mut client, &mut up);
}

/// U01: the pooled connection ends in whichever way; the next request goes on a fresh one, also
/// when the proxy learns of both at the same moment.
fn evicted(end: impl Fn(Raw)) {
    let origin = Origin::new();
    let proxy = Proxy::http(origin.address());
    let mut client = proxy.client();
    for request_first in [false, true, false, true] {
        client.say(GET);
        let mut up = origin.accept();
        answered(&mut client, &mut up);
        proxy.process.pause();
        let leg = up.leg();
        if request_first {
            client.say(GET);
        }
        end(up);
        leg.until_ended();
        if !request_first {
            client.say(GET);
        }
        proxy.process.resume();
        let mut up = origin.accept();
        up.message();
        up.say(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nnew");
        assert_eq!(client.message().body, b"new");
    }
}

#[test]
fn u01_a_fin_evicts() {
    evicted(|up| up.fin());
}

#[test]
fn u01_a_reset_evicts() {
    evicted(Raw::reset);
}

#[test]
fn u01_u10_unasked_bytes_evict() {
    evicted(|mut up| up.say(b"HTTP/1.1 408 Request Timeout\r\n\r\n"));
}

/// More than the sockets take, and less than the proxy does: complete, and not yet delivered.
fn behind_a_response(head: &str, said: &[u8], body: &[u8]) {
    let origin = Origin::new();
    let proxy = Proxy::configured(origin.address(), "send_buffer = \"4608B\"", "");
    let mut client = Raw::narrow(proxy.address, 4096);
    client.say(GET);
    let mut up = origin.accept();
    up.message();
    up.say(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n").as_bytes());
    up.say(said);
    for _ in 0..3 {
        up.say(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged");
        assert!(up.is_quiet());
    }
    client.say(GET);
    assert!(client.message().body == body);
    let mut fresh = origin.accept();
    fresh.message();
    fresh.say(OK);
    assert_eq!(client.message().body, b"ok");
    assert_eq!(up.last().bytes, b"");
}

#[test]
fn u10_unasked_bytes_behind_a_response_still_on_its_way() {
    let body = pattern(40_000);
    behind_a_response("Content-Length: 40000", &body, &body);
    let chunked = [b"9c40\r\n", &body[..], b"\r\n0\r\n\r\n"].concat();
    behind_a_response("Transfer-Encoding: chunked", &chunked, &body);
}

/// RFC 9112, 2.2: some clients put an empty line behind a body. It begins no request.
#[test]
fn h01_a_client_that_ends_behind_an_empty_line_has_asked_for_nothing() {
    let origin = Origin::new();
    let proxy = Proxy::http(origin.address());
    let mut client = proxy.client();
    let post = b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nok\r\n";
    client.say(post);
    let mut up = origin.accept();
    up.message();
    up.say(OK);
    assert_eq!(client.message().status(), 200);
    // What comes behind it is a request as any other.
    client.say(GET);
    up.message();
    up.say(OK);
    assert_eq!(client.message().status(), 200);
    client.say(b"\r\n");
    client.fin();
    assert_eq!(client.last(), Last::plain("", End::Fin));
}

/// However the network cuts it.
#[test]
fn h01_half_an_empty_line_begins_no_request_either() {
    for behind in [&b"\n"[..], b""] {
        let (_stage, mut client, mut up) = http(GET);
        answered(&mut client, &mut up);
        client.say(b"\r");
        client.leg().until_read();
        client.say(behind);
        client.fin();
        assert_eq!(client.last(), Last::plain("", End::Fin));
    }
}

/// RFC 9112, 2.2: one empty line is looked over, and no more; where the network cuts is nobody's word.
#[test]
fn rfc9112_2_2_what_is_in_front_of_a_request_is_the_same_in_pieces() {
    for (pieces, status) in [
        ([&b"\r"[..], b"\n"], 200),
        ([b"\r\n", b""], 200),
        ([b"\r\n", b"\r\n"], 400),
        ([b"\r", b"\n\r\n"], 400),
    ] {
        let origin = Origin::new();
        let proxy = Proxy::http(origin.address());
        let mut client = proxy.client();
        for piece in pieces {
            client.say(piece);
            client.leg().until_read();
        }
        client.say(GET);
        if status == 200 {
            answered(&mut client, &mut origin.accept());
        } else {
            assert_eq!(client.message().status(), status, "{pieces:?}");
        }
    }
}
