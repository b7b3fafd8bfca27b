//! One turn of the driver: every call that may have something to tell, in a fixed order.
//!
//! It waits for nothing and decides nothing: it makes the calls that the session's interest names,
//! and tells the session what came of them.

use super::{Driver, decoded, wire};
use crate::{
    net::Network,
    port::{Call, Fault, Port, Read},
    variant::bad,
};
use std::task::{Context, Poll, ready};
use tidegate_core::{
    event::Event,
    interest::{Asks, Read as Want},
    session::Phase,
    side::Side,
};

impl<N: Network> Driver<N> {
    /// Everything that may have something to tell.
    pub(super) fn hear(&mut self, cx: &mut Context<'_>) -> bool {
        let mut moved = false;
        if !self.quiet {
            moved |= self.poll_header(cx);
            moved |= self.poll_secure(cx, Side::Down);
        }
        if !self.is_to_dial() {
            moved |= self.poll_coming(cx);
        }
        moved |= self.hear_leg(cx, Side::Down);
        if self.is_to_dial() {
            // What the client has said already goes with the connect.
            moved |= self.poll_coming(cx);
        }
        if !self.quiet {
            moved |= self.poll_secure(cx, Side::Up);
        }
        moved |= self.hear_leg(cx, Side::Up);
        // G7: a request that is there when the drain begins has been read by now.
        moved |= self.poll_drain(cx);
        moved | self.poll_roll(cx)
    }

    fn hear_leg(&mut self, cx: &mut Context<'_>, side: Side) -> bool {
        let mut moved = false;
        if bad!(ErrorBeforeData) {
            moved |= self.poll_fault(cx, side);
        }
        moved |= self.poll_in(cx, side);
        moved |= self.poll_fault(cx, side);
        moved | self.poll_hint(cx, side)
    }

    /// Everything that is to be said, and what comes of it.
    pub(super) fn say(&mut self, cx: &mut Context<'_>) -> bool {
        let mut moved = false;
        for side in Side::BOTH {
            moved |= self.poll_out(cx, side);
            if !self.quiet {
                moved |= self.poll_finish(cx, side);
                moved |= self.poll_acked(cx, side);
            }
        }
        // Nobody lingers while nothing has ended.
        moved | (!self.quiet && self.poll_linger(cx))
    }

    pub(super) fn failed(&mut self, side: Side, fault: &Fault) {
        tracing::debug!(%side, %fault, "a leg failed");
        let told = &mut self.wire(side).told.fault;
        told.get_or_insert_with(|| Box::new(fault.clone()));
        let call = if bad!(ErrorBeforeData) {
            Call::Read
        } else {
            fault.call
        };
        self.ask_if_delivered(side);
        self.step(Event::Failed(side, fault.cause, wire::call(call)));
    }

    /// Whether the leg can be read, written and asked at all.
    pub(super) fn is_open(&self, side: Side) -> bool {
        self.session.leg(side).open().is_some()
    }

    fn poll_in(&mut self, cx: &mut Context<'_>, side: Side) -> bool {
        let interest = self.asks(side).interest;
        if let Some(room) = interest.decode {
            self.decode(side, room);
            return true;
        }
        match interest.read {
            Want::Off => false,
            // So it is with most who are asked.
            Want::Take(_) | Want::Discard if self.wire(side).has_nothing(cx) => {
                self.no_more(side);
                false
            }
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
            Phase::Peeking => {
                let [down, up] = &mut self.wires;
                let read = down.poll_take(cx, most, &mut up.outbox);
                let received = self.received(side, read);
                self.peek();
                received
            }
            Phase::Tunnel => self.pass(cx, side, most),
            Phase::New
            | Phase::ProxyHeader
            | Phase::Securing
            | Phase::Idle(_)
            | Phase::Exchange(_)
            | Phase::Closing
            | Phase::Closed => self.take_message(cx, side, most),
        }
    }

    /// Tells of a read of bytes that are passed on as they are.
    pub(super) fn received(&mut self, side: Side, read: Poll<Result<Read, Fault>>) -> bool {
        if let Poll::Ready(Ok(Read::Bytes(n))) = read {
            self.step(Event::Received(side, wire::count(n)));
            return true;
        }
        self.read(side, read)
    }

    /// Reads of a message: what need not be looked at goes to the other leg as it comes.
    fn take_message(&mut self, cx: &mut Context<'_>, side: Side, most: u32) -> bool {
        let room = self.session.from(side).room();
        let unread = self.wire(side).inbox.len() > 0;
        let looks = !unread && self.session.is_turn(side);
        if looks && let Some(left) = self.carry.passes(side) {
            if self.may_pass_part(side, left) {
                return self.pass_at_once(cx, side, most.min(room));
            }
            let read = self.poll_pass(cx, side, Some(left));
            if let Poll::Ready(Ok(Read::Bytes(n))) = read {
                let passed = self.carry.passed(side, n);
                self.step(passed);
                return true;
            }
            return self.read(side, read);
        }
        let read = if looks {
            self.look_at_read(cx, side, most, room)
        } else {
            self.wire(side).poll_fill(cx, most)
        };
        if let Poll::Ready(Ok(Read::Bytes(_))) = read {
            match looks {
                true => self.settle(),
                false => self.decode(side, room),
            }
            return true;
        }
        self.read(side, read)
    }

    /// Reads, and looks at what has come where it was read to; only the rest becomes the inbox.
    fn look_at_read(
        &mut self,
        cx: &mut Context<'_>,
        side: Side,
        most: u32,
        room: u32,
    ) -> Poll<Result<Read, Fault>> {
        wire::with_scratch(most, |scratch| {
            let read = ready!(self.wire(side).poll_read(cx, scratch))?;
            if let Read::Bytes(n) = read {
                let bytes = &scratch[..n];
                let taken = self.look(side, bytes, room);
                self.wire(side).inbox.push(&bytes[taken..]);
            }
            Poll::Ready(Ok(read))
        })
    }

    /// Tells of a read that brought no bytes to keep.
    pub(super) fn read(&mut self, side: Side, read: Poll<Result<Read, Fault>>) -> bool {
        match read {
            Poll::Pending => return false,
            Poll::Ready(Ok(Read::Bytes(_))) => {}
            Poll::Ready(Ok(Read::CloseNotify)) => self.notified(side),
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
            let kept = decoded::kept(side, self.wire(side).inbox.front());
            self.step(kept);
            return;
        }
        let inbox = std::mem::take(&mut self.wire(side).inbox);
        let taken = self.look(side, inbox.front(), room);
        self.wire(side).inbox = inbox;
        self.wire(side).inbox.take(taken);
        self.settle();
    }

    /// Looks at bytes of HTTP and queues what is to be told of them. Says how many are done with.
    fn look(&mut self, side: Side, bytes: &[u8], room: u32) -> usize {
        let [down, up] = &mut self.wires;
        let look = match side {
            Side::Down => {
                let service = &self.service;
                self.carry
                    .here()
                    .request(&self.session, service, bytes, &mut up.outbox, room)
            }
            Side::Up => self.carry.here().response(
                &self.session,
                &self.service,
                bytes,
                &mut down.outbox,
                room,
            ),
        };
        let routed = look.routed.filter(|routed| self.is_news(routed));
        let events = &mut self.desk().events;
        events.extend(routed);
        events.extend(look.events.into_iter().flatten());
        look.taken
    }

    /// Whether the session does not know already what its cluster asks for: nothing follows from what it
    /// knows. Whoever looks on is told of every route.
    fn is_news(&self, routed: &Event) -> bool {
        let setup = self.session.setup();
        let knows = matches!(routed, Event::Routed(destination)
            if destination.tls == setup.up_tls && destination.timeouts.is(setup.timeouts));
        !knows || self.tap.is_some()
    }

    /// W1: what was read with a head and belongs to the tunnel behind it.
    fn pass_on(&mut self, side: Side, room: u32) {
        let [down, up] = &mut self.wires;
        let (inbox, outbox) = match side {
            Side::Down => (&mut down.inbox, &mut up.outbox),
            Side::Up => (&mut up.inbox, &mut down.outbox),
        };
        let n = inbox.len().min(usize::try_from(room).unwrap_or(usize::MAX));
        outbox.push(&inbox.front()[..n]);
        inbox.take(n);
        self.step(Event::Received(side, wire::count(n)));
    }

    /// R18: a failure is seen also while nobody reads. A reader sees it by itself.
    fn poll_fault(&mut self, cx: &mut Context<'_>, side: Side) -> bool {
        let early = bad!(ErrorBeforeData) && self.asks(side).writes;
        if !self.asks(side).faults && !early {
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
        let interest = self.asks(side).interest;
        if interest.write == 0 {
            if self.quiet {
                // Nobody waits for an acknowledgement.
                self.wire(side).unacked = None;
            }
            return self.poll_flush(cx, side);
        }
        let written = self.poll_write(cx, side, interest.write, interest.last);
        let wire = self.wire(side);
        match written {
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
        let wants = |port: &Port<N::Stream>| port.wants_flush();
        if !self.wires[side as usize].port.as_ref().is_some_and(wants) || !self.is_open(side) {
            return false;
        }
        let failed = !self.asks(side).writes;
        let Some(port) = self.wire(side).port.as_mut() else {
            return false;
        };
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
        let Asks {
            finish, interest, ..
        } = self.asks(side);
        if !finish || interest.read == Want::Off && bad!(FinishUnsubscribed) {
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
    pub(super) fn poll_acked(&mut self, cx: &mut Context<'_>, side: Side) -> bool {
        let interest = self.asks(side).interest;
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
                let Some(left) = port.sampled() else {
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
}
