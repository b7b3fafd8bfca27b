//! Ends that wait for nothing, by the clock (LIFECYCLE section 3, L0).
//!
//! The simulation proves this to the microsecond of its own network; what it has not is a kernel, which has to
//! tell the proxy. No deadline here is short enough to help out: what an alarm found would be late.

use crate::{
    exchange::{GET, answered, http},
    harness::Proxy,
    peers::{End, Last, Origin, Peer, Raw},
    secure::Version,
};
use std::time::{Duration, Instant};

/// What L0 allows, and three times as much again for a busy machine; the shortest wait of the proxy is a second.
const AT_ONCE: Duration = Duration::from_millis(200);

/// A busy machine may keep one of them waiting, but not each.
const TRIES: usize = 8;

/// From the end that `ends` makes to the one that it returns with, once, is no time.
#[allow(clippy::disallowed_methods, reason = "what is measured is the clock's")]
fn is_at_once<T>(what: &str, prepare: impl Fn() -> T, ends: impl Fn(T)) {
    let took = |_| {
        let ready = prepare();
        let begun = Instant::now();
        ends(ready);
        begun.elapsed()
    };
    let least = (0..TRIES).map(took).find(|took| *took < AT_ONCE);
    assert!(least.is_some(), "{what} takes time, {TRIES} times in a row");
}

fn fin(ends: &Raw, mut hears: impl Peer) {
    ends.fin();
    assert_eq!(hears.last(), Last::plain("", End::Fin));
}

#[test]
fn r02_a_fin_is_passed_on_at_once() {
    let origin = Origin::new();
    let proxy = Proxy::tcp(origin.address());
    let relay = || {
        let client = proxy.client();
        (client, origin.accept())
    };
    is_at_once("a client's FIN", relay, |(client, up)| fin(&client, up));
    is_at_once("an origin's FIN", relay, |(client, up)| fin(&up, client));
}

#[test]
fn t01_t08_a_close_notify_is_passed_on_at_once() {
    let origin = Origin::new();
    let proxy = Proxy::tls(origin.address());
    for version in Version::BOTH {
        let relay = || {
            let client = proxy.secure(version);
            (client, origin.accept())
        };
        is_at_once("a client's close_notify", relay, |(mut client, mut up)| {
            client.close_notify();
            assert_eq!(up.last(), Last::plain("", End::Fin));
        });
        is_at_once("an origin's FIN", relay, |(mut client, up)| {
            up.fin();
            assert_eq!(client.last(), Last::notified(""));
        });
    }
}

#[test]
fn h01_h12_an_http_connection_ends_at_once() {
    let kept = || {
        let (stage, mut client, mut up) = http(GET);
        answered(&mut client, &mut up);
        (stage, client, up)
    };
    is_at_once("FIN for a client's", kept, |(_stage, mut client, _up)| {
        client.fin();
        assert_eq!(client.last(), Last::plain("", End::Fin));
    });
    let asked = || {
        let (stage, client, mut up) =
            http(b"GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        up.message();
        (stage, client, up)
    };
    is_at_once(
        "FIN behind an answer",
        asked,
        |(_stage, mut client, mut up)| {
            answered_last(&mut client, &mut up);
        },
    );
}

/// The origin answers, and the client's connection ends behind that.
fn answered_last(client: &mut Raw, up: &mut Raw) {
    up.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let last = client.last();
    assert!(last.bytes.ends_with(b"\r\n\r\nok"), "{last:?}");
    assert_eq!((last.notified, last.end), (false, End::Fin));
}
