//! Exchanges that leave HTTP: WebSocket-like upgrades and CONNECT (LIFECYCLE 4.6, S55 to S57).

use crate::{
    exchange::{OK, configured, http},
    harness::Proxy,
    peers::{End, Last, Origin, Peer, Raw, pattern},
    secure::{Secure, Version},
};
use rustix::process::Signal;

const ASK: &[u8] = b"GET /chat HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\n\
                     Upgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n";
const SWITCH: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\
                        Upgrade: websocket\r\nSec-WebSocket-Accept: s\r\n\r\n";
const CONNECT: &[u8] = b"CONNECT db:5432 HTTP/1.1\r\nHost: db:5432\r\n\r\n";

/// A client in clear text or over TLS, with its ways to end.
trait Client: Peer + Sized {
    /// The last word of this direction, and no more.
    fn end(&mut self);
    /// All that there is to hear, and a clean end behind it.
    fn clean(bytes: &[u8]) -> Last;
}

impl Client for Raw {
    fn end(&mut self) {
        self.fin();
    }

    fn clean(bytes: &[u8]) -> Last {
        Last::plain(bytes, End::Fin)
    }
}

impl Client for Secure {
    fn end(&mut self) {
        self.close_notify();
        self.fin();
    }

    fn clean(bytes: &[u8]) -> Last {
        Last::notified(bytes)
    }
}

/// The same in clear text and over both versions of TLS.
macro_rules! everywhere {
    ($test:ident) => {{
        let origin = Origin::new();
        let proxy = Proxy::http(origin.address());
        $test(&proxy, &origin, proxy.client());
        let proxy = Proxy::https(origin.address());
        for version in Version::BOTH {
            $test(&proxy, &origin, proxy.secure(version));
        }
    }};
}

/// The client and its origin have left HTTP.
fn switched(client: &mut impl Client, origin: &Origin) -> Raw {
    client.say(ASK);
    let mut up = origin.accept();
    let asked = up.message();
    assert_eq!(asked.line(), "GET /chat HTTP/1.1");
    assert_eq!(asked.field("upgrade"), Some("websocket"));
    assert_eq!(asked.field("connection"), Some("upgrade"));
    assert_eq!(asked.field("sec-websocket-key"), Some("k"));
    up.say(SWITCH);
    let answer = client.bare();
    assert_eq!(answer.line(), "HTTP/1.1 101 Switching Protocols");
    assert_eq!(answer.field("upgrade"), Some("websocket"));
    assert_eq!(answer.field("connection"), Some("upgrade"));
    assert_eq!(answer.field("sec-websocket-accept"), Some("s"));
    up
}

#[test]
fn w1_bytes_go_both_ways_as_they_are() {
    fn bytes(_: &Proxy, origin: &Origin, mut client: impl Client) {
        let mut up = switched(&mut client, origin);
        let all = pattern(300_000);
        // Nothing of it is HTTP, even if it looks so.
        client.say(ASK);
        assert_eq!(up.hear(ASK.len()), ASK);
        for part in all.chunks(50_000) {
            up.say(part);
            assert!(client.hear(part.len()) == part);
            client.say(part);
            assert!(up.hear(part.len()) == part);
        }
    }
    everywhere!(bytes);
}

#[test]
fn w1_bytes_behind_either_head_go_first() {
    fn behind(_: &Proxy, origin: &Origin, mut client: impl Client) {
        // More than any one read brings, and more than waits for a relay's room.
        let (first, answer) = (pattern(100_000), pattern(90_000));
        client.say(&[ASK, &first].concat());
        let mut up = origin.accept();
        up.message();
        up.say(&[SWITCH, &answer].concat());
        client.bare();
        assert!(client.hear(answer.len()) == answer);
        assert!(up.hear(first.len()) == first);
        client.say(b"more");
        assert_eq!(up.hear(4), b"more");
        up.say(b"more");
        assert_eq!(client.hear(4), b"more");
    }
    everywhere!(behind);
}

#[test]
fn w1_bytes_and_ends_behind_both_heads_are_kept_for_a_slow_origin() {
    let origin = Origin::narrow(4096);
    let rest = "send_buffer = \"4608B\"\n[limits]\nrelay = \"4KiB\"\nhead = \"128KiB\"";
    let proxy = Proxy::configured(origin.address(), "", rest);
    let mut client = proxy.client();
    let first = pattern(60_000);
    proxy.process.pause();
    client.say(&[ASK, &first].concat());
    client.fin();
    proxy.process.resume();
    let mut up = origin.accept();
    up.head();
    // The whole of the origin's direction is over while most of the client's waits for it.
    up.say(&[SWITCH, b"bye"].concat());
    up.fin();
    client.bare();
    assert_eq!(client.last(), Last::plain("bye", End::Fin));
    drop(client);
    assert!(up.last() == Last::plain(first, End::Fin));
}

#[test]
fn w4_t05_a_bare_fin_is_no_clean_end_of_a_tunnel() {
    for version in Version::BOTH {
        let origin = Origin::new();
        let proxy = Proxy::https(origin.address());
        let mut client = proxy.secure(version);
        let mut up = switched(&mut client, &origin);
        client.say(b"last");
        client.fin();
        assert_eq!(up.last(), Last::plain("last", End::Reset));
    }
}

#[test]
fn w5_an_origin_that_ends_before_it_switches_is_a_502() {
    let origin = Origin::new();
    let proxy = Proxy::http(origin.address());
    let mut client = proxy.client();
    let ends: [fn(Raw); 3] = [
        |up| up.fin(),
        Raw::reset,
        |mut up| up.say(b"HTTP/1.1 101 Swi"),
    ];
    // What may be sent again is, first (U04).
    let ask = [b"POST", &ASK[3..]].concat();
    for end in ends {
        client.say(&ask);
        let mut up = origin.accept();
        up.message();
        end(up);
        let answer = client.message();
        assert_eq!((answer.status(), answer.field("connection")), (502, None));
    }
}

#[test]
fn w5_101_to_whom_has_not_asked_is_a_502() {
    let asks: [&[u8]; 3] = [
        b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
        // Asked for, but of nobody behind us.
        b"GET /a HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
        b"POST /a HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
          Content-Length: 2\r\n\r\nhi",
    ];
    let origin = Origin::new();
    let proxy = Proxy::http(origin.address());
    let mut client = proxy.client();
    for ask in asks {
        client.say(ask);
        let mut up = origin.accept();
        assert_eq!(up.message().field("upgrade"), None);
        up.say(&[SWITCH, b"not HTTP"].concat());
        assert_eq!(client.message().status(), 502);
        assert_eq!(up.last(), Last::plain("", End::Reset));
    }
}

#[test]
fn w5_both_legs_go_on_in_http_where_an_upgrade_is_declined() {
    let (_stage, mut client, mut up) = http(ASK);
    for _ in 0..2 {
        assert_eq!(up.message().line(), "GET /chat HTTP/1.1");
        up.say(
            b"HTTP/1.1 426 No\r\nConnection: upgrade\r\nUpgrade: a\r\nContent-Length: 0\r\n\r\n",
        );
        let answer = client.message();
        assert_eq!((answer.status(), answer.field("upgrade")), (426, None));
        client.say(ASK);
    }
}

#[test]
fn w6_a_clients_fin_before_the_switch_is_passed_on_behind_it() {
    fn ends(_: &Proxy, origin: &Origin, mut client: impl Client) {
        client.say(ASK);
        client.end();
        let mut up = origin.accept();
        up.message();
        up.say(SWITCH);
        assert_eq!(up.last(), Last::plain("", End::Fin));
        up.say(b"still here");
        up.fin();
        assert_eq!(client.bare().status(), 101);
        assert_eq!(client.last(), clean(&client, b"still here"));
    }
    everywhere!(ends);
}

#[test]
fn w1_connect_goes_to_a_cluster_that_takes_it() {
    let (_stage, mut client, mut up) =
        configured("", "connect = true", &[CONNECT, b"hello"].concat());
    let asked = up.message();
    assert_eq!(asked.line(), "CONNECT db:5432 HTTP/1.1");
    up.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nworld");
    let answer = client.bare();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.field("content-length"), None);
    assert_eq!(client.hear(5), b"world");
    assert_eq!(up.hear(5), b"hello");
    client.fin();
    assert_eq!(up.last(), Last::plain("", End::Fin));
    up.fin();
    assert_eq!(client.last(), Last::plain("", End::Fin));
}

/// Whoever sends CONNECT may have more on its way already: none of that is a request.
#[test]
fn w5_nothing_behind_a_connect_that_is_refused_is_taken_for_http() {
    let origin = Origin::new();
    let smuggled = [CONNECT, b"GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n"].concat();
    let proxy = Proxy::http(origin.address());
    let mut client = proxy.client();
    client.say(&smuggled);
    let answer = client.message();
    assert_eq!(
        (answer.status(), answer.field("connection")),
        (501, Some("close"))
    );
    assert_eq!(client.last(), Last::plain("", End::Fin));
    assert!(origin.is_untouched());
    // The same where it is the origin that refuses.
    let proxy = Proxy::configured(origin.address(), "", "connect = true");
    let mut client = proxy.client();
    client.say(&smuggled);
    let mut up = origin.accept();
    up.message();
    up.say(b"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno");
    let answer = client.message();
    assert_eq!(
        (answer.status(), answer.field("connection")),
        (403, Some("close"))
    );
    assert_eq!(client.last(), Last::plain("", End::Fin));
    assert!(up.is_quiet() && origin.is_untouched());
    client = proxy.client();
    client.say(b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(up.message().line(), "GET /a HTTP/1.1");
    up.say(OK);
    assert_eq!(client.message().body, b"ok");
}

/// A proxy in its drain, and a tunnel that it has still to carry.
fn draining(rest: &str) -> (Proxy, Raw, Raw) {
    let origin = Origin::new();
    let mut proxy = Proxy::configured(origin.address(), "", rest);
    let mut client = proxy.client();
    let up = switched(&mut client, &origin);
    proxy.process.signal(Signal::TERM);
    let begun = |said: &str| said.contains("draining").then_some(());
    proxy.process.until("the drain", begun);
    (proxy, client, up)
}

#[test]
fn g6_a_tunnel_goes_on_in_a_drain_and_ends_as_it_would_have() {
    let (proxy, mut client, mut up) = draining("");
    // It has begun everywhere when every listener is closed.
    while let Ok(early) = Raw::try_connect(proxy.address) {
        early.reset();
    }
    up.say(b"frame");
    assert_eq!(client.hear(5), b"frame");
    client.say(b"last");
    client.fin();
    assert_eq!(up.last(), Last::plain("last", End::Fin));
    up.say(b"answer");
    up.fin();
    assert_eq!(client.last(), Last::plain("answer", End::Fin));
    drop((client, up));
    assert_eq!(proxy.process.end().code(), Some(0));
}

#[test]
fn g6_g9_the_drains_deadline_resets_a_tunnel() {
    let (proxy, mut client, mut up) = draining("[drain]\ntimeout = \"100ms\"");
    assert_eq!(client.last(), Last::plain("", End::Reset));
    assert_eq!(up.last(), Last::plain("", End::Reset));
    assert_eq!(proxy.process.end().code(), Some(4));
}

fn clean<C: Client>(_: &C, bytes: &[u8]) -> Last {
    C::clean(bytes)
}
