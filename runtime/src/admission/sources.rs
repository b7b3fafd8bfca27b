//! What is counted by source, in shards, so that workers rarely meet: connections, and requests.
//!
//! It owns the tables. That of connections is as large as there are connections; that of rates has a
//! fixed size (`core/src/rate.rs`).

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::{Mutex, MutexGuard, PoisonError},
};
use tidegate_core::{
    rate::{Quota, Rates},
    source::Source,
    time::{Span, Time},
};

const SHARDS: usize = 16;

/// Sources whose rate is known at a time, in one shard: 64 KiB.
const SOURCES: usize = 4_096;

/// One table among several, by source.
#[derive(Debug)]
struct Shards<T> {
    seed: u64,
    shards: [Mutex<T>; SHARDS],
}

impl<T> Shards<T> {
    fn new(seed: u64, make: impl Fn() -> T) -> Shards<T> {
        Shards {
            seed,
            shards: std::array::from_fn(|_| Mutex::new(make())),
        }
    }

    fn of(&self, source: Source) -> MutexGuard<'_, T> {
        let at = source.mixed(!self.seed) % SHARDS as u64;
        let shard = &self.shards[usize::try_from(at).unwrap_or_default()];
        // Its holders only count.
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many connections each source has.
#[derive(Debug)]
pub(super) struct Counts {
    most: u32,
    shards: Shards<BTreeMap<Source, u32>>,
}

impl Counts {
    pub(super) fn new(most: u32, seed: u64) -> Counts {
        Counts {
            most,
            shards: Shards::new(seed, BTreeMap::new),
        }
    }

    /// Counts one more, if there may be one.
    pub(super) fn take(&self, source: Source) -> bool {
        let mut shard = self.shards.of(source);
        let count = shard.entry(source).or_default();
        let may = *count < self.most;
        *count += u32::from(may);
        may
    }

    pub(super) fn give_back(&self, source: Source) {
        let mut shard = self.shards.of(source);
        if let Entry::Occupied(mut one) = shard.entry(source) {
            *one.get_mut() -= 1;
            if *one.get() == 0 {
                one.remove();
            }
        }
    }
}

/// How often each source asks.
#[derive(Debug)]
pub(super) struct Tables(Shards<Rates>);

impl Tables {
    pub(super) fn new(quota: Quota, seed: u64) -> Tables {
        Tables(Shards::new(seed, || Rates::new(quota, SOURCES, seed)))
    }

    pub(super) fn ask(&self, now: Time, source: Source) -> Result<(), Span> {
        self.0.of(source).admit(now, source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_no_connection_takes_no_memory() {
        let counts = Counts::new(1, 7);
        let sources: Vec<_> = (0..1_000_u32)
            .map(|n| Source::of(std::net::Ipv4Addr::from(n).into()))
            .collect();
        assert!(sources.iter().all(|one| counts.take(*one)));
        assert!(!sources.iter().any(|one| counts.take(*one)));
        sources.iter().for_each(|one| counts.give_back(*one));
        let left = |shard: &Mutex<BTreeMap<Source, u32>>| shard.lock().unwrap().len();
        assert!(counts.shards.shards.iter().all(|shard| left(shard) == 0));
        let _held = counts.take(sources[0]);
    }
}
