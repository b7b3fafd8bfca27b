//! Until when what is in flight may finish.
//!
//! It owns that moment, which may come to be an earlier one and never a later. It waits for it.

use crate::clock::Clock;
use std::time::Duration;
use tokio::{sync::watch, time::sleep};

/// The deadline of a drain, by a clock that began with it.
#[derive(Debug)]
pub(super) struct Deadline {
    clock: Clock,
    /// When the drain begins: what it is given counts from then on.
    begins: Duration,
    at: watch::Sender<Duration>,
}

impl Deadline {
    /// Of a drain that begins after this delay, and may last so long.
    pub(super) fn after(delay: Duration, most: Duration) -> Deadline {
        Deadline {
            clock: Clock::start(),
            begins: delay,
            at: watch::Sender::new(delay + most),
        }
    }

    fn past(&self) -> Duration {
        Duration::from_micros(self.clock.now().0)
    }

    /// How long it is until then.
    pub(super) fn left(&self) -> Duration {
        self.at.borrow().saturating_sub(self.past())
    }

    /// It is so long from now, or from when the drain begins, if that is sooner than it was.
    pub(super) fn sooner(&self, most: Duration) {
        let next = self.past().max(self.begins) + most;
        let is_sooner = self.at.send_if_modified(|at| {
            let is_sooner = next < *at;
            *at = next.min(*at);
            is_sooner
        });
        if is_sooner {
            tracing::info!(deadline = ?most, "the drain gets less time");
        }
    }

    /// Ready once it has come.
    pub(super) async fn has_come(&self) {
        let mut heard = self.at.subscribe();
        loop {
            let at = *heard.borrow_and_update();
            tokio::select! {
                () = sleep(at.saturating_sub(self.past())) => return,
                // Whoever tells of another one is there as long as this is.
                _ = heard.changed() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    #[test]
    fn it_moves_to_sooner_and_never_to_later() {
        let deadline = Deadline::after(Duration::ZERO, HOUR);
        deadline.sooner(2 * HOUR);
        assert!(deadline.left() <= HOUR);
        deadline.sooner(HOUR / 2);
        assert!(deadline.left() <= HOUR / 2);
        deadline.sooner(HOUR);
        assert!(deadline.left() <= HOUR / 2);
    }

    /// G2, G3: who is in flight has it from the drain's first moment on.
    #[test]
    fn what_is_given_before_the_drain_begins_counts_from_there() {
        let deadline = Deadline::after(HOUR, HOUR);
        deadline.sooner(HOUR / 2);
        assert!(deadline.left() > HOUR);
    }
}
