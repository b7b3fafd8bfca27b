//! RFC 9112, section 3: the request line, method and length of its target.

use crate::table::{Group, Is, REQUEST, play, refuses, takes};
use tidegate_core::http1::{Fault, Method};
use tidegate_core::limits::Limits;

pub(crate) const TABLES: &[&[Group]] = &[LINES, METHODS, LENGTHS];

/// Method, target, version, one space between: lenient readers split these lines differently.
const LINES: &[Group] = &[refuses(
    REQUEST,
    Fault::RequestLine,
    400,
    &[
        b" GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        b"\tGET / HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET /  HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET /\tHTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.1 \r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.1\t\r\nHost: h\r\n\r\n",
        b"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.1 HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET\x0b/ HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET /\x0cHTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET\r\nHost: h\r\n\r\n",
        b"GET \r\nHost: h\r\n\r\n",
        // A simple request of HTTP/0.9 has no version.
        b"GET /\r\n",
        b"GET / \r\nHost: h\r\n\r\n",
        b"GET HTTP/1.1\r\nHost: h\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET /\x7f HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET /\x1f HTTP/1.1\r\nHost: h\r\n\r\n",
    ],
)];

#[test]
fn rfc9112_3_a_request_line_is_three_words_with_one_space_between() {
    play(LINES);
}

const METHODS: &[Group] = &[
    takes(
        REQUEST,
        &[Is::Method(Method::Other)],
        &[
            b"M-SEARCH / HTTP/1.1\r\nHost: h\r\n\r\n",
            b"get / HTTP/1.1\r\nHost: h\r\n\r\n",
            b"!#$%&'*+-.^_`|~ / HTTP/1.1\r\nHost: h\r\n\r\n",
            b"7 / HTTP/1.1\r\nHost: h\r\n\r\n",
            b"GETGETGETGETGETGETGETGETGET / HTTP/1.1\r\nHost: h\r\n\r\n",
        ],
    ),
    refuses(
        REQUEST,
        Fault::RequestLine,
        400,
        &[
            b"G(T / HTTP/1.1\r\nHost: h\r\n\r\n",
            b"GET: / HTTP/1.1\r\nHost: h\r\n\r\n",
            b"\"GET\" / HTTP/1.1\r\nHost: h\r\n\r\n",
            b"GE\0T / HTTP/1.1\r\nHost: h\r\n\r\n",
            b"G\xc3\x89T / HTTP/1.1\r\nHost: h\r\n\r\n",
            b"GET,POST / HTTP/1.1\r\nHost: h\r\n\r\n",
            b"GE@T / HTTP/1.1\r\nHost: h\r\n\r\n",
            b"{GET} / HTTP/1.1\r\nHost: h\r\n\r\n",
        ],
    ),
];

#[test]
fn rfc9112_3_1_a_method_is_a_token_in_its_own_letters() {
    play(METHODS);
}

fn narrow() -> Limits {
    Limits {
        target_bytes: 8,
        head_bytes: 64,
        head_fields: 3,
        ..Limits::default()
    }
}

const LENGTHS: &[Group] = &[
    takes(
        REQUEST,
        &[Is::Path("/2345678")],
        &[b"GET /2345678 HTTP/1.1\r\nHost: h\r\n\r\n"],
    )
    .under(narrow),
    refuses(
        REQUEST,
        Fault::TargetTooLong,
        414,
        &[
            b"GET /23456789 HTTP/1.1\r\nHost: h\r\n\r\n",
            b"GET /234?6789 HTTP/1.1\r\nHost: h\r\n\r\n",
            b"GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n",
            b"CONNECT host:4430 HTTP/1.1\r\nHost: h\r\n\r\n",
            // It never ends.
            b"GET /234567890123456789012345678901234567890",
        ],
    )
    .under(narrow),
    refuses(
        REQUEST,
        Fault::HeadTooLong,
        431,
        &[
            b"AVERYLONGMETHODAVERYLONGMETHODAVERYLONGMETHODAVERYLONGMETHODAVERYLONG",
            b"\r\nGET / HTTP/1.1\r\nHost: h\r\nA: 2345678901234567890123456789012\r\n\r\n",
        ],
    )
    .under(narrow),
];

#[test]
fn rfc9112_3_a_target_beyond_its_limit_is_414() {
    play(LENGTHS);
}
