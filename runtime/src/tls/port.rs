//! A TLS leg: a [`rustls::Connection`] driven by hand over a [`Stream`].
//!
//! It owns the engine, the ciphertext in both directions and the two end states. It waits for the
//! socket only, never hands a FIN to it before close_notify, never answers a close_notify by
//! itself (T01, and T02 as `deliver`), and never calls plaintext written whose record is not
//! wholly in the socket (T17).

mod pipe;

use self::pipe::Pipe;
use crate::{
    net::Stream,
    port::{Call, Fault, Read, fault::Detail},
    tls::origin::Terms,
    variant::bad,
};
use rustls::{Connection, SupportedCipherSuite};
use std::{
    cell::RefCell,
    io::{self, IoSlice, Read as _, Write as _},
    task::{Context, Poll, ready},
};
use tidegate_core::ending::Cause;

/// Plaintext encrypted at a time: one record, so that little is sealed before the socket has room.
const BATCH_BYTES: usize = 16 * 1024;

/// Slices that may share a batch; a head, its body and their framing are fewer.
const BATCH_SLICES: usize = 16;

/// The most ciphertext read at a time; one such buffer a worker, borrowed for one call.
const SCRATCH_BYTES: usize = 256 * 1024;

/// The least ciphertext asked for at a time, however small the caller's buffer: one whole record.
const RECORD_BYTES: usize = BATCH_BYTES + 256;

thread_local! {
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; SCRATCH_BYTES].into_boxed_slice());
}

/// Records kept in reserve before the keys of a TLS 1.2 leg are used up: alerts count too.
const RESERVED_RECORDS: u64 = 64;

/// The read side of a TLS leg.
#[derive(Debug)]
enum Inbound {
    /// Records arrive.
    Open,
    /// close_notify has arrived; plaintext before it may be unread, and it is not told yet.
    Notified,
    /// close_notify is told: whatever else arrives is ignored until FIN (T04).
    Ignoring,
    /// FIN.
    Ended,
    /// The engine gave up: an alert, a bad record, a failed handshake.
    Broken(Box<rustls::Error>),
}

/// The write side of a TLS leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outbound {
    /// Records may be written; so much plaintext of the caller's is inside the engine.
    Open { sealed_bytes: usize },
    /// close_notify is queued behind them.
    Notified,
    /// FIN is behind it.
    Finished,
}

/// One TLS leg.
#[derive(Debug)]
pub(crate) struct Secured<S: Stream> {
    stream: S,
    engine: Connection,
    /// What the peer has to meet, where we are the client.
    pub(crate) terms: Option<Terms>,
    inbound: Inbound,
    outbound: Outbound,
    /// Ciphertext read and not yet given to the engine, which takes no more while it holds
    /// plaintext. Empty, and not allocated, but for readers smaller than a record.
    backlog: Vec<u8>,
    /// Batches sealed, of one record each unless the configuration asks for smaller ones.
    sealed_records: u64,
    /// Ciphertext that the socket has accepted, and how much of it came before close_notify.
    written_bytes: u64,
    before_end_bytes: u64,
}

impl<S: Stream> Secured<S> {
    pub(crate) fn new(stream: S, mut engine: Connection) -> Self {
        // The bound on what waits for the socket is BATCH_BYTES, and kept here.
        engine.set_buffer_limit(None);
        Secured {
            stream,
            engine,
            terms: None,
            inbound: Inbound::Open,
            outbound: Outbound::Open { sealed_bytes: 0 },
            backlog: Vec::new(),
            sealed_records: 0,
            written_bytes: 0,
            before_end_bytes: 0,
        }
    }

    pub(crate) fn engine(&self) -> &Connection {
        &self.engine
    }

    pub(crate) fn stream(&self) -> &S {
        &self.stream
    }

    pub(crate) fn stream_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    pub(crate) fn into_stream(self) -> S {
        self.stream
    }

    pub(crate) fn wants_flush(&self) -> bool {
        self.engine.wants_write()
    }

    pub(crate) fn poll_secure(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        loop {
            if let Inbound::Broken(error) = &self.inbound {
                let fault = Fault::tls(Call::Read, error);
                self.last_word(cx);
                return Poll::Ready(Err(fault));
            }
            let flushed = self.poll_flush(cx)?;
            if !self.engine.is_handshaking() {
                return Poll::Ready(Ok(()));
            }
            // The engine is not fed while its answer waits: a peer that only sends gets no
            // further than the socket's buffer.
            ready!(flushed);
            if ready!(self.poll_fill(cx, &mut []))? == Fill::Fin {
                return Poll::Ready(Err(Fault::cut_short()));
            }
        }
    }

    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<Result<Read, Fault>> {
        debug_assert!(!buf.is_empty(), "a read has room");
        loop {
            // T06: what was authenticated before an end comes before it, whatever the end.
            let n = self.take_plaintext(buf);
            if n > 0 {
                return Poll::Ready(Ok(Read::Bytes(n)));
            }
            match &self.inbound {
                Inbound::Open => match ready!(self.poll_fill(cx, buf))? {
                    Fill::Plaintext(0) => {}
                    Fill::Plaintext(n) => return Poll::Ready(Ok(Read::Bytes(n))),
                    // T05: the caller has not been told of a close_notify, so it is truncated.
                    Fill::Fin if bad!(BareFinIgnored) => return Poll::Pending,
                    Fill::Fin => self.inbound = Inbound::Ended,
                },
                Inbound::Notified => {
                    self.inbound = Inbound::Ignoring;
                    return Poll::Ready(Ok(Read::CloseNotify));
                }
                Inbound::Ignoring => ready!(self.poll_ignore(cx))?,
                Inbound::Ended => return Poll::Ready(Ok(Read::Fin)),
                Inbound::Broken(error) => {
                    let fault = Fault::tls(Call::Read, error);
                    self.last_word(cx);
                    return Poll::Ready(Err(fault));
                }
            }
        }
    }

    pub(crate) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<Result<usize, Fault>> {
        if let Inbound::Broken(error) = &self.inbound {
            return Poll::Ready(Err(Fault::tls(Call::Write, error)));
        }
        let Outbound::Open { mut sealed_bytes } = self.outbound else {
            unreachable!("nothing is written behind close_notify");
        };
        if sealed_bytes == 0 {
            sealed_bytes = self.seal(bufs)?;
            self.outbound = Outbound::Open { sealed_bytes };
        }
        let (moved, flushed) = self.flush(cx, Call::Write);
        match flushed {
            Poll::Ready(Ok(())) => {
                self.outbound = Outbound::Open { sealed_bytes: 0 };
                Poll::Ready(Ok(sealed_bytes))
            }
            Poll::Ready(Err(fault)) => Poll::Ready(Err(fault)),
            Poll::Pending if moved => Poll::Ready(Ok(0)),
            Poll::Pending => Poll::Pending,
        }
    }

    pub(crate) fn poll_finish(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        if let Inbound::Broken(error) = &self.inbound {
            // No FIN that would look like an end we chose.
            return Poll::Ready(Err(Fault::tls(Call::Finish, error)));
        }
        if let Outbound::Open { .. } = self.outbound {
            // What is sealed leaves before it, also where the rest was given up (T02, strict).
            self.stream.hold_for_finish(true);
            ready!(self.flush(cx, Call::Finish).1)?;
            self.before_end_bytes = self.written_bytes;
            if !bad!(FinAlone) {
                self.engine.send_close_notify();
            }
            self.outbound = Outbound::Notified;
        }
        if self.outbound == Outbound::Notified {
            // T12: close_notify waits for room like data, and FIN waits for it.
            self.stream.hold_for_finish(true);
            let flushed = self.flush(cx, Call::Finish).1;
            if !bad!(NotifyUnflushed) {
                ready!(flushed)?;
            }
            let finished = ready!(self.stream.poll_finish(cx));
            finished.map_err(|error| Fault::io(Call::Finish, &error))?;
            self.outbound = Outbound::Finished;
        }
        Poll::Ready(Ok(()))
    }

    /// Whether the peer's kernel has everything before close_notify: what it has not acknowledged is
    /// then no more than that and FIN (R14, T13).
    pub(crate) fn is_delivered(&self) -> io::Result<bool> {
        let end_bytes = match self.outbound {
            Outbound::Open { .. } if self.engine.wants_write() => return Ok(false),
            Outbound::Open { .. } => 0,
            Outbound::Notified => self.written_bytes - self.before_end_bytes,
            Outbound::Finished => self.written_bytes - self.before_end_bytes + 1,
        };
        Ok(u64::from(self.stream.unacked()?) <= end_bytes)
    }

    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        self.flush(cx, Call::Write).1
    }

    /// Moves plaintext from the engine into `buf`.
    fn take_plaintext(&mut self, buf: &mut [u8]) -> usize {
        // The only error is "nothing there": the engine is never told of a FIN.
        self.engine.reader().read(buf).unwrap_or(0)
    }

    /// Brings more ciphertext to the engine, from the backlog or by one read of the socket, and
    /// what it decrypts to `buf`.
    fn poll_fill(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<Result<Fill, Fault>> {
        if !self.backlog.is_empty() {
            let backlog = std::mem::take(&mut self.backlog);
            return Poll::Ready(Ok(Fill::Plaintext(self.feed(&backlog, buf))));
        }
        SCRATCH.with_borrow_mut(|scratch| {
            let room = buf.len().clamp(RECORD_BYTES, SCRATCH_BYTES);
            match ready!(self.stream.poll_read(cx, &mut scratch[..room])) {
                Ok(0) => Poll::Ready(Ok(Fill::Fin)),
                Ok(n) => Poll::Ready(Ok(Fill::Plaintext(self.feed(&scratch[..n], buf)))),
                Err(error) => Poll::Ready(Err(Fault::io(Call::Read, &error))),
            }
        })
    }

    /// Gives `input` to the engine and takes what it decrypts, until `buf` is full or the
    /// direction ends; the rest becomes the backlog.
    fn feed(&mut self, mut input: &[u8], buf: &mut [u8]) -> usize {
        let mut filled = 0;
        while !input.is_empty() {
            let state = match self.engine.read_tls(&mut input) {
                Ok(n) => {
                    assert!(n > 0, "an engine whose input is open takes some");
                    self.engine.process_new_packets()
                }
                // A handshake message beyond the engine's limits.
                Err(error) => Err(rustls::Error::General(error.to_string())),
            };
            filled += self.take_plaintext(&mut buf[filled..]);
            match state {
                Err(error) => {
                    self.inbound = Inbound::Broken(Box::new(error));
                    return filled;
                }
                // T04: what follows close_notify is not looked at.
                Ok(state) if state.peer_has_closed() => {
                    self.inbound = Inbound::Notified;
                    return filled;
                }
                Ok(state) if filled == buf.len() && state.plaintext_bytes_to_read() > 0 => break,
                Ok(_) => {}
            }
        }
        self.backlog = input.to_vec();
        filled
    }

    /// Reads the socket and forgets what it brings, until its FIN (T03, T04).
    fn poll_ignore(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        SCRATCH.with_borrow_mut(|scratch| {
            if ready!(self.stream.poll_read(cx, scratch))
                .map_err(|error| Fault::io(Call::Read, &error))?
                == 0
            {
                self.inbound = Inbound::Ended;
            }
            Poll::Ready(Ok(()))
        })
    }

    /// Encrypts a batch from the front of `bufs`, and tells how many bytes it took.
    fn seal(&mut self, bufs: &[IoSlice<'_>]) -> Result<usize, Fault> {
        let mut batch = [IoSlice::new(&[]); BATCH_SLICES];
        let mut room = BATCH_BYTES;
        let full = bufs.iter().filter(|buf| !buf.is_empty());
        for (slot, buf) in batch.iter_mut().zip(full) {
            let taken = buf.len().min(room);
            *slot = IoSlice::new(&buf[..taken]);
            room -= taken;
        }
        self.count_record()?;
        let used = batch.iter().take_while(|buf| !buf.is_empty()).count();
        let sealed = self.engine.writer().write_vectored(&batch[..used]);
        sealed.map_err(|error| Fault {
            cause: Cause::Tls,
            ..Fault::io(Call::Write, &error)
        })
    }

    /// Counts a record against what the keys may encrypt. TLS 1.3 changes its keys in time; in
    /// TLS 1.2 the engine would drop the bytes and send a close_notify of its own accord, which
    /// would make a cut look clean.
    fn count_record(&mut self) -> Result<(), Fault> {
        self.sealed_records += 1;
        let Some(SupportedCipherSuite::Tls12(suite)) = self.engine.negotiated_cipher_suite() else {
            return Ok(());
        };
        let most = suite.common.confidentiality_limit;
        if self.sealed_records < most.saturating_sub(RESERVED_RECORDS) {
            return Ok(());
        }
        Err(Fault {
            cause: Cause::Tls,
            call: Call::Write,
            detail: Detail::Said("the keys of this TLS 1.2 connection are used up"),
        })
    }

    /// Moves ciphertext to the socket until none is left or it takes no more; tells whether any
    /// moved.
    fn flush(&mut self, cx: &mut Context<'_>, call: Call) -> (bool, Poll<Result<(), Fault>>) {
        let mut moved = false;
        while self.engine.wants_write() {
            let mut pipe = Pipe {
                stream: &mut self.stream,
                cx,
            };
            match self.engine.write_tls(&mut pipe) {
                Ok(n) => {
                    moved = true;
                    self.written_bytes += n as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return (moved, Poll::Pending);
                }
                Err(error) => return (moved, Poll::Ready(Err(Fault::io(call, &error)))),
            }
        }
        (moved, Poll::Ready(Ok(())))
    }

    /// Offers our own alert to the socket before the leg is given up. Nothing waits for it: the
    /// fault that follows says more than a failure to send it would.
    fn last_word(&mut self, cx: &mut Context<'_>) {
        let _told_as_far_as_it_goes = self.flush(cx, Call::Write);
    }
}

/// What one round of ciphertext brought.
#[derive(Debug, PartialEq, Eq)]
enum Fill {
    /// So much plaintext, perhaps none yet.
    Plaintext(usize),
    /// The socket's FIN.
    Fin,
}

#[cfg(test)]
mod tests;
