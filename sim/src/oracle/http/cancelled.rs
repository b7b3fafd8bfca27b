//! The judge of an exchange whose client has reset: its origin is told so by a reset, and at once (H08, U13).
//!
//! It owns the word on what was under way then. Only where nothing can be late is that known from outside;
//! elsewhere it asks nothing.

use super::{Court, Invariant};
use crate::schedule::Exchange;
use tidegate_core::time::{Span, Time};

impl Court<'_> {
    pub(super) fn judge_cancelled(&mut self, exchanges: &[Exchange]) {
        let outcome = self.outcome;
        let Some(reset_at) = outcome.client.sent.reset_at else {
            return;
        };
        // An origin that breaks off by itself has its own end, and may be asked a second time.
        let cut = exchanges.iter().any(|one| one.response.cut.is_some());
        if cut || !self.is_undisturbed(exchanges) {
            return;
        }
        let [client_way, origin_way, slack] = [
            u64::from(self.schedule.latencies.client_proxy_ms),
            u64::from(self.schedule.latencies.proxy_origin_ms),
            outcome.net.slack_ms(),
        ]
        .map(Span::from_ms);
        let heard_at = reset_at + client_way;
        let due = heard_at + origin_way + slack;
        for (connection, origin) in outcome.origins.iter().enumerate() {
            let mut asked = outcome.http.asked.iter();
            let Some(last) = asked.rfind(|asked| asked.connection == connection) else {
                continue;
            };
            // What was still on its way when the proxy heard of the reset.
            let came_at = origin.sent.last_at.map(|at| at + origin_way);
            let under_way = came_at.is_some_and(|at| at > heard_at + slack);
            if last.answered && !under_way {
                continue;
            }
            let (of, told) = (last.exchange, origin.seen.reset_at.map(|(at, _)| at));
            self.unless(told.is_some(), Invariant::AbortIsAbort, || {
                format!("request {of:?}: its client has reset, and that never arrived")
            });
            let in_time = told.is_none_or(|at| at <= due);
            self.unless(in_time, Invariant::AbortAtOnce, || {
                let (told_ms, due_ms) = (told.map(Time::as_ms), due.as_ms());
                format!("request {of:?}: the reset seen at {told_ms:?} ms, due at {due_ms} ms")
            });
        }
    }
}
