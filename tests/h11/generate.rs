//! Messages by the number of a seed: well-formed ones, and what a few changed bytes make of them.

use crate::message::Sender;
use tidegate_core::draws::Draws;

const REQUESTS: &[&str] = &[
    "GET /a?b HTTP/1.1\r\n",
    "POST /a HTTP/1.1\r\n",
    "HEAD http://h/a HTTP/1.1\r\n",
    "OPTIONS * HTTP/1.1\r\n",
    "PUT / HTTP/1.0\r\n",
    "get /%20 HTTP/1.1\r\n",
    "GET / HTTP/1.2\r\n",
    "GET / HTTP/2.0\r\n",
];

const RESPONSES: &[&str] = &[
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.0 200 OK\r\n",
    "HTTP/1.1 404\r\n",
    "HTTP/1.1 500 \r\n",
    "HTTP/1.1 204 X\r\n",
    "HTTP/1.1 304 X\r\n",
    "HTTP/1.1 103 Early Hints\r\n",
    "HTTP/1.3 200 OK\r\n",
];

const HOSTS: &[&str] = &[
    "Host: h\r\n",
    "Host: h\r\n",
    "Host: h:80\r\n",
    "host:h\r\n",
    "",
];

const FIELDS: &[&str] = &[
    "A: b\r\n",
    "A:\r\n",
    "A: \t b c \r\n",
    "A: \u{e9}\r\n",
    "a-b_c.d~: e\r\n",
    "Connection: close\r\n",
    "Connection: keep-alive\r\n",
    "Accept: */*\r\n",
];

const FRAMES: &[&str] = &[
    "",
    "Content-Length: 3\r\n",
    "Content-Length: 0\r\n",
    "Content-Length: 03\r\n",
    "content-length: 3\r\nContent-Length: 3\r\n",
    "Content-Length: 3\r\nContent-Length: 4\r\n",
    "Content-Length: 3, 3\r\n",
    "Content-Length: +3\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\n",
    "transfer-encoding: CHUNKED\r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
];

const BODIES: &[&str] = &[
    "",
    "abc",
    "abcd",
    "3\r\nabc\r\n0\r\n\r\n",
    "0\r\n\r\n",
    "1\r\na\r\n2;x=y\r\nbc\r\n0\r\nB: c\r\n\r\n",
    "3;a=\"b;c\"\r\nabc\r\n0;z\r\n\r\n",
    "003\r\nabc\r\n000\r\nA: b\r\nC: d\r\n\r\n",
    "fffffffffffffffff\r\n",
];

const NOISE: &[&str] = &[
    "", "\r", "\n", "\r\n", "\0", " ", "\t", ":", ",", ";", "0", "a", "\x7f", "\u{e9}", "\"",
    "x: y\r\n",
];

/// Behind every message: it belongs to the next.
const NEXT: &str = "GET /next HTTP/1.1\r\nHost: n\r\n\r\n";

/// The message with this number.
pub(crate) fn message(seed: u64) -> (Sender, Vec<u8>) {
    let mut draws = Draws::new(seed);
    let sender = Sender::ALL[draws.below(Sender::ALL.len())];
    let mut text = String::new();
    let mut put = |all: &[&str]| text.push_str(all[draws.below(all.len())]);
    match sender {
        Sender::Client => {
            put(REQUESTS);
            put(HOSTS);
        }
        Sender::OriginToGet | Sender::OriginToHead => put(RESPONSES),
    }
    put(FIELDS);
    put(FRAMES);
    put(FIELDS);
    put(&["\r\n"]);
    put(BODIES);
    put(&[NEXT, ""]);
    let mut text = text.into_bytes();
    // Half of them stay as they are.
    for _ in 0..draws.below(5).saturating_sub(2) {
        let at = draws.below(text.len());
        let gone = draws.below(3).min(text.len() - at);
        let new = NOISE[draws.below(NOISE.len())];
        text.splice(at..at + gone, new.bytes());
    }
    (sender, text)
}
