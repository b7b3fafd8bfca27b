//! The joint rules of legs: when a descriptor is closed, and the session's last word.

use crate::{
    bug,
    effect::{Effect, Effects},
    ending::{By, Cause, End, How},
    leg::{Inbox, Leg, Open, ReadEnd, WriteEnd},
    report::Loss,
    session::{Kind, Phase, Session},
    side::Side,
    variant::bad,
};

/// S9 (R15): a leg that has failed and has nothing left to say is closed, with RST where that
/// still means something. A TLS failure of ours lets its alert leave first.
pub(super) fn s9_failed(session: &mut Session, effects: &mut Effects) -> bool {
    for side in Side::BOTH {
        let Some(open) = session.leg(side).open() else {
            continue;
        };
        let ReadEnd::Failed(failed) = open.read else {
            continue;
        };
        if session.is_still_heard(side) {
            // W1: what it said goes first.
            continue;
        }
        let http_up = side == Side::Up && session.kind() == Kind::Http;
        if http_up && (session.down.open().is_some() || session.client_has_heard_all()) {
            // The exchange decides (S5, S3).
            continue;
        }
        if open.tls && failed.cause.is_tls() {
            if open.write == WriteEnd::Flushing {
                continue;
            }
            session.relay_to_mut(side).discard(Loss::of(failed.cause));
            session.leg_mut(side).spoken_of().flush();
            return true;
        }
        let benign = session.failed_benignly(side);
        session.relay_to_mut(side).discard(Loss::of(failed.cause));
        *session.leg_mut(side) = Leg::Reset(if benign {
            End::Clean
        } else {
            End::Abort(failed.cause)
        });
        effects.push(Effect::Reset(side));
        return true;
    }
    false
}

impl Session {
    /// A leg that S9 left to its alert has failed a second time: nothing will leave it any more.
    pub(in crate::session) fn failed_again(
        &mut self,
        side: Side,
        cause: Cause,
        effects: &mut Effects,
    ) -> bool {
        let again = self.leg(side).open().is_some_and(Open::only_flushes);
        if again {
            self.reset(side, cause, effects);
        }
        again
    }
}

/// S12 (R15): what is inside for a tunnel's leg that has failed will never leave (I20).
pub(super) fn s12_lost(session: &mut Session, _: &mut Effects) -> bool {
    for side in Side::BOTH {
        let lost = session.phase == Phase::Tunnel && session.is_draining(side);
        if lost && session.to(side).bytes() > 0 {
            session.relay_to_mut(side).discard(Loss::SinkFailed);
            return true;
        }
        // And so will what was read for it with a head.
        if session.unread(side.other()) > 0
            && !session.takes(side)
            && let Some(open) = session.leg_mut(side.other()).open_mut()
        {
            open.inbox = Inbox::EMPTY;
            return true;
        }
    }
    false
}

/// S10 (R08, R26): both ends of a leg are over and acknowledged: its descriptor is closed.
pub(super) fn s10_done(session: &mut Session, effects: &mut Effects) -> bool {
    for side in Side::BOTH {
        let secret = side == Side::Up && session.up.open().is_some_and(|open| open.tls);
        let unread = bad!(session.setup, CloseUnread).is_some()
            || secret && bad!(session.setup, TicketsUnread).is_some();
        let done = session
            .leg(side)
            .open()
            .is_some_and(|open| open.is_done() || (unread && open.write == WriteEnd::Acked));
        let hasty = bad!(session.setup, CloseOnFin).is_some()
            && session
                .leg(side)
                .open()
                .is_some_and(|open| open.write == WriteEnd::Sent);
        let done = done || hasty;
        // W1: what was read with its head is still to be passed on. If that cannot be any more, S2
        // has the word (R14).
        let behind = session.unread(side) > 0;
        let lost = session.phase == Phase::Tunnel && session.has_broken_off(side.other());
        if done && !behind && !lost {
            session.leg_mut(side).gone(End::Clean);
            effects.push(Effect::Close(side));
            return true;
        }
    }
    false
}

/// S11: both legs are closed; the session says its last word.
pub(super) fn s11_closed(session: &mut Session, effects: &mut Effects) -> bool {
    let over = session.down.is_over() && session.up.is_over();
    if matches!(session.phase, Phase::New | Phase::Closed) || !over {
        return false;
    }
    session.note(How::Clean, By::Proxy);
    session.phase = Phase::Closed;
    let Some(ending) = session.ending else {
        bug!("a session without a last word")
    };
    effects.push(Effect::End(ending));
    true
}

/// S16 (R08, T03): both ends of a tunnel have said all and were told all, and acknowledge it; a leg is left that
/// has said close_notify. Nothing can come of it any more but its FIN, for which T_linger_ack is enough.
pub(super) fn s16_told_all(session: &mut Session, _: &mut Effects) -> bool {
    let told_all = |side: &Side| match session.leg(*side) {
        Leg::Open(open) => open.write == WriteEnd::Acked && open.read == ReadEnd::Notified,
        Leg::Queued | Leg::Connecting | Leg::Securing => false,
        Leg::Absent | Leg::Gone(_) | Leg::Reset(_) => true,
    };
    let is_left = |side: &Side| session.leg(*side).open().is_some();
    let is_lost = |side: &Side| session.has_broken_off(*side) || session.unread(*side) > 0;
    let over = session.phase == Phase::Tunnel
        && Side::BOTH.iter().all(told_all)
        && Side::BOTH.iter().any(is_left)
        && !Side::BOTH.iter().any(is_lost);
    if over {
        session.phase = Phase::Closing;
    }
    over
}
