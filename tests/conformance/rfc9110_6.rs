//! RFC 9110, section 6: content and trailers.

use crate::table::{ANSWER, FIELD, Group, Is, TRAILER, play, takes};

pub(crate) const TABLES: &[&[Group]] = &[BARRED, ALLOWED, ANNOUNCED, CONTENT, DATES];

/// The receiver has decided by now how long the message is, where it goes and who sent it. They
/// are dropped, and whatever else there is stays.
const BARRED: &[Group] = &[takes(
    TRAILER,
    &[Is::Body("a"), Is::Trailers("B: b\r\n")],
    &[
        b"B: b\r\nContent-Length: 5\r\n\r\n",
        b"content-length: x\r\nB: b\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nB: b\r\n\r\n",
        b"Host: evil\r\nHost: evil\r\nB: b\r\n\r\n",
        b"Connection: close, B\r\nB: b\r\n\r\n",
        b"Keep-Alive: 1\r\nB: b\r\n\r\n",
        b"TE: trailers\r\nB: b\r\n\r\n",
        b"Trailer: x\r\nB: b\r\n\r\n",
        b"Upgrade: x\r\nB: b\r\n\r\n",
        b"Authorization: x\r\nB: b\r\n\r\n",
        b"Proxy-Authorization: x\r\nB: b\r\n\r\n",
        b"Cookie: x\r\nB: b\r\n\r\n",
        b"Set-Cookie: x\r\nB: b\r\n\r\n",
        b"Content-Encoding: x\r\nB: b\r\n\r\n",
        b"Content-Type: x\r\nB: b\r\n\r\n",
        b"Content-Range: x\r\nB: b\r\n\r\n",
        b"Cache-Control: x\r\nB: b\r\n\r\n",
        b"Expect: 100-continue\r\nB: b\r\n\r\n",
        b"Max-Forwards: 0\r\nB: b\r\n\r\n",
        b"Range: x\r\nB: b\r\n\r\n",
        b"If-Match: x\r\nB: b\r\n\r\n",
        b"Location: x\r\nB: b\r\n\r\n",
        b"Via: x\r\nB: b\r\n\r\n",
        b"Forwarded: x\r\nB: b\r\n\r\n",
        b"X-Forwarded-For: x\r\nB: b\r\n\r\n",
        b"X_Forwarded_Proto: x\r\nB: b\r\n\r\n",
    ],
)];

#[test]
fn rfc9110_6_5_1_a_trailer_that_frames_routes_or_authenticates_is_dropped() {
    play(BARRED);
}

const ALLOWED: &[Group] = &[
    takes(
        TRAILER,
        &[Is::Trailers("Grpc-Status: 0\r\ngrpc-message: \r\n")],
        &[b"Grpc-Status: 0\r\ngrpc-message:\r\n\r\n"],
    ),
    takes(
        ANSWER,
        &[Is::Trailers("ETag: \"x\"\r\nServer-Timing: a;dur=1\r\n")],
        &[
            b"Transfer-Encoding: chunked\r\n\r\n0\r\nETag: \"x\"\r\nServer-Timing: a;dur=1\r\n\r\n",
            b"Trailer: etag\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\
              ETag: \"x\"\r\nServer-Timing: a;dur=1\r\n\r\n",
        ],
    ),
];

#[test]
fn rfc9110_6_5_2_any_other_trailer_is_sent_on_announced_or_not() {
    play(ALLOWED);
}

/// An announcement is worth sending where trailers can follow.
const ANNOUNCED: &[Group] = &[
    takes(
        ANSWER,
        &[Is::Sends("Trailer: ETag")],
        &[b"Trailer: ETag\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
    ),
    takes(
        ANSWER,
        &[Is::Lacks("Trailer")],
        &[b"Trailer: ETag\r\nContent-Length: 0\r\n\r\n"],
    ),
    takes(
        FIELD,
        &[Is::Lacks("Trailer")],
        &[b"Trailer: ETag", b"Trailer: Content-Length"],
    ),
];

#[test]
fn rfc9110_6_6_2_trailer_is_sent_on_only_with_chunks() {
    play(ANNOUNCED);
}

/// Content is bytes.
const CONTENT: &[Group] = &[
    takes(ANSWER, &[Is::Body("\0\r\n\n\u{7f}")], &[b"Content-Length: 5\r\n\r\n\0\r\n\n\x7f"]),
    takes(
        ANSWER,
        &[Is::Body("\0\r\n\n\u{7f}"), Is::Sends("Content-Encoding: gzip")],
        &[b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n\0\r\n\n\x7f\r\n0\r\n\r\n"],
    ),
];

#[test]
fn rfc9110_6_4_content_is_never_looked_at() {
    play(CONTENT);
}

/// It is the origin's to say. We could only say when we heard of it.
const DATES: &[Group] = &[
    takes(
        ANSWER,
        &[Is::Sends("Date: Sun, 06 Nov 1994 08:49:37 GMT")],
        &[b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n"],
    ),
    takes(
        ANSWER,
        &[Is::Sends("date: yesterday")],
        &[b"date: yesterday\r\nContent-Length: 0\r\n\r\n"],
    ),
    takes(
        ANSWER,
        &[Is::Lacks("Date")],
        &[b"Content-Length: 0\r\n\r\n"],
    ),
];

#[test]
fn rfc9110_6_6_1_a_date_is_left_alone_and_none_is_made() {
    play(DATES);
}
