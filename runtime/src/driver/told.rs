//! What a session tells of itself: what became of it, and its last steps.

use super::Driver;
use crate::{net::Network, observe::Record};
use std::{fmt, rc::Rc};
use tidegate_core::record::Timeline;

impl<N: Network> fmt::Debug for Driver<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

impl<N: Network> Driver<N> {
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
            handed_over: self.service.drain.was_handed_over(),
        }
    }

    /// Its last steps, to be shown and to be played again.
    #[must_use]
    pub fn timeline(&self) -> Timeline {
        self.recorder.timeline(&self.service.setup)
    }
}
