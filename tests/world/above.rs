//! What comes from neither peer: time, a drain, an operator, too many who linger.

use super::{World, shape::Shape, wire::Truth};
use tidegate_core::{
    event::{Event, Head, Kill},
    session::Phase,
    time::Time,
    timer::Timer,
};

/// What an operator has found whose word it was to end it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Killed {
    /// Nothing had ended: that is why it was closed.
    First,
    /// Something had ended before.
    After,
}

impl World {
    /// What may come of it now.
    pub(super) fn above(&self, shape: &Shape) -> Vec<Event> {
        let mut out = Vec::new();
        let mut tell = |event| out.push(event);
        let deadline = self.session.deadline();
        let idles = shape.idles && !self.idled;
        let idle = idles && deadline.is_some_and(|(_, timer)| timer == Timer::Tunnel);
        let fires = shape.fires.map(|timer| (Time(0), timer));
        if idle || fires.is_some() && deadline == fires {
            tell(Event::Fired);
        }
        if shape.drains && !self.drained {
            tell(Event::Drained);
        }
        if shape.drains && self.drained {
            tell(Event::DrainExpired);
        }
        if shape.kills && self.killed.is_none() {
            tell(Event::Killed(Kill::Last));
        }
        if shape.kills {
            tell(Event::Killed(Kill::Reset));
        }
        if shape.drains && self.session.is_lingering() {
            tell(Event::Evicted);
        }
        out
    }

    /// Whether no request may begin that has not: a drain, or an operator's word (G3, G10).
    pub(crate) fn is_told_to_end(&self) -> bool {
        self.drained || self.killed.is_some()
    }

    /// G10: nothing outlives the word of an operator but a request under way, and what was ending already.
    pub(super) fn kill(&mut self, kill: Kill) {
        let first = self.killed.is_none() && !self.drained;
        let quiet = self.wires.iter().all(|wire| wire.told == Truth::Open);
        let none = self.session.report().ending.is_none();
        let ends = matches!(self.session.phase(), Phase::Closing);
        self.killed = Some(match first && quiet && none && !ends {
            true => Killed::First,
            false => self.killed.unwrap_or(Killed::After),
        });
        let goes_on = matches!(
            self.session.phase(),
            Phase::Idle(_) | Phase::Exchange(_) | Phase::Closing
        );
        self.expired |= kill == Kill::Reset || !goes_on;
    }

    /// G10: a request that was to be the last has become a tunnel, which has no end of its own.
    pub(super) fn kill_what_switches(&mut self, head: Head) {
        let Head::Response(facts) = head else { return };
        self.expired |= self.killed.is_some() && self.session.switches(&facts);
    }
}
