//! The peers: a client and an origin that do what a schedule says and write down what they see.
//!
//! It owns the scripts' execution and the logs oracles judge. A peer is one future over any
//! network, its writer and its reader do not wait for each other, and everything it expects is
//! known from the schedule, so it verifies payload on the way. It shares no code with the proxy's
//! own reading and writing: what judges must not make the same mistakes.

mod conn;
pub mod http;
mod line;
mod relay;

pub use self::{
    line::{Got, Line},
    relay::{client, origin},
};
use crate::errno::Errno;
use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    io,
    rc::Rc,
    task::{Poll, Waker},
};
use tidegate_core::time::Time;

/// Which way payload goes, and of which exchange: each has bytes of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payload(pub u32);

impl Payload {
    /// What a client sends in a relay.
    pub const FROM_CLIENT: Payload = Payload(1);
    /// What an origin sends in a relay.
    pub const FROM_ORIGIN: Payload = Payload(2);

    /// The byte at `index`. Neighbours differ, and so do equal places of different streams, so
    /// that a byte lost, doubled or astray shows.
    #[must_use]
    pub fn byte(self, index: u64) -> u8 {
        let mixed = index.wrapping_mul(0x9e37) ^ (index >> 8).wrapping_mul(0x85eb);
        let salted = mixed.wrapping_add(u64::from(self.0).wrapping_mul(0x6d));
        (salted ^ (salted >> 8)).to_le_bytes()[0]
    }

    /// Fills `buf` with the bytes from `index` on.
    pub fn fill(self, index: u64, buf: &mut [u8]) {
        for (at, byte) in (index..).zip(buf) {
            *byte = self.byte(at);
        }
    }

    /// Where `buf`, which begins at `index`, differs from this stream.
    #[must_use]
    pub fn differs(self, index: u64, buf: &[u8]) -> Option<u64> {
        let mut bytes = (index..).zip(buf);
        bytes
            .find(|(at, byte)| self.byte(*at) != **byte)
            .map(|(at, _)| at)
    }
}

/// What a peer has sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sent {
    /// Payload its socket has taken.
    pub bytes: u64,
    /// When the last of it was taken.
    pub last_at: Option<Time>,
    /// When close_notify was.
    pub notify_at: Option<Time>,
    /// When FIN was.
    pub fin_at: Option<Time>,
    /// When it reset.
    pub reset_at: Option<Time>,
    /// When a write failed.
    pub failed_at: Option<Time>,
}

/// What a peer has seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Seen {
    /// Payload read.
    pub bytes: u64,
    /// The first byte that is not the one sent.
    pub differs_at: Option<u64>,
    /// When the first byte was read.
    pub first_at: Option<Time>,
    /// When the last byte was read.
    pub last_at: Option<Time>,
    /// When close_notify was read.
    pub notify_at: Option<Time>,
    /// When FIN was read.
    pub fin_at: Option<Time>,
    /// When the connection failed, and by what.
    pub reset_at: Option<(Time, Errno)>,
    /// What TLS found wrong.
    pub tls_error: Option<String>,
    /// Ciphertext behind close_notify.
    pub behind_end: u64,
}

/// How a connection came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Begun {
    /// It was accepted, or its connect succeeded (over TLS: the handshake too).
    Open(Time),
    /// It never opened.
    Failed(Time),
}

/// One peer's observations of one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Log {
    /// How it began; `None` while it has not.
    pub begun: Option<Begun>,
    /// What was sent.
    pub sent: Sent,
    /// What was seen.
    pub seen: Seen,
    /// When the peer was done with it.
    pub done_at: Option<Time>,
}

/// A log that its peer is still writing.
pub type SharedLog = Rc<RefCell<Log>>;

/// The errno of an error; those that have none come from nowhere.
pub(crate) fn errno(error: &io::Error) -> Errno {
    let number = error.raw_os_error();
    let mut all = Errno::ALL.iter();
    let found = all.find(|errno| Some(errno.number()) == number);
    *found.expect("a simulated network fails with an errno")
}

/// How far one half of a peer has come, for the other to wait for.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    reached: Cell<usize>,
    waiter: RefCell<Option<Waker>>,
}

impl Progress {
    /// It has come so far, if not farther.
    pub(crate) fn to(&self, mark: usize) {
        self.reached.set(self.reached.get().max(mark));
        if let Some(waiter) = self.waiter.borrow_mut().take() {
            waiter.wake();
        }
    }

    /// Whether it has come so far.
    pub(crate) fn is(&self, mark: usize) -> bool {
        self.reached.get() >= mark
    }

    /// Waits until it has come so far.
    pub(crate) async fn reach(&self, mark: usize) {
        poll_fn(|cx| {
            if self.is(mark) {
                return Poll::Ready(());
            }
            *self.waiter.borrow_mut() = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

impl Log {
    fn never_opened(&mut self, end: Got, now: Time) {
        self.begun = Some(Begun::Failed(now));
        self.done_at = Some(now);
        self.saw_end(end, now);
    }

    /// Writes down what a read brought that was not payload.
    pub(crate) fn saw_end(&mut self, end: Got, now: Time) {
        let seen = &mut self.seen;
        match end {
            Got::Bytes(_) => {}
            Got::Notify => seen.notify_at = Some(now),
            Got::Fin => seen.fin_at = Some(now),
            Got::Reset(errno) => {
                seen.reset_at.get_or_insert((now, errno));
            }
            Got::BadTls(what) => seen.tls_error = Some(what),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payload_shows_what_is_lost_doubled_or_astray() {
        let mut sent = [0; 1_000];
        Payload::FROM_CLIENT.fill(500, &mut sent);
        assert_eq!(Payload::FROM_CLIENT.differs(500, &sent), None);
        for shift in [1, 2, 16, 255, 256, 257] {
            let differs = Payload::FROM_CLIENT.differs(500 + shift, &sent);
            assert!(differs.is_some_and(|at| at < 510 + shift), "shift {shift}");
        }
        let astray = Payload::FROM_ORIGIN.differs(500, &sent);
        assert!(astray.is_some_and(|at| at < 510));
    }
}
