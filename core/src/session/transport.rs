//! What a leg's transport tells: bytes taken, ends, failures, acknowledgements; and what a leg can
//! still do.

use super::{Kind, Phase, Session, waits};
use crate::{
    bug,
    effect::{Effect, Effects},
    ending::{By, Cause, End, How},
    event::{Call, Refusal},
    leg::{Leg, ReadEnd, WriteEnd},
    report::Loss,
    side::Side,
    timer::Timer,
    tls::BareFin,
    variant::bad,
};

impl Session {
    pub(super) fn sent(&mut self, side: Side, bytes: u32) {
        self.leg_mut(side).spoken_of();
        self.relay_to_mut(side).sent(bytes);
        if side == Side::Up {
            self.sent_request(bytes);
        }
        for timer in waits::moved(side) {
            self.progress_of(timer);
        }
        if side == Side::Down {
            self.pace_answered();
        }
        if side == Side::Up {
            self.timers.restart(Timer::Response);
        }
    }

    /// What `timer` bounds has made progress (I10).
    pub(super) fn progress_of(&mut self, timer: Timer) {
        #[cfg(feature = "known-bad")]
        if timer == Timer::Tunnel
            && self.is_cut_short()
            && bad!(self.setup, HalfCloseDeadline).is_some()
        {
            return;
        }
        self.timers.restart(timer);
    }

    pub(super) fn close_notify(&mut self, side: Side) {
        self.leg_mut(side).spoken_of().close_notify();
        self.timers.restart(Timer::Tunnel);
        self.note_end(side);
    }

    pub(super) fn fin(&mut self, side: Side, effects: &mut Effects) {
        if bad!(self.setup, FinAsReset).is_some() {
            self.failed(side, Cause::Reset, Call::Read, effects);
            return;
        }
        self.timers.restart(Timer::Tunnel);
        if side == Side::Up && self.up == Leg::Securing {
            // Something else than TLS is there, or it does not like ours.
            self.unsecured(Cause::Tls, effects);
            return;
        }
        if matches!(self.leg(side), Leg::Securing) || self.phase == Phase::Peeking {
            // T14, P1: it ends early and ends the session; no upstream leg was dialled.
            self.note(How::Truncated, By::Client);
            self.d2u.discard(Loss::Unrouted);
            self.down = Leg::Gone(End::Truncated);
            effects.push(Effect::Close(side));
            return;
        }
        let bare_fin = match (bad!(self.setup, BareFinAsClean), side) {
            (Some(_), _) => BareFin::Clean,
            (None, Side::Down) => self.setup.policy.bare_fin,
            // The knob is for old clients: no origin of ours is one.
            (None, Side::Up) => BareFin::Truncated,
        };
        #[cfg(feature = "known-bad")]
        if bad!(self.setup, FinForgotten).is_some() && self.from(side).bytes() > 0 {
            self.wrong.forget(side);
        }
        self.leg_mut(side).spoken_of().fin(bare_fin);
        self.note_end(side);
    }

    pub(super) fn failed(&mut self, side: Side, cause: Cause, call: Call, effects: &mut Effects) {
        if side == Side::Up && self.up == Leg::Securing {
            self.unsecured(cause, effects);
            return;
        }
        // T14: an alert of ours must still leave, so a TLS failure flushes before it resets.
        if matches!(self.leg(side), Leg::Securing) && cause.is_tls() {
            self.down = Leg::opened(true);
        }
        if matches!(self.leg(side), Leg::Securing) || self.phase == Phase::Peeking {
            self.note(How::Abort(cause), By::Client);
            self.drop_unrouted(cause, effects);
            return;
        }
        if self.failed_again(side, cause, effects) {
            return;
        }
        // H08, H09: nothing that a client has said before it failed is worth an exchange.
        let call = match (self.kind(), side) {
            (Kind::Http, Side::Down) => Call::Read,
            (Kind::Http, Side::Up) | (Kind::Tcp, Side::Down | Side::Up) => call,
        };
        let call = match (bad!(self.setup, WriteErrorFirst), call) {
            (Some(_), Call::Write | Call::Poll) => Call::Read,
            (Some(_) | None, call) => call,
        };
        self.leg_mut(side).spoken_of().failed(cause, call);
        if !self.failed_benignly(side) {
            self.note_failure(side, cause);
        }
    }

    /// Whether it matters, if the leg should fail now, that its peer has what was said before our
    /// last word (R14).
    #[must_use]
    pub fn asks_if_delivered(&self, side: Side) -> bool {
        let told = self.leg(side).open().is_some_and(|open| {
            open.tls && matches!(open.write, WriteEnd::Finishing | WriteEnd::Sent)
        });
        told && self.observes_writes(side) && self.leg(side.other()).end() == Some(End::Clean)
    }

    /// Whether the next deadline gives the leg up.
    #[must_use]
    pub fn is_about_to_give_up(&self, side: Side) -> bool {
        self.deadline()
            .is_some_and(|(_, timer)| timer == Timer::Tunnel || timer == waits::write(side))
    }

    /// R21, T14: the upstream handshake came to nothing. An alert of ours, if there is one, is with
    /// the kernel; RST behind it says that nobody waits for the rest (U13).
    pub(super) fn unsecured(&mut self, cause: Cause, effects: &mut Effects) {
        effects.push(Effect::Reset(Side::Up));
        self.no_upstream(Refusal::Failed(cause), effects);
    }

    pub(super) fn acked(&mut self, side: Side, effects: &mut Effects) {
        let open = self.leg_mut(side).spoken_of();
        if open.write == WriteEnd::Flushing {
            // K20: everything before the reset has arrived.
            self.reset(side, Cause::Cancelled, effects);
        } else {
            open.write = open.write.acked();
        }
        self.timers.restart(waits::write(side));
    }

    /// Whether every leg that is left was told to finish and only waits for its peer's last word.
    #[must_use]
    pub fn is_lingering(&self) -> bool {
        let mut left = Side::BOTH
            .into_iter()
            .filter_map(|side| self.leg(side).open())
            .peekable();
        left.peek().is_some()
            && left.all(|open| match open.write {
                WriteEnd::Finishing | WriteEnd::Sent | WriteEnd::Acked => true,
                WriteEnd::Open | WriteEnd::Flushing => false,
            })
    }

    /// The legs that linger make room for others: closed where our FIN is acknowledged, so that
    /// nothing can be lost any more (K21; 4.11, 6), else reset.
    pub(super) fn evicted(&mut self, effects: &mut Effects) {
        if !self.is_lingering() {
            bug!("a session was evicted that does not linger")
        }
        for side in Side::BOTH {
            match self.leg(side).open().map(|open| open.write) {
                Some(WriteEnd::Acked) => {
                    self.leg_mut(side).gone(End::Abort(Cause::Local));
                    effects.push(Effect::Close(side));
                }
                Some(_) => self.reset(side, Cause::Local, effects),
                None => {}
            }
        }
    }

    /// Resets a leg, now. What was inside for it is lost, and what it would have said.
    pub(super) fn reset(&mut self, side: Side, cause: Cause, effects: &mut Effects) {
        self.relay_to_mut(side).discard(Loss::of(cause));
        if self.is_still_heard(side) {
            // I1, I2: what it said goes down with it, and its end is no longer clean.
            *self.leg_mut(side) = Leg::Reset(End::Abort(cause));
        } else {
            self.leg_mut(side).reset(End::Abort(cause));
        }
        effects.push(Effect::Reset(side));
    }

    /// Whether bytes for the leg can still reach its peer: it is open, or about to be.
    pub(super) fn takes(&self, side: Side) -> bool {
        match self.leg(side) {
            Leg::Queued | Leg::Connecting => true,
            Leg::Securing => side == Side::Up,
            Leg::Open(open) => !matches!(open.read, ReadEnd::Draining(_) | ReadEnd::Failed(_)),
            Leg::Absent | Leg::Gone(_) | Leg::Reset(_) => false,
        }
    }

    /// Whether the leg has failed in a way that leaves words to be read (R15).
    pub(super) fn is_draining(&self, side: Side) -> bool {
        self.leg(side)
            .open()
            .is_some_and(|open| matches!(open.read, ReadEnd::Draining(_)))
    }
}
