//! RFC 9110, section 7: what is between two neighbours only, and what goes on.

use crate::table::{ANSWER, FIELD, Group, Is, REQUEST, RESPONSE, play, refuses, takes};
use tidegate_core::http1::{BodyKind, Fault};

pub(crate) const TABLES: &[&[Group]] = &[
    HOSTS,
    HOP_BY_HOP,
    NOMINATED,
    NEVER,
    OPTIONS,
    HOPS,
    VIA,
    UNTOUCHED,
    UPGRADES,
    NO_UPGRADES,
];

/// First of all fields, so that nobody reads a head without it.
const HOSTS: &[Group] = &[takes(
    REQUEST,
    &[Is::Sends("Host: h"), Is::Sends("X-Forwarded-Host: h")],
    &[
        b"GET / HTTP/1.1\r\nB: b\r\nhost:h\r\n\r\n",
        b"GET http://h/ HTTP/1.1\r\nHost: other\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-Host: evil\r\n\r\n",
    ],
)];

#[test]
fn rfc9110_7_2_host_is_written_anew() {
    play(HOSTS);
}

const HOP_BY_HOP: &[Group] = &[
    takes(
        FIELD,
        &[Is::Lacks("Connection")],
        &[b"Connection: close", b"Connection: x"],
    ),
    takes(
        FIELD,
        &[Is::Lacks("Keep-Alive")],
        &[b"Keep-Alive: timeout=5"],
    ),
    takes(
        FIELD,
        &[Is::Lacks("Proxy-Connection")],
        &[b"Proxy-Connection: keep-alive"],
    ),
    takes(FIELD, &[Is::Lacks("TE")], &[b"TE: gzip", b"te: chunked"]),
    takes(FIELD, &[Is::Lacks("Upgrade")], &[b"Upgrade: websocket"]),
    takes(
        FIELD,
        &[Is::Lacks("HTTP2-Settings")],
        &[b"HTTP2-Settings: AAMAAABk"],
    ),
    takes(
        ANSWER,
        &[
            Is::Lacks("Keep-Alive"),
            Is::Lacks("Proxy-Connection"),
            Is::Lacks("Connection"),
        ],
        &[
            b"Connection: close\r\nKeep-Alive: 5\r\nContent-Length: 0\r\n\r\n",
            b"Proxy-Connection: close\r\nContent-Length: 0\r\n\r\n",
        ],
    ),
    takes(
        RESPONSE,
        &[Is::Lacks("Upgrade")],
        &[b"HTTP/1.1 426 X\r\nConnection: upgrade\r\nUpgrade: a\r\nContent-Length: 0\r\n\r\n"],
    ),
];

#[test]
fn rfc9110_7_6_1_what_is_of_one_connection_goes_no_further() {
    play(HOP_BY_HOP);
}

const NOMINATED: &[Group] = &[
    takes(
        FIELD,
        &[Is::Lacks("B"), Is::Sends("C: c")],
        &[
            b"Connection: B\r\nB: b\r\nC: c",
            b"B: b\r\nC: c\r\nConnection: b",
            b"B: b\r\nC: c\r\nConnection: close, x, B",
            b"B: 1\r\nb: 2\r\nC: c\r\nConnection: x\r\nconnection: b",
        ],
    ),
    takes(
        ANSWER,
        &[Is::Lacks("B"), Is::Sends("C: c")],
        &[b"Content-Length: 0\r\nB: b\r\nC: c\r\nConnection: b\r\n\r\n"],
    ),
];

#[test]
fn rfc9110_7_6_1_what_connection_names_goes_no_further() {
    play(NOMINATED);
}

/// A client must not have us change where its message goes, or how long it is.
const NEVER: &[Group] = &[
    takes(
        REQUEST,
        &[
            Is::Sends("Host: h"),
            Is::Sends("Content-Length: 1"),
            Is::Sends("Via: 1.1 x"),
            Is::Sends("Expect: 100-continue"),
            Is::Sends("X-Forwarded-For: 10.0.0.9"),
        ],
        &[
            b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nVia: 1.1 x\r\n\
              Expect: 100-continue\r\n\
              Connection: host, content-length, via, expect, x-forwarded-for\r\n\r\na",
        ],
    ),
    takes(
        REQUEST,
        &[
            Is::By(BodyKind::Chunked),
            Is::Sends("Transfer-Encoding: chunked"),
        ],
        &[
            b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\
              Connection: transfer-encoding\r\n\r\n0\r\n\r\n",
        ],
    ),
    takes(
        ANSWER,
        &[Is::Sends("Content-Length: 1")],
        &[b"Content-Length: 1\r\nConnection: Content-Length\r\n\r\na"],
    ),
];

#[test]
fn rfc9110_7_6_1_connection_cannot_name_what_all_recipients_need() {
    play(NEVER);
}

/// Each option is compared with each field, so that a hostile head could be dear.
const OPTIONS: &[Group] = &[
    takes(
        FIELD,
        &[Is::Last(true)],
        &[b"Connection: ,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,close"],
    ),
    refuses(
        FIELD,
        Fault::TooManyOptions,
        431,
        &[
            b"Connection: ,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,close",
            b"Connection: a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p\r\n\
              Connection: a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q",
        ],
    ),
    refuses(
        ANSWER,
        Fault::TooManyOptions,
        502,
        &[b"Connection: ,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,close\r\n\r\n"],
    ),
];

#[test]
fn rfc9110_7_6_1_connection_options_are_bounded() {
    play(OPTIONS);
}

const HOPS: &[Group] = &[
    takes(
        REQUEST,
        &[Is::Sends("Max-Forwards: 9")],
        &[
            b"OPTIONS /x HTTP/1.1\r\nHost: h\r\nMax-Forwards: 10\r\n\r\n",
            b"TRACE /x HTTP/1.1\r\nHost: h\r\nmax-forwards: 010\r\n\r\n",
        ],
    ),
    // More than anybody counts is the most that we count.
    takes(
        REQUEST,
        &[Is::Sends("Max-Forwards: 18446744073709551614")],
        &[b"OPTIONS * HTTP/1.1\r\nHost: h\r\nMax-Forwards: 99999999999999999999\r\n\r\n"],
    ),
    // In other requests, and if it is not one number, it is a field as any other.
    takes(
        REQUEST,
        &[Is::Sends("Max-Forwards: 10")],
        &[
            b"GET / HTTP/1.1\r\nHost: h\r\nMax-Forwards: 10\r\n\r\n",
            b"options / HTTP/1.1\r\nHost: h\r\nMax-Forwards: 10\r\n\r\n",
            b"TRACE / HTTP/1.1\r\nHost: h\r\nMax-Forwards: 10\r\nMax-Forwards: 9\r\n\r\n",
        ],
    ),
    takes(
        REQUEST,
        &[Is::Sends("Max-Forwards: -1")],
        &[b"TRACE / HTTP/1.1\r\nHost: h\r\nMax-Forwards: -1\r\n\r\n"],
    ),
    takes(
        ANSWER,
        &[Is::Sends("Max-Forwards: 3")],
        &[b"Max-Forwards: 3\r\nContent-Length: 0\r\n\r\n"],
    ),
];

#[test]
fn rfc9110_7_6_2_options_and_trace_count_the_servers_that_pass_them_on() {
    play(HOPS);
}

const VIA: &[Group] = &[
    takes(
        FIELD,
        &[
            Is::Sends("Via: 1.0 a, 1.1 b"),
            Is::Sends("Via: 1.1 tidegate"),
        ],
        &[b"Via: 1.0 a, 1.1 b"],
    ),
    takes(
        REQUEST,
        &[Is::Sends("Via: 1.0 tidegate")],
        &[b"GET / HTTP/1.0\r\nHost: h\r\n\r\n"],
    ),
    takes(
        RESPONSE,
        &[Is::Sends("Via: 1.1 a"), Is::Sends("Via: 1.0 tidegate")],
        &[b"HTTP/1.0 200 OK\r\nVia: 1.1 a\r\nContent-Length: 0\r\n\r\n"],
    ),
];

#[test]
fn rfc9110_7_6_3_via_grows_by_one() {
    play(VIA);
}

const UNTOUCHED: &[Group] = &[
    takes(
        FIELD,
        &[
            Is::Sends("Range: bytes=0-1"),
            Is::Sends("Accept-Encoding: gzip;q=0"),
        ],
        &[b"Range: bytes=0-1\r\nAccept-Encoding: gzip;q=0"],
    ),
    takes(
        ANSWER,
        &[
            Is::Sends("Content-Encoding: br"),
            Is::Sends("Cache-Control: no-transform"),
        ],
        &[b"Content-Encoding: br\r\nCache-Control: no-transform\r\nContent-Length: 1\r\n\r\na"],
    ),
];

#[test]
fn rfc9110_7_7_what_describes_the_content_is_left_alone() {
    play(UNTOUCHED);
}

const UPGRADES: &[Group] = &[
    takes(
        FIELD,
        &[
            Is::Upgrades(true),
            Is::Sends("Upgrade: websocket"),
            Is::Sends("Connection: upgrade"),
        ],
        &[
            b"Connection: Upgrade\r\nUpgrade: websocket",
            b"Upgrade: websocket\r\nConnection: keep-alive, UPGRADE",
            b"Connection: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 0",
        ],
    ),
    takes(
        FIELD,
        &[Is::Upgrades(true), Is::Sends("Upgrade: a/1.0, b")],
        &[b"Connection: upgrade\r\nUpgrade: a/1.0, b"],
    ),
];

#[test]
fn rfc9110_7_8_an_upgrade_is_asked_for_hop_by_hop() {
    play(UPGRADES);
}

/// It may be ignored, and then the origin must not hear of it.
const NO_UPGRADES: &[Group] = &[
    takes(
        FIELD,
        &[
            Is::Upgrades(false),
            Is::Lacks("Upgrade"),
            Is::Lacks("Connection"),
        ],
        &[
            // Nobody said that it is meant for us.
            b"Upgrade: websocket",
            b"Connection: close\r\nUpgrade: websocket",
            b"Connection: upgrade",
            b"Connection: upgrade\r\nUpgrade:",
            b"Connection: upgrade\r\nUpgrade: a b",
            b"Connection: upgrade\r\nUpgrade: a/b/c",
            // Behind these an origin would speak HTTP that nobody here looks at.
            b"Connection: upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x",
            b"Connection: upgrade\r\nUpgrade: HTTP/2.0",
            b"Connection: upgrade\r\nUpgrade: TLS/1.3",
            b"Connection: upgrade\r\nUpgrade: websocket, h2c",
        ],
    ),
    takes(
        REQUEST,
        &[Is::Upgrades(false), Is::Lacks("Upgrade")],
        &[
            b"GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
            // Behind a body nobody could tell where the other protocol begins.
            b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nConnection: upgrade\r\n\
              Upgrade: websocket\r\n\r\na",
            b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: upgrade\r\n\
              Upgrade: websocket\r\n\r\n0\r\n\r\n",
        ],
    ),
];

#[test]
fn rfc9110_7_8_an_upgrade_that_cannot_be_passed_on_is_ignored() {
    play(NO_UPGRADES);
}
