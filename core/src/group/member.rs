//! One endpoint as its group knows it: whether it may be chosen, and how much it has to do.
//!
//! It owns its counts and moments. It waits for whoever tells it of health and outcomes, and never
//! looks at another member.

use super::ejection::{Ejection, Record};
use crate::{
    draws::Draws,
    time::{Span, Time},
};

/// A place in a group. It is an endpoint's for as long as that is a member, or anybody holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub(super) u32);

impl Slot {
    /// The place as an index: they are few, and begin at nought.
    #[must_use]
    pub fn index(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// What is configured of one endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Spec {
    /// What tells it from the others, on every worker alike: [`super::hash`] of its name.
    pub id: u64,
    /// How much of the traffic is for it, beside the others. One with 0 gets nothing new.
    pub weight: u32,
    /// A tier is used while there is nobody to be had in all that have a lower number.
    pub tier: u32,
    /// Sessions that may hold it at once.
    pub most: u32,
}

impl Spec {
    /// The most that one weighs.
    pub const MOST_WEIGHT: u32 = 256;

    /// One like all others.
    #[must_use]
    pub const fn new(id: u64) -> Spec {
        Spec {
            id,
            weight: 1,
            tier: 0,
            most: u32::MAX,
        }
    }
}

/// Why an endpoint is chosen, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// It may be chosen.
    Up,
    /// Its checks have failed.
    Down,
    /// It has failed too often, and comes back by itself then.
    Ejected(Time),
    /// It is not to get anything new: switched off, or of no weight.
    Disabled,
    /// It is a member no longer.
    Gone,
}

/// One endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Member {
    pub(super) spec: Spec,
    /// Sessions that hold it.
    pub(super) load: u32,
    pub(super) present: bool,
    pub(super) enabled: bool,
    pub(super) up: bool,
    pub(super) record: Record,
    /// Until when it gets less than its share.
    pub(super) warm_at: Time,
    /// Its next turn, for whoever takes turns.
    pub(super) turn: u64,
}

/// The least part of its share that a member gets while it starts: one in so many.
const LEAST_PART: u64 = 10;

impl Member {
    pub(super) const fn new(spec: Spec) -> Member {
        Member {
            spec,
            load: 0,
            present: true,
            enabled: true,
            up: true,
            record: Record::NEW,
            warm_at: Time(0),
            turn: 0,
        }
    }

    /// Whether it takes part in a tier at all, up or not.
    pub(super) const fn is_enabled(&self) -> bool {
        self.present && self.enabled && self.spec.weight > 0
    }

    /// Whether nothing but its record of failures keeps it from being chosen.
    pub(super) const fn is_up(&self) -> bool {
        self.is_enabled() && self.up
    }

    pub(super) const fn is_available(&self) -> bool {
        self.is_up() && self.record.until.is_none()
    }

    pub(super) const fn is_full(&self) -> bool {
        self.load >= self.spec.most
    }

    pub(super) const fn state(&self) -> State {
        match (self.present, self.is_enabled(), self.up, self.record.until) {
            (false, ..) => State::Gone,
            (true, false, ..) => State::Disabled,
            (true, true, false, _) => State::Down,
            (true, true, true, Some(until)) => State::Ejected(until),
            (true, true, true, None) => State::Up,
        }
    }

    /// Whether it takes what chance has brought it: while it starts, a part of it (`slow`: how long
    /// that takes).
    #[inline]
    pub(super) fn takes(&self, now: Time, slow: Option<Span>, draws: &mut Draws) -> bool {
        if now >= self.warm_at {
            return true;
        }
        let (part, whole) = self.part(now, slow);
        u64::from(draws.part(1 << 16)) * whole < part << 16
    }

    /// The part of its share that it gets now, and the whole; the part is not 0.
    pub(super) fn part(&self, now: Time, slow: Option<Span>) -> (u64, u64) {
        let whole = slow.map_or(0, |span| span.as_ms());
        let left = self.warm_at.since(now).as_ms();
        if whole == 0 || left == 0 {
            return (1, 1);
        }
        let part = whole.saturating_sub(left).max(whole / LEAST_PART).max(1);
        (part, whole)
    }

    /// It may be chosen again, after it could not be for a while.
    pub(super) fn starts(&mut self, now: Time, slow: Option<Span>) {
        self.record.failures = 0;
        self.warm_at = slow.map_or(Time(0), |span| now + span);
    }

    /// Whether it has less to do for its weight than `other` has.
    pub(super) fn is_lighter(&self, other: &Member) -> bool {
        let (mine, theirs) = (u64::from(self.load), u64::from(other.load));
        mine * u64::from(other.spec.weight) < theirs * u64::from(self.spec.weight)
    }

    /// Counts an outcome that was not good. Whether it has failed as often as one may.
    pub(super) fn failed(&mut self, ejection: &Ejection) -> bool {
        self.record.failures = self.record.failures.saturating_add(1);
        self.record.failures >= ejection.failures
    }
}
