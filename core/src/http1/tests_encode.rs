//! Encoding: a framing's own bytes, and wrong orders are bugs.

use super::*;
use alloc::format;
use alloc::vec::Vec;

#[test]
fn rfc9112_7_1_a_chunk_is_size_data_and_line_ends() {
    let mut out = Vec::new();
    let mut encoder = BodyEncoder::new(Framing::Chunked);
    encoder.data(b"0123456789abcdef", &mut out);
    encoder.data(b"", &mut out);
    encoder.data(b"x", &mut out);
    encoder.end(&trailers("0\r\nETag: t\r\n\r\n"), &mut out);
    assert_eq!(
        out,
        b"10\r\n0123456789abcdef\r\n1\r\nx\r\n0\r\nETag: t\r\n\r\n"
    );

    out.clear();
    BodyEncoder::new(Framing::Chunked).end(&Trailers::none(), &mut out);
    assert_eq!(out, BodyEncoder::LAST_CHUNK);
}

#[test]
fn the_overhead_is_that_of_the_longest_chunk() {
    let most = format!("{:x}\r\n\r\n", u64::MAX);
    assert_eq!(BodyEncoder::OVERHEAD, most.len());
}

#[test]
fn the_other_framings_add_nothing() {
    for framing in [Framing::Length(3), Framing::Close] {
        let mut out = Vec::new();
        let mut encoder = BodyEncoder::new(framing);
        encoder.data(b"ab", &mut out);
        encoder.data(b"c", &mut out);
        encoder.end(&trailers("0\r\nETag: t\r\n\r\n"), &mut out);
        assert_eq!(out, b"abc");
    }
    BodyEncoder::new(Framing::None).end(&Trailers::none(), &mut Vec::new());
}

/// SIMULATION 5.4: what may go past an encoder, and what it owes behind that.
#[test]
fn only_a_body_of_a_known_length_is_sent_as_it_is() {
    for (framing, plain) in [
        (Framing::Length(3), true),
        (Framing::Chunked, false),
        (Framing::Close, false),
    ] {
        assert_eq!(BodyEncoder::new(framing).is_plain(), plain, "{framing:?}");
    }
    let mut encoder = BodyEncoder::new(Framing::Length(5));
    encoder.data(b"a", &mut Vec::new());
    encoder.pass(3);
    assert!(encoder.is_plain(), "one byte is owed");
    encoder.pass(1);
    assert!(!encoder.is_plain(), "it is ended");
}

#[test]
#[should_panic(expected = "bug: ended 1 bytes too early")]
fn i2_what_went_past_counts_towards_a_promised_length() {
    let mut encoder = BodyEncoder::new(Framing::Length(3));
    encoder.pass(2);
    encoder.end(&Trailers::none(), &mut Vec::new());
}

#[test]
#[should_panic(expected = "bug: more bytes than were promised")]
fn no_more_goes_past_than_was_promised() {
    BodyEncoder::new(Framing::Length(1)).pass(2);
}

#[test]
#[should_panic(expected = "bug: a second end of a message")]
fn i8_a_body_that_went_past_whole_is_ended() {
    let mut encoder = BodyEncoder::new(Framing::Length(3));
    encoder.pass(3);
    encoder.end(&Trailers::none(), &mut Vec::new());
}

#[test]
#[should_panic(expected = "bug: bytes went past a body that is not sent as it is")]
fn i1_chunks_do_not_go_past() {
    BodyEncoder::new(Framing::Chunked).pass(1);
}

#[test]
#[should_panic(expected = "bug: ended 1 bytes too early")]
fn i2_a_promised_length_is_not_ended_early() {
    let mut encoder = BodyEncoder::new(Framing::Length(3));
    encoder.data(b"ab", &mut Vec::new());
    encoder.end(&Trailers::none(), &mut Vec::new());
}

#[test]
#[should_panic(expected = "bug: more bytes than were promised")]
fn a_promised_length_is_not_exceeded() {
    BodyEncoder::new(Framing::Length(1)).data(b"ab", &mut Vec::new());
}

#[test]
#[should_panic(expected = "bug: a second end of a message")]
fn i8_a_message_ends_once() {
    let mut encoder = BodyEncoder::new(Framing::Chunked);
    encoder.end(&Trailers::none(), &mut Vec::new());
    encoder.end(&Trailers::none(), &mut Vec::new());
}

#[test]
#[should_panic(expected = "bug: data after the end of a message")]
fn nothing_follows_the_end() {
    let mut encoder = BodyEncoder::new(Framing::Close);
    encoder.end(&Trailers::none(), &mut Vec::new());
    encoder.data(b"a", &mut Vec::new());
}

fn trailers(text: &str) -> Trailers {
    let mut decoder = BodyDecoder::new(BodyKind::Chunked);
    match decoder.next(text.as_bytes(), 0).unwrap() {
        (_, Some(Piece::End { trailers })) => trailers,
        other => panic!("{other:?}"),
    }
}
