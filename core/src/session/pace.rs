//! How fast a request's body comes, on the average (PRODUCT section 5): a byte now and then is
//! progress, and would hold a session for ever.
//!
//! It counts only while the next byte is the client's to send, and no answer moves: what it is kept
//! waiting for costs it nothing. So it bounds no direction that moves at a rate at which anything is
//! ever sent (I10).

use super::{Phase, Session};
use crate::{
    exchange::Request,
    time::{Span, Time},
    timer::Timer,
};

const SECOND: Span = Span::from_secs(1);

/// What has come of a body, and how long that was waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    bytes: u64,
    spent: Span,
    /// Since when the next byte is waited for; [`NEVER`] if it is not, or an answer has moved
    /// meanwhile.
    since: Time,
}

/// No session lives to see it.
const NEVER: Time = Time(u64::MAX);

impl Pace {
    /// Of a body of which nothing has come.
    pub(crate) const NONE: Pace = Pace {
        bytes: 0,
        spent: Span(0),
        since: NEVER,
    };
}

impl Session {
    /// Whether a wait for the next byte of a body counts.
    pub(super) fn asks_for_pace(&self) -> bool {
        self.setup.limits.body_rate > 0 && self.waits_for_request()
    }

    /// Counts the wait that is over, or goes on.
    pub(super) fn keep_pace(&mut self, now: Time) {
        let body = self
            .exchange()
            .is_some_and(|it| it.request == Request::Body);
        if !body {
            return;
        }
        let waits = self.asks_for_pace();
        if let Phase::Exchange(exchange) = &mut self.phase {
            let pace = &mut exchange.pace.0;
            pace.spent = Span(pace.spent.0.saturating_add(now.since(pace.since).0));
            pace.since = if waits { now } else { NEVER };
        }
    }

    /// So many bytes of a body have come.
    pub(super) fn pace_moved(&mut self, bytes: u32) {
        if let Phase::Exchange(exchange) = &mut self.phase {
            let pace = &mut exchange.pace.0;
            pace.bytes = pace.bytes.saturating_add(u64::from(bytes));
        }
        self.timers.restart(Timer::Pace);
    }

    /// The client has taken something of its answer: it has not forgotten us, and what it was waited
    /// for until now is forgiven (H13).
    pub(super) fn pace_answered(&mut self) {
        if let Phase::Exchange(exchange) = &mut self.phase {
            let pace = &mut exchange.pace.0;
            (pace.spent, pace.since) = (Span(0), NEVER);
        }
        self.timers.restart(Timer::Pace);
    }

    /// How long the next byte may still take: what has come pays for the time in which it could have
    /// come at the least rate, and for T_pace in any case.
    pub(super) fn pace_left(&self) -> Span {
        let grace = self.setup.timeouts.pace;
        let Phase::Exchange(exchange) = &self.phase else {
            return grace;
        };
        let Pace { bytes, spent, .. } = exchange.pace.0;
        let rate = u64::from(self.setup.limits.body_rate).max(1);
        let paid = bytes.saturating_mul(SECOND.0) / rate;
        Span(paid.max(grace.0).saturating_sub(spent.0))
    }
}
