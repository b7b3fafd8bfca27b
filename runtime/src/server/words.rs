//! What workers are told, one word after the other, and what others make of it.
//!
//! It owns nothing, and waits for nothing but the next word.

use tokio::sync::watch;

/// The words for a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Word {
    /// Nobody is served yet.
    Start,
    Serve,
    /// Not ready any more; connections are still accepted (G1).
    Leave,
    Drain,
    /// The same, for another process serves.
    HandedOver,
    /// The drain has lasted as long as it may (G9).
    Expired,
    Stop,
}

/// Whether the process wants more connections: false from the first signal on, before any listener
/// closes (G1); true where another process takes them instead. Ask it from any thread.
#[derive(Clone, Debug)]
pub struct Readiness(pub(super) watch::Receiver<Word>);

impl Readiness {
    /// Whether it is ready.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        matches!(*self.0.borrow(), Word::Serve | Word::HandedOver)
    }

    /// Whether it waits for those that it has to end.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        *self.0.borrow() >= Word::Drain
    }

    /// Waits until it has begun to serve, or never will.
    pub async fn begun(&mut self) {
        let _begun = self.0.wait_for(|word| *word >= Word::Serve).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g1_from_the_first_signal_on_it_is_not_ready() {
        let (word, words) = watch::channel(Word::Serve);
        let readiness = Readiness(words);
        assert!(readiness.is_ready());
        for later in [Word::Leave, Word::Drain, Word::Expired, Word::Stop] {
            let _heard = word.send(later);
            assert!(!readiness.is_ready(), "{later:?}");
        }
    }
}
