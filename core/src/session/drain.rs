//! The drain, as a session hears of it (LIFECYCLE 4.9): no request more than those begun, and those
//! on their way.
//!
//! It waits for nothing. Who tells every session, and when the last of them must be over, is the
//! driver's business.

use super::{Idle, Phase, Session};
use crate::{
    bug,
    effect::Effects,
    time::{Span, Time},
    timer::Timer,
};

/// Whatever T_ka_min is, no quiet connection outlives the beginning of a drain by more (G4).
pub(super) const AT_MOST: Span = Span::from_secs(5);

impl Session {
    /// G3: what is in flight is finished, and its answer is the connection's last. G4: a client
    /// that has just had an answer, or has just come, may have a request on its way; it gets the
    /// rest of T_ka_min. G6: a tunnel goes on.
    pub(super) fn drain(&mut self, now: Time, effects: &mut Effects) {
        self.draining = true;
        let Some((timer, span)) = self.quiet() else {
            return;
        };
        let Some(at) = self.timers.at(timer) else {
            bug!("a quiet that nothing bounds")
        };
        let begun = Time(at.0.saturating_sub(span.0));
        let until = (begun + self.setup.timeouts.idle_least).min(now + AT_MOST);
        if until <= now {
            self.close_down(effects);
        } else {
            self.timers.hasten(timer, until);
        }
    }

    /// Between two requests: the timer that bounds the quiet, and for how long.
    fn quiet(&self) -> Option<(Timer, Span)> {
        let waits = &self.setup.timeouts;
        match self.phase {
            Phase::Idle(Idle::Fresh) => Some((Timer::Head, waits.head)),
            Phase::Idle(Idle::Kept) => Some((Timer::Idle, waits.idle)),
            Phase::New
            | Phase::Securing
            | Phase::Peeking
            | Phase::Exchange(_)
            | Phase::Tunnel
            | Phase::Closing
            | Phase::Closed => None,
        }
    }
}
