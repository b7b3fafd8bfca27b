//! What was in vain: handshakes, and legs that were never there, however it comes to be known.
//!
//! It owns nothing, and waits for nothing. It looks at the few events that may say so, before the session is
//! told and behind it.

use super::Driver;
use crate::{net::Network, observe::Handshake};
use tidegate_core::{
    close::CloseCause,
    ending::Cause,
    event::{Event, Refusal},
    leg::Leg,
    session::Phase,
    side::Side,
    timer::Timer,
};

/// What an event is about to end that had not begun.
#[derive(Clone, Copy, Debug)]
pub(super) enum Vain {
    /// The upstream leg, and why; and whether how it ended is to be counted here.
    Up(CloseCause, bool),
    /// The client's handshake.
    Handshake,
}

impl<N: Network> Driver<N> {
    /// What this event ends that had not begun, as far as it can.
    #[inline]
    pub(super) fn foresees(&self, event: &Event) -> Option<Vain> {
        match *event {
            Event::Unconnected(refusal) => Some(Vain::Up(CloseCause::of_refusal(refusal), true)),
            Event::Failed(Side::Up, cause, _) => self.is_securing(Side::Up).then(|| refused(cause)),
            Event::Fin(Side::Up) => self.is_securing(Side::Up).then(|| refused(Cause::Tls)),
            Event::Fired => self.foresees_expiry(),
            Event::DrainExpired | Event::Killed(_) => self.is_shaking().then_some(Vain::Handshake),
            Event::Accepted
            | Event::Introduced
            | Event::Rejected(_)
            | Event::Secured(..)
            | Event::Peeked(_)
            | Event::Routed(_)
            | Event::Queued
            | Event::Granted
            | Event::Redialled
            | Event::Connected(_)
            | Event::Received(..)
            | Event::Piped(..)
            | Event::Copied(_)
            | Event::Decoded(..)
            | Event::Refused(..)
            | Event::Declined(_)
            | Event::Sent(..)
            | Event::CloseNotify(_)
            | Event::Unaccepted
            | Event::Fin(Side::Down)
            | Event::Undelivered(_)
            | Event::Failed(Side::Down, ..)
            | Event::Hinted(_)
            | Event::Finished(_)
            | Event::Acked(_)
            | Event::Evicted
            | Event::Drained => None,
        }
    }

    #[cold]
    fn foresees_expiry(&self) -> Option<Vain> {
        let timer = self.session.deadline()?.1;
        match timer {
            Timer::Queue | Timer::Connect | Timer::TlsUp => Some(refused(Cause::Expired(timer))),
            Timer::Tls => self.is_shaking().then_some(Vain::Handshake),
            Timer::Head
            | Timer::Idle
            | Timer::Request
            | Timer::Pace
            | Timer::Response
            | Timer::Body
            | Timer::Tunnel
            | Timer::WriteDown
            | Timer::WriteUp
            | Timer::Linger
            | Timer::FlushDown
            | Timer::FlushUp
            | Timer::FlushTotal => None,
        }
    }

    /// Whether the client's handshake is under way: it has begun, behind any PROXY header, and has not failed.
    fn is_shaking(&self) -> bool {
        *self.session.phase() == Phase::Securing && self.is_securing(Side::Down)
    }

    fn is_securing(&self, side: Side) -> bool {
        matches!(self.session.leg(side), Leg::Securing)
    }

    /// It has come to that.
    #[cold]
    pub(super) fn note_vain(&self, vain: Vain) {
        match vain {
            // The request is sent again.
            Vain::Up(..) if self.session.leg(Side::Up).is_coming() => {}
            Vain::Up(why, counts) => {
                if let Some(cluster) = self.cluster() {
                    cluster.unconnected(why);
                }
                if counts {
                    self.count(Side::Up);
                }
            }
            Vain::Handshake => self.note_handshake(false, None, false),
        }
    }

    /// The client's TLS handshake is over.
    pub(super) fn note_handshake(&self, done: bool, version: Option<&'static str>, resumed: bool) {
        let span = self.now.since(self.begun);
        let handshake = Handshake {
            done,
            version,
            // Of one that failed nothing went on.
            resumed: resumed && done,
        };
        self.service.listened.shook_hands(handshake, span);
    }
}

fn refused(cause: Cause) -> Vain {
    Vain::Up(CloseCause::of_refusal(Refusal::Failed(cause)), false)
}
