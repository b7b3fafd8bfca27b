//! The tickets by which clients resume sessions: how long one is good for.
//!
//! Owns the moment that is sealed in each. Keys, and when they change, are the library's; but it changes them
//! when a ticket is made or shown, so where nobody comes for a day the last key opens what it sealed before it.

use rustls::{
    Error, crypto::aws_lc_rs::Ticketer, server::ProducesTickets, time_provider::TimeProvider,
};
use std::{sync::Arc, time::Duration};

/// As long as two keys last.
const MOST: Duration = Duration::from_secs(12 * 60 * 60);

/// How many bytes the moment takes: seconds since 1970.
const STAMP_BYTES: usize = 8;

/// Tickets by keys of their own, good for twelve hours by the clock that is `time`.
///
/// # Errors
/// There are no random numbers for keys.
pub(super) fn tickets(time: &Arc<dyn TimeProvider>) -> Result<Arc<dyn ProducesTickets>, Error> {
    Ok(Arc::new(Dated {
        sealed: Ticketer::new()?,
        time: Arc::clone(time),
    }))
}

/// Tickets that say when they were made.
#[derive(Debug)]
struct Dated {
    sealed: Arc<dyn ProducesTickets>,
    time: Arc<dyn TimeProvider>,
}

impl Dated {
    fn now(&self) -> Option<u64> {
        Some(self.time.current_time()?.as_secs())
    }
}

impl ProducesTickets for Dated {
    fn enabled(&self) -> bool {
        self.sealed.enabled()
    }

    fn lifetime(&self) -> u32 {
        self.sealed.lifetime()
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        let stamp = self.now()?.to_be_bytes();
        self.sealed.encrypt(&[&stamp[..], plain].concat())
    }

    fn decrypt(&self, cipher: &[u8]) -> Option<Vec<u8>> {
        let mut plain = self.sealed.decrypt(cipher)?;
        let stamp = u64::from_be_bytes(*plain.first_chunk::<STAMP_BYTES>()?);
        // A clock that was set back makes nothing young for ever.
        let age = self.now()?.abs_diff(stamp);
        (age <= MOST.as_secs()).then(|| plain.split_off(STAMP_BYTES))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::pki_types::UnixTime;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// A clock that is moved, in seconds since 1970.
    #[derive(Debug)]
    struct Hand(AtomicU64);

    impl TimeProvider for Hand {
        fn current_time(&self) -> Option<UnixTime> {
            let now = Duration::from_secs(self.0.load(Ordering::Relaxed));
            Some(UnixTime::since_unix_epoch(now))
        }
    }

    #[test]
    fn a_ticket_is_good_for_twelve_hours_though_nobody_has_changed_its_key() {
        let hand = Arc::new(Hand(AtomicU64::new(1_800_000_000)));
        let time: Arc<dyn TimeProvider> = hand.clone();
        let tickets = tickets(&time).unwrap();
        let ticket = tickets.encrypt(b"a session").unwrap();
        let pass = |hours: u64| hand.0.fetch_add(hours * 3_600, Ordering::Relaxed);
        pass(12);
        assert_eq!(tickets.decrypt(&ticket), Some(b"a session".to_vec()));
        pass(1);
        assert_eq!(tickets.decrypt(&ticket), None);
        hand.0.store(1_700_000_000, Ordering::Relaxed);
        assert_eq!(
            tickets.decrypt(&ticket),
            None,
            "nor where a clock goes back"
        );
    }
}
