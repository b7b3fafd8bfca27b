//! A session's share in an endpoint.
//!
//! It owns that the share is counted for exactly as long as it is there. Dropped, it is given back, and
//! goes to who waits for one. It waits for nothing.

use super::cluster::{Cluster, Endpoint};
use crate::observe::Ejected;
use std::rc::Rc;
use tidegate_core::{
    group::{Outcome, Slot},
    time::Time,
};

/// One session that has an endpoint, or is about to; dropped, it is counted no longer.
#[derive(Debug)]
pub struct Held {
    cluster: Rc<Cluster>,
    endpoint: Rc<Endpoint>,
    slot: Slot,
    index: usize,
}

impl Held {
    /// A share in the endpoint of `slot`, counted from now on. `index`: the cluster's own.
    pub(super) fn new(cluster: &Rc<Cluster>, slot: Slot, index: usize) -> Held {
        Held {
            cluster: Rc::clone(cluster),
            endpoint: cluster.begin(slot),
            slot,
            index,
        }
    }

    /// The endpoint.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Its place in its cluster.
    #[must_use]
    pub fn slot(&self) -> Slot {
        self.slot
    }

    /// Whether it may be chosen by others too: it is up, and not left alone.
    pub(super) fn is_available(&self) -> bool {
        self.cluster.is_available(self.slot)
    }

    /// The name of its cluster.
    #[must_use]
    pub fn cluster_name(&self) -> &str {
        self.cluster.name()
    }

    /// The index of its cluster.
    #[must_use]
    pub fn cluster(&self) -> usize {
        self.index
    }

    /// It has answered, with this status.
    pub fn answered(&self, now: Time, status: u16) {
        let outcome = match self.cluster.is_failure(status) {
            true => Outcome::Failed,
            false => Outcome::Answered,
        };
        let how = Ejected::Status;
        self.cluster.outcome(self.slot, now, outcome, how);
    }

    /// It is there: all that can be known of one that is asked for nothing but a connection.
    pub fn reached(&self, now: Time) {
        let how = Ejected::Connection;
        self.cluster.outcome(self.slot, now, Outcome::Answered, how);
    }

    /// It could not be reached, or broke off, or fell silent, before it had answered.
    pub fn failed(&self, now: Time) {
        let how = Ejected::Connection;
        self.cluster.outcome(self.slot, now, Outcome::Failed, how);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.cluster.end(self.slot);
    }
}
