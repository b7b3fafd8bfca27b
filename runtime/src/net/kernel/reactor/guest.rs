//! A reactor's turns on somebody else's runtime, which watches its set as one descriptor and knows the
//! earliest of its alarms.
//!
//! It owns the task that takes them, which is begun by whoever first waits for anything, and ends with the
//! `LocalSet` that it is on. It waits for the runtime.

use super::{Reactor, Turns};
use crate::sys;
use rustix::{event::Timespec, fd::OwnedFd};
use std::{
    future::{Future, poll_fn},
    io,
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

/// What the runtime watches, and the task that it wakes.
#[derive(Default)]
pub(super) struct Guest {
    set: Option<Rc<AsyncFd<Rc<OwnedFd>>>>,
    task: Option<Waker>,
    /// What the runtime was asked to wake the task at.
    armed: Option<Time>,
}

impl Guest {
    pub(super) fn watch(&mut self, set: &Rc<OwnedFd>) -> io::Result<()> {
        let set = sys::register(Rc::clone(set), Interest::READABLE)?;
        self.set = Some(Rc::new(set));
        Ok(())
    }
}

impl Reactor {
    /// There is something new to wait for: the task looks, and is begun if there is none.
    pub(super) fn look_again(self: &Rc<Self>) {
        let Turns::Guest(guest) = &mut *self.turns.borrow_mut() else {
            return;
        };
        if let Some(task) = &guest.task {
            task.wake_by_ref();
            return;
        }
        // Until its first turn whoever has something new finds this one.
        guest.task = Some(Waker::noop().clone());
        let reactor = Rc::clone(self);
        spawn_local(async move {
            let mut alarm = pin!(None);
            poll_fn(|cx| reactor.turn(cx, alarm.as_mut())).await;
        });
    }

    /// Somebody waits for `at`.
    pub(super) fn waits_for(self: &Rc<Self>, at: Time) {
        let later = match &*self.turns.borrow() {
            Turns::Guest(guest) => guest.armed.is_none_or(|armed| armed > at),
            Turns::Host => false,
        };
        if later {
            self.look_again();
        }
    }

    fn guest<T>(&self, what: impl FnOnce(&mut Guest) -> T) -> Option<T> {
        match &mut *self.turns.borrow_mut() {
            Turns::Guest(guest) => Some(what(guest)),
            Turns::Host => None,
        }
    }

    /// Wakes all who have something to hear.
    fn turn(&self, cx: &mut Context<'_>, mut alarm: Pin<&mut Option<Sleep>>) -> Poll<()> {
        let set = self.guest(|guest| {
            let known = |task: &Waker| task.will_wake(cx.waker());
            if !guest.task.as_ref().is_some_and(known) {
                guest.task = Some(cx.waker().clone());
            }
            guest.set.clone()
        });
        if let Some(Some(set)) = set {
            while self.poll_sockets(cx, &set).is_ready() {}
        }
        loop {
            let next = self.alarms.borrow().next();
            let Some(next) = next else {
                self.guest(|guest| guest.armed = None);
                alarm.set(None);
                return Poll::Pending;
            };
            // An alarm that was for somebody who is gone rings once in vain: it is not worth moving.
            let sooner = self.guest(|guest| {
                let sooner = guest.armed.is_none_or(|armed| armed > next);
                if sooner {
                    guest.armed = Some(next);
                }
                sooner
            });
            if sooner == Some(true) {
                alarm.set(Some(sleep_until(self.clock.instant(next))));
            }
            let Some(sleep) = alarm.as_mut().as_pin_mut() else {
                return Poll::Pending;
            };
            ready!(sleep.poll(cx));
            self.guest(|guest| guest.armed = None);
            self.ring();
        }
    }

    /// Ready if there may be more.
    fn poll_sockets(&self, cx: &mut Context<'_>, set: &AsyncFd<Rc<OwnedFd>>) -> Poll<()> {
        let Ok(mut guard) = ready!(set.poll_read_ready(cx)) else {
            // The runtime is going, and everybody on it.
            return Poll::Pending;
        };
        if !self.hear(set.get_ref(), Some(&Timespec::default()), || ()) {
            guard.clear_ready_matching(Ready::READABLE);
        }
        Poll::Ready(())
    }
}
