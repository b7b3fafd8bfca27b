//! TCP relays, in clear text and with TLS ended at the proxy: ends carried over as they were
//! (LIFECYCLE 4.1, 4.3).

use crate::{
    harness::Proxy,
    peers::{End, Last, Origin, Peer, Raw, pattern},
    secure::{Secure, Version},
};
use std::thread;

/// A relay with a client on one side and an origin on the other.
struct Relay {
    proxy: Proxy,
    client: Raw,
    up: Raw,
}

fn relay() -> Relay {
    let origin = Origin::new();
    let proxy = Proxy::tcp(origin.address());
    let client = proxy.client();
    let up = origin.accept();
    Relay { proxy, client, up }
}

fn secure(version: Version) -> (Proxy, Secure, Raw) {
    let origin = Origin::new();
    let proxy = Proxy::tls(origin.address());
    let client = proxy.secure(version);
    let up = origin.accept();
    (proxy, client, up)
}

impl Relay {
    /// Lets something happen between two words of the same peer that the proxy hears at once.
    fn at_once(&mut self, happens: impl FnOnce(&mut Raw, &mut Raw)) {
        self.proxy.process.pause();
        happens(&mut self.client, &mut self.up);
        self.proxy.process.resume();
    }
}

#[test]
fn r01_bytes_go_both_ways() {
    let mut relay = relay();
    relay.client.say(b"ping");
    assert_eq!(relay.up.hear(4), b"ping");
    relay.up.say(b"pong!");
    assert_eq!(relay.client.hear(5), b"pong!");
}

#[test]
fn r02_r07_client_half_close() {
    let Relay {
        proxy: _proxy,
        mut client,
        mut up,
    } = relay();
    client.say(b"question");
    client.fin();
    assert_eq!(up.last(), Last::plain("question", End::Fin));
    up.say(b"one ");
    assert_eq!(client.hear(4), b"one ");
    up.say(b"two");
    up.fin();
    assert_eq!(client.last(), Last::plain("two", End::Fin));
}

#[test]
fn r02_r07_origin_half_close() {
    let Relay {
        proxy: _proxy,
        mut client,
        mut up,
    } = relay();
    up.say(b"greeting");
    up.fin();
    assert_eq!(client.last(), Last::plain("greeting", End::Fin));
    client.say(b"one ");
    assert_eq!(up.hear(4), b"one ");
    client.say(b"two");
    client.fin();
    assert_eq!(up.last(), Last::plain("two", End::Fin));
}

#[test]
fn r04_data_and_fin_in_one_event() {
    let mut relay = relay();
    relay.at_once(|client, up| {
        client.say_last(b"last of the client");
        up.say_last(b"last of the origin");
    });
    let Relay { client, up, .. } = &mut relay;
    assert_eq!(up.last(), Last::plain("last of the client", End::Fin));
    assert_eq!(client.last(), Last::plain("last of the origin", End::Fin));
}

#[test]
fn r08_simultaneous_fins() {
    let mut relay = relay();
    relay.at_once(|client, up| {
        client.fin();
        up.fin();
    });
    assert_eq!(relay.up.last(), Last::plain("", End::Fin));
    assert_eq!(relay.client.last(), Last::plain("", End::Fin));
}

#[test]
fn r03_fire_and_forget_loses_nothing() {
    let mut relay = relay();
    let bytes = pattern(5_000_000);
    thread::scope(|scope| {
        let Relay { client, up, .. } = &mut relay;
        scope.spawn(|| {
            client.say(&bytes);
            client.fin();
        });
        let heard = up.last();
        assert!(heard == Last::plain(bytes.as_slice(), End::Fin));
    });
}

#[test]
fn r10_origin_reset_after_data() {
    let Relay {
        proxy: _proxy,
        mut client,
        mut up,
    } = relay();
    let bytes = pattern(100_000);
    up.say(&bytes);
    assert!(client.hear(bytes.len()) == bytes);
    up.reset();
    assert_eq!(client.last(), Last::plain("", End::Reset));
}

#[test]
fn r10_client_reset_after_data() {
    let Relay {
        proxy: _proxy,
        mut client,
        mut up,
    } = relay();
    let bytes = pattern(100_000);
    client.say(&bytes);
    assert!(up.hear(bytes.len()) == bytes);
    client.reset();
    assert_eq!(up.last(), Last::plain("", End::Reset));
}

#[test]
fn r10_a_reset_does_not_overtake_bytes() {
    let Relay {
        proxy,
        mut client,
        mut up,
    } = relay();
    up.say(b"hello");
    assert_eq!(client.hear(5), b"hello");
    proxy.process.pause();
    up.say(b"the last of it");
    up.reset();
    proxy.process.resume();
    assert_eq!(client.last(), Last::plain("the last of it", End::Reset));
}

#[test]
fn r10_words_of_an_origin_that_resets_at_once() {
    let origin = Origin::new();
    let proxy = Proxy::tcp(origin.address());
    // Sometimes the proxy learns of the reset together with the connection, sometimes later.
    for _ in 0..32 {
        let mut client = proxy.client();
        let mut up = origin.accept();
        up.say(b"all of it");
        up.reset();
        assert_eq!(client.last(), Last::plain("all of it", End::Reset));
    }
}

#[test]
fn r12_reset_after_the_clients_fin() {
    let Relay {
        proxy: _proxy,
        mut client,
        mut up,
    } = relay();
    client.say(b"question");
    client.fin();
    assert_eq!(up.last(), Last::plain("question", End::Fin));
    up.reset();
    assert_eq!(client.last(), Last::plain("", End::Reset));
}

#[test]
fn r21_refused_endpoint_resets_the_client() {
    let nobody = Origin::new().address();
    let proxy = Proxy::tcp(nobody);
    let client = Raw::try_connect(proxy.address);
    // It may come as early as that.
    let end = client.map_or(End::Reset, |mut client| {
        let last = client.last();
        assert_eq!(last.bytes, b"");
        last.end
    });
    assert_eq!(end, End::Reset);
}

#[test]
fn tls_relay_carries_bytes_and_t08_its_end() {
    for version in Version::BOTH {
        let (_proxy, mut client, mut up) = secure(version);
        client.say(b"ping");
        assert_eq!(up.hear(4), b"ping");
        let bytes = pattern(50_000);
        up.say(&bytes);
        up.fin();
        assert!(client.last() == Last::notified(bytes), "{version:?}");
    }
}

#[test]
fn t01_close_notify_is_forwarded_and_the_answer_comes() {
    for version in Version::BOTH {
        let (_proxy, mut client, mut up) = secure(version);
        client.say(b"question");
        client.close_notify();
        assert_eq!(up.last(), Last::plain("question", End::Fin));
        up.say(b"answer");
        up.fin();
        assert_eq!(client.last(), Last::notified("answer"), "{version:?}");
    }
}

#[test]
fn t03_fin_after_close_notify_changes_nothing() {
    let (_proxy, mut client, mut up) = secure(Version::Tls13);
    client.say(b"question");
    client.close_notify();
    client.fin();
    assert_eq!(up.last(), Last::plain("question", End::Fin));
    up.say(b"answer");
    up.fin();
    assert_eq!(client.last(), Last::notified("answer"));
}

#[test]
fn t05_bare_fin_becomes_a_reset() {
    for version in Version::BOTH {
        let (_proxy, mut client, mut up) = secure(version);
        let bytes = pattern(50_000);
        client.say(&bytes);
        client.fin();
        // Nothing is lost on the way to the reset, even to a reader that comes late.
        let heard = up.last();
        assert!(heard == Last::plain(bytes, End::Reset), "{version:?}");
    }
}

#[test]
fn t06_client_reset_is_carried() {
    let (_proxy, mut client, mut up) = secure(Version::Tls13);
    client.say(b"some");
    assert_eq!(up.hear(4), b"some");
    client.reset();
    assert_eq!(up.last(), Last::plain("", End::Reset));
}

#[test]
fn t09_origin_reset_is_not_laundered() {
    for version in Version::BOTH {
        let (_proxy, mut client, mut up) = secure(version);
        let bytes = pattern(50_000);
        up.say(&bytes);
        assert!(client.hear(bytes.len()) == bytes);
        up.reset();
        assert_eq!(client.last(), Last::plain("", End::Reset), "{version:?}");
    }
}

#[test]
fn t11_upload_goes_on_after_the_origins_fin() {
    let (_proxy, mut client, mut up) = secure(Version::Tls13);
    up.say(b"hello");
    up.fin();
    assert_eq!(client.hear(5), b"hello");
    client.say(b"upload");
    assert_eq!(up.hear(6), b"upload");
    client.say(b"!");
    client.close_notify();
    client.fin();
    assert_eq!(up.last(), Last::plain("!", End::Fin));
    assert_eq!(client.last(), Last::notified(""));
}

#[test]
fn t14_an_end_inside_the_handshake_never_dials() {
    let origin = Origin::new();
    let proxy = Proxy::tls(origin.address());
    let mut client = proxy.client();
    client.say(b"\x16\x03\x01");
    client.fin();
    client.last();
    assert!(origin.is_untouched());
}
