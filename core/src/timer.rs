//! The named waits of a session and the one deadline that follows from them.
//!
//! A timer is not armed by the rule that happens to need it: after every step the session says
//! which waits its state calls for (`session/waits.rs`), and this table is brought into line.
//! So a timer cannot be forgotten, and none outlives what it was for.

use crate::time::{Moment, Span, Time};
use core::fmt;

/// A wait with a name, a limit and a reason (LIFECYCLE section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// The downstream TLS handshake (T_tls).
    Tls,
    /// A request head, from its first byte, or the first bytes of a new connection (T_h1_head).
    Head,
    /// Between two requests (T_ka_idle).
    Idle,
    /// The turn of whoever waits for an endpoint, all of a cluster's being at their limits (PRODUCT
    /// section 5).
    Queue,
    /// The upstream connect (T_connect).
    Connect,
    /// The upstream TLS handshake (T_tls).
    TlsUp,
    /// A request body that makes no progress.
    Request,
    /// A request body that comes too slowly, on the average.
    Pace,
    /// A response head (T_ttfb), from the connect on; any progress of the request restarts it.
    Response,
    /// A response body that makes no progress while there is room for it.
    Body,
    /// A tunnel or relay in which nothing moves (T_tunnel_idle, T_half_idle).
    Tunnel,
    /// Bytes that the client does not take (T_write_stall).
    WriteDown,
    /// Bytes that the origin does not take (T_write_stall).
    WriteUp,
    /// The peer's last word on the downstream leg after our FIN (T_linger_ack).
    Linger,
    /// A flush before a reset of the downstream leg (T_abort_flush), without progress.
    FlushDown,
    /// A flush before a reset of the upstream leg (T_abort_flush), without progress.
    FlushUp,
    /// The whole of a flush before a reset (T_abort_flush): the one bound on both legs.
    FlushTotal,
}

impl Timer {
    /// Every timer, in the order of the table.
    pub const ALL: [Timer; 17] = [
        Timer::Tls,
        Timer::Head,
        Timer::Idle,
        Timer::Queue,
        Timer::Connect,
        Timer::TlsUp,
        Timer::Request,
        Timer::Pace,
        Timer::Response,
        Timer::Body,
        Timer::Tunnel,
        Timer::WriteDown,
        Timer::WriteUp,
        Timer::Linger,
        Timer::FlushDown,
        Timer::FlushUp,
        Timer::FlushTotal,
    ];
}

impl fmt::Display for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Timer::Tls => "tls",
            Timer::Head => "head",
            Timer::Idle => "idle",
            Timer::Queue => "queue",
            Timer::Connect => "connect",
            Timer::TlsUp => "U tls",
            Timer::Request => "request",
            Timer::Pace => "pace",
            Timer::Response => "response",
            Timer::Body => "body",
            Timer::Tunnel => "tunnel",
            Timer::WriteDown => "D write",
            Timer::WriteUp => "U write",
            Timer::Linger => "linger",
            Timer::FlushDown => "D flush",
            Timer::FlushUp => "U flush",
            Timer::FlushTotal => "flush",
        })
    }
}

/// The armed timers of one session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Timers {
    at: [Moment; Timer::ALL.len()],
}

impl Timers {
    /// Whether `timer` is armed.
    #[must_use]
    pub fn armed(&self, timer: Timer) -> bool {
        self.at[timer as usize] != Moment::NEVER
    }

    /// When `timer` runs out, if it is armed.
    #[must_use]
    pub fn at(&self, timer: Timer) -> Option<Time> {
        self.at[timer as usize].get()
    }

    /// Brings `timer` into line with what the state calls for: arms it if it is wanted and not
    /// armed, stops it if it is not wanted. A timer that is already armed keeps its moment.
    #[inline]
    pub fn reconcile(&mut self, now: Time, timer: Timer, wanted: Option<Span>) {
        let slot = &mut self.at[timer as usize];
        *slot = match wanted {
            None => Moment::NEVER,
            Some(span) if *slot == Moment::NEVER => Moment::at(now + span),
            Some(_) => *slot,
        };
    }

    /// Forgets `timer`, so that the next [`Timers::reconcile`] arms it anew: there was progress.
    pub fn restart(&mut self, timer: Timer) {
        self.at[timer as usize] = Moment::NEVER;
    }

    /// Brings the moment of `timer`, which is armed, forward to `at`, if that is earlier.
    pub fn hasten(&mut self, timer: Timer, at: Time) {
        let slot = &mut self.at[timer as usize];
        if let Some(due) = slot.get() {
            *slot = Moment::at(due.min(at));
        }
    }

    /// The next wait and its reason.
    #[must_use]
    pub fn next(&self) -> Option<(Time, Timer)> {
        Timer::ALL
            .into_iter()
            .filter_map(|timer| self.at(timer).map(|at| (at, timer)))
            .min()
    }
}
