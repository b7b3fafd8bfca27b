//! An exchange that has begun: a client that has asked, and its origin, whose connection is there.
//!
//! Owns the words that most tests say. What becomes of the exchange is theirs.

use crate::{
    harness::Proxy,
    peers::{Origin, Peer, Raw},
    secure::{Secure, Version},
};

pub(crate) const GET: &[u8] = b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
pub(crate) const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// The proxy between the two, and the door of the origin. Whoever lets go of it ends the proxy.
pub(crate) struct Stage {
    pub(crate) proxy: Proxy,
    pub(crate) origin: Origin,
}

impl Stage {
    fn new(start: impl FnOnce(&Origin) -> Proxy) -> Stage {
        let origin = Origin::new();
        let proxy = start(&origin);
        Stage { proxy, origin }
    }

    fn asked<C: Peer>(self, mut client: C, request: &[u8]) -> (Stage, C, Raw) {
        client.say(request);
        let up = self.origin.accept();
        (self, client, up)
    }
}

/// A client in clear text that has said `request`; the origin has yet to hear it.
pub(crate) fn http(request: &[u8]) -> (Stage, Raw, Raw) {
    let stage = Stage::new(|origin| Proxy::http(origin.address()));
    let client = stage.proxy.client();
    stage.asked(client, request)
}

/// The same over TLS that the proxy ends.
pub(crate) fn https(version: Version, request: &[u8]) -> (Stage, Secure, Raw) {
    let stage = Stage::new(|origin| Proxy::https(origin.address()));
    let client = stage.proxy.secure(version);
    stage.asked(client, request)
}

/// The same in clear text, where these lines configure the listener and the rest.
pub(crate) fn configured(listener: &str, rest: &str, request: &[u8]) -> (Stage, Raw, Raw) {
    let stage = Stage::new(|origin| Proxy::configured(origin.address(), listener, rest));
    let client = stage.proxy.client();
    stage.asked(client, request)
}

/// The origin answers what it was asked, and the client hears it.
pub(crate) fn answered(client: &mut impl Peer, up: &mut Raw) {
    up.message();
    up.say(OK);
    assert_eq!(client.message().body, b"ok");
}
