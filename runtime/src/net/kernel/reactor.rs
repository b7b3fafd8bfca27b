//! A worker's reactor: which of its connections have something to tell, and which of its moments have come.
//!
//! It owns an epoll set, and alarms. A connection costs it a slot of a few words: no lock, no call when it is
//! closed, and no timer. What a connection has told stays until whoever reads or writes it has found that it
//! is over. It only wakes. Whoever takes its turns waits: the thread itself (`host.rs`), or a task on
//! somebody else's runtime (`guest.rs`).

mod alarms;
mod guest;
mod host;
mod watched;

pub use self::alarms::Alarm;
pub(super) use self::watched::{Told, Wait, Watched};

use self::{alarms::Alarms, guest::Guest, watched::Sockets};
use crate::clock::Clock;
use rustix::{
    event::{Timespec, epoll},
    fd::OwnedFd,
    io::Errno,
};
use std::{
    cell::{Cell, RefCell},
    fmt, io, mem,
    rc::Rc,
    task::Waker,
};
use tidegate_core::time::Time;

/// Connections that one call tells of.
const AT_ONCE: usize = 64;

/// A thread that never rests asks the clock once in so many questions: one costs as much as a small step of
/// a session. Whoever copies much has asked less often, and took longer for it.
const FRESH: u8 = 8;

/// A network's reactor.
pub(super) struct Reactor {
    clock: Clock,
    /// Made with the first connection, for that can fail.
    set: RefCell<Option<Rc<OwnedFd>>>,
    sockets: RefCell<Sockets>,
    alarms: RefCell<Alarms>,
    /// What the clock said when it was asked last.
    seen: Cell<Time>,
    /// So many questions more are answered by that.
    fresh: Cell<u8>,
    turns: RefCell<Turns>,
    /// Who is woken behind the next question.
    behind: RefCell<Vec<Waker>>,
}

/// Who takes a reactor's turns.
enum Turns {
    /// A task, begun when there is something to wait for.
    Guest(Guest),
    /// The thread, whenever it has nothing else to do: it need not be told.
    Host,
}

impl Reactor {
    pub(super) fn new() -> Rc<Reactor> {
        Rc::new(Reactor {
            clock: Clock::start(),
            set: RefCell::default(),
            sockets: RefCell::default(),
            alarms: RefCell::default(),
            seen: Cell::default(),
            fresh: Cell::default(),
            turns: RefCell::new(Turns::Guest(Guest::default())),
            behind: RefCell::default(),
        })
    }

    /// The time since it was made.
    #[inline]
    pub(super) fn now(&self) -> Time {
        match self.fresh.get().checked_sub(1) {
            Some(left) => {
                self.fresh.set(left);
                self.seen.get()
            }
            None => self.look_at_clock(),
        }
    }

    fn look_at_clock(&self) -> Time {
        let now = self.clock.now();
        self.seen.set(now);
        // On somebody else's runtime nobody knows how long it rests.
        if matches!(*self.turns.borrow(), Turns::Host) {
            self.fresh.set(FRESH - 1);
        }
        now
    }

    /// The set, made if there is none.
    fn set(self: &Rc<Self>) -> io::Result<Rc<OwnedFd>> {
        if let Some(set) = &*self.set.borrow() {
            return Ok(Rc::clone(set));
        }
        let set = Rc::new(epoll::create(epoll::CreateFlags::CLOEXEC)?);
        if let Turns::Guest(guest) = &mut *self.turns.borrow_mut() {
            guest.watch(&set)?;
        }
        *self.set.borrow_mut() = Some(Rc::clone(&set));
        self.look_again();
        Ok(set)
    }

    /// Waits so long at most, for ever if nothing is said, and wakes all whom `set` tells of, after `waited`.
    /// Says whether there may be more.
    fn hear(&self, set: &OwnedFd, most: Option<&Timespec>, waited: impl FnOnce()) -> bool {
        let mut events = mem::take(&mut self.sockets.borrow_mut().events);
        events.clear();
        events.reserve_exact(AT_ONCE);
        let room = rustix::buffer::spare_capacity(&mut events);
        let heard = epoll::wait(set, room, most);
        waited();
        for event in &events {
            let who = self.sockets.borrow_mut().told(*event);
            if let Some(who) = who {
                who.wake();
            }
        }
        self.sockets.borrow_mut().events = events;
        matches!(heard, Ok(AT_ONCE..) | Err(Errno::INTR))
    }

    /// Wakes whoever has done enough for now, behind all others.
    pub(super) fn wake_behind(&self, who: &Waker) {
        match *self.turns.borrow() {
            Turns::Host => self.behind.borrow_mut().push(who.clone()),
            // Its runtime has turns of its own.
            Turns::Guest(_) => who.wake_by_ref(),
        }
    }

    /// Wakes those who were to be woken behind the network's word.
    fn wake_others(&self, mut others: Vec<Waker>) {
        others.drain(..).for_each(Waker::wake);
        let mut behind = self.behind.borrow_mut();
        if behind.is_empty() {
            // For its memory.
            *behind = others;
        }
    }

    /// Wakes all whose moment has come.
    fn ring(&self) {
        let now = self.look_at_clock();
        loop {
            // Whoever is woken, or was to be, may have alarms of its own.
            let rung = self.alarms.borrow_mut().ring(now);
            let Some(who) = rung else {
                return;
            };
            who.wake();
        }
    }
}

impl fmt::Debug for Reactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reactor").finish_non_exhaustive()
    }
}
