//! A message of a client's or an origin's: whole, byte by byte and cut in two it is the same, or
//! refused for the same reason; and what is sent on is that message, with its end at the same byte.
#![no_main]

#[path = "../../tests/conformance/feed.rs"]
#[allow(dead_code, reason = "the tests look at more of it")]
mod feed;

use feed::{Outcome, Sender, read};
use libfuzzer_sys::fuzz_target;
use tidegate_core::http1::{BodyEncoder, Framing, Method, Version};
use tidegate_core::limits::Limits;

fuzz_target!(|data: &[u8]| {
    let [who, cut, text @ ..] = data else { return };
    let version = match who & 1 {
        0 => Version::Http11,
        _ => Version::Http10,
    };
    let sender = match who >> 1 & 3 {
        0 | 1 => Sender::Client,
        2 => Sender::Origin(Method::Get, version),
        _ => Sender::Origin(Method::Head, version),
    };
    // So narrow that a short input reaches them.
    let limits = Limits {
        head_bytes: 512,
        head_fields: 12,
        target_bytes: 64,
        ..Limits::default()
    };
    let whole = read(sender, &limits, &[text], usize::MAX);
    let (first, second) = text.split_at(text.len().min(usize::from(*cut)));
    assert_eq!(read(sender, &limits, &[first, second], 7), whole);
    let bytes: Vec<&[u8]> = text.chunks(1).collect();
    assert_eq!(read(sender, &limits, &bytes, usize::MAX), whole);
    let Outcome::Message(message) = whole else {
        return;
    };
    let mut sent = message.head.written.clone();
    let mut encoder = BodyEncoder::new(message.head.framing);
    encoder.data(&message.body, &mut sent);
    encoder.end(&message.trailers, &mut sent);
    let end = sent.len();
    if message.head.framing != Framing::Close {
        sent.extend_from_slice(b"GET / HTTP/1.1\r\n");
    }
    // What is added on the way may take it beyond the limits above.
    let Outcome::Message(again) = read(sender, &Limits::default(), &[&sent], usize::MAX) else {
        panic!("refused behind us: {}", sent.escape_ascii());
    };
    assert_eq!((again.taken, &again.body), (end, &message.body));
    assert_eq!(again.head.path, message.head.path);
});
