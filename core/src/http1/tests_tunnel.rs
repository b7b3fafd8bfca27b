//! Heads that leave HTTP (LIFECYCLE 4.6): what counts as asking for it, and what is written.

use super::*;
use crate::limits::Limits;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr};

const ASKS: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\n";

#[test]
fn w1_an_upgrade_is_asked_for_by_both_fields() {
    for (fields, asked) in [
        (ASKS, true),
        ("connection: keep-alive, UPGRADE\r\nupgrade: a\r\n", true),
        (
            "Connection: a\r\nConnection: upgrade\r\nUpgrade: a\r\n",
            true,
        ),
        ("Connection: upgrade\r\n", false),
        ("Upgrade: websocket\r\n", false),
        ("Connection: close\r\nUpgrade: websocket\r\n", false),
        ("Connection: upgrades\r\nUpgrade: websocket\r\n", false),
        ("", false),
    ] {
        assert_eq!(asks("1.1", fields), asked, "{fields:?}");
    }
}

#[test]
fn w1_every_protocol_asked_for_is_one_that_may_pass() {
    for (protocols, asked) in [
        ("websocket", true),
        ("a, b/1", true),
        ("a\r\nUpgrade: b/2.0", true),
        // RFC 9110, 5.6.1.2: an empty element is none.
        ("a, ,b,", true),
        (",", false),
        ("", false),
        // HTTP behind our back would pass by every route.
        ("h2c", false),
        ("H2C", false),
        ("h2", false),
        ("HTTP/2.0", false),
        ("http", false),
        ("TLS/1.0", false),
        ("tls", false),
        ("websocket, h2c", false),
        ("websocket\r\nUpgrade: HTTP/3", false),
        // Names that only begin alike.
        ("h2cx", true),
        ("httpx/2", true),
        // What no reader could be sure of.
        ("web socket", false),
        ("\"websocket\"", false),
        ("a/1/2", false),
        ("a/", false),
        ("/1", false),
        ("a;q=1", false),
        ("a, b c", false),
    ] {
        let fields = format!("Connection: upgrade\r\nUpgrade: {protocols}\r\n");
        assert_eq!(asks("1.1", &fields), asked, "{protocols:?}");
    }
}

#[test]
fn w1_neither_http10_nor_a_request_with_a_body_asks_for_an_upgrade() {
    assert!(!asks("1.0", ASKS));
    for (framing, asked) in [
        ("Content-Length: 0\r\n", true),
        ("Content-Length: 1\r\n", false),
        ("Transfer-Encoding: chunked\r\n", false),
    ] {
        let fields = format!("{ASKS}{framing}");
        assert_eq!(asks("1.1", &fields), asked, "{framing:?}");
        let sent = written(&get("1.1", &fields));
        assert_eq!(sent.contains("Upgrade"), asked, "{sent}");
    }
}

#[test]
fn w1_an_upgrade_is_said_again_hop_by_hop() {
    for (fields, sent) in [
        (ASKS, "Upgrade: websocket\r\nConnection: upgrade\r\n"),
        (
            "UPGRADE: a, b/1\r\nconnection: close, upgrade\r\nupgrade: c\r\nX: y\r\n",
            "X: y\r\nUPGRADE: a, b/1\r\nupgrade: c\r\nConnection: upgrade\r\n",
        ),
        (
            "Connection: upgrade, TE\r\nTE: trailers\r\nUpgrade: a\r\n",
            "TE: trailers\r\nUpgrade: a\r\nConnection: upgrade, TE\r\n",
        ),
        (
            "Connection: upgrade, HTTP2-Settings\r\nHTTP2-Settings: x\r\nUpgrade: a\r\n",
            "Upgrade: a\r\nConnection: upgrade\r\n",
        ),
        // What goes no further leaves no trace: the origin cannot switch by mistake.
        (
            "Connection: upgrade, HTTP2-Settings\r\nHTTP2-Settings: x\r\nUpgrade: h2c\r\n",
            "",
        ),
        (
            "Connection: upgrade, TE\r\nTE: trailers\r\nUpgrade: TLS/1.0\r\n",
            "TE: trailers\r\nConnection: TE\r\n",
        ),
    ] {
        let all = written(&get("1.1", fields));
        let ours = all.find("X-Forwarded-For").unwrap();
        let between = all[..ours].strip_prefix("GET / HTTP/1.1\r\nHost: h\r\n");
        assert_eq!(between, Some(sent), "{fields:?}");
    }
    assert!(!written(&get("1.0", ASKS)).contains("pgrade"));
}

#[test]
fn w1_what_asks_for_an_upgrade_still_asks_once_written() {
    for text in [get("1.1", ASKS), String::from(CONNECT)] {
        let sent = written(&text);
        assert_eq!(understood(&sent).facts, understood(&text).facts, "{sent}");
    }
}

#[test]
fn w1_connect_is_written_with_its_authority() {
    let sent = written(CONNECT);
    let begins = "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\nX-Forwarded-For: 10.0.0.9\r\n";
    assert!(sent.starts_with(begins), "{sent}");
}

#[test]
fn rfc9110_9_3_6_a_connect_with_content_is_refused() {
    for (framing, fault) in [
        ("Content-Length: 0", None),
        ("Content-Length: 1", Some(Fault::ConnectContent)),
        ("Transfer-Encoding: chunked", Some(Fault::ConnectContent)),
    ] {
        let text = format!("CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n{framing}\r\n\r\n");
        let refused = request_head(text.as_bytes(), &Limits::default()).err();
        assert_eq!(refused, fault.map(Reject::Request), "{framing}");
        assert!(refused.is_none_or(|reject| reject.status() == 400));
    }
}

#[test]
fn w1_what_switches_is_101_to_an_upgrade_and_2xx_to_connect() {
    let [get, upgrade] = ["", ASKS].map(|fields| understood(&get("1.1", fields)).facts);
    let connect = understood(CONNECT).facts;
    for (request, status, switches) in [
        (get, 101, false),
        (get, 200, false),
        (upgrade, 101, true),
        (upgrade, 100, false),
        (upgrade, 200, false),
        (upgrade, 426, false),
        (connect, 101, false),
        (connect, 199, false),
        (connect, 200, true),
        (connect, 204, true),
        (connect, 299, true),
        (connect, 300, false),
        (connect, 407, false),
    ] {
        let response = ResponseFacts {
            status,
            version: Version::Http11,
            body: BodyKind::None,
            close: true,
            event_stream: false,
        };
        assert_eq!(response.switches(&request), switches, "{status}");
        if switches {
            // Nothing of HTTP is left to be delimited, kept or closed, whatever was said before.
            let delivery = deliver(&request, &response, true, 70);
            assert_eq!(
                (delivery.framing, delivery.close, delivery.keep_alive),
                (Framing::None, false, false)
            );
        }
    }
}

#[test]
fn w1_101_names_the_protocol_and_its_connection() {
    let text = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade, X\r\nX: 1\r\n\
                Upgrade: websocket\r\nKeep-Alive: 5\r\nSec-WebSocket-Accept: s\r\n\
                Content-Length: 9\r\n\r\n";
    let sent = "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: s\r\n\
                Upgrade: websocket\r\nConnection: upgrade\r\nVia: 1.1 tidegate\r\n\r\n";
    for close in [false, true] {
        assert_eq!(answered(&get("1.1", ASKS), text, close), sent);
    }
}

#[test]
fn w1_2xx_to_connect_says_nothing_of_a_body_or_of_the_connection() {
    for field in [
        "Content-Length: 9",
        "Transfer-Encoding: chunked",
        "Connection: close",
        "Connection: upgrade\r\nUpgrade: websocket",
    ] {
        let text = format!("HTTP/1.1 200 OK\r\n{field}\r\nA: b\r\n\r\n");
        let sent = "HTTP/1.1 200 OK\r\nA: b\r\nVia: 1.1 tidegate\r\n\r\n";
        for request in [CONNECT, "CONNECT h:443 HTTP/1.0\r\n\r\n"] {
            assert_eq!(answered(request, &text, true), sent, "{field}");
        }
    }
}

#[test]
fn w5_an_upgrade_that_is_declined_is_a_response_like_any_other() {
    let text = "HTTP/1.1 426 X\r\nConnection: upgrade\r\nUpgrade: a\r\nContent-Length: 3\r\n\r\n";
    let sent = "HTTP/1.1 426 X\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\
                Keep-Alive: timeout=70\r\nVia: 1.1 tidegate\r\n\r\n";
    assert_eq!(answered(&get("1.1", ASKS), text, false), sent);
}

const CONNECT: &str = "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n";

fn get(version: &str, fields: &str) -> String {
    format!("GET / HTTP/{version}\r\nHost: h\r\n{fields}\r\n")
}

fn asks(version: &str, fields: &str) -> bool {
    understood(&get(version, fields)).facts.upgrade
}

fn understood(text: &str) -> RequestHead<'_> {
    let head = request_head(text.as_bytes(), &Limits::default());
    head.unwrap().unwrap().1
}

/// A request as it goes to the origin.
fn written(text: &str) -> String {
    let forwarded = Forwarded::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 9)), true, "default");
    let mut out = Vec::new();
    write_request(&understood(text), &forwarded, &mut out);
    String::from_utf8(out).unwrap()
}

/// A response to `request` as it goes to the client.
fn answered(request: &str, response: &str, close: bool) -> String {
    let request = understood(request).facts;
    let head = response_head(response.as_bytes(), request.method, &Limits::default());
    let (_, head) = head.unwrap().unwrap();
    let mut out = Vec::new();
    write_response(
        &head,
        &deliver(&request, &head.facts, close, 70),
        &Returned::DEFAULT,
        &mut out,
    );
    String::from_utf8(out).unwrap()
}
