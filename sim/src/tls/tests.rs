//! One seed, one wire: every byte of a handshake, an exchange and both ends.

use super::*;
use rustls::{ClientConnection, ServerConnection};
use std::io::{Read, Write};

/// Carries what one side has to say to the other, and writes it down.
macro_rules! carry {
    ($from:expr, $to:expr, $wire:expr) => {
        while $from.wants_write() {
            let mut bytes = Vec::new();
            $from.write_tls(&mut bytes).unwrap();
            $to.read_tls(&mut bytes.as_slice()).unwrap();
            $to.process_new_packets().unwrap();
            $wire.push(bytes);
        }
    };
}

/// The wire of one connection: a request, an answer, close_notify both ways.
fn wire(seed: u64, version: Version) -> Vec<Vec<u8>> {
    reseed(seed);
    let client = client_config(Party::Client, version);
    let server = server_config(Party::Proxy, &[Version::Tls12, Version::Tls13]);
    let mut client = ClientConnection::new(client, proxy_name()).unwrap();
    let mut server = ServerConnection::new(server).unwrap();
    let mut wire = Vec::new();
    while client.is_handshaking() || server.is_handshaking() {
        carry!(client, server, wire);
        carry!(server, client, wire);
    }
    let mut got = [0; 100];
    client.writer().write_all(b"request").unwrap();
    carry!(client, server, wire);
    assert_eq!(server.reader().read(&mut got).unwrap(), 7);
    server.writer().write_all(b"answer").unwrap();
    server.send_close_notify();
    carry!(server, client, wire);
    assert_eq!(client.reader().read(&mut got).unwrap(), 6);
    assert_eq!(client.reader().read(&mut got).unwrap(), 0);
    client.send_close_notify();
    carry!(client, server, wire);
    assert_eq!(client.protocol_version(), Some(version.protocol().version));
    wire
}

#[test]
fn one_seed_gives_one_wire() {
    for version in [Version::Tls12, Version::Tls13] {
        let first = wire(7, version);
        assert_eq!(first, wire(7, version));
        let other = wire(8, version);
        assert_ne!(first, other);
        let sizes = |wire: &[Vec<u8>]| wire.iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(sizes(&first), sizes(&other), "the shape is the same");
    }
}

#[test]
fn parties_draw_from_streams_of_their_own() {
    let draw = |party| {
        let mut bytes = [0; 8];
        provider(party).secure_random.fill(&mut bytes).unwrap();
        bytes
    };
    reseed(1);
    let origin = draw(Party::Origin);
    reseed(1);
    assert_ne!(draw(Party::Client), origin);
    assert_eq!(draw(Party::Origin), origin);
}

#[test]
fn another_thread_draws_the_same() {
    let here = wire(9, Version::Tls13);
    let there = std::thread::spawn(|| wire(9, Version::Tls13));
    assert_eq!(there.join().unwrap(), here);
}
