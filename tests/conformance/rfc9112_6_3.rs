//! RFC 9112, section 6.3, rule by rule: where a message ends. What two readers could end at two
//! places is refused.

use crate::table::{
    ANSWER, FIELD, Group, Is, REQUEST, RESPONSE, body_lacks, play, refuses, response_to, takes,
};
use tidegate_core::http1::{BodyKind, Fault, Method};

pub(crate) const TABLES: &[&[Group]] = &[
    BODYLESS,
    TUNNELS,
    BOTH,
    FINAL,
    BAD_LENGTHS,
    TWO_LENGTHS,
    LENGTH_RULES,
    NOTHING,
    BY_CLOSE,
];

/// Whatever the framing fields say.
const BODYLESS: &[Group] = &[
    takes(
        response_to(Method::Head),
        &[Is::By(BodyKind::None), Is::Body("")],
        &[
            b"HTTP/1.1 200 OK\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"HTTP/1.1 404 X\r\nContent-Length: 5\r\n\r\n",
        ],
    ),
    takes(
        RESPONSE,
        &[Is::By(BodyKind::None), Is::Body("")],
        &[
            b"HTTP/1.1 100 Continue\r\n\r\n",
            b"HTTP/1.1 103 X\r\nContent-Length: 5\r\n\r\n",
            b"HTTP/1.1 199 X\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"HTTP/1.1 204 X\r\nContent-Length: 5\r\n\r\n",
            b"HTTP/1.1 204 X\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"HTTP/1.1 304 X\r\nContent-Length: 5\r\n\r\n",
            b"HTTP/1.1 304 X\r\nTransfer-Encoding: chunked\r\n\r\n",
        ],
    ),
];

#[test]
fn rfc9112_6_3_1_head_1xx_204_and_304_end_with_the_head() {
    play(BODYLESS);
}

const TUNNELS: &[Group] = &[
    takes(
        response_to(Method::Connect),
        &[
            Is::By(BodyKind::None),
            Is::Lacks("Content-Length"),
            Is::Lacks("Transfer-Encoding"),
        ],
        &[
            b"HTTP/1.1 200 OK\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
            b"HTTP/1.1 299 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        ],
    ),
    takes(
        response_to(Method::Connect),
        &[Is::Body("no")],
        &[
            b"HTTP/1.1 403 X\r\nContent-Length: 2\r\n\r\nno",
            b"HTTP/1.1 302 X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n",
        ],
    ),
];

#[test]
fn rfc9112_6_3_2_a_2xx_to_connect_ends_with_the_head() {
    play(TUNNELS);
}

/// It is how requests and responses are smuggled: whichever wins, another reader takes the other.
const BOTH: &[Group] = &[
    refuses(
        FIELD,
        Fault::LengthAndCoding,
        400,
        &[
            b"Content-Length: 5\r\nTransfer-Encoding: chunked",
            b"Transfer-Encoding: chunked\r\nContent-Length: 5",
            b"transfer-encoding: chunked\r\ncontent-length: 0",
            b"Content-Length: 5\r\nB: b\r\nTransfer-Encoding: identity",
            b"Content-Length: 5\r\nTransfer-Encoding:",
            b"Content-Length:\r\nTransfer-Encoding: chunked",
            b"Content-Length: 5\r\nContent-Length: 5\r\nTransfer-Encoding: chunked",
            b"Content-Length: 5\r\nTransfer-Encoding: xchunked",
        ],
    ),
    refuses(
        REQUEST,
        Fault::LengthAndCoding,
        400,
        &[b"POST / HTTP/1.0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"],
    ),
    refuses(
        ANSWER,
        Fault::LengthAndCoding,
        502,
        &[
            b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
        ],
    ),
    refuses(
        RESPONSE,
        Fault::LengthAndCoding,
        502,
        &[b"HTTP/1.1 204 X\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n"],
    ),
];

#[test]
fn rfc9112_6_3_3_length_and_coding_together_are_refused() {
    play(BOTH);
}

const FINAL: &[Group] = &[
    refuses(
        FIELD,
        Fault::CodingInvalid,
        400,
        &[
            b"Transfer-Encoding: gzip",
            b"Transfer-Encoding: identity",
            b"Transfer-Encoding: chunked, gzip",
            b"Transfer-Encoding: chunked, identity",
            b"Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip",
            b"Transfer-Encoding: cow",
        ],
    ),
    // A response could be read until the close: but coded, and sent on as if it were not.
    refuses(
        ANSWER,
        Fault::CodingInvalid,
        502,
        &[
            b"Transfer-Encoding: gzip\r\n\r\n",
            b"Transfer-Encoding: chunked, gzip\r\n\r\n",
        ],
    ),
];

#[test]
fn rfc9112_6_3_4_a_final_coding_other_than_chunked_has_no_end() {
    play(FINAL);
}

const BAD_LENGTHS: &[Group] = &[
    refuses(
        FIELD,
        Fault::LengthInvalid,
        400,
        &[
            b"Content-Length:",
            b"Content-Length: +5",
            b"Content-Length: -5",
            b"Content-Length: -0",
            b"Content-Length: 0x5",
            b"Content-Length: 5x",
            b"Content-Length: 5 5",
            b"Content-Length: 5.0",
            b"Content-Length: 5;",
            b"Content-Length: 5,",
            b"Content-Length: \"5\"",
            b"Content-Length: 1e2",
            b"Content-Length: 1_0",
            b"Content-Length: \xd9\xa5",
            b"Content-Length: chunked",
            b"Content-Length: 18446744073709551616",
            b"Content-Length: 99999999999999999999999999999999",
        ],
    ),
    refuses(
        ANSWER,
        Fault::LengthInvalid,
        502,
        &[
            b"Content-Length: -1\r\n\r\n",
            b"Content-Length: 1 2\r\n\r\n",
        ],
    ),
];

#[test]
fn rfc9112_6_3_5_a_length_is_decimal_digits() {
    play(BAD_LENGTHS);
}

/// A list of equal values may be taken for one. It need not, and here it is not.
const TWO_LENGTHS: &[Group] = &[
    refuses(
        FIELD,
        Fault::LengthTwice,
        400,
        &[
            b"Content-Length: 5\r\nContent-Length: 6",
            b"Content-Length: 5\r\nContent-Length: 5",
            b"Content-Length: 5\r\ncontent-length: 05",
            b"Content-Length: 0\r\nB: b\r\nCONTENT-LENGTH: 5",
            b"Content-Length: 5\r\nContent-Length:",
        ],
    ),
    refuses(
        FIELD,
        Fault::LengthInvalid,
        400,
        &[
            b"Content-Length: 5, 5",
            b"Content-Length: 5, 6",
            b"Content-Length: 5,5,5",
        ],
    ),
    refuses(
        ANSWER,
        Fault::LengthTwice,
        502,
        &[
            b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
            b"Content-Length: 5\r\nContent-Length: 5\r\n\r\n",
        ],
    ),
    refuses(
        ANSWER,
        Fault::LengthInvalid,
        502,
        &[b"Content-Length: 5, 5\r\n\r\n"],
    ),
];

#[test]
fn rfc9112_6_3_5_a_second_length_is_refused_even_if_equal() {
    play(TWO_LENGTHS);
}

const LENGTH_RULES: &[Group] = &[
    takes(
        ANSWER,
        &[Is::By(BodyKind::Length(1)), Is::Body("a")],
        &[
            b"Content-Length: 1\r\n\r\na",
            b"Content-Length: 0001\r\n\r\na",
        ],
    ),
    body_lacks(
        ANSWER,
        &[
            b"Content-Length: 18446744073709551615\r\n\r\na",
            b"Content-Length: 2\r\n\r\na",
        ],
    ),
];

#[test]
fn rfc9112_6_3_6_a_length_is_the_end_and_less_is_incomplete() {
    play(LENGTH_RULES);
}

const NOTHING: &[Group] = &[takes(
    REQUEST,
    &[
        Is::By(BodyKind::None),
        Is::Lacks("Content-Length"),
        Is::Lacks("Transfer-Encoding"),
    ],
    &[
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: h\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        b"POST / HTTP/1.0\r\n\r\n",
        b"PATCH / HTTP/1.1\r\nHost: h\r\nContent-Type: a/b\r\n\r\n",
    ],
)];

#[test]
fn rfc9112_6_3_7_a_request_without_framing_fields_has_no_body() {
    play(NOTHING);
}

const BY_CLOSE: &[Group] = &[takes(
    RESPONSE,
    &[
        Is::By(BodyKind::Close),
        Is::Body("all\r\n0\r\n\r\n"),
        Is::Last(true),
    ],
    &[
        b"HTTP/1.1 200 OK\r\n\r\nall\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\nall\r\n0\r\n\r\n",
        b"HTTP/1.1 500 X\r\nConnection: keep-alive\r\n\r\nall\r\n0\r\n\r\n",
    ],
)];

#[test]
fn rfc9112_6_3_8_any_other_response_ends_with_its_connection() {
    play(BY_CLOSE);
}
