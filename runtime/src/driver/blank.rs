//! The empty line that may be in front of a request, and begins none (RFC 9112, 2.2; some clients put one behind a
//! body).
//!
//! It owns how much of one has been taken, so that it means the same however the network cuts it.

use tidegate_core::http1::Fault;

/// How much has been taken since the last request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Blank {
    #[default]
    None,
    /// Its CR, and what comes next has to be its LF.
    Half,
    /// All of it: no other may follow.
    Whole,
}

impl Blank {
    /// Takes what is left of an empty line at the front of `input`; so many bytes.
    ///
    /// # Errors
    /// It is no empty line, or another one.
    pub(super) fn take(&mut self, input: &[u8]) -> Result<usize, Fault> {
        let (taken, now) = match (*self, input) {
            (Blank::None, b"\r") => (1, Blank::Half),
            (Blank::None, [b'\r', b'\n', b'\r', ..])
            | (Blank::Half, [b'\n', b'\r', ..])
            | (Blank::Whole, [b'\r', ..]) => return Err(Fault::EmptyLines),
            (Blank::None, [b'\r', b'\n', ..]) => (2, Blank::Whole),
            (Blank::Half, [b'\n', ..]) => (1, Blank::Whole),
            (Blank::Half, [_, ..]) => return Err(Fault::RequestLine),
            (as_before, _) => (0, as_before),
        };
        *self = now;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many bytes in front of the request, whether or not the last of them has come.
    fn taken(pieces: &[&[u8]]) -> Result<usize, Fault> {
        let (mut blank, mut inbox, mut taken) = (Blank::default(), Vec::new(), 0);
        for piece in pieces {
            inbox.extend_from_slice(piece);
            let front = blank.take(&inbox)?;
            inbox.drain(..front);
            taken += front;
        }
        blank.take(&inbox).map(|more| taken + more)
    }

    #[test]
    fn rfc9112_2_2_one_empty_line_is_taken_however_it_is_cut() {
        for (text, due) in [
            (&b"GET"[..], Ok(0)),
            (b"\r\nGET", Ok(2)),
            (b"\r\n", Ok(2)),
            (b"\r\n\r\nGET", Err(Fault::EmptyLines)),
            (b"\nGET", Ok(0)),
        ] {
            assert_eq!(taken(&[text]), due, "{text:?}");
            let bytes: Vec<&[u8]> = text.chunks(1).collect();
            assert_eq!(taken(&bytes), due, "{text:?}");
        }
        assert_eq!(taken(&[b"\r", b"\n\r\n"]), Err(Fault::EmptyLines));
        assert_eq!(taken(&[b"\r", b"GET"]), Err(Fault::RequestLine));
    }
}
