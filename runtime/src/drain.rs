//! The drain of one worker: said once, heard by every session (LIFECYCLE 4.9).

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
    task::{Context, Poll, Waker},
};

/// Whether a worker drains, and who waits to hear of it.
#[derive(Clone, Debug, Default)]
pub struct Drain(Rc<State>);

#[derive(Debug, Default)]
struct State {
    begun: Cell<bool>,
    next: Cell<u64>,
    sessions: Cell<usize>,
    last: RefCell<Option<Waker>>,
    wakers: RefCell<BTreeMap<u64, Option<Waker>>>,
}

/// Somebody's ear. While a session's lives, the session counts as alive.
#[derive(Debug)]
pub struct Ticket {
    drain: Drain,
    id: u64,
    heard: bool,
    counts: bool,
}

impl Drain {
    /// Begins to drain; every session hears of it once.
    pub fn begin(&self) {
        self.0.begun.set(true);
        let mut wakers = self.0.wakers.borrow_mut();
        for waker in wakers.values_mut().filter_map(Option::take) {
            waker.wake();
        }
    }

    /// Whether it has begun.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.0.begun.get()
    }

    /// How many sessions are alive.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.0.sessions.get()
    }

    /// A new session's ear.
    #[must_use]
    pub fn ticket(&self) -> Ticket {
        self.0.sessions.set(self.0.sessions.get() + 1);
        self.listen(true)
    }

    /// The ear of something that is no session.
    #[must_use]
    pub fn ear(&self) -> Ticket {
        self.listen(false)
    }

    fn listen(&self, counts: bool) -> Ticket {
        let id = self.0.next.get();
        self.0.next.set(id + 1);
        self.0.wakers.borrow_mut().insert(id, None);
        Ticket {
            drain: self.clone(),
            id,
            heard: false,
            counts,
        }
    }

    /// Ready when the last session is over.
    pub fn poll_over(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.sessions() == 0 {
            return Poll::Ready(());
        }
        *self.0.last.borrow_mut() = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Ticket {
    /// True once, when the drain has begun; until then the caller is woken by it.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        if self.heard {
            return false;
        }
        if self.drain.has_begun() {
            self.heard = true;
            return true;
        }
        let mut wakers = self.drain.0.wakers.borrow_mut();
        if let Some(slot) = wakers.get_mut(&self.id)
            && !slot
                .as_ref()
                .is_some_and(|waker| waker.will_wake(cx.waker()))
        {
            *slot = Some(cx.waker().clone());
        }
        false
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let state = &self.drain.0;
        state.wakers.borrow_mut().remove(&self.id);
        if self.counts {
            state.sessions.set(state.sessions.get() - 1);
        }
        if state.sessions.get() == 0
            && let Some(waker) = state.last.borrow_mut().take()
        {
            waker.wake();
        }
    }
}
