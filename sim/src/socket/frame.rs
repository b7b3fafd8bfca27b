//! The frames two [`Socket`](super::Socket)s exchange, and their bytes on a carrier.
//!
//! It owns the encoding alone: a frame never waits, is never split and never refers to a peer's
//! memory, so whatever holds or delays a carrier's messages holds or delays acknowledgements too.

/// The most payload one data frame carries.
pub(crate) const MAX_PAYLOAD: usize = 4_096;

/// The most bytes one encoded frame takes.
pub(crate) const MAX_FRAME: usize = MAX_PAYLOAD + 9;

/// What one end's kernel says to the other's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frame<'a> {
    /// The handshake's word: how many bytes this end can receive before its user reads any.
    Open {
        /// The receive buffer's size.
        window_bytes: u32,
    },
    /// Payload.
    Data(&'a [u8]),
    /// No more payload.
    Fin,
    /// What arrived (the FIN counts one), and how much room reading has made.
    Ack {
        /// Bytes that have arrived since the last acknowledgement.
        acked_bytes: u32,
        /// Bytes read since the last announcement.
        opened_bytes: u32,
    },
    /// The connection is no more.
    Reset,
}

impl<'a> Frame<'a> {
    /// Replaces `out` by this frame's bytes.
    pub(crate) fn encode(self, out: &mut Vec<u8>) {
        out.clear();
        match self {
            Frame::Open { window_bytes } => {
                out.push(b'O');
                out.extend_from_slice(&window_bytes.to_be_bytes());
            }
            Frame::Data(payload) => {
                out.push(b'D');
                out.extend_from_slice(payload);
            }
            Frame::Fin => out.push(b'F'),
            Frame::Ack {
                acked_bytes,
                opened_bytes,
            } => {
                out.push(b'A');
                out.extend_from_slice(&acked_bytes.to_be_bytes());
                out.extend_from_slice(&opened_bytes.to_be_bytes());
            }
            Frame::Reset => out.push(b'R'),
        }
    }

    /// Reads one whole frame; `None` if these bytes are not ours.
    pub(crate) fn decode(bytes: &'a [u8]) -> Option<Frame<'a>> {
        let (kind, rest) = bytes.split_first()?;
        match (kind, rest.len()) {
            (b'O', 4) => Some(Frame::Open {
                window_bytes: word(rest)?,
            }),
            (b'D', 1..) => Some(Frame::Data(rest)),
            (b'F', 0) => Some(Frame::Fin),
            (b'A', 8) => Some(Frame::Ack {
                acked_bytes: word(rest)?,
                opened_bytes: word(&rest[4..])?,
            }),
            (b'R', 0) => Some(Frame::Reset),
            _ => None,
        }
    }
}

fn word(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_undoes_encoding() {
        let mut bytes = Vec::new();
        for frame in [
            Frame::Open { window_bytes: 17 },
            Frame::Data(b"abc"),
            Frame::Fin,
            Frame::Ack {
                acked_bytes: 300,
                opened_bytes: 0,
            },
            Frame::Reset,
        ] {
            frame.encode(&mut bytes);
            assert_eq!(Frame::decode(&bytes), Some(frame));
        }
        assert_eq!(Frame::decode(b""), None);
        assert_eq!(Frame::decode(b"D"), None, "an empty segment is never sent");
        assert_eq!(Frame::decode(b"A1234567"), None);
    }
}
