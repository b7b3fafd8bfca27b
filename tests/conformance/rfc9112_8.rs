//! RFC 9112, section 8: a message whose connection ends before it does is not complete.

use crate::table::{
    ANSWER, CHUNKS, Group, Is, REQUEST, RESPONSE, body_lacks, head_lacks, play, takes,
};
use tidegate_core::http1::BodyKind;

pub(crate) const TABLES: &[&[Group]] = &[REQUESTS, RESPONSES, CLOSED];

const REQUESTS: &[Group] = &[
    head_lacks(
        REQUEST,
        &[
            b"GET / HTTP/1.1",
            b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n",
        ],
    ),
    body_lacks(
        REQUEST,
        &[
            b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n",
            b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhell",
            b"POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\nhell",
        ],
    ),
    body_lacks(CHUNKS, &[b"5\r\nhello\r\n0\r\n", b"5\r\nhello\r\n"]),
];

#[test]
fn rfc9112_8_an_incomplete_request_is_never_taken_for_a_whole_one() {
    play(REQUESTS);
}

const RESPONSES: &[Group] = &[
    head_lacks(RESPONSE, &[b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"]),
    body_lacks(
        ANSWER,
        &[
            b"Content-Length: 5\r\n\r\n",
            b"Content-Length: 5\r\n\r\nhell",
            b"Transfer-Encoding: chunked\r\n\r\n",
            b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
            // The empty chunk is there, the empty line is not.
            b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
            b"Connection: close\r\nContent-Length: 5\r\n\r\nhell",
        ],
    ),
];

#[test]
fn rfc9112_8_an_incomplete_response_is_never_taken_for_a_whole_one() {
    play(RESPONSES);
}

const CLOSED: &[Group] = &[takes(
    ANSWER,
    &[Is::By(BodyKind::Close)],
    &[b"\r\n", b"\r\nhell", b"Connection: close\r\n\r\nhello"],
)];

#[test]
fn rfc9112_8_without_a_length_an_orderly_close_completes_a_response() {
    play(CLOSED);
}
