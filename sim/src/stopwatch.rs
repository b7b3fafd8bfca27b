//! How long a batch takes, for people: the one place of the simulation with a real clock. Nothing
//! simulated can reach it.

use tidegate::clock::Clock;

/// A running stopwatch.
#[derive(Debug)]
pub struct Stopwatch(Clock);

impl Stopwatch {
    /// Starts one.
    #[must_use]
    pub fn start() -> Stopwatch {
        Stopwatch(Clock::start())
    }

    /// Seconds since the start.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "shown to people")]
    pub fn seconds(&self) -> f64 {
        self.0.now().0 as f64 / 1e6
    }
}
