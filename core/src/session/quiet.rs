//! The states in which nothing has ended, where most steps begin and end: no rule speaks of them.
//!
//! It owns nothing, and decides nothing: it only knows what need not be asked.

use super::{Idle, Phase, Session};
use crate::{
    event::Event,
    exchange::{Request, Response},
    interest::{Asks, Interest, Read},
    leg::{Leg, Open, ReadEnd, WriteEnd},
    side::Side,
    time::Span,
    timer::{These, Timer},
};

impl Session {
    /// Whether nothing has ended on either leg nor is said to have (R17), and the exchange under way, if there is
    /// one, has not either: no rule speaks of such a state, and a report has nothing to say of its ends. Most steps
    /// that carry bytes lead from one of these to another. The walk finds no rule that would move.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        #[cfg(feature = "known-bad")]
        if self.setup.variant.is_some() {
            return false;
        }
        let open = |leg: &Leg| {
            let open = leg.open();
            open.is_some_and(|open| {
                open.read == ReadEnd::Open && open.write == WriteEnd::Open && !open.hinted
            })
        };
        let up = match &self.phase {
            Phase::Idle(_) => matches!(self.up, Leg::Absent),
            Phase::Tunnel => open(&self.up),
            Phase::Exchange(exchange) => {
                let request = !matches!(exchange.request, Request::Gone);
                let response = match exchange.response {
                    Response::Waiting | Response::Body(_) => true,
                    // What is left of it is only to be written.
                    Response::Complete => {
                        exchange.request == Request::Complete && self.u2d.bytes() > 0
                    }
                    Response::Broken => false,
                };
                let up = matches!(self.up, Leg::Queued | Leg::Connecting) || open(&self.up);
                request && response && up
            }
            Phase::New
            | Phase::ProxyHeader
            | Phase::Securing
            | Phase::Peeking
            | Phase::Closing
            | Phase::Closed => false,
        };
        up && open(&self.down)
    }

    /// What is asked of each leg ([`Session::asks`]), and whether nothing has ended; `knows`: it is known that
    /// nothing has.
    #[must_use]
    pub fn asks_of_both(&self, knows: bool) -> ([Asks; 2], bool) {
        let quiet = knows || self.is_quiet();
        let asks = match &self.phase {
            Phase::Tunnel if quiet => Side::BOTH.map(|side| self.asks_of_tunnel(side)),
            Phase::Exchange(_) | Phase::Idle(_) if quiet => {
                Side::BOTH.map(|side| self.asks_in_quiet(side))
            }
            Phase::Tunnel
            | Phase::New
            | Phase::ProxyHeader
            | Phase::Securing
            | Phase::Peeking
            | Phase::Idle(_)
            | Phase::Exchange(_)
            | Phase::Closing
            | Phase::Closed => Side::BOTH.map(|side| self.asks(side)),
        };
        debug_assert_eq!(quiet, self.is_quiet(), "{self:?}");
        debug_assert_eq!(asks, Side::BOTH.map(|side| self.asks(side)), "{self:?}");
        (asks, quiet)
    }

    /// The same of one leg while nothing has ended.
    #[inline]
    fn asks_in_quiet(&self, side: Side) -> Asks {
        let Some(open) = self.leg(side).open() else {
            return Asks::NONE;
        };
        let read = self.read_open(side, open.inbox);
        let write = self.to(side).bytes();
        let unread = read == Read::Off;
        Asks {
            interest: Interest {
                read,
                decode: self.decode(side, open),
                write,
                last: write > 0 && self.says_last(side),
                acked: false,
            },
            faults: unread,
            hints: unread,
            writes: true,
            finish: false,
        }
    }

    /// The same of one leg of a tunnel in which nothing has ended.
    #[inline]
    fn asks_of_tunnel(&self, side: Side) -> Asks {
        let is_plain = |open: &Open| open.inbox.left == 0;
        if !self.leg(side).open().is_some_and(is_plain) {
            return self.asks(side);
        }
        let room = self.from(side).room();
        Asks {
            interest: Interest {
                read: match room {
                    0 => Read::Off,
                    room => Read::Take(room),
                },
                write: self.to(side).bytes(),
                ..Interest::NONE
            },
            faults: room == 0,
            hints: room == 0,
            writes: true,
            finish: false,
        }
    }

    /// All the waits that are wanted: both ends of each leg that there is are open, so nobody lingers or
    /// flushes.
    pub(super) fn all_wanted_in_quiet(&self) -> These {
        let wanted = match &self.phase {
            Phase::Idle(idle) => {
                let fresh = *idle == Idle::Fresh;
                return These::NONE
                    .with(Timer::Head, fresh)
                    .with(Timer::Idle, !fresh);
            }
            Phase::Tunnel => These::NONE.with(Timer::Tunnel, true),
            Phase::Exchange(exchange) => {
                let open = self.up.open().is_some();
                let unanswered = exchange.is_unanswered();
                let request = exchange.request == Request::Body
                    && !exchange.expects
                    && open
                    && self.d2u.bytes() == 0;
                let body = matches!(exchange.response, Response::Body(_));
                These::NONE
                    .with(Timer::Head, exchange.request == Request::Head)
                    .with(Timer::Queue, matches!(self.up, Leg::Queued))
                    .with(Timer::Connect, matches!(self.up, Leg::Connecting))
                    .with(Timer::Request, request)
                    .with(Timer::Pace, request && self.setup.limits.body_rate > 0)
                    .with(Timer::Response, unanswered && open)
                    .with(Timer::Body, body && open && self.u2d.bytes() == 0)
            }
            Phase::New
            | Phase::ProxyHeader
            | Phase::Securing
            | Phase::Peeking
            | Phase::Closing
            | Phase::Closed => These::NONE,
        };
        let up = self.up.open().is_some() && self.d2u.bytes() > 0;
        wanted
            .with(Timer::WriteDown, self.u2d.bytes() > 0)
            .with(Timer::WriteUp, up)
    }

    /// How long one of them may last.
    #[inline]
    pub(super) fn wants_in_quiet(&self, timer: Timer) -> Option<Span> {
        let span = match timer {
            Timer::Tunnel => self.setup.timeouts.tunnel,
            Timer::WriteDown => self.write_wait(Side::Down),
            Timer::WriteUp => self.write_wait(Side::Up),
            Timer::Tls
            | Timer::Head
            | Timer::Idle
            | Timer::Queue
            | Timer::Connect
            | Timer::TlsUp
            | Timer::Request
            | Timer::Pace
            | Timer::Response
            | Timer::Body
            | Timer::Linger
            | Timer::FlushDown
            | Timer::FlushUp
            | Timer::FlushTotal => return self.wants_one(timer),
        };
        debug_assert_eq!(Some(span), self.wants_one(timer), "{self:?}");
        Some(span)
    }
}

/// Whether an event is about bytes on their way, and about no end of anything.
pub(super) const fn carries(event: &Event) -> bool {
    match event {
        Event::Received(..)
        | Event::Decoded(..)
        | Event::Sent(..)
        | Event::Routed(_)
        | Event::Piped(..)
        | Event::Copied(_)
        | Event::Queued
        | Event::Granted
        | Event::Redialled
        | Event::Connected(_) => true,
        Event::Accepted
        | Event::Introduced
        | Event::Rejected(_)
        | Event::Secured(..)
        | Event::Peeked(_)
        | Event::Unconnected(_)
        | Event::Refused(..)
        | Event::Declined(_)
        | Event::CloseNotify(_)
        | Event::Unaccepted
        | Event::Fin(_)
        | Event::Undelivered(_)
        | Event::Failed(..)
        | Event::Hinted(_)
        | Event::Finished(_)
        | Event::Acked(_)
        | Event::Fired
        | Event::Evicted
        | Event::Drained
        | Event::DrainExpired
        | Event::Killed(_) => false,
    }
}
