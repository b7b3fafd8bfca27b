//! What only the kernel knows of an end: it is asked just before the session is told of that end.
//!
//! It waits for nothing, and asks only where the session would make a difference of the answer.

use super::Driver;
use crate::{net::Network, port::Port};
use tidegate_core::{event::Event, side::Side};

impl<N: Network> Driver<N> {
    /// U02: whether the origin's kernel has taken any of the request before this FIN.
    pub(super) fn ask_if_accepted(&mut self, side: Side) {
        if side == Side::Down || !self.session.asks_if_accepted() {
            return;
        }
        let port = self.wires[side as usize].port.as_ref();
        let acked = port.and_then(|port| port.acked_bytes().ok());
        // Acknowledgements are cumulative: one that reaches no further has taken none of it.
        if acked.is_some_and(|acked| self.carry.sent_before().is_some_and(|sent| acked <= sent)) {
            self.step(Event::Unaccepted);
        }
    }

    /// Tells of close_notify. Acknowledgements prove something behind a FIN alone (U02), and that has mostly come
    /// with it.
    pub(super) fn notified(&mut self, side: Side) {
        if side == Side::Up && self.session.asks_if_accepted() {
            let port = self.wires[side as usize].port.as_ref();
            if port.and_then(Port::state) == Some("close_wait") {
                self.ask_if_accepted(side);
            }
        }
        self.step(Event::CloseNotify(side));
    }

    /// R14: whether a leg that has failed behind our last word took with it what was said before. A
    /// socket that cannot tell has not acknowledged it.
    pub(super) fn ask_if_delivered(&mut self, side: Side) {
        if !self.session.asks_if_delivered(side) {
            return;
        }
        let port = self.wire(side).port.as_ref();
        let delivered = port.is_some_and(|port| port.is_delivered().unwrap_or(false));
        if !delivered {
            self.step(Event::Undelivered(side));
        }
    }

    /// The same of the legs that the deadline is about to give up.
    pub(super) fn ask_of_the_given_up(&mut self) {
        for side in Side::BOTH {
            if self.session.is_about_to_give_up(side) {
                self.ask_if_delivered(side);
            }
        }
    }
}
