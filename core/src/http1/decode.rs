//! The decoder of one body: counts it, and finds its end (RFC 9112, 6 and 7).
//!
//! Owns the place inside the body. It waits for bytes, never for room: `None` from `next` means
//! that bytes are missing, nothing else does (MUSEUM 1.1). It never holds payload, and never takes
//! a byte behind the end.

use super::BodyKind;
use super::body::{Bounds, Piece, Trailers, trailers};
use super::extension::{Place, Step};
use super::reject::{Fault, Reject};
use crate::ending::End;
use crate::limits::Limits;

/// Most digits of a chunk size: a u64 has no more (RFC 9112, 7.1: beware of overflow).
const SIZE_DIGITS: u8 = 16;
/// Most bytes of the extensions of one chunk. Nobody needs any; they are ignored (RFC 9112, 7.1.1:
/// a recipient ought to limit them).
const EXTENSION_BYTES: u16 = 256;
/// Most by which all of them may outdo the data that came before: what limits a body is to limit these too.
const EXTENSIONS_AHEAD: u16 = 16 * 1024;

/// Reads one body.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BodyDecoder {
    state: State,
    bounds: Bounds,
    /// Bytes that chunks may still announce.
    room: u64,
    /// Bytes of extensions that there were more than of data.
    ahead: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum State {
    /// So many bytes to come; never 0.
    Length(u64),
    /// Bytes to come until the transport ends.
    Close,
    /// In the digits of a chunk size.
    Size { value: u64, digits: u8 },
    /// In the extensions of a chunk.
    Extension { value: u64, seen: u16, place: Place },
    /// Behind the CR of a chunk size line.
    SizeLf { value: u64 },
    /// In the data of a chunk; never 0.
    Data { left: u64 },
    /// Behind the data of a chunk.
    DataCr,
    /// Behind the CR that follows the data of a chunk.
    DataLf,
    /// Behind the last chunk.
    Trailers,
    /// Complete, and the end was not handed out yet.
    Complete,
    /// The end was handed out.
    Done,
}

/// What one look at the input brought.
enum Look<'a> {
    /// A framing byte was understood: look again.
    Framing(State),
    /// Something to hand out, or the want of bytes; the state to be in afterwards.
    Out(State, usize, Option<Piece<'a>>),
}

impl BodyDecoder {
    /// A decoder at the first byte of a body, its trailers under the default limits.
    #[must_use]
    pub fn new(kind: BodyKind) -> Self {
        Self::bounded(kind, &Limits::default())
    }

    /// A decoder at the first byte of a body, its trailers under the head's part of `limits`.
    #[must_use]
    pub fn bounded(kind: BodyKind, limits: &Limits) -> Self {
        let state = match kind {
            BodyKind::None | BodyKind::Length(0) => State::Complete,
            BodyKind::Length(length) => State::Length(length),
            BodyKind::Chunked => State::SIZE,
            BodyKind::Close => State::Close,
        };
        let bounds = Bounds::of(limits);
        BodyDecoder {
            state,
            bounds,
            room: u64::MAX,
            ahead: 0,
        }
    }

    /// The same for a body of at most so many bytes: a chunk that goes beyond is refused before it
    /// comes. Of a body whose length the head declares, the head has been refused.
    #[must_use]
    pub const fn at_most(self, bytes: u64) -> Self {
        BodyDecoder {
            room: bytes,
            ..self
        }
    }

    /// Takes framing and then one piece from `input`, of at most `max` data bytes, and tells how
    /// many bytes it consumed. Call it until it gives `None` or the end.
    ///
    /// `None` means that more input is needed, and only that; framing bytes may have been consumed
    /// on the way. A caller without room (`max` 0) gets an empty `Data` if data is what comes next,
    /// so that *no bytes* and *no room* cannot be taken for each other (MUSEUM 1.1). The end needs
    /// no room. Behind the end there is only `None`: the input belongs to the next message.
    ///
    /// An incomplete trailer section stays in `input`, and is not consumed before it is complete.
    ///
    /// # Errors
    /// The framing is malformed. Nothing may be read from this connection any more.
    pub fn next<'a>(
        &mut self,
        input: &'a [u8],
        max: usize,
    ) -> Result<(usize, Option<Piece<'a>>), Reject> {
        let mut consumed = 0;
        loop {
            let rest = &input[consumed..];
            match self.look(rest, max).map_err(Reject::Body)? {
                Look::Framing(state) => {
                    self.count(state).map_err(Reject::Body)?;
                    self.state = state;
                    consumed += 1;
                }
                Look::Out(state, taken, piece) => {
                    self.state = state;
                    return Ok((consumed + taken, piece));
                }
            }
        }
    }

    /// What is bounded over all chunks, at the byte that leads to this state.
    fn count(&mut self, next: State) -> Result<(), Fault> {
        if let State::SizeLf { value } = self.state {
            let room = self.room.checked_sub(value);
            self.room = room.ok_or(Fault::BodyTooLong)?;
            let data = u16::try_from(value).unwrap_or(u16::MAX);
            self.ahead = self.ahead.saturating_sub(data);
        }
        if let State::Extension { .. } = next {
            self.ahead += 1;
            if self.ahead > EXTENSIONS_AHEAD {
                return Err(Fault::ChunkExtension);
            }
        }
        Ok(())
    }

    /// Nothing of this message is to come: its framing is satisfied, whatever the transport does
    /// next (U09). True also before the end was handed out.
    #[must_use]
    pub fn done(&self) -> bool {
        match self.state {
            State::Complete | State::Done => true,
            State::Length(_)
            | State::Close
            | State::Size { .. }
            | State::Extension { .. }
            | State::SizeLf { .. }
            | State::Data { .. }
            | State::DataCr
            | State::DataLf
            | State::Trailers => false,
        }
    }

    /// How many bytes come before the next that has to be looked at: a body of a known length needs
    /// no look at all. `None` where framing, or the end, comes next.
    #[must_use]
    pub fn plain(&self) -> Option<u64> {
        match self.state {
            State::Length(left) => Some(left),
            State::Close
            | State::Size { .. }
            | State::Extension { .. }
            | State::SizeLf { .. }
            | State::Data { .. }
            | State::DataCr
            | State::DataLf
            | State::Trailers
            | State::Complete
            | State::Done => None,
        }
    }

    /// So many of those bytes went past. Behind the last of them the message is complete, and there is
    /// no end to be handed out.
    ///
    /// # Panics
    /// On more bytes than [`BodyDecoder::plain`] has said: only we can get that wrong.
    pub fn pass(&mut self, bytes: u64) {
        let left = self.plain().and_then(|left| left.checked_sub(bytes));
        self.state = match left.expect("bug: bytes past the end of a body") {
            0 => State::Done,
            left => State::Length(left),
        };
    }

    /// The transport ended, behind the last input given to `next`: how did the message end?
    /// A close-delimited message ends as the transport did; `next` then gives its end.
    pub fn ended(&mut self, transport: End) -> End {
        if self.done() {
            // U09, I14: a complete message stays clean.
            return End::Clean;
        }
        match (self.state == State::Close, transport) {
            // U07; RFC 9112, 6.3 rule 8.
            (true, End::Clean) => {
                self.state = State::Complete;
                End::Clean
            }
            // H06, U06; RFC 9112, 8: incomplete, however orderly the transport ended.
            (false, End::Clean) => End::Truncated,
            // U08; RFC 9112, 9.8.
            (_, End::Truncated) => End::Truncated,
            (_, End::Abort(cause)) => End::Abort(cause),
        }
    }

    fn look<'a>(&self, input: &'a [u8], max: usize) -> Result<Look<'a>, Fault> {
        let state = self.state;
        match state {
            State::Complete => {
                let trailers = Trailers::none();
                return Ok(Look::Out(State::Done, 0, Some(Piece::End { trailers })));
            }
            State::Trailers => return self.look_at_trailers(input),
            State::Done
            | State::Length(_)
            | State::Close
            | State::Size { .. }
            | State::Extension { .. }
            | State::SizeLf { .. }
            | State::Data { .. }
            | State::DataCr
            | State::DataLf => {}
        }
        let Some(&byte) = input.first() else {
            return Ok(Look::Out(state, 0, None));
        };
        match state {
            State::Length(left) => Ok(data(input, left, max, State::Length, State::Complete)),
            State::Data { left } => {
                let on = |left| State::Data { left };
                Ok(data(input, left, max, on, State::DataCr))
            }
            State::Close => {
                let taken = &input[..input.len().min(max)];
                let piece = Some(Piece::Data(taken));
                Ok(Look::Out(State::Close, taken.len(), piece))
            }
            State::Size { value, digits } => size(byte, value, digits).map(Look::Framing),
            State::Extension { value, seen, place } => {
                extension(byte, value, seen, place).map(Look::Framing)
            }
            State::SizeLf { value } => size_lf(byte, value).map(Look::Framing),
            // RFC 9112, 7.1: chunk-data is followed by CRLF, nothing else.
            State::DataCr => expect(byte, b'\r', State::DataLf).map(Look::Framing),
            State::DataLf => expect(byte, b'\n', State::SIZE).map(Look::Framing),
            State::Trailers | State::Complete | State::Done => Ok(Look::Out(state, 0, None)),
        }
    }

    fn look_at_trailers<'a>(&self, input: &[u8]) -> Result<Look<'a>, Fault> {
        Ok(match trailers(input, self.bounds)? {
            Some((taken, trailers)) => Look::Out(State::Done, taken, Some(Piece::End { trailers })),
            None => Look::Out(State::Trailers, 0, None),
        })
    }
}

impl State {
    /// At the first digit of a chunk size.
    const SIZE: State = State::Size {
        value: 0,
        digits: 0,
    };
}

/// Data of a known length: `on` with what is left of it, then `after`.
fn data(input: &[u8], left: u64, max: usize, on: fn(u64) -> State, after: State) -> Look<'_> {
    let most = usize::try_from(left).unwrap_or(usize::MAX);
    let taken = &input[..input.len().min(most).min(max)];
    let count = u64::try_from(taken.len()).expect("no memory holds more than a u64 counts");
    let state = match left - count {
        0 => after,
        left => on(left),
    };
    Look::Out(state, taken.len(), Some(Piece::Data(taken)))
}

/// RFC 9112, 7.1: chunk-size = 1*HEXDIG. No sign, no space, no prefix, no overflow.
fn size(byte: u8, value: u64, digits: u8) -> Result<State, Fault> {
    let digit = match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'f' => byte - b'a' + 10,
        b'A'..=b'F' => byte - b'A' + 10,
        b'\r' if digits > 0 => return Ok(State::SizeLf { value }),
        b';' | b' ' | b'\t' if digits > 0 => return extension(byte, value, 0, Place::Gap),
        _ => return Err(Fault::ChunkSize),
    };
    if digits == SIZE_DIGITS {
        return Err(Fault::ChunkSize);
    }
    Ok(State::Size {
        value: (value << 4) + u64::from(digit),
        digits: digits + 1,
    })
}

fn extension(byte: u8, value: u64, seen: u16, place: Place) -> Result<State, Fault> {
    match place.step(byte)? {
        Step::Over => Ok(State::SizeLf { value }),
        Step::To(_) if seen == EXTENSION_BYTES => Err(Fault::ChunkExtension),
        Step::To(place) => Ok(State::Extension {
            value,
            seen: seen + 1,
            place,
        }),
    }
}

fn size_lf(byte: u8, value: u64) -> Result<State, Fault> {
    let after = match value {
        0 => State::Trailers,
        left => State::Data { left },
    };
    expect(byte, b'\n', after)
}

fn expect(byte: u8, wanted: u8, after: State) -> Result<State, Fault> {
    if byte == wanted {
        Ok(after)
    } else {
        Err(Fault::ChunkEnd)
    }
}
