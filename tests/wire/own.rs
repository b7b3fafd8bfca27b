//! Responses of our own: what they say, to whom, and by which id a request is called.

use crate::{
    harness::Proxy,
    peers::{End, Last, Message, Origin, Peer},
};
use std::{collections::HashSet, net::SocketAddr};

/// A place where nobody listens.
fn nowhere() -> SocketAddr {
    Origin::new().address()
}

/// What comes of a request before an origin that is told nothing.
fn refused(proxy: &Proxy, request: &[u8]) -> Message {
    let mut client = proxy.client();
    client.say(request);
    client.message()
}

fn id(message: &Message) -> &str {
    message.field("x-request-id").unwrap_or_default()
}

fn is_ours(id: &str) -> bool {
    let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    id.len() == 32 && id.bytes().all(digit)
}

#[test]
fn the_reason_is_named_and_so_is_the_request() {
    let proxy = Proxy::http(nowhere());
    let request = b"GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n";
    let answer = refused(&proxy, request);
    assert_eq!(answer.status(), 400);
    let status = "tidegate; error=http_request_error; details=\"more than one Host\"";
    assert_eq!(answer.field("proxy-status"), Some(status));
    assert!(is_ours(id(&answer)), "{}", answer.head);
    let text = format!(
        "400 Bad Request: more than one Host\nrequest {}\n",
        id(&answer)
    );
    assert_eq!(answer.body, text.as_bytes());
    assert_ne!(id(&answer), id(&refused(&proxy, request)));
}

#[test]
fn an_error_is_json_to_whoever_asks_for_it() {
    let proxy = Proxy::http(nowhere());
    let answer = refused(
        &proxy,
        b"GET / HTTP/1.1\r\nHost: h\r\nAccept: application/json, */*;q=0.1\r\n\r\n",
    );
    assert_eq!(answer.field("content-type"), Some("application/json"));
    let json = format!(
        "{{\"status\":502,\"title\":\"Bad Gateway\",\"error\":\"connection_refused\",\
         \"request_id\":\"{}\"}}\n",
        id(&answer)
    );
    assert_eq!(answer.body, json.as_bytes());
    let answer = refused(&proxy, b"GET / HTTP/1.1\r\nHost: h\r\nAccept: */*\r\n\r\n");
    assert_eq!(answer.field("content-type"), Some("text/plain"));
}

/// What the origin hears, and what the client hears when the origin fails.
fn failed(listener: &str, field: &str) -> (Message, Message) {
    let origin = Origin::new();
    let proxy = Proxy::configured(origin.address(), listener, "");
    let mut client = proxy.client();
    client
        .say(format!("POST / HTTP/1.1\r\nHost: h\r\n{field}Content-Length: 0\r\n\r\n").as_bytes());
    let mut up = origin.accept();
    let told = up.message();
    up.fin();
    let answer = client.message();
    assert_eq!(answer.status(), 502);
    (told, answer)
}

#[test]
fn a_listener_says_who_gives_a_request_its_id() {
    let own = "X-Request-Id: from-the-client\r\n";
    let awkward = "X-Request-Id: \"a\"\r\n";
    // Nobody of us: the client's goes on as any field, and one is made for the answer.
    for listener in ["", "request_id = \"off\""] {
        let (told, answer) = failed(listener, own);
        assert_eq!(id(&told), "from-the-client");
        assert!(is_ours(id(&answer)));
        assert_eq!(failed(listener, "").0.field("x-request-id"), None);
    }
    for field in [own, awkward, ""] {
        let (told, answer) = failed("request_id = \"make\"", field);
        assert!(is_ours(id(&told)), "{}", told.head);
        assert_eq!(id(&told), id(&answer));
        assert_eq!(told.head.matches("X-Request-Id").count(), 1);
    }
    let (told, answer) = failed("request_id = \"keep\"", own);
    assert_eq!(
        (id(&told), id(&answer)),
        ("from-the-client", "from-the-client")
    );
    for field in [awkward, ""] {
        let (told, answer) = failed("request_id = \"keep\"", field);
        assert!(is_ours(id(&told)), "{}", told.head);
        assert_eq!(id(&told), id(&answer));
    }
}

#[test]
fn no_two_requests_have_the_same_id_and_none_has_that_of_another() {
    let origin = Origin::new();
    let proxy = Proxy::configured(origin.address(), "request_id = \"keep\"", "");
    let mut client = proxy.client();
    let mut ids = HashSet::new();
    client.say(b"GET / HTTP/1.1\r\nHost: h\r\nX-Request-Id: theirs\r\n\r\n");
    let mut up = origin.accept();
    for _ in 0..20 {
        ids.insert(id(&up.message()).to_owned());
        up.say(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        client.message();
        client.say(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    }
    assert_eq!(ids.len(), 20);
    ids.insert(id(&up.message()).to_owned());
    up.say(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    client.message();
    // The head of this one does not come to its end: its id is of the answer alone.
    client.say(b"GET / HTTP/1.1\r\nX-Request-Id: theirs\r\nHost : h\r\n\r\n");
    let answer = client.message();
    assert_eq!(answer.status(), 400);
    assert!(is_ours(id(&answer)) && ids.insert(id(&answer).to_owned()));
}

/// RFC 9110, 7.6.2.
#[test]
fn a_request_that_may_go_no_further_is_answered_here() {
    let origin = Origin::new();
    let proxy = Proxy::http(origin.address());
    let mut client = proxy.client();
    let allow = Some("GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH");
    for (method, status) in [("OPTIONS", 200), ("TRACE", 405)] {
        client
            .say(format!("{method} /a HTTP/1.1\r\nHost: h\r\nMax-Forwards: 0\r\n\r\n").as_bytes());
        let answer = client.message();
        assert_eq!(answer.status(), status);
        assert_eq!(answer.field("allow"), allow);
        assert_eq!(answer.body, b"");
    }
    assert!(origin.is_untouched());
    client.say(b"OPTIONS * HTTP/1.1\r\nHost: h\r\nMax-Forwards: 7\r\n\r\n");
    assert_eq!(origin.accept().message().field("max-forwards"), Some("6"));
}

/// What nobody could tell the end of is not the client's to guess: 502, and the leg is reset.
#[test]
fn u05_a_malformed_response_is_a_502_and_its_leg_is_not_used_again() {
    let origin = Origin::new();
    let proxy = Proxy::http(origin.address());
    let mut client = proxy.client();
    for (response, why) in [
        ("HTTP/1.1 200 OK\nContent-Length: 0\n\n", "bare LF"),
        ("HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "malformed field name"),
        (
            "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
            "malformed field name",
        ),
        ("HTTP/1.1 200 OK\r\nA: \0\r\n\r\n", "malformed field value"),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na",
            "more than one Content-Length",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "both Content-Length and Transfer-Encoding",
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            "unknown transfer coding",
        ),
        ("HTTP/2.0 200 OK\r\n\r\n", "unsupported version"),
        ("220 mail\r\n", "unsupported version"),
    ] {
        client.say(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
        let mut up = origin.accept();
        up.message();
        up.say(response.as_bytes());
        let answer = client.message();
        assert_eq!(answer.status(), 502, "{response:?}");
        let status = answer.field("proxy-status").unwrap_or_default();
        assert!(
            status.ends_with(&format!("; details=\"{why}\"")),
            "{status}"
        );
        assert_eq!(up.last(), Last::plain("", End::Reset), "{response:?}");
    }
}
