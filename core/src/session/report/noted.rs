//! What is written down of one leg: while nothing of it ends, no more than when it began.
//!
//! It owns the memory for the rest, which is made with the first word about an end and kept for the next
//! leg of its side, so that a client that asks again and again costs no more than one that asks once.

use crate::{
    report::LegReport,
    time::{Moment, Time},
};
use alloc::boxed::Box;
use core::ops::{Deref, DerefMut};

/// One leg's part. It reads as a report, of nothing where nothing was written; to write one makes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Noted {
    since: Moment,
    rest: Option<Box<LegReport>>,
}

impl Noted {
    /// It is there from now on.
    pub(super) fn begins(&mut self, now: Time) {
        self.since = Moment::at(now);
    }

    /// Makes room for the next leg of this side.
    pub(super) fn renew(&mut self) {
        self.since = Moment::NEVER;
        if let Some(rest) = &mut self.rest {
            **rest = LegReport::default();
        }
    }

    /// All of it.
    pub(super) fn report(&self) -> LegReport {
        LegReport {
            began: self.since.get(),
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
