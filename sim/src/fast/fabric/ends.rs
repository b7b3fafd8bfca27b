//! The ends of connections, and those that wait to be accepted.

use super::watch::Watch;
use crate::socket::{Polled, Sizes};
use std::{
    cell::RefCell,
    collections::VecDeque,
    net::SocketAddr,
    rc::Rc,
    task::{Context, Poll, Waker},
};

/// One end, by its number in this run; no number is used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::fast) struct EndId(pub(in crate::fast) usize);

impl EndId {
    /// The peer of a connect that nobody has answered.
    pub(super) const NOBODY: EndId = EndId(usize::MAX);
}

/// How far a connection has come, as one end knows.
#[derive(Debug)]
pub(super) enum Phase {
    /// SYN is sent; who waits for the answer.
    Connecting(Option<Waker>),
    /// Nobody listens there.
    Refused,
    /// SYN is answered, and the client has not said more.
    Opening,
    /// It is established.
    Open,
    /// It is over for this end, and no longer counted.
    Left,
}

/// One end of a connection.
#[derive(Debug)]
pub(super) struct End {
    pub(super) host: usize,
    pub(super) peer_host: usize,
    pub(super) peer: EndId,
    pub(super) peer_address: SocketAddr,
    pub(super) phase: Phase,
    pub(super) sizes: Sizes,
    /// `None` until there is a connection.
    pub(super) socket: Option<Polled>,
    /// What its kernel watches for.
    pub(super) watch: Watch,
}

impl End {
    pub(super) fn is_over(&self) -> bool {
        self.socket.as_ref().is_some_and(Polled::is_over)
    }

    /// Notes that it is over; once.
    pub(super) fn leave(&mut self, open: &mut [usize]) {
        match self.phase {
            Phase::Left | Phase::Refused => {}
            Phase::Connecting(_) | Phase::Opening | Phase::Open => {
                self.phase = Phase::Left;
                open[self.host] -= 1;
            }
        }
    }
}

/// Who listens where.
pub(super) struct Listening {
    pub(super) host: usize,
    pub(super) port: u16,
    pub(super) sizes: Sizes,
    pub(super) backlog: Rc<RefCell<Backlog>>,
}

/// What the listening kernel has accepted and the program has not.
#[derive(Debug, Default)]
pub(in crate::fast) struct Backlog {
    ready: VecDeque<EndId>,
    waker: Option<Waker>,
}

impl Backlog {
    pub(super) fn push(&mut self, end: EndId) {
        self.ready.push_back(end);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    pub(super) fn take(&mut self) -> VecDeque<EndId> {
        std::mem::take(&mut self.ready)
    }

    pub(in crate::fast) fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<EndId> {
        match self.ready.pop_front() {
            Some(end) => Poll::Ready(end),
            None => {
                self.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}
