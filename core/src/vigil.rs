//! How long the kernel watches over a connection by itself: keepalive, and TCP_USER_TIMEOUT
//! (LIFECYCLE section 3; K13, K24 to K26). A pure function of a leg's state; the driver only sets it.
//!
//! Linux gives a connection up after so many unanswered probes only while no user timeout is set;
//! with one, it does so once nothing has been heard for that long. So a user timeout is never
//! shorter than the probes would take, and a half-closed leg to which nothing is outstanding has
//! none: there keepalive alone tells a peer that says no more from one that is gone (K25).

use crate::{
    leg::{Leg, Open, ReadEnd, WriteEnd},
    time::Span,
};

/// When a silent peer is asked whether it is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Keepalive {
    /// Silence before the first question, while both directions are open.
    pub established: Span,
    /// The same from the first FIN on, seen or sent: below the 60 s after which a packet filter
    /// forgets a half-closed connection (K26).
    pub half_closed: Span,
    /// From one question to the next.
    pub interval: Span,
    /// Questions that may stay unanswered.
    pub probes: u8,
    /// TCP_USER_TIMEOUT, if it is to differ from T_write_stall.
    pub user_timeout: Option<Span>,
}

impl Keepalive {
    /// The defaults of LIFECYCLE section 3.
    pub const DEFAULT: Keepalive = Keepalive {
        established: Span::from_secs(60),
        half_closed: Span::from_secs(15),
        interval: Span::from_secs(15),
        probes: 4,
        user_timeout: None,
    };
}

impl Default for Keepalive {
    fn default() -> Self {
        Keepalive::DEFAULT
    }
}

/// What the kernel is told of one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Vigil {
    /// Silence before the first question.
    pub idle: Span,
    /// From one question to the next.
    pub interval: Span,
    /// Questions that may stay unanswered.
    pub probes: u8,
    /// TCP_USER_TIMEOUT: how long anything may stay unacknowledged; nothing for the kernel's own
    /// limit.
    pub unacked: Option<Span>,
}

impl Keepalive {
    /// How long a peer of an established connection may be silent before it is given up.
    #[must_use]
    pub fn silence(self) -> Span {
        self.vigil(self.established).silence()
    }

    /// A connection with both directions open. `stall` is T_write_stall.
    #[must_use]
    pub fn open(self, stall: Span) -> Vigil {
        self.bounded(self.vigil(self.established), stall)
    }

    fn vigil(self, idle: Span) -> Vigil {
        Vigil {
            idle,
            interval: self.interval,
            probes: self.probes,
            unacked: None,
        }
    }

    /// K24: as long as T_write_stall, for a shorter one ends live peers that read slowly; and never
    /// shorter than the probes take.
    fn bounded(self, vigil: Vigil, stall: Span) -> Vigil {
        let limit = self.user_timeout.unwrap_or(stall);
        Vigil {
            unacked: Some(limit.max(vigil.silence())),
            ..vigil
        }
    }

    /// What the kernel is told of `leg`; `outstanding`: whether bytes for it are still inside.
    #[must_use]
    pub fn over(self, leg: &Leg, outstanding: bool, stall: Span) -> Option<Vigil> {
        match leg {
            Leg::Absent | Leg::Queued | Leg::Connecting | Leg::Gone(_) | Leg::Reset(_) => None,
            Leg::Securing => Some(self.open(stall)),
            Leg::Open(open) if !is_half_closed(open) => Some(self.open(stall)),
            Leg::Open(open) => {
                let vigil = self.vigil(self.half_closed);
                let waits = match open.write {
                    WriteEnd::Open => outstanding,
                    WriteEnd::Finishing | WriteEnd::Sent | WriteEnd::Flushing => true,
                    WriteEnd::Acked => false,
                };
                Some(if waits {
                    self.bounded(vigil, stall)
                } else {
                    vigil
                })
            }
        }
    }
}

impl Vigil {
    /// How long a peer may be silent before it is given up.
    #[must_use]
    pub fn silence(self) -> Span {
        let probes = self.interval.0.saturating_mul(u64::from(self.probes));
        Span(self.idle.0.saturating_add(probes))
    }

    /// How long after the last word of a peer that is gone the kernel gives it up, while nothing is
    /// outstanding: with a user timeout, at the first question that finds it over.
    #[must_use]
    pub fn given_up(&self) -> Span {
        let Some(limit) = self.unacked else {
            return self.silence();
        };
        let least = limit.max(Span(self.idle.0.saturating_add(1)));
        let behind = least.0.saturating_sub(self.idle.0);
        let interval = self.interval.0.max(1);
        let questions = behind.div_ceil(interval);
        Span(
            self.idle
                .0
                .saturating_add(questions.saturating_mul(interval)),
        )
    }
}

/// R06, R17: one FIN was seen, or the kernel says that it has come, or ours was sent.
fn is_half_closed(open: &Open) -> bool {
    let heard = match open.read {
        ReadEnd::Open => open.hinted,
        ReadEnd::Notified | ReadEnd::Fin(_) => true,
        ReadEnd::Draining(_) | ReadEnd::Failed(_) => false,
    };
    heard || matches!(open.write, WriteEnd::Sent | WriteEnd::Acked)
}
