//! A session between two requests, put away: in as few bytes as hold what does not follow from its setup.
//!
//! It owns the list of that. Most who rest so have nothing unusual to report of themselves; what the
//! others have is kept as it is.

use super::{Idle, Phase, Session, Setup, report::Kept, rest::rests};
use crate::{
    bug, event::Want, leg::Leg, limits::Waits, report::aside::Aside, time::Moment, timer::Timer,
    tls::HalfClose,
};

/// A session that was put away. [`Dormant::wake`] gives back the very same.
#[derive(Debug)]
pub struct Dormant {
    due: Moment,
    waits: Waits,
    want: Want,
    idle: Idle,
    up_tls: bool,
    tls12_half_close: HalfClose,
    told: Kept,
}

impl Session {
    /// Whether it can be put away: it waits for a request, nothing of one is here, and nothing has ended or
    /// been asked to.
    #[inline]
    #[must_use]
    pub fn can_be_put_away(&self) -> bool {
        let Phase::Idle(idle) = self.phase else {
            return false;
        };
        #[cfg(feature = "known-bad")]
        if self.setup.variant.is_some() {
            return false;
        }
        let nothing_else = !self.draining && self.ending.is_none();
        let legs = rests(&self.down) && matches!(self.up, Leg::Absent);
        let bare = self.d2u.is_bare() && self.u2d.is_bare();
        nothing_else && legs && bare && self.timers.has_only(timer(idle))
    }

    /// Puts it away.
    ///
    /// # Panics
    ///
    /// Unless [`Session::can_be_put_away`] (`bug!`).
    #[must_use]
    pub fn put_away(self) -> Dormant {
        let (Phase::Idle(idle), Leg::Open(open), true) =
            (&self.phase, &self.down, self.can_be_put_away())
        else {
            bug!("a session that is not at rest is put away")
        };
        let (idle, want) = (*idle, open.inbox.want);
        Dormant {
            due: self.timers.soonest(),
            waits: self.setup.timeouts,
            want,
            idle,
            up_tls: self.setup.up_tls,
            tls12_half_close: self.setup.policy.tls12_half_close,
            told: Kept::of(
                self.account.0,
                [self.d2u.into_tally(), self.u2d.into_tally()],
            ),
        }
    }
}

impl Dormant {
    /// The session that was put away, which had been made with `setup`.
    #[must_use]
    pub fn wake(self, setup: &Setup) -> Session {
        let mut session = Session::new(*setup);
        session.setup.timeouts = self.waits;
        session.setup.up_tls = self.up_tls;
        session.setup.policy.tls12_half_close = self.tls12_half_close;
        session.phase = Phase::Idle(self.idle);
        let mut down = Leg::opened(setup.down_tls);
        if let Leg::Open(open) = &mut down {
            open.inbox.want = self.want;
        }
        session.down = down;
        if let Some(due) = self.due.get() {
            session.timers.arm(timer(self.idle), due);
        }
        let (account, [there, back]) = self.told.all();
        session.account = Aside(account);
        session.d2u.has_carried(there);
        session.u2d.has_carried(back);
        session
    }
}

/// The one wait of a session that rests so.
const fn timer(idle: Idle) -> Timer {
    match idle {
        Idle::Fresh => Timer::Head,
        Idle::Kept => Timer::Idle,
    }
}
