//! Who waits for an endpoint with room: how many, how long, in what order, and whether for nothing. And
//! that no endpoint has more to do than it may.

use super::{Court, Rule};
use tidegate_core::time::{Span, Time};

/// A request that has waited before it was sent anywhere.
struct Wait {
    number: usize,
    from: Time,
    to: Time,
}

impl Court<'_> {
    /// Those that have surely waited: while nobody connected in vain, who was not sent was not tried.
    fn waits(&self) -> Vec<Wait> {
        let mut waits = Vec::new();
        for (number, _) in self.requests() {
            let from = self.wire.came[&number];
            let first = self.wire.of_request(number).next().map(|one| one.begun);
            let left = self.wire.left.get(&number).copied();
            let answered = self.wire.answered.get(&number).copied();
            let to = [first, left, answered].into_iter().flatten().min();
            let to = to.unwrap_or(self.played.took);
            if from < to && !self.is_dialled(from, to) {
                waits.push(Wait { number, from, to });
            }
        }
        waits
    }

    /// How many requests have surely waited, and were sent or answered then.
    pub(super) fn waited(&self) -> usize {
        self.waits().len()
    }

    pub(super) fn judge_queue(&mut self) {
        self.judge_limits();
        let waits = self.waits();
        self.judge_bounds(&waits);
        self.judge_order(&waits);
        self.judge_idle(&waits);
    }

    /// All moments at which something may change, in their order.
    fn moments(&self) -> Vec<Time> {
        let tries = self.wire.tries.iter();
        let tries = tries.flat_map(|one| [Some(one.begun), one.end.map(|(at, _)| at)]);
        let vain = self
            .wire
            .vain
            .iter()
            .flat_map(|one| [Some(one.begun), one.end]);
        let came = self.wire.came.values().map(|at| Some(*at));
        let told = self.played.told.iter().map(|(at, _)| Some(*at));
        let all = tries.chain(vain).chain(came).chain(told).flatten();
        let mut all: Vec<Time> = all.collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    fn judge_limits(&mut self) {
        let moments = self.moments();
        for endpoint in self.endpoints() {
            let Some(most) = self.plan.endpoints[endpoint].most else {
                continue;
            };
            let over = moments.windows(2).find_map(|pair| {
                let count = self.throughout(endpoint, pair[0], pair[1]);
                (count > u64::from(most.get())).then_some((pair[0], count))
            });
            if let Some((at, count)) = over {
                let at = Span(at.0);
                let what =
                    format!("endpoint {endpoint} has {count} at {at}, and {most} is the most");
                self.complain(Rule::Limit, what);
            }
        }
    }

    fn judge_bounds(&mut self, waits: &[Wait]) {
        let (depth, timeout_ms) = self.plan.queue.map_or((0, 0), |queue| {
            (queue.depth.get() as usize, queue.timeout_ms)
        });
        let timeout = Span::from_ms(u64::from(timeout_ms));
        for wait in waits {
            let number = wait.number;
            let beside = waits
                .iter()
                .filter(|one| one.from <= wait.from && wait.from < one.to);
            // Between two moments, so that who leaves at one makes room for who comes.
            let count = beside.count();
            self.unless(count <= depth, Rule::Bounded, || {
                format!("{count} wait when {number} has come, and {depth} may")
            });
            let took = wait.to.since(wait.from);
            self.unless(took <= timeout, Rule::Bounded, || {
                format!("{number} has waited for {took}, and {timeout} is the most")
            });
        }
    }

    fn judge_order(&mut self, waits: &[Wait]) {
        for wait in waits {
            let overtakes = self.requests().into_iter().find(|(number, _)| {
                let first = self.wire.of_request(*number).next();
                let later = self.wire.came[number] > wait.from;
                later && first.is_some_and(|first| first.begun < wait.to)
            });
            let number = wait.number;
            self.unless(overtakes.is_none(), Rule::InOrder, || {
                format!("{number} waits, and {overtakes:?} has come later and goes first")
            });
        }
    }

    fn judge_idle(&mut self, waits: &[Wait]) {
        let moments = self.moments();
        for wait in waits {
            let within: Vec<Time> = moments
                .iter()
                .copied()
                .filter(|at| (wait.from..=wait.to).contains(at))
                .chain([wait.from, wait.to])
                .collect();
            let idle = within.windows(2).find_map(|pair| {
                // What begins or ends at a moment may do so behind what else happens there.
                let (from, to) = (Time(pair[0].0 + 1), Time(pair[1].0.saturating_sub(1)));
                let idle = |one: &usize| {
                    from <= to
                        && self.is_surely_available(*one, from)
                        && self.is_surely_available(*one, to)
                        && self.has_room(*one, from, to)
                };
                self.endpoints().find(idle).map(|one| (one, pair[0]))
            });
            if let Some((endpoint, at)) = idle {
                let (number, at) = (wait.number, Span(at.0));
                let what = format!("{number} waits at {at}, and endpoint {endpoint} has room");
                self.complain(Rule::NoneIdle, what);
            }
        }
    }

    /// Its time in the queue is up.
    pub(super) fn fits_deadline(&self, number: usize, at: Time) -> bool {
        let Some(queue) = self.plan.queue else {
            return false;
        };
        let timeout = Span::from_ms(u64::from(queue.timeout_ms));
        // Who was sent before has waited from then on.
        let sent = self.tries(number).last().map(|one| one.end);
        let since = match sent {
            None => Some(self.wire.came[&number]),
            Some(end) => end.map(|(at, _)| at),
        };
        since.is_some_and(|since| since + timeout == at)
    }

    /// Nobody that could be chosen had room, and as many waited as may.
    pub(super) fn fits_full(&self, number: usize, at: Time) -> bool {
        let room = self
            .endpoints()
            .any(|one| self.is_surely_available(one, at) && self.has_room(one, at, at));
        let full = self.endpoints().any(|one| !self.has_room(one, at, at));
        let depth = self
            .plan
            .queue
            .map_or(0, |queue| queue.depth.get() as usize);
        // Who is here, and was surely with no endpoint.
        let waiting = self.requests().into_iter().filter(|(other, _)| {
            let gone = self.wire.left.get(other).into_iter();
            let gone = gone.chain(self.wire.answered.get(other)).min();
            let mut tries = self.wire.of_request(*other);
            let under_way =
                tries.any(|one| one.begun < at && one.end.is_none_or(|(end, _)| end > at));
            let here = self.wire.came[other] <= at && gone.is_none_or(|gone| *gone >= at);
            *other != number && here && !under_way
        });
        !room && full && waiting.count() >= depth
    }
}
