//! The judge of aborts in a relay: what one peer breaks off arrives at the other as that, and at once (I4, I6; R10 to
//! R13).
//!
//! It owns when a reset is due. Who may reset at all is for the whole run to say.

use super::{Begun, Court, Direction, Ended, Invariant, ended};
use crate::schedule::Step;
use tidegate_core::time::Span;

impl Court<'_> {
    pub(super) fn judge_abort(&mut self, direction: &Direction<'_>) {
        let (seen, sent, name) = (&direction.to.seen, &direction.from.sent, direction.name);
        if let Some((at, errno)) = seen.reset_at {
            self.unless(self.is_aborted(), Invariant::NoOwnReset, || {
                format!("{name}: {errno} at {} ms, and nobody aborted", at.as_ms())
            });
        }
        let abort = matches!(direction.ended, Ended::Reset | Ended::Truncated);
        let gone = direction.to.sent.reset_at.is_some();
        if !abort || gone || !self.outcome.peers_done {
            return;
        }
        self.unless(seen.reset_at.is_some(), Invariant::AbortIsAbort, || {
            format!("{name}: {:?} never arrived", direction.ended)
        });
        self.judge_abort_latency(direction);
        // R10: what came before a truncation goes first. A sink that had failed takes nothing, and
        // one whose own direction was cut has had its cut passed on, by a reset of both (T05).
        let cut = ended(direction.to, direction.to_tls) == Ended::Truncated;
        let alone = self.outcome.failures == 0 && self.is_calm_before_abort() && !cut;
        if direction.ended == Ended::Truncated && alone {
            self.unless(seen.bytes == sent.bytes, Invariant::AbortIsAbort, || {
                format!(
                    "{name}: truncated after {}, {} arrived",
                    sent.bytes, seen.bytes
                )
            });
        }
    }

    /// R12, K11: who resets behind its own end takes the other direction with it, if that goes on.
    pub(super) fn judge_abort_behind_end(&mut self, direction: &Direction<'_>) {
        let Direction { from, to, .. } = *direction;
        let (Ended::Clean(_), Some(reset_at)) = (direction.ended, from.sent.reset_at) else {
            return;
        };
        let ways = self.schedule.latencies;
        let ways_ms = 2 * (u64::from(ways.client_proxy_ms) + u64::from(ways.proxy_origin_ms));
        let until = reset_at + Span::from_ms(ways_ms);
        let ends = [to.sent.notify_at, to.sent.fin_at, to.sent.reset_at];
        let goes_on = ends.into_iter().flatten().all(|at| at > until);
        if goes_on && self.is_calm() && self.outcome.peers_done && self.outcome.failures == 0 {
            self.unless(to.seen.reset_at.is_some(), Invariant::AbortIsAbort, || {
                format!("{}: a reset behind the end never arrived", direction.name)
            });
        }
    }

    /// I6: behind a reset nothing is waited for but the acknowledgement of what came before (R10).
    fn judge_abort_latency(&mut self, direction: &Direction<'_>) {
        let (Some(sent_at), Some((seen_at, _)), Some(Begun::Open(open_at))) = (
            direction.from.sent.reset_at,
            direction.to.seen.reset_at,
            direction.to.begun,
        ) else {
            return;
        };
        if !self.is_calm() {
            return;
        }
        let ways = self.schedule.latencies;
        let (client_ms, origin_ms) = (ways.client_proxy_ms, ways.proxy_origin_ms);
        let sink_ms = if std::ptr::eq(direction.to, &self.outcome.client) {
            client_ms
        } else {
            origin_ms
        };
        let most_ms = u64::from(client_ms) + u64::from(origin_ms) + 2 * u64::from(sink_ms);
        let slack = Span::from_ms(self.outcome.net.slack_ms());
        let due = sent_at.max(open_at) + Span::from_ms(most_ms) + slack;
        self.unless(seen_at <= due, Invariant::AbortAtOnce, || {
            let (name, seen_ms, due_ms) = (direction.name, seen_at.as_ms(), due.as_ms());
            format!("{name}: seen at {seen_ms} ms, due at {due_ms} ms")
        });
    }

    /// Nobody reads or travels so slowly that the proxy may stop flushing an aborted direction.
    fn is_calm_before_abort(&self) -> bool {
        let both = [&self.schedule.client, &self.schedule.origin];
        let slow = both.iter().any(|script| {
            let resets = script.writer.contains(&Step::Reset);
            let reader = &script.reader;
            resets || reader.delay_ms + reader.pause_ms > 0 || reader.stop.is_some()
        });
        self.schedule.links.is_empty() && !slow
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        case::observed,
        oracle::judge,
        schedule::Schedule,
        world::{Net, Outcome},
    };

    /// A relay whose client has left for good while its origin still speaks.
    const LEFT: &str = "relay-schedule v1
seed 0x1
mode relay tcp
latency client-proxy 5ms
latency proxy-origin 5ms
client write 100
client fin
client sleep 60ms
client reset
origin await-eof
origin sleep 200ms
origin write 100
origin fin
";

    #[test]
    fn r12_a_reset_behind_an_end_that_is_not_passed_on_is_seen() {
        let schedule: Schedule = LEFT.parse().expect("a schedule");
        let outcome = observed(Net::Fast, &schedule, None);
        assert_eq!(judge(&schedule, &outcome), []);
        let mut swallowed: Outcome = outcome;
        let seen = &mut swallowed.origins[0].seen;
        assert!(seen.reset_at.take().is_some());
        let found = judge(&schedule, &swallowed);
        let found: Vec<_> = found.iter().map(|one| one.invariant).collect();
        assert_eq!(found, [Invariant::AbortIsAbort]);
    }
}
