//! One turn of the driver: every call that may have something to tell, in a fixed order.
//!
//! It waits for nothing and decides nothing: it makes the calls that the session's interest names,
//! and tells the session what came of them.

use super::{Driver, carry, wire};
use crate::{
    drain::Word,
    net::Network,
    port::{Call, Fault, Read},
    variant::bad,
};
use std::{
    future::Future,
    task::{Context, Poll},
};
use tidegate_core::{
    event::Event, interest::Read as Want, leg::WriteEnd, session::Phase, side::Side, timer::Timer,
};

impl<N: Network> Driver<N> {
    /// One round over everything that may have something to tell.
    pub(super) fn round(&mut self, cx: &mut Context<'_>) -> bool {
        let mut moved = self.poll_secure(cx, Side::Down);
        moved |= self.poll_dial(cx);
        moved |= self.poll_secure(cx, Side::Up);
        for side in Side::BOTH {
            if bad!(ErrorBeforeData) {
                moved |= self.poll_fault(cx, side);
            }
            moved |= self.poll_in(cx, side);
            moved |= self.poll_fault(cx, side);
            moved |= self.poll_hint(cx, side);
        }
        // G7: a request that is there when the drain begins has been read by now.
        moved |= self.poll_drain(cx);
        for side in Side::BOTH {
            moved |= self.poll_out(cx, side);
            moved |= self.poll_finish(cx, side);
            moved |= self.poll_acked(cx, side);
        }
        moved | self.poll_linger(cx)
    }

    /// 4.11, 10: a session that lingers may have to make room for one that has just begun to.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> bool {
        let since = self.session.is_lingering().then_some(self.progress);
        let evicted = self.place.poll(cx, since);
        if evicted {
            self.step(Event::Evicted);
        }
        evicted
    }

    fn poll_drain(&mut self, cx: &mut Context<'_>) -> bool {
        match self.ticket.poll(cx) {
            None | Some(Word::Serve) => return false,
            Some(Word::Drain) => self.step(Event::Drained),
            Some(Word::Expired) => self.expire(),
        }
        true
    }

    pub(super) fn failed(&mut self, side: Side, fault: &Fault) {
        tracing::debug!(%side, %fault, "a leg failed");
        let told = &mut self.wire(side).told.fault;
        told.get_or_insert_with(|| fault.clone());
        let call = if bad!(ErrorBeforeData) {
            Call::Read
        } else {
            fault.call
        };
        self.ask_if_delivered(side);
        self.step(Event::Failed(side, fault.cause, wire::call(call)));
    }

    /// Whether the leg can be read, written and asked at all.
    fn is_open(&self, side: Side) -> bool {
        self.session.leg(side).open().is_some()
    }

    fn poll_in(&mut self, cx: &mut Context<'_>, side: Side) -> bool {
        let interest = self.session.interest(side);
        if let Some(room) = interest.decode {
            self.decode(side, room);
            return true;
        }
        match interest.read {
            Want::Off => false,
            Want::Take(most) => self.take(cx, side, most),
            Want::Discard => {
                let read = self.wire(side).poll_discard(cx);
                if bad!(FinDiscarded) && matches!(read, Poll::Ready(Ok(Read::Fin))) {
                    return false;
                }
                self.read(side, read)
            }
        }
    }

    fn take(&mut self, cx: &mut Context<'_>, side: Side, most: u32) -> bool {
        match self.session.phase() {
            Phase::Peeking | Phase::Tunnel => {
                let [down, up] = &mut self.wires;
                let read = match side {
                    Side::Down => down.poll_take(cx, most, &mut up.outbox),
                    Side::Up => up.poll_take(cx, most, &mut down.outbox),
                };
                if let Poll::Ready(Ok(Read::Bytes(n))) = read {
                    self.step(Event::Received(side, wire::count(n)));
                    self.peek();
                    return true;
                }
                self.read(side, read)
            }
            Phase::New
            | Phase::Securing
            | Phase::Idle(_)
            | Phase::Exchange(_)
            | Phase::Closing
            | Phase::Closed => {
                let read = self.wire(side).poll_fill(cx, most);
                if let Poll::Ready(Ok(Read::Bytes(_))) = read {
                    let room = self.session.from(side).room();
                    self.decode(side, room);
                    return true;
                }
                self.read(side, read)
            }
        }
    }

    /// Tells of a read that brought no bytes to keep.
    fn read(&mut self, side: Side, read: Poll<Result<Read, Fault>>) -> bool {
        match read {
            Poll::Pending => return false,
            Poll::Ready(Ok(Read::Bytes(_))) => {}
            Poll::Ready(Ok(Read::CloseNotify)) => self.step(Event::CloseNotify(side)),
            Poll::Ready(Ok(Read::Fin)) => {
                self.ask_if_accepted(side);
                self.step(Event::Fin(side));
            }
            Poll::Ready(Err(fault)) => self.failed(side, &fault),
        }
        true
    }

    /// Looks at what was read of HTTP: as much as there is room for, told as one event.
    fn decode(&mut self, side: Side, room: u32) {
        if *self.session.phase() == Phase::Tunnel {
            self.pass_on(side, room);
            return;
        }
        if !self.session.is_turn(side) {
            // H11: it is kept, unseen, for the exchange it belongs to.
            let kept = carry::kept(side, &self.wire(side).inbox);
            self.step(kept);
            return;
        }
        let [down, up] = &mut self.wires;
        let (routed, events) = match side {
            Side::Down => self.carry.request(
                &self.session,
                &self.service.upstreams,
                &mut down.inbox,
                &mut up.outbox,
                room,
            ),
            Side::Up => {
                let events =
                    self.carry
                        .response(&self.session, &mut up.inbox, &mut down.outbox, room);
                (None, events)
            }
        };
        self.queue.extend(routed);
        self.queue.extend(events.into_iter().flatten());
        self.settle();
    }

    /// W1: what was read with a head and belongs to the tunnel behind it.
    fn pass_on(&mut self, side: Side, room: u32) {
        let [down, up] = &mut self.wires;
        let (inbox, outbox) = match side {
            Side::Down => (&mut down.inbox, &mut up.outbox),
            Side::Up => (&mut up.inbox, &mut down.outbox),
        };
        let n = inbox.len().min(usize::try_from(room).unwrap_or(usize::MAX));
        outbox.tail().extend_from_slice(&inbox.front()[..n]);
        inbox.take(n);
        self.step(Event::Received(side, wire::count(n)));
    }

    /// R18: a failure is seen also while nobody reads. A reader sees it by itself.
    fn poll_fault(&mut self, cx: &mut Context<'_>, side: Side) -> bool {
        let early = bad!(ErrorBeforeData) && self.session.observes_writes(side);
        if !self.session.observes_faults(side) && !early {
            return false;
        }
        let Some(port) = self.wire(side).port.as_mut() else {
            return false;
        };
        match port.poll_fault(cx) {
            Poll::Pending => false,
            Poll::Ready(fault) => {
                self.failed(side, &fault);
                true
            }
        }
    }

    fn poll_out(&mut self, cx: &mut Context<'_>, side: Side) -> bool {
        let interest = self.session.interest(side);
        if interest.write == 0 {
            return self.poll_flush(cx, side);
        }
        let wire = self.wire(side);
        match wire.poll_write(cx, interest.write, interest.last) {
            Poll::Pending => {
                if wire.unacked.is_none() {
                    wire.unacked = wire.port.as_ref().and_then(|port| port.unacked().ok());
                }
                false
            }
            Poll::Ready(Ok(n)) => {
                wire.unacked = None;
                self.step(Event::Sent(side, wire::count(n)));
                true
            }
            Poll::Ready(Err(fault)) => {
                self.failed(side, &fault);
                true
            }
        }
    }

    /// What the TLS engine has to say for itself: tickets, key updates, alerts.
    fn poll_flush(&mut self, cx: &mut Context<'_>, side: Side) -> bool {
        let failed = !self.session.observes_writes(side);
        let open = self.is_open(side);
        let Some(port) = self.wire(side).port.as_mut() else {
            return false;
        };
        if !open || !port.wants_flush() {
            return false;
        }
        match port.poll_flush(cx) {
            Poll::Ready(Err(fault)) if !failed => {
                self.failed(side, &fault);
                true
            }
            Poll::Pending => bad!(StaleWants),
            Poll::Ready(_) => false,
        }
    }

    fn poll_finish(&mut self, cx: &mut Context<'_>, side: Side) -> bool {
        let ordered = self.session.leg(side).open().is_some_and(|open| {
            open.write == WriteEnd::Finishing && self.session.observes_writes(side)
        });
        let unread = self.session.interest(side).read == Want::Off;
        if !ordered || unread && bad!(FinishUnsubscribed) {
            return false;
        }
        let Some(port) = self.wire(side).port.as_mut() else {
            return false;
        };
        match port.poll_finish(cx) {
            Poll::Pending => false,
            Poll::Ready(Ok(())) => {
                self.step(Event::Finished(side));
                true
            }
            Poll::Ready(Err(fault)) => {
                self.failed(side, &fault);
                true
            }
        }
    }

    /// Waits for the peer's kernel to have everything. What it takes in the meantime is progress,
    /// so that no slow reader is cut off while it reads (I10).
    fn poll_acked(&mut self, cx: &mut Context<'_>, side: Side) -> bool {
        let interest = self.session.interest(side);
        if !interest.acked {
            if interest.write == 0 {
                self.wire(side).unacked = None;
            }
            return false;
        }
        let wire = self.wire(side);
        let Some(port) = wire.port.as_mut() else {
            return false;
        };
        // What waited for a FIN that an abort has replaced leaves by itself.
        port.hold_for_finish(false);
        match port.poll_acked(cx) {
            Poll::Pending => {
                let Ok(left) = port.unacked() else {
                    return false;
                };
                let before = wire.unacked.replace(left);
                if before.is_some_and(|before| left < before) {
                    self.step(Event::Sent(side, 0));
                }
                false
            }
            Poll::Ready(Ok(())) => {
                self.step(Event::Acked(side));
                true
            }
            Poll::Ready(Err(fault)) => {
                self.failed(side, &fault);
                true
            }
        }
    }

    /// Whether the peer that the deadline is about has taken something after all: a socket that
    /// holds much is writable long after its peer began to read, and what is acknowledged is
    /// progress (T_write_stall, T_abort_flush; I10).
    fn taken(&mut self) -> Option<Event> {
        let side = match self.session.deadline()?.1 {
            Timer::WriteDown | Timer::FlushDown => Side::Down,
            Timer::WriteUp | Timer::FlushUp => Side::Up,
            Timer::Tls
            | Timer::Head
            | Timer::Idle
            | Timer::Connect
            | Timer::TlsUp
            | Timer::Request
            | Timer::Response
            | Timer::Body
            | Timer::Tunnel
            | Timer::Linger
            | Timer::FlushTotal => return None,
        };
        if self.session.interest(side).write == 0 {
            return None;
        }
        let wire = self.wire(side);
        let left = wire.port.as_ref()?.unacked().ok()?;
        let before = wire.unacked.replace(left)?;
        (left < before).then_some(Event::Sent(side, 0))
    }

    /// The one deadline. A sleep that ends before it is kept until it does: progress moves the
    /// deadline often, and only forward.
    pub(super) fn poll_deadline(&mut self, cx: &mut Context<'_>) -> bool {
        let Some((at, _)) = self.session.deadline() else {
            self.sleep = None;
            return false;
        };
        loop {
            let net = self.service.upstreams.net();
            let early = self.sleep.as_ref().is_none_or(|(until, _)| *until > at);
            if early {
                self.sleep = Some((at, Box::pin(net.sleep_until(at))));
            }
            let Some((until, sleep)) = self.sleep.as_mut() else {
                return false;
            };
            let until = *until;
            if sleep.as_mut().poll(cx).is_pending() {
                return false;
            }
            self.sleep = None;
            self.now = self.now.max(until);
            if until >= at {
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
