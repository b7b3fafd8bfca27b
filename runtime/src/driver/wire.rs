//! One leg's bytes: its transport, what was read of it and not understood, what waits for it.

use super::{Driver, queue::Queue, seen::Seen};
use crate::{
    net::{Network, Stream},
    port::{self, Fault, Port, Read},
    variant::bad,
};
use std::{
    cell::RefCell,
    io::IoSlice,
    task::{Context, Poll, Waker, ready},
};
use tidegate_core::{event::Call, leg::Leg, session::Phase, side::Side};

/// The most that is read at a time; one such buffer a worker, borrowed for one call.
const SCRATCH_BYTES: usize = 256 * 1024;

thread_local! {
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; SCRATCH_BYTES].into_boxed_slice());
}

/// One leg's transport and bytes.
#[derive(Debug)]
pub(super) struct Wire<S: Stream> {
    /// The transport, while there is one.
    pub(super) port: Option<Port<S>>,
    /// Bytes of HTTP that were read and not yet understood.
    pub(super) inbox: Queue,
    /// Bytes that wait to be written.
    pub(super) outbox: Queue,
    /// Bytes that the peer's kernel had not acknowledged at the last look, while it matters.
    pub(super) unacked: Option<u32>,
    /// What has become of it so far, for the record.
    pub(super) told: Seen,
}

impl<S: Stream> Wire<S> {
    pub(super) fn holding(port: Port<S>) -> Self {
        Wire {
            port: Some(port),
            ..Wire::empty()
        }
    }

    pub(super) fn empty() -> Self {
        Wire {
            port: None,
            inbox: Queue::default(),
            outbox: Queue::default(),
            unacked: None,
            told: Seen::default(),
        }
    }

    /// Of a side of which so much was seen, with nothing waiting.
    pub(super) fn seen(port: Option<Port<S>>, told: Seen) -> Self {
        Wire {
            port,
            told,
            ..Wire::empty()
        }
    }

    /// A new leg.
    pub(super) fn put(&mut self, port: Port<S>) {
        self.told.forget_fault();
        self.port = Some(port);
    }

    /// Closes the leg with RST. What its peer's kernel had not acknowledged is written down: after
    /// this nobody knows (R14).
    pub(super) fn reset(&mut self) {
        if let Some(port) = self.port.take() {
            self.told.loses(port.unacked().unwrap_or(0));
            port.reset();
        }
    }

    /// Whether a read would bring nothing; then this task is woken once one would.
    #[inline]
    pub(super) fn has_nothing(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(port) = self.port.as_mut() else {
            return false;
        };
        let mut nobody = Context::from_waker(Waker::noop());
        let cx = match bad!(LookForgotten) {
            true => &mut nobody,
            false => cx,
        };
        port.poll_readable(cx).is_pending()
    }

    /// Reads into `buf`.
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<Result<Read, Fault>> {
        let Some(port) = self.port.as_mut() else {
            return Poll::Pending;
        };
        let read = port.poll_read(cx, buf);
        self.count(&read);
        read
    }

    /// Reads at most `most` bytes to the end of `sink`.
    pub(super) fn poll_take(
        &mut self,
        cx: &mut Context<'_>,
        most: u32,
        sink: &mut Queue,
    ) -> Poll<Result<Read, Fault>> {
        let read = read_into(self.port.as_mut(), cx, most, sink);
        self.count(&read);
        read
    }

    /// Moves at most `most` bytes into a pipe.
    pub(super) fn poll_fill_pipe(
        &mut self,
        cx: &mut Context<'_>,
        pipe: &mut S::Pipe,
        most: u32,
    ) -> Poll<Result<Read, Fault>> {
        let Some(port) = self.port.as_mut() else {
            return Poll::Pending;
        };
        let read = port.poll_fill(cx, pipe, size(most));
        self.count(&read);
        read
    }

    /// Writes from a pipe of so many bytes; for the rest see [`Wire::poll_write`].
    pub(super) fn poll_drain_pipe(
        &mut self,
        cx: &mut Context<'_>,
        pipe: &mut S::Pipe,
        bytes: u32,
        last: bool,
    ) -> Poll<Result<usize, Fault>> {
        let Some(port) = self.port.as_mut() else {
            return Poll::Pending;
        };
        port.hold_for_finish(last);
        let n = ready!(port.poll_drain(cx, pipe, size(bytes)))?;
        self.told.written += u64::from(count(n));
        Poll::Ready(Ok(n))
    }

    /// Reads at most `most` bytes to the end of the inbox.
    pub(super) fn poll_fill(
        &mut self,
        cx: &mut Context<'_>,
        most: u32,
    ) -> Poll<Result<Read, Fault>> {
        let read = read_into(self.port.as_mut(), cx, most, &mut self.inbox);
        self.count(&read);
        read
    }

    /// Reads what nobody wants (R26).
    pub(super) fn poll_discard(&mut self, cx: &mut Context<'_>) -> Poll<Result<Read, Fault>> {
        let Some(port) = self.port.as_mut() else {
            return Poll::Pending;
        };
        let read = SCRATCH.with_borrow_mut(|scratch| port.poll_read(cx, scratch));
        let bytes = self.count(&read);
        self.told.throws(bytes);
        read
    }

    /// How many bytes a read brought, written down.
    fn count(&mut self, read: &Poll<Result<Read, Fault>>) -> u64 {
        let bytes = match read {
            Poll::Ready(Ok(Read::Bytes(n))) => u64::try_from(*n).unwrap_or(u64::MAX),
            Poll::Ready(Ok(Read::CloseNotify | Read::Fin) | Err(_)) | Poll::Pending => 0,
        };
        self.told.read += bytes;
        bytes
    }

    /// Writes bytes that nothing waits before; what the socket does not accept of them is the outbox's.
    pub(super) fn poll_write_through(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize, Fault>> {
        let written = self.port.as_mut().map_or(Poll::Pending, |port| {
            port.hold_for_finish(false);
            port.poll_write(cx, &[IoSlice::new(bytes)])
        });
        let taken = match written {
            Poll::Ready(Ok(n)) => n,
            Poll::Ready(Err(_)) | Poll::Pending => 0,
        };
        self.told.written += u64::from(count(taken));
        if taken < bytes.len() {
            self.outbox.push(&bytes[taken..]);
        }
        written
    }

    /// Writes from the front of the outbox, and lets go of what the socket has accepted. The
    /// `last` bytes leave with the FIN that follows them (4.11, 9).
    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        pending: u32,
        last: bool,
    ) -> Poll<Result<usize, Fault>> {
        let Some(port) = self.port.as_mut() else {
            return Poll::Pending;
        };
        let front = self.outbox.front();
        let offered = &front[..front.len().min(size(pending))];
        port.hold_for_finish(last);
        let n = ready!(port.poll_write(cx, &[IoSlice::new(offered)]))?;
        self.outbox.take(n);
        self.told.written += u64::from(count(n));
        Poll::Ready(Ok(n))
    }
}

impl<N: Network> Driver<N> {
    /// Whether nothing is kept but what is inside: so it is in a tunnel, if it is behind its first bytes (W1).
    #[inline]
    pub(super) fn has_let_go(&self) -> bool {
        let bare = |wire: &Wire<N::Stream>| !wire.inbox.has_memory() && !wire.outbox.keeps();
        *self.session.phase() == Phase::Tunnel && self.wires.iter().all(bare)
    }

    /// Lets go of bytes that the session has given up (I20).
    pub(super) fn let_go(&mut self) {
        let keeps = self.session.keeps_request();
        self.wires[Side::Up as usize].outbox.keep(keeps);
        for side in Side::BOTH {
            let kept = keeps && side == Side::Up;
            if self.session.to(side).bytes() == 0 {
                self.lanes[side.other() as usize].let_go();
            }
            if self.session.to(side).bytes() == 0 && !kept {
                self.wire(side).outbox.clear();
            }
            let unread = match self.session.leg(side) {
                Leg::Absent | Leg::Gone(_) | Leg::Reset(_) => 0,
                Leg::Queued | Leg::Connecting | Leg::Securing => continue,
                Leg::Open(open) => open.inbox.left,
            };
            if unread == 0 {
                self.wire(side).inbox.clear();
            }
        }
    }
}

fn read_into<S: Stream>(
    port: Option<&mut Port<S>>,
    cx: &mut Context<'_>,
    most: u32,
    sink: &mut Queue,
) -> Poll<Result<Read, Fault>> {
    let Some(port) = port else {
        return Poll::Pending;
    };
    with_scratch(most, |scratch| {
        let read = ready!(port.poll_read(cx, scratch))?;
        if let Read::Bytes(n) = read {
            sink.push(&scratch[..n]);
        }
        Poll::Ready(Ok(read))
    })
}

/// Lends the worker's scratch buffer, or the first `most` bytes of it, for the length of a call.
pub(super) fn with_scratch<R>(most: u32, read: impl FnOnce(&mut [u8]) -> R) -> R {
    SCRATCH.with_borrow_mut(|scratch| read(&mut scratch[..size(most).min(SCRATCH_BYTES)]))
}

/// A count as the core has it.
pub(super) fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// The same of a count that may be beyond it.
pub(super) fn count64(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// A count as memory has it.
pub(super) fn size(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

/// The core's word for the call that met a fault.
pub(super) fn call(call: port::Call) -> Call {
    match call {
        port::Call::Connect | port::Call::Poll => Call::Poll,
        port::Call::Read => Call::Read,
        port::Call::Write => Call::Write,
        port::Call::Finish => Call::Finish,
    }
}
