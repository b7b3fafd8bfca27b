//! A stream whose calls go wrong by plan.
//!
//! It owns the counting: a call has its ordinal's fault from the first attempt until it comes to
//! something (bytes, the end, an error), and only then does the next ordinal begin. So a fault
//! never depends on how often a driver tries in vain. A failed stream stays failed, while its
//! connection lives on until its owner resets it.

use super::{
    Faulty, next,
    plan::{Call, Fault, Plan, Point, Site},
};
use crate::errno::Errno;
use std::{
    future::Future,
    io::{self, IoSlice},
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tidegate::net::{Network, Stream};
use tidegate_core::{side::Side, time::Span};

/// One site's next decision.
pub(super) struct Gate<N: Network> {
    ordinal: u32,
    /// Begun when a call of this ordinal is late.
    late: Option<Pin<Box<N::Sleep>>>,
    /// This ordinal has been late already.
    waited: bool,
}

impl<N: Network> Gate<N> {
    pub(super) fn new() -> Gate<N> {
        Gate {
            ordinal: 1,
            late: None,
            waited: false,
        }
    }

    /// What the plan has for this call.
    pub(super) fn fault(&self, plan: &Plan, site: Site) -> Option<Fault> {
        if plan.is_empty() {
            return None;
        }
        let ordinal = self.ordinal;
        plan.get(&Point { site, ordinal }).copied()
    }

    /// The call has come to something.
    pub(super) fn passed(&mut self) {
        self.ordinal += 1;
        self.waited = false;
    }

    /// Ready once this ordinal has been `ms` late.
    pub(super) fn poll_late(&mut self, cx: &mut Context<'_>, net: &N, ms: u32) -> Poll<()> {
        if self.waited {
            return Poll::Ready(());
        }
        let sleep = self.late.get_or_insert_with(|| {
            let until = net.now() + Span::from_ms(u64::from(ms));
            Box::pin(net.sleep_until(until))
        });
        ready!(sleep.as_mut().poll(cx));
        self.late = None;
        self.waited = true;
        Poll::Ready(())
    }
}

/// A read that has happened and is not yet told.
struct Held {
    outcome: io::Result<Vec<u8>>,
    told: usize,
    late_ms: u32,
}

/// A stream of `N` with faults.
pub struct FaultyStream<N: Network> {
    inner: N::Stream,
    net: Faulty<N>,
    side: Side,
    number: u32,
    read: Gate<N>,
    write: Gate<N>,
    finish: Gate<N>,
    held: Option<Held>,
    /// The errno a call has failed with by plan.
    failed: Option<Errno>,
}

impl<N: Network> FaultyStream<N> {
    pub(super) fn new(inner: N::Stream, net: Faulty<N>, side: Side, number: u32) -> Self {
        FaultyStream {
            inner,
            net,
            side,
            number,
            read: Gate::new(),
            write: Gate::new(),
            finish: Gate::new(),
            held: None,
            failed: None,
        }
    }

    fn site(&self, call: Call) -> Site {
        Site::Stream {
            side: self.side,
            number: self.number,
            call,
        }
    }

    fn fail<T>(&mut self, errno: Errno) -> Poll<io::Result<T>> {
        self.failed = Some(errno);
        next(&self.net.counts.failed);
        Poll::Ready(Err(errno.into()))
    }

    /// Reads for a late call: the bytes are out of the socket, and told when their time comes.
    fn read_ahead(&mut self, cx: &mut Context<'_>, len: usize, late_ms: u32) -> Poll<()> {
        let mut bytes = vec![0; len];
        let outcome = ready!(self.inner.poll_read(cx, &mut bytes)).map(|n| {
            bytes.truncate(n);
            bytes
        });
        self.held = Some(Held {
            outcome,
            told: 0,
            late_ms,
        });
        Poll::Ready(())
    }

    /// Tells what was read ahead.
    fn poll_held(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut held = self.held.take().expect("asked only while there is one");
        if self
            .read
            .poll_late(cx, &self.net.inner, held.late_ms)
            .is_pending()
        {
            self.held = Some(held);
            return Poll::Pending;
        }
        let rest = match &held.outcome {
            Ok(bytes) => &bytes[held.told..],
            Err(_) => &[],
        };
        let n = rest.len().min(buf.len());
        buf[..n].copy_from_slice(&rest[..n]);
        held.told += n;
        if n < rest.len() {
            self.held = Some(held);
            return Poll::Ready(Ok(n));
        }
        self.read.passed();
        Poll::Ready(held.outcome.map(|_| n))
    }

    /// After a planned failure: what the socket still has, then the error for ever.
    fn read_failed(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
        errno: Errno,
    ) -> Poll<io::Result<usize>> {
        match self.inner.poll_read(cx, buf) {
            Poll::Ready(Ok(n)) if n > 0 => Poll::Ready(Ok(n)),
            Poll::Ready(Ok(_) | Err(_)) | Poll::Pending => Poll::Ready(Err(errno.into())),
        }
    }
}

impl<N: Network> Stream for FaultyStream<N>
where
    N: Unpin,
{
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.net.called();
        if self.held.is_some() {
            return self.poll_held(cx, buf);
        }
        if let Some(errno) = self.failed {
            return self.read_failed(cx, buf, errno);
        }
        let most = match self.read.fault(&self.net.plan, self.site(Call::Read)) {
            None => buf.len(),
            Some(Fault::Cut(n)) => buf.len().min(n.max(1) as usize),
            Some(Fault::Pend(ms)) => {
                ready!(self.read_ahead(cx, buf.len(), ms));
                return self.poll_held(cx, buf);
            }
            Some(Fault::Fail(errno)) => return self.fail(errno),
        };
        let outcome = ready!(self.inner.poll_read(cx, &mut buf[..most]));
        self.read.passed();
        Poll::Ready(outcome)
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.net.called();
        if let Some(errno) = self.failed {
            return Poll::Ready(Err(errno.into()));
        }
        let outcome = match self.write.fault(&self.net.plan, self.site(Call::Write)) {
            None => ready!(self.inner.poll_write(cx, bufs)),
            Some(Fault::Cut(n)) => {
                let first = bufs.iter().find(|buf| !buf.is_empty());
                let first = first.expect("a write has something to write");
                let most = first.len().min(n.max(1) as usize);
                ready!(self.inner.poll_write(cx, &[IoSlice::new(&first[..most])]))
            }
            Some(Fault::Pend(ms)) => {
                ready!(self.write.poll_late(cx, &self.net.inner, ms));
                ready!(self.inner.poll_write(cx, bufs))
            }
            Some(Fault::Fail(errno)) => return self.fail(errno),
        };
        self.write.passed();
        Poll::Ready(outcome)
    }

    fn poll_finish(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.net.called();
        if let Some(errno) = self.failed {
            return Poll::Ready(Err(errno.into()));
        }
        match self.finish.fault(&self.net.plan, self.site(Call::Finish)) {
            None | Some(Fault::Cut(_)) => {}
            Some(Fault::Pend(ms)) => ready!(self.finish.poll_late(cx, &self.net.inner, ms)),
            Some(Fault::Fail(errno)) => return self.fail(errno),
        }
        let outcome = ready!(self.inner.poll_finish(cx));
        self.finish.passed();
        Poll::Ready(outcome)
    }

    fn poll_fault(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        self.net.called();
        match self.failed {
            Some(errno) => Poll::Ready(errno.into()),
            None => self.inner.poll_fault(cx),
        }
    }

    fn poll_acked(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.net.called();
        match self.failed {
            Some(errno) => Poll::Ready(Err(errno.into())),
            None => self.inner.poll_acked(cx),
        }
    }

    fn unacked(&self) -> io::Result<u32> {
        self.inner.unacked()
    }

    fn half_closed(&mut self) {
        self.inner.half_closed();
    }

    fn close(self) {
        let unread = |held: &Held| held.outcome.as_ref().is_ok_and(|b| b.len() > held.told);
        if self.held.as_ref().is_some_and(unread) {
            return self.inner.reset(); // K1, for bytes that only seem to be in the socket
        }
        self.inner.close();
    }

    fn reset(self) {
        self.inner.reset();
    }

    fn peer(&self) -> SocketAddr {
        self.inner.peer()
    }
}
