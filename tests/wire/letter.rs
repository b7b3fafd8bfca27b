//! The knobs of LIFECYCLE 4.12: what an operator may ask for instead.

use crate::{
    harness::Proxy,
    peers::{End, Last, Origin, Peer, Raw},
    secure::Version,
};

const GET: &[u8] = b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const ASK: &[u8] = b"GET /chat HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n";
const SWITCH: &[u8] =
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n";

const STRICT: &str = "kind = \"tcp\"\ntls = \"dev\"\ntls12_half_close = \"strict\"";

#[test]
fn t02_strict_answers_a_close_notify_of_tls_1_2_and_says_no_more() {
    let origin = Origin::new();
    let proxy = Proxy::configured(origin.address(), STRICT, "");
    let mut client = proxy.secure(Version::Tls12);
    client.say(b"last words");
    client.close_notify();
    let mut up = origin.accept();
    // The origin has not ended, and the client has its answer.
    assert_eq!(client.last(), Last::notified(""));
    // What was said before the end is delivered, and then nobody listens (R12).
    assert_eq!(up.hear(10), b"last words");
    let last = up.last();
    assert!(last.bytes.is_empty(), "{last:?}");
}

#[test]
fn t02_strict_is_not_about_tls_1_3() {
    let origin = Origin::new();
    let proxy = Proxy::configured(origin.address(), STRICT, "");
    let mut client = proxy.secure(Version::Tls13);
    client.say(b"last words");
    client.close_notify();
    let mut up = origin.accept();
    assert_eq!(up.last(), Last::plain("last words", End::Fin));
    up.say(b"answer");
    up.fin();
    assert_eq!(client.last(), Last::notified("answer"));
}

#[test]
fn t02_strict_gives_up_a_response_that_is_pending() {
    let origin = Origin::new();
    let listener = "tls = \"dev\"\ntls12_half_close = \"strict\"";
    let proxy = Proxy::configured(origin.address(), listener, "");
    let mut client = proxy.secure(Version::Tls12);
    client.say(b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    let mut up = origin.accept();
    up.message();
    client.close_notify();
    assert_eq!(client.last(), Last::notified(""));
    assert_eq!(up.last(), Last::plain("", End::Reset));
}

#[test]
fn t05_bare_fin_clean_takes_a_fin_for_an_end() {
    let origin = Origin::new();
    let listener = "kind = \"tcp\"\ntls = \"dev\"\nbare_fin = \"clean\"";
    let proxy = Proxy::configured(origin.address(), listener, "");
    for version in Version::BOTH {
        let mut client = proxy.secure(version);
        client.say(b"all");
        client.fin();
        let mut up = origin.accept();
        assert_eq!(up.last(), Last::plain("all", End::Fin));
        up.say(b"answer");
        up.fin();
        assert_eq!(client.last(), Last::notified("answer"));
    }
}

/// A request that is with its origin.
fn in_flight(client: &mut impl Peer, origin: &Origin) -> Raw {
    client.say(GET);
    let mut up = origin.accept();
    assert_eq!(up.message().line(), "GET /a HTTP/1.1");
    up
}

#[test]
fn h07b_cancel_takes_a_fin_for_a_client_that_is_gone() {
    let origin = Origin::new();
    let proxy = Proxy::configured(origin.address(), "client_fin = \"cancel\"", "");
    let mut client = proxy.client();
    let mut up = in_flight(&mut client, &origin);
    client.fin();
    assert_eq!(up.last(), Last::plain("", End::Reset));
    assert_eq!(client.last(), Last::plain("", End::Reset));
    let listener = "client_fin = \"cancel\"\ntls = \"dev\"";
    let proxy = Proxy::configured(origin.address(), listener, "");
    for version in Version::BOTH {
        let mut client = proxy.secure(version);
        let mut up = in_flight(&mut client, &origin);
        client.close_notify();
        assert_eq!(up.last(), Last::plain("", End::Reset), "{version:?}");
    }
}

const PROBE: &str = "client_fin = \"probe\"";

#[test]
fn h07b_probe_is_ignored_by_a_client_that_still_hears() {
    let origin = Origin::new();
    let proxy = Proxy::configured(origin.address(), PROBE, "");
    let mut client = proxy.client();
    let mut up = in_flight(&mut client, &origin);
    client.fin();
    // A 100 that it did not ask for, and then nothing until the origin answers.
    let interim = client.bare();
    assert_eq!(interim.line(), "HTTP/1.1 100 Continue");
    assert!(up.is_quiet());
    up.say(OK);
    let answer = client.message();
    assert_eq!((answer.status(), answer.body.as_slice()), (200, &b"ok"[..]));
    assert_eq!(client.last(), Last::plain("", End::Fin));
}

/// The client closes its socket, and says no more than one that still hears would: FIN. The probe
/// draws a reset from its kernel, and that is what the origin is told of (H08).
#[test]
fn h07b_h08_probe_finds_a_client_that_is_gone() {
    let origin = Origin::new();
    let proxy = Proxy::configured(origin.address(), PROBE, "");
    let mut client = proxy.client();
    let mut up = in_flight(&mut client, &origin);
    drop(client);
    assert_eq!(up.last(), Last::plain("", End::Reset));
    let listener = format!("{PROBE}\ntls = \"dev\"");
    let proxy = Proxy::configured(origin.address(), &listener, "");
    for version in Version::BOTH {
        let mut client = proxy.secure(version);
        let mut up = in_flight(&mut client, &origin);
        client.close_notify();
        drop(client);
        assert_eq!(up.last(), Last::plain("", End::Reset), "{version:?}");
    }
}

/// RFC 9110, 15.2: HTTP/1.0 has no interim responses.
#[test]
fn h07b_an_old_client_is_not_probed() {
    let origin = Origin::new();
    let proxy = Proxy::configured(origin.address(), PROBE, "");
    let mut client = proxy.client();
    client.say(b"GET /a HTTP/1.0\r\nHost: h\r\n\r\n");
    let mut up = origin.accept();
    up.message();
    client.fin();
    // The answer is all that it hears.
    up.leg().until_read();
    up.say(OK);
    let answer = client.message();
    assert_eq!((answer.status(), answer.body.as_slice()), (200, &b"ok"[..]));
}

/// The client and its origin have left HTTP, where one end is the end of both connections.
fn switched(origin: &Origin, proxy: &Proxy) -> (Raw, Raw) {
    let mut client = proxy.client();
    client.say(ASK);
    let mut up = origin.accept();
    up.message();
    up.say(SWITCH);
    assert_eq!(client.bare().status(), 101);
    (client, up)
}

#[test]
fn w2_w3_tunnel_close_both_closes_both() {
    let origin = Origin::new();
    let proxy = Proxy::configured(origin.address(), "tunnel_close = \"both\"", "");
    let (mut client, mut up) = switched(&origin, &proxy);
    client.say(b"last words");
    client.fin();
    // Neither has ended for the other one: the proxy has closed both.
    assert_eq!(up.last(), Last::plain("last words", End::Fin));
    assert_eq!(client.last(), Last::plain("", End::Fin));
    let (mut client, mut up) = switched(&origin, &proxy);
    up.say(b"last words");
    up.fin();
    assert_eq!(client.last(), Last::plain("last words", End::Fin));
    assert_eq!(up.last(), Last::plain("", End::Fin));
}

#[test]
fn r24_idle_finish_ends_both_legs_of_a_relay() {
    let origin = Origin::new();
    let listener = "kind = \"tcp\"\nidle = \"finish\"\ntimeouts = { tunnel = \"50ms\" }";
    let proxy = Proxy::configured(origin.address(), listener, "");
    let mut client = proxy.client();
    let mut up = origin.accept();
    assert_eq!(client.last(), Last::plain("", End::Fin));
    assert_eq!(up.last(), Last::plain("", End::Fin));
    let listener = format!("{listener}\ntls = \"dev\"");
    let proxy = Proxy::configured(origin.address(), &listener, "");
    let mut client = proxy.secure(Version::Tls13);
    assert_eq!(client.last(), Last::notified(""));
}
