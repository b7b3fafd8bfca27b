//! The clock: the one file that asks what time it is. Everything else is told.
//!
//! It owns the start from which the core's time is counted, and the time of day for certificates.
//! It never waits, and never lets a moment of the system's own clock into the core.

use rustls::{pki_types::UnixTime, time_provider::TimeProvider};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tidegate_core::time::Time;
use tokio::time::Instant;

/// Far enough that nothing of ours lives to see it, near enough for the runtime's timer.
const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 3_600);

/// A clock that began at zero when it was made.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// A clock that begins now.
    #[must_use]
    pub fn start() -> Clock {
        Clock {
            start: Instant::now(),
        }
    }

    /// The time since the start.
    #[must_use]
    pub fn now(&self) -> Time {
        let elapsed = self.start.elapsed().as_micros();
        Time(u64::try_from(elapsed).unwrap_or(u64::MAX))
    }

    /// The runtime's word for `at`.
    #[must_use]
    pub fn instant(&self, at: Time) -> Instant {
        self.start + Duration::from_micros(at.0).min(FAR)
    }
}

/// The time of day, in whole seconds since 1970-01-01 00:00 UTC: for certificates. 0 if the
/// machine's clock stands before that.
#[must_use]
pub fn unix_seconds() -> u64 {
    unix_micros() / 1_000_000
}

/// The same in microseconds: for lines of the log.
#[must_use]
pub fn unix_micros() -> u64 {
    #[allow(
        clippy::disallowed_methods,
        reason = "the clock is read in this file only"
    )]
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH).map_or(0, |since| {
        u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
    })
}

/// The time of day for rustls, which checks the age of tickets.
#[derive(Clone, Copy, Debug, Default)]
pub struct WallTime;

impl TimeProvider for WallTime {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(
            unix_seconds(),
        )))
    }
}
