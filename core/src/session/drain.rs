//! The drain, as a session hears of it (LIFECYCLE 4.9): no request more than those begun, and those
//! on their way; and the one deadline of it all.
//!
//! It waits for nothing. Who tells every session, and when, is the driver's business.

use super::{Idle, Phase, Session};
use crate::{
    bug,
    effect::{Effect, Effects},
    ending::{Cause, During, End},
    event::Kill,
    leg::{Leg, WriteEnd},
    report::Loss,
    side::Side,
    time::{Span, Time},
    timer::Timer,
};

/// Whatever T_ka_min is, no quiet connection outlives the beginning of a drain by more (G4).
pub(super) const AT_MOST: Span = Span::from_secs(5);

impl Session {
    /// G3: what is in flight is finished, and so is what was read behind it (I15); the last answer is
    /// the connection's. G4: a client
    /// that has just had an answer, or has just come, may have a request on its way; it gets the
    /// rest of T_ka_min. G6: a tunnel goes on.
    pub(super) fn drain(&mut self, now: Time, effects: &mut Effects) {
        let drained_before = core::mem::replace(&mut self.draining, true);
        #[cfg(feature = "known-bad")]
        if crate::variant::bad!(self.setup, DrainDropsRequest).is_some()
            && self.u2d.bytes() == 0
            && self
                .exchange()
                .is_some_and(crate::exchange::Exchange::is_unanswered)
        {
            self.drop_origin(effects);
            self.close_down(effects);
            return;
        }
        let Some((timer, span)) = self.quiet().filter(|_| !drained_before) else {
            return;
        };
        let Some(at) = self.timers.at(timer) else {
            bug!("a quiet that nothing bounds")
        };
        let begun = Time(at.0.saturating_sub(span.0));
        let most = now + AT_MOST;
        // I15: what was read behind the last answer is looked at first.
        let until = match self.has_unread_request() {
            true => most,
            false => most.min(begun + self.setup.timeouts.idle_least),
        };
        if until <= now {
            self.close_down(effects);
        } else {
            self.timers.hasten(timer, until);
        }
    }

    /// G6, G9: T_drain has passed. Every leg that is left is reset, whatever it waits for: no
    /// close_notify, no FIN. Only one that has been told all, and whose peer has acknowledged it,
    /// loses nothing by a close (K21, G8).
    pub(super) fn cut(&mut self, cause: Cause, effects: &mut Effects) {
        let heard = |leg: &Leg| leg.open().is_some_and(|open| open.write == WriteEnd::Acked);
        let told_all = self.phase == Phase::Closing;
        let during = self.during();
        for side in Side::BOTH {
            match self.leg(side) {
                Leg::Absent | Leg::Gone(_) | Leg::Reset(_) => continue,
                Leg::Open(_) if told_all && heard(self.leg(side)) => {
                    self.leg_mut(side).gone(End::Abort(cause));
                    effects.push(Effect::Close(side));
                    continue;
                }
                Leg::Queued | Leg::Connecting => {
                    self.relay_to_mut(side).discard(Loss::of(cause));
                    self.leg_mut(side).reset(End::Abort(cause));
                    effects.push(Effect::Cancel);
                }
                Leg::Securing | Leg::Open(_) => self.reset(side, cause, effects),
            }
            self.note_cut(cause, during);
        }
        // No exchange is left to be parted, and no tunnel.
        self.phase = Phase::Closing;
    }

    /// G10: an operator ends it. A request under way is answered, if it may be; a tunnel has no end of
    /// its own, and nobody is to take this for one.
    pub(super) fn kill(&mut self, now: Time, kill: Kill, effects: &mut Effects) {
        match (kill, &self.phase) {
            (Kill::Last, Phase::Idle(_)) => {
                self.note_cut(Cause::Killed, During::Idle);
                match self.has_unread_request() {
                    // I15: a request that was read is under way, whether it was looked at or not.
                    true => {
                        self.killed = true;
                        self.drain(now, effects);
                    }
                    false => self.close_down(effects),
                }
            }
            (Kill::Last, Phase::Exchange(_)) => {
                self.note_cut(Cause::Killed, During::Exchange);
                self.draining = true;
                self.killed = true;
            }
            (Kill::Last, Phase::Closing | Phase::Closed) => {}
            (
                Kill::Last | Kill::Reset,
                Phase::New
                | Phase::ProxyHeader
                | Phase::Securing
                | Phase::Peeking
                | Phase::Idle(_)
                | Phase::Exchange(_)
                | Phase::Tunnel
                | Phase::Closing
                | Phase::Closed,
            ) => self.cut(Cause::Killed, effects),
        }
    }

    fn has_unread_request(&self) -> bool {
        let client = self.down.open();
        client.is_some_and(|open| open.inbox.decodable())
    }

    /// Between two requests: the timer that bounds the quiet, and for how long.
    fn quiet(&self) -> Option<(Timer, Span)> {
        let waits = &self.setup.timeouts;
        match self.phase {
            Phase::Idle(Idle::Fresh) => Some((Timer::Head, waits.head)),
            Phase::Idle(Idle::Kept) => Some((Timer::Idle, waits.idle)),
            Phase::New
            | Phase::ProxyHeader
            | Phase::Securing
            | Phase::Peeking
            | Phase::Exchange(_)
            | Phase::Tunnel
            | Phase::Closing
            | Phase::Closed => None,
        }
    }
}
