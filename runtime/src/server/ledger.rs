//! What the workers' counters were when they were heard last.
//!
//! It owns a copy of each worker's. A counter never goes back while the process lives: whoever adds them up again
//! and again would take what is there for new.

use crate::observe::{Metrics, Named};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The same for every clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    /// Whose numbers are somebody's.
    pub(super) named: Named,
    last: Arc<Mutex<BTreeMap<usize, Metrics>>>,
}

impl Ledger {
    fn all(&self) -> MutexGuard<'_, BTreeMap<usize, Metrics>> {
        // Whoever held it before put something in its place, or nothing.
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This worker has come to that.
    pub(super) fn notes(&self, worker: usize, metrics: &Metrics) {
        self.all().insert(worker, metrics.clone());
    }

    /// What a worker has come to that does not answer in time.
    pub(super) fn of_silent(&self, worker: usize) -> Option<Metrics> {
        self.all().get(&worker).cloned()
    }

    /// What one had come to that is over: nothing of it is there any more.
    pub(super) fn of_over(&self, worker: usize) -> Option<Metrics> {
        self.of_silent(worker).map(Metrics::past)
    }

    /// Leaves out what is nobody's in any worker.
    pub(super) fn leaves_out(&self, metrics: &mut Metrics) {
        metrics.retain(&self.named);
    }
}
