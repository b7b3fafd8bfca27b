//! Random messages: what is decoded is what was encoded, what leaves is what was understood.

use super::*;
use crate::limits::Limits;
use alloc::vec::Vec;
use proptest::prelude::*;

proptest! {
    #[test]
    fn encoded_then_decoded_is_the_same(
        pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..12),
        cuts in prop::collection::vec(1_usize..40, 1..20),
        room in 1_usize..50,
        kind in 0_u8..3,
    ) {
        let data = pieces.concat();
        let length = u64::try_from(data.len()).unwrap();
        let (framing, kind) = match kind {
            0 => (Framing::Chunked, BodyKind::Chunked),
            1 => (Framing::Length(length), BodyKind::Length(length)),
            _ => (Framing::Close, BodyKind::Close),
        };
        let sent = encode(framing, &pieces);
        let (got, ended) = decode(kind, &sent, &cuts, room);
        prop_assert_eq!(got, data);
        prop_assert_eq!(ended, kind != BodyKind::Close);
    }

    #[test]
    fn a_decoder_survives_any_bytes(
        text in prop::collection::vec(chunky(), 0..200),
        room in 1_usize..50,
    ) {
        // However it is cut, the same data comes out before the same verdict.
        let verdict = |cuts: &[usize]| {
            let mut decoder = BodyDecoder::new(BodyKind::Chunked);
            feed(&mut decoder, &text, cuts, room).map_err(|reject| reject.status())
        };
        prop_assert_eq!(verdict(&[text.len() + 1]), verdict(&[1]));
    }

    #[test]
    fn a_head_survives_any_bytes(
        text in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let limits = limits();
        for method in [Method::Get, Method::Head] {
            prop_assert!(response_head(&text, method, &limits).is_err() || text.len() < 9);
        }
        if let Ok(Some((taken, _))) = request_head(&text, &limits) {
            prop_assert!(taken <= text.len());
        }
    }

    #[test]
    fn a_written_request_is_what_was_understood_and_no_more(
        line in prop::sample::select(LINES),
        fields in prop::collection::vec((prop::sample::select(NAMES), value()), 0..8),
    ) {
        let text = message(line, &fields);
        if let Ok(Some((_, head))) = request_head(&text, &limits()) {
            let mut out = Vec::new();
            let client = core::net::Ipv4Addr::LOCALHOST.into();
            let forwarded = Forwarded::new(client, false, "d");
            write_request(&head, &forwarded, &mut out);
            let (taken, again) = request_head(&out, &limits()).unwrap().unwrap();
            prop_assert_eq!(taken, out.len());
            prop_assert_eq!(again.facts.body, head.facts.body);
            prop_assert!(!again.facts.close);
            prop_assert_eq!(again.path(), head.path());
            prop_assert_eq!(again.host(), Some(head.host().unwrap_or(b"d")));
            let ours = |field: &Field<'_>| OURS.iter().any(|name| field.is(name));
            for field in again.fields().filter(|field| !ours(field)) {
                prop_assert!(head.fields().any(|received| received == field), "{:?}", field);
                prop_assert!(!OTHERS_MUST_NOT_SEE.iter().any(|name| field.is(name)));
            }
        }
    }

    #[test]
    fn a_written_response_is_what_was_understood_and_no_more(
        status in prop::sample::select(&[100_u16, 200, 204, 304, 500]),
        fields in prop::collection::vec((prop::sample::select(NAMES), value()), 0..8),
        head_request in any::<bool>(),
    ) {
        let text = message(&alloc::format!("HTTP/1.1 {status} X\r\n"), &fields);
        let to = if head_request { Method::Head } else { Method::Get };
        if let Ok(Some((_, head))) = response_head(&text, to, &limits()) {
            let request = RequestFacts {
                version: Version::Http11,
                method: to,
                body: BodyKind::None,
                close: false,
                expect_continue: false,
                idempotent: true,
                upgrade: false,
                wording: Wording::TEXT,
            };
            let delivery = deliver(&request, &head.facts, false, 0);
            let mut out = Vec::new();
            write_response(&head, &delivery, &Returned::DEFAULT, &mut out);
            let (taken, again) = response_head(&out, to, &limits()).unwrap().unwrap();
            prop_assert_eq!(taken, out.len());
            // U07: what the close delimited is in chunks now; all else is as it was.
            let body = match head.facts.body {
                BodyKind::Close => BodyKind::Chunked,
                other @ (BodyKind::None | BodyKind::Length(_) | BodyKind::Chunked) => other,
            };
            prop_assert_eq!(again.facts.body, body);
            let ours = |field: &Field<'_>| OURS.iter().any(|name| field.is(name));
            for field in again.fields().filter(|field| !ours(field)) {
                prop_assert!(head.fields().any(|received| received == field), "{:?}", field);
            }
        }
    }
}

/// Request lines that may be understood.
const LINES: &[&str] = &[
    "GET /a?b HTTP/1.1\r\nHost: h\r\n",
    "POST http://a:1?b HTTP/1.1\r\nHost: h\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: h\r\n",
    "POST / HTTP/1.0\r\n",
];

/// Field names that matter, and some that do not.
const NAMES: &[&str] = &[
    "Host",
    "Content-Length",
    "transfer-encoding",
    "Connection",
    "TE",
    "Trailer",
    "Upgrade",
    "Keep-Alive",
    "X-Forwarded-For",
    "Forwarded",
    "Expect",
    "Via",
    "Cookie",
    "X-A",
    "X-B",
];

/// What is written anew and may differ from what was received.
const OURS: &[&str] = &[
    "Host",
    "Content-Length",
    "Transfer-Encoding",
    "Connection",
    "TE",
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-Forwarded-Host",
    "Via",
];

const OTHERS_MUST_NOT_SEE: &[&str] = &["Keep-Alive", "Upgrade", "Forwarded"];

fn value() -> impl Strategy<Value = Vec<u8>> {
    let word = |text: &'static [u8]| Just(text.to_vec());
    prop_oneof![
        word(b"0"),
        word(b"17"),
        word(b"chunked"),
        word(b"close, X-A"),
        word(b"content-length, host, te"),
        word(b"trailers"),
        word(b"100-continue"),
        prop::collection::vec(prop_oneof![0x20_u8..0x7f, 0x80_u8..], 0..12),
        prop::collection::vec(any::<u8>(), 0..4),
    ]
}

/// Bytes that often look like chunks.
fn chunky() -> impl Strategy<Value = u8> {
    prop_oneof![any::<u8>(), prop::sample::select(&b"01;\r\n"[..])]
}

fn message(line: &str, fields: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut text = Vec::from(line);
    for (name, value) in fields {
        text.extend_from_slice(name.as_bytes());
        text.extend_from_slice(b": ");
        text.extend_from_slice(value);
        text.extend_from_slice(b"\r\n");
    }
    text.extend_from_slice(b"\r\n");
    text
}

fn limits() -> Limits {
    Limits::default()
}

fn encode(framing: Framing, pieces: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = BodyEncoder::new(framing);
    for piece in pieces {
        let before = out.len();
        encoder.data(piece, &mut out);
        assert!(out.len() - before <= piece.len() + BodyEncoder::OVERHEAD);
    }
    encoder.end(&Trailers::none(), &mut out);
    out
}

fn decode(kind: BodyKind, sent: &[u8], cuts: &[usize], room: usize) -> (Vec<u8>, bool) {
    feed(&mut BodyDecoder::new(kind), sent, cuts, room).unwrap()
}

/// Feeds `text` in pieces of the lengths `cuts`, over and over: the data, and whether it ended.
fn feed(
    decoder: &mut BodyDecoder,
    text: &[u8],
    cuts: &[usize],
    room: usize,
) -> Result<(Vec<u8>, bool), Reject> {
    let (mut data, mut at, mut arrived) = (Vec::new(), 0, 0);
    let mut cuts = cuts.iter().cycle();
    loop {
        let (taken, piece) = decoder.next(&text[at..arrived], room)?;
        at += taken;
        match piece {
            Some(Piece::Data(bytes)) => data.extend_from_slice(bytes),
            Some(Piece::End { .. }) => return Ok((data, true)),
            None if arrived == text.len() => return Ok((data, false)),
            None => arrived = text.len().min(arrived + cuts.next().unwrap()),
        }
    }
}
