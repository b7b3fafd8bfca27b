//! The end of a drain that has lasted long enough: what is cut is named, with all that an operator
//! may want to know of it (LIFECYCLE G9).

use super::Driver;
use crate::{
    net::{Address, Network},
    port::Port,
};
use std::time::Duration;
use tidegate_core::{
    event::Event,
    leg::Leg,
    session::{Session, Wait},
    side::Side,
    time::{Span, Time},
    timer::Timer,
    trace,
};

/// A leg that is about to be cut.
struct Last {
    side: Side,
    peer: Option<Address>,
    phase: &'static str,
    wait: Wait,
    /// What would have ended the wait, and when.
    next: Option<(Time, Timer)>,
    /// How long nothing had happened.
    quiet: Span,
    inside: u32,
    unacked: u32,
}

impl<N: Network> Driver<N> {
    /// T_drain has passed: the session is over in this step.
    pub(super) fn expire(&mut self) {
        let [down, up] = Side::BOTH.map(|side| self.last(side));
        self.step(Event::DrainExpired);
        let mut cut = 0;
        for last in [down, up].into_iter().flatten() {
            if was_cut(&self.session, last.side) {
                self.tell_cut(&last);
                cut += 1;
            }
        }
        self.ticket.count_cut(cut);
    }

    fn last(&self, side: Side) -> Option<Last> {
        let wait = self.session.wait(side)?;
        let port = self.wires[side as usize].port.as_ref();
        Some(Last {
            side,
            peer: port.map(Port::peer),
            phase: trace::phase(&self.session),
            wait,
            next: self.session.deadline(),
            quiet: self.now.since(self.progress),
            inside: self.session.to(side).bytes(),
            unacked: port.and_then(|port| port.unacked().ok()).unwrap_or(0),
        })
    }

    fn tell_cut(&self, last: &Last) {
        let leg = match last.side {
            Side::Down => "downstream",
            Side::Up => "upstream",
        };
        let span = |from: Time, to: Time| Duration::from_micros(to.since(from).0);
        tracing::warn!(
            listener = &*self.service.name,
            leg,
            peer = last.peer.map(tracing::field::display),
            phase = last.phase,
            waits_for = %last.wait,
            timer = last.next.map(|(_, timer)| tracing::field::display(timer)),
            timer_in = last.next.map(|(at, _)| tracing::field::debug(span(self.now, at))),
            age = ?span(self.begun, self.now),
            quiet = ?Duration::from_micros(last.quiet.0),
            unsent = last.inside,
            unacked = last.unacked,
            "cut: the drain has lasted long enough"
        );
    }
}

fn was_cut(session: &Session, side: Side) -> bool {
    matches!(session.leg(side), Leg::Reset(_))
}
