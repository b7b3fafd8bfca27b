//! Messages that a route has changed on their way.

use super::*;
use crate::limits::Limits;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr};

fn line(name: &str, value: &str) -> Line {
    Line {
        name: name.into(),
        value: value.into(),
    }
}

fn edits(set: &[(&str, &str)], add: &[(&str, &str)], remove: &[&str]) -> Edits {
    let lines = |all: &[(&str, &str)]| all.iter().map(|(name, value)| line(name, value)).collect();
    let remove = remove.iter().map(|name| String::from(*name)).collect();
    Edits::new(lines(set), lines(add), remove)
}

const CLIENT: Forwarded<'static> =
    Forwarded::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 9)), false, "d");

fn sent(text: &str, forwarded: &Forwarded<'_>) -> String {
    let (_, head) = request_head(text.as_bytes(), &Limits::default())
        .unwrap()
        .unwrap();
    let mut out = Vec::new();
    write_request(&head, forwarded, &mut out);
    // What was written is one request, whatever was changed.
    let (length, again) = request_head(&out, &Limits::default()).unwrap().unwrap();
    assert_eq!((length, again.facts.body), (out.len(), head.facts.body));
    String::from_utf8(out.clone()).unwrap()
}

const ASKS: &str = "POST /v1/x?q HTTP/1.1\r\nHost: h:80\r\nA: 1\r\nB: 2\r\na: 3\r\nC: 4\r\n\
                    Content-Length: 2\r\n\r\n";
const WAY: &str = "X-Forwarded-For: 10.0.0.9\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: h:80\r\n\
                   Via: 1.1 tidegate\r\n";

#[test]
fn fields_are_set_added_and_removed() {
    let edits = edits(&[("A", "new"), ("D", "set")], &[("C", "5")], &["b", "E"]);
    let forwarded = Forwarded {
        edits: &edits,
        ..CLIENT
    };
    let sent = sent(ASKS, &forwarded);
    let expected = alloc::format!(
        "POST /v1/x?q HTTP/1.1\r\nHost: h:80\r\nC: 4\r\nContent-Length: 2\r\n{WAY}\
         A: new\r\nD: set\r\nC: 5\r\n\r\n"
    );
    assert_eq!(sent, expected);
}

#[test]
fn host_and_path_are_changed_and_the_origin_is_told_what_they_were() {
    let forwarded = Forwarded {
        host: Some("internal"),
        path: Some(("/new", "/x")),
        ..CLIENT
    };
    let sent = sent(ASKS, &forwarded);
    let begins = "POST /new/x?q HTTP/1.1\r\nHost: internal\r\nA: 1\r\n";
    assert!(sent.starts_with(begins), "{sent}");
    assert!(sent.contains("X-Forwarded-Host: h:80\r\n"), "{sent}");
}

#[test]
fn what_tells_of_the_way_can_be_replaced_or_left_out() {
    let edits = edits(&[("X-Forwarded-Proto", "https")], &[], &["x-forwarded-for"]);
    let forwarded = Forwarded {
        edits: &edits,
        trusted: true,
        ..CLIENT
    };
    let sent = sent(ASKS, &forwarded);
    let ends = "X-Forwarded-Host: h:80\r\nVia: 1.1 tidegate\r\nX-Forwarded-Proto: https\r\n\r\n";
    assert!(sent.ends_with(ends), "{sent}");
    assert!(!sent.contains("X-Forwarded-For"), "{sent}");
}

#[test]
fn a_response_is_changed_in_the_same_way() {
    let text = b"HTTP/1.1 200 OK\r\nServer: x\r\nDate: d\r\nContent-Length: 2\r\n\r\n";
    let (_, head) = response_head(text, Method::Get, &Limits::default())
        .unwrap()
        .unwrap();
    let edits = edits(
        &[("Strict-Transport-Security", "max-age=1")],
        &[],
        &["server"],
    );
    let request = RequestFacts::GET;
    let returned = Returned {
        edits: &edits,
        ..Returned::DEFAULT
    };
    let mut out = Vec::new();
    let delivery = deliver(&request, &head.facts, false, 0);
    write_response(&head, &delivery, &returned, &mut out);
    let expected = "HTTP/1.1 200 OK\r\nDate: d\r\nContent-Length: 2\r\nVia: 1.1 tidegate\r\n\
                    Strict-Transport-Security: max-age=1\r\n\r\n";
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[test]
fn the_fields_of_a_response_of_ours_are_changed_too() {
    let edits = edits(&[("content-type", "text/html")], &[("X", "1")], &[]);
    let mut out = vec![];
    edits.write(
        &[("Content-Type", b"text/plain"), ("Location", b"/")],
        &mut out,
    );
    let expected = "Location: /\r\ncontent-type: text/html\r\nX: 1\r\n";
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}
