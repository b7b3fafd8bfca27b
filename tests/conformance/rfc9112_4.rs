//! RFC 9112, section 4: the status line.

use crate::table::{Group, Is, RESPONSE, play, refuses, takes};
use tidegate_core::http1::{BodyKind, Fault};

pub(crate) const TABLES: &[&[Group]] = &[LINES, REASONS, NO_LINES, CODES];

const LINES: &[Group] = &[takes(
    RESPONSE,
    &[Is::Status(404), Is::By(BodyKind::None)],
    &[
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n",
        // The space behind the code is missing from many an origin.
        b"HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.0 404 X\r\nContent-Length: 0\r\n\r\n",
    ],
)];

#[test]
fn rfc9112_4_a_status_line_is_version_code_and_perhaps_a_reason() {
    play(LINES);
}

/// A client ignores the reason, so that nothing hangs on its bytes.
const REASONS: &[Group] = &[
    takes(
        RESPONSE,
        &[Is::Sends("HTTP/1.1 200 Very  good, indeed: yes")],
        &[b"HTTP/1.1 200 Very  good, indeed: yes\r\nContent-Length: 0\r\n\r\n"],
    ),
    takes(
        RESPONSE,
        &[Is::Sends("HTTP/1.1 200 ")],
        &[
            b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 200 \xe9t\xe9\r\nContent-Length: 0\r\n\r\n",
        ],
    ),
    takes(
        RESPONSE,
        &[Is::Status(200)],
        &[b"HTTP/1.1 200 a\tb\r\nContent-Length: 0\r\n\r\n"],
    ),
    refuses(
        RESPONSE,
        Fault::StatusLine,
        502,
        &[
            b"HTTP/1.1 200 O\0K\r\n\r\n",
            b"HTTP/1.1 200 O\x1bK\r\n\r\n",
            b"HTTP/1.1 200 O\x7fK\r\n\r\n",
            b"HTTP/1.1 200 OK\r\r\n\r\n",
        ],
    ),
];

#[test]
fn rfc9112_4_a_reason_has_no_control_bytes() {
    play(REASONS);
}

const NO_LINES: &[Group] = &[refuses(
    RESPONSE,
    Fault::StatusLine,
    502,
    &[
        b"HTTP/1.1  200 OK\r\n\r\n",
        b"HTTP/1.1 \r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 200\tOK\r\n\r\n",
    ],
)];

#[test]
fn rfc9112_4_anything_else_is_no_status_line() {
    play(NO_LINES);
}

const CODES: &[Group] = &[
    refuses(
        RESPONSE,
        Fault::StatusLine,
        502,
        &[
            b"HTTP/1.1 000 X\r\n\r\n",
            b"HTTP/1.1 099 X\r\n\r\n",
            b"HTTP/1.1 20 X\r\n\r\n",
            b"HTTP/1.1 2 X\r\n\r\n",
            b"HTTP/1.1 2000 X\r\n\r\n",
            b"HTTP/1.1 0200 X\r\n\r\n",
            b"HTTP/1.1 2x0 X\r\n\r\n",
            b"HTTP/1.1 +20 X\r\n\r\n",
            b"HTTP/1.1 -20 X\r\n\r\n",
            b"HTTP/1.1 20. X\r\n\r\n",
            b"HTTP/1.1 \xb2\xb0\xb0 X\r\n\r\n",
        ],
    ),
    // Of no class that is defined: the client takes it for a 5xx (RFC 9110, 15).
    takes(
        RESPONSE,
        &[Is::Status(999), Is::Sends("HTTP/1.1 999 X")],
        &[b"HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n"],
    ),
    takes(
        RESPONSE,
        &[Is::Status(600)],
        &[b"HTTP/1.1 600 X\r\nContent-Length: 0\r\n\r\n"],
    ),
];

#[test]
fn rfc9112_4_a_status_code_is_three_digits_from_100() {
    play(CODES);
}
