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
    http1::{BodyDecoder, BodyEncoder, Piece, Reject, RequestFacts},
    limits::Limits,
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

/// What one look came to, but for the bytes that were taken.
type Carried = (Want, bool);

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
    let Some(under_way) = body else {
        return (0, [None, None]);
    };
    let room = usize::try_from(room).unwrap_or(usize::MAX);
    let mut taken = 0;
    let carried = match under_way.plain() {
        Some(left) => Ok(pass(under_way, left, input, &mut taken, out, room)),
        None => decode(under_way, input, &mut taken, out, room),
    };
    let (understood, refusal) = match carried {
        Ok((want, complete)) => (written.told(out, complete, input.len() - taken, want), None),
        // Nobody looks at the rest.
        Err(reject) => {
            taken = input.len();
            let [refusal, _] = Look::refused(side, reject).events;
            (written.told(out, false, 0, Want::Bytes), refusal)
        }
    };
    if side == Side::Down && (understood.complete || refusal.is_some()) {
        *body = None;
    }
    (taken, [Some(Event::Decoded(side, understood)), refusal])
}

impl Written {
    fn told(self, out: &Queue, complete: bool, left: usize, want: Want) -> Decoded {
        Decoded {
            head: self.head,
            bytes: count(out.len() - self.before),
            complete,
            left: count(left),
            want,
        }
    }
}

impl Body {
    pub(super) fn of_request(facts: &RequestFacts, limits: &Limits) -> Body {
        Body {
            decoder: BodyDecoder::bounded(facts.body, limits).at_most(limits.body_bytes),
            encoder: BodyEncoder::new(facts.framing()),
        }
    }

    /// How much is to come of a body that is sent on as it is: nothing in it has to be looked at.
    pub(super) fn plain(&self) -> Option<u64> {
        let Body { decoder, encoder } = self;
        decoder.plain().filter(|_| encoder.is_plain())
    }
}

/// Carries a body of which so many bytes are `left`, and go on as they are.
fn pass(
    Body { decoder, encoder }: &mut Body,
    left: u64,
    input: &[u8],
    taken: &mut usize,
    out: &mut Queue,
    room: usize,
) -> Carried {
    let most = usize::try_from(left).unwrap_or(usize::MAX);
    *taken = input.len().min(most).min(room);
    if *taken > 0 {
        let memory = out.tail_for(*taken + BodyEncoder::OVERHEAD);
        memory.extend_from_slice(&input[..*taken]);
        decoder.pass(*taken as u64);
        encoder.pass(*taken as u64);
    }
    match (decoder.done(), *taken == input.len()) {
        (true, _) => (Want::Turn, true),
        (false, true) => (Want::Bytes, false),
        // MUSEUM 1.1: no room is not the want of bytes.
        (false, false) => (Want::Room, false),
    }
}

/// Carries a body piece by piece.
fn decode(
    Body { decoder, encoder }: &mut Body,
    input: &[u8],
    taken: &mut usize,
    out: &mut Queue,
    mut room: usize,
) -> Result<Carried, Reject> {
    loop {
        let (more, piece) = decoder.next(&input[*taken..], room)?;
        *taken += more;
        match piece {
            Some(Piece::Data(data)) if !data.is_empty() => {
                encoder.data(data, out.tail_for(data.len() + BodyEncoder::OVERHEAD));
                room -= data.len();
            }
            // MUSEUM 1.1: no room is not the want of bytes.
            Some(Piece::Data(_)) => return Ok((Want::Room, false)),
            Some(Piece::End { trailers }) => {
                encoder.end(&trailers, out.tail());
                return Ok((Want::Turn, true));
            }
            None => return Ok((Want::Bytes, false)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_core::http1::{BodyKind, Framing};

    /// What is passed as it is comes to the same as what is looked at.
    #[test]
    fn a_body_that_is_passed_is_the_body_that_is_decoded() {
        let text = b"0123456789";
        for (length, cut, room, next) in every(7) {
            let new = || Body {
                decoder: BodyDecoder::new(BodyKind::Length(length as u64 + 1)),
                encoder: BodyEncoder::new(Framing::Length(length as u64 + 1)),
            };
            let (mut passed, mut decoded) = (new(), new());
            let (mut here, mut there) = (Queue::default(), Queue::default());
            let mut at = 0;
            for (input, room) in [(cut, room), (next, 7)] {
                let Some(left) = passed.plain() else { break };
                let input = &text[at..(at + input).min(text.len())];
                let (mut taken, mut other) = (0, 0);
                let by_pass = pass(&mut passed, left, input, &mut taken, &mut here, room);
                let by_look = decode(&mut decoded, input, &mut other, &mut there, room);
                assert_eq!(by_pass, by_look.unwrap(), "{length} {cut} {room} {next}");
                assert_eq!((taken, here.front()), (other, there.front()));
                assert_eq!(passed.decoder, decoded.decoder);
                assert_eq!(passed.encoder, decoded.encoder);
                at += taken;
            }
        }
    }

    fn every(below: usize) -> impl Iterator<Item = (usize, usize, usize, usize)> {
        let digit = move |number: usize, place: u32| number / below.pow(place) % below;
        (0..below.pow(4)).map(move |number| {
            (
                digit(number, 0),
                digit(number, 1),
                digit(number, 2),
                digit(number, 3),
            )
        })
    }
}
