//! What an event says of the endpoint that was asked: whether it answers, or cannot.
//!
//! It waits for nothing and moves nothing. It looks at each event just before the session does, while
//! the share in the endpoint is still there to be told.

use super::Driver;
use crate::net::Network;
use tidegate_core::{
    ending::Cause,
    event::{Decoded, Event, Head, Origin},
    session::{Kind, Phase},
    side::Side,
    timer::Timer,
};

impl<N: Network> Driver<N> {
    /// Tells the share in the endpoint what `event` says of it, if it says anything.
    #[inline]
    pub(super) fn tell_outcome(&self, event: &Event) {
        match *event {
            Event::Decoded(Side::Up, Decoded { head, .. }) => {
                if let (Head::Response(facts), Some(held)) = (head, &self.held) {
                    held.answered(self.now, facts.status);
                }
            }
            Event::Declined(status) => {
                if let Some(held) = &self.held {
                    held.answered(self.now, status);
                }
            }
            // Over TLS the handshake is still to come.
            Event::Connected(Origin::Fresh) if !self.session.setup().up_tls => self.tell_reached(),
            Event::Secured(Side::Up, _) => self.tell_reached(),
            Event::Failed(Side::Up, cause, _) => self.tell_broken_off(blames(cause), false),
            // Over TLS this is often the last word, for nobody waits for the FIN behind it.
            Event::CloseNotify(Side::Up) | Event::Fin(Side::Up) => {
                self.tell_broken_off(true, false);
            }
            Event::Refused(Side::Up, _) => self.tell_broken_off(true, true),
            Event::Fired => self.tell_expired(),
            Event::Accepted
            | Event::Introduced
            | Event::Rejected(_)
            | Event::Secured(Side::Down, _)
            | Event::Peeked(_)
            | Event::Routed(_)
            | Event::Queued
            | Event::Granted
            | Event::Connected(_)
            | Event::Redialled
            | Event::Unconnected(_)
            | Event::Received(..)
            | Event::Piped(..)
            | Event::Copied(_)
            | Event::Decoded(Side::Down, _)
            | Event::Refused(Side::Down, _)
            | Event::Sent(..)
            | Event::CloseNotify(Side::Down)
            | Event::Unaccepted
            | Event::Fin(Side::Down)
            | Event::Undelivered(_)
            | Event::Failed(Side::Down, ..)
            | Event::Hinted(_)
            | Event::Finished(_)
            | Event::Acked(_)
            | Event::Evicted
            | Event::Drained
            | Event::DrainExpired
            | Event::Killed(_) => {}
        }
    }

    /// The upstream leg is there. An endpoint that is asked for nothing more has done what it is asked
    /// for.
    fn tell_reached(&self) {
        if let (Kind::Tcp, Some(held)) = (self.service.setup.kind, &self.held) {
            held.reached(self.now);
        }
    }

    /// The upstream leg has ended before an answer had come. That a connection which was idle is
    /// closed at that moment says nothing (U01 to U03); `spoke`: but it had something to say.
    #[cold]
    fn tell_broken_off(&self, blames: bool, spoke: bool) {
        let Some(held) = &self.held else {
            return;
        };
        let securing = self.session.leg(Side::Up).is_coming();
        let unanswered = match self.session.phase() {
            Phase::Exchange(exchange) => {
                let idle = exchange.origin == Some(Origin::Reused) && !spoke;
                exchange.is_unanswered() && !idle
            }
            Phase::New
            | Phase::ProxyHeader
            | Phase::Securing
            | Phase::Peeking
            | Phase::Idle(_)
            | Phase::Tunnel
            | Phase::Closing
            | Phase::Closed => false,
        };
        if blames && (securing || unanswered) {
            held.failed(self.now);
        }
    }

    /// A wait is over; whose silence it was.
    #[cold]
    fn tell_expired(&self) {
        let Some((_, timer)) = self.session.deadline() else {
            return;
        };
        match timer {
            Timer::TlsUp | Timer::Response => {
                if let Some(held) = &self.held {
                    held.failed(self.now);
                }
            }
            // Said of each endpoint that was dialled, as it was given up.
            Timer::Connect
            | Timer::Tls
            | Timer::Head
            | Timer::Idle
            | Timer::Queue
            | Timer::Request
            | Timer::Pace
            | Timer::Body
            | Timer::Tunnel
            | Timer::WriteDown
            | Timer::WriteUp
            | Timer::Linger
            | Timer::FlushDown
            | Timer::FlushUp
            | Timer::FlushTotal => {}
        }
    }
}

/// Whether a failure says something of the endpoint, and not of us.
const fn blames(cause: Cause) -> bool {
    match cause {
        Cause::Reset
        | Cause::TimedOut
        | Cause::Unreachable
        | Cause::Refused
        | Cause::Tls
        | Cause::Certificate
        | Cause::Protocol => true,
        Cause::Cancelled
        | Cause::Expired(_)
        | Cause::Deadline
        | Cause::Killed
        | Cause::Rejected(_)
        | Cause::Local => false,
    }
}
