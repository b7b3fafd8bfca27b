//! What a report is made of, of a session that is put away: in a few words, where nothing has gone wrong.
//!
//! It owns the list of what may have happened to such a session. Of any other one all is kept.

use super::{Account, noted::Noted};
use crate::{report::Tally, side::Side, time::Time};
use alloc::boxed::Box;
use core::mem;

/// An account and the sums of both directions.
#[derive(Debug)]
pub(in super::super) enum Kept {
    /// Requests have come, and were answered: by the last upstream leg, which went into the pool, or by
    /// ourselves.
    Plain {
        began: Time,
        up: Noted,
        /// Bytes that have passed, by the side that said them.
        passed: [u64; 2],
        /// Bytes that we have said to the client.
        own: u64,
    },
    /// Anything else.
    Whole(Box<(Account, [Tally; 2])>),
}

impl Kept {
    pub(in super::super) fn of(mut account: Account, tallies: [Tally; 2]) -> Kept {
        let [Some([there, 0]), Some([back, own])] = tallies.each_ref().map(Tally::plain) else {
            return Kept::Whole(Box::new((account, tallies)));
        };
        let began = account.began;
        let up = mem::take(&mut account.legs[Side::Up as usize]);
        if account == Account::plain(began) {
            return Kept::Plain {
                began,
                up,
                passed: [there, back],
                own,
            };
        }
        account.legs[Side::Up as usize] = up;
        Kept::Whole(Box::new((account, tallies)))
    }

    /// What it was made of.
    pub(in super::super) fn all(self) -> (Account, [Tally; 2]) {
        match self {
            Kept::Whole(all) => *all,
            Kept::Plain {
                began,
                up,
                passed: [there, back],
                own,
            } => {
                let mut account = Account::plain(began);
                account.legs[Side::Up as usize] = up;
                (account, [Tally::of([there, 0]), Tally::of([back, own])])
            }
        }
    }
}

impl Account {
    /// Of a session that began then, had no upstream leg, and in which nothing has gone wrong.
    fn plain(began: Time) -> Account {
        Account {
            began,
            legs: [Noted::beginning(began), Noted::default()],
            ..Account::default()
        }
    }
}
