//! What the network does by itself: it is told what to watch for, and hints at a FIN that nobody reads
//! yet (R06, R17). It decides nothing.

use super::Driver;
use crate::net::Network;
use std::task::Context;
use tidegate_core::{event::Event, side::Side};

impl<N: Network> Driver<N> {
    /// R17: a FIN behind bytes that nobody reads yet.
    pub(super) fn poll_hint(&mut self, cx: &mut Context<'_>, side: Side) -> bool {
        if !self.asks(side).hints {
            return false;
        }
        let port = self.wire(side).port.as_mut();
        let hinted = port.is_some_and(|port| port.poll_hint(cx).is_ready());
        if hinted {
            self.step(Event::Hinted(side));
        }
        hinted
    }

    /// Tells each leg's network what to watch for; it knows what it was told before.
    pub(super) fn watch(&mut self) {
        for side in Side::BOTH {
            let vigil = self.session.vigil(side);
            if let (Some(port), Some(vigil)) = (self.wire(side).port.as_mut(), vigil) {
                port.watch(vigil);
            }
        }
    }
}
