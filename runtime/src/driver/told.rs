//! What a session tells of itself: what became of it, and its last steps.

use super::Driver;
use crate::{net::Network, observe::Record};
use std::rc::Rc;
use tidegate_core::record::Timeline;

impl<N: Network> Driver<N> {
    /// What became of it, or has become of it so far.
    #[must_use]
    pub fn record(&self) -> Record {
        Record {
            conn: self.conn,
            listener: Rc::clone(&self.service.name),
            client: self.client,
            endpoint: self.endpoint().to_owned(),
            report: self.session.report(),
            wires: [0, 1].map(|side: usize| self.wires[side].told.clone()),
            now: self.now,
        }
    }

    /// The name of the endpoint of its last upstream leg; empty if there was none.
    pub(super) fn endpoint(&self) -> &str {
        self.endpoint.as_deref().unwrap_or_default()
    }

    /// Its last steps, to be shown and to be played again.
    #[must_use]
    pub fn timeline(&self) -> Timeline {
        self.recorder.timeline(&self.service.setup)
    }
}
