//! Upstream connections without a session: the idle ones, and those on their way out.
//!
//! It owns their transports and waits for any of them to say something, which ends it (U01), or
//! for its time to be up. It never gives out a connection that it has not looked at once more.

use crate::{
    net::Network,
    port::{Port, Read},
};
use std::{
    cell::RefCell,
    fmt,
    future::Future,
    net::SocketAddr,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};
use tidegate_core::{
    leg::ReadEnd,
    limits::Timeouts,
    spare::{Effect, Event, Spare},
    time::Time,
};

/// Idle connections kept per worker; the oldest goes first.
const MOST_IDLE: usize = 256;

/// Reads of a connection on its way out before others get their turn.
const READS: usize = 16;

/// The pool of one worker.
pub struct Pool<N: Network>(Rc<Inner<N>>);

struct Inner<N: Network> {
    net: N,
    entries: RefCell<Vec<Entry<N>>>,
    waker: RefCell<Option<Waker>>,
}

struct Entry<N: Network> {
    address: SocketAddr,
    port: Option<Port<N::Stream>>,
    spare: Spare,
    finishing: bool,
    sleep: Option<(Time, Pin<Box<N::Sleep>>)>,
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
            .finish()
    }
}

impl<N: Network> Pool<N> {
    /// An empty pool.
    pub fn new(net: N) -> Self {
        let (entries, waker) = (RefCell::default(), RefCell::default());
        Pool(Rc::new(Inner {
            net,
            entries,
            waker,
        }))
    }

    /// How many connections it holds, idle or on their way out.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.entries.borrow().len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts a connection among the idle ones.
    pub fn park(&self, port: Port<N::Stream>, timeouts: Timeouts, now: Time) {
        let spare = Spare::parked(now, port.version().is_some(), timeouts);
        self.add(port, spare, Vec::new(), now);
        let idle = self
            .0
            .entries
            .borrow()
            .iter()
            .filter(|entry| entry.spare.is_idle())
            .count();
        if idle > MOST_IDLE {
            self.evict(1, now);
        }
    }

    /// Takes over a connection that a session has done with.
    pub fn retire(&self, port: Port<N::Stream>, read: ReadEnd, timeouts: Timeouts, now: Time) {
        let mut effects = Vec::new();
        let tls = port.version().is_some();
        let spare = Spare::retired(now, tls, read, timeouts, &mut effects);
        self.add(port, spare, effects, now);
    }

    /// An idle connection to `address`, the youngest first, that has nothing to say (U01).
    #[must_use]
    pub fn take(&self, address: SocketAddr, now: Time) -> Option<Port<N::Stream>> {
        let mut entries = self.0.entries.borrow_mut();
        let mut cx = Context::from_waker(Waker::noop());
        loop {
            let index = entries
                .iter()
                .rposition(|entry| entry.address == address && entry.spare.is_idle())?;
            // What the reactor has not told yet is news all the same.
            if let Some(port) = entries[index].port.as_mut() {
                port.look_afresh();
            }
            if entries[index].look(&mut cx, now) {
                // It had something to say: no longer idle, and the pool's to end.
                self.wake();
                continue;
            }
            return entries.remove(index).port.take();
        }
    }

    /// Begins to end the `most` oldest idle connections.
    pub fn evict(&self, most: usize, now: Time) {
        let mut entries = self.0.entries.borrow_mut();
        for entry in entries
            .iter_mut()
            .filter(|entry| entry.spare.is_idle())
            .take(most)
        {
            entry.step(Event::Evicted, now);
        }
        self.wake();
    }

    fn add(&self, port: Port<N::Stream>, spare: Spare, effects: Vec<Effect>, _: Time) {
        let address = port.peer();
        let mut entry = Entry {
            address,
            port: Some(port),
            spare,
            finishing: false,
            sleep: None,
        };
        entry.perform(effects);
        self.0.entries.borrow_mut().push(entry);
        self.wake();
    }

    fn wake(&self) {
        if let Some(waker) = self.0.waker.borrow_mut().take() {
            waker.wake();
        }
    }

    /// Runs the connections it holds; never ready. One task a worker.
    pub fn poll_run(&self, cx: &mut Context<'_>) -> Poll<()> {
        *self.0.waker.borrow_mut() = Some(cx.waker().clone());
        let now = self.0.net.now();
        let mut entries = self.0.entries.borrow_mut();
        for entry in entries.iter_mut() {
            entry.run(cx, &self.0.net, now);
        }
        entries.retain(|entry| !entry.spare.is_gone());
        Poll::Pending
    }
}

impl<N: Network> Entry<N> {
    fn step(&mut self, event: Event, now: Time) {
        let mut effects = Vec::new();
        self.spare.step(now, event, &mut effects);
        self.perform(effects);
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Finish => self.finishing = true,
                Effect::Reset => {
                    if let Some(port) = self.port.take() {
                        port.reset();
                    }
                }
                Effect::Close => {
                    if let Some(port) = self.port.take() {
                        port.close();
                    }
                }
            }
        }
    }

    /// Everything that can be done without waiting; bounded, so that a peer that floods a
    /// connection on its way out starves nobody.
    fn run(&mut self, cx: &mut Context<'_>, net: &N, now: Time) {
        for _ in 0..READS {
            if !self.turn(cx, net, now) {
                return;
            }
        }
        cx.waker().wake_by_ref();
    }

    fn turn(&mut self, cx: &mut Context<'_>, net: &N, now: Time) -> bool {
        if self.spare.is_gone() {
            return false;
        }
        let read = self.spare.reads() && self.look(cx, now);
        read | self.finish(cx, now) | self.acked(cx, now) | self.deadline(cx, net, now)
    }

    /// Reads once; tells whether there was anything.
    fn look(&mut self, cx: &mut Context<'_>, now: Time) -> bool {
        let Some(port) = self.port.as_mut() else {
            return false;
        };
        let mut scratch = [0; 4096];
        let event = match port.poll_read(cx, &mut scratch) {
            Poll::Pending => return false,
            Poll::Ready(Ok(Read::Bytes(_))) => Event::Received,
            Poll::Ready(Ok(Read::CloseNotify)) => Event::CloseNotify,
            Poll::Ready(Ok(Read::Fin)) => Event::Fin,
            Poll::Ready(Err(fault)) => Event::Failed(fault.cause),
        };
        self.step(event, now);
        true
    }

    fn finish(&mut self, cx: &mut Context<'_>, now: Time) -> bool {
        let Some(port) = self.port.as_mut().filter(|_| self.finishing) else {
            return false;
        };
        let Poll::Ready(finished) = port.poll_finish(cx) else {
            return false;
        };
        self.finishing = false;
        port.half_closed();
        self.step(
            finished.map_or_else(|fault| Event::Failed(fault.cause), |()| Event::Finished),
            now,
        );
        true
    }

    fn acked(&mut self, cx: &mut Context<'_>, now: Time) -> bool {
        if !self.spare.waits_for_ack() {
            return false;
        }
        let Some(port) = self.port.as_mut() else {
            return false;
        };
        let Poll::Ready(acked) = port.poll_acked(cx) else {
            return false;
        };
        self.step(
            acked.map_or_else(|fault| Event::Failed(fault.cause), |()| Event::Acked),
            now,
        );
        true
    }

    fn deadline(&mut self, cx: &mut Context<'_>, net: &N, now: Time) -> bool {
        let Some((at, _)) = self.spare.deadline() else {
            return false;
        };
        if self.sleep.as_ref().is_none_or(|(until, _)| *until != at) {
            self.sleep = Some((at, Box::pin(net.sleep_until(at))));
        }
        let Some((_, sleep)) = self.sleep.as_mut() else {
            return false;
        };
        if sleep.as_mut().poll(cx).is_pending() {
            return false;
        }
        self.sleep = None;
        self.step(Event::Fired, now.max(at));
        true
    }
}
