//! The named waits of a session and the one deadline that follows from them.
//!
//! A timer is not armed by the rule that happens to need it: after every step the session says
//! which waits its state calls for (`session/waits.rs`), and this table is brought into line.
//! So a timer cannot be forgotten, and none outlives what it was for.

use crate::{
    bug,
    time::{Moment, Span, Time},
};
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
    /// A peer's last word after our FIN (T_linger_ack): the client's, or that of an origin over TLS that has said
    /// close_notify (S16).
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

    /// Where its moment is kept. Of those that share a place no two are ever called for by one state: the
    /// phase tells them apart, or how far the upstream leg has come, or how far the answer has.
    const fn place(self) -> usize {
        match self {
            Timer::Tls
            | Timer::Head
            | Timer::Idle
            | Timer::Request
            | Timer::Tunnel
            | Timer::Linger => 0,
            Timer::Queue | Timer::Connect | Timer::TlsUp | Timer::WriteUp => 1,
            Timer::Response | Timer::Body => 2,
            Timer::Pace => 3,
            Timer::WriteDown => 4,
            Timer::FlushDown => 5,
            Timer::FlushUp => 6,
            Timer::FlushTotal => 7,
        }
    }
}

/// Places for moments.
const PLACES: usize = 8;

/// Who shares each of them.
const SHARED: [These; PLACES] = {
    let mut shared = [These::NONE; PLACES];
    let mut next = 0;
    while next < Timer::ALL.len() {
        let timer = Timer::ALL[next];
        shared[timer.place()] = shared[timer.place()].with(timer, true);
        next += 1;
    }
    shared
};

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

/// Some timers: a bit for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct These(u32);

impl These {
    /// None of them.
    pub const NONE: These = These(0);

    /// These, and `timer` if it is one of them.
    #[inline]
    #[must_use]
    pub const fn with(self, timer: Timer, is: bool) -> These {
        These(self.0 | ((is as u32) << timer as u32))
    }

    /// Whether `timer` is one of them.
    #[inline]
    #[must_use]
    pub const fn has(self, timer: Timer) -> bool {
        self.0 & (1 << timer as u32) != 0
    }

    /// Whether any of them is one of `others`.
    #[inline]
    const fn meet(self, others: These) -> bool {
        self.0 & others.0 != 0
    }

    /// These, without those of `others`.
    #[inline]
    #[must_use]
    pub const fn without(self, others: These) -> These {
        These(self.0 & !others.0)
    }
}

impl Iterator for These {
    type Item = Timer;

    /// Takes the first one out.
    #[inline]
    fn next(&mut self) -> Option<Timer> {
        let first = self.0.trailing_zeros() as usize;
        let timer = Timer::ALL.get(first).copied();
        self.0 &= self.0.wrapping_sub(1);
        timer
    }
}

/// The armed timers of one session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Timers {
    /// Never, where nobody's is kept.
    at: [Moment; PLACES],
    /// Which of them have a moment.
    armed: These,
}

impl Timers {
    /// Whether `timer` is armed.
    #[must_use]
    pub fn armed(&self, timer: Timer) -> bool {
        self.at(timer).is_some()
    }

    /// Whether `timer` is armed, and no other one.
    #[must_use]
    pub(crate) fn has_only(&self, timer: Timer) -> bool {
        self.armed == These::NONE.with(timer, true)
    }

    /// When `timer` runs out, if it is armed.
    #[must_use]
    pub fn at(&self, timer: Timer) -> Option<Time> {
        self.armed
            .has(timer)
            .then(|| self.at[timer.place()].get())?
    }

    /// Stops all but those that the state calls for, and says which of these are not armed. A timer that
    /// is already armed keeps its moment.
    #[inline]
    pub fn stop_all_but(&mut self, wanted: These) -> These {
        for timer in self.armed.without(wanted) {
            self.restart(timer);
        }
        wanted.without(self.armed)
    }

    /// Brings `timer` into line with what the state calls for: arms it if it is wanted and not
    /// armed, stops it if it is not wanted. A timer that is already armed keeps its moment.
    pub fn reconcile(&mut self, now: Time, timer: Timer, wanted: Option<Span>) {
        match wanted {
            None => self.restart(timer),
            Some(span) if !self.armed(timer) => self.arm(timer, now + span),
            Some(_) => {}
        }
    }

    /// Arms `timer`.
    ///
    /// # Panics
    ///
    /// When another timer has its place (`bug!`).
    #[inline]
    pub fn arm(&mut self, timer: Timer, at: Time) {
        let this = These::NONE.with(timer, true);
        if self.armed.without(this).meet(SHARED[timer.place()]) {
            bug!("two waits of which no state can call for both")
        }
        self.at[timer.place()] = Moment::at(at);
        self.armed = self.armed.with(timer, true);
    }

    /// Forgets `timer`, so that it is armed anew if it is wanted: there was progress.
    #[inline]
    pub fn restart(&mut self, timer: Timer) {
        if self.armed.has(timer) {
            self.at[timer.place()] = Moment::NEVER;
            self.armed = self.armed.without(These::NONE.with(timer, true));
        }
    }

    /// Brings the moment of `timer`, which is armed, forward to `at`, if that is earlier.
    pub fn hasten(&mut self, timer: Timer, at: Time) {
        if let Some(due) = self.at(timer) {
            self.at[timer.place()] = Moment::at(due.min(at));
        }
    }

    /// When the next wait runs out.
    #[inline]
    #[must_use]
    pub fn soonest(&self) -> Moment {
        let moments = self.armed.map(|timer| self.at[timer.place()]);
        moments.fold(Moment::NEVER, Moment::min)
    }

    /// The next wait and its reason.
    #[must_use]
    pub fn next(&self) -> Option<(Time, Timer)> {
        self.armed
            .filter_map(|timer| self.at(timer).map(|at| (at, timer)))
            .min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_one_timers_at_a_time() {
        let mut timers = Timers::default();
        timers.arm(Timer::Head, Time(3));
        timers.restart(Timer::Idle);
        timers.hasten(Timer::Idle, Time(1));
        assert_eq!(timers.next(), Some((Time(3), Timer::Head)));
        assert_eq!(
            (timers.at(Timer::Idle), timers.soonest()),
            (None, Moment::at(Time(3)))
        );
        timers.restart(Timer::Head);
        timers.arm(Timer::Idle, Time(7));
        assert_eq!(
            (timers.armed(Timer::Head), timers.armed(Timer::Idle)),
            (false, true)
        );
        assert_eq!(timers.next(), Some((Time(7), Timer::Idle)));
    }

    #[test]
    #[should_panic = "no state can call for both"]
    fn two_in_one_place_are_a_bug() {
        let mut timers = Timers::default();
        timers.arm(Timer::Head, Time(3));
        timers.arm(Timer::Idle, Time(7));
    }
}
