//! A socket as the network trait has it: calls that wait, and an error that is told for ever.
//!
//! It owns a [`Socket`]'s wakers, one a call, and the latch that the trait demands and Linux does
//! not have: the first error any call met is what every later call tells (LIFECYCLE 4.11, 2 and
//! 3). What a connection does is the socket's.

use super::{Call, Frame, Pipe, Sizes, Socket, Told, Wire};
use crate::errno::Errno;
use std::{
    io::{self, IoSlice},
    task::{Context, Poll, Waker, ready},
};

/// One waker a call: a session has only one.
#[derive(Debug, Default)]
struct Wakers {
    read: Option<Waker>,
    write: Option<Waker>,
    acked: Option<Waker>,
    fault: Option<Waker>,
    hint: Option<Waker>,
}

/// A socket and who waits for it.
#[derive(Debug)]
pub(crate) struct Polled {
    socket: Socket,
    /// The error a call has taken.
    latched: Option<Errno>,
    wakers: Wakers,
    /// A fill has taken the socket for empty: nothing is read of it before something arrives.
    drained: bool,
    /// What was unacknowledged when somebody began to wait for that.
    awaited_bytes: u32,
}

impl Polled {
    /// An established connection whose peer can take `credit_bytes`.
    pub(crate) fn new(sizes: Sizes, credit_bytes: u32) -> Polled {
        Polled {
            socket: Socket::new(sizes, credit_bytes),
            latched: None,
            wakers: Wakers::default(),
            drained: false,
            awaited_bytes: 0,
        }
    }

    /// See [`Socket::is_over`].
    pub(crate) fn is_over(&self) -> bool {
        self.socket.is_over()
    }

    /// See [`Socket::is_held`].
    pub(crate) fn is_held(&self) -> bool {
        self.socket.is_held()
    }

    /// What is queued; behind an error that was told, an end is that error.
    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
        wire: &mut impl Wire,
    ) -> Poll<io::Result<usize>> {
        if self.drained {
            return keep(&mut self.wakers.read, cx);
        }
        match self.socket.read(buf, wire) {
            Poll::Ready(Ok(0)) => Poll::Ready(match self.latched {
                Some(errno) => Err(errno.into()),
                None => Ok(0),
            }),
            Poll::Ready(Ok(n)) => Poll::Ready(Ok(n)),
            Poll::Ready(Err(errno)) => Poll::Ready(Err(self.latch(errno).into())),
            Poll::Pending => keep(&mut self.wakers.read, cx),
        }
    }

    /// Ready where [`Polled::poll_read`] would be.
    pub(crate) fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let ready = self.socket.readiness();
        match !self.drained && (ready.input || ready.error) {
            true => Poll::Ready(()),
            false => keep(&mut self.wakers.read, cx),
        }
    }

    /// Takes what fits the send buffer.
    pub(crate) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
        wire: &mut impl Wire,
    ) -> Poll<io::Result<usize>> {
        if let Some(errno) = self.latched {
            return Poll::Ready(Err(errno.into()));
        }
        match self.socket.write(bufs, wire) {
            Poll::Ready(Ok(n)) => Poll::Ready(Ok(n)),
            Poll::Ready(Err(errno)) => Poll::Ready(Err(self.latch(errno).into())),
            Poll::Pending => keep(&mut self.wakers.write, cx),
        }
    }

    /// Moves what is queued into a pipe. One that is full says EAGAIN, for which a reactor hears the
    /// next arrival and nothing before it; only an end is never forgotten.
    pub(crate) fn poll_fill(
        &mut self,
        cx: &mut Context<'_>,
        pipe: &mut Pipe,
        most: usize,
        wire: &mut impl Wire,
    ) -> Poll<io::Result<usize>> {
        let room = pipe.room_bytes().min(most);
        if room == 0 {
            self.drained = !self.socket.readiness().read_hangup;
            return keep(&mut self.wakers.read, cx);
        }
        let mut bytes = vec![0; room.min(self.socket.queued_bytes().max(1))];
        let n = ready!(self.poll_read(cx, &mut bytes, wire))?;
        pipe.push(&bytes[..n]);
        Poll::Ready(Ok(n))
    }

    /// Takes what fits the send buffer out of a pipe.
    pub(crate) fn poll_drain(
        &mut self,
        cx: &mut Context<'_>,
        pipe: &mut Pipe,
        n: usize,
        wire: &mut impl Wire,
    ) -> Poll<io::Result<usize>> {
        let bytes = IoSlice::new(&pipe.front()[..n]);
        let n = ready!(self.poll_write(cx, &[bytes], wire))?;
        pipe.take(n);
        Poll::Ready(Ok(n))
    }

    /// Sends FIN behind everything written. A connection that has failed has nothing to end, which
    /// is no error unless one has been told.
    pub(crate) fn finish(&mut self, wire: &mut impl Wire) -> io::Result<()> {
        if let Some(errno) = self.latched {
            return Err(errno.into());
        }
        let _not_connected = self.socket.shutdown(wire);
        Ok(())
    }

    /// Ready when the connection has failed; a FIN is no failure.
    pub(crate) fn poll_fault(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        match self.failure() {
            Some(errno) => Poll::Ready(errno.into()),
            None => keep(&mut self.wakers.fault, cx),
        }
    }

    /// Ready once the FIN has arrived, or nothing can any more (K5).
    pub(crate) fn poll_hint(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.socket.readiness().read_hangup {
            true => Poll::Ready(()),
            false => keep(&mut self.wakers.hint, cx),
        }
    }

    /// Ready when everything sent has arrived in the peer's queue and been acknowledged. Who waits is
    /// woken by each part of it, as by the samples that are taken of a kernel's queue.
    pub(crate) fn poll_acked(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.awaited_bytes = self.unacked_bytes();
        if self.awaited_bytes == 0 {
            return Poll::Ready(Ok(()));
        }
        match self.failure() {
            Some(errno) => Poll::Ready(Err(errno.into())),
            None => keep(&mut self.wakers.acked, cx),
        }
    }

    /// See [`Socket::unacked_bytes`].
    pub(crate) fn unacked_bytes(&self) -> u32 {
        self.socket.unacked_bytes()
    }

    /// See [`Socket::acked_bytes`].
    pub(crate) fn acked_bytes(&self) -> u64 {
        self.socket.acked_bytes()
    }

    /// See [`Socket::hold`].
    pub(crate) fn hold(&mut self, hold: bool, wire: &mut impl Wire) {
        self.socket.hold(hold, wire);
    }

    /// See [`Socket::close`].
    pub(crate) fn close(&mut self, wire: &mut impl Wire) {
        self.socket.close(wire);
    }

    /// See [`Socket::reset`].
    pub(crate) fn reset(&mut self, wire: &mut impl Wire) {
        self.socket.reset(wire);
    }

    /// A system call, past the latch.
    pub(crate) fn call(&mut self, call: Call, wire: &mut impl Wire) -> Told {
        self.socket.call(call, wire)
    }

    /// Takes what the peer said, and wakes whom it concerns.
    pub(crate) fn arrive(&mut self, frame: Frame<'_>, wire: &mut impl Wire) {
        self.socket.arrive(frame, wire);
        self.drained = false;
        self.wake();
    }

    /// See [`Socket::acknowledge`].
    pub(crate) fn acknowledge(&mut self, wire: &mut impl Wire) {
        self.socket.acknowledge(wire);
    }

    /// The connection is gone, because what carries it is.
    pub(crate) fn fail(&mut self) {
        self.socket.fail();
        self.drained = false;
        self.wake();
    }

    /// The kernel has given the peer up.
    pub(crate) fn fail_with(&mut self, errno: Errno) {
        self.socket.fail_with(errno);
        self.drained = false;
        self.wake();
    }

    fn latch(&mut self, errno: Errno) -> Errno {
        *self.latched.get_or_insert(errno)
    }

    /// The latched error, or the one that waits, which it latches.
    fn failure(&mut self) -> Option<Errno> {
        self.latched = self.latched.or_else(|| self.socket.take_error());
        self.latched
    }

    fn wake(&mut self) {
        let ready = self.socket.readiness();
        let acked = ready.error || self.socket.unacked_bytes() < self.awaited_bytes;
        let Wakers {
            read,
            write,
            acked: acker,
            fault,
            hint,
        } = &mut self.wakers;
        for (due, slot) in [
            (ready.input, read),
            (ready.output, write),
            (acked, acker),
            (ready.error, fault),
            (ready.read_hangup, hint),
        ] {
            if due && let Some(waker) = slot.take() {
                waker.wake();
            }
        }
    }
}

fn keep<T>(slot: &mut Option<Waker>, cx: &mut Context<'_>) -> Poll<T> {
    match slot {
        Some(waker) => waker.clone_from(cx.waker()),
        None => *slot = Some(cx.waker().clone()),
    }
    Poll::Pending
}
