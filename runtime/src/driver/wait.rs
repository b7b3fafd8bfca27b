//! The driver's one alarm: the session's deadline, and what is told to the network a little later.
//!
//! It owns the sleep. It waits for the network's time, and decides nothing: whether a deadline still
//! counts is asked of the network once more, because what a peer takes is progress.

use super::Driver;
use crate::{net::Network, upstream::Coming};
use std::{future::Future, pin::Pin, rc::Rc, task::Context};
use tidegate_core::{event::Event, side::Side, timer::Timer};

impl<N: Network> Driver<N> {
    /// The side whose peer is to take something before the deadline.
    fn taker(&self) -> Option<Side> {
        match self.session.deadline()?.1 {
            Timer::WriteDown | Timer::FlushDown => Some(Side::Down),
            Timer::WriteUp | Timer::FlushUp => Some(Side::Up),
            Timer::Connect
            | Timer::Tls
            | Timer::Head
            | Timer::Idle
            | Timer::Queue
            | Timer::TlsUp
            | Timer::Request
            | Timer::Pace
            | Timer::Response
            | Timer::Body
            | Timer::Tunnel
            | Timer::Linger
            | Timer::FlushTotal => None,
        }
    }

    /// What there is to tell in place of the deadline: another endpoint is tried, or the peer that the
    /// deadline is about has taken something after all. A socket that holds much is writable long after
    /// its peer began to read, and what is acknowledged is progress (T_write_stall, T_abort_flush; I10).
    fn taken(&mut self) -> Option<Event> {
        if self.session.deadline()?.1 == Timer::Connect {
            return self.dials_on().then_some(Event::Redialled);
        }
        let side = self.taker()?;
        if self.asks(side).interest.write == 0 {
            return None;
        }
        let wire = self.wire(side);
        let left = wire.port.as_ref()?.unacked().ok()?;
        let before = wire.unacked.replace(left)?;
        (left < before).then_some(Event::Sent(side, 0))
    }

    /// Where all was sent and the peer is waited for, the last look at what it has may be some time ago
    /// (4.11, 8): the deadline counts behind one more (I10).
    fn look_once_more(&mut self, cx: &mut Context<'_>) {
        let Some(side) = self.taker() else {
            return;
        };
        if let Some(port) = self.wire(side).port.as_mut() {
            port.look_again();
            self.poll_acked(cx, side);
        }
    }

    /// Whether another endpoint is dialled in place of one that took too long.
    fn dials_on(&mut self) -> bool {
        let Some(Coming::Dial(dial)) = self.coming.as_deref_mut() else {
            return false;
        };
        let dials_on = dial.times_out();
        // The next one, or the last.
        let endpoint = Rc::clone(&dial.share().endpoint().authority);
        self.goes_to(endpoint);
        dials_on
    }

    /// The one deadline, and the moment to tell the network what to watch for. A sleep that ends
    /// before it is kept until it does: progress moves the deadline often, and only forward.
    pub(super) fn poll_deadline(&mut self, cx: &mut Context<'_>) -> bool {
        loop {
            let due = self.due.get();
            let Some(at) = self.due.min(self.watch_at).get() else {
                self.sleep = None;
                return false;
            };
            if self.sleep.as_ref().is_none_or(|(until, _)| *until > at) {
                let net = self.service.upstreams.net();
                self.sleep = Some((at, net.sleep_until(at)));
                self.asleep = false;
            }
            let Some((until, sleep)) = self.sleep.as_mut() else {
                return false;
            };
            let until = *until;
            // Asked once in a turn, it wakes the task when it is over, be that sooner than it should.
            if self.asleep || Pin::new(sleep).poll(cx).is_pending() {
                self.asleep = true;
                return false;
            }
            self.sleep = None;
            self.now = self.now.max(until);
            self.watch_now();
            if due.is_some_and(|due| until >= due) {
                self.look_once_more(cx);
                if self.due.get().is_none_or(|due| due > until) {
                    return true;
                }
                let event = self.taken().unwrap_or(Event::Fired);
                if event == Event::Fired {
                    self.ask_of_the_given_up();
                }
                self.step(event);
                return true;
            }
        }
    }
}
