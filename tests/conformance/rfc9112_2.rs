//! RFC 9112, section 2: how a message is parsed.

use crate::table::{
    ANSWER, CHUNKS, FIELD, Group, Is, REQUEST, RESPONSE, head_lacks, play, refuses, takes,
};
use tidegate_core::http1::{BodyKind, Fault, Method};

pub(crate) const TABLES: &[&[Group]] =
    &[MESSAGES, EMPTY_LINES, LINE_FEEDS, RETURNS, SPACES, NO_HTTP];

/// A start line, fields, an empty line, perhaps a body.
const MESSAGES: &[Group] = &[
    takes(
        REQUEST,
        &[Is::By(BodyKind::None), Is::Body("")],
        &[
            b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
            b"GET / HTTP/1.1\r\nhost:h\r\nA:\r\nB: \r\n\r\n",
            b"GET / HTTP/1.0\r\n\r\n",
        ],
    ),
    takes(
        REQUEST,
        &[Is::By(BodyKind::Length(3)), Is::Body("abc")],
        &[b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"],
    ),
    takes(
        RESPONSE,
        &[Is::Status(200), Is::Body("abc")],
        &[b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"],
    ),
    head_lacks(
        REQUEST,
        &[
            b"",
            b"\r",
            b"\r\n",
            b"GET",
            b"GET / HTTP/1.1\r\nHost: h",
            b"GET / HTTP/1.1\r\nHost: h\r\n",
            b"GET / HTTP/1.1\r\nHost: h\r\n\r",
        ],
    ),
    head_lacks(
        RESPONSE,
        &[b"", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\nA: b\r\n"],
    ),
];

#[test]
fn rfc9112_2_1_a_message_is_a_start_line_fields_and_a_body() {
    play(MESSAGES);
}

/// One empty line before a request is forgiven; more would be a stream of nothing.
const EMPTY_LINES: &[Group] = &[
    takes(
        REQUEST,
        &[Is::Method(Method::Get), Is::Path("/a")],
        &[b"\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n"],
    ),
    refuses(
        REQUEST,
        Fault::EmptyLines,
        400,
        &[
            b"\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
            b"\r\n\r\n\r\n",
        ],
    ),
    refuses(
        RESPONSE,
        Fault::StatusLine,
        502,
        &[b"\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"],
    ),
];

#[test]
fn rfc9112_2_2_one_empty_line_before_a_request_is_ignored() {
    play(EMPTY_LINES);
}

/// A recipient may take LF for a line's end. Two that differ on it see two messages.
const LINE_FEEDS: &[Group] = &[
    refuses(
        REQUEST,
        Fault::BareLf,
        400,
        &[
            b"\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
            b"\r\n\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
            b"GET / HTTP/1.1\nHost: h\r\n\r\n",
            b"GET / HTTP/1.1\nHost: h\n\n",
            b"GET / HTTP/1.1\r\nHost: h\n\r\n",
            b"GET / HTTP/1.1\r\nHost: h\r\n\n",
            b"GET / HTTP/1.1\r\nHost: h\nContent-Length: 5\r\n\r\nabcde",
        ],
    ),
    refuses(
        FIELD,
        Fault::BareLf,
        400,
        &[b"B: b\n", b"B: b\nC: c", b"B:\n"],
    ),
    refuses(
        RESPONSE,
        Fault::BareLf,
        502,
        &[
            b"\nHTTP/1.1 200 OK\r\n\r\n",
            b"HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 0\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\n",
        ],
    ),
];

#[test]
fn rfc9112_2_2_a_line_never_ends_in_lf_alone() {
    play(LINE_FEEDS);
}

/// A bare CR is never a line's end, nor a space, nor data.
const RETURNS: &[Group] = &[
    refuses(
        REQUEST,
        Fault::RequestLine,
        400,
        &[
            b"\rGET / HTTP/1.1\r\nHost: h\r\n\r\n",
            b"\r\rGET / HTTP/1.1\r\nHost: h\r\n\r\n",
            b"GET\r / HTTP/1.1\r\nHost: h\r\n\r\n",
            b"GET /\r HTTP/1.1\r\nHost: h\r\n\r\n",
            b"GET /\rHTTP/1.1\r\nHost: h\r\n\r\n",
            b"GET / HTTP/1.1\rHost: h\r\n\r\n",
            b"GET / HTTP/1.1\r\r\nHost: h\r\n\r\n",
            // The head may end with a CR where a field begins: this is one without its LF.
            b"GET / HTTP/1.1\r\nHost: h\r\n\rB: b\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: h\r\n\r\r\n",
        ],
    ),
    refuses(FIELD, Fault::FieldName, 400, &[b"B\r: b"]),
    refuses(
        FIELD,
        Fault::FieldValue,
        400,
        &[b"B: b\rc", b"B: b\r", b"B:\rb", b"B: \r\r\nC: c"],
    ),
    refuses(
        RESPONSE,
        Fault::StatusLine,
        502,
        &[b"HTTP/1.1 200 O\rK\r\n\r\n", b"HTTP/1.1 200\rOK\r\n\r\n"],
    ),
    refuses(ANSWER, Fault::FieldValue, 502, &[b"B: b\rc\r\n\r\n"]),
    refuses(CHUNKS, Fault::ChunkEnd, 400, &[b"5\r0\r\n", b"5\r\r\n"]),
];

#[test]
fn rfc9112_2_2_a_bare_cr_is_invalid() {
    play(RETURNS);
}

/// White space before the first field hides it from some readers and not from others.
const SPACES: &[Group] = &[
    refuses(
        REQUEST,
        Fault::FieldName,
        400,
        &[
            b"GET / HTTP/1.1\r\n Host: h\r\n\r\n",
            b"GET / HTTP/1.1\r\n\tHost: h\r\n\r\n",
            b"GET / HTTP/1.1\r\n \r\nHost: h\r\n\r\n",
            b"GET / HTTP/1.1\r\n Content-Length: 5\r\nHost: h\r\n\r\n",
        ],
    ),
    refuses(
        RESPONSE,
        Fault::FieldName,
        502,
        &[b"HTTP/1.1 200 OK\r\n Content-Length: 0\r\n\r\n"],
    ),
];

#[test]
fn rfc9112_2_2_no_white_space_between_the_start_line_and_the_first_field() {
    play(SPACES);
}

/// Bytes that are no HTTP are answered as soon as they can be told.
const NO_HTTP: &[Group] = &[
    refuses(
        REQUEST,
        Fault::RequestLine,
        400,
        &[
            b"\x16\x03\x01\x02\x00\x01\x00\x01",
            b"\x80\x2e\x01\x03\x01",
            b"\0\0\0\0",
            b"\xef\xbb\xbfGET / HTTP/1.1\r\nHost: h\r\n\r\n",
            b"{\"a\": 1}\r\n",
        ],
    ),
    refuses(
        RESPONSE,
        Fault::Version,
        502,
        &[
            b"SSH-2.0-OpenSSH_9.9\r\n",
            b"220 mail ESMTP\r\n",
            b"<html></html>",
            b"\x15\x03\x03\x00\x02\x02\x28",
        ],
    ),
];

#[test]
fn rfc9112_2_2_what_is_no_http_message_is_refused() {
    play(NO_HTTP);
}
