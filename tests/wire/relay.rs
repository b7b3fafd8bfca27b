//! TCP relays, in clear text and with TLS ended at the proxy: what two ends at one moment, or one
//! in the middle of something else, come to (LIFECYCLE 4.1, 4.3). Each end by itself is a scenario
//! of the probe.

use crate::{
    harness::Proxy,
    peers::{End, Last, Origin, Peer, Raw},
    secure::{Secure, Version},
};
use std::process::Command;

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

/// Segments that have come in on this end's connection.
fn segments_in(peer: &Raw) -> u32 {
    let stream = peer.stream();
    let (ours, theirs) = (stream.local_addr().unwrap(), stream.peer_addr().unwrap());
    let of = format!("src {ours} and dst {theirs}");
    let done = Command::new("ss").args(["-tinH", &of]).output().unwrap();
    let said = String::from_utf8(done.stdout).unwrap();
    let count = said.split("segs_in:").nth(1).expect("it counts segments");
    let count = count.split_whitespace().next().unwrap_or_default();
    count.parse().expect("a number")
}

#[test]
fn what_a_client_says_at_once_rides_on_the_handshake_with_the_origin() {
    let origin = Origin::new();
    let proxy = Proxy::tcp(origin.address());
    let first = || {
        // It is there when the proxy accepts.
        proxy.process.pause();
        let mut client = proxy.client();
        client.say(b"first");
        proxy.process.resume();
        let mut up = origin.accept();
        assert_eq!(up.hear(5), b"first");
        let segments = segments_in(&up);
        up.say(b"answer");
        assert_eq!(client.hear(6), b"answer");
        segments
    };
    // An ACK waits for 40 ms at least. Where the proxy is held up for longer it leaves by itself, and the words
    // come behind it.
    let least = (0..10).map(|_| first()).min();
    assert_eq!(least, Some(2), "the SYN, and an ACK with the words");
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
fn t14_an_end_inside_the_handshake_never_dials() {
    let origin = Origin::new();
    let proxy = Proxy::tls(origin.address());
    let mut client = proxy.client();
    client.say(b"\x16\x03\x01");
    client.fin();
    client.last();
    assert!(origin.is_untouched());
}
