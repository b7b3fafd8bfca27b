//! What is read of what was written down.

use super::Account;
use crate::{
    close::CloseCause,
    report::{LegReport, Report},
    session::Session,
    side::Side,
    time::Time,
};

impl Session {
    /// What it came to, or has come to so far. In the step that orders a leg to be closed, reset,
    /// parked or retired, the leg's part is complete; it may be asked for until the next event.
    #[must_use]
    pub fn report(&self) -> Report {
        let Account {
            began,
            over,
            first,
            legs,
            unread,
            retry,
            retries,
            error,
            trouble,
            redials: _,
        } = &self.account.0;
        Report {
            ending: self.ending,
            began: *began,
            over: over.get(),
            first: *first,
            legs: Side::BOTH.map(|side| legs[side as usize].report()),
            tallies: Side::BOTH.map(|side| self.from(side).tally().clone()),
            unread: *unread,
            retry: *retry,
            retries: *retries,
            error: *error,
            trouble: *trouble,
        }
    }

    /// The part of its report that is about one leg: see [`Session::report`].
    #[must_use]
    pub fn leg_report(&self, side: Side) -> LegReport {
        self.account.0.legs[side as usize].report()
    }

    /// Since when exactly one direction of a leg has ended: see [`LegReport::half_closed`].
    #[must_use]
    pub fn half_closed(&self, side: Side) -> Option<Time> {
        self.account.0.legs[side as usize].half_closed()
    }

    /// What went wrong with the exchange under way, or the last: see [`Report::trouble`].
    #[must_use]
    pub fn trouble(&self) -> Option<CloseCause> {
        self.account.0.trouble
    }
}
