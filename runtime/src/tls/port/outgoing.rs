//! Ciphertext on its way to the socket, and which plaintext is wholly in it.
//!
//! It owns what the socket did not take at once, and how much is sealed at a time: a record at
//! first, more while the socket swallows every batch whole, and one record again when it does not.
//! So a slow reader holds little, and a fast one costs few calls. It waits for the socket only.

use crate::net::Stream;
use std::{
    io::{self, IoSlice},
    task::{Context, Poll},
};

/// The most records sealed at a time: 128 KiB of plaintext, and one call.
pub(super) const BATCH_RECORDS: usize = 8;

/// What is not yet in the socket. It holds memory only while there is something.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) bytes: Vec<u8>,
    taken: usize,
    /// The records among them that carry plaintext.
    marks: Vec<Mark>,
    /// Plaintext whose records have left, and that nobody was told of.
    told_bytes: usize,
    /// Records sealed at a time.
    batch: usize,
    /// Ciphertext that the socket has taken so far.
    written_bytes: u64,
}

/// A record of plaintext.
#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    /// Where it ends.
    end: usize,
    plain_bytes: usize,
}

/// Records that were sealed together, in the order in which they lie.
#[derive(Debug, Default)]
pub(super) struct Batch {
    marks: [Mark; BATCH_RECORDS],
    records: usize,
}

impl Batch {
    /// How many bytes its records are.
    pub(super) fn len(&self) -> usize {
        self.records().last().map_or(0, |mark| mark.end)
    }

    /// A record that carries so much plaintext lies behind the others.
    pub(super) fn push(&mut self, record_bytes: usize, plain_bytes: usize) {
        let end = self.len() + record_bytes;
        self.marks[self.records] = Mark { end, plain_bytes };
        self.records += 1;
    }

    fn records(&self) -> &[Mark] {
        &self.marks[..self.records]
    }
}

impl Outgoing {
    pub(super) fn new() -> Outgoing {
        Outgoing {
            bytes: Vec::new(),
            taken: 0,
            marks: Vec::new(),
            told_bytes: 0,
            batch: 1,
            written_bytes: 0,
        }
    }

    /// Ciphertext that the socket has taken so far.
    pub(super) fn written_bytes(&self) -> u64 {
        self.written_bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity() + self.marks.capacity()
    }

    /// How many records may be sealed now.
    pub(super) fn batch(&self) -> usize {
        self.batch
    }

    /// Plaintext that counts as written since this was last asked (T17).
    pub(super) fn take_complete(&mut self) -> usize {
        std::mem::take(&mut self.told_bytes)
    }

    /// Offers the socket what waits, until it is gone or the socket takes no more; tells whether
    /// any moved.
    pub(super) fn flush<S: Stream>(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut S,
    ) -> (bool, Poll<io::Result<()>>) {
        if self.is_empty() {
            return (false, Poll::Ready(Ok(())));
        }
        let (n, flushed) = offer(cx, stream, &self.bytes[self.taken..]);
        self.taken += n;
        self.written_bytes += n as u64;
        let left = self.marks.partition_point(|mark| mark.end <= self.taken);
        let complete = self.marks.drain(..left).map(|mark| mark.plain_bytes);
        self.told_bytes += complete.sum::<usize>();
        if self.taken == self.bytes.len() {
            (self.bytes, self.marks, self.taken) = (Vec::new(), Vec::new(), 0);
        }
        (n > 0, flushed)
    }

    /// Offers `sealed`, whose records `batch` knows, to the socket while nothing else waits, and
    /// keeps what it does not take; tells whether any moved.
    pub(super) fn send<S: Stream>(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut S,
        batch: &Batch,
        sealed: &[u8],
    ) -> (bool, Poll<io::Result<()>>) {
        debug_assert!(self.is_empty() && sealed.len() == batch.len());
        let (n, flushed) = offer(cx, stream, sealed);
        self.written_bytes += n as u64;
        let whole = n == sealed.len();
        self.batch = match whole {
            true if batch.records == self.batch => (self.batch * 2).min(BATCH_RECORDS),
            true => self.batch,
            false => 1,
        };
        let records = batch.records();
        let (left, kept) = records.split_at(records.partition_point(|mark| mark.end <= n));
        self.told_bytes += left.iter().map(|mark| mark.plain_bytes).sum::<usize>();
        if !whole {
            self.bytes = sealed[n..].to_vec();
            self.marks = kept
                .iter()
                .map(|mark| Mark {
                    end: mark.end - n,
                    ..*mark
                })
                .collect();
        }
        (n > 0, flushed)
    }
}

/// Writes `bytes` until they are gone or the socket takes no more; how many it took.
fn offer<S: Stream>(
    cx: &mut Context<'_>,
    stream: &mut S,
    bytes: &[u8],
) -> (usize, Poll<io::Result<()>>) {
    let mut taken = 0;
    while taken < bytes.len() {
        match stream.poll_write(cx, &[IoSlice::new(&bytes[taken..])]) {
            Poll::Ready(Ok(n)) => taken += n,
            Poll::Ready(Err(error)) => return (taken, Poll::Ready(Err(error))),
            Poll::Pending => return (taken, Poll::Pending),
        }
    }
    (taken, Poll::Ready(Ok(())))
}
