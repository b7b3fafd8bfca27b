//! A place in a cluster's queue, and what comes of it: an endpoint, when its turn has come.
//!
//! It owns the place, and the share that is kept for it from the moment of its turn on: whoever gives
//! up leaves either to the next. It waits for the cluster, and to that end is woken by it; for how
//! long is the session's business (`Timer::Queue`).

use super::{
    Need,
    cluster::{Cluster, Uplink},
    held::Held,
};
use crate::{net::Network, variant::bad};
use std::{
    cell::{Cell, RefCell},
    fmt,
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker, ready},
};
use tidegate_core::{queue::Ticket, time::Time};

/// Who waits, as the queue knows it.
#[derive(Debug)]
pub(super) struct Seat {
    /// What decides whom it goes to, where that is asked.
    pub(super) key: Option<u64>,
    /// The cluster's own index.
    pub(super) index: usize,
    /// The share that is kept for it.
    granted: RefCell<Option<Held>>,
    /// When it is to see whether there is room, as it was told.
    looks: Cell<Option<Time>>,
    waker: RefCell<Option<Waker>>,
}

impl Seat {
    pub(super) fn new(key: Option<u64>, index: usize) -> Rc<Seat> {
        Rc::new(Seat {
            key,
            index,
            granted: RefCell::new(None),
            looks: Cell::new(None),
            waker: RefCell::new(None),
        })
    }

    /// Its turn has come.
    pub(super) fn grant(&self, held: Held) {
        // There was none: it stands in no queue any more.
        *self.granted.borrow_mut() = Some(held);
        self.wake();
    }

    /// It is first, and at that moment there may be room without anybody's doing.
    pub(super) fn look_at(&self, ends: Time) {
        if self.looks.replace(Some(ends)) != Some(ends) {
            self.wake();
        }
    }

    /// Looks at the share that is kept for it.
    fn look_at_share<T>(&self, look: impl FnOnce(&Held) -> T) -> Option<T> {
        self.granted.borrow().as_ref().map(look)
    }

    fn taken(&self) -> Option<Held> {
        self.granted.borrow_mut().take()
    }

    fn wake(&self) {
        let waker = self.waker.borrow_mut().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn is_woken_by(&self, waker: &Waker) {
        let mut known = self.waker.borrow_mut();
        match &mut *known {
            Some(known) => known.clone_from(waker),
            None => *known = Some(waker.clone()),
        }
    }
}

/// A place in a queue. Dropping it gives it up, and the share that it has not taken.
pub struct Waiting<N: Network> {
    net: N,
    pub(super) uplink: Rc<Uplink>,
    /// What the endpoint is wanted for.
    pub(super) need: Need,
    seat: Rc<Seat>,
    ticket: Ticket,
    since: Time,
    sleep: Option<(Time, N::Sleep)>,
}

impl<N: Network> Waiting<N> {
    /// The last place, if there is one.
    pub(super) fn join(
        net: N,
        uplink: &Rc<Uplink>,
        (key, index): (Option<u64>, usize),
        need: Need,
    ) -> Option<Self> {
        let seat = Seat::new(key, index);
        let ticket = uplink.cluster.join(&seat)?;
        Some(Waiting {
            since: net.now(),
            net,
            uplink: Rc::clone(uplink),
            need,
            seat,
            ticket,
            sleep: None,
        })
    }

    /// Looks at the share that is kept for it, if there is one.
    pub(super) fn look_at_share<T>(&self, look: impl FnOnce(&Held) -> T) -> Option<T> {
        self.seat.look_at_share(look)
    }

    /// What decides whom it goes to, where that is asked.
    pub(super) fn key(&self) -> Option<u64> {
        self.seat.key
    }

    fn cluster(&self) -> &Rc<Cluster> {
        &self.uplink.cluster
    }

    /// Gives it up.
    pub(super) fn give_up(self, now: Time) {
        self.tell(now);
    }

    fn tell(&self, now: Time) {
        self.cluster().waited(self.since, now);
    }

    /// Ready once the moment has come at which there may be room, for who is first; never if there is
    /// none.
    fn poll_look(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(at) = self.cluster().looks_at(self.ticket) else {
            self.sleep = None;
            return Poll::Pending;
        };
        let (until, sleep) = self
            .sleep
            .take_if(|(until, _)| *until == at)
            .unwrap_or_else(|| (at, self.net.sleep_until(at)));
        let (_, sleep) = self.sleep.insert((until, sleep));
        ready!(Pin::new(sleep).poll(cx));
        self.sleep = None;
        Poll::Ready(())
    }
}

impl<N: Network> Unpin for Waiting<N> {}

impl<N: Network> Future for Waiting<N> {
    type Output = Held;

    /// Ready with the share that is kept for it.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Held> {
        let this = self.get_mut();
        loop {
            if let Some(held) = this.seat.taken() {
                this.tell(this.net.now());
                return Poll::Ready(held);
            }
            this.seat.is_woken_by(cx.waker());
            if this.poll_look(cx).is_pending() {
                return Poll::Pending;
            }
            this.cluster().serve(this.net.now());
        }
    }
}

impl<N: Network> Drop for Waiting<N> {
    fn drop(&mut self) {
        self.cluster().leave(self.ticket);
        let kept = self.seat.taken();
        if bad!(GrantLost) {
            std::mem::forget(kept);
        }
    }
}

impl<N: Network> fmt::Debug for Waiting<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting")
            .field("ticket", &self.ticket)
            .finish_non_exhaustive()
    }
}
