//! What an origin is told of where a request comes from.

use crate::{
    harness::Proxy,
    peers::{Message, Origin, Peer},
};

/// What a client says of itself.
const SAYS: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 192.0.2.1\r\n\
                      Forwarded: for=192.0.2.1\r\nX-Forwarded-Proto: https\r\n\r\n";

/// What the origin behind a listener with these lines is told by `SAYS`.
fn told(listener: &str) -> Message {
    let origin = Origin::new();
    let proxy = Proxy::configured(origin.address(), listener, "");
    let mut client = proxy.client();
    client.say(SAYS);
    origin.accept().message()
}

#[test]
fn only_who_is_trusted_is_believed() {
    for listener in ["", "trusted = [\"192.0.2.0/24\", \"::1\"]"] {
        let told = told(listener);
        assert_eq!(told.field("x-forwarded-for"), Some("127.0.0.1"));
        assert_eq!(told.field("x-forwarded-proto"), Some("http"));
        assert_eq!(told.field("forwarded"), None);
    }
    let told = told("trusted = [\"127.0.0.0/8\"]");
    assert_eq!(told.field("x-forwarded-for"), Some("192.0.2.1, 127.0.0.1"));
    assert_eq!(told.field("x-forwarded-proto"), Some("https"));
    assert_eq!(told.field("forwarded"), None);
}

#[test]
fn the_listener_says_which_fields_go() {
    let told = told("trusted = [\"127.0.0.1\"]\nforwarded = \"forwarded\"\nvia = \"edge\"");
    let element = "for=192.0.2.1, for=127.0.0.1;host=h;proto=http";
    assert_eq!(told.field("forwarded"), Some(element));
    assert_eq!(told.field("x-forwarded-for"), None);
    assert_eq!(told.field("via"), Some("1.1 edge"));
}

#[test]
fn a_via_of_ours_may_be_left_out_both_ways() {
    let origin = Origin::new();
    let proxy = Proxy::configured(origin.address(), "via = false\nforwarded = \"none\"", "");
    let mut client = proxy.client();
    client.say(SAYS);
    let mut up = origin.accept();
    let told = up.message();
    assert_eq!(told.head, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    up.say(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(client.message().field("via"), None);
}
