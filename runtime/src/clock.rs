//! The clock: the one file that asks what time it is.
//!
//! It owns the start from which the core's time is counted. It never waits, and never lets a
//! moment of the system's own clock into the core.

use std::time::Duration;
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
