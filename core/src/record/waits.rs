//! The waits that a session has been told of, by their place in a list: a route may name others than
//! the listener does, and an entry has no room for them.
//!
//! There are as many as clusters that the session has asked: one, mostly.

use crate::limits::Waits;
use alloc::{boxed::Box, vec::Vec};

/// Waits by their place: first those that the session was made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    first: Waits,
    others: Option<Box<Others>>,
}

/// Those of routes. Few sessions have any, and of the others this is a word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Others(Vec<Waits>);

impl Table {
    /// With these alone.
    pub(super) const fn new(first: Waits) -> Self {
        Table {
            first,
            others: None,
        }
    }

    /// The place of these; they are added if they have none.
    pub(super) fn place(&mut self, waits: Waits) -> u32 {
        if waits.is(self.first) {
            return 0;
        }
        let Others(others) = &mut **self.others.get_or_insert_default();
        let place = others.iter().position(|known| waits.is(*known));
        let place = place.unwrap_or_else(|| {
            others.push(waits);
            others.len() - 1
        });
        u32::try_from(place + 1).unwrap_or(u32::MAX)
    }

    /// Those at a place.
    pub(super) fn at(&self, place: u32) -> Option<Waits> {
        match usize::try_from(place).ok()?.checked_sub(1) {
            None => Some(self.first),
            Some(place) => self.others().get(place).copied(),
        }
    }

    /// All of them, in their order.
    pub(super) fn iter(&self) -> impl Iterator<Item = Waits> {
        core::iter::once(self.first).chain(self.others().iter().copied())
    }

    fn others(&self) -> &[Waits] {
        self.others.as_ref().map_or(&[], |others| &others.0)
    }
}
