//! A chunked body: the same data and the same end however it is cut and however little is taken at
//! once; and what is encoded of it is decoded to the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tidegate_core::http1::{
    BodyDecoder, BodyEncoder, BodyKind, Fault, Framing, Piece, Reject, Trailers,
};

/// The data, the trailers, and where it ends; nothing if it lacks its end.
type Decoded = Option<(Vec<u8>, Trailers, usize)>;

fuzz_target!(|data: &[u8]| {
    let [step, room, text @ ..] = data else {
        return;
    };
    let whole = decode(text, text.len().max(1), usize::MAX);
    let (step, room) = (usize::from(*step).max(1), usize::from(*room).max(1));
    assert_eq!(decode(text, step, room), whole);
    let Ok(Some((data, trailers, taken))) = whole else {
        return;
    };
    assert!(taken <= text.len());
    let mut sent = Vec::new();
    let mut encoder = BodyEncoder::new(Framing::Chunked);
    for piece in data.chunks(step) {
        let before = sent.len();
        encoder.data(piece, &mut sent);
        assert!(sent.len() - before <= piece.len() + BodyEncoder::OVERHEAD);
    }
    encoder.end(&trailers, &mut sent);
    let end = sent.len();
    sent.extend_from_slice(text);
    assert_eq!(decode(&sent, room, step), Ok(Some((data, trailers, end))));
});

fn decode(text: &[u8], step: usize, room: usize) -> Result<Decoded, Fault> {
    let mut decoder = BodyDecoder::new(BodyKind::Chunked);
    let (mut data, mut at, mut here) = (Vec::new(), 0, 0);
    loop {
        let next = decoder.next(&text[at..here], room);
        let (taken, piece) = next.map_err(|reject: Reject| reject.fault())?;
        at += taken;
        match piece {
            Some(Piece::Data(bytes)) => {
                assert!(!bytes.is_empty() && bytes.len() <= room);
                data.extend_from_slice(bytes);
            }
            Some(Piece::End { trailers }) => return Ok(Some((data, trailers, at))),
            None if here == text.len() => return Ok(None),
            None => here = text.len().min(here + step),
        }
    }
}
