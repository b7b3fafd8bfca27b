//! The alarms of a reactor, in order.
//!
//! It owns who is woken when. An alarm that has rung is out of it, and so is one that nobody waits for any
//! more.

use super::Reactor;
use std::{
    collections::BTreeMap,
    fmt,
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};
use tidegate_core::time::Time;

/// A moment, and which of those who wait for it.
type Key = (Time, u64);

#[derive(Debug, Default)]
pub(super) struct Alarms {
    waiting: BTreeMap<Key, Waker>,
    /// How many there have been.
    count: u64,
}

impl Alarms {
    /// The first moment that anybody waits for.
    pub(super) fn next(&self) -> Option<Time> {
        self.waiting.first_key_value().map(|((at, _), _)| *at)
    }

    /// One of those whose moment has come, who does not wait any more.
    pub(super) fn ring(&mut self, now: Time) -> Option<Waker> {
        self.next().filter(|at| *at <= now)?;
        self.waiting.pop_first().map(|(_, waker)| waker)
    }
}

/// A sleep until a moment of its reactor's time; it may be dropped at any time.
pub struct Alarm {
    reactor: Rc<Reactor>,
    at: Time,
    /// What it is known by, once it waits.
    count: Option<u64>,
}

impl Alarm {
    pub(in super::super) fn new(reactor: &Rc<Reactor>, at: Time) -> Alarm {
        Alarm {
            reactor: Rc::clone(reactor),
            at,
            count: None,
        }
    }

    /// Waits from now on, unless the moment is known to be past.
    fn begin(&mut self, waker: &Waker) -> Poll<()> {
        let Alarm { reactor, at, count } = self;
        if *at <= reactor.seen.get() {
            return Poll::Ready(());
        }
        let mut alarms = reactor.alarms.borrow_mut();
        alarms.count += 1;
        *count = Some(alarms.count);
        let key = (*at, alarms.count);
        alarms.waiting.insert(key, waker.clone());
        drop(alarms);
        reactor.waits_for(*at);
        Poll::Pending
    }
}

impl Future for Alarm {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(count) = self.count else {
            return self.begin(cx.waker());
        };
        let mut alarms = self.reactor.alarms.borrow_mut();
        let Some(waker) = alarms.waiting.get_mut(&(self.at, count)) else {
            return Poll::Ready(());
        };
        if !waker.will_wake(cx.waker()) {
            let before = std::mem::replace(waker, cx.waker().clone());
            drop(alarms);
            drop(before);
        }
        Poll::Pending
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if let Some(count) = self.count {
            let mut alarms = self.reactor.alarms.borrow_mut();
            let waker = alarms.waiting.remove(&(self.at, count));
            drop(alarms);
            drop(waker);
        }
    }
}

impl fmt::Debug for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Alarm").field(&self.at).finish()
    }
}
