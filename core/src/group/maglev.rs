//! Which member a key belongs to: a table in which each has as many places as it weighs, and of which
//! as little as can be changes when one comes or goes (Eisenbud et al., NSDI 2016, section 3.4).
//!
//! It owns the table, which follows from names and weights alone: no seed, no clock, no health. Whose
//! place belongs to someone that cannot be chosen goes to the place that the key has next.

use super::member::{Member, Slot};
use crate::draws::mixed;
use alloc::{vec, vec::Vec};

/// Places that a key has one after the other, before everybody is looked at.
const PLACES_OF_A_KEY: usize = 16;
const FREE: u32 = u32::MAX;

/// FNV-1a of 64 bits (Fowler, Noll and Vo): what names and keys are known by, on every worker and in
/// every process.
#[must_use]
pub fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3)
    })
}

/// Whether a table can have so many places.
#[must_use]
pub const fn is_prime(places: u32) -> bool {
    let mut divisor = 2;
    while divisor * divisor <= places {
        if places.is_multiple_of(divisor) {
            return false;
        }
        divisor += 1;
    }
    places > 1
}

/// The table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Maglev {
    places: Vec<u32>,
}

/// One member that takes places: where it begins, how it goes on, and what it is owed.
struct Taker {
    slot: Slot,
    at: usize,
    skip: usize,
    owed: u64,
}

impl Maglev {
    /// A table of so many places, a prime, for `slots`.
    pub(super) fn new(places: u32, slots: &[Slot], members: &[Member]) -> Maglev {
        let size = usize::try_from(places).unwrap_or_default();
        let mut takers: Vec<_> = slots
            .iter()
            .map(|slot| Taker::new(*slot, size, members[slot.index()].spec.id))
            .collect();
        // Not the order in which they were configured: that may differ where the table must not.
        takers.sort_by_key(|taker| (members[taker.slot.index()].spec.id, taker.slot));
        let weight = |taker: &Taker| u64::from(members[taker.slot.index()].spec.weight);
        let most = takers.iter().map(weight).max().unwrap_or_default();
        let mut table = vec![FREE; size];
        let mut left = if takers.is_empty() { 0 } else { size };
        while left > 0 {
            for taker in &mut takers {
                taker.owed += weight(taker);
                if taker.owed < most || left == 0 {
                    continue;
                }
                taker.owed -= most;
                taker.take(&mut table);
                left -= 1;
            }
        }
        Maglev { places: table }
    }

    /// The first of the key's members that `suits`, if it is among the first few.
    pub(super) fn find(&self, key: u64, suits: impl Fn(Slot) -> bool) -> Option<Slot> {
        let size = u64::try_from(self.places.len())
            .ok()
            .filter(|size| *size > 0)?;
        let mut key = mixed(key);
        for _ in 0..PLACES_OF_A_KEY {
            let at = usize::try_from(key % size).unwrap_or_default();
            let slot = Slot(self.places[at]);
            if slot.0 != FREE && suits(slot) {
                return Some(slot);
            }
            key = mixed(key.wrapping_add(1));
        }
        None
    }
}

impl Taker {
    fn new(slot: Slot, size: usize, id: u64) -> Taker {
        let part = |word: u64, end: usize| {
            let end = u64::try_from(end).unwrap_or(u64::MAX).max(1);
            usize::try_from(word % end).unwrap_or_default()
        };
        Taker {
            slot,
            at: part(mixed(id), size),
            skip: part(mixed(id ^ u64::MAX), size - 1) + 1,
            owed: 0,
        }
    }

    /// Takes its next place that is free. The number of places is a prime, so that it comes by all.
    fn take(&mut self, table: &mut [u32]) {
        while table[self.at] != FREE {
            self.at = (self.at + self.skip) % table.len();
        }
        table[self.at] = self.slot.0;
    }
}
