//! A body under way in one direction: what was read of it becomes bytes for the other leg.
//!
//! It owns the pair of decoder and encoder, and waits for nothing.

use super::{
    carry::{Events, Look},
    queue::Queue,
    wire::count,
};
use tidegate_core::{
    event::{Decoded, Event, Head, Want},
    http1::{BodyDecoder, BodyEncoder, Piece},
    side::Side,
};

/// A body under way.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) decoder: BodyDecoder,
    pub(super) encoder: BodyEncoder,
}

/// What one look has written before it comes to the body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written {
    /// The head that was completed, if any.
    pub(super) head: Head,
    /// How much waited before that.
    pub(super) before: usize,
}

/// Carries as much of a body as there is room for, and tells it as one event, with the head that
/// came with it. A request that is complete is forgotten: the next one may follow.
pub(super) fn carry(
    side: Side,
    body: &mut Option<Body>,
    written: Written,
    input: &[u8],
    out: &mut Queue,
    room: u32,
) -> (usize, Events) {
    let Some(Body { decoder, encoder }) = body else {
        return (0, [None, None]);
    };
    let Written { head, before } = written;
    let mut room = usize::try_from(room).unwrap_or(usize::MAX);
    let mut taken = 0;
    loop {
        let rest = &input[taken..];
        let (more, piece) = match decoder.next(rest, room) {
            Ok(next) => next,
            Err(reject) => {
                let understood = Decoded {
                    head,
                    bytes: count(out.len() - before),
                    complete: false,
                    left: 0,
                    want: Want::Bytes,
                };
                if side == Side::Down {
                    *body = None;
                }
                let refusal = Look::refused(side, reject).events[0];
                // Nobody looks at the rest.
                return (
                    input.len(),
                    [Some(Event::Decoded(side, understood)), refusal],
                );
            }
        };
        taken += more;
        let (want, complete) = match piece {
            Some(Piece::Data(data)) if !data.is_empty() => {
                encoder.data(data, out.tail_for(data.len() + BodyEncoder::OVERHEAD));
                room -= data.len();
                continue;
            }
            // MUSEUM 1.1: no room is not the want of bytes.
            Some(Piece::Data(_)) => (Want::Room, false),
            Some(Piece::End { trailers }) => {
                encoder.end(&trailers, out.tail());
                (Want::Turn, true)
            }
            None => (Want::Bytes, false),
        };
        let understood = Decoded {
            head,
            bytes: count(out.len() - before),
            complete,
            left: count(input.len() - taken),
            want,
        };
        if complete && side == Side::Down {
            *body = None;
        }
        return (taken, [Some(Event::Decoded(side, understood)), None]);
    }
}
