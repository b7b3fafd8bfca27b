//! How often a source may ask: the generic cell rate algorithm, in a table of a fixed size.
//!
//! It owns, for each source that was heard of lately, the moment at which it has used up nothing of
//! what it may have (GCRA's theoretical arrival time). Time is an argument. It never grows: a source
//! that finds no place takes that of one which is owed the least, so that a million of them cost as
//! much memory as a few, and who is forgotten is let in more often, never less.

use crate::{
    source::Source,
    time::{Span, Time},
};
use alloc::{boxed::Box, vec};

/// How often one source may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Quota {
    /// So many requests, at least one,
    pub requests: u32,
    /// in so much time, at least a microsecond for each.
    pub per: Span,
    /// So many of them at once, at least one: then one whenever its share of the time has passed.
    pub burst: u32,
}

impl Quota {
    /// The share of one request, in nanoseconds: at least one.
    const fn share(&self) -> u64 {
        let per = self.per.0.saturating_mul(1_000);
        match per.checked_div(self.requests as u64) {
            Some(share) if share > 0 => share,
            Some(_) | None => 1,
        }
    }
}

/// Sources that share a row of the table: one looks for its place among so many.
const WAYS: usize = 8;

/// What is known of one source.
#[derive(Clone, Copy, Debug)]
struct Slot {
    source: Source,
    /// When it has used up nothing, in nanoseconds; a moment that is past says no more than an empty
    /// place.
    free_at: u64,
}

/// The rates of many sources under one quota.
#[derive(Clone, Debug)]
pub struct Rates {
    share: u64,
    most: u64,
    seed: u64,
    rows: Box<[[Slot; WAYS]]>,
}

impl Rates {
    /// A table for at least so many sources (rounded up to a power of two), all with nothing used up.
    /// It takes 16 bytes for each.
    #[must_use]
    pub fn new(quota: Quota, sources: usize, seed: u64) -> Rates {
        let share = quota.share();
        let empty = Slot {
            source: Source::of(core::net::Ipv4Addr::UNSPECIFIED.into()),
            free_at: 0,
        };
        let rows = sources.div_ceil(WAYS).next_power_of_two();
        Rates {
            share,
            most: share.saturating_mul(u64::from(quota.burst.max(1))),
            seed,
            rows: vec![[empty; WAYS]; rows].into_boxed_slice(),
        }
    }

    /// Whether `source` may ask now; if it may, that is counted.
    ///
    /// # Errors
    ///
    /// It asks too often: after so much time it may, if it does not ask sooner. Asking too soon costs
    /// nothing.
    pub fn admit(&mut self, now: Time, source: Source) -> Result<(), Span> {
        let now = now.0.saturating_mul(1_000);
        let (share, most) = (self.share, self.most);
        let slot = self.slot(now, source);
        let then = slot.free_at.max(now).saturating_add(share);
        let ahead = then - now;
        if ahead > most {
            return Err(Span((ahead - most).div_ceil(1_000)));
        }
        slot.free_at = then;
        Ok(())
    }

    /// The place of `source`: its own, or one that tells nothing, or that of whoever is free first.
    fn slot(&mut self, now: u64, source: Source) -> &mut Slot {
        let mixed = usize::try_from(source.mixed(self.seed) >> 16).unwrap_or_default();
        let last = self.rows.len() - 1;
        let row = &mut self.rows[mixed & last];
        let own = row.iter().position(|slot| slot.source == source);
        let at = own.unwrap_or_else(|| {
            let first = (0..WAYS).min_by_key(|at| row[*at].free_at).unwrap_or(0);
            row[first] = Slot {
                source,
                free_at: now,
            };
            first
        });
        &mut row[at]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;
    use proptest::prelude::*;

    const QUOTA: Quota = Quota {
        requests: 100,
        per: Span::from_secs(1),
        burst: 50,
    };

    fn source(n: u32) -> Source {
        Source::of(core::net::Ipv4Addr::from(n).into())
    }

    fn admitted(rates: &mut Rates, now: Time, from: Source, asks: usize) -> usize {
        (0..asks).filter(|_| rates.admit(now, from).is_ok()).count()
    }

    #[test]
    fn a_burst_at_once_and_then_one_at_a_time() {
        let mut rates = Rates::new(QUOTA, 64, 7);
        let me = source(1);
        assert_eq!(admitted(&mut rates, Time(0), me, 500), 50);
        assert_eq!(rates.admit(Time(0), me), Err(Span::from_ms(10)));
        assert_eq!(rates.admit(Time::from_ms(9), me), Err(Span::from_ms(1)));
        assert_eq!(admitted(&mut rates, Time::from_ms(10), me, 500), 1);
        assert_eq!(admitted(&mut rates, Time::from_ms(1_010), me, 500), 50);
        // Another one is another one.
        assert_eq!(admitted(&mut rates, Time(0), source(2), 500), 50);
    }

    #[test]
    fn shares_that_are_no_whole_number_add_up() {
        let thirds = Quota {
            requests: 3,
            per: Span::from_secs(1),
            burst: 1,
        };
        let mut rates = Rates::new(thirds, 8, 7);
        let asks = (0..100_000).map(Time::from_ms);
        let got = asks.filter(|now| rates.admit(*now, source(1)).is_ok());
        assert!((298..=300).contains(&got.count()));
    }

    #[test]
    fn a_million_sources_take_no_more_memory_and_nobody_is_held_who_did_nothing() {
        let mut rates = Rates::new(QUOTA, 1_024, 7);
        let rows = rates.rows.len();
        for n in 0..1_000_000 {
            assert_eq!(rates.admit(Time(0), source(n)), Ok(()), "{n}");
        }
        assert_eq!(rates.rows.len(), rows);
        assert_eq!(rows * WAYS, 1_024);
        assert_eq!(size_of::<Slot>(), 16);
    }

    /// Whoever asks too often keeps its place while others come and go: theirs are taken first.
    #[test]
    fn who_is_held_is_not_forgotten_for_those_who_ask_once() {
        let mut rates = Rates::new(QUOTA, WAYS, 7);
        let greedy = source(0);
        assert_eq!(admitted(&mut rates, Time(0), greedy, 500), 50);
        for n in 1..10_000 {
            assert_eq!(rates.admit(Time(0), source(n)), Ok(()));
        }
        assert!(rates.admit(Time(0), greedy).is_err());
    }

    /// A bucket that fills by the nanosecond: another way to say the same.
    #[derive(Clone, Copy)]
    struct Bucket {
        level: u64,
        at: u64,
    }

    impl Bucket {
        fn admit(&mut self, now: Time, quota: Quota) -> bool {
            let (share, now) = (quota.share(), now.0 * 1_000);
            let full = share * u64::from(quota.burst);
            self.level = full.min(self.level + (now - self.at));
            self.at = now;
            let may = self.level >= share;
            self.level -= if may { share } else { 0 };
            may
        }
    }

    proptest! {
        /// With room for all, the table says what a leaking bucket for each would say; and whoever is
        /// told to wait may ask when it has waited so long.
        #[test]
        fn it_is_a_bucket_for_each_source(
            requests in 1_u32..50,
            per_ms in 1_u64..2_000,
            burst in 1_u32..9,
            asks in prop::collection::vec((0_u64..40_000, 0_u32..4), 1..200),
        ) {
            let per = Span::from_ms(per_ms);
            let quota = Quota { requests, per, burst };
            let mut rates = Rates::new(quota, 64, 7);
            let mut buckets = BTreeMap::new();
            let mut now = Time(0);
            for (later, from) in asks {
                now = now + Span(later);
                let full = Bucket { level: u64::MAX / 4, at: 0 };
                let bucket = buckets.entry(from).or_insert(full);
                let said = rates.admit(now, source(from));
                prop_assert_eq!(said.is_ok(), bucket.admit(now, quota));
                if let Err(wait) = said {
                    let mut later = rates.clone();
                    prop_assert!(later.admit(now + wait, source(from)).is_ok());
                    let sooner = Span(wait.0 - 1);
                    prop_assert!(rates.clone().admit(now + sooner, source(from)).is_err());
                }
            }
        }
    }
}
