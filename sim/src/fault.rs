//! The fault layer: any network, with calls that are cut, late or failing by plan.
//!
//! It owns what an honest network may do to a caller and simulated sockets by themselves do not:
//! short reads and writes, readiness that comes late, errors out of the blue, and a clock whose
//! timers never fire. It never reorders or invents bytes, and draws no chance: a run is its plan.

mod plan;
mod stream;
#[cfg(test)]
mod tests;

use self::stream::Gate;
pub use self::{
    plan::{Call, Fault, Plan, Point, Site},
    stream::FaultyStream,
};
use crate::{simulated::Simulated, socket::Pipe};
use std::{
    cell::Cell,
    fmt,
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};
use tidegate::net::{Address, Buffers, Listener, Network};
use tidegate_core::{
    side::Side,
    time::{Span, Time},
};

/// Whether the program's timers run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Timers {
    /// As they should.
    #[default]
    Running,
    /// Never: what ends then, ends without one.
    Frozen,
    /// Each a moment before its time, as on a coarse clock.
    Early,
    /// Each a while after its time, as in a process that others keep waiting.
    Late,
}

/// How early an early timer is: a tick of a coarse clock.
const EARLY_MS: u64 = 1;

/// How late a late timer is: longer than a way there and back.
const LATE_MS: u64 = 20;

impl Timers {
    /// All of them.
    pub const ALL: [Timers; 4] = [Timers::Running, Timers::Frozen, Timers::Early, Timers::Late];

    /// When a sleep until `at` is over, if ever.
    fn end(self, at: Time) -> Option<Time> {
        match self {
            Timers::Running => Some(at),
            Timers::Frozen => None,
            Timers::Early => Some(Time::from_ms(0) + at.since(Time::from_ms(EARLY_MS))),
            Timers::Late => Some(at + Span::from_ms(LATE_MS)),
        }
    }
}

impl fmt::Display for Timers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Timers::Running => "running",
            Timers::Frozen => "frozen",
            Timers::Early => "early",
            Timers::Late => "late",
        })
    }
}

/// What a faulty network has counted.
#[derive(Debug, Default)]
struct Counts {
    dials: Cell<u32>,
    accepted: Cell<u32>,
    pipes: Cell<u32>,
    fired: Cell<u64>,
    failed: Cell<u32>,
    hasty: Cell<u32>,
    /// Ends that were said a second time.
    twice: Cell<u32>,
    /// Streams that nobody closed or reset before they were let go of.
    dropped: Cell<u32>,
    held: Cell<usize>,
    /// Streams that keep something back for more to come.
    kept: Cell<usize>,
    /// Steps of the world that ended while one did.
    forgotten: Cell<u32>,
    /// Calls on streams since the world's last step.
    calls: Cell<u32>,
}

/// So many calls without a pause are no work but a loop that does not end.
const SPINNING: u32 = 1_000_000;

/// `N` with faults. Clones share their counts.
#[derive(Clone, Debug)]
pub struct Faulty<N> {
    inner: N,
    plan: Rc<Plan>,
    timers: Timers,
    counts: Rc<Counts>,
}

impl<N> Faulty<N> {
    /// `inner`, going wrong by `plan`.
    #[must_use]
    pub fn new(inner: N, plan: Rc<Plan>, timers: Timers) -> Faulty<N> {
        Faulty {
            inner,
            plan,
            timers,
            counts: Rc::default(),
        }
    }

    /// How many dials and streams have failed by plan. A failed accept fails no connection.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.counts.failed.get()
    }

    /// How many streams were closed before all they had sent was acknowledged (4.11, 6).
    #[must_use]
    pub fn hasty_closes(&self) -> u32 {
        self.counts.hasty.get()
    }

    /// How many ends were said to a connection that had been told one before (I8).
    #[must_use]
    pub fn second_ends(&self) -> u32 {
        self.counts.twice.get()
    }

    /// How many streams were let go of without a close or a reset (I18).
    #[must_use]
    pub fn dropped(&self) -> u32 {
        self.counts.dropped.get()
    }

    /// How many steps have left something kept back for more to come, which did not (4.11, 9).
    #[must_use]
    pub fn forgotten(&self) -> u32 {
        self.counts.forgotten.get()
    }

    /// How many streams the program holds: descriptors that it has not closed.
    #[must_use]
    pub fn held(&self) -> usize {
        self.counts.held.get()
    }

    /// A step of the world is over: whoever still calls has waited in between.
    pub fn stepped(&self) {
        self.counts.calls.set(0);
        if self.counts.kept.get() > 0 {
            next(&self.counts.forgotten);
        }
    }

    /// Counts a call on a stream, and ends a program that spins.
    fn called(&self) {
        let calls = next(&self.counts.calls);
        assert!(
            calls < SPINNING,
            "the program calls for ever and never waits"
        );
    }

    /// A sleep of the world's, which no plan touches.
    pub fn untouched_sleep(&self, at: Time) -> N::Sleep
    where
        N: Network,
    {
        self.inner.sleep_until(at)
    }

    /// How many sleeps have come to their end.
    #[must_use]
    pub fn timers_fired(&self) -> u64 {
        self.counts.fired.get()
    }
}

fn next(count: &Cell<u32>) -> u32 {
    count.set(count.get() + 1);
    count.get()
}

impl<N: Simulated> Network for Faulty<N> {
    type Stream = FaultyStream<N>;
    type Listener = FaultyListener<N>;
    type Connect = Pin<Box<dyn Future<Output = io::Result<FaultyStream<N>>>>>;
    type Sleep = FaultySleep<N>;

    fn listen(&self, address: SocketAddr, buffers: Buffers) -> io::Result<FaultyListener<N>> {
        Ok(FaultyListener {
            inner: self.inner.listen(address, buffers)?,
            net: self.clone(),
            gate: Gate::new(),
        })
    }

    fn connect(&self, address: impl Into<Address>, buffers: Buffers) -> Self::Connect {
        let address = address.into();
        let number = next(&self.counts.dials);
        let site = Site::Dial;
        let ordinal = number;
        let fault = self.plan.get(&Point { site, ordinal }).copied();
        let net = self.clone();
        Box::pin(async move {
            match fault {
                None | Some(Fault::Cut(_)) => {}
                Some(Fault::Pend(ms)) => {
                    let until = net.inner.now() + Span::from_ms(u64::from(ms));
                    net.inner.sleep_until(until).await;
                }
                Some(Fault::Fail(errno)) => {
                    next(&net.counts.failed);
                    return Err(errno.into());
                }
            }
            let inner = net.inner.connect(address, buffers).await?;
            Ok(FaultyStream::new(inner, net, Side::Up, number))
        })
    }

    fn pipe(&self, bytes: u32) -> Option<Pipe> {
        let (site, ordinal) = (Site::Pipe, next(&self.counts.pipes));
        match self.plan.get(&Point { site, ordinal }) {
            Some(Fault::Fail(_)) => None,
            Some(Fault::Cut(_) | Fault::Pend(_)) | None => self.inner.pipe(bytes),
        }
    }

    fn put_back(&self, pipe: Pipe) {
        self.inner.put_back(pipe);
    }

    fn now(&self) -> Time {
        self.inner.now()
    }

    fn sleep_until(&self, at: Time) -> FaultySleep<N> {
        let end = self.timers.end(at);
        FaultySleep {
            inner: end.map(|end| Box::pin(self.inner.sleep_until(end))),
            counts: Rc::clone(&self.counts),
        }
    }
}

impl<N: Simulated> Simulated for Faulty<N> {
    type Beat = N::Beat;

    fn open_sockets(&self) -> usize {
        self.inner.open_sockets()
    }

    fn beat(&self) -> N::Beat {
        self.inner.beat()
    }
}

/// A listener of `N` with faults: the k-th accept of this listener.
pub struct FaultyListener<N: Network> {
    inner: N::Listener,
    net: Faulty<N>,
    gate: Gate<N>,
}

impl<N: Simulated> Listener for FaultyListener<N> {
    type Stream = FaultyStream<N>;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<FaultyStream<N>>> {
        match self.gate.fault(&self.net.plan, Site::Accept) {
            None | Some(Fault::Cut(_)) => {}
            Some(Fault::Pend(ms)) => ready!(self.gate.poll_late(cx, &self.net.inner, ms)),
            // R25 asks the program to wait before it accepts again: frozen, that is for ever.
            Some(Fault::Fail(_)) if self.net.timers == Timers::Frozen => {}
            Some(Fault::Fail(errno)) => {
                self.gate.passed();
                return Poll::Ready(Err(errno.into()));
            }
        }
        let accepted = ready!(self.inner.poll_accept(cx));
        self.gate.passed();
        Poll::Ready(accepted.map(|inner| {
            let number = next(&self.net.counts.accepted);
            FaultyStream::new(inner, self.net.clone(), Side::Down, number)
        }))
    }

    fn local(&self) -> SocketAddr {
        self.inner.local()
    }
}

/// A sleep that may be frozen.
pub struct FaultySleep<N: Network> {
    inner: Option<Pin<Box<N::Sleep>>>,
    counts: Rc<Counts>,
}

impl<N: Network> Future for FaultySleep<N> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(inner) = self.inner.as_mut() else {
            return Poll::Pending;
        };
        ready!(inner.as_mut().poll(cx));
        self.counts.fired.set(self.counts.fired.get() + 1);
        Poll::Ready(())
    }
}
