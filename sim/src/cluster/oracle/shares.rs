//! Whether each endpoint gets its share, once all of them serve and nobody is ejected any more: whoever
//! was ejected, or dead, or down, is back by then, or something keeps it out that should not.

use super::{Court, Rule};
use tidegate_core::balance::Balance;

/// From so many requests for one unit of weight on, chance has given everybody some.
const MANY: u32 = 20;

/// Of these it has given each one in so many of its share at least.
const LEAST: u32 = 6;

impl Court<'_> {
    pub(super) fn judge_shares(&mut self) {
        let Some(counted) = self.played.counted else {
            return;
        };
        let planned = self.plan.requests().count();
        for (number, _) in self.requests() {
            if number >= planned {
                let got = self.got(number);
                self.unless(got == Some((200, None)), Rule::Share, || {
                    format!("{number} has got {got:?} while everybody serves")
                });
            }
        }
        for endpoint in self.endpoints() {
            let log = self.played.log.iter();
            let reads = log.filter_map(|entry| entry.fact.read());
            let count = reads.filter(|(one, number)| *one == endpoint && *number >= counted);
            let count = u32::try_from(count.count()).unwrap_or(u32::MAX);
            let share = self.plan.calm * self.plan.endpoints[endpoint].weight;
            let fair = match self.plan.balance {
                Balance::RoundRobin => count.abs_diff(share) <= 1,
                Balance::LeastRequest | Balance::Random | Balance::Maglev { .. } => {
                    self.plan.calm < MANY || count >= share / LEAST
                }
            };
            self.unless(fair, Rule::Share, || {
                format!("endpoint {endpoint} has got {count} requests, and its share is {share}")
            });
        }
    }
}
