//! Which waits a state calls for. A pure function of the state: a timer runs exactly while the
//! session is in a state that it bounds, and starts anew with every progress of what it bounds.

use super::{Idle, Kind, Phase, Session, drain};
#[cfg(feature = "known-bad")]
use crate::ending::End;
use crate::{
    exchange::{Request, Response},
    leg::{Leg, ReadEnd, WriteEnd},
    side::Side,
    time::{Span, Time},
    timer::{These, Timer},
    vigil::Vigil,
};

/// T_write_stall of a leg.
pub(super) const fn write(side: Side) -> Timer {
    match side {
        Side::Down => Timer::WriteDown,
        Side::Up => Timer::WriteUp,
    }
}

/// The waits that begin anew when a leg takes bytes. No direction is cut short for its own pause
/// while the other one moves.
pub(super) const fn moved(side: Side) -> [Timer; 5] {
    [
        write(side),
        flush(side),
        Timer::Tunnel,
        Timer::Request,
        Timer::Body,
    ]
}

/// T_abort_flush of a leg.
pub(super) const fn flush(side: Side) -> Timer {
    match side {
        Side::Down => Timer::FlushDown,
        Side::Up => Timer::FlushUp,
    }
}

/// Every timer by its name, given to a macro. What is written with it does not compile, or a debug build
/// tells, if one is missing.
macro_rules! timers {
    ($to:ident) => {
        $to! {
            Tls Head Idle Queue Connect TlsUp Request Pace Response Body Tunnel WriteDown WriteUp Linger
            FlushDown FlushUp FlushTotal
        }
    };
}

impl Session {
    /// Arms what is wanted, stops what is not. `quiet`: of the state more is known.
    pub(super) fn bring_waits_into_line(&mut self, now: Time, quiet: bool) {
        self.keep_pace(now);
        let wanted = match quiet {
            true => self.all_wanted_in_quiet(),
            false => self.all_wanted(),
        };
        debug_assert_eq!(wanted, self.wanted_of_all(), "{self:?}");
        for timer in self.timers.stop_all_but(wanted) {
            let span = match quiet {
                true => self.wants_in_quiet(timer),
                false => self.wants_one(timer),
            };
            if let Some(span) = span {
                self.timers.arm(timer, now + span);
            }
        }
    }

    /// All that is wanted. Each timer by its name, so that the compiler drops what [`Session::wants`]
    /// says of the others.
    fn all_wanted(&self) -> These {
        macro_rules! all {
            ($($timer:ident)*) => { These::NONE$(.with(Timer::$timer, self.wants(Timer::$timer).is_some()))* };
        }
        match self.setup.kind {
            Kind::Http => timers!(all),
            // The others are an exchange's.
            Kind::Tcp => all! {
                Tls Queue Connect TlsUp Tunnel WriteDown WriteUp Linger FlushDown FlushUp FlushTotal
            },
        }
    }

    /// The same, asked of each.
    fn wanted_of_all(&self) -> These {
        let wants = |these: These, timer| these.with(timer, self.wants_one(timer).is_some());
        Timer::ALL.into_iter().fold(These::NONE, wants)
    }

    /// [`Session::wants`] of whichever timer, and of no other one.
    #[inline(never)]
    pub(super) fn wants_one(&self, one: Timer) -> Option<Span> {
        macro_rules! all {
            ($($timer:ident)*) => { match one { $(Timer::$timer => self.wants(Timer::$timer)),* } };
        }
        timers!(all)
    }

    /// How long the present state may wait for what `timer` bounds; `None` if it does not.
    #[must_use]
    pub fn bound(&self, timer: Timer) -> Option<Span> {
        self.wants(timer)
    }

    /// See [`Session::bound`].
    #[inline(always)]
    pub(super) fn wants(&self, timer: Timer) -> Option<Span> {
        let waits = &self.setup.timeouts;
        let (wanted, span) = match timer {
            Timer::Tls => (
                matches!(
                    self.phase,
                    Phase::ProxyHeader | Phase::Securing | Phase::Peeking
                ),
                waits.tls,
            ),
            // G4: who comes to a session that drains gets no longer than who is there already.
            Timer::Head if self.draining && self.phase == Phase::Idle(Idle::Fresh) => {
                (true, waits.idle_least.min(drain::AT_MOST))
            }
            Timer::Head => (self.waits_for_head(), waits.head),
            // I15: what was read behind the last answer has turned out to be no request.
            Timer::Idle if self.draining && self.phase == Phase::Idle(Idle::Kept) => {
                (true, waits.idle_least.min(drain::AT_MOST))
            }
            Timer::Idle => (self.phase == Phase::Idle(Idle::Kept), waits.idle),
            Timer::Queue => (matches!(self.up, Leg::Queued), waits.queue),
            Timer::Connect => (matches!(self.up, Leg::Connecting), waits.connect),
            Timer::TlsUp => (matches!(self.up, Leg::Securing), waits.tls_up),
            Timer::Request => (self.waits_for_request(), waits.request),
            Timer::Pace => (self.asks_for_pace(), self.pace_left()),
            Timer::Response => (self.waits_for_response(), waits.response),
            Timer::Body => (self.waits_for_body(), self.body_wait()),
            Timer::Tunnel => (self.phase == Phase::Tunnel, self.idle_wait()),
            Timer::WriteDown => (self.waits_to_write(Side::Down), self.write_wait(Side::Down)),
            Timer::WriteUp => (self.waits_to_write(Side::Up), self.write_wait(Side::Up)),
            Timer::Linger => (self.lingers(), waits.linger),
            Timer::FlushDown => (self.waits_to_flush(Side::Down), waits.flush),
            Timer::FlushUp => (self.waits_to_flush(Side::Up), waits.flush),
            Timer::FlushTotal => (
                self.waits_to_flush(Side::Down) || self.waits_to_flush(Side::Up),
                waits.flush_total,
            ),
        };
        #[cfg(feature = "known-bad")]
        if self.is_untimed(timer) {
            return None;
        }
        #[cfg(feature = "known-bad")]
        if timer == Timer::Tunnel && self.is_cut_short() {
            return Some(Span::from_ms(100).min(span));
        }
        #[cfg(feature = "known-bad")]
        if timer == Timer::Linger && self.finish_is_owed() {
            return Some(span);
        }
        #[cfg(feature = "known-bad")]
        if timer == Timer::Tunnel
            && wanted
            && crate::variant::bad!(self.setup, FinOnTimer).is_some()
            && self.fin_is_due()
        {
            return Some(Span::from_ms(100).min(span));
        }
        wanted.then_some(span)
    }

    /// `FinOnTimer`: whether a direction has ended and holds nothing, and its FIN has not gone.
    #[cfg(feature = "known-bad")]
    pub(super) fn fin_is_due(&self) -> bool {
        !self.wrong.fired
            && Side::BOTH
                .into_iter()
                .any(|side| self.leg(side).end().is_some() && self.from(side).bytes() == 0)
    }

    /// Whether a variant has forgotten to arm `timer`.
    #[cfg(feature = "known-bad")]
    fn is_untimed(&self, timer: Timer) -> bool {
        use crate::variant::Variant;
        let quiet = self.d2u.bytes() == 0 && self.u2d.bytes() == 0;
        let half_closed = self.down.end().is_some() || self.up.end().is_some();
        match self.setup.variant {
            Some(Variant::HalfClosedUntimed) => timer == Timer::Tunnel && half_closed && quiet,
            Some(Variant::LastFinAwaited) => timer == Timer::Linger,
            Some(Variant::StallIgnored) => matches!(timer, Timer::WriteDown | Timer::WriteUp),
            Some(Variant::FlushUntimed) => {
                matches!(timer, Timer::FlushDown | Timer::FlushUp | Timer::FlushTotal)
            }
            Some(_) | None => false,
        }
    }

    /// `ExpiryUnconsumed`, `HalfCloseDeadline`: whether a short timer runs on a half-closed tunnel.
    #[cfg(feature = "known-bad")]
    pub(super) fn is_cut_short(&self) -> bool {
        self.phase == Phase::Tunnel
            && crate::variant::bad!(self.setup, ExpiryUnconsumed | HalfCloseDeadline).is_some()
            && Side::BOTH
                .into_iter()
                .any(|side| self.leg(side).end() == Some(End::Clean))
    }

    /// `FinOnTimer`: whether an HTTP client's leg was to be finished, and its FIN has not gone.
    #[cfg(feature = "known-bad")]
    pub(super) fn finish_is_owed(&self) -> bool {
        let open = self.down.open();
        crate::variant::bad!(self.setup, FinOnTimer).is_some()
            && self.phase == Phase::Closing
            && open.is_some_and(|open| open.write == WriteEnd::Open)
    }

    /// T_half_idle from the first end on, T_tunnel_idle before.
    fn idle_wait(&self) -> Span {
        let ended = |side: Side| self.leg(side).end().is_some();
        match Side::BOTH.into_iter().any(ended) {
            true => self.setup.timeouts.half_idle,
            false => self.setup.timeouts.tunnel,
        }
    }

    /// T_body, or T_tunnel_idle where nobody knows when the origin has something to say (W9b).
    fn body_wait(&self) -> Span {
        match &self.phase {
            Phase::Exchange(exchange) if exchange.event_stream => self.setup.timeouts.tunnel,
            Phase::Exchange(_)
            | Phase::New
            | Phase::ProxyHeader
            | Phase::Securing
            | Phase::Peeking
            | Phase::Idle(_)
            | Phase::Tunnel
            | Phase::Closing
            | Phase::Closed => self.setup.timeouts.body,
        }
    }

    /// T_write_stall of what the session is for now (W9); T_linger_stall of what is left of it.
    pub(super) fn write_wait(&self, side: Side) -> Span {
        let waits = &self.setup.timeouts;
        let tunnel = self.setup.kind == Kind::Http && self.kind() == Kind::Tcp;
        match (side, tunnel) {
            (Side::Down, true) => waits.tunnel_write,
            (Side::Down, false) if self.phase == Phase::Closing => waits.linger_stall,
            (Side::Down, false) => waits.write,
            (Side::Up, true) => waits.tunnel_write_up,
            (Side::Up, false) => waits.write_up,
        }
    }

    /// What the kernel is to watch for on a leg, if it is there.
    #[must_use]
    pub fn vigil(&self, side: Side) -> Option<Vigil> {
        let keepalive = match side {
            Side::Down => self.setup.timeouts.keepalive,
            Side::Up => self.setup.timeouts.keepalive_up,
        };
        let outstanding = self.to(side).bytes() > 0;
        keepalive.over(self.leg(side), outstanding, self.write_wait(side))
    }

    fn waits_for_head(&self) -> bool {
        match &self.phase {
            Phase::Idle(idle) => *idle == Idle::Fresh,
            Phase::Exchange(exchange) => exchange.request == Request::Head,
            Phase::New
            | Phase::ProxyHeader
            | Phase::Securing
            | Phase::Peeking
            | Phase::Tunnel
            | Phase::Closing
            | Phase::Closed => false,
        }
    }

    /// The request's next bytes are the client's to send: the origin has taken all there is.
    pub(super) fn waits_for_request(&self) -> bool {
        let Phase::Exchange(exchange) = &self.phase else {
            return false;
        };
        // H14: a client that waits for a 100 waits for the origin; and one that gets a final head instead may
        // send no body at all.
        exchange.request == Request::Body
            && !exchange.expects
            && self.up.open().is_some()
            && self.d2u.bytes() == 0
            && self.down.end().is_none()
    }

    fn waits_for_response(&self) -> bool {
        let Phase::Exchange(exchange) = &self.phase else {
            return false;
        };
        exchange.is_unanswered() && self.up.open().is_some() && self.up.end().is_none()
    }

    /// The response's next bytes are the origin's to send: the client has taken all there is.
    fn waits_for_body(&self) -> bool {
        let Phase::Exchange(exchange) = &self.phase else {
            return false;
        };
        matches!(exchange.response, Response::Body(_))
            && self.u2d.bytes() == 0
            && self.up.open().is_some()
    }

    fn waits_to_write(&self, side: Side) -> bool {
        let Some(open) = self.leg(side).open() else {
            return false;
        };
        match open.write {
            WriteEnd::Open => self.to(side).bytes() > 0,
            WriteEnd::Finishing | WriteEnd::Sent => true,
            WriteEnd::Acked | WriteEnd::Flushing => false,
        }
    }

    /// T_linger_ack: our FIN is heard on every leg that is left, and some peer's has not come.
    fn lingers(&self) -> bool {
        let heard = |side: &Side| match self.leg(*side) {
            Leg::Open(open) => open.write == WriteEnd::Acked,
            Leg::Absent
            | Leg::Queued
            | Leg::Connecting
            | Leg::Securing
            | Leg::Gone(_)
            | Leg::Reset(_) => true,
        };
        let waits = |side: Side| {
            self.leg(side).open().is_some_and(|open| match open.read {
                ReadEnd::Open | ReadEnd::Notified | ReadEnd::Draining(_) => true,
                ReadEnd::Fin(_) | ReadEnd::Failed(_) => false,
            })
        };
        self.phase == Phase::Closing
            && Side::BOTH.iter().all(heard)
            && Side::BOTH.into_iter().any(waits)
    }

    fn waits_to_flush(&self, side: Side) -> bool {
        let flushing = self
            .leg(side)
            .open()
            .is_some_and(|open| open.write == WriteEnd::Flushing);
        // In HTTP a response that came before the failure is still whole (I14, U11): it leaves at
        // the client's pace, and T_write_stall bounds that.
        let about_to = self.kind() == Kind::Tcp
            && self.is_draining(side.other())
            && self.leg(side).open().is_some()
            && self.to(side).bytes() > 0;
        // R11: what was read with a head may have to wait for room before the flush can begin (W4).
        let behind = self.unread(side.other()) > 0
            && self.has_broken_off(side.other())
            && self.leg(side).open().is_some();
        flushing || about_to || behind
    }
}
