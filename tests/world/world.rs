//! A network for one session, as a value: what both peers will still do, what was told of it, and
//! what came of it. It owns the truth that the checks judge by, so that the core cannot lie.
//!
//! It offers exactly the events that a driver could tell, given interest and effects. Kernel and
//! peer are one: what a peer has sent and what it will send differ in nothing that can be told.

mod above;
pub(crate) mod action;
pub(crate) mod carry;
mod knobs;
mod lane;
pub(crate) mod oracle;
mod order;
mod outbox;
pub(crate) mod rows;
pub(crate) mod shape;
mod truth;
mod tunnel;
pub(crate) mod wire;

pub(crate) use self::{above::Killed, action::Action};
use self::{
    carry::Carry,
    oracle::Found,
    shape::Shape,
    wire::{Fd, Truth, Wire},
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tidegate_core::{
    effect::Effects,
    ending::{Cause, Rejection},
    event::{Call, Event, Peeked},
    interest::Read,
    leg::{Leg, WriteEnd},
    session::{Phase, RULES, Rule, Session},
    side::Side,
    time::Time,
    tls::Version,
};

/// One session and its network.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct World {
    pub(crate) session: Session,
    pub(crate) wires: [Wire; 2],
    pub(crate) carry: Carry,
    pub(crate) dialing: bool,
    /// No endpoint has room for it yet.
    pub(crate) queued: bool,
    /// It has waited for one; once is enough.
    pub(crate) waited: bool,
    /// One endpoint could not be reached; once is enough.
    pub(crate) redialled: bool,
    /// The origin is reached, and shakes hands.
    pub(crate) securing: bool,
    pub(crate) dials: u8,
    pub(crate) drained: bool,
    pub(crate) evicted: bool,
    /// A wait has run out.
    pub(crate) lapsed: bool,
    /// The drain has lasted as long as it may, or an operator has ended what has no end of its own.
    pub(crate) expired: bool,
    /// An operator has ended it (G10): how it stood then.
    pub(crate) killed: Option<Killed>,
    /// Nothing has moved in it for too long.
    pub(crate) idled: bool,
    /// The origin's kernel took nothing of the request, and its FIN is next (U02).
    pub(crate) unaccepted: bool,
    pub(crate) over: bool,
    /// Bytes go both ways as they are: from the start, or because an exchange has left HTTP.
    pub(crate) tunnel: bool,
    /// By source: how often its lane has changed.
    lanes: [u8; 2],
}

/// One step, for a trace.
pub(crate) struct Told {
    pub(crate) before: Session,
    pub(crate) event: Event,
    pub(crate) effects: Effects,
}

impl World {
    /// The world before the first event.
    pub(crate) fn new(shape: &Shape) -> Self {
        World {
            session: Session::new(shape.setup),
            wires: [
                Wire::new(shape.setup.down_tls, shape.bytes[0], Fd::Open),
                Wire::new(shape.setup.up_tls, shape.bytes[1], Fd::None),
            ],
            carry: Carry::default(),
            dialing: false,
            queued: false,
            waited: false,
            redialled: false,
            securing: false,
            dials: 0,
            drained: false,
            evicted: false,
            lapsed: false,
            expired: false,
            killed: None,
            idled: false,
            unaccepted: false,
            over: false,
            tunnel: !shape.is_http(),
            lanes: [0, 0],
        }
    }

    pub(crate) fn is_new(&self) -> bool {
        self.session.phase() == &Phase::New
    }

    pub(crate) fn wire(&self, side: Side) -> &Wire {
        &self.wires[side as usize]
    }

    pub(crate) fn wire_mut(&mut self, side: Side) -> &mut Wire {
        &mut self.wires[side as usize]
    }

    /// Everything that a driver could do now.
    pub(crate) fn actions(&self, shape: &Shape) -> Vec<Action> {
        let mut out = Vec::new();
        match (self.over, self.is_new()) {
            (true, _) => return out,
            (false, true) => return vec![Action::Tell(Event::Accepted)],
            (false, false) => {}
        }
        let mut tell = |event| out.push(Action::Tell(event));
        if matches!(self.session.leg(Side::Down), Leg::Securing) {
            if self.session.phase() == &Phase::ProxyHeader {
                tell(Event::Introduced);
                Rejection::ALL
                    .iter()
                    .for_each(|why| tell(Event::Rejected(*why)));
            } else {
                tell(Event::Secured(Side::Down, shape.version));
                tell(Event::Failed(Side::Down, Cause::Tls, Call::Read));
            }
            tell(Event::Fin(Side::Down));
            tell(Event::Failed(Side::Down, Cause::Reset, Call::Read));
        }
        if matches!(self.session.leg(Side::Up), Leg::Securing) {
            tell(Event::Secured(Side::Up, Version::V13));
            tell(Event::Fin(Side::Up));
            tell(Event::Failed(Side::Up, Cause::Certificate, Call::Read));
            tell(Event::Failed(Side::Up, Cause::Reset, Call::Write));
        }
        if self.session.phase() == &Phase::Peeking && self.wire(Side::Down).inside > 0 {
            let all = [Peeked::Routed, Peeked::Unroutable, Peeked::Alien];
            all.into_iter()
                .for_each(|peeked| tell(Event::Peeked(peeked)));
        }
        self.coming(shape).into_iter().for_each(&mut tell);
        self.above(shape).into_iter().for_each(&mut tell);
        for side in Side::BOTH {
            if self.session.leg(side).open().is_some() {
                self.reads(shape, side, &mut out);
                self.writes(shape, side, &mut out);
            }
        }
        out.extend(self.losses(&out));
        out
    }

    fn reads(&self, shape: &Shape, side: Side, out: &mut Vec<Action>) {
        let interest = self.session.interest(side);
        let wire = self.wire(side);
        if side == Side::Up && self.unaccepted {
            // The driver tells of both in one breath.
            out.push(Action::Tell(Event::Fin(side)));
            return;
        }
        let left = match self.tunnel {
            true => wire.left,
            false => self.carry.unread(shape, side),
        };
        if self.session.observes_faults(side) {
            out.push(Action::Tell(Event::Failed(side, Cause::Reset, Call::Poll)));
        }
        if shape.hints && self.session.observes_hints(side) {
            out.push(Action::Tell(Event::Hinted(side)));
        }
        if interest.decode.is_some() {
            out.push(Action::Look(side));
            return;
        }
        match interest.read {
            Read::Off => return,
            Read::Take(room) => {
                let most = left.min(self.most(shape, side, room));
                self.switches(shape, side, out);
                if wire.told == Truth::Open {
                    out.extend((1..=most).map(|n| match self.tunnel {
                        true => Action::Tell(Event::Received(side, u32::from(n))),
                        false => Action::Fill(side, n),
                    }));
                }
            }
            Read::Discard if left > 0 && wire.told == Truth::Open && !wire.discarded => {
                out.push(Action::Discard(side));
            }
            Read::Discard => {}
        }
        if wire.fin || self.still_waits(shape, side) {
            return;
        }
        if wire.tls && wire.told == Truth::Open {
            out.push(Action::Tell(Event::CloseNotify(side)));
            out.push(Action::Tell(Event::Failed(side, Cause::Tls, Call::Read)));
        }
        if side == Side::Up && self.session.asks_if_accepted() {
            out.push(Action::Tell(Event::Unaccepted));
        }
        out.push(Action::Tell(Event::Fin(side)));
        out.push(Action::Tell(Event::Failed(side, Cause::Reset, Call::Read)));
    }

    /// Whether a patient peer has not heard yet what it waits for.
    fn still_waits(&self, shape: &Shape, side: Side) -> bool {
        let wire = self.wire(side);
        if shape.patient != Some(side) || wire.finished || wire.latched {
            return false;
        }
        let (stream, unread) = (self.carry.stream(side), self.carry.unread(shape, side));
        let content = stream.answered > 0 && stream.answered == stream.heads && unread == 0;
        self.tunnel || side == Side::Up || !content
    }

    fn writes(&self, _: &Shape, side: Side, out: &mut Vec<Action>) {
        let interest = self.session.interest(side);
        let wire = self.wire(side);
        let failed = |call| Action::Tell(Event::Failed(side, Cause::Reset, call));
        match interest.write {
            0 if wire.tls && self.session.observes_writes(side) => out.push(failed(Call::Write)),
            0 => {}
            n => {
                // All, a part, and all but the last.
                for bytes in if n > 8 { [n, n - 1, n] } else { [n, 1, n / 2] } {
                    let sent = Action::Tell(Event::Sent(side, bytes));
                    if bytes > 0 && !out.contains(&sent) {
                        out.push(sent);
                    }
                }
                if wire.tls {
                    out.push(Action::Tell(Event::Sent(side, 0)));
                }
                out.push(failed(Call::Write));
            }
        }
        let finishing = self
            .session
            .leg(side)
            .open()
            .is_some_and(|open| open.write == WriteEnd::Finishing);
        if finishing && self.session.observes_writes(side) {
            out.push(Action::Tell(Event::Finished(side)));
            out.push(failed(Call::Finish));
        }
        if interest.acked {
            out.push(Action::Tell(Event::Acked(side)));
            out.push(failed(Call::Poll));
        }
    }

    /// Does what `action` says, and performs and judges what the session orders.
    pub(crate) fn act(
        &mut self,
        shape: &Shape,
        action: Action,
        rules: &[Rule],
    ) -> Result<(), Found> {
        self.act_telling(shape, action, rules, &mut |_| {})
    }

    /// As [`World::act`], telling each step.
    pub(crate) fn act_telling(
        &mut self,
        shape: &Shape,
        action: Action,
        rules: &[Rule],
        tell: &mut dyn FnMut(Told),
    ) -> Result<(), Found> {
        match action {
            Action::Tell(event) => self.step(shape, event, rules, tell)?,
            Action::Lose(side, event) => {
                self.step(shape, Event::Undelivered(side), rules, tell)?;
                self.step(shape, event, rules, tell)?;
            }
            Action::Discard(side) => {
                match self.tunnel {
                    true => self.wire_mut(side).left -= 1,
                    false => self.carry.throw_away(side),
                }
                self.wire_mut(side).discarded = true;
            }
            Action::Fill(side, n) => {
                self.carry.fill(side, n);
                if !self.session.is_turn(side) {
                    let kept = self.carry.keep(shape, side);
                    self.step(shape, kept, rules, tell)?;
                } else {
                    let room = self.session.from(side).room();
                    self.look(shape, side, room, rules, tell)?;
                }
            }
            Action::Look(side) => {
                let room = self.session.interest(side).decode.unwrap_or(0);
                match self.tunnel {
                    true => self.step(shape, self.first(side, room), rules, tell)?,
                    false => self.look(shape, side, room, rules, tell)?,
                }
            }
        }
        self.let_go();
        oracle::state(self, shape)
    }

    fn look(
        &mut self,
        shape: &Shape,
        side: Side,
        room: u32,
        rules: &[Rule],
        tell: &mut dyn FnMut(Told),
    ) -> Result<(), Found> {
        for event in self
            .carry
            .look(shape, &self.session, side, room)
            .into_iter()
            .flatten()
        {
            self.step(shape, event, rules, tell)?;
        }
        Ok(())
    }

    fn step(
        &mut self,
        shape: &Shape,
        event: Event,
        rules: &[Rule],
        tell: &mut dyn FnMut(Told),
    ) -> Result<(), Found> {
        self.learn(shape, event);
        let before = self.session.clone();
        let mut effects = Effects::new();
        let stepped = catch_unwind(AssertUnwindSafe(|| {
            let now = match event {
                Event::Fired => self.session.deadline().map_or(Time(0), |(at, _)| at),
                _ => Time(0),
            };
            if rules == RULES {
                self.session.step(now, event, &mut effects);
            } else {
                self.session.step_in_order(now, event, rules, &mut effects);
            }
        }));
        if let Err(panic) = stepped {
            tell(Told {
                before,
                event,
                effects,
            });
            return Err(Found::panicked(&*panic));
        }
        let (was, orders) = (before.clone(), effects.clone());
        tell(Told {
            before: was,
            event,
            effects: orders,
        });
        self.switch(shape);
        order::rides(&before, event, &effects)?;
        order::hint(&before, &self.session, event, &effects)?;
        for effect in effects {
            order::order(self, shape, &before, effect)?;
            self.perform(effect);
        }
        Ok(())
    }
}
