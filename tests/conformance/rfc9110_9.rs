//! RFC 9110, section 9: methods, as far as framing and retries tell them apart.

use crate::table::{Group, Is, REQUEST, RESPONSE, body_lacks, play, refuses, response_to, takes};
use tidegate_core::http1::{BodyKind, Fault, Method};

pub(crate) const TABLES: &[&[Group]] = &[CASE, IDEMPOTENT, CONTENT, HEAD, CONNECT, OPTIONS];

const CASE: &[Group] = &[
    takes(
        REQUEST,
        &[Is::Method(Method::Get)],
        &[b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"],
    ),
    takes(
        REQUEST,
        &[Is::Method(Method::Head)],
        &[b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n"],
    ),
    takes(
        REQUEST,
        &[Is::Method(Method::Post)],
        &[b"POST / HTTP/1.1\r\nHost: h\r\n\r\n"],
    ),
    takes(
        REQUEST,
        &[Is::Method(Method::Other)],
        &[
            b"Get / HTTP/1.1\r\nHost: h\r\n\r\n",
            b"head / HTTP/1.1\r\nHost: h\r\n\r\n",
            b"HEADS / HTTP/1.1\r\nHost: h\r\n\r\n",
        ],
    ),
    takes(
        REQUEST,
        &[Is::Sends("pOsT / HTTP/1.1")],
        &[b"pOsT / HTTP/1.1\r\nHost: h\r\n\r\n"],
    ),
];

#[test]
fn rfc9110_9_1_a_method_is_case_sensitive() {
    play(CASE);
}

const IDEMPOTENT: &[Group] = &[
    takes(
        REQUEST,
        &[Is::Idempotent(true)],
        &[
            b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
            b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n",
            b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\na",
            b"DELETE / HTTP/1.1\r\nHost: h\r\n\r\n",
            b"OPTIONS / HTTP/1.1\r\nHost: h\r\n\r\n",
            b"TRACE / HTTP/1.1\r\nHost: h\r\n\r\n",
        ],
    ),
    takes(
        REQUEST,
        &[Is::Idempotent(false)],
        &[
            b"POST / HTTP/1.1\r\nHost: h\r\n\r\n",
            b"PATCH / HTTP/1.1\r\nHost: h\r\n\r\n",
            b"CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n",
            b"put / HTTP/1.1\r\nHost: h\r\n\r\n",
            b"NEW / HTTP/1.1\r\nHost: h\r\n\r\n",
        ],
    ),
];

#[test]
fn rfc9110_9_2_2_only_known_methods_may_be_sent_twice() {
    play(IDEMPOTENT);
}

/// The framing of a request does not depend on its method: a GET's content is read as any other's.
const CONTENT: &[Group] = &[
    takes(
        REQUEST,
        &[Is::By(BodyKind::Length(1)), Is::Body("a")],
        &[
            b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\na",
            b"HEAD / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\na",
            b"DELETE / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\na",
            b"OPTIONS * HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\na",
            b"NEW / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\na",
        ],
    ),
    takes(
        REQUEST,
        &[Is::Body("a")],
        &[b"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"],
    ),
    body_lacks(
        REQUEST,
        &[b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\na"],
    ),
];

#[test]
fn rfc9110_9_3_1_the_content_of_any_method_is_framed_alike() {
    play(CONTENT);
}

const HEAD: &[Group] = &[
    takes(
        response_to(Method::Head),
        &[Is::By(BodyKind::None), Is::Last(false)],
        &[
            b"HTTP/1.1 200 OK\r\n\r\n",
            b"HTTP/1.1 500 X\r\nContent-Length: 99\r\n\r\n",
        ],
    ),
    // The same to a GET waits for what it was promised.
    body_lacks(RESPONSE, &[b"HTTP/1.1 500 X\r\nContent-Length: 99\r\n\r\n"]),
];

#[test]
fn rfc9110_9_3_2_a_response_to_head_has_no_content() {
    play(HEAD);
}

const CONNECT: &[Group] = &[
    takes(
        REQUEST,
        &[Is::By(BodyKind::None), Is::Idempotent(false)],
        &[
            b"CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n",
            b"CONNECT h:443 HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
        ],
    ),
    refuses(
        REQUEST,
        Fault::ConnectContent,
        400,
        &[
            b"CONNECT h:443 HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n",
            b"CONNECT h:443 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
        ],
    ),
];

#[test]
fn rfc9110_9_3_6_a_connect_has_no_content() {
    play(CONNECT);
}

const OPTIONS: &[Group] = &[takes(
    REQUEST,
    &[Is::Method(Method::Other), Is::Path("/x")],
    &[
        b"OPTIONS /x HTTP/1.1\r\nHost: h\r\n\r\n",
        b"OPTIONS http://h/x HTTP/1.1\r\nHost: h\r\n\r\n",
        b"TRACE /x HTTP/1.1\r\nHost: h\r\n\r\n",
    ],
)];

#[test]
fn rfc9110_9_3_7_options_and_trace_of_a_resource_are_requests_as_others() {
    play(OPTIONS);
}
