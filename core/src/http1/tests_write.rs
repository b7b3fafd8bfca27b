//! What leaves: composed from what was understood, and nothing else.

use super::*;
use crate::limits::Limits;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr};

/// What ends every request of `CLIENT`.
const OURS: &str = "X-Forwarded-For: 10.0.0.9\r\nX-Forwarded-Proto: https\r\n\
                    X-Forwarded-Host: h\r\nVia: 1.1 tidegate\r\n\r\n";

const CLIENT: Forwarded<'static> =
    Forwarded::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 9)), true, "default");

#[test]
fn rfc9112_3_a_request_leaves_in_origin_form() {
    for (line, sent) in [
        ("GET /a?b HTTP/1.1", "GET /a?b HTTP/1.1"),
        ("GET /a? HTTP/1.1", "GET /a? HTTP/1.1"),
        ("GET http://h HTTP/1.1", "GET / HTTP/1.1"),
        ("GET http://h?b HTTP/1.1", "GET /?b HTTP/1.1"),
        ("PURGE https://h/x HTTP/1.1", "PURGE /x HTTP/1.1"),
        ("OPTIONS * HTTP/1.1", "OPTIONS * HTTP/1.1"),
        ("OPTIONS http://h HTTP/1.1", "OPTIONS * HTTP/1.1"),
    ] {
        let text = format!("{line}\r\nhost:  h\r\nAccept: */*\r\n\r\n");
        let expected = format!("{sent}\r\nHost: h\r\nAccept: */*\r\n{OURS}");
        assert_eq!(request(&text), expected);
    }
}

#[test]
fn rfc9110_7_6_1_what_belongs_to_the_connection_stays_there() {
    let fields = "Connection: close, X-Mine\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\nTE: gzip\r\n\
                  Upgrade: websocket\r\nHTTP2-Settings: x\r\nx-mine: 1\r\nX-Kept: 2\r\n";
    assert_eq!(fields_sent(fields), "X-Kept: 2\r\n");
    let two = "Connection: a\r\nA: 1\r\nconnection: B\r\nb: 2\r\nC: 3\r\n";
    assert_eq!(fields_sent(two), "C: 3\r\n");
}

#[test]
fn rfc9110_7_6_1_connection_cannot_nominate_target_length_or_origin_of_a_message() {
    let fields = "Connection: Host, Content-Length, Transfer-Encoding, Expect, Via, \
                  X-Forwarded-For, Cookie\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\
                  Via: 1.0 x\r\nCookie: a\r\n";
    let kept = "Expect: 100-continue\r\nVia: 1.0 x\r\nContent-Length: 3\r\n";
    assert_eq!(fields_sent(fields), kept);
}

#[test]
fn what_a_client_says_of_itself_is_dropped() {
    let fields = "X-Forwarded-For: 6.6.6.6\r\nx-forwarded-proto: http\r\nX_Forwarded_Host: evil\r\n\
                  X-Forwarded-Port: 1\r\nForwarded: for=x\r\nX-Real-IP: 6.6.6.6\r\nProxy: evil\r\n";
    assert_eq!(fields_sent(fields), "");
}

#[test]
fn rfc9112_6_framing_is_written_anew() {
    for (fields, sent) in [
        ("", ""),
        ("content-length: 0\r\n", "Content-Length: 0\r\n"),
        ("Content-Length: 007\r\n", "Content-Length: 7\r\n"),
        (
            "transfer-encoding: CHUNKED\r\n",
            "Transfer-Encoding: chunked\r\n",
        ),
        (
            "Trailer: a\r\ntransfer-encoding: chunked\r\n",
            "Trailer: a\r\nTransfer-Encoding: chunked\r\n",
        ),
        (
            "Trailer: a\r\nContent-Length: 1\r\n",
            "Content-Length: 1\r\n",
        ),
    ] {
        assert_eq!(fields_sent(fields), sent);
    }
}

#[test]
fn rfc9110_10_1_4_te_trailers_is_said_again_hop_by_hop() {
    let sent = "TE: trailers\r\nConnection: TE\r\n";
    assert_eq!(
        fields_sent("TE: gzip, Trailers\r\nConnection: TE\r\n"),
        sent
    );
    assert_eq!(fields_sent("TE: gzip\r\nConnection: TE\r\n"), "");
}

#[test]
fn h14_expect_is_forwarded_but_not_from_http10() {
    let fields = "Expect: 100-continue\r\nContent-Length: 1\r\n";
    assert_eq!(fields_sent(fields), fields);
    let old = request(&format!("POST / HTTP/1.0\r\nHost: h\r\n{fields}\r\n"));
    assert!(
        !old.contains("Expect") && old.contains("Via: 1.0 tidegate"),
        "{old}"
    );
}

#[test]
fn rfc9112_3_2_the_listener_names_the_host_if_nobody_did() {
    let sent = request("GET / HTTP/1.0\r\n\r\n");
    assert!(
        sent.starts_with("GET / HTTP/1.1\r\nHost: default\r\n"),
        "{sent}"
    );
    assert!(sent.contains("X-Forwarded-Host: default\r\n"));
    let sent = request("GET http://a:1/ HTTP/1.1\r\nHost: b\r\n\r\n");
    assert!(
        sent.starts_with("GET / HTTP/1.1\r\nHost: a:1\r\n"),
        "{sent}"
    );
    assert!(sent.contains("X-Forwarded-Host: a:1\r\n"));
}

#[test]
fn a_mapped_address_is_told_as_the_one_it_maps() {
    let (_, head) = request_head(b"GET / HTTP/1.0\r\n\r\n", &Limits::default())
        .unwrap()
        .unwrap();
    for (client, told) in [
        ("::ffff:1.2.3.4", "1.2.3.4"),
        ("2001:db8::1", "2001:db8::1"),
    ] {
        let client = client.parse().unwrap();
        let mut out = Vec::new();
        let https = false;
        write_request(
            &head,
            &Forwarded {
                client,
                https,
                ..CLIENT
            },
            &mut out,
        );
        let sent = String::from_utf8(out).unwrap();
        let expected = format!("X-Forwarded-For: {told}\r\nX-Forwarded-Proto: http\r\n");
        assert!(sent.contains(&expected), "{sent}");
    }
}

#[test]
fn what_was_written_is_understood_as_the_same_request() {
    for fields in [
        "",
        "Content-Length: 9\r\n",
        "Transfer-Encoding: chunked\r\n",
    ] {
        let text = format!("POST http://h/a?b HTTP/1.1\r\nHost: x\r\n{fields}A: b\r\n\r\n");
        let (_, first) = request_head(text.as_bytes(), &Limits::default())
            .unwrap()
            .unwrap();
        let sent = request(&text);
        let (taken, again) = request_head(sent.as_bytes(), &Limits::default())
            .unwrap()
            .unwrap();
        assert_eq!((taken, again.facts), (sent.len(), first.facts));
        assert_eq!((again.host(), again.path()), (first.host(), first.path()));
    }
}

#[test]
fn u07_to_http11_what_has_no_length_goes_in_chunks() {
    let length = BodyKind::Length(9);
    for (asked, body, closing, framing, close) in [
        (false, BodyKind::None, false, Framing::None, false),
        (false, length, false, Framing::Length(9), false),
        (false, length, true, Framing::Length(9), true),
        (true, length, false, Framing::Length(9), true),
        (false, BodyKind::Chunked, false, Framing::Chunked, false),
        (false, BodyKind::Close, false, Framing::Chunked, false),
        (true, BodyKind::Close, false, Framing::Chunked, true),
    ] {
        let delivery = deliver(
            &facts(Version::Http11, asked),
            &origin(200, body),
            closing,
            0,
        );
        let expected = Delivery {
            framing,
            close,
            keep_alive: false,
            announced: 0,
            version: Version::Http11,
        };
        assert_eq!(delivery, expected, "{asked} {body:?} {closing}");
    }
}

#[test]
fn u07_to_http10_what_has_no_length_ends_with_the_connection() {
    let length = BodyKind::Length(9);
    for (asked, body, closing, framing, close) in [
        (true, length, false, Framing::Length(9), true),
        (false, length, false, Framing::Length(9), false),
        (false, BodyKind::None, false, Framing::None, false),
        (false, length, true, Framing::Length(9), true),
        (false, BodyKind::Chunked, false, Framing::Close, true),
        (false, BodyKind::Close, false, Framing::Close, true),
    ] {
        let delivery = deliver(
            &facts(Version::Http10, asked),
            &origin(200, body),
            closing,
            0,
        );
        let expected = Delivery {
            framing,
            close,
            keep_alive: !close,
            announced: 0,
            version: Version::Http10,
        };
        assert_eq!(delivery, expected, "{asked} {body:?} {closing}");
    }
}

#[test]
fn rfc9110_15_2_an_interim_response_never_closes() {
    let delivery = deliver(
        &facts(Version::Http11, true),
        &origin(100, BodyKind::None),
        true,
        70,
    );
    assert_eq!((delivery.framing, delivery.close), (Framing::None, false));
    assert_eq!((delivery.keep_alive, delivery.announced), (false, 0));
    let sent = response("HTTP/1.1 103 E\r\nLink: x\r\n\r\n", Method::Get, true);
    assert_eq!(
        sent,
        "HTTP/1.1 103 E\r\nLink: x\r\nVia: 1.1 tidegate\r\n\r\n"
    );
}

#[test]
fn rfc9110_7_6_1_a_response_keeps_its_own_fields_only() {
    let text = "HTTP/1.0 200 Fine\r\nSet-Cookie: a\r\nConnection: X\r\nX: 1\r\nKeep-Alive: 5\r\n\
                Upgrade: h2c\r\nProxy-Connection: x\r\nVia: 1.0 y\r\nset-cookie: b\r\n\
                content-length: 03\r\n\r\n";
    let sent = "HTTP/1.1 200 Fine\r\nSet-Cookie: a\r\nVia: 1.0 y\r\nset-cookie: b\r\n\
                Content-Length: 3\r\nVia: 1.0 tidegate\r\n\r\n";
    assert_eq!(response(text, Method::Get, false), sent);
}

#[test]
fn u15_framing_fields_of_a_response_without_body() {
    let (length, chunked) = ("Content-Length: 9\r\n", "Transfer-Encoding: chunked\r\n");
    for (status, to, received, sent) in [
        (200, Method::Head, length, length),
        (200, Method::Head, chunked, chunked),
        (200, Method::Head, "", ""),
        (
            200,
            Method::Head,
            "Content-Length: 0\r\n",
            "Content-Length: 0\r\n",
        ),
        (304, Method::Get, length, length),
        (204, Method::Get, length, ""),
        (204, Method::Head, length, ""),
        (100, Method::Get, length, ""),
        (200, Method::Connect, chunked, ""),
        (
            200,
            Method::Get,
            "content-length: 0\r\n",
            "Content-Length: 0\r\n",
        ),
        (200, Method::Get, chunked, chunked),
        (200, Method::Get, "", chunked),
    ] {
        let text = format!("HTTP/1.1 {status} X\r\n{received}\r\n");
        let expected = format!("HTTP/1.1 {status} X\r\n{sent}Via: 1.1 tidegate\r\n\r\n");
        assert_eq!(response(&text, to, false), expected, "{status} to {to:?}");
    }
}

#[test]
fn rfc9112_6_1_http10_is_not_told_of_transfer_codings() {
    let text = b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\nTrailer: a\r\n\r\n";
    for (to, end) in [(Method::Head, "keep-alive"), (Method::Get, "close")] {
        let (_, head) = response_head(text, to, &Limits::default())
            .unwrap()
            .unwrap();
        let delivery = deliver(&facts(Version::Http10, false), &head.facts, false, 0);
        let mut out = Vec::new();
        write_response(&head, &delivery, &Returned::DEFAULT, &mut out);
        let sent = String::from_utf8(out).unwrap();
        let expected = format!("HTTP/1.1 200 X\r\nConnection: {end}\r\nVia: 1.1 tidegate\r\n\r\n");
        assert_eq!(sent, expected);
    }
}

/// LIFECYCLE 3, T_ka_idle.
#[test]
fn ka_idle_a_response_that_is_not_the_last_says_how_long_the_next_request_may_take() {
    let text = "HTTP/1.1 200 X\r\nContent-Length: 3\r\nKeep-Alive: timeout=9\r\n\r\n";
    let begin = "HTTP/1.1 200 X\r\nContent-Length: 3\r\n";
    let said = "Connection: keep-alive\r\nKeep-Alive: timeout=70\r\n";
    let (version, last) = ("Via: 1.1 tidegate\r\n\r\n", "Connection: close\r\n");
    for (http, closing, announced, own) in [
        (Version::Http11, false, 70, said),
        (Version::Http10, false, 70, said),
        (Version::Http11, true, 70, last),
        (Version::Http11, false, 0, ""),
        (Version::Http10, false, 0, "Connection: keep-alive\r\n"),
    ] {
        let head = response_head(text.as_bytes(), Method::Get, &Limits::default());
        let (_, head) = head.unwrap().unwrap();
        let delivery = deliver(&facts(http, false), &head.facts, closing, announced);
        let mut out = Vec::new();
        write_response(&head, &delivery, &Returned::DEFAULT, &mut out);
        let sent = String::from_utf8(out).unwrap();
        assert_eq!(sent, [begin, own, version].concat());
    }
}

#[test]
fn rfc9112_9_6_the_last_response_says_so() {
    let text = "HTTP/1.1 200 X\r\nContent-Length: 3\r\n\r\n";
    let sent = response(text, Method::Get, true);
    assert!(sent.contains("Connection: close\r\n"), "{sent}");
}

/// The fields that leave between Host and ours, of a request that has these fields.
fn fields_sent(fields: &str) -> String {
    let sent = request(&format!("POST / HTTP/1.1\r\nHost: h\r\n{fields}\r\n"));
    let sent = sent.strip_prefix("POST / HTTP/1.1\r\nHost: h\r\n").unwrap();
    String::from(sent.strip_suffix(OURS).unwrap())
}

fn request(text: &str) -> String {
    let (_, head) = request_head(text.as_bytes(), &Limits::default())
        .unwrap()
        .unwrap();
    let mut out = Vec::new();
    write_request(&head, &CLIENT, &mut out);
    String::from_utf8(out).unwrap()
}

fn response(text: &str, to: Method, closing: bool) -> String {
    let head = response_head(text.as_bytes(), to, &Limits::default());
    let (_, head) = head.unwrap().unwrap();
    let delivery = deliver(&facts(Version::Http11, false), &head.facts, closing, 0);
    let mut out = Vec::new();
    write_response(&head, &delivery, &Returned::DEFAULT, &mut out);
    String::from_utf8(out).unwrap()
}

fn facts(version: Version, close: bool) -> RequestFacts {
    RequestFacts {
        version,
        close,
        ..RequestFacts::GET
    }
}

fn origin(status: u16, body: BodyKind) -> ResponseFacts {
    ResponseFacts {
        status,
        version: Version::Http11,
        body,
        close: false,
        event_stream: false,
    }
}
