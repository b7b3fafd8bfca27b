//! The main job, without anything going wrong: messages of every framing, both ways, exactly.

use crate::{
    exchange::{GET, http},
    harness::Proxy,
    peers::{End, Last, Origin, Peer, Raw, pattern},
    secure::Version,
};
use std::thread;

/// One exchange on the legs given; the origin's leg is accepted if there is none yet.
fn exchange(client: &mut impl Peer, origin: &Origin, up: Option<Raw>, n: usize) -> Raw {
    client.say(format!("GET /{n} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes());
    let mut up = up.unwrap_or_else(|| origin.accept());
    assert_eq!(up.message().line(), format!("GET /{n} HTTP/1.1"));
    up.say(format!("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{n}").as_bytes());
    let answer = client.message();
    assert_eq!((answer.status(), answer.body), (200, n.to_string().into()));
    up
}

#[test]
fn keep_alive_reuses_one_connection_on_both_legs() {
    let origin = Origin::new();
    let proxy = Proxy::http(origin.address());
    let mut client = proxy.client();
    let mut up = None;
    for n in 0..9 {
        up = Some(exchange(&mut client, &origin, up, n));
    }
    assert!(origin.is_untouched(), "one connection is enough");
}

#[test]
fn keep_alive_over_tls() {
    for version in Version::BOTH {
        let origin = Origin::new();
        let proxy = Proxy::https(origin.address());
        let mut client = proxy.secure(version);
        let up = exchange(&mut client, &origin, None, 1);
        exchange(&mut client, &origin, Some(up), 2);
    }
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let origin = Origin::new();
    let proxy = Proxy::http(origin.address());
    let mut client = proxy.client();
    let requests = "GET /0 HTTP/1.1\r\nHost: h\r\n\r\nPOST /1 HTTP/1.1\r\nHost: h\r\n\
        Content-Length: 3\r\n\r\nabcGET /2 HTTP/1.1\r\nHost: h\r\n\r\n";
    client.say(requests.as_bytes());
    let mut up = origin.accept();
    for (n, line) in ["GET /0", "POST /1", "GET /2"].iter().enumerate() {
        let request = up.message();
        assert_eq!(request.line(), format!("{line} HTTP/1.1"));
        assert_eq!(request.body, if n == 1 { &b"abc"[..] } else { b"" });
        up.say(format!("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{n}").as_bytes());
        assert_eq!(client.message().body, n.to_string().as_bytes());
    }
}

#[test]
fn u15_head_204_and_304_have_no_body() {
    let (stage, mut client, mut up) = http(b"HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(up.message().line(), "HEAD /a HTTP/1.1");
    up.say(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    let answer = client.bare();
    assert_eq!(answer.field("content-length"), Some("1000"));
    for head in ["204 No Content", "304 Not Modified"] {
        client.say(GET);
        up.message();
        up.say(format!("HTTP/1.1 {head}\r\nETag: \"e\"\r\n\r\n").as_bytes());
        assert_eq!(client.bare().field("etag"), Some("\"e\""));
    }
    exchange(&mut client, &stage.origin, Some(up), 3);
}

#[test]
fn chunked_both_ways_with_trailers() {
    let origin = Origin::new();
    let proxy = Proxy::http(origin.address());
    let mut client = proxy.client();
    let body = "5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\nX-Sum: 11\r\n\r\n";
    client.say(b"POST /a HTTP/1.1\r\nHost: h\r\nTE: trailers\r\n");
    client.say(b"Transfer-Encoding: chunked\r\n\r\n");
    client.say(body.as_bytes());
    let mut up = origin.accept();
    let request = up.message();
    assert_eq!(request.body, b"hello world");
    assert_eq!(request.trailers.to_lowercase(), "x-sum: 11\n");
    up.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    up.say(body.as_bytes());
    let answer = client.message();
    assert_eq!(answer.body, b"hello world");
    assert_eq!(answer.trailers.to_lowercase(), "x-sum: 11\n");
}

#[test]
fn u07_close_delimited_keeps_the_client() {
    let (stage, mut client, mut up) = http(GET);
    up.message();
    up.say(b"HTTP/1.1 200 OK\r\n\r\nhello");
    up.say_last(b" world");
    assert_eq!(client.message().body, b"hello world");
    assert_eq!(up.last(), Last::plain("", End::Fin));
    exchange(&mut client, &stage.origin, None, 2);
}

#[test]
fn http_1_0_client_gets_the_body_and_the_end() {
    let (_stage, mut client, mut up) = http(b"GET /a HTTP/1.0\r\n\r\n");
    let request = up.message();
    assert!(request.field("host").is_some(), "1.1 needs a Host");
    up.say(b"HTTP/1.1 103 Early Hints\r\nLink: </s>\r\n\r\n");
    up.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    up.say(b"5\r\nhello\r\n0\r\n\r\n");
    let head = client.bare();
    assert_eq!(head.status(), 200, "1.0 knows no interim responses");
    assert_eq!(head.field("transfer-encoding"), None);
    assert_eq!(client.last(), Last::plain("hello", End::Fin));
}

#[test]
fn interim_responses_are_relayed() {
    let (_stage, mut client, mut up) = http(GET);
    up.message();
    up.say(b"HTTP/1.1 103 Early Hints\r\nLink: </s>\r\n\r\n");
    let hints = client.bare();
    assert_eq!((hints.status(), hints.field("link")), (103, Some("</s>")));
    up.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    assert_eq!(client.message().body, b"ok");
}

#[test]
fn h14_expect_continue_is_the_origins_to_answer() {
    let origin = Origin::new();
    let proxy = Proxy::http(origin.address());
    let mut client = proxy.client();
    let head = "POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
    client.say(head.as_bytes());
    let mut up = origin.accept();
    assert!(up.head().to_lowercase().contains("expect: 100-continue"));
    up.say(b"HTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!(client.bare().status(), 100);
    client.say(b"abc");
    assert_eq!(up.hear(3), b"abc");
    up.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    assert_eq!(client.message().body, b"ok");
    exchange(&mut client, &origin, Some(up), 2);
}

/// 10 MB each way at once: a peer that only wrote would wait for ever.
fn big_bodies(client: &mut impl Peer, origin: &Origin) {
    const SIZE: usize = 10_000_000;
    let body = pattern(SIZE);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut up = origin.accept();
            let request = up.message();
            assert!(request.body == body, "the request's body");
            up.say(format!("HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n").as_bytes());
            up.say(&request.body);
        });
        let head = format!("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: {SIZE}\r\n\r\n");
        client.say(head.as_bytes());
        client.say(&body);
        assert!(client.message().body == body, "the response's body");
    });
}

#[test]
fn big_bodies_both_ways() {
    let origin = Origin::new();
    big_bodies(&mut Proxy::http(origin.address()).client(), &origin);
}

#[test]
fn big_bodies_both_ways_over_tls() {
    for version in Version::BOTH {
        let origin = Origin::new();
        let proxy = Proxy::https(origin.address());
        big_bodies(&mut proxy.secure(version), &origin);
    }
}

#[test]
fn a_body_may_come_back_while_it_goes() {
    let (stage, mut client, mut up) =
        http(b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    up.head();
    up.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_eq!(client.bare().status(), 200);
    for letter in "abc".chars() {
        let chunk = format!("1\r\n{letter}\r\n");
        client.say(chunk.as_bytes());
        assert_eq!(up.hear(6), chunk.as_bytes());
        up.say(chunk.as_bytes());
        assert_eq!(client.hear(6), chunk.as_bytes());
    }
    client.say(b"0\r\n\r\n");
    assert_eq!(up.hear(5), b"0\r\n\r\n");
    up.say(b"0\r\n\r\n");
    assert_eq!(client.hear(5), b"0\r\n\r\n");
    exchange(&mut client, &stage.origin, Some(up), 2);
}
