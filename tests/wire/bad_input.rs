//! What is not HTTP as it is accepted, and peers that wish the proxy ill: each costs its own
//! connection and nothing else.

use crate::{
    exchange::{GET, http},
    harness::Proxy,
    peers::{End, Last, Origin, Peer, Raw, pattern},
    secure::Version,
    serving::Serving,
};
use std::thread;

/// The proxy answers by itself, closes, and the origin hears nothing.
fn answered(bytes: &[u8], status: u16) {
    let origin = Origin::new();
    let proxy = Proxy::http(origin.address());
    let mut client = proxy.client();
    client.say(bytes);
    let answer = client.message();
    let what = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]);
    assert_eq!(answer.status(), status, "{what:?}");
    assert_eq!(answer.field("connection"), Some("close"), "{what:?}");
    assert_eq!(client.last(), Last::plain("", End::Fin), "{what:?}");
    assert!(origin.is_untouched(), "{what:?}");
}

#[test]
fn malformed_requests_are_a_400_and_nothing_is_forwarded() {
    let malformed: [&[u8]; 8] = [
        b"GET\r\n\r\n",
        b"\x00\x01\x02\x03\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : h\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
    ];
    for bytes in malformed {
        answered(bytes, 400);
    }
}

#[test]
fn too_large_heads_are_a_431() {
    let field = format!("X: {}\r\n", "x".repeat(40_000));
    answered(
        format!("GET / HTTP/1.1\r\nHost: h\r\n{field}\r\n").as_bytes(),
        431,
    );
    let fields = "X: x\r\n".repeat(200);
    answered(
        format!("GET / HTTP/1.1\r\nHost: h\r\n{fields}\r\n").as_bytes(),
        431,
    );
}

#[test]
fn a_body_that_goes_wrong_is_not_completed() {
    for chunk in ["zz\r\n", "ffffffffffffffffff\r\n", "5\r\nhelloX"] {
        let origin = Origin::new();
        let proxy = Proxy::http(origin.address());
        let mut client = proxy.client();
        client.say(b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
        client.say(b"5\r\nhello\r\n");
        let mut up = origin.accept();
        up.head();
        assert_eq!(up.hear(10), b"5\r\nhello\r\n");
        client.say(chunk.as_bytes());
        let last = up.last();
        assert_eq!(last.end, End::Reset, "{chunk:?}");
        assert!(!last.bytes.ends_with(b"0\r\n\r\n"), "{chunk:?}");
        assert_eq!(client.message().status(), 400, "{chunk:?}");
        assert_eq!(client.last(), Last::plain("", End::Fin), "{chunk:?}");
    }
}

#[test]
fn an_origin_that_speaks_no_http_is_a_502() {
    let origin = Origin::new();
    let proxy = Proxy::http(origin.address());
    let mut client = proxy.client();
    for bytes in [
        &b"SSH-2.0-x\r\n\r\n"[..],
        b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
        &[0; 64],
    ] {
        client.say(GET);
        let mut up = origin.accept();
        up.message();
        up.say(bytes);
        assert_eq!(client.message().status(), 502);
        up.last();
    }
}

#[test]
fn an_origin_whose_body_goes_wrong_is_cut_off() {
    let (_stage, mut client, mut up) = http(GET);
    up.message();
    up.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n");
    client.head();
    assert_eq!(client.last(), Last::plain("5\r\nhello\r\n", End::Reset));
    assert_eq!(up.last(), Last::plain("", End::Reset));
}

#[test]
fn noise_costs_its_own_connection_only() {
    let origin = Origin::new();
    let proxy = Proxy::https(origin.address());
    let mut friend = proxy.secure(Version::Tls13);
    for n in 0..32 {
        let mut noise = pattern(1000 + n * 97);
        noise[0] = noise[0].wrapping_add(u8::try_from(n).unwrap());
        // In place of a handshake, and then behind one.
        let mut stranger = proxy.client();
        stranger.try_say(&noise);
        stranger.fin();
        stranger.last();
        let mut stranger = proxy.secure(Version::BOTH[n % 2]);
        stranger.raw().try_say(&noise);
        stranger.fin();
        assert_eq!(stranger.raw().last().end, End::Reset);
    }
    friend.say(GET);
    let mut up = origin.accept();
    up.message();
    up.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    assert_eq!(friend.message().body, b"ok");
    assert!(origin.is_untouched());
}

#[test]
fn r25_without_descriptors_the_proxy_waits_and_recovers() {
    let origin = Serving::echo();
    let proxy = Proxy::after("ulimit -n 64", origin.address());
    // The kernel takes in for it those whom it cannot.
    let crowd: Vec<Raw> = (0..100).map(|_| proxy.client()).collect();
    thread::scope(|scope| {
        for mut client in crowd {
            scope.spawn(move || {
                client.say(GET);
                // Whoever is in may find that there is no connection to be had for the origin;
                // whoever is not waits until others have gone.
                let status = client.message().status();
                assert!(matches!(status, 200 | 502 | 503), "{status}");
            });
        }
    });
    let mut client = proxy.client();
    client.say(GET);
    assert_eq!(client.message().status(), 200);
}
