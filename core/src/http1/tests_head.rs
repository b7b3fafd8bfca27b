//! Heads that are understood: facts, forms, limits, and the same answer however the bytes arrive.

use super::*;
use crate::limits::Limits;
use alloc::string::String;
use alloc::vec::Vec;
use alloc::{format, vec};

#[test]
fn rfc9112_3_a_request_is_understood_field_by_field() {
    let text =
        b"POST /a/b?c=d HTTP/1.1\r\nHost: h:8080\r\nX-A:  one \r\nContent-Length: 5\r\n\r\n12345";
    let (taken, head) = complete(text);
    assert_eq!(taken, text.len() - 5);
    assert_eq!((head.method(), head.target()), ("POST", "/a/b?c=d"));
    assert_eq!((head.path(), head.query()), ("/a/b", Some("c=d")));
    assert_eq!(head.host(), Some(&b"h:8080"[..]));
    let fields: Vec<_> = head.fields().map(|f| (f.name, f.value)).collect();
    let expected: Vec<(&str, &[u8])> = vec![
        ("Host", b"h:8080"),
        ("X-A", b"one"),
        ("Content-Length", b"5"),
    ];
    assert_eq!(fields, expected);
    let facts = RequestFacts {
        version: Version::Http11,
        method: Method::Post,
        body: BodyKind::Length(5),
        close: false,
        expect_continue: false,
        idempotent: false,
        upgrade: false,
        wording: Wording::TEXT,
    };
    assert_eq!(head.facts, facts);
}

#[test]
fn every_cut_of_a_head_waits_and_the_whole_is_one_answer() {
    let text = b"\r\nPOST http://h/x?y HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    for cut in 0..text.len() {
        let part = request_head(&text[..cut], &Limits::default()).unwrap();
        assert!(part.is_none(), "complete after {cut} bytes");
    }
    assert_eq!(complete(text).0, text.len());

    let text = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX: y\r\n\r\n";
    for cut in 0..text.len() {
        let part = response_head(&text[..cut], Method::Get, &Limits::default()).unwrap();
        assert!(part.is_none(), "complete after {cut} bytes");
    }
    let whole = response_head(text, Method::Get, &Limits::default()).unwrap();
    assert_eq!(whole.unwrap().0, text.len());
}

#[test]
fn rfc9112_2_2_one_empty_line_before_a_request_is_skipped() {
    let (taken, head) = complete(b"\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!((taken, head.method()), (29, "GET"));
    assert_eq!(refused(b"\r\n\r\nGET / HTTP/1.1\r\n"), Fault::EmptyLines);
}

#[test]
fn rfc9112_9_3_the_version_decides_about_persistence_unless_connection_does() {
    for (version, connection, close) in [
        ("1.1", "", false),
        ("1.1", "keep-alive", false),
        ("1.1", "Close", true),
        ("1.1", "keep-alive, close", true),
        ("1.0", "", true),
        ("1.0", "Keep-Alive", false),
        ("1.0", "keep-alive, close", true),
        ("1.0", "x", true),
    ] {
        let text = format!("GET / HTTP/{version}\r\nHost: h\r\nConnection: {connection}\r\n\r\n");
        let facts = complete(text.as_bytes()).1.facts;
        assert_eq!(facts.close, close, "HTTP/{version}, {connection:?}");
    }
    let two = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: x\r\nconnection: close\r\n\r\n";
    assert!(complete(two).1.facts.close);
}

#[test]
fn rfc9112_6_3_how_a_request_body_is_delimited() {
    for (fields, body) in [
        ("", BodyKind::None),
        ("Content-Length: 0\r\n", BodyKind::None),
        ("Content-Length: 007\r\n", BodyKind::Length(7)),
        (
            "Content-Length: 18446744073709551615\r\n",
            BodyKind::Length(u64::MAX),
        ),
        ("Transfer-Encoding: Chunked\r\n", BodyKind::Chunked),
    ] {
        let text = format!("GET / HTTP/1.1\r\nHost: h\r\n{fields}\r\n");
        assert_eq!(complete(text.as_bytes()).1.facts.body, body, "{fields:?}");
    }
}

#[test]
fn h14_expect_is_a_fact_only_with_a_body_and_from_http11() {
    for (version, fields, expect) in [
        ("1.1", "Content-Length: 5\r\nExpect: 100-Continue\r\n", true),
        (
            "1.1",
            "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n",
            true,
        ),
        ("1.1", "Expect: 100-continue\r\n", false),
        ("1.1", "Content-Length: 5\r\nExpect: x\r\n", false),
        (
            "1.0",
            "Content-Length: 5\r\nExpect: 100-continue\r\n",
            false,
        ),
    ] {
        let text = format!("POST / HTTP/{version}\r\nHost: h\r\n{fields}\r\n");
        let facts = complete(text.as_bytes()).1.facts;
        assert_eq!(facts.expect_continue, expect, "HTTP/{version} {fields:?}");
    }
}

#[test]
fn rfc9112_3_2_2_the_authority_of_the_target_wins_over_host() {
    let (_, head) = complete(b"GET http://a:81/x?y HTTP/1.1\r\nHost: b\r\n\r\n");
    assert_eq!(head.host(), Some(&b"a:81"[..]));
    assert_eq!((head.path(), head.query()), ("/x", Some("y")));
}

#[test]
fn rfc9112_3_2_http10_may_have_no_host() {
    let (_, head) = complete(b"GET / HTTP/1.0\r\n\r\n");
    assert_eq!(head.host(), None);
    assert_eq!(head.facts.version, Version::Http10);
}

#[test]
fn rfc9110_9_1_methods_are_case_sensitive() {
    for (name, method) in [
        ("GET", Method::Get),
        ("get", Method::Other),
        ("HEAD", Method::Head),
        ("POST", Method::Post),
        ("PURGE", Method::Other),
    ] {
        let text = format!("{name} / HTTP/1.1\r\nHost: h\r\n\r\n");
        let (_, head) = complete(text.as_bytes());
        assert_eq!((head.facts.method, head.method()), (method, name));
    }
    let (_, head) = complete(b"CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n");
    assert_eq!(head.facts.method, Method::Connect);
    assert_eq!((head.host(), head.path()), (Some(&b"h:443"[..]), ""));
}

#[test]
fn u03_u04_only_the_methods_that_rfc9110_9_2_2_names_are_idempotent() {
    for (name, idempotent) in [
        ("GET", true),
        ("HEAD", true),
        ("PUT", true),
        ("DELETE", true),
        ("OPTIONS", true),
        ("TRACE", true),
        ("POST", false),
        ("PATCH", false),
        ("get", false),
        ("PURGE", false),
    ] {
        let text = format!("{name} / HTTP/1.1\r\nHost: h\r\n\r\n");
        let (_, head) = complete(text.as_bytes());
        assert_eq!(head.facts.idempotent, idempotent, "{name}");
    }
}

#[test]
fn u15_head_204_304_and_interim_have_no_body() {
    for (status, to, body) in [
        (200, Method::Head, BodyKind::None),
        (204, Method::Get, BodyKind::None),
        (304, Method::Get, BodyKind::None),
        (100, Method::Post, BodyKind::None),
        (101, Method::Get, BodyKind::None),
        (200, Method::Connect, BodyKind::None),
        (404, Method::Connect, BodyKind::Length(9)),
        (200, Method::Get, BodyKind::Length(9)),
        (205, Method::Other, BodyKind::Length(9)),
    ] {
        let text = format!("HTTP/1.1 {status} X\r\nContent-Length: 9\r\n\r\n");
        let facts = response(&text, to);
        assert_eq!(facts.body, body, "{status} to {to:?}");
        assert!(!facts.close);
    }
}

#[test]
fn rfc9112_6_3_a_response_without_framing_ends_with_the_connection() {
    let facts = response("HTTP/1.1 200\r\n\r\n", Method::Get);
    assert_eq!((facts.body, facts.close), (BodyKind::Close, true));
    let facts = response(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        Method::Get,
    );
    assert_eq!((facts.body, facts.close), (BodyKind::Chunked, false));
    let facts = response("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", Method::Get);
    assert_eq!((facts.body, facts.close), (BodyKind::None, true));
}

#[test]
fn rfc9110_15_2_interim_is_1xx_but_101() {
    for (status, interim) in [(100, true), (103, true), (101, false), (200, false)] {
        let text = format!("HTTP/1.1 {status} X\r\n\r\n");
        assert_eq!(response(&text, Method::Get).interim(), interim, "{status}");
    }
}

#[test]
fn limits_hold_at_their_byte_whole_or_not() {
    let text = b"GET /12345 HTTP/1.1\r\nHost: h\r\nA: b\r\n\r\n";
    let exact = Limits {
        head_bytes: u32::try_from(text.len()).unwrap(),
        head_fields: 2,
        target_bytes: 6,
        ..Limits::default()
    };
    assert!(request_head(text, &exact).unwrap().is_some());
    let tight = |change: fn(&mut Limits)| {
        let mut limits = exact;
        change(&mut limits);
        limits
    };
    for (limits, fault, status) in [
        (tight(|l| l.head_bytes -= 1), Fault::HeadTooLong, 431),
        (tight(|l| l.head_fields -= 1), Fault::TooManyFields, 431),
        (tight(|l| l.target_bytes -= 1), Fault::TargetTooLong, 414),
    ] {
        let reject = request_head(text, &limits).unwrap_err();
        assert_eq!((reject, reject.status()), (Reject::Request(fault), status));
        // One byte at a time the same reason comes, and it comes before the head is complete.
        let first = (0..text.len()).find_map(|cut| request_head(&text[..cut], &limits).err());
        assert_eq!(first, Some(Reject::Request(fault)));
    }
}

#[test]
fn a_head_may_have_as_many_fields_as_its_limit_says_and_no_more() {
    // Around what is kept without asking for memory, too.
    for most in [1, 24, 25, 127, 128, 129, 200] {
        let limits = Limits {
            head_fields: most,
            ..Limits::default()
        };
        let head = |fields: u32| {
            let others: String = (1..fields).map(|n| format!("A{n}: {n}\r\n")).collect();
            format!("GET / HTTP/1.1\r\nHost: h\r\n{others}\r\n")
        };
        let (whole, beyond) = (head(most), head(most + 1));
        let (_, head) = request_head(whole.as_bytes(), &limits).unwrap().unwrap();
        assert_eq!(head.fields().count(), usize::try_from(most).unwrap());
        let reject = request_head(beyond.as_bytes(), &limits).unwrap_err();
        assert_eq!(reject, Reject::Request(Fault::TooManyFields), "{most}");
    }
}

#[test]
fn rfc9110_5_1_a_field_has_its_name_in_any_case_and_no_other() {
    let (_, head) = complete(b"GET / HTTP/1.1\r\nHost: h\r\nX-Trace: 1\r\n\r\n");
    let named = |name: &str| head.fields().filter(|field| field.is(name)).count();
    assert_eq!((named("x-TRACE"), named("host")), (1, 1));
    assert_eq!((named("X-Trac"), named("X-Traces")), (0, 0));
}

#[test]
fn rfc9112_3_414_comes_before_the_line_is_complete() {
    let limits = Limits {
        target_bytes: 10,
        ..Limits::default()
    };
    let reject = request_head(b"GET /0123456789", &limits).unwrap_err();
    assert_eq!(reject.status(), 414);
    assert!(request_head(b"GET /012345678", &limits).unwrap().is_none());
}

#[test]
fn the_head_limit_counts_the_skipped_line() {
    // What `inbox_bytes` has to hold is then never more than `head_bytes`.
    let text = b"\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n";
    let limits = Limits {
        head_bytes: u32::try_from(text.len()).unwrap() - 1,
        ..Limits::default()
    };
    assert_eq!(request_head(text, &limits).unwrap_err().status(), 431);
}

#[test]
fn a_reason_phrase_that_is_not_ascii_is_left_out() {
    let text = b"HTTP/1.1 200 \xe9t\xe9\r\nContent-Length: 0\r\n\r\n";
    let (_, head) = response_head(text, Method::Get, &Limits::default())
        .unwrap()
        .unwrap();
    assert_eq!(head.reason(), "");
}

/// WHATWG HTML, 9.2.5; RFC 9110, 8.3.1.
#[test]
fn w9b_an_event_stream_is_known_by_its_type() {
    for (fields, expected) in [
        ("Content-Type: text/event-stream\r\n", true),
        ("content-type: Text/Event-Stream ;charset=utf-8\r\n", true),
        ("Content-Type: text/event-stream;\r\n", true),
        ("Content-Type: text/event-streams\r\n", false),
        ("Content-Type: text/plain; text/event-stream\r\n", false),
        ("Content-Type: \r\n", false),
        ("X-Content-Type: text/event-stream\r\n", false),
        ("Accept: text/event-stream\r\n", false),
        ("", false),
    ] {
        let text = format!("HTTP/1.1 200 OK\r\n{fields}Transfer-Encoding: chunked\r\n\r\n");
        let facts = response(&text, Method::Get);
        assert_eq!(facts.event_stream, expected, "{fields:?}");
    }
}

fn complete(text: &[u8]) -> (usize, RequestHead<'_>) {
    match request_head(text, &Limits::default()) {
        Ok(Some(complete)) => complete,
        other => panic!("{:?}: {other:?}", String::from_utf8_lossy(text)),
    }
}

/// LIFECYCLE 3, T_pool_idle.
#[test]
fn pool_idle_an_origin_may_say_how_long_it_waits() {
    for (fields, hint) in [
        ("", None),
        ("Keep-Alive: timeout=5\r\n", Some(5)),
        ("keep-alive: max=100, TimeOut = 60 \r\n", Some(60)),
        (
            "Keep-Alive: timeout=9\r\nKeep-Alive: timeout=7, timeout=8\r\n",
            Some(7),
        ),
        ("Keep-Alive: timeout=0\r\n", Some(0)),
        ("Keep-Alive: timeout=99999\r\n", Some(u16::MAX)),
        ("Keep-Alive: 5\r\n", None),
        (
            "Keep-Alive: timeout, timeout=, timeout=x, timeout=-1, max=5\r\n",
            None,
        ),
        ("Keep-Alive: timeout=184467440737095516160\r\n", None),
        ("X-Keep-Alive: timeout=5\r\n", None),
    ] {
        let text = format!("HTTP/1.1 200 X\r\n{fields}Content-Length: 0\r\n\r\n");
        let head = response_head(text.as_bytes(), Method::Get, &Limits::default());
        let (_, head) = head.unwrap().unwrap();
        assert_eq!(head.idle_hint(), hint, "{fields}");
    }
}

fn refused(text: &[u8]) -> Fault {
    request_head(text, &Limits::default()).unwrap_err().fault()
}

fn response(text: &str, to: Method) -> ResponseFacts {
    let head = response_head(text.as_bytes(), to, &Limits::default());
    head.unwrap().unwrap().1.facts
}
