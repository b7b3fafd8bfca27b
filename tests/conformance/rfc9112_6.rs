//! RFC 9112, sections 6.1 and 6.2: what declares the length of a message.

use crate::table::{ANSWER, FIELD, Group, Is, REQUEST, RESPONSE, play, refuses, takes};
use tidegate_core::http1::{BodyKind, Fault};

pub(crate) const TABLES: &[&[Group]] = &[CHUNKED, CODINGS, NO_CODINGS, OLD, LENGTHS];

const CHUNKED: &[Group] = &[
    takes(
        REQUEST,
        &[
            Is::By(BodyKind::Chunked),
            Is::Body("abc"),
            Is::Sends("Transfer-Encoding: chunked"),
            Is::Lacks("Content-Length"),
        ],
        &[
            b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            b"POST / HTTP/1.1\r\nHost: h\r\ntransfer-encoding:CHUNKED\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            b"GET / HTTP/1.1\r\nTransfer-Encoding:\tchunked \r\nHost: h\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        ],
    ),
    takes(
        ANSWER,
        &[Is::By(BodyKind::Chunked), Is::Body("abc"), Is::Last(false)],
        &[b"Transfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"],
    ),
];

#[test]
fn rfc9112_6_1_chunked_is_the_one_coding() {
    play(CHUNKED);
}

/// A coding that is not understood is 501.
const CODINGS: &[Group] = &[
    refuses(
        FIELD,
        Fault::CodingUnknown,
        501,
        &[
            b"Transfer-Encoding: gzip, chunked",
            b"Transfer-Encoding: gzip,deflate,chunked",
            b"Transfer-Encoding: x;q=1, chunked",
            b"Transfer-Encoding: identity, chunked",
            b"Transfer-Encoding: xchunked, chunked",
            b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
            b"Transfer-Encoding: gzip\r\nB: b\r\ntransfer-encoding: Chunked",
        ],
    ),
    refuses(
        ANSWER,
        Fault::CodingUnknown,
        502,
        &[b"Transfer-Encoding: gzip, chunked\r\n\r\n"],
    ),
];

#[test]
fn rfc9112_6_1_a_coding_that_is_not_understood_is_501() {
    play(CODINGS);
}

/// Chunked once, and last.
const NO_CODINGS: &[Group] = &[
    refuses(
        FIELD,
        Fault::CodingInvalid,
        400,
        &[
            b"Transfer-Encoding: chunked, chunked",
            b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            b"Transfer-Encoding: chunked,gzip,chunked",
            b"Transfer-Encoding: chunked;q=1",
            b"Transfer-Encoding: chunked;q=1, chunked",
            b"Transfer-Encoding: \"chunked\"",
            b"Transfer-Encoding: 'chunked'",
            b"Transfer-Encoding: chunked chunked",
            b"Transfer-Encoding: xchunked",
            b"Transfer-Encoding: chunkedx",
            b"Transfer-Encoding: chunke",
            b"Transfer-Encoding: chunked\xa0",
            b"Transfer-Encoding: chunked;",
            b"Transfer-Encoding: chunked,",
            b"Transfer-Encoding: ,chunked",
            b"Transfer-Encoding: ,",
            b"Transfer-Encoding:",
        ],
    ),
    // These bytes are refused for what they are, before anybody asks what they mean.
    refuses(
        FIELD,
        Fault::FieldValue,
        400,
        &[
            b"Transfer-Encoding: \x0bchunked",
            b"Transfer-Encoding: chunked\0",
            b"Transfer-Encoding: \x7fchunked",
        ],
    ),
];

#[test]
fn rfc9112_6_1_chunked_is_applied_once_and_last() {
    play(NO_CODINGS);
}

const OLD: &[Group] = &[
    refuses(
        REQUEST,
        Fault::CodingTooOld,
        400,
        &[
            b"POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"POST / HTTP/1.0\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            b"POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: x\r\n\r\n",
        ],
    ),
    refuses(
        RESPONSE,
        Fault::CodingTooOld,
        502,
        &[b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
    ),
];

#[test]
fn rfc9112_6_1_a_transfer_coding_in_http10_is_faulty_framing() {
    play(OLD);
}

const LENGTHS: &[Group] = &[
    takes(
        REQUEST,
        &[
            Is::By(BodyKind::Length(4)),
            Is::Body("\r\n\r\n"),
            Is::Sends("Content-Length: 4"),
        ],
        &[b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n\r\n\r\n"],
    ),
    takes(
        REQUEST,
        &[Is::By(BodyKind::None), Is::Sends("Content-Length: 0")],
        &[b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"],
    ),
    takes(
        ANSWER,
        &[
            Is::By(BodyKind::Length(4)),
            Is::Body("HTTP"),
            Is::Last(false),
        ],
        &[b"Content-Length: 4\r\n\r\nHTTP"],
    ),
];

#[test]
fn rfc9112_6_2_a_length_counts_the_bytes_behind_the_head() {
    play(LENGTHS);
}
