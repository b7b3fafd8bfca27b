//! Heads written as one beside heads written line by line: random ones, of every spelling.

use super::*;
use crate::limits::Limits;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::Ipv4Addr;
use proptest::{option, prelude::*, sample::select};

/// Changes that change nothing, so that every field is looked at.
fn nothing() -> Edits {
    Edits::new(Vec::new(), Vec::new(), Vec::from([String::from("Y")]))
}

fn some() -> Edits {
    let line = |name: &str| Line {
        name: name.into(),
        value: "set".into(),
    };
    let remove = Vec::from([String::from("x-b")]);
    Edits::new(Vec::from([line("X-A")]), Vec::from([line("X-C")]), remove)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn a_request_written_as_one_is_the_request_written_line_by_line(
        line in select(REQUESTS),
        host in select(HOSTS),
        fields in prop::collection::vec(field(), 0..6),
        own in (option::of(select(&["", "/n"][..])), option::of(Just("o")), option::of(Just(b"7"))),
        flags in (any::<bool>(), any::<bool>(), any::<bool>()),
        tells in select(&[Tells::XForwarded, Tells::Both, Tells::Nothing][..]),
    ) {
        let text = alloc::format!("{line}{host}{}\r\n", fields.concat());
        let Ok(Some((_, head))) = request_head(text.as_bytes(), &Limits::default()) else {
            return Ok(());
        };
        let (front, other, id) = own;
        let (trusted, https, edited) = flags;
        let edits = if edited { some() } else { Edits::default() };
        let forwarded = Forwarded {
            trusted,
            tells,
            host: other,
            path: front.map(|front| (front, head.path())),
            id: id.map(|id| &id[..]),
            edits: &edits,
            ..Forwarded::new(Ipv4Addr::new(10, 0, 0, 9).into(), https, "d")
        };
        let written = |head: &RequestHead<'_>, forwarded: &Forwarded<'_>| {
            let mut out = Vec::from(*b"before");
            write_request(head, forwarded, &mut out);
            String::from_utf8(out)
        };
        let as_one = written(&head, &forwarded);
        let mut apart = head.clone();
        apart.fields = apart.fields.apart();
        prop_assert_eq!(&written(&apart, &forwarded), &as_one);
        if !edited {
            let edits = &nothing();
            prop_assert_eq!(&written(&apart, &Forwarded { edits, ..forwarded }), &as_one);
        }
    }

    #[test]
    fn a_response_written_as_one_is_the_response_written_line_by_line(
        line in select(RESPONSES),
        fields in prop::collection::vec(field(), 0..6),
        (close, edited) in (any::<bool>(), any::<bool>()),
    ) {
        let text = alloc::format!("{line}{}\r\n", fields.concat());
        let limits = Limits::default();
        let Ok(Some((_, head))) = response_head(text.as_bytes(), Method::Get, &limits) else {
            return Ok(());
        };
        let edits = if edited { some() } else { Edits::default() };
        let returned = Returned { edits: &edits, ..Returned::DEFAULT };
        let delivery = deliver(&RequestFacts::GET, &head.facts, close, 70);
        let written = |head: &ResponseHead<'_>, returned: &Returned<'_>| {
            let mut out = Vec::new();
            write_response(head, &delivery, returned, &mut out);
            String::from_utf8(out)
        };
        let as_one = written(&head, &returned);
        let mut apart = head.clone();
        apart.fields = apart.fields.apart();
        prop_assert_eq!(&written(&apart, &returned), &as_one);
        if !edited {
            let edits = &nothing();
            prop_assert_eq!(&written(&apart, &Returned { edits, ..returned }), &as_one);
        }
    }

    /// What is one section is one to a reader that looks for nothing but the ends of lines.
    #[test]
    fn a_section_is_one_to_a_reader_of_lines(
        line in select(REQUESTS),
        host in select(HOSTS),
        fields in prop::collection::vec(field(), 0..6),
        more in select(&["", "\n", "x\r\n\r\n", "\r\n\r\n"][..]),
    ) {
        let text = alloc::format!("{line}{host}{}\r\n{more}", fields.concat());
        let mut room = Room::default();
        if let Ok(httparse::Status::Complete(start)) = start::request(text.as_bytes(), 128, &mut room) {
            let end = text::section_end(text.as_bytes());
            prop_assert_eq!(room.is_section(start.length), end == Ok(Some(start.length)));
            prop_assert!(!room.is_section(start.length - 1));
            prop_assert!(!room.is_section(start.length + 1));
        }
    }
}

/// Each with its line end.
const REQUESTS: &[&str] = &[
    "GET /a?b HTTP/1.1\r\n",
    "GET /a HTTP/1.1\r\n",
    "GET /a HTTP/1.1\n",
    "GET /a HTTP/1.0\r\n",
    "GET / HTTP/1.3\r\n",
    "\nGET / HTTP/1.1\r\n",
    "\r\nGET / HTTP/1.1\r\n",
    "POST http://h/b HTTP/1.1\r\n",
    "OPTIONS * HTTP/1.1\r\n",
    "TRACE / HTTP/1.1\r\n",
    "CONNECT h:1 HTTP/1.1\r\n",
];

const HOSTS: &[&str] = &[
    "Host: h\r\n",
    "Host: h\r\n",
    "host: h\r\n",
    "Host:h\r\n",
    "X-A: 1\r\nHost: h:80\r\n",
    "",
];

const RESPONSES: &[&str] = &[
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.1 200 Not what it was\r\n",
    "HTTP/1.1 200\r\n",
    "HTTP/1.1 200 \r\n",
    "HTTP/1.1 404 N\n",
    "HTTP/1.0 200 OK\r\n",
    "HTTP/1.2 200 OK\r\n",
    "HTTP/1.1 101 Switching\r\n",
    "HTTP/1.1 204 No\r\n",
];

/// A line, mostly as it would be written.
fn field() -> impl Strategy<Value = String> {
    let name = select(NAMES);
    let value = select(
        &[
            "",
            "1",
            "keep-alive",
            "close, X-A",
            "chunked",
            "a, b c",
            "trailers",
        ][..],
    );
    let colon = select(&[": ", ": ", ": ", ": ", ":", ":  ", ":\t"][..]);
    let end = select(&["\r\n", "\r\n", "\r\n", "\r\n", "\r\n", " \r\n", "\n"][..]);
    let parts = (name, colon, value, end);
    parts.prop_map(|(name, colon, value, end)| [name, colon, value, end].concat())
}

const NAMES: &[&str] = &[
    "X-A",
    "X-B",
    "x-b",
    "Accept",
    "Cookie",
    "Via",
    "Content-Type",
    "Content-Length",
    "Connection",
    "Keep-Alive",
    "TE",
    "Trailer",
    "Upgrade",
    "Expect",
    "Max-Forwards",
    "X-Request-Id",
    "X-Forwarded-For",
    "X-Real-IP",
    "Forwarded",
    "Transfer-Encoding",
];
