//! `openssl s_client` as the client: what another TLS implementation makes of our ends.

use crate::{
    harness::{Proxy, Running, arg},
    peers::{End, Last, Origin, Peer},
};
use std::process::Command;

/// Connects, showing every TLS message by its name.
fn s_client(proxy: &Proxy, flags: &[&str]) -> Running {
    let (authority, address) = (proxy.authority(), proxy.address.to_string());
    let mut openssl = Command::new("openssl");
    openssl
        .args(["s_client", "-connect", &address, "-servername", "localhost"])
        .args(["-CAfile", arg(&authority), "-verify_return_error", "-msg"])
        .args(flags);
    Running::start(&mut openssl, "openssl")
}

/// How often an alert went in this direction: `<<<` is what we sent.
fn notified(said: &str, direction: &str) -> usize {
    said.lines()
        .filter(|line| line.starts_with(direction) && line.contains("close_notify"))
        .count()
}

#[test]
fn t08_an_exchange_ends_with_close_notify() {
    for version in ["-tls1_2", "-tls1_3"] {
        let origin = Origin::new();
        let proxy = Proxy::https(origin.address());
        let mut client = s_client(&proxy, &[version, "-ign_eof"]);
        client.say(b"GET /a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let mut up = origin.accept();
        assert_eq!(up.message().line(), "GET /a HTTP/1.1");
        up.say(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
        let done = client.end();
        assert!(done.said.contains("Verify return code: 0"), "{}", done.said);
        assert!(done.said.contains("hello"), "{}", done.said);
        assert_eq!(notified(&done.said, "<<<"), 1, "{}", done.said);
    }
}

#[test]
fn t01_end_of_input_is_carried_to_the_origin() {
    for version in ["-tls1_2", "-tls1_3"] {
        let origin = Origin::new();
        let proxy = Proxy::tls(origin.address());
        let mut client = s_client(&proxy, &[version]);
        client.say(b"question\n");
        let mut up = origin.accept();
        assert_eq!(up.hear(9), b"question\n");
        up.say(b"answer\n");
        client.until("the answer", |said| said.contains("answer").then_some(()));
        client.end_input();
        assert_eq!(up.last(), Last::plain("", End::Fin), "{version}");
        let done = client.end();
        assert_eq!(notified(&done.said, ">>>"), 1, "{}", done.said);
    }
}
