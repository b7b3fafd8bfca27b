//! What follows from several ends together: numbered rules, run to a fixed point.
//!
//! Each rule looks at the whole session, does at most one thing, and says whether it did. They
//! may run in any order; a test shuffles them. Where two could speak, one of them asks for what
//! the other brings about.

mod http;
mod legs;
mod policy;
mod strict;
mod tunnel;

use self::{
    http::{
        s3_parted, s4_request_cut, s5_response_cut, s6_upload_over, s7_client_gone, s8_idle_over,
    },
    legs::{s9_failed, s10_done, s11_closed, s12_lost, s16_told_all},
    policy::{s14_close_both, s15_client_fin},
    strict::s13_by_the_letter,
    tunnel::{s1_finish, s2_abort},
};
use super::{Phase, Session};
use crate::{
    bug,
    effect::{Effect, Effects},
    ending::End,
    leg::{Leg, ReadEnd, WriteEnd},
    side::Side,
};

/// A joint rule: does at most one thing, and says whether it did.
pub type Rule = fn(&mut Session, &mut Effects) -> bool;

/// Every rule. Tunnels: S1, S2, S14, S16. HTTP: S3 to S8, S15. Both: S9 to S13.
pub const RULES: [Rule; 16] = [
    s1_finish,
    s2_abort,
    s3_parted,
    s4_request_cut,
    s5_response_cut,
    s6_upload_over,
    s7_client_gone,
    s8_idle_over,
    s9_failed,
    s10_done,
    s11_closed,
    s12_lost,
    s13_by_the_letter,
    s14_close_both,
    s15_client_fin,
    s16_told_all,
];

/// Those that speak of a relay: the others speak of exchanges, and of tunnels that began as one.
pub(super) const RULES_OF_RELAYS: [Rule; 9] = [
    s1_finish,
    s2_abort,
    s7_client_gone,
    s9_failed,
    s10_done,
    s11_closed,
    s12_lost,
    s13_by_the_letter,
    s16_told_all,
];

/// More than any event can cause: each rule fires at most a few times for a leg.
const ROUNDS: usize = 24;

impl Session {
    /// Runs the rules until none has anything to do.
    pub(super) fn settle(&mut self, rules: &[Rule], effects: &mut Effects) {
        for _ in 0..ROUNDS {
            let mut moved = false;
            for rule in rules {
                moved |= rule(self, effects);
            }
            if !moved {
                return;
            }
            if self.is_quiet() {
                // No rule speaks of it any more.
                debug_assert!(!rules.iter().any(|rule| rule(self, effects)), "{self:?}");
                return;
            }
        }
        bug!("the settle rules do not come to rest")
    }

    /// R13, T13: the leg failed after everything was said and taken on both sides: nobody lost
    /// anything. A peer that has closed resets what it is sent, be it nothing but the close_notify
    /// that it is owed; so over TLS a reset means a loss only if something was unacknowledged
    /// before that (R14), and the driver has said so. On a plain leg nothing is owed: a closed peer's
    /// kernel takes our FIN, and what it resets is data.
    pub(super) fn failed_benignly(&self, side: Side) -> bool {
        let Some(open) = self.leg(side).open() else {
            return false;
        };
        let ReadEnd::Failed(failed) = open.read else {
            return false;
        };
        let heard = match open.write {
            WriteEnd::Acked => true,
            WriteEnd::Finishing | WriteEnd::Sent => open.tls && !open.undelivered,
            WriteEnd::Open | WriteEnd::Flushing => false,
        };
        failed.ended
            && heard
            && self.leg(side.other()).end() == Some(End::Clean)
            && self.to(side).bytes() == 0
    }

    /// Whether the client can still be told anything.
    fn client_hears(&self) -> bool {
        self.takes(Side::Down)
    }

    /// Whether the client has had its whole answer and closed: a request that is still on its way
    /// then goes on without it.
    fn client_has_heard_all(&self) -> bool {
        matches!(&self.phase, Phase::Exchange(exchange) if exchange.is_complete())
            && matches!(self.down, Leg::Gone(End::Clean | End::Truncated))
    }

    pub(super) fn finish(
        &mut self,
        side: Side,
        drained: crate::relay::Drained,
        effects: &mut Effects,
    ) {
        let Some(open) = self.leg_mut(side).open_mut() else {
            bug!("a finish without a leg")
        };
        open.finish(drained);
        effects.push(Effect::Finish(side));
    }

    pub(super) fn can_finish(&self, side: Side) -> bool {
        let open = self.leg(side).open();
        self.takes(side) && open.is_some_and(|open| open.write == WriteEnd::Open)
    }
}
