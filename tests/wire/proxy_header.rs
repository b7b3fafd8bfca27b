//! The PROXY protocol, in and out (LIFECYCLE 4.8).

use crate::{
    exchange::{GET, OK},
    harness::{Proxy, Scratch, arg},
    peers::{End, Last, Origin, Peer, Raw},
    secure::{Secure, Version},
};
use std::net::SocketAddr;
use tidegate_core::proxy_protocol::{self, Header, Read};

const TRUSTED: &str = "proxy_protocol = { accept_from = [\"127.0.0.1\"] }";
const LINE: &[u8] = b"PROXY TCP4 192.0.2.7 198.51.100.1 4242 443\r\n";
const LOCAL: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";

fn binary() -> Vec<u8> {
    let of = |text: &str| text.parse::<SocketAddr>().unwrap();
    let mut header = Vec::new();
    let version = proxy_protocol::Version::V2;
    proxy_protocol::write(
        version,
        of("[2001:db8::7]:9"),
        of("[2001:db8::1]:443"),
        &mut header,
    );
    header
}

/// Who the origin is told that the client is.
fn told(origin: &Origin, client: &mut impl Peer) -> String {
    let mut up = origin.accept();
    let request = up.message();
    up.say(OK);
    assert_eq!(client.message().body, b"ok");
    request.field("x-forwarded-for").unwrap().to_owned()
}

#[test]
fn row_4_8_5_the_client_is_whom_the_header_names_however_it_comes() {
    let origin = Origin::new();
    let proxy = Proxy::configured(origin.address(), TRUSTED, "");
    // In one segment with the request.
    let mut client = proxy.client();
    client.say(&[LINE, GET].concat());
    assert_eq!(told(&origin, &mut client), "192.0.2.7");
    let mut client = proxy.client();
    client.say(&[&binary()[..], GET].concat());
    assert_eq!(told(&origin, &mut client), "2001:db8::7");
    // Byte by byte.
    let mut client = proxy.client();
    for byte in [LINE, GET].concat() {
        client.say(&[byte]);
    }
    assert_eq!(told(&origin, &mut client), "192.0.2.7");
    // Cut somewhere, and LOCAL: the connection is the balancer's own.
    let mut client = proxy.client();
    client.say(&LOCAL[..13]);
    client.say(&[&LOCAL[13..], GET].concat());
    assert_eq!(told(&origin, &mut client), "127.0.0.1");
}

#[test]
fn row_4_8_5_the_header_comes_before_tls() {
    let listener = format!("tls = \"dev\"\n{TRUSTED}");
    let origin = Origin::new();
    let proxy = Proxy::configured(origin.address(), &listener, "");
    for version in Version::BOTH {
        let mut raw = proxy.client();
        raw.say(LINE);
        let mut client = Secure::over(raw, &proxy.authority(), version);
        client.say(GET);
        assert_eq!(told(&origin, &mut client), "192.0.2.7");
    }
}

#[test]
fn row_4_8_5_a_relay_loses_no_byte_behind_the_header_nor_the_end() {
    let listener = format!("kind = \"tcp\"\n{TRUSTED}");
    let origin = Origin::new();
    let proxy = Proxy::configured(origin.address(), &listener, "");
    let mut client = proxy.client();
    client.say(&[&binary()[..], b"\r\n\r\n\0\r\nQUIT\nfirst words"].concat());
    client.fin();
    let mut up = origin.accept();
    let words = "\r\n\r\n\0\r\nQUIT\nfirst words";
    assert_eq!(up.last(), Last::plain(words, End::Fin));
    up.say(b"answer");
    up.fin();
    assert_eq!(client.last(), Last::plain("answer", End::Fin));
}

#[test]
fn row_4_8_5_who_may_not_and_what_is_none_is_reset() {
    let origin = Origin::new();
    let elsewhere = "proxy_protocol = { accept_from = [\"10.0.0.0/8\"] }";
    let proxy = Proxy::configured(origin.address(), elsewhere, "");
    assert!(Raw::is_turned_away(proxy.address, GET));
    let denies = format!("{TRUSTED}\ndeny = [\"192.0.2.0/24\"]\nmax_connections_per_source = 1");
    let proxy = Proxy::configured(origin.address(), &denies, "");
    for said in [
        GET,
        LINE,
        b"PROXY TCP4 192.0.2.7 x\r\n",
        b"\x16\x03\x01\x02\0",
    ] {
        assert!(Raw::is_turned_away(proxy.address, said));
    }
    // Limits are about the client, not about the balancer.
    let mut first = proxy.client();
    first.say(&[&binary()[..], GET].concat());
    let mut second = proxy.client();
    second.say(b"PROXY TCP6 2001:db8::8 :: 1 1\r\n");
    assert_eq!(second.last(), Last::plain("", End::Reset), "the same /64");
    assert_eq!(told(&origin, &mut first), "2001:db8::7");
    assert!(origin.is_untouched());
}

#[test]
fn row_4_8_5_a_header_that_does_not_come_is_waited_for_as_long_as_a_handshake() {
    let listener = format!("{TRUSTED}\ntimeouts = {{ tls = \"20ms\" }}");
    let origin = Origin::new();
    let proxy = Proxy::configured(origin.address(), &listener, "");
    assert!(Raw::is_turned_away(proxy.address, b""));
    assert!(Raw::is_turned_away(proxy.address, &LINE[..20]));
    // An end inside it is an end.
    let origin = Origin::new();
    let proxy = Proxy::configured(origin.address(), TRUSTED, "");
    let mut client = proxy.client();
    client.say(&LINE[..20]);
    client.fin();
    assert_eq!(client.last(), Last::plain("", End::Fin));
    assert!(origin.is_untouched());
}

/// Hears a header, and no byte behind it.
fn header(up: &mut Raw) -> Header {
    let mut heard = Vec::new();
    loop {
        match proxy_protocol::read(&heard) {
            Read::Partial(more) => heard.extend(up.hear(more)),
            Read::Whole(length, header) => {
                assert_eq!(length, heard.len());
                return header;
            }
            Read::Refused(fault) => panic!("{fault}: {}", heard.escape_ascii()),
        }
    }
}

#[test]
fn an_origin_is_told_the_client_first_and_its_connection_is_for_nobody_else() {
    for version in ["v1", "v2"] {
        let origin = Origin::new();
        let cluster = format!("proxy_protocol = \"{version}\"");
        let proxy = Proxy::configured(origin.address(), "", &cluster);
        let mut client = proxy.client();
        for _ in 0..2 {
            client.say(GET);
            let mut up = origin.accept();
            let wanted = Header::Proxied {
                source: client.local(),
                destination: proxy.address,
            };
            assert_eq!(header(&mut up), wanted);
            up.message();
            up.say(OK);
            assert_eq!(client.message().body, b"ok");
            assert_eq!(up.last(), Last::plain("", End::Fin), "nobody else gets it");
        }
    }
}

#[test]
fn what_was_told_is_told_on() {
    let origin = Origin::new();
    let listener = format!("kind = \"tcp\"\n{TRUSTED}");
    let proxy = Proxy::configured(origin.address(), &listener, "proxy_protocol = \"v2\"");
    let mut client = proxy.client();
    client.say(&[LINE, b"words"].concat());
    let mut up = origin.accept();
    let wanted = Header::Proxied {
        source: "192.0.2.7:4242".parse().unwrap(),
        destination: "198.51.100.1:443".parse().unwrap(),
    };
    assert_eq!(header(&mut up), wanted);
    client.fin();
    assert_eq!(up.last(), Last::plain("words", End::Fin));
}

#[test]
fn the_header_goes_before_the_handshake_with_the_origin() {
    let (origin, files) = (Origin::new(), Scratch::new());
    let authority = crate::keys::Authority::new("origins");
    authority.file(&files, "ca.pem");
    let ca = files.path("ca.pem");
    let tls = format!(
        "tls = {{ ca = \"{}\", server_name = \"localhost\" }}",
        arg(&ca)
    );
    let cluster = format!("{tls}\nproxy_protocol = \"v2\"");
    let proxy = Proxy::configured(origin.address(), "", &cluster);
    let mut client = proxy.client();
    client.say(GET);
    let mut up = origin.accept();
    let wanted = Header::Proxied {
        source: client.local(),
        destination: proxy.address,
    };
    assert_eq!(header(&mut up), wanted);
    let server = authority.leaf("localhost").server(None);
    let mut up = Secure::serve(up, &server);
    up.message();
    up.say(OK);
    assert_eq!(client.message().body, b"ok");
}
