//! A TLS leg: an [`Engine`] driven by hand over a [`Stream`].
//!
//! It owns the engine, what was read of the socket and not yet taken, and the two end states. It
//! waits for the socket only, never hands a FIN to it before close_notify, never answers a
//! close_notify by itself (T01, and T02 as `deliver`), and never calls plaintext written whose
//! record is not wholly in the socket (T17). An idle leg holds no buffer.

mod chunks;
mod engine;
mod incoming;
mod outgoing;
mod scratch;

pub(crate) use engine::Engine;

use crate::{
    net::Stream,
    port::{Call, Fault, Read, fault::Detail},
    tls::origin::Terms,
    variant::bad,
};
use chunks::Chunks;
use incoming::{Fill, Incoming};
use outgoing::{Batch, Outgoing};
use rustls::{HandshakeKind, ProtocolVersion, SupportedCipherSuite};
use scratch::{SCRATCH, SEALED_BYTES, Scratch};
use std::{
    io::IoSlice,
    task::{Context, Poll, ready},
};
use tidegate_core::ending::Cause;

/// So much may be read in a turn that brings no plaintext, of which a peer has as much as it likes: what is nobody's
/// (T04), key updates, tickets, records of nothing. It is more than a record, so nobody is put off who says one.
const FRUITLESS_BYTES: usize = 2 * SEALED_BYTES;

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
    /// Records may be written.
    Open,
    /// close_notify is queued behind them.
    Notified,
    /// FIN is behind it.
    Finished,
}

/// What one read of the socket came to.
struct Filled {
    /// So many bytes were read.
    read: usize,
    /// So many of plaintext came of them.
    plain: usize,
    /// It was FIN.
    fin: bool,
}

/// One TLS leg.
#[derive(Debug)]
pub(crate) struct Secured<S: Stream> {
    stream: S,
    engine: Engine,
    /// What the peer has to meet, where we are the client.
    pub(crate) terms: Option<Terms>,
    inbound: Inbound,
    outbound: Outbound,
    incoming: Incoming,
    outgoing: Outgoing,
    /// Records sealed so far.
    sealed_records: u64,
    /// Ciphertext that the socket has accepted before close_notify.
    before_end_bytes: u64,
    /// The last read left some behind for another turn.
    pub(crate) put_off: bool,
}

impl<S: Stream> Secured<S> {
    pub(crate) fn new(stream: S, engine: Engine) -> Self {
        Secured {
            stream,
            engine,
            terms: None,
            inbound: Inbound::Open,
            outbound: Outbound::Open,
            incoming: Incoming::default(),
            outgoing: Outgoing::new(),
            sealed_records: 0,
            before_end_bytes: 0,
            put_off: false,
        }
    }

    /// The version, once it is agreed.
    pub(crate) fn version(&self) -> Option<ProtocolVersion> {
        self.engine.protocol_version()
    }

    /// Whether the handshake went on with an earlier session.
    pub(crate) fn is_resumed(&self) -> bool {
        self.engine.handshake_kind() == Some(HandshakeKind::Resumed)
    }

    /// The protocol agreed by ALPN, if any.
    pub(crate) fn alpn(&self) -> Option<&[u8]> {
        self.engine.alpn_protocol()
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
        !self.outgoing.is_empty() || self.engine.wants_write()
    }

    /// Memory that is held for bytes, used or not.
    #[cfg(test)]
    pub(crate) fn buffered_bytes(&self) -> usize {
        self.incoming.capacity() + self.outgoing.capacity()
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
            let filled = ready!(self.poll_fill(cx, &mut []))?;
            if filled.fin {
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
        let mut fruitless = 0;
        loop {
            self.put_off = fruitless > FRUITLESS_BYTES;
            if self.put_off {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            // T06: what was authenticated before an end comes before it, whatever the end.
            let n = self.incoming.take(buf);
            if n > 0 {
                return Poll::Ready(Ok(Read::Bytes(n)));
            }
            match &self.inbound {
                Inbound::Open => {
                    let filled = ready!(self.poll_fill(cx, buf))?;
                    fruitless += filled.read;
                    match filled {
                        Filled {
                            fin: false,
                            plain: 0,
                            ..
                        } => {}
                        Filled {
                            fin: false, plain, ..
                        } => return Poll::Ready(Ok(Read::Bytes(plain))),
                        // T05: the caller has not been told of a close_notify, so it is truncated.
                        Filled { fin: true, .. } if bad!(BareFinIgnored) => return Poll::Pending,
                        Filled { fin: true, .. } => self.inbound = Inbound::Ended,
                    }
                }
                Inbound::Notified => {
                    self.inbound = Inbound::Ignoring;
                    return Poll::Ready(Ok(Read::CloseNotify));
                }
                Inbound::Ignoring => fruitless += ready!(self.poll_ignore(cx))?,
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
        assert!(
            self.outbound == Outbound::Open,
            "nothing is written behind close_notify"
        );
        let (mut moved, mut flushed) = self.flush(cx, Call::Write);
        let before = self.outgoing.take_complete();
        if before > 0 && flushed.is_ready() {
            return flushed.map_ok(|()| before);
        }
        if before == 0 && flushed == Poll::Ready(Ok(())) {
            let (more, sent) = self.seal(cx, bufs)?;
            (moved, flushed) = (moved | more, sent);
        }
        let complete = before + self.outgoing.take_complete();
        match flushed {
            Poll::Pending if complete == 0 && !moved => Poll::Pending,
            Poll::Ready(Err(fault)) => Poll::Ready(Err(fault)),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Ready(Ok(complete)),
        }
    }

    pub(crate) fn poll_finish(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        if let Inbound::Broken(error) = &self.inbound {
            // No FIN that would look like an end we chose.
            return Poll::Ready(Err(Fault::tls(Call::Finish, error)));
        }
        if self.outbound == Outbound::Open {
            // What is sealed leaves before it, also where the rest was given up (T02, strict).
            self.stream.hold_for_finish(true);
            ready!(self.flush(cx, Call::Finish).1)?;
            self.before_end_bytes = self.outgoing.written_bytes();
            if !bad!(FinAlone) {
                let held = &mut self.incoming.held;
                self.engine.close_notify(held, &mut self.outgoing.bytes);
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
    pub(crate) fn is_delivered(&self) -> std::io::Result<bool> {
        let behind = self.outgoing.written_bytes() - self.before_end_bytes;
        let end_bytes = match self.outbound {
            Outbound::Open if !self.outgoing.is_empty() => return Ok(false),
            Outbound::Open => 0,
            Outbound::Notified => behind,
            Outbound::Finished => behind + 1,
        };
        Ok(u64::from(self.stream.unacked()?) <= end_bytes)
    }

    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        self.flush(cx, Call::Write).1
    }

    /// Reads the socket once, and what it brings to `buf`.
    fn poll_fill(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<Result<Filled, Fault>> {
        let out = &mut self.outgoing.bytes;
        let fill = self
            .incoming
            .poll_fill(cx, &mut self.stream, &mut self.engine, out, buf);
        let (read, fill) = ready!(fill).map_err(|error| Fault::io(Call::Read, &error))?;
        let (plain, fin) = match fill {
            Fill::Plaintext(n) => (n, false),
            Fill::CloseNotify(n) => {
                self.inbound = Inbound::Notified;
                (n, false)
            }
            Fill::Broken(n, error) => {
                self.inbound = Inbound::Broken(Box::new(error));
                (n, false)
            }
            Fill::Fin => (0, true),
        };
        Poll::Ready(Ok(Filled { read, plain, fin }))
    }

    /// Reads the socket and forgets what it brings, until its FIN (T03, T04). Tells how much it was.
    fn poll_ignore(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, Fault>> {
        SCRATCH.with_borrow_mut(|Scratch { read, .. }| {
            let n = ready!(self.stream.poll_read(cx, read))
                .map_err(|error| Fault::io(Call::Read, &error))?;
            if n == 0 {
                self.inbound = Inbound::Ended;
            }
            Poll::Ready(Ok(n))
        })
    }

    /// Encrypts a batch from the front of `bufs` and offers it to the socket; tells whether any
    /// moved.
    fn seal(
        &mut self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Result<(bool, Poll<Result<(), Fault>>), Fault> {
        SCRATCH.with_borrow_mut(|Scratch { sealed, joined, .. }| {
            let (mut chunks, mut batch) = (Chunks::new(bufs), Batch::default());
            for _ in 0..self.outgoing.batch() {
                let chunk = chunks.next(joined);
                if chunk.is_empty() {
                    break;
                }
                if let Err(fault) = self.count_record() {
                    if batch.len() == 0 {
                        return Err(fault);
                    }
                    break;
                }
                let room = &mut sealed[batch.len()..];
                let n = self.engine.seal(&mut self.incoming.held, chunk, room);
                let n = n.map_err(|_| used_up())?;
                batch.push(n, chunk.len());
            }
            let sealed = &sealed[..batch.len()];
            let (moved, sent) = self.outgoing.send(cx, &mut self.stream, &batch, sealed);
            Ok((moved, sent.map_err(|error| Fault::io(Call::Write, &error))))
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
        Err(used_up())
    }

    /// Moves ciphertext to the socket until none is left or it takes no more; tells whether any
    /// moved.
    fn flush(&mut self, cx: &mut Context<'_>, call: Call) -> (bool, Poll<Result<(), Fault>>) {
        self.engine.speak(&mut self.outgoing.bytes);
        let (moved, flushed) = self.outgoing.flush(cx, &mut self.stream);
        (moved, flushed.map_err(|error| Fault::io(call, &error)))
    }

    /// Offers our own alert to the socket before the leg is given up. Nothing waits for it: the
    /// fault that follows says more than a failure to send it would.
    fn last_word(&mut self, cx: &mut Context<'_>) {
        let _told_as_far_as_it_goes = self.flush(cx, Call::Write);
    }
}

fn used_up() -> Fault {
    Fault {
        cause: Cause::Tls,
        call: Call::Read, // both directions are over
        detail: Detail::Said("the keys of this TLS 1.2 connection are used up"),
    }
}

#[cfg(test)]
mod tests;
