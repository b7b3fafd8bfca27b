//! What the session is about, as its listener counts it.
//!
//! It owns since when. It looks once a step, decides nothing, and waits for nothing.

use super::Driver;
use crate::{net::Network, observe::Stage};
use tidegate_core::time::Time;

/// What it is about, as of its last step, and since when.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Staged {
    is: Option<Stage>,
    since: Time,
}

impl<N: Network> Driver<N> {
    /// Most steps change nothing.
    #[inline]
    pub(super) fn note_stage(&mut self) {
        let stage = Stage::of(&self.session);
        if stage != self.stage.is {
            self.turns_to(stage);
            if stage == Some(Stage::Tunnel) {
                // It waits for other things than a request does.
                self.watch();
            }
        }
    }

    pub(super) fn turns_to(&mut self, stage: Option<Stage>) {
        let Staged { is, since } = self.stage;
        let span = self.now.since(since);
        self.service.listened.turns(is, stage, span);
        self.stage = Staged {
            is: stage,
            since: self.now,
        };
    }
}
