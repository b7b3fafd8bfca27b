//! Who waits for a moment, and who waits for the next step.
//!
//! It owns the timers' order: by time, then by who asked first. A sleep that is dropped costs
//! nothing but its place in the heap, and time never stops at it.

use super::fabric::Fabric;
use std::{
    cell::RefCell,
    cmp::Reverse,
    collections::BinaryHeap,
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};
use tidegate_core::time::Time;

/// What a sleep and the heap have in common.
#[derive(Debug, Default)]
struct Slot {
    /// `None` once the sleep is over or dropped.
    waker: RefCell<Option<Waker>>,
}

/// The sleeps that wait.
#[derive(Debug, Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<(Time, u64)>>,
    slots: std::collections::VecDeque<Option<Rc<Slot>>>,
    first: u64,
}

impl Timers {
    fn add(&mut self, at: Time, slot: &Rc<Slot>) {
        let number = self.first + self.slots.len() as u64;
        self.slots.push_back(Some(Rc::clone(slot)));
        self.heap.push(Reverse((at, number)));
    }

    fn slot(&mut self, number: u64) -> Option<Rc<Slot>> {
        let index = usize::try_from(number - self.first).expect("a run has few timers");
        let slot = self.slots[index].take();
        while self.slots.front().is_some_and(Option::is_none) {
            self.slots.pop_front();
            self.first += 1;
        }
        slot
    }

    /// When the first of them is due.
    pub(super) fn next(&mut self) -> Option<Time> {
        while let Some(Reverse((at, number))) = self.heap.peek().copied() {
            let index = usize::try_from(number - self.first).expect("a run has few timers");
            let slot = self.slots[index].as_ref();
            if slot.is_some_and(|slot| slot.waker.borrow().is_some()) {
                return Some(at);
            }
            self.heap.pop();
            let _dropped = self.slot(number);
        }
        None
    }

    /// Ends the sleeps that are due at `now`.
    pub(super) fn fire(&mut self, now: Time) {
        while self.next().is_some_and(|at| at <= now) {
            let Some(Reverse((_, number))) = self.heap.pop() else {
                return;
            };
            let waker = self.slot(number).and_then(|slot| slot.waker.take());
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}

/// A sleep.
pub struct FastSleep {
    fabric: Rc<RefCell<Fabric>>,
    at: Time,
    slot: Option<Rc<Slot>>,
}

impl FastSleep {
    pub(super) fn new(fabric: Rc<RefCell<Fabric>>, at: Time) -> FastSleep {
        FastSleep {
            fabric,
            at,
            slot: None,
        }
    }
}

impl Future for FastSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let mut fabric = this.fabric.borrow_mut();
        if fabric.now() >= this.at {
            return Poll::Ready(());
        }
        let slot = this.slot.get_or_insert_with(|| {
            let slot = Rc::default();
            fabric.timers.add(this.at, &slot);
            slot
        });
        keep(&mut slot.waker.borrow_mut(), cx);
        Poll::Pending
    }
}

impl Drop for FastSleep {
    fn drop(&mut self) {
        if let Some(slot) = &self.slot {
            let _waker = slot.waker.take();
        }
    }
}

/// Who waits for the next step.
#[derive(Debug, Default)]
pub(super) struct Beats {
    count: u64,
    wakers: Vec<Waker>,
}

impl Beats {
    /// A step is over.
    pub(super) fn wake(&mut self) {
        self.count += 1;
        for waker in self.wakers.drain(..) {
            waker.wake();
        }
    }
}

/// Ready at the next step.
pub struct Beat {
    fabric: Rc<RefCell<Fabric>>,
    begun: u64,
}

impl Beat {
    pub(super) fn new(fabric: Rc<RefCell<Fabric>>) -> Beat {
        let begun = fabric.borrow().beats.count;
        Beat { fabric, begun }
    }
}

impl Future for Beat {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let beats = &mut self.fabric.borrow_mut().beats;
        if beats.count > self.begun {
            return Poll::Ready(());
        }
        beats.wakers.push(cx.waker().clone());
        Poll::Pending
    }
}

fn keep(slot: &mut Option<Waker>, cx: &mut Context<'_>) {
    match slot {
        Some(waker) => waker.clone_from(cx.waker()),
        None => *slot = Some(cx.waker().clone()),
    }
}
