//! Tunnels and plain relays: bytes both ways, each direction with its own end (LIFECYCLE 4.1).

use super::{Phase, Session};
use crate::{
    bug,
    ending::{By, Cause, End, How},
    event::Refusal,
    leg::Leg,
    side::Side,
    timer::Timer,
};

impl Session {
    /// R01: bytes arrived; they wait for the sink to take them.
    pub(super) fn received(&mut self, side: Side, bytes: u32) {
        if !matches!(self.phase, Phase::Tunnel) {
            bug!("raw bytes outside a tunnel")
        }
        self.leg_mut(side).spoken_of();
        self.relay_from_mut(side).received(bytes);
        self.timers.restart(Timer::Tunnel);
    }

    /// R21: every attempt at the upstream leg failed. The client must see an abort, never an
    /// empty clean close; the settle rules make it one.
    pub(super) fn unreachable(&mut self, refusal: Refusal) {
        let cause = match refusal {
            Refusal::NoRoute | Refusal::NoEndpoint => Cause::Unreachable,
            Refusal::Failed(cause) => cause,
        };
        self.note(How::Abort(cause), By::Origin);
        self.d2u.discard();
        self.up = Leg::Reset(End::Abort(cause));
    }
}
