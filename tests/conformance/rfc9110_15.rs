//! RFC 9110, section 15: status codes, as far as framing tells them apart.

use crate::table::{CHUNKS, Group, Is, REQUEST, RESPONSE, play, refuses, response_to, takes};
use tidegate_core::{
    http1::{BodyKind, Fault, Method},
    limits::Limits,
};

pub(crate) const TABLES: &[&[Group]] = &[CLASSES, INTERIM, SWITCHING, EMPTY, NOT_EMPTY, TOO_LONG];

/// The code alone is never a reason to read a body or not, but for the few below.
const CLASSES: &[Group] = &[takes(
    RESPONSE,
    &[
        Is::By(BodyKind::Length(1)),
        Is::Body("a"),
        Is::Interim(false),
    ],
    &[
        b"HTTP/1.1 200 X\r\nContent-Length: 1\r\n\r\na",
        b"HTTP/1.1 299 X\r\nContent-Length: 1\r\n\r\na",
        b"HTTP/1.1 301 X\r\nContent-Length: 1\r\n\r\na",
        b"HTTP/1.1 399 X\r\nContent-Length: 1\r\n\r\na",
        b"HTTP/1.1 404 X\r\nContent-Length: 1\r\n\r\na",
        b"HTTP/1.1 500 X\r\nContent-Length: 1\r\n\r\na",
        b"HTTP/1.1 599 X\r\nContent-Length: 1\r\n\r\na",
        b"HTTP/1.1 700 X\r\nContent-Length: 1\r\n\r\na",
    ],
)];

#[test]
fn rfc9110_15_an_unknown_code_is_framed_as_its_class_is() {
    play(CLASSES);
}

const INTERIM: &[Group] = &[
    takes(
        RESPONSE,
        &[
            Is::Interim(true),
            Is::By(BodyKind::None),
            Is::Lacks("Connection"),
        ],
        &[
            b"HTTP/1.1 100 Continue\r\n\r\n",
            b"HTTP/1.1 102 Processing\r\n\r\n",
            b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
            b"HTTP/1.1 199 X\r\n\r\n",
        ],
    ),
    takes(
        RESPONSE,
        &[
            Is::Sends("HTTP/1.1 103 Early Hints"),
            Is::Sends("Link: </a>"),
        ],
        &[b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: close\r\n\r\n"],
    ),
    takes(
        response_to(Method::Head),
        &[Is::Interim(true)],
        &[b"HTTP/1.1 100 Continue\r\n\r\n"],
    ),
];

#[test]
fn rfc9110_15_2_an_interim_response_is_followed_by_another() {
    play(INTERIM);
}

const SWITCHING: &[Group] = &[takes(
    RESPONSE,
    &[
        Is::Interim(false),
        Is::By(BodyKind::None),
        Is::Sends("Upgrade: websocket"),
        Is::Sends("Connection: upgrade"),
        Is::Lacks("Content-Length"),
    ],
    &[
        b"HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 5\r\n\r\n",
    ],
)];

#[test]
fn rfc9110_15_2_2_101_leaves_http_with_its_head() {
    play(SWITCHING);
}

const EMPTY: &[Group] = &[
    takes(
        RESPONSE,
        &[Is::By(BodyKind::None), Is::Last(false)],
        &[
            b"HTTP/1.1 204 No Content\r\n\r\n",
            b"HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n",
        ],
    ),
    takes(
        RESPONSE,
        &[Is::By(BodyKind::None), Is::Last(true)],
        &[b"HTTP/1.1 204 X\r\nConnection: close\r\n\r\n"],
    ),
];

#[test]
fn rfc9110_15_3_5_and_15_4_5_204_and_304_have_no_content() {
    play(EMPTY);
}

/// 205 says that there is none, but has to say so with a length or a last chunk.
const NOT_EMPTY: &[Group] = &[
    takes(
        RESPONSE,
        &[Is::By(BodyKind::None), Is::Sends("Content-Length: 0")],
        &[b"HTTP/1.1 205 X\r\nContent-Length: 0\r\n\r\n"],
    ),
    takes(
        RESPONSE,
        &[Is::By(BodyKind::Chunked), Is::Body("")],
        &[b"HTTP/1.1 205 X\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
    ),
    takes(
        RESPONSE,
        &[Is::By(BodyKind::Close)],
        &[b"HTTP/1.1 205 X\r\n\r\n"],
    ),
];

#[test]
fn rfc9110_15_3_6_205_is_framed_as_any_other() {
    play(NOT_EMPTY);
}

fn six() -> Limits {
    Limits {
        body_bytes: 6,
        ..Limits::default()
    }
}

/// Section 15.5.14: by the head where it says how long the body is, by the chunk that goes beyond where
/// it does not. Of a response nothing is asked.
const TOO_LONG: &[Group] = &[
    takes(
        CHUNKS,
        &[Is::Body("abcdef")],
        &[
            b"6\r\nabcdef\r\n0\r\n\r\n",
            b"5\r\nabcde\r\n1\r\nf\r\n0\r\n\r\n",
        ],
    )
    .under(six),
    refuses(
        CHUNKS,
        Fault::BodyTooLong,
        413,
        &[
            b"7\r\n",
            b"ffffffffffffffff\r\n",
            b"6\r\nabcdef\r\n1\r\n",
            b"5\r\nabcde\r\n1\r\nf\r\nffffffffffffffff\r\n",
        ],
    )
    .under(six),
    takes(
        REQUEST,
        &[Is::Body("abcdef")],
        &[b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nabcdef"],
    )
    .under(six),
    refuses(
        REQUEST,
        Fault::BodyTooLong,
        413,
        &[
            b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 7\r\n\r\n",
            b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 18446744073709551615\r\n\r\n",
        ],
    )
    .under(six),
    takes(
        RESPONSE,
        &[Is::Body("abcdefg")],
        &[
            b"HTTP/1.1 200 X\r\nContent-Length: 7\r\n\r\nabcdefg",
            b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n7\r\nabcdefg\r\n0\r\n\r\n",
        ],
    )
    .under(six),
];

#[test]
fn rfc9110_15_5_14_a_body_beyond_its_limit_is_413() {
    play(TOO_LONG);
}
