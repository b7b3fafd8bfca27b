//! What the network does by itself: it is told what to watch for, and hints at a FIN that nobody reads
//! yet (R06, R17). It decides nothing.

use super::Driver;
use crate::net::Network;
use std::task::Context;
use tidegate_core::{
    event::Event,
    side::Side,
    time::{Moment, Span, Time},
};

/// How late a network may hear what to watch for. The least that it is told of is in whole seconds, and
/// most connections are over, or most half-closed ones closed, before.
const PATIENCE: Span = Span::from_secs(1);

/// The first whole second at or behind `at`: sessions that began in the same second wait for the same
/// moment, and only the first of them makes the runtime wake sooner than it would have.
fn next(at: Time) -> Time {
    let second = Span::from_secs(1).0;
    Time(at.0.div_ceil(second).saturating_mul(second))
}

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

    /// Who wants to know which legs have ended, and how far: the gauge of half-closed legs, and the
    /// network.
    pub(super) fn tell_ends(&mut self) {
        for side in Side::BOTH {
            let since = self.session.half_closed(side);
            self.halves.say(side, since);
        }
        self.watch();
    }

    /// Sees whether each leg's network watches for what it should, wherever that may change: a leg has come or
    /// has ended, or the session waits otherwise. If not, it is told a little later: what is over by then costs
    /// no call.
    pub(super) fn watch(&mut self) {
        let unplanned = self.watch_at == Moment::NEVER;
        if unplanned && Side::BOTH.into_iter().any(|side| self.is_unwatched(side)) {
            self.watch_at = Moment::at(next(self.now + PATIENCE));
        }
    }

    pub(super) fn is_unwatched(&self, side: Side) -> bool {
        let port = self.wires[side as usize].port.as_ref();
        port.is_some_and(|port| {
            let vigil = self.session.vigil(side);
            vigil.is_some_and(|vigil| !port.watches(vigil))
        })
    }

    /// Tells each leg's network what to watch for, once that is due.
    pub(super) fn watch_now(&mut self) {
        if self.watch_at > Moment::at(self.now) {
            return;
        }
        self.watch_at = Moment::NEVER;
        for side in Side::BOTH {
            let vigil = self.session.vigil(side);
            if let (Some(port), Some(vigil)) = (self.wire(side).port.as_mut(), vigil) {
                port.watch(vigil);
            }
        }
    }
}
