//! Bodies: the same pieces however the bytes arrive, the same refusals, and an end that is never
//! taken for a want of bytes or of room.

use super::*;
use crate::ending::{Cause, End};
use crate::limits::Limits;
use alloc::string::String;
use alloc::vec::Vec;
use alloc::{format, vec};

const CHUNKED: &[u8] = b"5\r\nhello\r\n00b;x=\"y z\";q\r\n, world! \r\n\r\n\
      0;last\r\nETag: \"t\"\r\nHost: evil\r\nB:c\r\n\r\n";

#[test]
fn rfc9112_7_1_chunks_extensions_and_trailers_at_every_cut() {
    for first in 0..=CHUNKED.len() {
        for second in first..=CHUNKED.len() {
            let parts = [
                &CHUNKED[..first],
                &CHUNKED[first..second],
                &CHUNKED[second..],
            ];
            let read = read(BodyKind::Chunked, &parts, usize::MAX).unwrap();
            assert_eq!(read, whole(), "cut at {first} and {second}");
        }
    }
}

#[test]
fn rfc9112_7_1_chunks_byte_by_byte_and_room_by_room() {
    let bytes: Vec<&[u8]> = CHUNKED.chunks(1).collect();
    for max in [1, 2, 3, 5, 7, 100] {
        assert_eq!(read(BodyKind::Chunked, &bytes, max).unwrap(), whole());
        assert_eq!(read(BodyKind::Chunked, &[CHUNKED], max).unwrap(), whole());
    }
}

#[test]
fn what_follows_a_message_is_left_alone() {
    let text = [CHUNKED, b"GET /"].concat();
    let mut decoder = BodyDecoder::new(BodyKind::Chunked);
    let mut at = 0;
    while !decoder.done() {
        at += decoder.next(&text[at..], usize::MAX).unwrap().0;
    }
    assert_eq!(&text[at..], b"GET /");
    assert_eq!(decoder.next(&text[at..], usize::MAX), Ok((0, None)));

    let mut decoder = BodyDecoder::new(BodyKind::Length(3));
    assert_eq!(
        decoder.next(b"abcGET", 9),
        Ok((3, Some(Piece::Data(b"abc"))))
    );
    assert!(
        decoder.done(),
        "the framing is satisfied before the end is handed out"
    );
    assert_eq!(decoder.next(b"GET", 9), Ok((0, Some(end()))));
    assert_eq!(decoder.next(b"GET", 9), Ok((0, None)));
}

#[test]
fn museum_1_1_no_room_is_never_told_as_no_bytes() {
    // Every chunk size, every room: after each full buffer the next look says "data", "end" or,
    // only when the input is used up, "bytes".
    for chunk in 1..=64_usize {
        let data = vec![b'x'; chunk];
        let text = [format!("{chunk:x}\r\n").as_bytes(), &data, b"\r\n0\r\n\r\n"].concat();
        for room in 0..=chunk {
            let mut decoder = BodyDecoder::new(BodyKind::Chunked);
            let (mut at, mut got) = (0, 0);
            loop {
                let blocked = decoder.next(&text[at..], 0).unwrap();
                at += blocked.0;
                match blocked.1 {
                    Some(Piece::Data(none)) => assert!(none.is_empty()),
                    Some(Piece::End { .. }) => break,
                    None => panic!("starved with {} bytes at hand", text.len() - at),
                }
                let (taken, piece) = decoder.next(&text[at..], room.max(1)).unwrap();
                at += taken;
                match piece {
                    Some(Piece::Data(some)) => got += some.len(),
                    other => panic!("{other:?} where data was announced"),
                }
            }
            assert_eq!((at, got), (text.len(), chunk));
        }
    }
}

#[test]
fn museum_1_1_without_room_length_and_close_say_data_too() {
    for kind in [BodyKind::Length(2), BodyKind::Close] {
        let mut decoder = BodyDecoder::new(kind);
        assert_eq!(decoder.next(b"", 0), Ok((0, None)));
        assert_eq!(decoder.next(b"ab", 0), Ok((0, Some(Piece::Data(b"")))));
        assert_eq!(decoder.next(b"ab", 1), Ok((1, Some(Piece::Data(b"a")))));
    }
}

#[test]
fn a_message_without_body_ends_at_once() {
    for kind in [BodyKind::None, BodyKind::Length(0)] {
        let mut decoder = BodyDecoder::new(kind);
        assert!(decoder.done());
        assert_eq!(decoder.next(b"GET", 9), Ok((0, Some(end()))));
    }
}

#[test]
fn rfc9112_7_1_chunk_sizes_are_hex_digits_only() {
    for text in [
        "\r\n",
        ";x\r\n",
        " 5\r\n",
        "+5\r\n",
        "-5\r\n",
        "0x5\r\n",
        "g\r\n",
        "5_\r\n",
        "5\n",
        "\n",
        "00000000000000005\r\n",
        "10000000000000000\r\n",
    ] {
        refused(text, Fault::ChunkSize);
    }
    for (digits, size) in [
        ("9", 9),
        ("a", 10),
        ("A", 10),
        ("0F", 15),
        ("1a", 26),
        ("1D", 29),
    ] {
        let text = format!("{digits}\r\n{}\r\n0\r\n\r\n", "x".repeat(size));
        let read = read(BodyKind::Chunked, &[text.as_bytes()], 99).unwrap();
        assert_eq!(read.0.len(), size, "{digits}");
    }
    let mut decoder = BodyDecoder::new(BodyKind::Chunked);
    let text = b"ffffFFFFffffFFFF\r\nx";
    assert_eq!(decoder.next(text, 9), Ok((19, Some(Piece::Data(b"x")))));
}

#[test]
fn rfc9112_7_1_chunk_lines_end_in_crlf() {
    for text in [
        "5\rhello",
        "5;x\ry",
        "1\r\nab\r\n",
        "1\r\nab\n0\r\n\r\n",
        "1\r\na\n",
        "1\r\na\r\r",
        "1\r\na0\r\n",
        "0\r0\r\n",
    ] {
        refused(text, Fault::ChunkEnd);
    }
    refused("5;x\n", Fault::ChunkExtension);
}

#[test]
fn rfc9112_7_1_1_chunk_extensions_are_bounded_and_ignored() {
    let fits = format!("1;{}\r\na\r\n0\r\n\r\n", "x".repeat(255));
    let read = read(BodyKind::Chunked, &[fits.as_bytes()], 9).unwrap();
    assert_eq!(read, (b"a".to_vec(), String::new()));
    refused(&format!("1;{}", "x".repeat(256)), Fault::ChunkExtension);
    for text in ["1;\0\r\n", "1;a\x7f\r\n", "1;a\x0b\r\n"] {
        refused(text, Fault::ChunkExtension);
    }
}

/// What limits a body would not limit what comes between its bytes.
#[test]
fn rfc9112_7_1_1_chunk_extensions_do_not_outgrow_the_data() {
    let chunk = |data: usize| format!("{data:x};{}\r\n{}\r\n", "x".repeat(255), "a".repeat(data));
    // Each of them brings 255 bytes more than of data.
    let fit = chunk(1).repeat(64);
    let whole = format!("{fit}0\r\n\r\n");
    assert_eq!(
        read(BodyKind::Chunked, &[whole.as_bytes()], 9)
            .unwrap()
            .0
            .len(),
        64
    );
    let more = format!("{fit}{}", chunk(1));
    refused(&more, Fault::ChunkExtension);
    let each: Vec<&[u8]> = more.as_bytes().chunks(1).collect();
    assert_eq!(
        read(BodyKind::Chunked, &each, 9),
        Err(Reject::Body(Fault::ChunkExtension))
    );
    // With as much data they may go on for ever.
    let signed = format!("{}0\r\n\r\n", chunk(256).repeat(500));
    let data = read(BodyKind::Chunked, &[signed.as_bytes()], 256)
        .unwrap()
        .0;
    assert_eq!(data.len(), 500 * 256);
}

#[test]
fn rfc9112_7_1_2_malformed_trailers_are_refused() {
    for text in [
        "A : b\r\n\r\n",
        "A b\r\n\r\n",
        "A: b\r\n c\r\n\r\n",
        "A: \0\r\n\r\n",
        "A: b\rc\r\n\r\n",
        " A: b\r\n\r\n",
        ": b\r\n\r\n",
        "\rA: b\r\n\r\n",
    ] {
        refused(&format!("0\r\n{text}"), Fault::Trailer);
    }
    for text in ["A: b\n\r\n", "\n", "A: b\r\n\n"] {
        refused(&format!("0\r\n{text}"), Fault::BareLf);
    }
}

#[test]
fn rfc9110_6_5_1_trailers_that_frame_or_route_are_dropped() {
    let text = "0\r\nContent-Length: 5\r\nTransfer-Encoding: x\r\n\
                X-Forwarded-For: 1.1.1.1\r\nConnection: close\r\n\
                Grpc-Status:0\r\nSet-Cookie: a\r\n\r\n";
    let (data, trailers) = read(BodyKind::Chunked, &[text.as_bytes()], 9).unwrap();
    assert_eq!(
        (data, trailers.as_str()),
        (Vec::new(), "Grpc-Status: 0\r\n")
    );
}

#[test]
fn trailers_wait_in_the_input_and_are_bounded() {
    let limits = Limits {
        head_bytes: 10,
        head_fields: 2,
        ..Limits::default()
    };
    let take = |text: &'static [u8]| BodyDecoder::bounded(BodyKind::Chunked, &limits).next(text, 9);
    assert_eq!(take(b"0\r\nA: b\r\n\r"), Ok((3, None)));
    assert_eq!(take(b"0\r\nA: b\r\n\r\n").unwrap().0, 11);
    assert_eq!(take(b"0\r\nA: bcd\r\n\r\n").unwrap().0, 13);
    let reject = Reject::Body(Fault::TrailerTooLong);
    assert_eq!(take(b"0\r\nA: bcde\r\n\r\n"), Err(reject));
    assert_eq!(take(b"0\r\nA: bcdefgh"), Err(reject));
    let wide = Limits {
        head_bytes: 99,
        ..limits
    };
    let mut decoder = BodyDecoder::bounded(BodyKind::Chunked, &wide);
    let three = decoder.next(b"0\r\nA:b\r\nA:b\r\nA:b\r\n\r\n", 9);
    assert_eq!(three, Err(reject));
}

#[test]
fn u06_u07_u08_u09_h06_how_a_message_ends_when_its_transport_does() {
    let reset = End::Abort(Cause::Reset);
    for (kind, text, transport, message) in [
        // U07, U08: a close-delimited message ends as its transport does.
        (BodyKind::Close, "abc", End::Clean, End::Clean),
        (BodyKind::Close, "abc", End::Truncated, End::Truncated),
        (BodyKind::Close, "abc", reset, reset),
        // H06, U06: anything else that lacks a byte does not end clean.
        (BodyKind::Length(5), "abcd", End::Clean, End::Truncated),
        (BodyKind::Length(5), "abcd", reset, reset),
        (BodyKind::Length(5), "", End::Clean, End::Truncated),
        (BodyKind::Chunked, "", End::Clean, End::Truncated),
        (BodyKind::Chunked, "1\r\na\r\n", End::Clean, End::Truncated),
        (BodyKind::Chunked, "0\r\n", End::Clean, End::Truncated),
        (BodyKind::Chunked, "0\r\n", End::Truncated, End::Truncated),
        // U09: what is complete stays clean.
        (BodyKind::Length(5), "abcde", reset, End::Clean),
        (BodyKind::Chunked, "0\r\n\r\n", End::Truncated, End::Clean),
        (BodyKind::None, "", reset, End::Clean),
    ] {
        let mut decoder = BodyDecoder::new(kind);
        let mut at = 0;
        while at < text.len() {
            at += decoder.next(&text.as_bytes()[at..], 9).unwrap().0;
        }
        assert_eq!(
            decoder.ended(transport),
            message,
            "{kind:?} {text:?} {transport:?}"
        );
        assert_eq!(decoder.done(), message == End::Clean);
    }
}

/// SIMULATION 5.4: what may go past a decoder unseen, and where the message is then.
#[test]
fn a_body_of_a_known_length_goes_past_to_its_last_byte() {
    for kind in [BodyKind::None, BodyKind::Chunked, BodyKind::Close] {
        assert_eq!(BodyDecoder::new(kind).plain(), None, "{kind:?}");
    }
    let mut chunk = BodyDecoder::new(BodyKind::Chunked);
    chunk.next(b"5\r\nh", 9).unwrap();
    assert_eq!(chunk.plain(), None, "a chunk's end is to be looked at");
    let mut decoder = BodyDecoder::new(BodyKind::Length(9));
    assert_eq!(decoder.plain(), Some(9));
    decoder.next(b"ab", 9).unwrap();
    decoder.pass(3);
    assert_eq!((decoder.plain(), decoder.done()), (Some(4), false));
    assert_eq!(decoder.clone().ended(End::Clean), End::Truncated);
    decoder.pass(4);
    assert_eq!((decoder.plain(), decoder.done()), (None, true));
    assert_eq!(decoder.next(b"GET", 9), Ok((0, None)), "no end to hand out");
}

#[test]
#[should_panic(expected = "bug: bytes past the end of a body")]
fn no_byte_goes_past_the_end_of_a_body() {
    BodyDecoder::new(BodyKind::Length(3)).pass(4);
}

#[test]
fn u07_a_close_delimited_message_hands_out_its_end_after_the_transport() {
    let mut decoder = BodyDecoder::new(BodyKind::Close);
    assert_eq!(decoder.next(b"ab", 9), Ok((2, Some(Piece::Data(b"ab")))));
    assert_eq!(decoder.next(b"", 9), Ok((0, None)));
    assert_eq!(decoder.ended(End::Clean), End::Clean);
    assert_eq!(decoder.next(b"", 9), Ok((0, Some(end()))));
}

/// The data and the trailers of a message that arrives in `parts`.
type Read = (Vec<u8>, String);

fn whole() -> Read {
    let trailers = String::from("ETag: \"t\"\r\nB: c\r\n");
    (b"hello, world! \r\n".to_vec(), trailers)
}

fn end() -> Piece<'static> {
    Piece::End {
        trailers: Trailers::none(),
    }
}

fn refused(text: &str, fault: Fault) {
    let reject = Err(Reject::Body(fault));
    assert_eq!(
        read(BodyKind::Chunked, &[text.as_bytes()], 99),
        reject,
        "{text:?}"
    );
    let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
    let bytewise = read(BodyKind::Chunked, &bytes, 99);
    assert_eq!(
        bytewise.map_err(|reject| reject.status()),
        Err(400),
        "{text:?}"
    );
}

/// Reads as a driver does: what a part leaves unconsumed is kept in front of the next.
fn read(kind: BodyKind, parts: &[&[u8]], max: usize) -> Result<Read, Reject> {
    let mut decoder = BodyDecoder::new(kind);
    let (mut inbox, mut data) = (Vec::new(), Vec::new());
    for part in parts {
        inbox.extend_from_slice(part);
        loop {
            let (taken, piece) = decoder.next(&inbox, max)?;
            match piece {
                None => {
                    inbox.drain(..taken);
                    break;
                }
                Some(Piece::Data(bytes)) => {
                    assert!(!bytes.is_empty() && bytes.len() <= max);
                    data.extend_from_slice(bytes);
                    inbox.drain(..taken);
                }
                Some(Piece::End { trailers }) => {
                    let lines = String::from_utf8(trailers.lines().to_vec()).unwrap();
                    return Ok((data, lines));
                }
            }
        }
    }
    panic!("starved: {inbox:?} is left");
}
