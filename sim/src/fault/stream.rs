//! A stream whose calls go wrong by plan.
//!
//! It owns the counting: a call has its ordinal's fault from the first attempt until it comes to
//! something (bytes, the end, an error), and only then does the next ordinal begin. So a fault
//! never depends on how often a driver tries in vain. A stream that fails by plan is dead, as the
//! kernel's is: what had arrived stays readable, the peer gets an RST, every call the error. A FIN that
//! had arrived stays too, and hides the error from whoever does nothing but read (K11).

mod calls;
mod kept;

use self::kept::Kept;
use super::{
    Counts, Faulty, next,
    plan::{Call, Fault, Plan, Point, Site},
};
use crate::{errno::Errno, simulated::Simulated, socket::Pipe};
use std::{
    future::Future,
    io::{self, IoSlice},
    mem,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker, ready},
};
use tidegate::net::{Address, Network, Stream};
use tidegate_core::{side::Side, time::Span, vigil::Vigil};

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

/// A stream that has failed by plan.
struct Dead {
    errno: Errno,
    /// A call has told it: from then on an end is that error (4.11, 3).
    latched: bool,
    /// What had arrived.
    rest: Vec<u8>,
    told: usize,
    /// And behind it the peer's FIN.
    fin: bool,
    unacked: u32,
    peer: Address,
}

/// A stream's connection, until it fails by plan.
enum Inner<S> {
    Alive(S),
    Dead(Dead),
}

/// A stream of `N` with faults.
pub struct FaultyStream<N: Network> {
    inner: Inner<N::Stream>,
    net: Faulty<N>,
    side: Side,
    number: u32,
    read: Gate<N>,
    write: Gate<N>,
    finish: Gate<N>,
    held: Option<Held>,
    /// Its FIN has been said.
    ended: bool,
    kept: Kept,
    over: Over,
}

/// A stream's descriptor, counted while somebody holds it, and whether it was closed or reset; if not,
/// that is counted when it goes.
struct Over {
    counts: Rc<Counts>,
    said: bool,
}

impl Drop for Over {
    fn drop(&mut self) {
        self.counts.held.set(self.counts.held.get() - 1);
        if !self.said && !std::thread::panicking() {
            next(&self.counts.dropped);
        }
    }
}

impl<N: Network> FaultyStream<N> {
    pub(super) fn new(inner: N::Stream, net: Faulty<N>, side: Side, number: u32) -> Self {
        net.counts.held.set(net.counts.held.get() + 1);
        let over = Over {
            counts: Rc::clone(&net.counts),
            said: false,
        };
        FaultyStream {
            inner: Inner::Alive(inner),
            ended: false,
            kept: Kept::new(&net.counts),
            over,
            net,
            side,
            number,
            read: Gate::new(),
            write: Gate::new(),
            finish: Gate::new(),
            held: None,
        }
    }

    fn site(&self, call: Call) -> Site {
        Site::Stream {
            side: self.side,
            number: self.number,
            call,
        }
    }

    /// Kills the connection, and tells.
    fn fail<T>(&mut self, cx: &mut Context<'_>, errno: Errno) -> Poll<io::Result<T>> {
        self.kill(cx, errno);
        match &mut self.inner {
            Inner::Dead(dead) => Poll::Ready(Err(dead.tell().into())),
            Inner::Alive(_) => unreachable!("it has just been killed"),
        }
    }

    /// Kills the connection under a read, which is told what a read is told then: where the FIN has
    /// arrived, what is before it and the FIN (K11).
    fn fail_read(
        &mut self,
        cx: &mut Context<'_>,
        errno: Errno,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.kill(cx, errno);
        Poll::Ready(match &mut self.inner {
            Inner::Dead(dead) if dead.fin => dead.read(buf),
            Inner::Dead(dead) => Err(dead.tell().into()),
            Inner::Alive(_) => unreachable!("it has just been killed"),
        })
    }

    fn kill(&mut self, cx: &mut Context<'_>, errno: Errno) {
        next(&self.net.counts.failed);
        let Inner::Alive(stream) = &mut self.inner else {
            return;
        };
        let dead = Dead::of(stream, cx, errno);
        if let Inner::Alive(stream) = mem::replace(&mut self.inner, Inner::Dead(dead)) {
            stream.reset();
        }
    }

    /// The stream, while it lives; else what it failed with.
    fn alive(&mut self) -> Result<&mut N::Stream, Errno> {
        self.net.called();
        match &mut self.inner {
            Inner::Alive(stream) => Ok(stream),
            Inner::Dead(dead) => Err(dead.tell()),
        }
    }

    /// Reads for a late call: the bytes are out of the socket, and told when their time comes.
    fn read_ahead(&mut self, cx: &mut Context<'_>, len: usize, late_ms: u32) -> Poll<()> {
        let mut bytes = vec![0; len];
        let outcome = match self.alive() {
            Ok(stream) => ready!(stream.poll_read(cx, &mut bytes)),
            Err(errno) => Err(errno.into()),
        };
        let outcome = outcome.map(|n| {
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
        match &self.inner {
            Inner::Dead(dead) if n == 0 && dead.latched => Poll::Ready(Err(dead.errno.into())),
            Inner::Dead(_) | Inner::Alive(_) => Poll::Ready(held.outcome.map(|_| n)),
        }
    }
}

impl Dead {
    /// What is left of a stream that fails.
    fn of(stream: &mut impl Stream, cx: &mut Context<'_>, errno: Errno) -> Dead {
        let (mut rest, mut fin, mut buf) = (Vec::new(), false, [0; 4_096]);
        while let Poll::Ready(Ok(n)) = stream.poll_read(cx, &mut buf) {
            if n == 0 {
                fin = true;
                break;
            }
            rest.extend_from_slice(&buf[..n]);
        }
        Dead {
            errno,
            latched: false,
            rest,
            told: 0,
            fin,
            unacked: stream.unacked().unwrap_or(0),
            peer: stream.peer(),
        }
    }

    fn tell(&mut self) -> Errno {
        self.latched = true;
        self.errno
    }

    /// What the socket still has, then the FIN if that is there and nobody was told the error, then the
    /// error for ever.
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let rest = &self.rest[self.told..];
        if rest.is_empty() {
            return match self.fin && !self.latched {
                true => Ok(0),
                false => Err(self.tell().into()),
            };
        }
        let n = rest.len().min(buf.len());
        buf[..n].copy_from_slice(&rest[..n]);
        self.told += n;
        Ok(n)
    }
}
