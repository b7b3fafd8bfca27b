//! A worker's reactor: which of its connections have something to tell, and which of its moments have come.
//!
//! It owns an epoll set of its own, which the runtime's watches as one descriptor, and the worker's
//! alarms, of which the runtime knows the earliest. So a connection costs the runtime nothing: no memory,
//! no lock, no call when it is closed, and no timer. It waits in one task of the worker, and does nothing
//! but wake: what a connection has told stays until whoever reads or writes it has found that it is over.

mod alarms;
mod watched;

pub use self::alarms::Alarm;
pub(super) use self::watched::{Told, Wait, Watched};

use self::{alarms::Alarms, watched::Sockets};
use crate::{clock::Clock, sys};
use rustix::{
    event::{Timespec, epoll},
    fd::OwnedFd,
    io::Errno,
};
use std::{
    cell::{Cell, RefCell},
    fmt,
    future::{Future, poll_fn},
    io, mem,
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll, Waker, ready},
};
use tidegate_core::time::Time;
use tokio::{
    io::{Interest, Ready, unix::AsyncFd},
    task::spawn_local,
    time::{Sleep, sleep_until},
};

/// Connections that one call tells of.
const AT_ONCE: usize = 256;

/// A network's reactor. Its task is started by whoever first waits for it, and ends with the `LocalSet` that
/// it is on.
pub(super) struct Reactor {
    clock: Clock,
    /// Made with the first connection, for that can fail.
    set: RefCell<Option<Rc<AsyncFd<OwnedFd>>>>,
    sockets: RefCell<Sockets>,
    alarms: RefCell<Alarms>,
    /// What the runtime was asked to wake the task at.
    armed: Cell<Option<Time>>,
    /// What the clock said when it was asked last.
    seen: Cell<Time>,
    task: RefCell<Option<Waker>>,
}

impl Reactor {
    pub(super) fn new() -> Rc<Reactor> {
        Rc::new(Reactor {
            clock: Clock::start(),
            set: RefCell::default(),
            sockets: RefCell::default(),
            alarms: RefCell::default(),
            armed: Cell::default(),
            seen: Cell::default(),
            task: RefCell::default(),
        })
    }

    /// The time since it was made.
    pub(super) fn now(&self) -> Time {
        let now = self.clock.now();
        self.seen.set(now);
        now
    }

    /// The set, made if there is none.
    fn set(self: &Rc<Self>) -> io::Result<Rc<AsyncFd<OwnedFd>>> {
        if let Some(set) = &*self.set.borrow() {
            return Ok(Rc::clone(set));
        }
        let set = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let set = Rc::new(sys::register(set, Interest::READABLE)?);
        *self.set.borrow_mut() = Some(Rc::clone(&set));
        self.look_again();
        Ok(set)
    }

    /// There is something new to wait for: the task looks, and is begun if there is none.
    fn look_again(self: &Rc<Self>) {
        if let Some(task) = &*self.task.borrow() {
            task.wake_by_ref();
            return;
        }
        // Until its first turn whoever has something new finds this one.
        *self.task.borrow_mut() = Some(Waker::noop().clone());
        let reactor = Rc::clone(self);
        spawn_local(async move {
            let mut alarm = pin!(None);
            poll_fn(|cx| reactor.turn(cx, alarm.as_mut())).await;
        });
    }

    /// Wakes all who have something to hear.
    fn turn(&self, cx: &mut Context<'_>, mut alarm: Pin<&mut Option<Sleep>>) -> Poll<()> {
        let known = |task: &Waker| task.will_wake(cx.waker());
        if !self.task.borrow().as_ref().is_some_and(known) {
            *self.task.borrow_mut() = Some(cx.waker().clone());
        }
        while self.poll_sockets(cx).is_ready() {}
        loop {
            let Some(next) = self.alarms.borrow().next() else {
                self.armed.set(None);
                alarm.set(None);
                return Poll::Pending;
            };
            // An alarm that was for somebody who is gone rings once in vain: it is not worth moving.
            if self.armed.get().is_none_or(|armed| armed > next) {
                self.armed.set(Some(next));
                alarm.set(Some(sleep_until(self.clock.instant(next))));
            }
            let Some(sleep) = alarm.as_mut().as_pin_mut() else {
                return Poll::Pending;
            };
            ready!(sleep.poll(cx));
            self.armed.set(None);
            let now = self.now();
            loop {
                // Whoever is woken, or was to be, may have alarms of its own.
                let rung = self.alarms.borrow_mut().ring(now);
                let Some(who) = rung else {
                    break;
                };
                who.wake();
            }
        }
    }

    /// Ready if there may be more.
    fn poll_sockets(&self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(set) = self.set.borrow().clone() else {
            return Poll::Pending;
        };
        let Ok(mut guard) = ready!(set.poll_read_ready(cx)) else {
            // The runtime is going, and everybody on it.
            return Poll::Pending;
        };
        let mut events = mem::take(&mut self.sockets.borrow_mut().events);
        events.clear();
        events.reserve_exact(AT_ONCE);
        let room = rustix::buffer::spare_capacity(&mut events);
        let waited = epoll::wait(set.get_ref(), room, Some(&Timespec::default()));
        match waited {
            Ok(AT_ONCE..) | Err(Errno::INTR) => {}
            Ok(_) | Err(_) => guard.clear_ready_matching(Ready::READABLE),
        }
        for event in &events {
            let who = self.sockets.borrow_mut().told(*event);
            if let Some(who) = who {
                who.wake();
            }
        }
        self.sockets.borrow_mut().events = events;
        Poll::Ready(())
    }
}

impl fmt::Debug for Reactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reactor").finish_non_exhaustive()
    }
}
