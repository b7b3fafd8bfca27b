//! The end of a session's life, as it is counted and written down.
//!
//! It owns no state. It waits for nothing.

use super::Driver;
use crate::net::Network;
use tidegate_core::{close::CloseCause, side::Side};

impl<N: Network> Driver<N> {
    pub(super) fn count(&self, side: Side) {
        let leg = self.session.leg_report(side);
        self.service.observer.leg_over(side, leg);
    }
}

impl<N: Network> Drop for Driver<N> {
    /// A session that is dropped before its end, by a panic or by a process that does not wait: its
    /// ports reset what is left, and that is counted.
    fn drop(&mut self) {
        if self.ending.is_none() {
            self.count_closed(CloseCause::Internal);
        }
        self.turns_to(None);
        self.service.generation.ends();
        for side in Side::BOTH {
            if self.wires[side as usize].port.is_some() {
                self.service.observer.leg_dropped(side);
            }
        }
    }
}
