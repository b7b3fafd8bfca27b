//! A thread that is the reactor's own: it runs one future, with all that this one spawns on a `LocalSet`,
//! and rests in the reactor.
//!
//! It owns the bell by which others wake the thread. Connections, moments and the bell are waited for in one
//! call: a runtime of its own would be a second set around the first, and a call more for each rest.

use super::{Reactor, Turns, watched};
use rustix::{
    event::{EventfdFlags, Timespec, epoll, eventfd},
    fd::OwnedFd,
    io::write,
};
use std::{
    future::Future,
    io,
    pin::pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
};
use tidegate_core::time::Span;

/// What wakes the thread.
struct Bell {
    /// Since the future was polled last.
    rung: AtomicBool,
    /// The thread waits in the kernel, or is about to.
    rests: AtomicBool,
    line: OwnedFd,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    /// Either this sees that the thread rests, or the thread sees that it has been woken: both look after
    /// they have said so.
    fn wake_by_ref(self: &Arc<Self>) {
        if !self.rung.swap(true, SeqCst) && self.rests.load(SeqCst) {
            // Nobody ever reads it: each write is told. The count does not come to its end.
            let _written = write(&self.line, &1_u64.to_ne_bytes());
        }
    }
}

impl Reactor {
    /// Runs `future` until it is over.
    ///
    /// # Errors
    /// There are no descriptors to wait with.
    pub(in super::super) fn run<F: Future>(self: &Rc<Self>, future: F) -> io::Result<F::Output> {
        debug_assert!(self.set.borrow().is_none(), "somebody waits elsewhere");
        *self.turns.borrow_mut() = Turns::Host;
        let set = self.set()?;
        let bell = Arc::new(Bell {
            rung: AtomicBool::new(false),
            rests: AtomicBool::new(false),
            line: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
        });
        let flags = epoll::EventFlags::IN | epoll::EventFlags::ET;
        epoll::add(&set, &bell.line, watched::NOBODY, flags)?;
        let waker = Waker::from(Arc::clone(&bell));
        let mut cx = Context::from_waker(&waker);
        let mut future = pin!(future);
        loop {
            bell.rung.store(false, SeqCst);
            if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
                return Ok(output);
            }
            self.rest(&set, &bell);
        }
    }

    /// Waits until there is something to do, and not at all if there is already: what has come meanwhile is
    /// heard also by a thread that never rests.
    fn rest(&self, set: &OwnedFd, bell: &Bell) {
        bell.rests.store(true, SeqCst);
        let others = self.behind.take();
        let wait = match bell.rung.load(SeqCst) || !others.is_empty() {
            true => Some(Span(0)),
            false => self.left(),
        };
        let wait = wait.map(timespec);
        // Whom this wakes is on this thread, which rests no more.
        self.hear(set, wait.as_ref(), || bell.rests.store(false, SeqCst));
        self.ring();
        self.wake_others(others);
    }

    /// How long until the first alarm rings.
    fn left(&self) -> Option<Span> {
        let next = self.alarms.borrow().next()?;
        Some(next.since(self.look_at_clock()))
    }
}

/// Nobody has waited so long.
const FOR_EVER: i64 = 1_000_000;

fn timespec(span: Span) -> Timespec {
    let second = 1_000_000;
    Timespec {
        tv_sec: i64::try_from(span.0 / second).map_or(FOR_EVER, |sec| sec.min(FOR_EVER)),
        tv_nsec: i64::try_from(span.0 % second * 1_000).unwrap_or_default(),
    }
}
