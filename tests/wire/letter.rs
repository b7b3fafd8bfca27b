//! The knobs of LIFECYCLE 4.12 for TLS: what an operator may ask for instead.

use crate::{
    harness::Proxy,
    peers::{End, Last, Origin, Peer},
    secure::Version,
};

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
