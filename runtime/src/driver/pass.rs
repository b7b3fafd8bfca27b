//! What passes at once, of a tunnel or of a message's body: what a read brings is written before anything else
//! is done.
//!
//! It owns nothing, and runs ahead of the session by one write. It may: where nothing has ended and nothing
//! waits, what comes in is what is to be written next, whatever else is heard in this turn. What the sink
//! does not take waits in its outbox, as if it had come there by itself.

use super::{Driver, wire};
use crate::{
    net::Network,
    port::{Fault, Read},
};
use std::task::{Context, Poll};
use tidegate_core::{event::Event, session::Phase, side::Side};

impl<N: Network> Driver<N> {
    /// Reads of a tunnel, and passes on what has come.
    pub(super) fn pass(&mut self, cx: &mut Context<'_>, side: Side, most: u32) -> bool {
        if self.quiet && self.session.passes(side) && !self.wants_pipe(side, None) {
            return self.pass_at_once(cx, side, most);
        }
        let read = self.poll_pass(cx, side, None);
        self.received(side, read)
    }

    /// Whether what a read brings may be written at once, of a message of which so much is left: never its end,
    /// which a FIN may ride with, nor what is kept to be sent again.
    pub(super) fn may_pass_part(&self, side: Side, left: u64) -> bool {
        let relay = self.session.from(side);
        let kept = self.wires[side.other() as usize].outbox.keeps();
        self.quiet
            && left > u64::from(relay.room())
            && relay.is_bare()
            && !kept
            && self.is_open(side.other())
            && !self.wants_pipe(side, Some(left))
    }

    pub(super) fn pass_at_once(&mut self, cx: &mut Context<'_>, side: Side, most: u32) -> bool {
        let (read, written) = wire::with_scratch(most, |scratch| {
            let read = self.wire(side).poll_read(cx, scratch);
            let Poll::Ready(Ok(Read::Bytes(n))) = read else {
                return (read, Poll::Pending);
            };
            let written = self
                .wire(side.other())
                .poll_write_through(cx, &scratch[..n]);
            (read, written)
        });
        let Poll::Ready(Ok(Read::Bytes(n))) = read else {
            let ends = matches!(read, Poll::Ready(Ok(Read::Fin)));
            return match ends && self.session.ends_at_once(side) {
                true => self.fin_at_once(cx, side),
                false => self.read(side, read),
            };
        };
        self.progress = self.now;
        self.count_read(side, wire::count(n));
        let in_tunnel = *self.session.phase() == Phase::Tunnel;
        let whole = matches!(written, Poll::Ready(Ok(taken)) if taken == n);
        if in_tunnel && whole && self.tap.is_none() {
            self.tell_passed(side, wire::count(n));
            return true;
        }
        let came = match in_tunnel {
            true => Event::Received(side, wire::count(n)),
            false => self.carry.passed(side, n),
        };
        self.tell_in_steps(side, came, written);
        true
    }

    /// R02: the other peer has it before anything else is done.
    fn fin_at_once(&mut self, cx: &mut Context<'_>, side: Side) -> bool {
        let sink = side.other();
        let port = self.wire(sink).port.as_mut();
        let finished = port.map_or(Poll::Pending, |port| port.poll_finish(cx));
        self.progress = self.now;
        let events = &mut self.desk().events;
        events.push_back(Event::Fin(side));
        if let Poll::Ready(Ok(())) = finished {
            events.push_back(Event::Finished(sink));
        }
        self.settle();
        if let Poll::Ready(Err(fault)) = finished {
            self.failed(sink, &fault);
        }
        true
    }

    /// All of it has left: nothing else has changed.
    fn tell_passed(&mut self, side: Side, bytes: u32) {
        let events = [
            Event::Received(side, bytes),
            Event::Sent(side.other(), bytes),
        ];
        for event in &events {
            self.recorder.begins(self.now, event, &self.session);
        }
        self.session.passed(self.now, side, bytes);
        self.recorder.ends(self.now, &self.session);
        self.due = self.session.due();
        self.check();
    }

    /// Some of it may wait, or somebody looks on.
    fn tell_in_steps(&mut self, side: Side, came: Event, written: Poll<Result<usize, Fault>>) {
        let events = &mut self.desk().events;
        events.push_back(came);
        if let Poll::Ready(Ok(taken)) = written {
            events.push_back(Event::Sent(side.other(), wire::count(taken)));
        }
        self.settle();
        if let Poll::Ready(Err(fault)) = written {
            self.failed(side.other(), &fault);
        }
    }
}
