//! The drain of one worker and its deadline: each said once, heard by every session and by every
//! upstream connection without one (LIFECYCLE 4.9).

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    task::{Context, Poll, Waker},
};

/// Whether a worker drains, and who waits to hear of it.
#[derive(Clone, Debug, Default)]
pub struct Drain(Rc<State>);

/// What is said to a worker's sessions, one after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    /// Nothing.
    #[default]
    Serve,
    /// Finish what is in flight.
    Drain,
    /// Be over now (T_drain).
    Expired,
}

#[derive(Debug, Default)]
struct State {
    word: Cell<Word>,
    handed: Cell<bool>,
    /// Connections that were reset because the drain had lasted long enough.
    cut: Cell<u64>,
    sessions: Cell<usize>,
    last: RefCell<Option<Waker>>,
    ears: RefCell<Ears>,
}

/// Everybody's waker. Who comes and goes costs no memory once as many have been here.
#[derive(Debug, Default)]
struct Ears {
    wakers: Vec<Option<Waker>>,
    free: Vec<u32>,
}

impl Ears {
    fn lend(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            let next = u32::try_from(self.wakers.len());
            self.wakers.push(None);
            next.expect("bug: more ears than a process has descriptors")
        })
    }

    fn at(&mut self, ear: u32) -> &mut Option<Waker> {
        &mut self.wakers[ear as usize]
    }

    fn give_back(&mut self, ear: u32) {
        *self.at(ear) = None;
        self.free.push(ear);
    }
}

/// Somebody's ear. While a session's lives, the session counts as alive.
#[derive(Debug)]
pub struct Ticket {
    drain: Drain,
    ear: u32,
    heard: Word,
    /// Whose waker was left there, by its address, which nobody else has while this one lives; 0 for nobody's.
    listens: usize,
    counts: bool,
}

impl Drain {
    /// Begins to drain; every session hears of it once.
    pub fn begin(&self) {
        self.say(Word::Drain);
    }

    /// The drain has lasted as long as it may: every session and every other connection hears of
    /// that once, and is over.
    pub fn expire(&self) {
        self.say(Word::Expired);
    }

    fn say(&self, word: Word) {
        if word <= self.word() {
            // Everybody has heard it, or will: nobody's waker is taken for nothing.
            return;
        }
        self.0.word.set(word);
        let mut ears = self.0.ears.borrow_mut();
        for waker in ears.wakers.iter_mut().filter_map(Option::take) {
            waker.wake();
        }
    }

    /// It is because another process serves. Said before it begins.
    pub fn is_handed_over(&self) {
        self.0.handed.set(true);
    }

    /// Whether it is because another process serves.
    #[must_use]
    pub fn was_handed_over(&self) -> bool {
        self.0.handed.get()
    }

    /// What was said last.
    #[must_use]
    pub fn word(&self) -> Word {
        self.0.word.get()
    }

    /// Connections that its deadline has reset.
    #[must_use]
    pub fn cut(&self) -> u64 {
        self.0.cut.get()
    }

    /// How many sessions are alive.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.0.sessions.get()
    }

    /// Whether anybody has it, or may yet, beside the caller.
    pub(crate) fn is_used(&self) -> bool {
        Rc::strong_count(&self.0) > 1
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
        Ticket {
            drain: self.clone(),
            ear: self.0.ears.borrow_mut().lend(),
            heard: Word::Serve,
            listens: 0,
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
    /// What was said, once; the caller is woken by what is said next. Of two words the later one
    /// counts.
    #[inline]
    pub fn poll(&mut self, cx: &Context<'_>) -> Option<Word> {
        if !self.has_news() && self.listens != 0 && self.listens == cx.waker().data().addr() {
            // Whoever is to be woken is known: only the next word takes the waker away.
            return None;
        }
        self.hear(cx)
    }

    /// Whether something was said that it has not heard.
    #[inline]
    pub(crate) fn has_news(&self) -> bool {
        self.drain.word() != self.heard
    }

    fn hear(&mut self, cx: &Context<'_>) -> Option<Word> {
        let word = self.drain.word();
        self.listens = cx.waker().data().addr();
        let mut ears = self.drain.0.ears.borrow_mut();
        let slot = ears.at(self.ear);
        let waits = |waker: &Waker| waker.will_wake(cx.waker());
        // Nothing comes after the last word.
        if word != Word::Expired && !slot.as_ref().is_some_and(waits) {
            *slot = Some(cx.waker().clone());
        }
        let news = word > self.heard;
        self.heard = word;
        news.then_some(word)
    }

    /// The deadline has reset so many connections.
    pub fn count_cut(&self, connections: u64) {
        let cut = &self.drain.0.cut;
        cut.set(cut.get() + connections);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let state = &self.drain.0;
        state.ears.borrow_mut().give_back(self.ear);
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
