//! The read end of a leg: how far the peer's words have come to an end.
//!
//! It never becomes cleaner (I6). A failure that a write or readiness told of is latched at once,
//! but what the kernel holds is read first: `Draining` (R15, K9).

use crate::{
    bug,
    ending::{Cause, End},
    event::Call,
    tls::{self, BareFin},
};

/// The read end of an open leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReadEnd {
    /// The peer may say more.
    Open,
    /// close_notify has come: the direction is clean. The FIN is still to be seen (T03).
    Notified,
    /// FIN has come, after a close_notify where there had to be one, or without.
    Fin(End),
    /// The leg has failed; bytes that came before may still be in the kernel.
    Draining(Cause),
    /// The leg has failed and nothing is left to be read.
    Failed(Failed),
}

/// A failed leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Failed {
    /// The first cause.
    pub cause: Cause,
    /// Whether the direction had come to a clean end before (R12, R13).
    pub ended: bool,
}

impl ReadEnd {
    /// The end of this direction, once there is one.
    #[must_use]
    pub const fn end(self) -> Option<End> {
        match self {
            ReadEnd::Open | ReadEnd::Draining(_) => None,
            ReadEnd::Notified => Some(End::Clean),
            ReadEnd::Fin(end) => Some(end),
            ReadEnd::Failed(failed) => Some(End::Abort(failed.cause)),
        }
    }

    /// FIN arrived.
    #[must_use]
    pub fn fin(self, tls: bool, bare_fin: BareFin) -> Self {
        match self {
            ReadEnd::Open => ReadEnd::Fin(tls::fin(tls, bare_fin)),
            // RFC 8446, 6.1: the close_notify has said it all (T03).
            ReadEnd::Notified => ReadEnd::Fin(End::Clean),
            // K9: the kernel gives its error once, then an end of file that is none (4.11, 3).
            ReadEnd::Draining(cause) => ReadEnd::Failed(Failed {
                cause,
                ended: false,
            }),
            ReadEnd::Fin(_) | ReadEnd::Failed(_) => bug!("a FIN after the end of a leg"),
        }
    }

    /// close_notify arrived.
    #[must_use]
    pub fn close_notify(self) -> Self {
        match self {
            ReadEnd::Open => ReadEnd::Notified,
            ReadEnd::Draining(cause) => ReadEnd::Failed(Failed { cause, ended: true }),
            ReadEnd::Notified | ReadEnd::Fin(_) | ReadEnd::Failed(_) => {
                bug!("a close_notify after the end of a leg")
            }
        }
    }

    /// The connection failed, as `call` told. The first cause stays.
    #[must_use]
    pub fn failed(self, cause: Cause, call: Call) -> Self {
        match (self, call) {
            (ReadEnd::Open, Call::Read) => ReadEnd::Failed(Failed {
                cause,
                ended: false,
            }),
            (ReadEnd::Open, Call::Write | Call::Poll | Call::Finish) => ReadEnd::Draining(cause),
            (ReadEnd::Draining(first), Call::Read) => ReadEnd::Failed(Failed {
                cause: first,
                ended: false,
            }),
            (ReadEnd::Draining(_) | ReadEnd::Failed(_), _) => self,
            // R12: a failure after the end is still a failure of the leg.
            (ReadEnd::Notified | ReadEnd::Fin(End::Clean), _) => {
                ReadEnd::Failed(Failed { cause, ended: true })
            }
            (ReadEnd::Fin(End::Truncated | End::Abort(_)), _) => ReadEnd::Failed(Failed {
                cause,
                ended: false,
            }),
        }
    }

    /// We give the leg up: nothing more will be read.
    #[must_use]
    pub const fn given_up(self, cause: Cause) -> Self {
        match self {
            ReadEnd::Failed(_) => self,
            ReadEnd::Draining(first) => ReadEnd::Failed(Failed {
                cause: first,
                ended: false,
            }),
            ReadEnd::Notified | ReadEnd::Fin(End::Clean) => {
                ReadEnd::Failed(Failed { cause, ended: true })
            }
            ReadEnd::Open | ReadEnd::Fin(End::Truncated | End::Abort(_)) => {
                ReadEnd::Failed(Failed {
                    cause,
                    ended: false,
                })
            }
        }
    }
}
