//! A session: a downstream leg and all it caused.
//!
//! It owns both legs, both relays and the exchange, and waits for events. An event moves one
//! machine (`tunnel.rs`, `http.rs`, `fired.rs`); what follows from several together is a numbered
//! rule (`settle.rs`); which waits the state calls for is said in `waits.rs`, what it may read and
//! has to write in `reads.rs`. It never sees a byte, a socket or a clock.

mod check;
mod dormant;
mod drain;
mod ending;
mod fired;
mod http;
mod lane;
mod opening;
mod pace;
mod pass;
mod peek;
mod policy;
mod quiet;
mod reads;
mod report;
mod rest;
mod retry;
mod settle;
mod setup;
mod transport;
mod tunnel;
mod waits;
mod why;

use self::settle::RULES_OF_RELAYS;
pub use self::{
    check::Stuck,
    dormant::Dormant,
    pace::Pace,
    policy::{ClientFin, OnIdle, Policy, TunnelClose},
    rest::Rest,
    settle::{RULES, Rule},
    setup::{Kind, Setup},
    why::Wait,
};
use crate::{
    bug,
    effect::{Effect, Effects},
    ending::{Cause, Ending},
    event::{Event, Origin, Refusal},
    exchange::Exchange,
    leg::Leg,
    relay::{Lane, Relay},
    report::aside::Aside,
    side::Side,
    time::{Moment, Time},
    timer::{Timer, Timers},
};

/// A downstream leg and all it caused.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Session {
    setup: Setup,
    phase: Phase,
    down: Leg,
    up: Leg,
    d2u: Relay,
    u2d: Relay,
    timers: Timers,
    /// The worst end so far: what the session's last word will say.
    ending: Option<Ending>,
    draining: bool,
    /// G10: an operator has ended it, and what is under way is its last.
    killed: bool,
    /// What the report is made of: no part of the state.
    account: Aside<report::Account>,
    #[cfg(feature = "known-bad")]
    wrong: crate::variant::Wrong,
}

/// What the session is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Before the first event.
    New,
    /// The PROXY header, which says who the client is: before anything else of it.
    ProxyHeader,
    /// The downstream TLS handshake.
    Securing,
    /// The client's ClientHello, which says where its connection goes.
    Peeking,
    /// Between two exchanges, or before the first one.
    Idle(Idle),
    /// A request and its response.
    Exchange(Exchange),
    /// Bytes both ways, each direction with its own end.
    Tunnel,
    /// All has been said: what is left are last words of peers.
    Closing,
    /// Over: both legs are closed.
    Closed,
}

/// Which kind of quiet it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Idle {
    /// No request has come yet on this connection.
    Fresh,
    /// At least one exchange is behind us.
    Kept,
}

impl Session {
    /// A session that waits for [`Event::Accepted`].
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        Session {
            phase: Phase::New,
            down: Leg::Absent,
            up: Leg::Absent,
            d2u: Relay::new(setup.limits.relay_bytes),
            u2d: Relay::new(setup.limits.relay_bytes),
            timers: Timers::default(),
            ending: None,
            draining: false,
            killed: false,
            account: Aside::default(),
            #[cfg(feature = "known-bad")]
            wrong: crate::variant::Wrong::default(),
            setup,
        }
    }

    /// The way in. Orders are added to `effects`, to be performed in order, each once.
    ///
    /// # Panics
    ///
    /// When the driver tells of something that its network cannot have done (`bug!`).
    pub fn step(&mut self, now: Time, event: Event, effects: &mut Effects) {
        self.step_in_order(now, event, &RULES, effects);
    }

    /// As [`Session::step`], with the settle rules in another order: it must not matter.
    pub fn step_in_order(
        &mut self,
        now: Time,
        event: Event,
        rules: &[Rule],
        effects: &mut Effects,
    ) {
        self.told_in_order(now, &event, rules, effects);
    }

    /// As [`Session::step`]: an event is large, and this does not move it. Says whether it is known that
    /// nothing has ended ([`Session::is_quiet`]).
    ///
    /// # Panics
    ///
    /// When the driver tells of something that its network cannot have done (`bug!`).
    #[inline]
    pub fn told(&mut self, now: Time, event: &Event, effects: &mut Effects) -> bool {
        let rules: &[Rule] = match self.setup.kind {
            Kind::Http => &RULES,
            Kind::Tcp => &RULES_OF_RELAYS,
        };
        let quiet = self.told_in_order(now, event, rules, effects);
        debug_assert!(!RULES.iter().any(|rule| rule(self, effects)), "{self:?}");
        quiet
    }

    fn told_in_order(
        &mut self,
        now: Time,
        event: &Event,
        rules: &[Rule],
        effects: &mut Effects,
    ) -> bool {
        let mark = self.mark(event, now, effects.len());
        self.advance(event, now, effects);
        let quiet = quiet::carries(event) && self.is_quiet();
        if quiet {
            self.note_quietly(now, event, &mark, effects);
            debug_assert!(!rules.iter().any(|rule| rule(self, effects)), "{self:?}");
        } else {
            self.note_heard(now, event, &mark);
            self.settle(rules, effects);
            self.note_said(now, event, &mark, effects);
        }
        self.bring_waits_into_line(now, quiet);
        quiet
    }

    /// The next wait and its reason.
    #[must_use]
    pub fn deadline(&self) -> Option<(Time, Timer)> {
        self.timers.next()
    }

    /// When the next wait runs out: the moment of [`Session::deadline`].
    #[inline]
    #[must_use]
    pub fn due(&self) -> Moment {
        self.timers.soonest()
    }

    /// The armed timers.
    #[must_use]
    pub fn timers(&self) -> &Timers {
        &self.timers
    }

    /// What the session is about.
    #[must_use]
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self.phase, Phase::Closed)
    }

    /// What it was made for.
    #[must_use]
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// One of its legs.
    #[must_use]
    pub fn leg(&self, side: Side) -> &Leg {
        match side {
            Side::Down => &self.down,
            Side::Up => &self.up,
        }
    }

    /// The relay whose source is `side`.
    #[must_use]
    pub fn from(&self, side: Side) -> &Relay {
        match side {
            Side::Down => &self.d2u,
            Side::Up => &self.u2d,
        }
    }

    /// The relay whose sink is `side`.
    #[must_use]
    pub fn to(&self, side: Side) -> &Relay {
        self.from(side.other())
    }

    fn leg_mut(&mut self, side: Side) -> &mut Leg {
        match side {
            Side::Down => &mut self.down,
            Side::Up => &mut self.up,
        }
    }

    fn relay_from_mut(&mut self, side: Side) -> &mut Relay {
        match side {
            Side::Down => &mut self.d2u,
            Side::Up => &mut self.u2d,
        }
    }

    fn relay_to_mut(&mut self, side: Side) -> &mut Relay {
        self.relay_from_mut(side.other())
    }

    /// Moves the one machine that `event` is about.
    fn advance(&mut self, event: &Event, now: Time, effects: &mut Effects) {
        match *event {
            Event::Accepted => self.accepted(effects),
            Event::Introduced => self.introduced(effects),
            Event::Rejected(why) => self.rejected(why, effects),
            Event::Secured(side, version) => self.secured(side, version, effects),
            Event::Peeked(peeked) => self.peeked(peeked, effects),
            Event::Routed(destination) => {
                self.setup.timeouts = destination.timeouts;
                self.setup.up_tls = destination.tls;
            }
            Event::Queued => self.queued(),
            Event::Granted => self.granted(),
            Event::Connected(origin) => self.connected(origin),
            Event::Redialled => self.redialled(),
            Event::Unconnected(refusal) => self.unconnected(refusal, effects),
            Event::Received(side, bytes) => self.received(side, bytes),
            Event::Piped(side, most) => self.piped(side, most),
            Event::Copied(side) => self.relay_from_mut(side).switch(Lane::Copied),
            Event::Decoded(side, decoded) => self.decoded(side, decoded, effects),
            Event::Refused(side, reply) => self.refused(side, reply, effects),
            Event::Declined(_) => self.declined(effects),
            Event::Sent(side, bytes) => self.sent(side, bytes),
            Event::CloseNotify(side) => self.close_notify(side),
            Event::Unaccepted => self.unaccepted(),
            Event::Undelivered(side) => self.leg_mut(side).spoken_of().undelivered = true,
            Event::Fin(side) => self.fin(side, effects),
            Event::Failed(side, cause, call) => self.failed(side, cause, call, effects),
            // R17: no effect before the read that returns 0, but on the kernel's keepalive.
            Event::Hinted(side) => self.leg_mut(side).spoken_of().hinted = true,
            Event::Finished(side) => {
                let open = self.leg_mut(side).spoken_of();
                open.write = open.write.finished();
            }
            Event::Acked(side) => self.acked(side, effects),
            Event::Fired => self.fired(now, effects),
            Event::Evicted => self.evicted(effects),
            Event::Drained => self.drain(now, effects),
            Event::DrainExpired => self.cut(Cause::Deadline, effects),
            Event::Killed(kill) => self.kill(now, kill, effects),
        }
    }

    fn connect(&mut self, effects: &mut Effects) {
        self.up = Leg::Connecting;
        effects.push(Effect::Connect);
    }

    /// PRODUCT 5: no endpoint may have one more session now; it waits for its turn.
    fn queued(&mut self) {
        if !matches!(self.up, Leg::Connecting) {
            bug!("a place in a queue that nobody asked for")
        }
        self.up = Leg::Queued;
    }

    fn granted(&mut self) {
        if !matches!(self.up, Leg::Queued) {
            bug!("an endpoint for somebody who does not wait for one")
        }
        self.up = Leg::Connecting;
    }

    fn connected(&mut self, origin: Origin) {
        if !matches!(self.up, Leg::Connecting) {
            bug!("a connect that nobody ordered")
        }
        self.up = match origin {
            Origin::Fresh if self.setup.up_tls => Leg::Securing,
            Origin::Fresh | Origin::Reused => Leg::opened(self.setup.up_tls),
        };
        self.asked(origin);
        self.timers.restart(Timer::Response);
    }

    /// R21: each try has T_connect to itself; the driver bounds how many there are.
    fn redialled(&mut self) {
        if !matches!(self.up, Leg::Connecting) {
            bug!("a connect that nobody ordered")
        }
        self.timers.restart(Timer::Connect);
    }

    fn unconnected(&mut self, refusal: Refusal, effects: &mut Effects) {
        if !matches!(self.up, Leg::Connecting) {
            bug!("a connect that nobody ordered")
        }
        self.no_upstream(refusal, effects);
    }

    /// There is no upstream leg to be had, for this or for that reason.
    fn no_upstream(&mut self, refusal: Refusal, effects: &mut Effects) {
        match self.setup.kind {
            Kind::Tcp => self.unreachable(refusal),
            Kind::Http => self.unanswerable(refusal, effects),
        }
    }
}
