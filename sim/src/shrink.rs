//! Shrinking: from a schedule that fails to a small one that fails in the same way.
//!
//! It owns the search: a candidate replaces the schedule if it is valid and the same oracle speaks
//! of it. What candidates there are is said in [`edits`]. It draws no chance, tries no text twice
//! and plays a bounded number of runs, so the same failure always comes to the same file.

mod edits;
mod exchanges;
mod numbers;

use crate::{
    case::{self, Finding, Played},
    oracle::Invariant,
    schedule::Schedule,
    world::Net,
};
use std::collections::BTreeSet;
use tidegate_core::variant::Variant;

/// The most runs of one search. A fast run takes a fraction of a millisecond, one on turmoil ten.
pub const MOST_RUNS: u32 = 4_000;

/// What a search has come to.
#[derive(Debug)]
pub struct Shrunk {
    /// The small schedule.
    pub schedule: Schedule,
    /// What is wrong with it, and in which run.
    pub finding: Finding,
    /// How many runs it took.
    pub runs: u32,
}

/// What is wrong with `schedule` on these networks, timers running in every way there is.
#[must_use]
pub fn find(nets: &[Net], schedule: &Schedule, variant: Option<Variant>) -> Option<Finding> {
    let wrong = |net: &Net| {
        let verdict = case::verdict(*net, schedule, variant);
        verdict.wrong().next().cloned()
    };
    nets.iter().find_map(wrong)
}

/// Makes `schedule`, which fails as `finding` says, as small as the search can.
#[must_use]
pub fn shrink(schedule: &Schedule, finding: &Finding, variant: Option<Variant>) -> Shrunk {
    let mut search = Search {
        variant,
        schedule: schedule.clone(),
        finding: finding.clone(),
        seen: BTreeSet::new(),
        runs: 0,
    };
    search.prefer_cheap();
    search.sweep();
    Shrunk {
        schedule: search.schedule,
        finding: search.finding,
        runs: search.runs,
    }
}

struct Search {
    variant: Option<Variant>,
    /// The smallest so far.
    schedule: Schedule,
    finding: Finding,
    /// The texts that were tried.
    seen: BTreeSet<String>,
    runs: u32,
}

impl Search {
    /// The same failure on the fast network and with plain timers, if it shows there too.
    fn prefer_cheap(&mut self) {
        let found = self.finding.clone();
        for &timers in case::ways(Net::Fast) {
            let net = Net::Fast;
            let cheap = Finding {
                net,
                timers,
                ..found.clone()
            };
            if let Some(seen) = self.fails(&self.schedule.clone(), &cheap) {
                self.finding = seen;
                return;
            }
        }
    }

    /// Goes through all edits until a whole round has made nothing smaller.
    fn sweep(&mut self) {
        loop {
            let mut moved = false;
            for edit in edits::ALL {
                while self.runs < MOST_RUNS && self.improve(edit) {
                    moved = true;
                }
            }
            if !moved || self.runs >= MOST_RUNS {
                return;
            }
        }
    }

    /// Takes the first candidate of `edit` that still fails; whether there was one.
    fn improve(&mut self, edit: edits::Edit) -> bool {
        for candidate in edit(&self.schedule) {
            if self.runs >= MOST_RUNS {
                return false;
            }
            let new = candidate != self.schedule && candidate.validate().is_ok();
            if !new || !self.seen.insert(candidate.to_string()) {
                continue;
            }
            if let Some(finding) = self.fails(&candidate, &self.finding.clone()) {
                self.schedule = candidate;
                self.finding = finding;
                return true;
            }
        }
        false
    }

    /// What the same oracle says of `schedule` in the run that `wanted` is of.
    fn fails(&mut self, schedule: &Schedule, wanted: &Finding) -> Option<Finding> {
        let Finding { net, timers, .. } = *wanted;
        let play = || case::play(net, schedule, timers, self.variant, false);
        self.runs += 1;
        let mut played = play();
        if wanted.violation.invariant == Invariant::SameSteps {
            self.runs += 1;
            let again = play();
            played.wrong.extend(case::differs(&played, &again));
        }
        let Played { wrong, .. } = played;
        wrong.into_iter().find(|found| is_same(found, wanted))
    }
}

/// The same oracle; and of two panics, those of one place.
fn is_same(found: &Finding, wanted: &Finding) -> bool {
    let place = |finding: &Finding| finding.violation.what.lines().next().map(str::to_owned);
    let (found_by, wanted_by) = (found.violation.invariant, wanted.violation.invariant);
    found_by == wanted_by && (found_by != Invariant::NoPanic || place(found) == place(wanted))
}
