//! RFC 9112, section 2.3: which versions are spoken, and in which a message is sent on.

use crate::table::{Group, Is, REQUEST, RESPONSE, play, refuses, takes};
use tidegate_core::http1::{BodyKind, Fault, Version};

pub(crate) const TABLES: &[&[Group]] = &[VERSIONS, LATER, NO_VERSIONS];

const VERSIONS: &[Group] = &[
    takes(
        REQUEST,
        &[
            Is::Version(Version::Http11),
            Is::Sends("GET / HTTP/1.1"),
            Is::Sends("Via: 1.1 tidegate"),
        ],
        &[b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"],
    ),
    takes(
        REQUEST,
        &[
            Is::Version(Version::Http10),
            // An intermediary sends its own version, not the one it received.
            Is::Sends("GET / HTTP/1.1"),
            Is::Sends("Via: 1.0 tidegate"),
        ],
        &[b"GET / HTTP/1.0\r\nHost: h\r\n\r\n"],
    ),
    takes(
        RESPONSE,
        &[Is::Version(Version::Http10), Is::Sends("HTTP/1.1 200 OK")],
        &[b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"],
    ),
];

#[test]
fn rfc9112_2_3_a_message_is_sent_on_in_our_own_version() {
    play(VERSIONS);
}

/// RFC 9110, 2.5: a message of a later minor version is read as one of the latest that is known.
const LATER: &[Group] = &[
    takes(
        REQUEST,
        &[
            Is::Version(Version::Http11),
            Is::Last(false),
            Is::By(BodyKind::Length(1)),
            Is::Host("h"),
            Is::Sends("PUT /x?y HTTP/1.1"),
            Is::Sends("B: b"),
            Is::Sends("Via: 1.1 tidegate"),
        ],
        &[
            b"PUT /x?y HTTP/1.2\r\nHost: h\r\nB: b\r\nContent-Length: 1\r\n\r\na",
            b"\r\nPUT /x?y HTTP/1.9\r\nHost: h\r\nB: b\r\nContent-Length: 1\r\n\r\na",
        ],
    ),
    takes(
        REQUEST,
        &[Is::By(BodyKind::Chunked), Is::Body("a")],
        &[b"PUT / HTTP/1.3\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"],
    ),
    takes(
        RESPONSE,
        &[
            Is::Version(Version::Http11),
            Is::Last(false),
            Is::Body("a"),
            Is::Sends("HTTP/1.1 299 Not so bad"),
        ],
        &[b"HTTP/1.7 299 Not so bad\r\nContent-Length: 1\r\n\r\na"],
    ),
    takes(
        RESPONSE,
        &[Is::Status(200), Is::Sends("HTTP/1.1 200 ")],
        &[
            b"HTTP/1.2 200\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.2 200 \r\nContent-Length: 0\r\n\r\n",
        ],
    ),
    // What is refused of HTTP/1.1 is refused of them.
    refuses(
        REQUEST,
        Fault::HostMissing,
        400,
        &[b"GET / HTTP/1.2\r\n\r\n"],
    ),
    refuses(
        REQUEST,
        Fault::RequestLine,
        400,
        &[
            b"GET  / HTTP/1.2\r\nHost: h\r\n\r\n",
            b"GET / /x HTTP/1.2\r\nHost: h\r\n\r\n",
            b"GET / HTTP/1.2 \r\nHost: h\r\n\r\n",
            b"G\xc3\xa9T / HTTP/1.2\r\nHost: h\r\n\r\n",
            b"GET / HTTP/1.2\r\r\nHost: h\r\n\r\n",
        ],
    ),
    refuses(
        REQUEST,
        Fault::FieldName,
        400,
        &[
            b"GET / HTTP/1.2\r\n Host: h\r\n\r\n",
            b"GET / HTTP/1.2\r\nHost : h\r\n\r\n",
        ],
    ),
    refuses(
        REQUEST,
        Fault::BareLf,
        400,
        &[b"GET / HTTP/1.2\nHost: h\r\n\r\n"],
    ),
    refuses(
        RESPONSE,
        Fault::StatusLine,
        502,
        &[b"HTTP/1.2 2x0 OK\r\n\r\n", b"HTTP/1.2 099 OK\r\n\r\n"],
    ),
];

#[test]
fn rfc9110_2_5_a_later_minor_version_is_read_as_ours() {
    play(LATER);
}

/// 505 is for what is a version (RFC 9110, 15.6.6), 400 for what is none.
const NO_VERSIONS: &[Group] = &[
    refuses(
        REQUEST,
        Fault::Version,
        505,
        &[
            b"GET / HTTP/0.9\r\nHost: h\r\n\r\n",
            b"GET / HTTP/2.0\r\nHost: h\r\n\r\n",
            b"GET / HTTP/3.0\r\nHost: h\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ],
    ),
    refuses(
        REQUEST,
        Fault::RequestLine,
        400,
        &[
            b"GET / http/1.1\r\nHost: h\r\n\r\n",
            b"GET / Http/1.1\r\nHost: h\r\n\r\n",
            b"GET / HTTP/1\r\nHost: h\r\n\r\n",
            b"GET / HTTP/1.\r\nHost: h\r\n\r\n",
            b"GET / HTTP/1.10\r\nHost: h\r\n\r\n",
            b"GET / HTTP/2.00\r\nHost: h\r\n\r\n",
            b"GET / HTTP/2.0x\r\nHost: h\r\n\r\n",
            b"GET / HTTP/2.0\rHost: h\r\n\r\n",
            b"GET / HTTP/01.1\r\nHost: h\r\n\r\n",
            b"GET / HTTP/11\r\nHost: h\r\n\r\n",
            b"GET / HTTP/1,1\r\nHost: h\r\n\r\n",
            b"GET / HTTP 1.1\r\nHost: h\r\n\r\n",
            b"GET / HTTP/-1.1\r\nHost: h\r\n\r\n",
            b"GET / HTTPS/1.1\r\nHost: h\r\n\r\n",
            b"GET / ICAP/1.0\r\nHost: h\r\n\r\n",
        ],
    ),
    refuses(
        RESPONSE,
        Fault::Version,
        502,
        &[
            b"HTTP/0.9 200 OK\r\n\r\n",
            b"HTTP/1.20 200 OK\r\n\r\n",
            b"HTTP/1.2200 OK\r\n\r\n",
            b"HTTP/2.0 200 OK\r\n\r\n",
            b"HTTP/2 200 OK\r\n\r\n",
            b"http/1.1 200 OK\r\n\r\n",
            b"ICY 200 OK\r\n\r\n",
            b"HTTP/1.1\t200 OK\r\n\r\n",
            b"HTTP/1.1200 OK\r\n\r\n",
            b"HTTP/1.10 200 OK\r\n\r\n",
        ],
    ),
];

#[test]
fn rfc9112_2_3_no_other_version_is_spoken() {
    play(NO_VERSIONS);
}
