//! The encoder of one body.
//!
//! Owns chunk lines, and the count of a promised length. It never ends a message by itself: an end
//! is ordered, and only for a message that ended clean (I1).

use super::body::Trailers;
use super::text::put_hex;
use alloc::vec::Vec;

/// How a message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Framing {
    /// Nothing follows the head.
    None,
    /// So many bytes follow.
    Length(u64),
    /// Chunks follow.
    Chunked,
    /// Bytes follow, then the transport's end.
    Close,
}

/// Writes one body.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BodyEncoder {
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum State {
    /// So many bytes are still owed.
    Length(u64),
    Chunked,
    Close,
    Ended,
}

impl BodyEncoder {
    /// Most bytes that one call of `data` adds to the data itself: the digits of a size, and two
    /// line ends.
    pub const OVERHEAD: usize = 16 + b"\r\n\r\n".len();
    /// How a chunked body without trailers ends.
    pub const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

    /// An encoder at the first byte of a body.
    #[must_use]
    pub fn new(framing: Framing) -> Self {
        let state = match framing {
            Framing::None => State::Length(0),
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::Chunked,
            Framing::Close => State::Close,
        };
        BodyEncoder { state }
    }

    /// Appends `bytes` of the body, as one chunk if it is chunked. No bytes, no chunk: an empty
    /// one would be the last.
    ///
    /// # Panics
    /// On more bytes than the head promised, or after the end: only we can get that wrong.
    pub fn data(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        match self.state {
            State::Length(left) => {
                let count = u64::try_from(bytes.len()).ok();
                let left = count.and_then(|count| left.checked_sub(count));
                self.state = State::Length(left.expect("bug: more bytes than were promised"));
                out.extend_from_slice(bytes);
            }
            State::Chunked => {
                // RFC 9112, 7.1.
                put_hex(bytes.len(), out);
                out.extend_from_slice(b"\r\n");
                out.extend_from_slice(bytes);
                out.extend_from_slice(b"\r\n");
            }
            State::Close => out.extend_from_slice(bytes),
            State::Ended => panic!("bug: data after the end of a message"),
        }
    }

    /// Whether the body is sent as it is, and its end is its length.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        match self.state {
            State::Length(_) => true,
            State::Chunked | State::Close | State::Ended => false,
        }
    }

    /// So many bytes of such a body were sent by other means; with the last of them it is ended.
    ///
    /// # Panics
    /// On more bytes than the head promised: only we can get that wrong.
    pub fn pass(&mut self, bytes: u64) {
        self.state = match self.state {
            State::Length(left) => match left.checked_sub(bytes) {
                Some(0) => State::Ended,
                left => State::Length(left.expect("bug: more bytes than were promised")),
            },
            State::Chunked | State::Close | State::Ended => {
                panic!("bug: bytes went past a body that is not sent as it is")
            }
        };
    }

    /// Appends what ends the message: the last chunk and the trailers if it is chunked, otherwise
    /// nothing (a length is its own end, a close is the transport's; neither can carry trailers).
    ///
    /// # Panics
    /// If bytes are owed (I2), or on a second end (I8): only we can get that wrong.
    pub fn end(&mut self, trailers: &Trailers, out: &mut Vec<u8>) {
        match self.state {
            State::Length(left) => assert!(left == 0, "bug: ended {left} bytes too early"),
            State::Chunked => {
                // RFC 9112, 7.1: last-chunk, trailer-section, CRLF.
                out.extend_from_slice(b"0\r\n");
                out.extend_from_slice(trailers.lines());
                out.extend_from_slice(b"\r\n");
            }
            State::Close => {}
            State::Ended => panic!("bug: a second end of a message"),
        }
        self.state = State::Ended;
    }
}
