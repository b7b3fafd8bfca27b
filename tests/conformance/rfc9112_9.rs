//! RFC 9112, section 9: which message is the last of its connection.

use crate::table::{ANSWER, FIELD, Group, Is, REQUEST, RESPONSE, play, takes};

pub(crate) const TABLES: &[&[Group]] = &[STAYS, CLOSES, OLD, RESPONSES, PIPELINED];

const STAYS: &[Group] = &[takes(
    FIELD,
    &[Is::Last(false)],
    &[
        b"B: b",
        b"Connection:",
        b"Connection: keep-alive",
        b"Connection: x, y",
        b"Connection: closed",
        b"Connection: close-x",
        b"Connection: close x",
        b"Connection: \"close\"",
        b"Connection: x=close",
        b"Proxy-Connection: close",
        b"Keep-Alive: timeout=0",
        b"Close: 1",
    ],
)];

#[test]
fn rfc9112_9_3_an_http11_connection_stays_unless_close_is_said() {
    play(STAYS);
}

const CLOSES: &[Group] = &[takes(
    FIELD,
    // What was said of one connection is not said of the next.
    &[Is::Last(true), Is::Lacks("Connection")],
    &[
        b"Connection: close",
        b"connection:Close",
        b"Connection: CLOSE",
        b"Connection: keep-alive, close",
        b"Connection: close, keep-alive",
        b"Connection: ,close,",
        b"Connection: x ,\tclose\t, y",
        b"Connection: keep-alive\r\nConnection: close",
        b"Connection: close\r\nB: b\r\nConnection: keep-alive",
    ],
)];

#[test]
fn rfc9112_9_6_close_wins_wherever_it_is_said() {
    play(CLOSES);
}

const OLD: &[Group] = &[
    takes(
        REQUEST,
        &[Is::Last(true)],
        &[
            b"GET / HTTP/1.0\r\n\r\n",
            b"GET / HTTP/1.0\r\nConnection: x\r\n\r\n",
            b"GET / HTTP/1.0\r\nConnection: close\r\n\r\n",
            b"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n",
            b"GET / HTTP/1.0\r\nKeep-Alive: timeout=5\r\n\r\n",
            b"GET / HTTP/1.0\r\nProxy-Connection: keep-alive\r\n\r\n",
        ],
    ),
    takes(
        REQUEST,
        &[
            Is::Last(false),
            Is::Lacks("Connection"),
            Is::Lacks("Keep-Alive"),
        ],
        &[
            b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
            b"GET / HTTP/1.0\r\nConnection: x, Keep-Alive\r\nKeep-Alive: 5\r\n\r\n",
        ],
    ),
];

#[test]
fn rfc9112_9_3_an_http10_connection_closes_unless_keep_alive_is_said() {
    play(OLD);
}

const RESPONSES: &[Group] = &[
    takes(
        ANSWER,
        &[Is::Last(true), Is::Lacks("Connection")],
        &[
            b"Content-Length: 0\r\nConnection: close\r\n\r\n",
            b"Transfer-Encoding: chunked\r\nConnection: x, close\r\n\r\n0\r\n\r\n",
        ],
    ),
    takes(
        ANSWER,
        &[Is::Last(false)],
        &[
            b"Content-Length: 0\r\n\r\n",
            b"Content-Length: 0\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n",
        ],
    ),
    takes(
        RESPONSE,
        &[Is::Last(true)],
        &[
            b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.0 304 X\r\n\r\n",
        ],
    ),
    takes(
        RESPONSE,
        &[Is::Last(false)],
        &[b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: Keep-Alive\r\n\r\n"],
    ),
];

#[test]
fn rfc9112_9_3_an_origin_says_the_same_of_its_own_connection() {
    play(RESPONSES);
}

/// Every message of every table has another behind it. These have one that looks like their body.
const PIPELINED: &[Group] = &[takes(
    REQUEST,
    &[Is::Path("/a")],
    &[
        b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
        b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n\r\n",
        b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 18\r\n\r\nGET /b HTTP/1.1\r\n\r",
    ],
)];

#[test]
fn rfc9112_9_3_2_what_is_behind_a_message_is_the_next_one() {
    play(PIPELINED);
}
