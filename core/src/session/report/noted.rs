//! What is written down of one leg: while nothing of it ends, no more than when it began.
//!
//! It owns the memory for the rest, which is made with the first word about an end and kept for the next
//! leg of its side. How most upstream legs are left, by going into the pool, takes no memory.

use crate::{
    ending::End,
    report::{LegReport, Over, Parting},
    time::{Moment, Time},
};
use alloc::boxed::Box;
use core::ops::{Deref, DerefMut};

/// One leg's part. It reads as a report, of nothing where nothing was written; to write one makes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Noted {
    since: Moment,
    /// When it went into the pool, where that is all there is to say of how it was left.
    parked: Moment,
    rest: Option<Box<LegReport>>,
}

impl Noted {
    /// Of a leg that was there from `now` on, and of which there is nothing else to say.
    pub(super) fn beginning(now: Time) -> Noted {
        Noted {
            since: Moment::at(now),
            ..Noted::default()
        }
    }

    /// It is there from now on.
    pub(super) fn begins(&mut self, now: Time) {
        self.since = Moment::at(now);
    }

    /// Makes room for the next leg of this side.
    pub(super) fn renew(&mut self) {
        (self.since, self.parked) = (Moment::NEVER, Moment::NEVER);
        if let Some(rest) = &mut self.rest {
            **rest = LegReport::default();
        }
    }

    /// How it was left, if it was.
    #[inline]
    pub(super) fn over(&self) -> Option<Over> {
        let parked = |at| Over {
            parting: Parting::Parked,
            end: None,
            at,
        };
        self.over.or_else(|| self.parked.get().map(parked))
    }

    /// It is left now: only the first word of it counts.
    pub(super) fn is_left(&mut self, parting: Parting, end: Option<End>, at: Time) {
        if self.over().is_some() {
            return;
        }
        match (parting, end) {
            (Parting::Parked, None) => self.parked = Moment::at(at),
            _ => self.over = Some(Over { parting, end, at }),
        }
    }

    /// All of it.
    pub(super) fn report(&self) -> LegReport {
        LegReport {
            began: self.since.get(),
            over: self.over(),
            ..**self
        }
    }
}

impl Deref for Noted {
    type Target = LegReport;

    fn deref(&self) -> &LegReport {
        static NOTHING: LegReport = LegReport::NOTHING;
        self.rest.as_deref().unwrap_or(&NOTHING)
    }
}

impl DerefMut for Noted {
    fn deref_mut(&mut self) -> &mut LegReport {
        self.rest.get_or_insert_default()
    }
}
