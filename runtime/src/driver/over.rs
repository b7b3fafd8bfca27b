//! The end of a session's life, as it is counted and written down.
//!
//! It owns no state. It waits for nothing.

use super::Driver;
use crate::{net::Network, observe::Record};
use std::rc::Rc;
use tidegate_core::{close::CloseCause, side::Side};

impl<N: Network> Driver<N> {
    pub(super) fn count(&self, side: Side) {
        let leg = self.session.leg_report(side);
        self.service.observer.leg_over(side, leg);
    }

    /// What became of it, or has become of it so far.
    #[must_use]
    pub fn record(&self) -> Record {
        Record {
            conn: self.conn,
            listener: Rc::clone(&self.service.name),
            client: self.client,
            endpoint: self.endpoint.to_string(),
            report: self.session.report(),
            wires: [0, 1].map(|side: usize| self.wires[side].told.clone()),
            now: self.now,
        }
    }
}

impl<N: Network> Drop for Driver<N> {
    /// A session that is dropped before its end, by a panic or by a process that does not wait: its
    /// ports reset what is left, and that is counted.
    fn drop(&mut self) {
        if self.ending.is_none() {
            self.count_closed(CloseCause::Internal);
        }
        for side in Side::BOTH {
            if self.wires[side as usize].port.is_some() {
                self.service.observer.leg_dropped(side);
            }
        }
    }
}
