//! What is kept of sessions that end while somebody records: which ones are meant, and where their steps
//! go.
//!
//! It waits for nobody: steps that cannot be taken are counted, and lost.

use super::{Presence, Roll};
use crate::observe::Conn;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use tidegate_core::{close::CloseCause, time::Span};
use tokio::sync::mpsc::Sender;

/// Which sessions are recorded: those for which all that is given is so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Its endpoint was of this cluster.
    pub cluster: Option<String>,
    /// Its listener.
    pub listener: Option<String>,
    /// It was closed for this.
    pub cause: Option<CloseCause>,
    /// It was at least so old.
    pub older: Option<Span>,
}

/// A session that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its name.
    pub conn: Conn,
    /// Its listener's.
    pub listener: String,
    /// The cluster of its last endpoint.
    pub cluster: Option<String>,
    /// Why it was closed.
    pub cause: CloseCause,
    /// How old it was.
    pub age: Span,
    /// Its last steps, as a trace.
    pub timeline: String,
}

/// Somebody who records. Dropped at the other end, it is forgotten.
#[derive(Clone, Debug)]
pub struct Recording {
    /// Whom.
    pub wanted: Wanted,
    /// Where to.
    pub to: Sender<Ended>,
    /// How many could not be taken in time.
    pub lost: Arc<AtomicU64>,
}

impl Wanted {
    fn means(&self, ended: &Ended) -> bool {
        let is = |wanted: &Option<String>, value: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == value)
        };
        is(&self.cluster, ended.cluster.as_deref().unwrap_or_default())
            && is(&self.listener, &ended.listener)
            && self.cause.is_none_or(|cause| cause == ended.cause)
            && self.older.is_none_or(|older| ended.age >= older)
    }
}

impl Roll {
    /// Sessions that end from now on are recorded.
    pub fn record(&self, recording: Recording) {
        let mut all = self.0.recordings.borrow_mut();
        all.retain(|one| !one.to.is_closed());
        all.push(recording);
    }
}

impl Presence {
    /// Tells whoever records that the session has ended; what there is to say is asked for only if anybody
    /// does. `timeline` writes its last steps.
    pub fn ended(&self, ended: impl FnOnce() -> Ended, timeline: impl Fn() -> String) {
        if self.roll.0.recordings.borrow().is_empty() {
            return;
        }
        let mut all = self.roll.0.recordings.borrow_mut();
        all.retain(|one| !one.to.is_closed());
        if all.is_empty() {
            return;
        }
        let mut ended = ended();
        for one in all.iter() {
            if !one.wanted.means(&ended) {
                continue;
            }
            if ended.timeline.is_empty() {
                ended.timeline = timeline();
            }
            if one.to.try_send(ended.clone()).is_err() {
                one.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}
