//! The network trait: the only words in which the driver speaks of sockets.
//!
//! Production implements it on the kernel's sockets ([`kernel`]), the simulation on turmoil. Every
//! call is a poll that never blocks; a waker is kept for the last caller of each call, and a
//! session has one waker, so one a call is enough. Whoever implements it keeps LIFECYCLE 4.11:
//! nothing here shuts the read side of a socket (R27), and a socket goes only by
//! [`Stream::close`] or [`Stream::reset`].
//!
//! The first error of any call on a stream is latched: a later read may still deliver what had
//! arrived before it, and then tells that error where it would have told FIN; no later write or
//! finish looks clean (4.11, 2 and 3; K9).

mod address;
pub mod kernel;

pub use address::Address;
pub(crate) use address::Packed;

use std::{
    fmt,
    future::Future,
    io::{self, IoSlice},
    net::SocketAddr,
    task::{Context, Poll, Waker},
};
use tidegate_core::{
    time::{Span, Time},
    vigil::Vigil,
};

/// Sizes of the kernel's socket buffers; `None` leaves the kernel's own choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Buffers {
    /// `SO_SNDBUF`, in bytes as given to the kernel.
    pub send_bytes: Option<u32>,
    /// `SO_RCVBUF`, in bytes as given to the kernel.
    pub recv_bytes: Option<u32>,
}

/// What an accepted stream begins with, for its listener has it: the defaults of LIFECYCLE section 3 for
/// HTTP.
pub const KEPT: Vigil = Vigil {
    idle: Span::from_secs(60),
    interval: Span::from_secs(15),
    probes: 4,
    unacked: Some(Span::from_secs(120)),
};

/// One transport connection. Dropping it without `close` or `reset` must reset it: no panic path
/// may turn into a clean FIN.
pub trait Stream: Unpin + 'static {
    /// What bytes pass through unseen, from one stream to another. Dropped, it takes along what is
    /// in it.
    type Pipe: fmt::Debug + Unpin + 'static;

    /// Reads at most `buf.len()` bytes (which is not 0); `0` is the peer's FIN. After an error the
    /// caller does not read again.
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>>;

    /// Pending, and then the caller is woken as by [`Stream::poll_read`], only if that would be pending. It may
    /// be ready all the same: it costs no call, and saves the way to one.
    fn poll_readable(&mut self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    /// Writes some of `bufs` (not all empty); never returns `Ok(0)`.
    fn poll_write(&mut self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>])
    -> Poll<io::Result<usize>>;

    /// Whether what is read may go through a pipe now. It may not where urgent data has been
    /// announced: splice(2) stops at its mark for ever (R28).
    fn pipes(&self) -> bool;

    /// Moves at most `most` bytes (not 0) into `pipe`, which is empty, and otherwise does what
    /// [`Stream::poll_read`] does: `0` is the peer's FIN. Pending says that nothing has arrived.
    fn poll_fill(
        &mut self,
        cx: &mut Context<'_>,
        pipe: &mut Self::Pipe,
        most: usize,
    ) -> Poll<io::Result<usize>>;

    /// Moves some of the first `n` bytes (not 0) of `pipe`, which has as many, and otherwise does
    /// what [`Stream::poll_write`] does.
    fn poll_drain(
        &mut self,
        cx: &mut Context<'_>,
        pipe: &mut Self::Pipe,
        n: usize,
    ) -> Poll<io::Result<usize>>;

    /// Sends FIN behind everything written: `shutdown(WR)`. Called once; ENOTCONN is `Ok`, unless
    /// an error is latched.
    fn poll_finish(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Ready when the connection has failed (ERR, or HUP with `SO_ERROR`), also while nobody
    /// reads or writes: R18. It takes the socket's one-shot error, and tells a latched one at once.
    /// Pending otherwise, for ever if need be; a FIN does not make it ready, nor do two (K17).
    fn poll_fault(&mut self, cx: &mut Context<'_>) -> Poll<io::Error>;

    /// Ready when everything sent, the FIN included, is acknowledged (`SIOCOUTQ` is 0). The
    /// kernel has no event for it, so an implementation samples after 1, 2, 4 … 50 ms (4.11, 8). What
    /// was not finished is looked at by the first call as well; and so is what was, once the peer's FIN is
    /// here, which has most often acknowledged ours on its way. Who waits is woken by each look, to see how
    /// much is left. A connection that failed before that is an error.
    fn poll_acked(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// What the last look of [`Stream::poll_acked`] has found, while somebody waits for it; nothing before
    /// the first. A network that looks at every call tells what it would find now.
    fn sampled(&self) -> Option<u32> {
        self.unacked().ok()
    }

    /// The next call of [`Stream::poll_acked`] looks, whatever it waits for.
    fn look_again(&mut self) {}

    /// Bytes sent and not acknowledged; the FIN counts as one.
    fn unacked(&self) -> io::Result<u32>;

    /// Bytes the peer has acknowledged since the connection began, as the network counts them: they
    /// mean something beside [`Stream::sent_bytes`] only (K23). An error where it does not count them.
    fn acked_bytes(&self) -> io::Result<u64> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Bytes given to the network since the connection began, on a stream that is not finished: once
    /// the peer has acknowledged all of them, [`Stream::acked_bytes`] is the same.
    fn sent_bytes(&self) -> io::Result<u64> {
        Ok(self.acked_bytes()? + u64::from(self.unacked()?))
    }

    /// Ready once the peer's FIN has arrived, also while it lies behind unread bytes (EPOLLRDHUP,
    /// K5): a hint, which changes nothing that is read (R17). Pending for ever where a network does
    /// not tell.
    fn poll_hint(&mut self, cx: &mut Context<'_>) -> Poll<()>;

    /// Sets what the network watches for by itself: keepalive, and how long anything may stay
    /// unacknowledged. Never fails visibly; nothing is set twice.
    fn watch(&mut self, vigil: Vigil);

    /// Whether that is what it watches for. A stream that was dialled watches for nothing.
    fn watches(&self, vigil: Vigil) -> bool;

    /// Says whether something follows the next writes in the same turn: [`Stream::poll_finish`], so
    /// that FIN rides with the last bytes (4.11, 9), or more out of a pipe, so that no segment is cut
    /// short. They may be kept back until then. `false` sends what was kept back. Where nothing is
    /// kept back, there is nothing to do.
    fn hold_for_finish(&mut self, _hold: bool) {}

    /// Closes the descriptor. The caller has seen to it that nothing is unread or unacknowledged.
    fn close(self);

    /// Closes the connection with RST: `SO_LINGER{1,0}`, then close.
    fn reset(self);

    /// The peer's address as `accept` or `connect` gave it (never asked of the socket later).
    fn peer(&self) -> Address;

    /// The state of its TCP, as OpenTelemetry names them (`established`, `close_wait` …); nothing where a
    /// network does not tell.
    fn state(&self) -> Option<&'static str> {
        None
    }

    /// Our own address. An error where it is not known any more, or never was.
    fn local(&self) -> io::Result<SocketAddr> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// A listening socket.
pub trait Listener: 'static {
    /// What it accepts.
    type Stream: Stream;

    /// Accepts one connection.
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Self::Stream>>;

    /// It closes once nobody is in its queue any more (G2): from now on [`Listener::poll_accept`] is pending only
    /// if that is so at this very moment.
    fn closes(&mut self) {}

    /// Where it listens (the port is the real one where 0 was asked for).
    fn local(&self) -> SocketAddr;
}

/// A network's pipes.
pub type Pipe<N> = <<N as Network>::Stream as Stream>::Pipe;

/// A network: where streams come from, and what time it is there.
pub trait Network: Clone + 'static {
    /// Its connections.
    type Stream: Stream;
    /// Its listeners.
    type Listener: Listener<Stream = Self::Stream>;
    /// A connect in progress; dropping it cancels it (R20).
    type Connect: Future<Output = io::Result<Self::Stream>> + 'static;
    /// A sleep; it may be dropped at any time.
    type Sleep: Future<Output = ()> + Unpin + 'static;

    /// Listens at `address`.
    fn listen(&self, address: SocketAddr, buffers: Buffers) -> io::Result<Self::Listener>;

    /// Connects to `address`.
    fn connect(&self, address: impl Into<Address>, buffers: Buffers) -> Self::Connect;

    /// The same where there is something to say at once: the ACK that ends the handshake may wait for it.
    fn connect_to_speak(&self, address: impl Into<Address>, buffers: Buffers) -> Self::Connect {
        self.connect(address, buffers)
    }

    /// An empty pipe for so many bytes; `None` where there is none to be had: then bytes are copied.
    fn pipe(&self, bytes: u32) -> Option<Pipe<Self>>;

    /// Takes back a pipe that is empty.
    fn put_back(&self, pipe: Pipe<Self>);

    /// Wakes `who` once the network was asked again what it has to tell, and those who it told of have been
    /// woken: for who could go on and on, and must not keep others waiting. A network that has no such turns
    /// wakes at once.
    fn wake_behind(&self, who: &Waker) {
        who.wake_by_ref();
    }

    /// The time since this network's start, in the core's unit.
    fn now(&self) -> Time;

    /// Sleeps until `at`; ready at once if that has passed.
    fn sleep_until(&self, at: Time) -> Self::Sleep;
}
