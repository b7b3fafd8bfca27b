//! One end of a connection as Linux keeps it: queues, windows, FIN, RST and the one-shot error.
//!
//! It owns the rules of LIFECYCLE section 1 and no network: what it has to say goes out through a
//! [`Wire`], what the peer said comes in through [`Socket::arrive`]. It waits for nothing and
//! never reads a clock. Where it differs from Linux:
//! - nothing is lost, reordered or retransmitted between two ends, so an RST never overtakes data;
//! - every arrival is acknowledged at once, and all room is announced once half the buffer is free;
//! - buffers hold exactly the configured bytes (Linux doubles them and counts its own overhead);
//! - the first error is latched and every later call tells it, as the program's own kernel sockets
//!   do; Linux hands it out once and then says EPIPE, or 0 (K9).

use super::frame::{Frame, MAX_PAYLOAD};
use crate::errno::Errno;
use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    task::{Context, Poll, Waker},
};

/// Where a socket's frames leave.
pub(crate) trait Wire {
    /// Sends one frame, behind every frame sent before.
    fn send(&mut self, frame: Frame<'_>);
}

/// The bytes one end may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sizes {
    /// Written and not acknowledged.
    pub(crate) send_bytes: u32,
    /// Arrived and not read.
    pub(crate) recv_bytes: u32,
}

/// How far our own FIN has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fin {
    Open,
    Queued,
    Sent,
    Acked,
}

/// Who still holds the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    /// The program.
    Held,
    /// The kernel alone, after a close: it delivers the rest, and late data draws an RST.
    Orphan,
    /// Nobody: reset by either end.
    Dead,
}

/// One waker a call: a session is one task.
#[derive(Debug, Default)]
struct Wakers {
    read: Option<Waker>,
    write: Option<Waker>,
    acked: Option<Waker>,
    fault: Option<Waker>,
}

/// One end of a connection.
#[derive(Debug)]
pub(crate) struct Socket {
    sizes: Sizes,
    /// Accepted from the program; waits for the peer's window.
    unsent: VecDeque<u8>,
    /// Sent and not acknowledged, the FIN counting one.
    flight_bytes: u32,
    /// What the peer can still take.
    credit_bytes: u32,
    fin: Fin,
    /// Arrived and not read.
    queue: VecDeque<u8>,
    /// Read and not announced.
    opened_bytes: u32,
    /// Arrived and not acknowledged.
    owed_bytes: u32,
    fin_arrived: bool,
    /// The connection's error, until a call takes it.
    error: Option<Errno>,
    /// The error a call has taken.
    latched: Option<Errno>,
    life: Life,
    wakers: Wakers,
}

impl Socket {
    /// An established connection whose peer can take `credit_bytes`.
    pub(crate) fn new(sizes: Sizes, credit_bytes: u32) -> Socket {
        Socket {
            sizes,
            unsent: VecDeque::new(),
            flight_bytes: 0,
            credit_bytes,
            fin: Fin::Open,
            queue: VecDeque::new(),
            opened_bytes: 0,
            owed_bytes: 0,
            fin_arrived: false,
            error: None,
            latched: None,
            life: Life::Held,
            wakers: Wakers::default(),
        }
    }

    /// Whether nothing can be sent or arrive any more, so that the carrier may go.
    pub(crate) fn is_over(&self) -> bool {
        let ended = self.fin == Fin::Acked && self.fin_arrived && self.owed_bytes == 0;
        ended || self.life == Life::Dead
    }

    /// Whether the program still has it.
    pub(crate) fn is_held(&self) -> bool {
        self.life == Life::Held
    }

    /// Reads what is queued, up to `buf`; then the error, or the end.
    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
        wire: &mut impl Wire,
    ) -> Poll<io::Result<usize>> {
        if !self.queue.is_empty() {
            let n = self.take_queued(buf);
            self.opened_bytes += count(n);
            self.announce(wire);
            return Poll::Ready(Ok(n));
        }
        if let Some(errno) = self.latched {
            return Poll::Ready(Err(errno.into()));
        }
        // K11: once the FIN has arrived, a later RST is invisible to reads.
        if self.fin_arrived {
            return Poll::Ready(Ok(0));
        }
        if let Some(errno) = self.failure() {
            return Poll::Ready(Err(errno.into()));
        }
        keep(&mut self.wakers.read, cx);
        Poll::Pending
    }

    /// Takes what fits the send buffer.
    pub(crate) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
        wire: &mut impl Wire,
    ) -> Poll<io::Result<usize>> {
        if let Some(errno) = self.failure() {
            return Poll::Ready(Err(errno.into()));
        }
        if self.fin != Fin::Open {
            return Poll::Ready(Err(Errno::EPIPE.into()));
        }
        let mut room = self.sizes.send_bytes.saturating_sub(self.unacked_bytes()) as usize;
        if room == 0 {
            keep(&mut self.wakers.write, cx);
            return Poll::Pending;
        }
        let mut taken = 0;
        for buf in bufs {
            let n = room.min(buf.len());
            self.unsent.extend(&buf[..n]);
            room -= n;
            taken += n;
        }
        self.transmit(wire);
        Poll::Ready(Ok(taken))
    }

    /// Sends FIN behind everything written. A connection that has failed has nothing to end, which
    /// is no error unless one has been told.
    pub(crate) fn finish(&mut self, wire: &mut impl Wire) -> io::Result<()> {
        if let Some(errno) = self.latched {
            return Err(errno.into());
        }
        if self.life != Life::Dead && self.fin == Fin::Open {
            self.fin = Fin::Queued;
            self.transmit(wire);
        }
        Ok(())
    }

    /// Ready when the connection has failed; a FIN is no failure.
    pub(crate) fn poll_fault(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        if let Some(errno) = self.failure() {
            return Poll::Ready(errno.into());
        }
        keep(&mut self.wakers.fault, cx);
        Poll::Pending
    }

    /// Ready when everything sent has arrived in the peer's queue and been acknowledged.
    pub(crate) fn poll_acked(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.unacked_bytes() == 0 {
            return Poll::Ready(Ok(()));
        }
        if let Some(errno) = self.failure() {
            return Poll::Ready(Err(errno.into()));
        }
        keep(&mut self.wakers.acked, cx);
        Poll::Pending
    }

    /// `SIOCOUTQ`: written and not acknowledged, the FIN counting one. After a reset it tells what
    /// was never acknowledged.
    pub(crate) fn unacked_bytes(&self) -> u32 {
        self.flight_bytes + count(self.unsent.len()) + u32::from(self.fin == Fin::Queued)
    }

    /// Closes the descriptor: with unread input that is an RST (K1), else the kernel goes on alone.
    pub(crate) fn close(&mut self, wire: &mut impl Wire) {
        if !self.queue.is_empty() {
            return self.reset(wire);
        }
        if self.life == Life::Held {
            let failed = self.finish(wire);
            debug_assert!(failed.is_ok(), "a failed socket is dead");
            self.life = Life::Orphan;
        }
    }

    /// `SO_LINGER{1,0}` and close: RST, and what is queued is discarded (K18).
    pub(crate) fn reset(&mut self, wire: &mut impl Wire) {
        if !self.is_over() {
            wire.send(Frame::Reset);
        }
        self.life = Life::Dead;
    }

    /// Takes what the peer said. The acknowledgement waits for [`Socket::acknowledge`].
    pub(crate) fn arrive(&mut self, frame: Frame<'_>, wire: &mut impl Wire) {
        if self.life == Life::Dead {
            return;
        }
        match frame {
            // K4: data for a closed descriptor draws an RST and ends everything.
            Frame::Data(_) if self.life == Life::Orphan => self.reset(wire),
            Frame::Data(bytes) => {
                self.queue.extend(bytes);
                self.owed_bytes += count(bytes.len());
                wake(&mut self.wakers.read);
            }
            Frame::Fin => {
                self.fin_arrived = true;
                self.owed_bytes += 1;
                wake(&mut self.wakers.read);
            }
            Frame::Ack {
                acked_bytes,
                opened_bytes,
            } => self.on_ack(acked_bytes, opened_bytes, wire),
            Frame::Reset => self.fail(),
            Frame::Open { .. } => panic!("a second handshake on an established connection"),
        }
    }

    /// Acknowledges all that has arrived since the last call, in one frame.
    pub(crate) fn acknowledge(&mut self, wire: &mut impl Wire) {
        if self.life == Life::Dead {
            return;
        }
        if self.owed_bytes > 0 {
            self.send_ack(wire);
        } else {
            self.announce(wire);
        }
    }

    /// The connection is gone: by RST, or because its carrier is.
    pub(crate) fn fail(&mut self) {
        if self.is_over() {
            return;
        }
        // Linux, tcp_reset: EPIPE in CLOSE_WAIT, ECONNRESET elsewhere (K6b, K11).
        let close_wait = self.fin_arrived && matches!(self.fin, Fin::Open | Fin::Queued);
        self.error = Some(if close_wait {
            Errno::EPIPE
        } else {
            Errno::ECONNRESET
        });
        self.life = Life::Dead;
        self.wake_all();
    }

    fn on_ack(&mut self, acked_bytes: u32, opened_bytes: u32, wire: &mut impl Wire) {
        self.flight_bytes = self
            .flight_bytes
            .checked_sub(acked_bytes)
            .expect("the peer acknowledges only what was sent");
        self.credit_bytes += opened_bytes;
        if self.flight_bytes == 0 && self.fin == Fin::Sent {
            self.fin = Fin::Acked;
        }
        self.transmit(wire);
        wake(&mut self.wakers.write);
        if self.unacked_bytes() == 0 {
            wake(&mut self.wakers.acked);
        }
    }

    /// Sends what the window allows; the FIN too waits for a window (K5b).
    fn transmit(&mut self, wire: &mut impl Wire) {
        while self.credit_bytes > 0 && !self.unsent.is_empty() {
            let (front, _) = self.unsent.as_slices();
            let n = front.len().min(self.credit_bytes as usize).min(MAX_PAYLOAD);
            wire.send(Frame::Data(&front[..n]));
            self.unsent.drain(..n);
            self.credit_bytes -= count(n);
            self.flight_bytes += count(n);
        }
        if self.fin == Fin::Queued && self.unsent.is_empty() && self.credit_bytes > 0 {
            wire.send(Frame::Fin);
            self.fin = Fin::Sent;
            self.flight_bytes += 1;
        }
    }

    /// Announces room when half the buffer is free, or when the peer has none left.
    fn announce(&mut self, wire: &mut impl Wire) {
        let left = self.sizes.recv_bytes - count(self.queue.len()) - self.opened_bytes;
        let worth = left == 0 || self.opened_bytes * 2 >= self.sizes.recv_bytes;
        if self.opened_bytes > 0 && worth && !self.fin_arrived && self.life == Life::Held {
            self.send_ack(wire);
        }
    }

    fn send_ack(&mut self, wire: &mut impl Wire) {
        wire.send(Frame::Ack {
            acked_bytes: self.owed_bytes,
            opened_bytes: self.opened_bytes,
        });
        self.owed_bytes = 0;
        self.opened_bytes = 0;
    }

    fn take_queued(&mut self, buf: &mut [u8]) -> usize {
        let mut taken = 0;
        while taken < buf.len() && !self.queue.is_empty() {
            let (front, _) = self.queue.as_slices();
            let n = front.len().min(buf.len() - taken);
            buf[taken..taken + n].copy_from_slice(&front[..n]);
            self.queue.drain(..n);
            taken += n;
        }
        taken
    }

    /// The latched error, or the one that waits, which it latches.
    fn failure(&mut self) -> Option<Errno> {
        self.latched = self.latched.or(self.error.take());
        self.latched
    }

    fn wake_all(&mut self) {
        wake(&mut self.wakers.read);
        wake(&mut self.wakers.write);
        wake(&mut self.wakers.acked);
        wake(&mut self.wakers.fault);
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).expect("a socket holds less than 4 GiB")
}

fn keep(slot: &mut Option<Waker>, cx: &mut Context<'_>) {
    match slot {
        Some(waker) => waker.clone_from(cx.waker()),
        None => *slot = Some(cx.waker().clone()),
    }
}

fn wake(slot: &mut Option<Waker>) {
    if let Some(waker) = slot.take() {
        waker.wake();
    }
}
