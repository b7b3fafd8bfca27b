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
    /// The upstream leg, and why. Whether nobody else counts its end.
    Up(CloseCause, bool),
    /// The client's handshake.
    Handshake,
}

impl<N: Network> Driver<N> {
    /// What this event ends that had not begun, as far as it can.
    #[inline]
    pub(super) fn foresees(&self, event: &Event) -> Option<Vain> {
        if let Event::Unconnected(refusal) = *event {
            Some(Vain::Up(CloseCause::of_refusal(refusal), true))
        } else if let Event::Failed(Side::Up, cause, _) = *event {
            self.is_securing(Side::Up).then(|| refused(cause))
        } else if let Event::Fin(Side::Up) = *event {
            self.is_securing(Side::Up).then(|| refused(Cause::Tls))
        } else if let Event::Fired = *event {
            self.foresees_expiry()
        } else if let Event::DrainExpired | Event::Killed(_) = *event {
            // Behind a PROXY header it has not begun.
            (*self.session.phase() == Phase::Securing).then_some(Vain::Handshake)
        } else {
            None
        }
    }

    #[cold]
    fn foresees_expiry(&self) -> Option<Vain> {
        let timer = self.session.deadline()?.1;
        if let Timer::Queue | Timer::Connect | Timer::TlsUp = timer {
            return Some(refused(Cause::Expired(timer)));
        }
        let handshake = timer == Timer::Tls && *self.session.phase() == Phase::Securing;
        handshake.then_some(Vain::Handshake)
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
            Vain::Up(why, uncounted) => {
                if let Some(cluster) = self.cluster() {
                    cluster.unconnected(why);
                }
                if uncounted {
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
