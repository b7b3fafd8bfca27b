//! RFC 9110, section 8: the length that a message says it has.

use crate::table::{FIELD, Group, Is, RESPONSE, body_lacks, play, refuses, response_to, takes};
use tidegate_core::http1::{BodyKind, Fault, Method};

pub(crate) const TABLES: &[&[Group]] = &[WRITTEN, WOULD_BE, NEVER, LARGE];

/// A number, written anew: whoever reads the letters sees one number only.
const WRITTEN: &[Group] = &[
    takes(
        FIELD,
        &[Is::Sends("Content-Length: 0")],
        &[
            b"content-length:0",
            b"Content-Length: 00",
            b"Content-Length:  0 \t",
        ],
    ),
    takes(
        RESPONSE,
        &[Is::Sends("Content-Length: 1"), Is::Body("a")],
        &[b"HTTP/1.1 200 OK\r\ncontent-length: 01\r\n\r\na"],
    ),
];

#[test]
fn rfc9110_8_6_a_length_is_written_in_its_own_digits() {
    play(WRITTEN);
}

/// What a GET would have said.
const WOULD_BE: &[Group] = &[
    takes(
        response_to(Method::Head),
        &[Is::By(BodyKind::None), Is::Sends("Content-Length: 5")],
        &[b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"],
    ),
    takes(
        response_to(Method::Head),
        &[
            Is::By(BodyKind::None),
            Is::Sends("Transfer-Encoding: chunked"),
        ],
        &[b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"],
    ),
    takes(
        response_to(Method::Head),
        &[Is::Lacks("Content-Length"), Is::Lacks("Transfer-Encoding")],
        &[b"HTTP/1.1 200 OK\r\n\r\n"],
    ),
    takes(
        RESPONSE,
        &[Is::By(BodyKind::None), Is::Sends("Content-Length: 5")],
        &[b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"],
    ),
];

#[test]
fn rfc9110_8_6_head_and_304_say_what_a_get_would_have_said() {
    play(WOULD_BE);
}

const NEVER: &[Group] = &[
    takes(
        RESPONSE,
        &[Is::Lacks("Content-Length"), Is::Lacks("Transfer-Encoding")],
        &[
            b"HTTP/1.1 103 X\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 204 X\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 204 X\r\nTransfer-Encoding: chunked\r\n\r\n",
        ],
    ),
    takes(
        response_to(Method::Connect),
        &[Is::Lacks("Content-Length")],
        &[b"HTTP/1.1 200 X\r\nContent-Length: 0\r\n\r\n"],
    ),
];

#[test]
fn rfc9110_8_6_1xx_204_and_2xx_to_connect_have_no_length() {
    play(NEVER);
}

const LARGE: &[Group] = &[
    body_lacks(
        RESPONSE,
        &[
            b"HTTP/1.1 200 OK\r\nContent-Length: 4294967296\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n",
        ],
    ),
    refuses(
        FIELD,
        Fault::LengthInvalid,
        400,
        &[
            b"Content-Length: 18446744073709551616",
            b"Content-Length: 18446744073709551621",
            b"Content-Length: 184467440737095516160",
        ],
    ),
];

#[test]
fn rfc9110_8_6_a_large_length_never_becomes_a_small_one() {
    play(LARGE);
}
