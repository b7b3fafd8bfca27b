//! Who is here: every session of a worker, so that it can be asked what it waits for, or ended by hand.
//!
//! It owns a waker a session, and the question that is being asked. Nobody reaches into a session: it is
//! woken, and answers for itself in its turn. It waits for the answers of a few at a time, so that a
//! question to many thousands leaves others their turns between.

mod recording;
mod said;

pub use recording::{Ended, Recording, Wanted};
pub use said::{Leg, Look, Said};

use crate::observe::Conn;
use std::{
    cell::{Cell, RefCell},
    fmt,
    rc::Rc,
    task::{Context, Waker},
};
use tidegate_core::event::Kill;

/// How many are asked at once.
const AT_ONCE: usize = 64;

/// The sessions of one worker; every clone is the same one.
#[derive(Clone, Debug, Default)]
pub struct Roll(Rc<State>);

#[derive(Debug, Default)]
struct State {
    entries: RefCell<Entries>,
    /// What is being asked.
    question: RefCell<Option<Rc<Question>>>,
    /// How often anything was.
    asked: Cell<u64>,
    /// Who records those that end.
    recordings: RefCell<Vec<Recording>>,
}

#[derive(Debug, Default)]
struct Entries {
    all: Vec<Entry>,
    free: Vec<usize>,
    /// How many have been woken for an answer.
    owing: usize,
}

#[derive(Debug, Default)]
struct Entry {
    conn: Option<Conn>,
    waker: Option<Waker>,
    /// The last question that it has heard.
    heard: u64,
    owes: bool,
}

/// What a session is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Say how it stands.
    Look,
    /// Say how it came to that, too.
    Why,
    /// End, and say how it stood before (G10).
    Kill(Kill),
}

/// A question, and the answers so far.
#[derive(Debug)]
pub struct Question {
    /// Who is asked; everybody, if not given.
    which: Option<Conn>,
    /// What they are to do.
    pub order: Order,
    answers: RefCell<Vec<Said>>,
}

impl Question {
    /// What somebody answers.
    pub fn answer(&self, said: Said) {
        self.answers.borrow_mut().push(said);
    }
}

/// A session's place on the roll, for as long as it is here.
pub struct Presence {
    roll: Roll,
    at: usize,
    heard: u64,
    /// Whose waker was left there, by its address, which nobody else has while this one lives; 0 for nobody's.
    listens: usize,
}

impl fmt::Debug for Presence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presence").field("at", &self.at).finish()
    }
}

impl Roll {
    /// Somebody has come.
    #[must_use]
    pub fn enter(&self, conn: Conn) -> Presence {
        let heard = self.0.asked.get();
        let mut entries = self.0.entries.borrow_mut();
        let at = entries.free.pop().unwrap_or_else(|| {
            entries.all.push(Entry::default());
            entries.all.len() - 1
        });
        entries.all[at] = Entry {
            conn: Some(conn),
            heard,
            ..Entry::default()
        };
        drop(entries);
        Presence {
            roll: self.clone(),
            at,
            heard,
            listens: 0,
        }
    }

    /// Has everybody, or the one of this name, do as is said, and returns what they say. One question at a
    /// time: whoever asks waits for the answers.
    pub async fn ask(&self, which: Option<Conn>, order: Order) -> Vec<Said> {
        let question = Rc::new(Question {
            which,
            order,
            answers: RefCell::default(),
        });
        *self.0.question.borrow_mut() = Some(Rc::clone(&question));
        self.0.asked.set(self.0.asked.get() + 1);
        let mut next = 0;
        while let Some(on) = self.wake(&question, next) {
            next = on;
            while self.0.entries.borrow().owing > 0 {
                tokio::task::yield_now().await;
            }
        }
        self.0.question.borrow_mut().take();
        question.answers.take()
    }

    /// Wakes some of those from `next` on that have not heard of it; says with whom to go on.
    fn wake(&self, question: &Question, next: usize) -> Option<usize> {
        let asked = self.0.asked.get();
        let mut entries = self.0.entries.borrow_mut();
        let mut at = next;
        while at < entries.all.len() && entries.owing < AT_ONCE {
            let entry = &mut entries.all[at];
            at += 1;
            if !question.concerns(entry.conn) || entry.heard == asked {
                continue;
            }
            // One that never had a turn has its first one soon.
            if let Some(waker) = entry.waker.take() {
                waker.wake();
            }
            entry.owes = true;
            entries.owing += 1;
        }
        (at > next).then_some(at)
    }
}

impl Question {
    fn concerns(&self, conn: Option<Conn>) -> bool {
        conn.is_some() && (self.which.is_none() || self.which == conn)
    }
}

impl Presence {
    /// What the session is asked, once; it is woken by the next question.
    #[inline]
    pub fn poll(&mut self, cx: &Context<'_>) -> Option<Rc<Question>> {
        if !self.has_news() && self.listens != 0 && self.listens == cx.waker().data().addr() {
            // Whoever is to be woken is known: only a question takes the waker away.
            return None;
        }
        self.hear(cx)
    }

    /// Whether there is a question that it has not heard.
    #[inline]
    pub(crate) fn has_news(&self) -> bool {
        self.heard != self.roll.0.asked.get()
    }

    fn hear(&mut self, cx: &Context<'_>) -> Option<Rc<Question>> {
        let asked = self.roll.0.asked.get();
        self.listens = cx.waker().data().addr();
        let mut entries = self.roll.0.entries.borrow_mut();
        let entry = &mut entries.all[self.at];
        let waits = |waker: &Waker| waker.will_wake(cx.waker());
        if !entry.waker.as_ref().is_some_and(waits) {
            entry.waker = Some(cx.waker().clone());
        }
        if self.heard == asked {
            return None;
        }
        (self.heard, entry.heard) = (asked, asked);
        let (conn, owed) = (entry.conn, std::mem::take(&mut entry.owes));
        entries.owing -= usize::from(owed);
        let question = self.roll.0.question.borrow().clone();
        question.filter(|question| question.concerns(conn))
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        let mut entries = self.roll.0.entries.borrow_mut();
        let entry = std::mem::take(&mut entries.all[self.at]);
        entries.owing -= usize::from(entry.owes);
        entries.free.push(self.at);
    }
}

#[cfg(test)]
mod tests;
