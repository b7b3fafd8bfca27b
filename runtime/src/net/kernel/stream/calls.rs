//! The calls on one connection: each tries the socket, and waits for readiness that it clears itself.
//!
//! It owns nothing. It never shuts the read side (R27), and tells no error but the first.

use super::{AtClose, Hold, KernelStream, MOST_SLICES, SAMPLE_LEAST, SAMPLE_MOST};
use crate::{
    net::{
        Address, KEPT, Stream,
        kernel::{
            KernelPipe, options,
            reactor::{Told, Wait},
        },
    },
    sys,
};
use rustix::{
    io::Errno,
    net::{Shutdown, shutdown},
    pipe::{SpliceFlags, splice},
};
use std::{
    future::Future,
    io::{self, IoSlice, Read as _},
    pin::Pin,
    task::{Context, Poll, ready},
};
use tidegate_core::{time::Span, vigil::Vigil};

impl KernelStream {
    /// Tries to send `all` bytes in one call, and waits for room for the first of them.
    fn poll_sending(
        &mut self,
        cx: &mut Context<'_>,
        all: usize,
        mut send: impl FnMut(&Self) -> rustix::io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        if let Some(first) = self.latched {
            return Poll::Ready(Err(first.into()));
        }
        loop {
            if !self.eager_write {
                ready!(self.watched.poll(Wait::Write, cx));
            }
            let sent = send(self);
            match sent {
                Ok(n) if n == all => self.cut_short = false,
                Ok(_) | Err(Errno::AGAIN) => {
                    self.cut_short |= sent.is_ok();
                    self.watched.clear(Told::WRITABLE);
                    self.eager_write = false;
                }
                Err(Errno::INTR) => {}
                // R15: the error may have been taken from the reads; the latch gives it back.
                Err(errno) => return Poll::Ready(Err(self.latch(errno.into()))),
            }
            if let Ok(n) = sent {
                self.sent_bytes += n as u64;
                return Poll::Ready(Ok(n));
            }
        }
    }
}

impl Stream for KernelStream {
    type Pipe = KernelPipe;

    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        loop {
            if !self.eager_read {
                ready!(self.watched.poll(Wait::Read, cx));
            }
            let read = (&self.fd).read(buf);
            match read {
                Ok(0) => return Poll::Ready(self.met_end()),
                Ok(n) => {
                    if n < buf.len() {
                        // The queue is empty: that saves the read which would say so. A FIN
                        // behind it is not forgotten, for closed readiness is never cleared.
                        if !self.urgent() {
                            self.watched.clear(Told::READABLE);
                        }
                        self.eager_read = false;
                    }
                    return Poll::Ready(Ok(n));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.watched.clear(Told::READABLE);
                    self.eager_read = false;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(self.latch(error))),
            }
        }
    }

    #[inline]
    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.eager_read {
            true => Poll::Ready(()),
            false => self.watched.poll(Wait::Read, cx).map(|_| ()),
        }
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let bufs = &bufs[..bufs.len().min(MOST_SLICES)];
        let all = bufs.iter().map(|buf| buf.len()).sum();
        self.poll_sending(cx, all, |stream| stream.send(bufs))
    }

    fn pipes(&self) -> bool {
        !self.urgent()
    }

    fn poll_fill(
        &mut self,
        cx: &mut Context<'_>,
        pipe: &mut KernelPipe,
        most: usize,
    ) -> Poll<io::Result<usize>> {
        loop {
            if !self.eager_read {
                ready!(self.watched.poll(Wait::Read, cx));
            }
            match splice(
                &self.fd,
                None,
                pipe.write(),
                None,
                most,
                SpliceFlags::NONBLOCK,
            ) {
                // R28: a read will find it.
                Ok(0) if self.stands_at_mark() => {
                    self.watched.note(Told::URGENT);
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Ok(0) => return Poll::Ready(self.met_end()),
                // Fewer than were asked for may be all that a pipe has slots for: what is left is
                // asked about again.
                Ok(n) => return Poll::Ready(Ok(n)),
                // The pipe is empty, so it is the socket that has no more.
                Err(Errno::AGAIN) => {
                    self.watched.clear(Told::READABLE);
                    self.eager_read = false;
                }
                Err(Errno::INTR) => {}
                Err(errno) => return Poll::Ready(Err(self.latch(errno.into()))),
            }
        }
    }

    fn poll_drain(
        &mut self,
        cx: &mut Context<'_>,
        pipe: &mut KernelPipe,
        n: usize,
    ) -> Poll<io::Result<usize>> {
        // The pipe has as many: if fewer leave, it is the socket that is full.
        self.poll_sending(cx, n, |stream| stream.send_pipe(pipe, n))
    }

    fn poll_finish(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(first) = self.latched {
            return Poll::Ready(Err(first.into()));
        }
        match shutdown(&self.fd, Shutdown::Write) {
            // The connection is gone, and whatever took it away tells that itself.
            Err(Errno::NOTCONN) => Poll::Ready(Ok(())),
            Err(errno) => Poll::Ready(Err(self.latch(errno.into()))),
            Ok(()) => {
                self.at_close = AtClose::Sent;
                self.hold.set(Hold::Off);
                Poll::Ready(Ok(()))
            }
        }
    }

    fn poll_fault(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        if let Some(first) = self.latched {
            return Poll::Ready(first.into());
        }
        loop {
            ready!(self.watched.poll(Wait::Fault, cx));
            match self.fd.take_error() {
                Ok(Some(error)) | Err(error) => return Poll::Ready(self.latch(error)),
                // Readiness to read is no part of it, so unread bytes do not make it spin (R18, R22).
                Ok(None) => self.watched.clear(Told::FAILED),
            }
        }
    }

    fn poll_acked(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let heard = self.watched.told().has(Told::READ_CLOSED);
        // Whoever will answer our FIN with its own acknowledges it with that: a look now would be in vain.
        let later = self.at_close == AtClose::Sent && !heard && !self.is_unix();
        if later && self.sampler.is_none() {
            self.sample_after(SAMPLE_LEAST, heard, None);
        }
        let mut wait = SAMPLE_LEAST;
        loop {
            if let Some(sampler) = &mut self.sampler
                && sampler.heard == heard
                && !sampler.pressed
            {
                ready!(Pin::new(&mut sampler.alarm).poll(cx));
                wait = Span(sampler.wait.0 * 2).min(SAMPLE_MOST);
            }
            let left = self.unacked()?;
            // The queue of a connection that failed keeps its count for ever.
            let failed = if left > 0 { self.failure() } else { None };
            if left == 0 || failed.is_some() {
                self.sampler = None;
                if failed.is_none() && self.at_close == AtClose::Sent {
                    self.at_close = AtClose::Acked;
                }
                return Poll::Ready(failed.map_or(Ok(()), Err));
            }
            if self.at_close == AtClose::Sent {
                self.ease();
            }
            self.sample_after(wait, heard, Some(left));
        }
    }

    fn look_again(&mut self) {
        if let Some(sampler) = &mut self.sampler {
            sampler.pressed = true;
        }
    }

    fn sampled(&self) -> Option<u32> {
        self.sampler.as_ref().and_then(|sampler| sampler.left)
    }

    fn unacked(&self) -> io::Result<u32> {
        if self.is_unix() {
            return Ok(0);
        }
        sys::unacked(&self.fd)
    }

    fn acked_bytes(&self) -> io::Result<u64> {
        if self.is_unix() {
            return Err(io::ErrorKind::Unsupported.into());
        }
        Ok(sys::Info::of(&self.fd)?.acked_bytes())
    }

    fn state(&self) -> Option<&'static str> {
        if self.is_unix() {
            return None;
        }
        sys::Info::of(&self.fd).ok()?.state()
    }

    fn sent_bytes(&self) -> io::Result<u64> {
        Ok(self.sent_bytes)
    }

    fn poll_hint(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.watched.poll(Wait::Fin, cx).map(|_| ())
    }

    fn watch(&mut self, vigil: Vigil) {
        if !self.watches(vigil) {
            let before = self.vigil();
            self.watches = true;
            self.vigil = (vigil != KEPT).then(|| Box::new(vigil));
            if self.is_unix() {
                return;
            }
            // It fails only on a connection that is gone, which says so by itself.
            let _gone = options::watch(self.socket(), before, vigil);
        }
    }

    fn watches(&self, vigil: Vigil) -> bool {
        self.vigil() == Some(vigil)
    }

    fn hold_for_finish(&mut self, hold: bool) {
        if hold == (self.hold.get() != Hold::Off) {
            return;
        }
        self.let_go();
        self.hold.set(if hold { Hold::Ready } else { Hold::Off });
    }

    fn close(mut self) {
        match self.at_close {
            // Both FINs have ended it: there is nothing left that the option could decide.
            AtClose::Acked if self.watched.told().has(Told::READ_CLOSED) => {}
            AtClose::Reset | AtClose::Sent | AtClose::Acked => self.ease(),
            AtClose::Finished | AtClose::Closed => {}
        }
        self.at_close = AtClose::Closed;
    }

    fn reset(self) {
        // Dropping it does exactly that.
    }

    fn local(&self) -> io::Result<std::net::SocketAddr> {
        let local = self.socket().local_addr()?.as_socket();
        local.ok_or_else(|| io::ErrorKind::Unsupported.into())
    }

    fn peer(&self) -> Address {
        self.peer.get()
    }
}
