//! The alarms of a reactor, in order.
//!
//! It owns who is woken when. An alarm that has rung is out of it, and so is one that nobody waits for any
//! more. Whoever asks again whether its alarm has rung looks at its own place, and disturbs no order.

use super::Reactor;
use std::{
    collections::BTreeMap,
    fmt,
    future::Future,
    num::NonZeroU64,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};
use tidegate_core::time::Time;

/// A moment, and which of those who wait for it.
type Key = (Time, NonZeroU64);

#[derive(Debug, Default)]
pub(super) struct Alarms {
    order: BTreeMap<Key, usize>,
    places: Vec<Place>,
    free: Vec<usize>,
    /// How many there have been.
    count: u64,
}

/// Whoever waits, or nobody.
#[derive(Debug, Default)]
struct Place {
    /// Which alarm it is of, as they are counted; none if nobody waits.
    count: Option<NonZeroU64>,
    waker: Option<Waker>,
}

impl Alarms {
    /// The first moment that anybody waits for.
    pub(super) fn next(&self) -> Option<Time> {
        self.order.first_key_value().map(|((at, _), _)| *at)
    }

    /// One of those whose moment has come, who does not wait any more.
    pub(super) fn ring(&mut self, now: Time) -> Option<Waker> {
        self.next().filter(|at| *at <= now)?;
        let (_, place) = self.order.pop_first()?;
        self.leave(place)
    }

    /// Has somebody wait for `at`.
    fn enter(&mut self, at: Time, waker: Waker) -> Kept {
        self.count = self.count.saturating_add(1);
        let count = NonZeroU64::MIN.saturating_add(self.count);
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place::default());
            self.places.len() - 1
        });
        self.places[place] = Place {
            count: Some(count),
            waker: Some(waker),
        };
        self.order.insert((at, count), place);
        Kept { place, count }
    }

    fn leave(&mut self, place: usize) -> Option<Waker> {
        self.free.push(place);
        std::mem::take(&mut self.places[place]).waker
    }
}

/// Where an alarm waits.
#[derive(Clone, Copy, Debug)]
struct Kept {
    place: usize,
    count: NonZeroU64,
}

/// A sleep until a moment of its reactor's time; it may be dropped at any time.
pub struct Alarm {
    reactor: Rc<Reactor>,
    at: Time,
    kept: Option<Kept>,
}

impl Alarm {
    pub(in super::super) fn new(reactor: &Rc<Reactor>, at: Time) -> Alarm {
        Alarm {
            reactor: Rc::clone(reactor),
            at,
            kept: None,
        }
    }

    /// Waits from now on, unless the moment is known to be past.
    fn begin(&mut self, waker: &Waker) -> Poll<()> {
        let Alarm { reactor, at, kept } = self;
        if *at <= reactor.seen.get() {
            return Poll::Ready(());
        }
        *kept = Some(reactor.alarms.borrow_mut().enter(*at, waker.clone()));
        reactor.waits_for(*at);
        Poll::Pending
    }
}

impl Future for Alarm {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(Kept { place, count }) = self.kept else {
            return self.begin(cx.waker());
        };
        let mut alarms = self.reactor.alarms.borrow_mut();
        let place = &mut alarms.places[place];
        if place.count != Some(count) {
            return Poll::Ready(());
        }
        let known = |waker: &Waker| waker.will_wake(cx.waker());
        if !place.waker.as_ref().is_some_and(known) {
            let before = place.waker.replace(cx.waker().clone());
            drop(alarms);
            drop(before);
        }
        Poll::Pending
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if let Some(Kept { place, count }) = self.kept {
            let mut alarms = self.reactor.alarms.borrow_mut();
            if alarms.order.remove(&(self.at, count)).is_some() {
                let waker = alarms.leave(place);
                drop(alarms);
                drop(waker);
            }
        }
    }
}

impl fmt::Debug for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Alarm").field(&self.at).finish()
    }
}
