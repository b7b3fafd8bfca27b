//! How many requests are sent again: a share of those that come, and a few in any case. When an origin
//! is in trouble, each request that is sent twice makes it worse.
//!
//! Pure: a window of whole seconds, and no clock of its own.

use crate::time::{Span, Time};

/// Seconds that are remembered.
const WINDOW: usize = 10;
const SECOND: Span = Span::from_secs(1);

/// What may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Allowance {
    /// Of a hundred requests.
    pub percent: u32,
    /// In a second, however few requests there are.
    pub per_second: u32,
}

impl Default for Allowance {
    fn default() -> Self {
        Allowance {
            percent: 20,
            per_second: 3,
        }
    }
}

/// The budget of one cluster in one worker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Budget {
    allowance: Allowance,
    /// Requests, and those that were sent again, by the second.
    seconds: [(u32, u32); WINDOW],
    /// The second that was counted in last, from the start on.
    last: u64,
}

impl Budget {
    /// An empty one: what is allowed in any case may be spent at once.
    #[must_use]
    pub fn new(allowance: Allowance) -> Budget {
        Budget {
            allowance,
            ..Budget::default()
        }
    }

    /// A request comes.
    pub fn earn(&mut self, now: Time) {
        let (requests, _) = self.second(now);
        *requests = requests.saturating_add(1);
    }

    /// Whether one may be sent again; if so, that is counted.
    pub fn spend(&mut self, now: Time) -> bool {
        let [left, _] = self.left(now);
        if left > 0 {
            self.second(now).1 += 1;
        }
        left > 0
    }

    /// How many may be sent again now, and how many if none had been.
    pub fn left(&mut self, now: Time) -> [u64; 2] {
        self.second(now);
        let (requests, spent) = self.seconds.iter().fold((0, 0), |(requests, spent), one| {
            (requests + u64::from(one.0), spent + u64::from(one.1))
        });
        let share = requests * u64::from(self.allowance.percent) / 100;
        let least = u64::from(self.allowance.per_second) * WINDOW as u64;
        let most = share.max(least);
        [most.saturating_sub(spent), most]
    }

    /// The counts of the present second. What is older than the window is forgotten.
    fn second(&mut self, now: Time) -> &mut (u32, u32) {
        let second = (now.0 / SECOND.0).max(self.last);
        let window = WINDOW as u64;
        for passed in (self.last + 1..=second).rev().take(WINDOW) {
            self.seconds[index(passed % window)] = (0, 0);
        }
        self.last = second;
        &mut self.seconds[index(second % window)]
    }
}

fn index(second: u64) -> usize {
    usize::try_from(second).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spends(budget: &mut Budget, now: Time) -> usize {
        (0..10_000).take_while(|_| budget.spend(now)).count()
    }

    #[test]
    fn a_few_in_any_case() {
        let mut budget = Budget::default();
        assert_eq!(spends(&mut budget, Time(0)), 30, "three a second, for ten");
        assert_eq!(spends(&mut budget, Time::from_ms(9_999)), 0);
        assert_eq!(spends(&mut budget, Time::from_ms(10_000)), 30);
    }

    #[test]
    fn a_fifth_of_many() {
        let mut budget = Budget::default();
        (0..1_000).for_each(|_| budget.earn(Time(0)));
        assert_eq!(spends(&mut budget, Time::from_ms(500)), 200);
        // The first second leaves the window, with its requests and with what was spent in it.
        (0..500).for_each(|_| budget.earn(Time::from_ms(5_000)));
        assert_eq!(spends(&mut budget, Time::from_ms(9_000)), 100);
        assert_eq!(
            spends(&mut budget, Time::from_ms(10_000)),
            0,
            "100 of 500 were spent"
        );
        assert_eq!(
            spends(&mut budget, Time::from_ms(15_000)),
            0,
            "more than is allowed in any case"
        );
        assert_eq!(spends(&mut budget, Time::from_ms(19_000)), 30);
    }

    #[test]
    fn a_long_silence_forgets_all() {
        let mut budget = Budget::default();
        (0..1_000).for_each(|_| budget.earn(Time::from_ms(3_000)));
        assert_eq!(spends(&mut budget, Time::from_ms(3_000)), 200);
        assert_eq!(spends(&mut budget, Time::from_ms(1_000_000_000)), 30);
    }

    /// The clock of a worker never goes back; if it did, nothing would be lost by that.
    #[test]
    fn an_earlier_moment_counts_as_the_last_one() {
        let mut budget = Budget::default();
        assert_eq!(spends(&mut budget, Time::from_ms(9_000)), 30);
        assert_eq!(spends(&mut budget, Time::from_ms(1_000)), 0);
    }

    #[test]
    fn none_where_none_is_allowed() {
        let mut budget = Budget::new(Allowance {
            percent: 0,
            per_second: 0,
        });
        (0..1_000).for_each(|_| budget.earn(Time(0)));
        assert!(!budget.spend(Time(0)));
    }
}
