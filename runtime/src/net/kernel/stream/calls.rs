//! The calls on one connection: each tries the socket, and waits for readiness that it clears itself.
//!
//! It owns nothing. It never shuts the read side (R27), and tells no error but the first.

use super::{AtClose, Hold, KernelStream, MOST_SLICES, SAMPLE_MOST, Sampler, Watched};
use crate::{
    net::{
        Address, Stream,
        kernel::{KernelPipe, news, options},
    },
    sys,
};
use rustix::{
    io::Errno,
    net::{Shutdown, shutdown},
    pipe::{SpliceFlags, splice},
};
use socket2::Socket;
use std::{
    cell::Cell,
    io::{self, IoSlice, Read as _},
    rc::Rc,
    task::{Context, Poll, ready},
    time::Duration,
};
use tidegate_core::vigil::Vigil;
use tokio::{
    io::{
        Interest, Ready,
        unix::{AsyncFd, AsyncFdReadyGuard},
    },
    time::sleep,
};

/// Ready when there may be something to be read. The reactor is told only once whom to wake: it forgets
/// that when it wakes, and then there is readiness, which stays until it is cleared here.
fn poll_readable<'a>(
    fd: &'a AsyncFd<Socket>,
    listens: &Cell<usize>,
    cx: &mut Context<'_>,
) -> Poll<io::Result<AsyncFdReadyGuard<'a, Socket>>> {
    let who = cx.waker().data().addr();
    if who != 0 && listens.get() == who && fd.try_io(Interest::READABLE, |_| Ok(())).is_err() {
        return Poll::Pending;
    }
    let polled = fd.poll_read_ready(cx);
    listens.set(if polled.is_pending() { who } else { 0 });
    polled
}

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
            let mut guard = match self.eager_write {
                true => None,
                false => Some(ready!(self.fd.poll_write_ready(cx))?),
            };
            let sent = send(self);
            match sent {
                Ok(n) if n == all => {}
                Ok(_) | Err(Errno::AGAIN) => {
                    if let Some(guard) = guard.as_mut() {
                        guard.clear_ready_matching(Ready::WRITABLE);
                    }
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
            let mut guard = match self.eager_read {
                true => None,
                false => Some(ready!(poll_readable(&self.fd, &self.listens, cx))?),
            };
            let read = self.fd.get_ref().read(buf);
            match read {
                // K9, 4.11 rule 3: behind an error this is no FIN.
                Ok(0) => return Poll::Ready(self.latched.map_or(Ok(0), |first| Err(first.into()))),
                Ok(n) => {
                    if n < buf.len() {
                        // The queue is empty: that saves the read which would say so. A FIN
                        // behind it is not forgotten, for closed readiness is never cleared.
                        if let Some(guard) = guard.as_mut().filter(|_| !self.urgent()) {
                            guard.clear_ready_matching(Ready::READABLE);
                        }
                        self.eager_read = false;
                    }
                    return Poll::Ready(Ok(n));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if let Some(mut guard) = guard {
                        guard.clear_ready_matching(Ready::READABLE);
                    }
                    self.eager_read = false;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(self.latch(error))),
            }
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
            let guard = match self.eager_read {
                true => None,
                false => Some(ready!(poll_readable(&self.fd, &self.listens, cx))?),
            };
            match splice(
                &*self.fd,
                None,
                &pipe.write,
                None,
                most,
                SpliceFlags::NONBLOCK,
            ) {
                Ok(0) => return Poll::Ready(self.latched.map_or(Ok(0), |first| Err(first.into()))),
                // Fewer than were asked for may be all that a pipe has slots for: what is left is
                // asked about again.
                Ok(n) => return Poll::Ready(Ok(n)),
                // The pipe is empty, so it is the socket that has no more.
                Err(Errno::AGAIN) => {
                    if let Some(mut guard) = guard {
                        guard.clear_ready_matching(Ready::READABLE);
                    }
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
        match shutdown(&*self.fd, Shutdown::Write) {
            // The connection is gone, and whatever took it away tells that itself.
            Err(Errno::NOTCONN) => Poll::Ready(Ok(())),
            Err(errno) => Poll::Ready(Err(self.latch(errno.into()))),
            Ok(()) => {
                // From here on the queue ends as it should, even if the process does not.
                let eased = options::close_by_fin(self.socket());
                self.at_close = AtClose::Finished;
                self.hold.set(Hold::Off);
                Poll::Ready(eased.map_err(|error| self.latch(error)))
            }
        }
    }

    fn poll_fault(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        if let Some(first) = self.latched {
            return Poll::Ready(first.into());
        }
        let fd = Rc::clone(&self.fd);
        let fault = &mut self.rare().fault;
        let waits = fault.get_or_insert_with(|| Box::pin(news::failed(fd)));
        let error = ready!(waits.as_mut().poll(cx));
        *fault = None;
        Poll::Ready(self.latch(error))
    }

    fn poll_acked(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut next = Duration::from_millis(1);
        loop {
            if let Some(sampler) = self.rare.as_mut().and_then(|rare| rare.sampler.as_mut()) {
                ready!(sampler.sleep.as_mut().poll(cx));
                next = (sampler.wait * 2).min(SAMPLE_MOST);
            }
            let left = self.unacked()?;
            // The queue of a connection that failed keeps its count for ever.
            let failed = if left > 0 { self.failure() } else { None };
            if left == 0 || failed.is_some() {
                if let Some(rare) = &mut self.rare {
                    rare.sampler = None;
                }
                return Poll::Ready(failed.map_or(Ok(()), Err));
            }
            self.rare().sampler = Some(Sampler {
                sleep: Box::pin(sleep(next)),
                wait: next,
            });
        }
    }

    fn unacked(&self) -> io::Result<u32> {
        if self.is_unix() {
            return Ok(0);
        }
        sys::unacked(&*self.fd)
    }

    fn acked_bytes(&self) -> io::Result<u64> {
        if self.is_unix() {
            return Err(io::ErrorKind::Unsupported.into());
        }
        Ok(sys::Info::of(&*self.fd)?.acked_bytes())
    }

    fn state(&self) -> Option<&'static str> {
        if self.is_unix() {
            return None;
        }
        sys::Info::of(&*self.fd).ok()?.state()
    }

    fn sent_bytes(&self) -> io::Result<u64> {
        Ok(self.sent_bytes)
    }

    fn poll_hint(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let fd = Rc::clone(&self.fd);
        let hint = &mut self.rare().hint;
        let waits = hint.get_or_insert_with(|| Box::pin(news::hung_up(fd)));
        ready!(waits.as_mut().poll(cx));
        *hint = None;
        Poll::Ready(())
    }

    fn watch(&mut self, vigil: Vigil) {
        if !self.watches(vigil) {
            let before = self.vigil.vigil();
            self.vigil = Watched::Told(Box::new(vigil));
            if self.is_unix() {
                return;
            }
            // It fails only on a connection that is gone, which says so by itself.
            let _gone = options::watch(self.socket(), before, vigil);
        }
    }

    fn watches(&self, vigil: Vigil) -> bool {
        self.vigil.vigil() == Some(vigil)
    }

    fn hold_for_finish(&mut self, hold: bool) {
        if hold == (self.hold.get() != Hold::Off) {
            return;
        }
        self.let_go();
        self.hold.set(if hold { Hold::Ready } else { Hold::Off });
    }

    fn close(mut self) {
        if self.at_close == AtClose::Reset {
            let eased = options::close_by_fin(self.socket());
            debug_assert!(eased.is_ok(), "the option takes no resources");
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
        self.peer
    }
}
