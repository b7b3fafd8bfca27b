//! Accepting connections, and where their sessions begin.
//!
//! It owns the listener. It waits for a seat, for connections and for the drain, and keeps accepting
//! through whatever a single connection or a full descriptor table does (R25). A full listener leaves
//! connections in the kernel's queue; a machine without descriptors or memory is asked again when a
//! connection has left, or after a while, and never in between.

use crate::{
    admission::Admitted,
    drain::{Drain, Word},
    driver::{Driver, Guarded, Service},
    net::{Listener, Network, Stream},
    port::client,
    tap::Tap,
};
use std::{
    cell::RefCell,
    fmt,
    future::{Future, poll_fn},
    io,
    pin::pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};
use tidegate_core::{close::CloseCause, time::Span};

/// Connections accepted before sessions get their turn.
const AT_ONCE: usize = 16;

/// How long to leave a listener alone that has no descriptors or memory to accept with, if nobody
/// leaves: at first, and at last, for others of the machine may have given some back.
const EXHAUSTED: Span = Span::from_ms(50);
const EXHAUSTED_MOST: Span = Span::from_secs(1);

/// Connections accepted in a row before the log is told that all is well again.
const WELL: u64 = 16;

/// Makes the tap of the n-th session; production makes none.
pub type Taps = dyn Fn(u64) -> Option<Box<dyn Tap>>;

/// Where the connections of a listener come in: it leads to one service, then perhaps to another.
pub struct Hall<N: Network> {
    service: RefCell<Rc<Service<N>>>,
    /// Of the listener, and not of its sessions.
    pub(crate) drain: Drain,
    accepting: RefCell<Option<Waker>>,
}

impl<N: Network> fmt::Debug for Hall<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hall")
            .field("drain", &self.drain)
            .finish_non_exhaustive()
    }
}

impl<N: Network> Hall<N> {
    /// It leads to `service`.
    #[must_use]
    pub fn of(service: Rc<Service<N>>) -> Rc<Self> {
        Rc::new(Hall {
            service: RefCell::new(service),
            drain: Drain::default(),
            accepting: RefCell::default(),
        })
    }

    /// It leads to `service` from now on.
    pub fn leads_to(&self, service: Rc<Service<N>>) {
        *self.service.borrow_mut() = service;
        // Who waits for a seat waits for one of the service before.
        if let Some(waker) = self.accepting.borrow_mut().take() {
            waker.wake();
        }
    }

    fn service(&self) -> Rc<Service<N>> {
        Rc::clone(&self.service.borrow())
    }

    fn listens(&self, cx: &Context<'_>) {
        let mut accepting = self.accepting.borrow_mut();
        let same = |waker: &Waker| waker.will_wake(cx.waker());
        if !accepting.as_ref().is_some_and(same) {
            *accepting = Some(cx.waker().clone());
        }
    }
}

/// Accepts until the drain has begun and the queue is empty (G2), or until the drain's deadline, and
/// then closes the listener.
pub async fn accept<N: Network>(mut listener: N::Listener, hall: Rc<Hall<N>>, taps: Rc<Taps>) {
    let mut ticket = hall.drain.ear();
    let mut count = 0;
    let mut trouble = Trouble::default();
    loop {
        let turn = poll_fn(|cx| {
            ticket.poll(cx);
            hall.listens(cx);
            let word = hall.drain.word();
            if word == Word::Expired {
                return Poll::Ready(Turn::Over);
            }
            if word != Word::Serve {
                listener.closes();
            }
            let service = hall.service();
            for _ in 0..AT_ONCE {
                // Who waits in the queue while the drain waits for a seat is still served (G2).
                let Poll::Ready(admitted) = service.admission.poll_seat(cx) else {
                    return Poll::Pending;
                };
                match listener.poll_accept(cx) {
                    Poll::Ready(Ok(stream)) => {
                        trouble.is_past();
                        meet(&service, stream, admitted, &taps, &mut count);
                    }
                    Poll::Ready(Err(error)) => return Poll::Ready(Turn::Exhausted(error)),
                    Poll::Pending if word != Word::Serve => {
                        return Poll::Ready(Turn::Over);
                    }
                    Poll::Pending => return Poll::Pending,
                }
            }
            service.upstreams.net().wake_behind(cx.waker());
            Poll::Pending
        });
        match turn.await {
            Turn::Over => return,
            Turn::Exhausted(error) => {
                let service = hall.service();
                service.observer.accept_failed();
                let most = trouble.has_come(&error);
                let net = service.upstreams.net();
                let seats = service.admission.process();
                let seen = seats.left();
                let mut pause = pin!(net.sleep_until(net.now() + most));
                poll_fn(|cx| {
                    ticket.poll(cx);
                    let over = hall.drain.word() == Word::Expired;
                    match over || seats.poll_left(cx, seen).is_ready() {
                        true => Poll::Ready(()),
                        false => pause.as_mut().poll(cx),
                    }
                })
                .await;
            }
        }
    }
}

enum Turn {
    Over,
    Exhausted(io::Error),
}

/// A machine that has nothing to accept with, as far as that was told.
#[derive(Debug, Default)]
struct Trouble {
    /// How long the last pause was to last at most, while there is trouble.
    pause: Option<Span>,
    told: bool,
    /// Connections since.
    since: u64,
}

impl Trouble {
    /// It has come again; so long to wait at most.
    fn has_come(&mut self, error: &io::Error) -> Span {
        if !std::mem::replace(&mut self.told, true) {
            tracing::error!(%error, "cannot accept: accepting pauses");
        }
        self.since = 0;
        let longer = |span: Span| Span(span.0 * 2).min(EXHAUSTED_MOST);
        let pause = self.pause.map_or(EXHAUSTED, longer);
        self.pause = Some(pause);
        pause
    }

    /// A connection was accepted.
    fn is_past(&mut self) {
        self.pause = None;
        if self.told {
            self.since += 1;
            if self.since == WELL {
                self.told = false;
                tracing::info!("accepting again");
            }
        }
    }
}

/// Begins a session with whoever has connected, if it is let in. If not, it is reset: nothing was said,
/// so there is no protocol to say it in (4.8).
fn meet<N: Network>(
    service: &Rc<Service<N>>,
    stream: N::Stream,
    mut admitted: Admitted,
    taps: &Rc<Taps>,
    count: &mut u64,
) {
    let peer = client(stream.peer());
    admitted.is_used();
    if let Err(why) = service.admission.meet(&mut admitted, peer.ip()) {
        service.observer.rejected(&service.name, why);
        service.listened.accepted();
        service.listened.closed(why.into(), Span(0), [0; 2]);
        tracing::debug!(%peer, %why, "a connection is not let in");
        stream.reset();
        return;
    }
    *count += 1;
    service.listened.accepted();
    match Driver::new(Rc::clone(service), stream, admitted, taps(*count)) {
        Ok(driver) => {
            // Nobody waits for it: its drain ticket counts it.
            service.sessions.begin(Guarded::new(driver));
        }
        Err(error) => {
            let cause = CloseCause::Internal;
            service.listened.closed(cause, Span(0), [0; 2]);
            tracing::error!(%error, "cannot begin a TLS session");
        }
    }
}
