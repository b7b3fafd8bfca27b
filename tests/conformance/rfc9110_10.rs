//! RFC 9110, section 10: Expect and TE.

use crate::table::{FIELD, Group, Is, REQUEST, body_lacks, play, takes};

pub(crate) const TABLES: &[&[Group]] = &[EXPECTS, NO_EXPECTS, BODY_WAITS, TRAILERS, NO_TRAILERS];

const EXPECTS: &[Group] = &[takes(
    REQUEST,
    &[Is::Expects(true), Is::Body("a")],
    &[
        b"PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na",
        b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nexpect: 100-Continue\r\n\r\na",
        b"PUT / HTTP/1.1\r\nHost: h\r\nExpect: x, 100-continue\r\nContent-Length: 1\r\n\r\na",
        b"PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n\
          1\r\na\r\n0\r\n\r\n",
    ],
)];

#[test]
fn rfc9110_10_1_1_a_client_may_wait_for_100_before_its_content() {
    play(EXPECTS);
}

const NO_EXPECTS: &[Group] = &[
    takes(
        FIELD,
        &[Is::Expects(false)],
        &[
            // There is nothing to wait for.
            b"Expect: 100-continue",
            b"Expect: 100-continue\r\nContent-Length: 0",
            b"Expect: x",
            b"Expect:",
        ],
    ),
    takes(
        REQUEST,
        &[Is::Expects(false), Is::Lacks("Expect")],
        &[b"PUT / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na"],
    ),
    takes(
        REQUEST,
        &[Is::Expects(false)],
        &[
            b"PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100\r\nContent-Length: 1\r\n\r\na",
            b"PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continues\r\nContent-Length: 1\r\n\r\na",
        ],
    ),
];

#[test]
fn rfc9110_10_1_1_no_other_request_waits() {
    play(NO_EXPECTS);
}

const BODY_WAITS: &[Group] = &[
    takes(
        REQUEST,
        &[Is::Sends("Expect: 100-continue")],
        &[b"PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na"],
    ),
    body_lacks(
        REQUEST,
        &[b"PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"],
    ),
];

#[test]
fn rfc9110_10_1_1_the_expectation_is_forwarded() {
    play(BODY_WAITS);
}

const TRAILERS: &[Group] = &[takes(
    FIELD,
    &[Is::Sends("TE: trailers"), Is::Sends("Connection: TE")],
    &[
        b"TE: trailers\r\nConnection: TE",
        b"TE: Trailers\r\nConnection: te, close",
        b"TE: gzip;q=0.5, trailers\r\nConnection: TE",
        b"TE: gzip\r\nTE: trailers\r\nConnection: TE",
    ],
)];

#[test]
fn rfc9110_10_1_4_te_trailers_is_said_again_with_its_connection_option() {
    play(TRAILERS);
}

const NO_TRAILERS: &[Group] = &[takes(
    FIELD,
    &[Is::Lacks("TE"), Is::Lacks("Connection")],
    &[
        b"TE:",
        b"TE: gzip\r\nConnection: TE",
        b"TE: trailer\r\nConnection: TE",
        b"TE: chunked\r\nConnection: TE",
    ],
)];

#[test]
fn rfc9110_10_1_4_no_coding_is_asked_for_in_our_name() {
    play(NO_TRAILERS);
}
