//! Upstream connections without a session: the idle ones, and those on their way out.
//!
//! It owns the order of the idle ones and the count of all. Each connection is a task of its own
//! (`leg`), so that a wake costs one of them, and a panic no other; while a session has it, the task
//! sleeps, so that coming back costs nothing. It waits for nothing, and never gives out a connection
//! that it has not looked at once more (U01).

mod berth;
mod idle;
mod leg;
#[cfg(test)]
pub(crate) mod tests;

pub use self::berth::Lease;
use self::{
    berth::{Berth, Count},
    idle::{Idle, Key},
    leg::Leg,
};
use crate::{
    drain::Drain,
    linger::Lingering,
    net::{Address, Network},
    observe::{Observer, Use},
    port::Port,
    tls::origin::Terms,
};
use std::{
    cell::RefCell,
    fmt,
    rc::Rc,
    task::{Context, Poll},
};
use tidegate_core::{
    leg::ReadEnd,
    limits::Waits,
    side::Side,
    spare::{Event, Spare, Stay},
    time::Time,
};

/// Idle connections kept per worker; the oldest goes first. Time ends them sooner in most cases. It is as
/// many as a worker may have needed at once: fewer, and each burst would dial the rest anew.
const MOST_IDLE: usize = 4_096;

/// The pool of one worker.
pub struct Pool<N: Network>(Rc<Inner<N>>);

struct Inner<N: Network> {
    net: N,
    lingering: Lingering,
    drain: Drain,
    observer: Observer,
    idle: RefCell<Idle<Rc<Berth<N>>>>,
    count: Rc<Count>,
}

impl<N: Network> Clone for Pool<N> {
    fn clone(&self) -> Self {
        Pool(Rc::clone(&self.0))
    }
}

impl<N: Network> fmt::Debug for Pool<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("connections", &self.len())
            .field("idle", &self.idle())
            .finish()
    }
}

impl<N: Network> Pool<N> {
    /// An empty pool; what it has told to finish counts among those who linger (4.11, 10). Its
    /// connections end at the deadline of `drain`, if not before (G9), and `observer` hears how.
    pub fn new(net: N, lingering: Lingering, drain: Drain, observer: Observer) -> Self {
        Pool(Rc::new(Inner {
            net,
            lingering,
            drain,
            observer,
            idle: RefCell::default(),
            count: Rc::default(),
        }))
    }

    /// How many connections it holds, idle or on their way out.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.count.held()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many of them a session may take.
    #[must_use]
    pub fn idle(&self) -> usize {
        self.0.idle.borrow().len()
    }

    /// Puts a connection among the idle ones, back into its berth if it has one. It runs as a local
    /// task of the calling thread.
    pub fn park(&self, mut port: Port<N::Stream>, lease: Lease<N>, stay: Stay, now: Time) {
        port.is_for(Use::Idle);
        let (address, tls) = (port.peer(), port.version().is_some());
        if lease.is_held() {
            let berth = lease.bring_back(port, &self.0.count, stay, now);
            berth.list(Some(Listing::new(self, address, &berth)));
            berth.look();
        } else {
            let berth = Berth::new(port, &self.0.count);
            berth.list(Some(Listing::new(self, address, &berth)));
            let spare = Spare::parked(now, tls, stay);
            self.start(berth, spare, now);
        }
        if self.idle() > MOST_IDLE {
            self.evict(1);
        }
    }

    /// Takes over a connection that a session has done with. It runs as a local task of the calling
    /// thread, until its peer has heard that and said its own last word (U12).
    pub fn retire(&self, mut port: Port<N::Stream>, read: ReadEnd, timeouts: Waits, now: Time) {
        port.is_for(Use::Over);
        let tls = port.version().is_some();
        let berth = Berth::new(port, &self.0.count);
        let mut effects = Vec::new();
        let spare = Spare::retired(now, tls, read, timeouts, &mut effects);
        berth.perform(&effects);
        if spare.is_gone() {
            self.0.observer.leg_over(Side::Up, spare.report());
        } else {
            self.start(berth, spare, now);
        }
    }

    fn start(&self, berth: Rc<Berth<N>>, spare: Spare, now: Time) {
        let (place, ear) = (self.0.lingering.place(), self.0.drain.ear());
        let net = self.0.net.clone();
        let observer = self.0.observer.clone();
        let leg = Leg::new(net, berth, spare, (place, ear), observer, now);
        // Nobody waits for it: the count tells when its connection is gone.
        tokio::task::spawn_local(leg.run());
    }

    /// An idle connection to `address` on the same `terms`, the youngest first, that has nothing
    /// to say (U01).
    #[must_use]
    pub fn take(
        &self,
        address: Address,
        terms: Option<&Terms>,
    ) -> Option<(Port<N::Stream>, Lease<N>)> {
        let suits = |berth: &Rc<Berth<N>>| berth.is_on(terms);
        loop {
            let berth = self.0.idle.borrow_mut().take_youngest(address, suits)?;
            berth.list(None);
            // If it had something to say, it is no longer idle, and its task's to end.
            if let Some((mut port, lease)) = berth.take_if_quiet() {
                port.is_for(Use::Active);
                return Some((port, lease));
            }
        }
    }

    /// Begins to end the `most` oldest idle connections.
    pub fn evict(&self, most: usize) {
        for _ in 0..most {
            let Some(berth) = self.0.idle.borrow_mut().take_oldest() else {
                return;
            };
            berth.tell(Event::Evicted);
        }
    }

    /// Ready when it holds no connection; the last caller is woken by the last one that goes.
    pub fn poll_empty(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.0.count.poll_none(cx)
    }
}

/// A connection's place among the idle ones, from its first moment there to its last: whatever
/// takes its owner away, nobody is sent to a connection that is not there.
struct Listing<N: Network> {
    pool: Pool<N>,
    key: Key,
}

impl<N: Network> Listing<N> {
    fn new(pool: &Pool<N>, address: Address, berth: &Rc<Berth<N>>) -> Self {
        let key = pool.0.idle.borrow_mut().insert(address, Rc::clone(berth));
        let pool = pool.clone();
        Listing { pool, key }
    }
}

impl<N: Network> Drop for Listing<N> {
    fn drop(&mut self) {
        // Nothing if it was taken or evicted.
        let berth = self.pool.0.idle.borrow_mut().remove(self.key);
        drop(berth);
    }
}
