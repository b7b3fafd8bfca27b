//! A session from its first turn to its last: awake, or put away beside many others.
//!
//! It owns the driver. A panic costs its own connections only: they are reset, never finished. What waits
//! is the driver itself; this decides only when it is put away, and wakes it with whatever wakes it.

use super::{Driver, dormant::Dormant, shelf::Slot};
use crate::{crowd::Crowd, net::Network};
use std::{
    future::Future,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};
use tidegate_core::{ending::Ending, session::Kind};

/// A session and its turns.
pub(crate) struct Guarded<N: Network>(State<N>);

enum State<N: Network> {
    Awake(Slot<Driver<N>>),
    Dormant(Slot<Dormant<N>>),
    Over,
}

impl<N: Network> Guarded<N> {
    /// Of a session that has just begun.
    pub(crate) fn new(driver: Driver<N>) -> Self {
        Guarded(State::awake(driver))
    }

    fn turn(&mut self, cx: &mut Context<'_>) -> Poll<Ending> {
        let driver = self.driver();
        let turn = Pin::new(&mut *driver).poll(cx);
        if turn.is_pending() && driver.is_one_of_many() && driver.can_be_put_away() {
            self.put_away();
        }
        turn
    }

    /// The driver, which is awake from now on.
    #[inline]
    fn driver(&mut self) -> &mut Driver<N> {
        if let State::Dormant(_) = self.0 {
            self.wake();
        }
        match &mut self.0 {
            State::Awake(place) => (**place).as_mut(),
            State::Dormant(_) | State::Over => None,
        }
        .unwrap_or_else(|| panic!("a session has no turn behind its last"))
    }

    fn wake(&mut self) {
        if let Some(dormant) = self.0.take_dormant() {
            self.0 = State::awake(dormant.wake());
        }
    }

    fn put_away(&mut self) {
        if let Some(driver) = self.0.take_awake() {
            if let Some(crowd) = driver.crowd() {
                crowd.puts_away();
            }
            let shelves = Rc::clone(&driver.service.shelves);
            self.0 = State::Dormant(shelves.dormant.put(driver.put_away()));
        }
    }

    /// The session is over, or will never be.
    fn leave(&mut self) {
        self.wake();
        if let Some(mut driver) = self.0.take_awake() {
            if let Some(crowd) = driver.crowd() {
                crowd.leaves();
            }
            driver.is_left();
        }
    }
}

impl<N: Network> State<N> {
    fn awake(driver: Driver<N>) -> Self {
        if let Some(crowd) = driver.crowd() {
            crowd.wakes();
        }
        let shelves = Rc::clone(&driver.service.shelves);
        State::Awake(shelves.awake.put(driver))
    }

    fn take_awake(&mut self) -> Option<Driver<N>> {
        let place = match mem::replace(self, State::Over) {
            State::Awake(place) => place,
            other @ (State::Dormant(_) | State::Over) => {
                *self = other;
                return None;
            }
        };
        let shelves = Rc::clone(&(*place).as_ref()?.service.shelves);
        shelves.awake.take(place)
    }

    fn take_dormant(&mut self) -> Option<Dormant<N>> {
        let place = match mem::replace(self, State::Over) {
            State::Dormant(place) => place,
            other @ (State::Awake(_) | State::Over) => {
                *self = other;
                return None;
            }
        };
        let shelves = Rc::clone((*place).as_ref()?.shelves());
        shelves.dormant.take(place)
    }
}

impl<N: Network> Unpin for Guarded<N> {}

impl<N: Network> Future for Guarded<N> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let turn = catch_unwind(AssertUnwindSafe(|| self.turn(cx)));
        let driver = match &self.0 {
            State::Awake(place) => (**place).as_ref(),
            State::Dormant(_) | State::Over => None,
        };
        match (turn, driver) {
            (Ok(Poll::Pending), _) => return Poll::Pending,
            (Ok(Poll::Ready(_)), Some(driver)) => {
                driver.tell_connection();
                if tracing::enabled!(tracing::Level::TRACE) {
                    tracing::trace!("the last steps of a session\n{}", last_steps(driver));
                }
            }
            (_, driver) => {
                let steps = driver.map(last_steps).unwrap_or_default();
                tracing::error!("a session failed inside the proxy; its legs are reset\n{steps}");
            }
        }
        self.leave();
        Poll::Ready(())
    }
}

impl<N: Network> Drop for Guarded<N> {
    fn drop(&mut self) {
        self.leave();
    }
}

impl<N: Network> Driver<N> {
    /// Where it is counted while it is awake, if it is one that could be put away.
    #[inline]
    fn crowd(&self) -> Option<&Crowd> {
        (self.service.setup.kind == Kind::Http).then_some(&self.service.crowd)
    }

    #[inline]
    fn is_one_of_many(&self) -> bool {
        self.crowd().is_some_and(Crowd::is_large)
    }
}

/// What a session was told last: whoever wonders can play that again.
fn last_steps<N: Network>(driver: &Driver<N>) -> String {
    let written = catch_unwind(AssertUnwindSafe(|| driver.timeline().write(None)));
    written.unwrap_or_else(|_| "its last steps cannot be told".to_owned())
}
