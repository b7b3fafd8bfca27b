//! The joint rules of tunnels (LIFECYCLE 4.1): a direction's end becomes its sink's.

use crate::{
    effect::Effects,
    ending::{Cause, End},
    leg::WriteEnd,
    session::{Phase, Session},
    side::Side,
    variant::bad,
};

/// S1 (R02, R03, R04, R19, T01, T08): a direction of a tunnel that ended clean and holds nothing
/// finishes its sink, in the step in which both became true.
pub(super) fn s1_finish(session: &mut Session, effects: &mut Effects) -> bool {
    if !matches!(session.phase, Phase::Tunnel) {
        return false;
    }
    for source in Side::BOTH {
        let sink = source.other();
        if !session.can_finish(sink) {
            continue;
        }
        if let Some(drained) = session.drained(source)
            && (session.unread(source) == 0 || bad!(session.setup, FinOvertakesBuffered).is_some())
        {
            if sink == Side::Up && bad!(session.setup, ResetFollows).is_some() {
                session.reset(sink, Cause::Local, effects);
                return true;
            }
            session.finish(sink, drained, effects);
            return true;
        }
    }
    false
}

impl Session {
    /// Whether a tunnel's direction has come to an end that is not clean, to somebody's loss.
    #[inline]
    pub(in crate::session) fn has_broken_off(&self, source: Side) -> bool {
        match self.leg(source).end() {
            Some(End::Truncated | End::Abort(_)) => {
                // Its end was said by the letter (S13), whatever comes now.
                let said = source == Side::Up && self.is_over_by_the_letter();
                !said && !self.failed_benignly(source)
            }
            Some(End::Clean) | None => false,
        }
    }

    /// The proof that a tunnel's direction may end; or what a known-bad variant takes for one.
    fn drained(&self, source: Side) -> Option<crate::relay::Drained> {
        #[cfg(feature = "known-bad")]
        {
            let end = self.leg(source).end();
            if bad!(self.setup, FinOnTimer).is_some() && !self.wrong.fired {
                return None;
            }
            if bad!(self.setup, FinForgotten).is_some() && self.wrong.forgotten[source as usize] {
                return None;
            }
            if let (Some(v), Some(End::Clean)) = (bad!(self.setup, FinOvertakes), end) {
                return Some(crate::relay::Drained::forged(v));
            }
            if let (Some(v), Some(End::Abort(_))) = (bad!(self.setup, ResetAsFin), end) {
                return (self.from(source).bytes() == 0).then(|| crate::relay::Drained::forged(v));
            }
            let other = self.leg(source.other()).end();
            let unheard = source == Side::Down && other.is_none();
            if unheard && bad!(self.setup, CloseFollows | ResetFollows).is_some() {
                return None;
            }
            let kept = source == Side::Down && self.setup.kind == crate::session::Kind::Http;
            let closes = bad!(self.setup, NoHalfOpenKept).filter(|_| kept);
            if let (Some(v), Some(End::Clean)) = (bad!(self.setup, CloseBoth).or(closes), other)
                && self.from(source).bytes() == 0
            {
                return Some(crate::relay::Drained::forged(v));
            }
        }
        self.from(source).drained(self.leg(source).end())
    }
}

/// S2 (R09, R10, R12, T05, T06, T09, R21): a direction of a tunnel that did not end clean aborts
/// its sink, behind the bytes that came before.
pub(super) fn s2_abort(session: &mut Session, effects: &mut Effects) -> bool {
    if !matches!(session.phase, Phase::Tunnel) || bad!(session.setup, ResetAsFin).is_some() {
        return false;
    }
    for source in Side::BOTH {
        if session.has_broken_off(source)
            && session.unread(source) == 0
            && let Some(open) = session.leg_mut(source.other()).open_mut()
            && open.write != WriteEnd::Flushing
        {
            open.flush();
            if bad!(session.setup, ResetOvertakes).is_some() {
                session.reset(source.other(), Cause::Cancelled, effects);
            }
            return true;
        }
    }
    false
}
