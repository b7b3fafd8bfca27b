//! What the two peers tell each other outside of the proxy, on simulated networks.
//!
//! It owns a few bits and whoever waits for them.

use std::{
    cell::{Cell, RefCell},
    task::{Context, Poll, Waker},
};
use tidegate::probe::step::{Flag, Who};

/// What was told.
#[derive(Debug, Default)]
pub(super) struct Flags {
    /// By peer.
    told: [Cell<u64>; 2],
    over: [Cell<bool>; 2],
    waiting: RefCell<Vec<Waker>>,
}

impl Flags {
    pub(super) fn tell(&self, who: Who, flag: Flag) {
        let told = &self.told[who as usize];
        told.set(told.get() | 1 << (flag % 64));
        self.changed();
    }

    /// `who` has done all it had to.
    pub(super) fn end(&self, who: Who) {
        self.over[who as usize].set(true);
        self.changed();
    }

    pub(super) fn is_over(&self, who: Who) -> bool {
        self.over[who as usize].get()
    }

    /// Ready when `who` has told `flag`, or has nothing more to tell.
    pub(super) fn poll_told(&self, who: Who, flag: Flag, cx: &Context<'_>) -> Poll<()> {
        let told = self.told[who as usize].get() & 1 << (flag % 64) != 0;
        self.ready(told || self.is_over(who), cx)
    }

    pub(super) fn poll_over(&self, who: Who, cx: &Context<'_>) -> Poll<()> {
        self.ready(self.is_over(who), cx)
    }

    fn ready(&self, is: bool, cx: &Context<'_>) -> Poll<()> {
        if is {
            return Poll::Ready(());
        }
        self.waiting.borrow_mut().push(cx.waker().clone());
        Poll::Pending
    }

    fn changed(&self) {
        for waker in self.waiting.take() {
            waker.wake();
        }
    }
}
