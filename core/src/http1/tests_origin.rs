//! What an origin is told of a request's way, and whose word about it counts.

use super::*;
use crate::limits::Limits;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const PROXY: Forwarded<'static> = Forwarded {
    trusted: true,
    ..Forwarded::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 9)), false, "default")
};

const BOTH: Forwarded<'static> = Forwarded {
    tells: Tells::Both,
    ..PROXY
};

/// What a client says of itself, in every way.
const SAID: &str = "X-Forwarded-For: 192.0.2.1\r\nx-forwarded-for: 192.0.2.2, 192.0.2.3\r\n\
                    X-Forwarded-Proto: https\r\nX-Forwarded-Host: www\r\nX-Forwarded-Port: 443\r\n\
                    Forwarded: for=192.0.2.1;proto=https\r\nX-Real-IP: 192.0.2.1\r\n\
                    X_Forwarded_For: evil\r\nX_Real_IP: evil\r\nX-Real_IP: evil\r\nx_real-ip: evil\r\n\
                    Proxy: evil\r\n";

/// The fields behind Host that a request with `fields` is sent on with.
fn sent(fields: &str, forwarded: &Forwarded<'_>) -> String {
    let text = format!("GET / HTTP/1.1\r\nHost: h:80\r\n{fields}\r\n");
    let (_, head) = request_head(text.as_bytes(), &Limits::default())
        .unwrap()
        .unwrap();
    let mut out = Vec::new();
    write_request(&head, forwarded, &mut out);
    let sent = String::from_utf8(out).unwrap();
    String::from(
        sent.strip_prefix("GET / HTTP/1.1\r\nHost: h:80\r\n")
            .unwrap(),
    )
}

#[test]
fn the_word_of_a_trusted_proxy_is_added_to() {
    let expected = "X-Forwarded-Port: 443\r\nX-Real-IP: 192.0.2.1\r\n\
                    X-Forwarded-For: 192.0.2.1, 192.0.2.2, 192.0.2.3, 10.0.0.9\r\n\
                    X-Forwarded-Proto: https\r\nX-Forwarded-Host: www\r\nVia: 1.1 tidegate\r\n\r\n";
    assert_eq!(sent(SAID, &PROXY), expected);
}

#[test]
fn a_trusted_proxy_that_says_nothing_is_the_client() {
    let expected = "X-Forwarded-For: 10.0.0.9\r\nX-Forwarded-Proto: http\r\n\
                    X-Forwarded-Host: h:80\r\nVia: 1.1 tidegate\r\n\r\n";
    assert_eq!(sent("X-Forwarded-For:\r\nForwarded:\r\n", &PROXY), expected);
}

#[test]
fn the_word_of_anybody_else_counts_for_nothing() {
    let client = Forwarded {
        trusted: false,
        ..BOTH
    };
    let expected = "X-Forwarded-For: 10.0.0.9\r\nX-Forwarded-Proto: http\r\n\
                    X-Forwarded-Host: h:80\r\nForwarded: for=10.0.0.9;host=\"h:80\";proto=http\r\n\
                    Via: 1.1 tidegate\r\n\r\n";
    assert_eq!(sent(SAID, &client), expected);
}

/// Connection could otherwise take away what the proxies on the way have said.
#[test]
fn rfc9110_7_6_1_connection_does_not_nominate_the_way() {
    let fields = format!("Connection: X-Forwarded-For, X-Real-IP, Forwarded\r\n{SAID}");
    assert_eq!(sent(&fields, &PROXY), sent(SAID, &PROXY));
    assert_eq!(sent(&fields, &BOTH), sent(SAID, &BOTH));
}

#[test]
fn rfc7239_4_the_element_of_ours_comes_last() {
    let forwarded = Forwarded {
        tells: Tells::Forwarded,
        ..PROXY
    };
    let expected = "Forwarded: for=192.0.2.1;proto=https, \
                    for=10.0.0.9;host=\"h:80\";proto=http\r\nVia: 1.1 tidegate\r\n\r\n";
    assert_eq!(sent(SAID, &forwarded), expected);
    let both = sent(SAID, &BOTH);
    assert!(both.contains("X-Forwarded-For: 192.0.2.1, ") && both.contains("Forwarded: for="));
}

#[test]
fn rfc7239_6_an_address_of_ipv6_stands_in_brackets_and_quotes() {
    let client = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1));
    let forwarded = Forwarded {
        tells: Tells::Forwarded,
        ..Forwarded::new(client, true, "")
    };
    let text = b"GET / HTTP/1.0\r\n\r\n";
    let (_, head) = request_head(text, &Limits::default()).unwrap().unwrap();
    let mut out = Vec::new();
    write_request(&head, &forwarded, &mut out);
    let sent = String::from_utf8(out).unwrap();
    let element = "\r\nForwarded: for=\"[2001:db8::1]\";proto=https\r\n";
    assert!(sent.contains(element), "{sent}");
}

#[test]
fn nothing_is_told_where_nothing_is_to_be_told() {
    let forwarded = Forwarded {
        tells: Tells::Nothing,
        via: "",
        ..PROXY
    };
    assert_eq!(
        sent(&format!("Via: 1.0 x\r\n{SAID}"), &forwarded),
        "Via: 1.0 x\r\n\r\n"
    );
}

#[test]
fn rfc9110_7_6_3_via_has_the_name_it_was_given() {
    let forwarded = Forwarded {
        via: "edge-1",
        ..PROXY
    };
    assert!(sent("", &forwarded).ends_with("Via: 1.1 edge-1\r\n\r\n"));
    let head = response_head(
        b"HTTP/1.0 204 None\r\n\r\n",
        Method::Get,
        &Limits::default(),
    );
    let (_, head) = head.unwrap().unwrap();
    let request = RequestFacts::GET;
    let delivery = deliver(&request, &head.facts, false, 0);
    for (via, ends) in [
        ("edge-1", "\r\nVia: 1.0 edge-1\r\n\r\n"),
        ("", "None\r\n\r\n"),
    ] {
        let mut out = Vec::new();
        let returned = Returned {
            via,
            ..Returned::DEFAULT
        };
        write_response(&head, &delivery, &returned, &mut out);
        let sent = String::from_utf8(out).unwrap();
        assert!(sent.ends_with(ends), "{sent}");
    }
}
