//! One transport connection, from its first moment to its last.
//!
//! A leg waits for its turn, its connect or handshake, then for two ends that come in any order: the peer's
//! ([`ReadEnd`]) and ours ([`WriteEnd`]). It never knows about the other leg.

pub mod read;
pub mod write;

pub use self::{
    read::{Failed, ReadEnd},
    write::WriteEnd,
};
use crate::{
    bug,
    ending::{Cause, End},
    event::{Call, Want},
    relay::Drained,
    tls::BareFin,
};

/// One transport connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Leg {
    /// There is none.
    Absent,
    /// Waiting for an endpoint to be dialled.
    Queued,
    /// Being dialled.
    Connecting,
    /// In its TLS handshake, or in the PROXY header before it.
    Securing,
    /// Open, at least in part.
    Open(Open),
    /// Its descriptor is closed. This is how its read direction had ended.
    Gone(End),
    /// It was closed with RST. This is how its read direction had ended.
    Reset(End),
}

/// A leg that can carry bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Open {
    /// Whether it is TLS.
    pub tls: bool,
    /// The peer's end.
    pub read: ReadEnd,
    /// Our end.
    pub write: WriteEnd,
    /// What was read of HTTP and not yet understood.
    pub inbox: Inbox,
    /// The kernel has said that a FIN is there, behind bytes that nobody has read yet (R17). It
    /// means nothing but another keepalive.
    pub hinted: bool,
    /// It is about to fail, and its peer's kernel has not acknowledged all that was said before our
    /// last word (R14).
    pub undelivered: bool,
}

/// Bytes read from a leg and not yet understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Inbox {
    /// How many.
    pub left: u32,
    /// What understanding them waits for.
    pub want: Want,
}

impl Inbox {
    /// Nothing unread.
    pub const EMPTY: Inbox = Inbox {
        left: 0,
        want: Want::Bytes,
    };

    /// Whether another look, given room or its turn, would find something.
    #[must_use]
    pub const fn decodable(self) -> bool {
        self.left > 0 && !matches!(self.want, Want::Bytes)
    }
}

impl Leg {
    /// A leg that has just been opened.
    #[must_use]
    pub const fn opened(tls: bool) -> Self {
        Leg::Open(Open {
            tls,
            read: ReadEnd::Open,
            write: WriteEnd::Open,
            inbox: Inbox::EMPTY,
            hinted: false,
            undelivered: false,
        })
    }

    /// The open leg, if it is one.
    #[must_use]
    pub const fn open(&self) -> Option<&Open> {
        match self {
            Leg::Open(open) => Some(open),
            Leg::Absent
            | Leg::Queued
            | Leg::Connecting
            | Leg::Securing
            | Leg::Gone(_)
            | Leg::Reset(_) => None,
        }
    }

    /// The open leg, if it is one, to be changed.
    pub fn open_mut(&mut self) -> Option<&mut Open> {
        match self {
            Leg::Open(open) => Some(open),
            Leg::Absent
            | Leg::Queued
            | Leg::Connecting
            | Leg::Securing
            | Leg::Gone(_)
            | Leg::Reset(_) => None,
        }
    }

    /// The open leg that an event spoke of.
    pub(crate) fn spoken_of(&mut self) -> &mut Open {
        match self {
            Leg::Open(open) => open,
            Leg::Absent
            | Leg::Queued
            | Leg::Connecting
            | Leg::Securing
            | Leg::Gone(_)
            | Leg::Reset(_) => {
                bug!("an event on a leg that is not open (I18)")
            }
        }
    }

    /// How the peer's direction ended, once it has.
    #[must_use]
    pub const fn end(&self) -> Option<End> {
        match self {
            Leg::Absent | Leg::Queued | Leg::Connecting | Leg::Securing => None,
            Leg::Open(open) => open.read.end(),
            Leg::Gone(end) | Leg::Reset(end) => Some(*end),
        }
    }

    /// Whether it is about to be there: waiting for its turn, being dialled, or in its handshake.
    #[must_use]
    pub const fn is_coming(&self) -> bool {
        matches!(self, Leg::Queued | Leg::Connecting | Leg::Securing)
    }

    /// Whether there is a descriptor that waits for nothing but its own close.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self, Leg::Absent | Leg::Gone(_) | Leg::Reset(_))
    }

    /// The descriptor is closed.
    pub(crate) fn gone(&mut self, or: End) {
        *self = Leg::Gone(self.end().unwrap_or(or));
    }

    /// The descriptor is closed with RST.
    pub(crate) fn reset(&mut self, or: End) {
        *self = Leg::Reset(self.end().unwrap_or(or));
    }
}

impl Open {
    /// Whether both ends are over and acknowledged, so that the descriptor may be closed (R08).
    #[must_use]
    pub const fn is_done(&self) -> bool {
        matches!((self.read, self.write), (ReadEnd::Fin(_), WriteEnd::Acked))
    }

    /// Whether it has failed, and waits only for its last bytes to be acknowledged.
    pub(crate) const fn only_flushes(&self) -> bool {
        matches!(
            (self.read, self.write),
            (ReadEnd::Failed(_), WriteEnd::Flushing)
        )
    }

    /// FIN arrived.
    pub(crate) fn fin(&mut self, bare_fin: BareFin) {
        self.read = self.read.fin(self.tls, bare_fin);
    }

    /// close_notify arrived.
    pub(crate) fn close_notify(&mut self) {
        if !self.tls {
            bug!("a close_notify on a plain leg")
        }
        self.read = self.read.close_notify();
    }

    /// The connection failed.
    pub(crate) fn failed(&mut self, cause: Cause, call: Call) {
        self.read = self.read.failed(cause, call);
    }

    /// We give it up, now: the next rule resets it.
    pub(crate) fn give_up(&mut self, cause: Cause) {
        self.read = self.read.given_up(cause);
    }

    /// The order to finish, which only a drained direction can give.
    pub(crate) fn finish(&mut self, _: Drained) {
        self.write = self.write.finish();
    }

    /// The order to reset once all that is inside has left and is acknowledged.
    pub(crate) fn flush(&mut self) {
        self.write = WriteEnd::Flushing;
    }
}
