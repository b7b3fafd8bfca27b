//! Where a connection without a session lies, between its own task and whoever may take it.
//!
//! It owns the transport, and counts it for as long as it is here; it keeps one word for the task
//! and wakes it. It never decides what that word leads to.

use crate::{
    net::Stream,
    port::{Port, Read},
    tls::origin::Terms,
    variant::bad,
};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    task::{Context, Poll, Waker},
};
use tidegate_core::spare::{Effect, Event};

/// The most that is read at a time. It is thrown away: one byte says as much as all of them.
const SCRATCH_BYTES: usize = 4_096;

/// A connection's berth. It is shared by the connection's task and, while it is idle, the pool.
pub(super) struct Berth<S: Stream> {
    held: RefCell<Option<Held<S>>>,
    told: Cell<Option<Event>>,
    waker: RefCell<Option<Waker>>,
}

/// A connection, counted until it goes: dropped or taken in whichever way.
struct Held<S: Stream> {
    port: Port<S>,
    _counted: Counted,
}

impl<S: Stream> Berth<S> {
    pub(super) fn new(port: Port<S>, count: &Rc<Count>) -> Rc<Self> {
        Rc::new(Berth {
            held: RefCell::new(Some(Held {
                port,
                _counted: Counted::new(count),
            })),
            told: Cell::default(),
            waker: RefCell::default(),
        })
    }

    /// Whether the connection is gone: closed, reset, or a session's.
    pub(super) fn is_empty(&self) -> bool {
        self.held.borrow().is_none()
    }

    /// Whether its peer has met these terms, or need not meet any.
    pub(super) fn is_on(&self, terms: Option<&Terms>) -> bool {
        self.with(|port| port.terms() == terms) == Some(true)
    }

    /// Asks the transport, if it is here.
    pub(super) fn with<R>(&self, ask: impl FnOnce(&mut Port<S>) -> R) -> Option<R> {
        self.held
            .borrow_mut()
            .as_mut()
            .map(|held| ask(&mut held.port))
    }

    /// Performs orders; a finish is kept as the leg's state.
    pub(super) fn perform(&self, effects: &[Effect]) {
        for effect in effects {
            match effect {
                Effect::Finish => {}
                Effect::Reset => {
                    if let Some(held) = self.held.take() {
                        held.port.reset();
                    }
                }
                Effect::Close => {
                    if let Some(held) = self.held.take() {
                        held.port.close();
                    }
                }
            }
        }
    }

    /// The word that came from outside the task; the task is woken by the next one.
    pub(super) fn poll_told(&self, cx: &Context<'_>) -> Option<Event> {
        match &mut *self.waker.borrow_mut() {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        self.told.take()
    }

    /// Tells the task something.
    pub(super) fn tell(&self, event: Event) {
        self.told.set(Some(event));
        self.wake();
    }

    /// Gives the transport away, unless it has something to say: then it stays, and its task is
    /// told what it was (U01).
    pub(super) fn take_if_quiet(&self) -> Option<Port<S>> {
        // Whatever comes of it, the task has to look, also if this panics.
        self.wake();
        let mut held = self.held.take()?;
        if bad!(ParkEnded) {
            return Some(held.port);
        }
        // What the reactor has not told yet is news all the same.
        held.port.look_afresh();
        match poll_look(&mut held.port, &mut Context::from_waker(Waker::noop())) {
            Poll::Pending => Some(held.port),
            Poll::Ready(news) => {
                self.told.set(Some(news));
                self.held.replace(Some(held));
                None
            }
        }
    }

    fn wake(&self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// Reads once: any byte, and any end, is news on a connection that nobody uses.
pub(super) fn poll_look<S: Stream>(port: &mut Port<S>, cx: &mut Context<'_>) -> Poll<Event> {
    let mut scratch = [0; SCRATCH_BYTES];
    port.poll_read(cx, &mut scratch).map(|read| match read {
        Ok(Read::Bytes(_)) => Event::Received,
        Ok(Read::CloseNotify) => Event::CloseNotify,
        Ok(Read::Fin) => Event::Fin,
        Err(fault) => Event::Failed(fault.cause),
    })
}

/// How many connections there are, and who waits for the last of them to go.
#[derive(Debug, Default)]
pub(super) struct Count {
    held: Cell<usize>,
    last: RefCell<Option<Waker>>,
}

impl Count {
    pub(super) fn held(&self) -> usize {
        self.held.get()
    }

    /// Ready when there are none.
    pub(super) fn poll_none(&self, cx: &Context<'_>) -> Poll<()> {
        if self.held() == 0 {
            return Poll::Ready(());
        }
        self.last.replace(Some(cx.waker().clone()));
        Poll::Pending
    }
}

struct Counted(Rc<Count>);

impl Counted {
    fn new(count: &Rc<Count>) -> Self {
        count.held.set(count.held() + 1);
        Counted(Rc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.held.set(self.0.held() - 1);
        if self.0.held() == 0
            && let Some(waker) = self.0.last.take()
        {
            waker.wake();
        }
    }
}
