//! Where a connection without a session lies, between its own task and whoever may take it.
//!
//! It owns the transport while that is here, and counts it; it keeps one word for the task and wakes
//! it. A session that takes the transport leaves a [`Lease`] in its place, and may bring it back. It
//! never decides what a word leads to.

use super::Listing;
use crate::{
    net::{Network, Stream},
    port::{Port, Read},
    tls::origin::Terms,
    variant::bad,
};
use std::{
    cell::{Cell, RefCell},
    fmt,
    rc::Rc,
    task::{Context, Poll, Waker},
};
use tidegate_core::{
    spare::{Effect, Event, Stay},
    time::Time,
};

/// The most that is read at a time. It is thrown away: one byte says as much as all of them, and most
/// looks find none.
const SCRATCH_BYTES: usize = 64;

/// A connection's berth. It is shared by the connection's task and, while it is idle, the pool; while
/// a session has the connection, by the session's lease.
pub(super) struct Berth<N: Network> {
    held: RefCell<Option<Held<N>>>,
    leased: Cell<bool>,
    /// When it was brought back, and how long it may wait from then on, until its task has heard.
    back: Cell<Option<(Time, Stay)>>,
    /// Its place among the idle ones: held exactly while it is idle.
    listing: RefCell<Option<Listing<N>>>,
    /// When its task wakes by itself.
    wakes_at: Cell<Option<Time>>,
    told: Cell<Option<Event>>,
    waker: RefCell<Option<Waker>>,
}

/// A connection, counted until it goes: dropped or taken in whichever way.
struct Held<N: Network> {
    port: Port<N::Stream>,
    _counted: Counted,
}

/// The berth of a connection that a session has taken. Dropped, it says that the connection will not
/// come back.
pub struct Lease<N: Network>(Option<Rc<Berth<N>>>);

impl<N: Network> Lease<N> {
    /// Whether no connection was taken.
    pub fn is_none(&self) -> bool {
        self.0.is_none()
    }
}

impl<N: Network> fmt::Debug for Lease<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lease")
    }
}

impl<N: Network> Drop for Lease<N> {
    fn drop(&mut self) {
        if let Some(berth) = self.0.take() {
            berth.leased.set(false);
            berth.wake();
        }
    }
}

impl<N: Network> Default for Lease<N> {
    /// Of no berth.
    fn default() -> Self {
        Lease(None)
    }
}

impl<N: Network> Lease<N> {
    /// Whether there is a berth.
    pub(super) fn is_held(&self) -> bool {
        self.0.is_some()
    }

    /// Brings the connection back; its task is woken only if that has something to do. The berth
    /// is to be listed.
    pub(super) fn bring_back(
        mut self,
        port: Port<N::Stream>,
        count: &Rc<Count>,
        stay: Stay,
        now: Time,
    ) -> Rc<Berth<N>> {
        let Some(berth) = self.0.take() else {
            return Berth::new(port, count);
        };
        berth.leased.set(false);
        berth.back.set(Some((now, stay)));
        berth.held.replace(Some(Held {
            port,
            _counted: Counted::new(count),
        }));
        let due = now + stay.span();
        if berth.wakes_at.get().is_none_or(|at| at > due) {
            berth.wake();
        }
        berth
    }
}

impl<N: Network> Berth<N> {
    pub(super) fn new(port: Port<N::Stream>, count: &Rc<Count>) -> Rc<Self> {
        Rc::new(Berth {
            held: RefCell::new(Some(Held {
                port,
                _counted: Counted::new(count),
            })),
            leased: Cell::default(),
            back: Cell::default(),
            listing: RefCell::default(),
            wakes_at: Cell::default(),
            told: Cell::default(),
            waker: RefCell::default(),
        })
    }

    /// Whether the connection is gone: closed, reset, or a session's.
    pub(super) fn is_empty(&self) -> bool {
        self.held.borrow().is_none()
    }

    /// Whether a session has it, and may bring it back.
    pub(super) fn is_leased(&self) -> bool {
        self.leased.get()
    }

    /// When it was brought back, and how long it may wait: told to its task once.
    pub(super) fn brought_back(&self) -> Option<(Time, Stay)> {
        self.back.take()
    }

    /// Puts it among the idle ones, or takes it out of them.
    pub(super) fn list(&self, listing: Option<Listing<N>>) {
        let before = self.listing.replace(listing);
        drop(before);
    }

    /// Its task wakes by itself at this moment.
    pub(super) fn wakes_at(&self, at: Option<Time>) {
        self.wakes_at.set(at);
    }

    /// Whether its peer has met these terms, or need not meet any.
    pub(super) fn is_on(&self, terms: Option<&Terms>) -> bool {
        self.with(|port| port.terms() == terms) == Some(true)
    }

    /// Asks the transport, if it is here.
    pub(super) fn with<R>(&self, ask: impl FnOnce(&mut Port<N::Stream>) -> R) -> Option<R> {
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

    /// Looks whether a connection that has just come has something to say, for its task: from now on
    /// that is woken when it has. What has is nobody's to take, also before its task has had a turn (U01): to
    /// ask again does not help, for some news is told once.
    pub(super) fn look(&self) {
        let waker = self.waker.borrow();
        // A task that was woken looks by itself.
        let Some(waker) = waker.as_ref() else { return };
        let mut cx = Context::from_waker(waker);
        if let Some(Poll::Ready(news)) = self.with(|port| poll_look(port, &mut cx)) {
            self.list(None);
            self.told.set(Some(news));
            waker.wake_by_ref();
        }
    }

    /// Gives the transport away, unless it has something to say: then it stays, and its task is
    /// told what it was (U01). The reactor's last word is good enough: it is as old as this turn.
    pub(super) fn take_if_quiet(self: &Rc<Self>) -> Option<(Port<N::Stream>, Lease<N>)> {
        let mut held = self.held.take()?;
        self.leased.set(true);
        // Whatever comes of it, the task hears of it, also if this panics.
        let lease = Lease(Some(Rc::clone(self)));
        if !bad!(ParkEnded) {
            let mut cx = Context::from_waker(Waker::noop());
            if let Poll::Ready(news) = poll_look(&mut held.port, &mut cx) {
                self.told.set(Some(news));
                self.held.replace(Some(held));
                return None;
            }
        }
        Some((held.port, lease))
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
    match port.poll_read(cx, &mut scratch) {
        // So much is no quiet, though it may be words between the engines.
        Poll::Pending if port.has_put_off() => Poll::Ready(Event::Received),
        Poll::Pending => Poll::Pending,
        Poll::Ready(Ok(Read::Bytes(_))) => Poll::Ready(Event::Received),
        Poll::Ready(Ok(Read::CloseNotify)) => Poll::Ready(Event::CloseNotify),
        Poll::Ready(Ok(Read::Fin)) => Poll::Ready(Event::Fin),
        Poll::Ready(Err(fault)) => Poll::Ready(Event::Failed(fault.cause)),
    }
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
