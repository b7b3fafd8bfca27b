//! Moments at which all that a session is follows from its setup and a few facts: between two requests,
//! and in a tunnel with nothing inside. A record of its steps may begin there (`record/mark.rs`).

use super::{Idle, Phase, Session};
use crate::{
    leg::{Leg, ReadEnd, WriteEnd},
    relay::{Relay, Sink, Source},
    time::Time,
    timer::Timer,
};

/// At which of these moments a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// A request was answered, and nothing has come behind it.
    Idle,
    /// Both legs of a tunnel are open, and nothing is between them.
    Tunnel,
}

impl Session {
    /// Whether the step at `now` has led to such a moment: nothing has ended or been asked to, nothing is
    /// inside, and the one wait has just begun.
    #[inline]
    #[must_use]
    pub fn rests(&self, now: Time) -> Option<Rest> {
        let (rest, timer, span) = match &self.phase {
            Phase::Idle(Idle::Kept) if matches!(self.up, Leg::Absent) => {
                (Rest::Idle, Timer::Idle, self.setup.timeouts.idle)
            }
            Phase::Tunnel if rests(&self.up) => {
                (Rest::Tunnel, Timer::Tunnel, self.setup.timeouts.tunnel)
            }
            Phase::Idle(_)
            | Phase::Tunnel
            | Phase::New
            | Phase::ProxyHeader
            | Phase::Securing
            | Phase::Peeking
            | Phase::Exchange(_)
            | Phase::Closing
            | Phase::Closed => return None,
        };
        #[cfg(feature = "known-bad")]
        if self.setup.variant.is_some() {
            return None;
        }
        let empty = [&self.d2u, &self.u2d].into_iter().all(is_empty);
        let nothing_else = !self.draining && self.ending.is_none();
        let begun = self.timers.at(timer) == Some(now + span);
        (empty && nothing_else && begun && rests(&self.down)).then_some(rest)
    }
}

/// Whether a leg is open both ways, with nothing of it unread.
pub(super) fn rests(leg: &Leg) -> bool {
    leg.open().is_some_and(|open| {
        let ends = open.read == ReadEnd::Open && open.write == WriteEnd::Open;
        ends && open.inbox.left == 0 && !open.hinted && !open.undelivered
    })
}

fn is_empty(relay: &Relay) -> bool {
    relay.bytes() == 0 && relay.source() == Source::Open && relay.sink() == Sink::Open
}
