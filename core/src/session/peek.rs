//! Passthrough: the client's first words, from which the route is read (LIFECYCLE 4.2).
//!
//! Until they are complete nothing is dialled (P1); they are the first bytes that the origin gets
//! (P3), so they wait in the relay from the start. From then on it is a tunnel like any other.

use super::{Phase, Session};
use crate::{
    bug,
    effect::{Effect, Effects},
    ending::{By, Cause, How},
    event::Peeked,
    report::Loss,
    side::Side,
    tls::hello,
};

impl Session {
    /// How much of the first words may still come: the limit of a relay is not theirs.
    pub(super) fn peek_room(&self) -> u32 {
        hello::MOST_BYTES.saturating_sub(self.d2u.bytes())
    }

    pub(super) fn peeked(&mut self, peeked: Peeked, effects: &mut Effects) {
        if self.phase != Phase::Peeking {
            bug!("a look at what was routed already")
        }
        match peeked {
            Peeked::Routed => {
                self.phase = Phase::Tunnel;
                self.connect(effects);
            }
            // RFC 6066, 3: the one alert that can be sent before a server is chosen; then RST.
            Peeked::Unroutable => {
                self.note(How::Abort(Cause::Protocol), By::Proxy);
                self.d2u.discard(Loss::Unrouted);
                let bytes = hello::UNRECOGNIZED_NAME.len();
                self.u2d.said(u32::try_from(bytes).unwrap_or(u32::MAX));
                effects.push(Effect::Alert);
                self.phase = Phase::Closing;
                self.down.spoken_of().flush();
            }
            Peeked::Alien => {
                self.note(How::Abort(Cause::Protocol), By::Client);
                self.drop_unrouted(Cause::Protocol, effects);
            }
        }
    }

    /// P1, P2: a connection without a route is reset, and what it said is nobody's.
    pub(super) fn drop_unrouted(&mut self, cause: Cause, effects: &mut Effects) {
        self.d2u.discard(Loss::Unrouted);
        self.reset(Side::Down, cause, effects);
    }
}
