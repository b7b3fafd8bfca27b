//! What was read of the socket: the front of a record whose rest has not arrived, and plaintext
//! that its reader has not taken.
//!
//! It holds memory only while there is some of either. It waits for the socket only, and never
//! decides what an end means.

use super::{
    engine::{Absorbed, Engine},
    scratch::{HELD_BYTES, READ_BYTES, SCRATCH, SEALED_BYTES, Scratch},
};
use crate::net::Stream;
use std::{
    io,
    task::{Context, Poll, ready},
};

/// Both.
#[derive(Debug, Default)]
pub(super) struct Incoming {
    /// The front of a record, or of a handshake message in many, as the engine left it.
    pub(super) held: Vec<u8>,
    ahead: Vec<u8>,
    /// How much of it was taken.
    taken: usize,
}

/// What one read of the socket brought.
#[derive(Debug)]
pub(super) enum Fill {
    /// So much plaintext, perhaps none yet.
    Plaintext(usize),
    /// The same, and close_notify behind it.
    CloseNotify(usize),
    /// The same, and then something that the engine gave up over.
    Broken(usize, rustls::Error),
    /// The socket's FIN.
    Fin,
}

impl Incoming {
    /// Moves plaintext that was not taken into `buf`, as much as fits.
    pub(super) fn take(&mut self, buf: &mut [u8]) -> usize {
        let left = &self.ahead[self.taken..];
        let n = left.len().min(buf.len());
        buf[..n].copy_from_slice(&left[..n]);
        self.taken += n;
        if self.taken == self.ahead.len() {
            (self.ahead, self.taken) = (Vec::new(), 0);
        }
        n
    }

    /// Reads the socket once, and decrypts to `buf` what has arrived in whole records. What has no
    /// room there is kept, and so is the front of a record; what the engine has to say goes to
    /// `out`. Tells how many bytes it has read, and what they brought.
    pub(super) fn poll_fill<S: Stream>(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut S,
        engine: &mut Engine,
        out: &mut Vec<u8>,
        buf: &mut [u8],
    ) -> Poll<io::Result<(usize, Fill)>> {
        SCRATCH.with_borrow_mut(|Scratch { read, .. }| {
            let held = self.held.len();
            // No more than `buf` has room for when it is decrypted, unless that is less than a
            // record; and something, if what is held is more than a record already.
            let most = buf.len().clamp(SEALED_BYTES, READ_BYTES);
            let most = most.max(held + SEALED_BYTES / 4);
            let n = ready!(stream.poll_read(cx, &mut read[held..most]))?;
            if n == 0 {
                return Poll::Ready(Ok((0, Fill::Fin)));
            }
            read[..held].copy_from_slice(&self.held);
            let fill = self.absorb(engine, out, &mut read[..held + n], buf);
            Poll::Ready(Ok((n, fill)))
        })
    }

    fn absorb(
        &mut self,
        engine: &mut Engine,
        out: &mut Vec<u8>,
        input: &mut [u8],
        buf: &mut [u8],
    ) -> Fill {
        let (ahead, mut filled) = (&mut self.ahead, 0);
        let mut put = |plain: &[u8]| {
            let (now, later) = plain.split_at(plain.len().min(buf.len() - filled));
            buf[filled..filled + now.len()].copy_from_slice(now);
            filled += now.len();
            ahead.extend_from_slice(later);
        };
        let Absorbed { used, ended } = engine.absorb(input, &mut put, out);
        let left = &input[used..];
        let fill = match ended {
            Ok(false) if left.len() < HELD_BYTES => {
                self.hold(left);
                return Fill::Plaintext(filled);
            }
            Ok(false) => {
                let why = "a handshake message is too long".to_owned();
                Fill::Broken(filled, rustls::Error::General(why))
            }
            Ok(true) => Fill::CloseNotify(filled),
            Err(error) => Fill::Broken(filled, error),
        };
        // T04: what follows an end is not looked at.
        self.hold(&[]);
        fill
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.held.capacity() + self.ahead.capacity()
    }

    fn hold(&mut self, left: &[u8]) {
        if left.is_empty() {
            self.held = Vec::new();
        } else {
            self.held.clear();
            self.held.extend_from_slice(left);
        }
    }
}
