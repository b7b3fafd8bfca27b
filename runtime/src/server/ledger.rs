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
    last: Arc<Mutex<BTreeMap<usize, Last>>>,
}

/// What was heard of a worker.
#[derive(Debug)]
enum Last {
    /// So it stood.
    Stood(Metrics),
    /// So it ended, and stays.
    Ended(Metrics),
}

impl Last {
    fn metrics(&self) -> &Metrics {
        match self {
            Last::Stood(metrics) | Last::Ended(metrics) => metrics,
        }
    }
}

impl Ledger {
    fn all(&self) -> MutexGuard<'_, BTreeMap<usize, Last>> {
        // Whoever held it before put something in its place, or nothing.
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This worker has come to that. Who asked may come late with it: then it has ended since.
    pub(super) fn stood(&self, worker: usize, metrics: &Metrics) {
        let mut all = self.all();
        if !matches!(all.get(&worker), Some(Last::Ended(_))) {
            all.insert(worker, Last::Stood(metrics.clone()));
        }
    }

    /// It is over, and came to that: nothing of what was there still is.
    pub(super) fn ended(&self, worker: usize, metrics: &Metrics) {
        let past = Last::Ended(metrics.clone().past());
        self.all().insert(worker, past);
    }

    /// What a worker has come to that does not answer.
    pub(super) fn of(&self, worker: usize) -> Option<Metrics> {
        Some(self.all().get(&worker)?.metrics().clone())
    }

    /// Leaves out what is nobody's in any worker.
    pub(super) fn leaves_out(&self, metrics: &mut Metrics) {
        metrics.retain(&self.named);
    }
}
