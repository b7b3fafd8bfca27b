//! What an event says about the truth, and what an order does to it.

use super::{
    World,
    shape::Shape,
    wire::{Fd, Truth, Wire},
};
use tidegate_core::{
    effect::Effect,
    ending::Cause,
    event::{Event, Origin, Refusal},
    http1::{BodyEncoder, PROBE},
    side::Side,
    timer::Timer,
};

impl World {
    /// Whether the session may end a leg for no fault of its peers': for time, or for room.
    pub(crate) fn gives_up(&self) -> bool {
        self.evicted || self.expired || self.lapsed
    }

    /// What may come of the upstream leg that is wanted.
    pub(super) fn coming(&self, shape: &Shape) -> Vec<Event> {
        if self.queued {
            return vec![Event::Granted];
        }
        if !self.dialing {
            return Vec::new();
        }
        let mut out = vec![Event::Connected(Origin::Fresh)];
        if shape.is_http() && !self.session.is_retrying() {
            out.push(Event::Connected(Origin::Reused));
        }
        out.push(Event::Unconnected(Refusal::Failed(Cause::Refused)));
        if shape.queues && !self.waited {
            out.push(Event::Queued);
        }
        if shape.queues && !self.redialled {
            out.push(Event::Redialled);
        }
        out
    }

    /// What `event` says about the truth.
    pub(super) fn learn(&mut self, shape: &Shape, event: Event) {
        match event {
            Event::Connected(origin) => {
                self.dialing = false;
                self.unaccepted = false;
                if shape.setup.up_tls && origin == Origin::Fresh {
                    self.securing = true;
                } else {
                    self.reached(shape);
                }
            }
            Event::Secured(Side::Up, _) => self.reached(shape),
            Event::Queued => (self.queued, self.waited) = (true, true),
            Event::Granted => self.queued = false,
            Event::Unconnected(_) => self.dialing = false,
            Event::Redialled => self.redialled = true,
            // As if it had not been reached: it has heard nothing of what it was wanted for.
            Event::Fin(Side::Up) | Event::Failed(Side::Up, ..) if self.securing => {}
            Event::Received(side, n) => {
                let n = u8::try_from(n).unwrap_or(u8::MAX);
                let wire = self.wire_mut(side);
                match wire.behind {
                    0 => wire.left -= n,
                    _ => wire.behind -= n,
                }
                wire.inside += n;
            }
            Event::Piped(side, _) | Event::Copied(side) => self.switched(side),
            Event::Sent(side, n) => {
                if !self.tunnel {
                    self.carry.sent(shape, side, n);
                } else {
                    self.wire_mut(side.other()).inside -= u8::try_from(n).unwrap_or(u8::MAX);
                }
            }
            Event::CloseNotify(side) => {
                // T13: a failed write behind our own end takes nothing from an authentic one.
                let benign = self.wire(side).finish
                    && !self.wire(side).undelivered
                    && self.wire(side.other()).told == Truth::Clean
                    && self.held(side) == 0;
                self.wire_mut(side).close_notify(benign);
            }
            Event::Unaccepted => self.unaccepted = true,
            Event::Undelivered(side) => self.wire_mut(side).undelivered = true,
            Event::Fin(side) => self.wire_mut(side).fin(),
            Event::Failed(side, _, call) => {
                let benign = self.is_benign(side);
                self.wire_mut(side).fail(call, benign);
            }
            Event::Finished(side) => self.wire_mut(side).finished = true,
            Event::Acked(side) => self.wire_mut(side).acked = true,
            Event::Drained => self.drained = true,
            Event::Evicted => self.evicted = true,
            Event::DrainExpired => self.expired = true,
            Event::Killed(kill) => self.kill(kill),
            Event::Decoded(_, decoded) => self.kill_what_switches(decoded.head),
            Event::Accepted
            | Event::Introduced
            | Event::Rejected(_)
            | Event::Secured(Side::Down, _)
            | Event::Routed(_)
            | Event::Peeked(_)
            | Event::Refused(..)
            | Event::Declined(_)
            | Event::Hinted(_) => {}
            Event::Fired if shape.fires.is_some() => self.run_out(),
            Event::Fired => self.idled = true,
        }
    }

    /// A wait has run out: whom the session gives up for it has nothing more to say.
    fn run_out(&mut self) {
        self.lapsed = true;
        let Some((_, timer)) = self.session.deadline() else {
            return;
        };
        let given_up: &[Side] = match timer {
            Timer::Tunnel => &Side::BOTH,
            Timer::WriteDown => &[Side::Down],
            Timer::WriteUp | Timer::Response | Timer::Body => &[Side::Up],
            // R11: who failed and was still read is read no longer.
            Timer::FlushDown | Timer::FlushUp | Timer::FlushTotal => {
                for side in Side::BOTH {
                    let wire = self.wire_mut(side);
                    if wire.latched {
                        wire.told = Truth::Abort;
                    }
                }
                &[]
            }
            Timer::Tls
            | Timer::Head
            | Timer::Idle
            | Timer::Queue
            | Timer::Connect
            | Timer::TlsUp
            | Timer::Request
            | Timer::Pace
            | Timer::Linger => &[],
        };
        let open = |side: &&Side| self.session.leg(**side).open().is_some();
        let given_up: Vec<Side> = given_up.iter().filter(open).copied().collect();
        // As with a failure (R13, T13): nobody loses anything if everything was said and taken.
        if !given_up.iter().all(|side| self.is_benign(*side)) {
            for side in given_up {
                self.wire_mut(side).told = Truth::Abort;
            }
        }
        if matches!(timer, Timer::Response | Timer::Body) {
            self.carry.clear_inbox(Side::Up);
        }
    }

    /// There is an origin to talk to.
    fn reached(&mut self, shape: &Shape) {
        self.securing = false;
        self.dials += 1;
        let left = shape.bytes[1];
        *self.wire_mut(Side::Up) = Wire::new(shape.setup.up_tls, left, Fd::Open);
        self.carry.connected();
    }

    /// R13, T13: nobody loses anything by this failure.
    fn is_benign(&self, side: Side) -> bool {
        let (wire, other) = (self.wire(side), self.wire(side.other()));
        let heard = wire.acked || (wire.tls && wire.finish && !wire.undelivered);
        wire.told == Truth::Clean && heard && other.told == Truth::Clean && self.held(side) == 0
    }

    pub(super) fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Connect => {
                self.dialing = true;
                if self.session.is_retrying() {
                    self.carry.repeat();
                }
            }
            Effect::Cancel => (self.dialing, self.queued) = (false, false),
            Effect::Finish(side) => self.wire_mut(side).finish = true,
            Effect::Reset(Side::Up) if self.securing => self.securing = false,
            Effect::Reset(side) => self.wire_mut(side).fd = Fd::Reset,
            Effect::Close(side) => self.wire_mut(side).fd = Fd::Closed,
            Effect::Park | Effect::Retire(_) => {
                self.wire_mut(Side::Up).fd = Fd::Closed;
                self.carry.next_response();
            }
            Effect::Reply(reply) => {
                self.carry.say(b'R', reply.len() as usize);
                self.carry.announce(reply.close);
            }
            Effect::Alert => self.wire_mut(Side::Up).inside += 7,
            Effect::Probe => self.carry.say(b'i', PROBE.len()),
            Effect::LastChunk => self.carry.say(b'0', BodyEncoder::LAST_CHUNK.len()),
            Effect::End(_) => self.over = true,
        }
    }

    /// As the driver: what the session has given up is let go of.
    pub(super) fn let_go(&mut self) {
        let keeps = self.session.keeps_request();
        if !keeps {
            self.carry.forget();
        }
        for side in Side::BOTH {
            let kept = keeps && side == Side::Up;
            if self.session.to(side).bytes() == 0 && self.held(side) > 0 && !kept {
                self.carry.clear_outbox(side);
                self.wire_mut(side.other()).inside = 0;
                self.wire_mut(side).gap = true;
            }
            if self.wire(side).behind > 0 && self.unread(side) == 0 {
                self.wire_mut(side).behind = 0;
                self.wire_mut(side.other()).gap = true;
            }
            if self.session.leg(side).is_over() {
                self.carry.clear_inbox(side);
            }
        }
    }
}
