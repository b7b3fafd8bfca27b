//! The states in which nothing has ended, where most steps begin and end: no rule speaks of them.
//!
//! It owns nothing, and decides nothing: it only knows what need not be asked.

use super::{Phase, Session};
use crate::{
    event::Event,
    exchange::{Request, Response},
    interest::{Asks, Interest, Read},
    leg::{Leg, ReadEnd, WriteEnd},
    side::Side,
};

impl Session {
    /// Whether nothing has ended on either leg, and the exchange under way, if there is one, has not
    /// either: no rule speaks of such a state, and a report has nothing to say of its ends. Most steps
    /// that carry bytes lead from one of these to another. The walk finds no rule that would move.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        #[cfg(feature = "known-bad")]
        if self.setup.variant.is_some() {
            return false;
        }
        let open = |leg: &Leg| {
            let open = leg.open();
            open.is_some_and(|open| open.read == ReadEnd::Open && open.write == WriteEnd::Open)
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

    /// What is asked of each leg ([`Session::asks`]), and whether nothing has ended.
    #[must_use]
    pub fn asks_of_both(&self) -> ([Asks; 2], bool) {
        let quiet = self.is_quiet();
        let asks = match &self.phase {
            Phase::Tunnel if quiet => Side::BOTH.map(|side| self.asks_of_tunnel(side)),
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
        debug_assert_eq!(asks, Side::BOTH.map(|side| self.asks(side)), "{self:?}");
        (asks, quiet)
    }

    /// The same of one leg of a tunnel in which nothing has ended.
    fn asks_of_tunnel(&self, side: Side) -> Asks {
        let plain = |open: &&crate::leg::Open| open.inbox.left == 0;
        let Some(open) = self.leg(side).open().filter(plain) else {
            return self.asks(side);
        };
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
            hints: room == 0 && !open.hinted,
            writes: true,
            finish: false,
        }
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
