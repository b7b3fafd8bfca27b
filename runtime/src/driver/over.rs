//! The end of a session's life, as it is counted and written down.
//!
//! It owns no state. It waits for nothing.

use super::Driver;
use crate::{net::Network, observe::is_normal, port::Port};
use tidegate_core::{close::CloseCause, effect::Effect, side::Side};

impl<N: Network> Driver<N> {
    pub(super) fn count(&self, side: Side) {
        let leg = self.session.leg_report(side);
        self.service.observer.leg_over(side, &leg);
    }

    /// How the kernel has the client's socket, for the line about its connection: asked once, before anything
    /// is done about what went wrong, or before the socket is left; and never where there will be no line.
    #[inline]
    pub(super) fn note_state(&mut self, effects: &[Effect]) {
        let told = &self.wires[Side::Down as usize].told;
        if self.service.ink.is_none() || told.state.is_some() {
            return;
        }
        let leaves = |effect: &Effect| {
            matches!(
                effect,
                Effect::Reset(Side::Down) | Effect::Close(Side::Down)
            )
        };
        if self.session.went_wrong() || effects.iter().any(leaves) {
            self.ask_state();
        }
    }

    #[cold]
    fn ask_state(&mut self) {
        let normal = is_normal(&self.session.report());
        let wire = &mut self.wires[Side::Down as usize];
        if self
            .service
            .ink
            .as_ref()
            .is_some_and(|ink| ink.tells(normal))
        {
            wire.told.state = wire.port.as_ref().and_then(Port::state);
        }
    }

    /// It goes. If that is before its end, by a panic or by a process that does not wait, its ports reset what
    /// is left, and that is counted.
    pub(super) fn is_left(&mut self) {
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
