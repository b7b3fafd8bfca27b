//! How often a request was sent and read, and whether that was right (LIFECYCLE U02 to U04).

use super::{Court, Rule};
use crate::cluster::{
    plan::Method,
    wire::{End, Try},
};
use tidegate_core::time::{Span, Time};

/// What the budget looks back on.
const WINDOW_S: u32 = 10;

impl Court<'_> {
    pub(super) fn judge_retries(&mut self) {
        for (number, method) in self.requests() {
            self.judge_reads(number, method);
            let tries = self.tries(number);
            let count = tries.len();
            self.unless(count <= 2, Rule::Once, || {
                format!("{number} was sent {count} times")
            });
            match tries[..] {
                [only] => self.judge_missing(method, only),
                [first, second, ..] => self.judge_again(method, first, second),
                [] => {}
            }
        }
        let stale = self.wire.stale.clone();
        self.unless(stale.is_empty(), Rule::Again, || {
            format!("{stale:?} were sent on connections that had ended (U01)")
        });
        self.judge_budget();
    }

    fn judge_reads(&mut self, number: usize, method: Method) {
        let log = self.played.log.iter();
        let reads = log.filter_map(|entry| entry.fact.read());
        let reads = reads.filter(|(_, read)| *read == number);
        let reads: Vec<usize> = reads.map(|(endpoint, _)| endpoint).collect();
        let most = if method.is_idempotent() { 2 } else { 1 };
        self.unless(reads.len() <= most, Rule::Once, || {
            format!("{} {number} was read whole by {reads:?}", method.word())
        });
    }

    /// Whether a request whose try ended so may be sent again at all.
    fn may(&self, method: Method, one: &Try) -> bool {
        match one.end {
            Some((_, End::Fin)) => method.is_idempotent() || (!one.fresh && !one.acked),
            Some((_, End::Reset)) => method.is_idempotent(),
            Some((_, End::Answered(status))) => {
                method.is_idempotent() && self.plan.retries.statuses.contains(&status)
            }
            Some((_, End::GivenUp)) | None => false,
        }
    }

    /// It was sent once: then there was no reason to send it again, or no right to.
    fn judge_missing(&mut self, method: Method, only: &Try) {
        let Some((at, end)) = only.end else { return };
        let number = only.number;
        let left = self.wire.left.get(&number);
        if !self.may(method, only) || left.is_some_and(|left| *left <= at) || !self.is_sure(at) {
            return;
        }
        // Others may have taken all room since; then it says so, and is judged by that.
        let blamed = self.got(number).is_some_and(|(status, error)| match end {
            End::Answered(declined) => status == declined && error.is_none(),
            End::Fin | End::Reset | End::GivenUp => {
                error.is_some_and(|error| error.starts_with("connection_terminated"))
            }
        });
        let endpoint = only.endpoint;
        self.unless(!blamed, Rule::Again, || {
            let method = method.word();
            format!("{method} {number} ended by {end:?} of endpoint {endpoint}, and was given up")
        });
    }

    fn judge_again(&mut self, method: Method, first: &Try, second: &Try) {
        let number = first.number;
        self.unless(self.may(method, first), Rule::Once, || {
            format!(
                "{} {number} was sent again though its first try ended so: {first:?}",
                method.word()
            )
        });
        self.unless(second.fresh, Rule::Again, || {
            format!("{number} was sent again on a connection that was there before")
        });
        let Some((at, _)) = first.end else { return };
        let before = at <= second.begun;
        self.unless(before, Rule::Once, || {
            format!("{number} was sent again before its first try had ended")
        });
        if second.endpoint != first.endpoint || self.is_dialled(at, second.begun) {
            return;
        }
        let elsewhere = self.endpoints().find(|one| {
            *one != first.endpoint
                && self.is_surely_available(*one, at)
                && self.has_room(*one, at, at)
        });
        self.unless(elsewhere.is_none(), Rule::Again, || {
            format!(
                "{number} went to endpoint {} again, though {elsewhere:?} had room",
                first.endpoint
            )
        });
    }

    /// When a try ended that may have been a reason to send a request again.
    fn spends(&self) -> Vec<Time> {
        let mut all = Vec::new();
        for (number, method) in self.requests() {
            let first = self.wire.of_request(number).next();
            let end = first.filter(|first| self.may(method, first));
            all.extend(end.and_then(|first| first.end).map(|(at, _)| at));
        }
        all
    }

    /// What may be sent again if so many requests have come.
    fn allowed(&self, requests: usize) -> usize {
        let retries = &self.plan.retries;
        let share = requests * retries.percent as usize / 100;
        share.max((retries.per_second * WINDOW_S) as usize)
    }

    /// Whether one may surely be sent again at that moment, whoever else was before.
    fn is_sure(&self, at: Time) -> bool {
        let window = |since: u32, one: &Time| {
            let since = Span::from_secs(u64::from(since));
            *one <= at && *one + since >= at
        };
        let spent = self.spends();
        let spent = spent.iter().filter(|one| window(WINDOW_S, one)).count();
        let came = self.wire.came.values();
        let came = came
            .filter(|one| **one < at && window(WINDOW_S - 1, one))
            .count();
        spent <= self.allowed(came)
    }

    fn judge_budget(&mut self) {
        let again = self.wire.came.keys().filter_map(|number| {
            let tries = self.tries(*number);
            (tries.len() > 1).then(|| tries[0].end).flatten()
        });
        let mut again: Vec<Time> = again.map(|(at, _)| at).collect();
        again.sort_unstable();
        let second = |at: &Time| at.as_ms() / 1_000;
        for (place, at) in again.iter().enumerate() {
            let within =
                |one: &&Time| **one <= *at && second(one) + u64::from(WINDOW_S) > second(at);
            let spent = again[..=place].iter().filter(within).count();
            // At one moment some of those that come may come later.
            let came = self.wire.came.values().filter(within).count();
            let most = self.allowed(came);
            if spent > most {
                let at = Span(at.0);
                let what = format!("{spent} were sent again by {at}, and {most} may be");
                self.complain(Rule::Budget, what);
                return;
            }
        }
    }
}
