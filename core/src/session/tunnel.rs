//! Tunnels and plain relays: bytes both ways, each direction with its own end (LIFECYCLE 4.1), from
//! the start or once an exchange has left HTTP (4.6).

use super::{Kind, Phase, Session};
use crate::{
    bug,
    close::CloseCause,
    effect::Effects,
    ending::{By, Cause, During, End, How},
    event::{Refusal, Want},
    leg::{Inbox, Leg, ReadEnd},
    report::Loss,
    side::Side,
    timer::Timer,
    variant::bad,
};

impl Session {
    /// R01: bytes arrived; they wait for the sink to take them.
    pub(super) fn received(&mut self, side: Side, bytes: u32) {
        if !matches!(self.phase, Phase::Tunnel | Phase::Peeking) {
            bug!("raw bytes outside a tunnel")
        }
        // W1: while anything is left that was read with the head, nothing else is.
        let inbox = &mut self.leg_mut(side).spoken_of().inbox;
        inbox.left = inbox.left.saturating_sub(bytes);
        self.relay_from_mut(side).received(bytes);
        self.progress_of(Timer::Tunnel);
    }

    /// W1: the exchange has left HTTP. What was read with either head goes first; an end that came
    /// before is passed on behind it (W2, W6).
    pub(super) fn switch(&mut self, effects: &mut Effects) {
        self.phase = Phase::Tunnel;
        self.d2u.reopen();
        let forgotten = bad!(self.setup, BehindForgotten).is_some();
        for side in Side::BOTH {
            if let Some(open) = self.leg_mut(side).open_mut() {
                open.inbox.want = Want::Turn;
                if forgotten {
                    open.inbox = Inbox::EMPTY;
                }
            }
        }
        if let Some(ending) = &mut self.ending {
            // W6: an end that was noted is the tunnel's.
            ending.during = During::Tunnel;
        }
        // What the exchange did not take for its own end is one of the tunnel's.
        match self.up.open().map(|open| open.read) {
            Some(ReadEnd::Draining(cause)) => self.note_failure(Side::Up, cause),
            Some(ReadEnd::Open | ReadEnd::Notified | ReadEnd::Fin(_) | ReadEnd::Failed(_)) => {
                self.note_end(Side::Up);
            }
            None => bug!("a switch without an origin"),
        }
        // W9: from now on its own waits bound it.
        for timer in [Timer::Tunnel, Timer::WriteDown, Timer::WriteUp] {
            self.timers.restart(timer);
        }
        if self.killed {
            // G10: it has become a tunnel, which has no end of its own.
            self.cut(Cause::Killed, effects);
        }
    }

    /// What the session is for now: an exchange that has left HTTP is a tunnel like any other.
    pub(super) fn kind(&self) -> Kind {
        match self.phase {
            Phase::Tunnel => Kind::Tcp,
            // Nothing but a tunnel closes with two legs.
            Phase::Closing if !self.up.is_over() => Kind::Tcp,
            Phase::New
            | Phase::ProxyHeader
            | Phase::Securing
            | Phase::Peeking
            | Phase::Idle(_)
            | Phase::Exchange(_)
            | Phase::Closing
            | Phase::Closed => self.setup.kind,
        }
    }

    /// Whether what was read of a leg has all been passed on, as far as there is anybody to pass it
    /// on to.
    pub(super) fn passed_on(&self, source: Side) -> bool {
        self.from(source).bytes() == 0 && self.unread(source) == 0
    }

    /// Bytes that were read with a head and are a tunnel's first (W1).
    pub(super) fn unread(&self, source: Side) -> u32 {
        match (&self.phase, self.leg(source).open()) {
            (Phase::Tunnel, Some(open)) => open.inbox.left,
            _ => 0,
        }
    }

    /// Whether bytes that were read with a head still wait for somebody who takes them (W1).
    pub(super) fn is_still_heard(&self, source: Side) -> bool {
        self.unread(source) > 0 && self.takes(source.other())
    }

    /// R21: every attempt at the upstream leg failed. The client must see an abort, never an
    /// empty clean close; the settle rules make it one.
    pub(super) fn unreachable(&mut self, refusal: Refusal) {
        let cause = refusal.cause().unwrap_or(Cause::Unreachable);
        // It was nobody's fault but that of who let too many in.
        let by = match cause == Cause::Expired(Timer::Queue) {
            true => By::Proxy,
            false => By::Origin,
        };
        self.note(How::Abort(cause), by);
        self.note_trouble(CloseCause::of_refusal(refusal));
        self.d2u.discard(Loss::NoUpstream);
        self.up = Leg::Reset(End::Abort(cause));
    }
}
