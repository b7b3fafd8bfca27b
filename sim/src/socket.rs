//! One end of a connection as Linux keeps it: queues, windows, FIN, RST and the one-shot error.
//!
//! It owns the rules of LIFECYCLE section 1 and no network: what it has to say goes out through a
//! [`Wire`], what the peer said comes in through [`Socket::arrive`]. Both simulated networks have
//! it, so that they differ in how frames travel and in nothing else. Its calls are system calls,
//! none of which waits, and it never reads a clock. Where it differs from Linux:
//! - nothing is lost, reordered or retransmitted between two ends, so an RST never overtakes data;
//! - every arrival is acknowledged at once, and all room is announced once half the buffer is free;
//! - buffers hold exactly the configured bytes (Linux doubles them and counts its own overhead);
//! - there is no TIME_WAIT and no time-out of its own (K14, K26); what keepalive and TCP_USER_TIMEOUT
//!   make of a peer that is not heard of any more, the fast network knows (K13, K24, K25).

mod call;
mod frame;
mod pipe;
mod polled;

use self::frame::MAX_PAYLOAD;
pub use self::{
    call::{Call, Readiness, Told},
    pipe::Pipe,
};
pub(crate) use self::{
    frame::{Frame, MAX_FRAME},
    polled::Polled,
};
use crate::errno::Errno;
use std::{collections::VecDeque, io::IoSlice, task::Poll};
use tidegate::net::Buffers;

/// What a buffer holds where none is asked for.
const DEFAULT_BYTES: u32 = 65_536;

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

impl From<Buffers> for Sizes {
    fn from(buffers: Buffers) -> Sizes {
        Sizes {
            send_bytes: buffers.send_bytes.unwrap_or(DEFAULT_BYTES).max(1),
            recv_bytes: buffers.recv_bytes.unwrap_or(DEFAULT_BYTES).max(1),
        }
    }
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

/// One end of a connection.
#[derive(Debug)]
pub(crate) struct Socket {
    sizes: Sizes,
    /// Accepted from the program; waits for the peer's window.
    unsent: VecDeque<u8>,
    /// What is written waits for FIN, or for the order not to (`MSG_MORE`).
    held: bool,
    /// Sent and not acknowledged, the FIN counting one.
    flight_bytes: u32,
    /// Acknowledged since the beginning, and of that, in this very moment.
    acked_bytes: u64,
    acked_now_bytes: u32,
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
    /// `SO_ERROR`: the first call that can tell it takes it (K9, K9c).
    error: Option<Errno>,
    life: Life,
}

impl Socket {
    /// An established connection whose peer can take `credit_bytes`.
    pub(crate) fn new(sizes: Sizes, credit_bytes: u32) -> Socket {
        Socket {
            sizes,
            unsent: VecDeque::new(),
            held: false,
            flight_bytes: 0,
            acked_bytes: 0,
            acked_now_bytes: 0,
            credit_bytes,
            fin: Fin::Open,
            queue: VecDeque::new(),
            opened_bytes: 0,
            owed_bytes: 0,
            fin_arrived: false,
            error: None,
            life: Life::Held,
        }
    }

    /// Whether nothing can be sent or arrive any more, so that whatever carries it may go.
    pub(crate) fn is_over(&self) -> bool {
        self.is_ended() && self.owed_bytes == 0 || self.life == Life::Dead
    }

    /// Both FINs have arrived, as far as this end can know.
    fn is_ended(&self) -> bool {
        self.fin == Fin::Acked && self.fin_arrived
    }

    /// Whether the program still has it.
    pub(crate) fn is_held(&self) -> bool {
        self.life == Life::Held
    }

    /// `recv`: what is queued, up to `buf`; then the end, then the error, then an end again.
    pub(crate) fn read(
        &mut self,
        buf: &mut [u8],
        wire: &mut impl Wire,
    ) -> Poll<Result<usize, Errno>> {
        if !self.queue.is_empty() {
            let n = self.take_queued(buf);
            self.opened_bytes += count(n);
            self.announce(wire);
            return Poll::Ready(Ok(n));
        }
        // K6b, K11: once the FIN has arrived, a later RST is invisible to reads.
        if self.fin_arrived {
            return Poll::Ready(Ok(0));
        }
        if let Some(errno) = self.error.take() {
            return Poll::Ready(Err(errno));
        }
        // K9: the error has been taken by another call, and nothing is left but an end.
        if self.life == Life::Dead {
            return Poll::Ready(Ok(0));
        }
        Poll::Pending
    }

    /// `send`: takes what fits the send buffer.
    pub(crate) fn write(
        &mut self,
        bufs: &[IoSlice<'_>],
        wire: &mut impl Wire,
    ) -> Poll<Result<usize, Errno>> {
        if let Some(errno) = self.error.take() {
            return Poll::Ready(Err(errno));
        }
        if self.fin != Fin::Open || self.life == Life::Dead {
            return Poll::Ready(Err(Errno::EPIPE));
        }
        let mut room = self.room_bytes();
        if room == 0 {
            self.held = false;
            self.transmit(wire);
            return Poll::Pending;
        }
        let all = bufs.iter().map(|buf| buf.len()).sum::<usize>();
        let mut taken = 0;
        for buf in bufs {
            let n = room.min(buf.len());
            self.unsent.extend(&buf[..n]);
            room -= n;
            taken += n;
        }
        // A buffer that is full is sent by itself, or it would never be less full.
        self.held &= taken == all;
        self.transmit(wire);
        Poll::Ready(Ok(taken))
    }

    /// `MSG_MORE`: whether what is written may wait for FIN. Linux gives up waiting after 200 ms;
    /// this socket never does, so that whoever forgets an order is found.
    pub(crate) fn hold(&mut self, hold: bool, wire: &mut impl Wire) {
        self.held = hold && self.fin == Fin::Open;
        if !self.held && self.life == Life::Held {
            self.transmit(wire);
        }
    }

    /// `shutdown(WR)`: FIN behind everything written. A connection that is no more has no end.
    pub(crate) fn shutdown(&mut self, wire: &mut impl Wire) -> Result<(), Errno> {
        if self.life == Life::Dead || self.is_ended() {
            return Err(Errno::ENOTCONN);
        }
        if self.fin == Fin::Open {
            self.fin = Fin::Queued;
            self.held = false;
            self.transmit(wire);
        }
        Ok(())
    }

    /// `SO_ERROR`, which takes it.
    pub(crate) fn take_error(&mut self) -> Option<Errno> {
        self.error.take()
    }

    /// `SIOCOUTQ`: written and not acknowledged, the FIN counting one. After a reset it tells what
    /// was never acknowledged.
    pub(crate) fn unacked_bytes(&self) -> u32 {
        self.flight_bytes + count(self.unsent.len()) + u32::from(self.fin == Fin::Queued)
    }

    /// `tcpi_bytes_acked`, but for the handshake's: only a difference means anything (K23).
    pub(crate) fn acked_bytes(&self) -> u64 {
        self.acked_bytes
    }

    fn room_bytes(&self) -> usize {
        self.sizes.send_bytes.saturating_sub(self.unacked_bytes()) as usize
    }

    /// Closes the descriptor: with unread input that is an RST (K1, K2), else the kernel goes on
    /// alone.
    pub(crate) fn close(&mut self, wire: &mut impl Wire) {
        if !self.queue.is_empty() {
            return self.abort(wire);
        }
        if self.life == Life::Held {
            let _not_connected = self.shutdown(wire);
            self.life = Life::Orphan;
        }
    }

    /// `SO_LINGER{1,0}` and close: RST, and what is queued is discarded (K18).
    pub(crate) fn reset(&mut self, wire: &mut impl Wire) {
        self.abort(wire);
    }

    fn abort(&mut self, wire: &mut impl Wire) {
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
            Frame::Data(_) if self.life == Life::Orphan => self.abort(wire),
            Frame::Data(bytes) => {
                self.queue.extend(bytes);
                self.owed_bytes += count(bytes.len());
            }
            Frame::Fin => {
                self.fin_arrived = true;
                self.owed_bytes += 1;
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
        self.acked_now_bytes = 0;
        if self.life == Life::Dead {
            return;
        }
        if self.owed_bytes > 0 {
            self.send_ack(wire);
        } else {
            self.announce(wire);
        }
    }

    /// The connection is gone: by RST, or because what carries it is. What has arrived stays
    /// readable (K9b).
    pub(crate) fn fail(&mut self) {
        // Linux, tcp_reset: EPIPE in CLOSE_WAIT, which our own FIN leaves even while it waits for
        // a window; ECONNRESET elsewhere (K6b, K11).
        let close_wait = self.fin_arrived && self.fin == Fin::Open;
        self.fail_with(match close_wait {
            true => Errno::EPIPE,
            false => Errno::ECONNRESET,
        });
    }

    /// The same, by an error of another name: the kernel has given its peer up.
    pub(crate) fn fail_with(&mut self, errno: Errno) {
        if self.is_ended() {
            self.owed_bytes = 0; // and nobody is there to hear of it
        }
        if self.is_over() {
            return;
        }
        self.error = Some(errno);
        self.life = Life::Dead;
        // K23c: Linux delays an acknowledgement, and an RST that comes first takes its place.
        self.acked_bytes -= u64::from(self.acked_now_bytes);
    }

    fn on_ack(&mut self, acked_bytes: u32, opened_bytes: u32, wire: &mut impl Wire) {
        self.flight_bytes = self
            .flight_bytes
            .checked_sub(acked_bytes)
            .expect("the peer acknowledges only what was sent");
        self.credit_bytes += opened_bytes;
        self.acked_bytes += u64::from(acked_bytes);
        self.acked_now_bytes += acked_bytes;
        if self.flight_bytes == 0 && self.fin == Fin::Sent {
            self.fin = Fin::Acked;
        }
        self.transmit(wire);
    }

    /// Sends what the window allows; the FIN too waits for a window (K5b).
    fn transmit(&mut self, wire: &mut impl Wire) {
        if self.held {
            return;
        }
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
}

fn count(n: usize) -> u32 {
    u32::try_from(n).expect("a socket holds less than 4 GiB")
}
