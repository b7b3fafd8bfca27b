//! A batch of seeds: each drawn, played, judged, and counted for what it has reached.
//!
//! It owns the totals, and the word on what a batch must reach: a state that many seeds never come
//! to is a hole in the generator.

use crate::{
    case::{self, Finding, Verdict},
    generate::{self, Kind},
    world::Net,
};
use std::{collections::BTreeMap, ops::Range};
use tidegate_core::variant::Variant;

/// What a batch came to.
#[derive(Debug, Default)]
pub struct Batch {
    /// Seeds played.
    pub seeds: u64,
    /// Runs, of all seeds, not counting second ones.
    pub runs: u64,
    /// Simulated milliseconds, all runs together.
    pub simulated_ms: u64,
    /// FINs passed on.
    pub fins: u64,
    /// How often each state, event, order and ending was reached.
    pub reached: BTreeMap<String, u64>,
    /// The seeds that were not good, and why.
    pub bad: Vec<(u64, Vec<Finding>)>,
}

/// How a batch is played.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The networks.
    pub nets: &'static [Net],
    /// What the seeds are for.
    pub kind: Kind,
    /// The wrong rule, if one is to be caught.
    pub variant: Option<Variant>,
    /// Each seed a second time, with idle sessions awake: as good, with the same fingerprint, and
    /// with the same words about itself.
    pub twice: bool,
    /// Stop at the first seed that is not good.
    pub first: bool,
}

impl Batch {
    /// Plays `seeds`.
    #[must_use]
    pub fn play(seeds: Range<u64>, plan: Plan) -> Batch {
        let mut batch = Batch::default();
        for seed in seeds {
            batch.seed(seed, plan);
            if plan.first && !batch.bad.is_empty() {
                break;
            }
        }
        batch
    }

    fn seed(&mut self, seed: u64, plan: Plan) {
        let schedule = generate::schedule(plan.kind, seed);
        let mut wrong = Vec::new();
        for &net in plan.nets {
            let verdict = case::verdict(net, &schedule, plan.variant);
            let before = wrong.len();
            wrong.extend(verdict.wrong().cloned());
            if plan.twice && wrong.len() == before {
                let again = case::again(net, &schedule, plan.variant);
                wrong.extend(again.wrong().cloned());
                let runs = verdict.played.iter().zip(&again.played);
                wrong.extend(runs.filter_map(|(first, second)| case::differs(first, second)));
            }
            self.count(&verdict);
        }
        self.seeds += 1;
        if !wrong.is_empty() {
            self.bad.push((seed, wrong));
        }
    }

    fn count(&mut self, verdict: &Verdict) {
        for played in &verdict.played {
            self.runs += 1;
            self.simulated_ms += played.took_ms;
            self.fins += played.watch.fins;
            for (what, times) in &played.watch.reached {
                *self.reached.entry(what.clone()).or_default() += times;
            }
        }
    }

    /// Adds what another batch came to.
    pub fn join(&mut self, other: Batch) {
        self.seeds += other.seeds;
        self.runs += other.runs;
        self.simulated_ms += other.simulated_ms;
        self.fins += other.fins;
        for (what, times) in other.reached {
            *self.reached.entry(what).or_default() += times;
        }
        self.bad.extend(other.bad);
        self.bad.sort_by_key(|(seed, _)| *seed);
    }

    /// What `wanted` names and the batch never came to.
    #[must_use]
    pub fn unreached(&self, wanted: &[&'static str]) -> Vec<&'static str> {
        let missing = |what: &&str| !self.reached.contains_key(*what);
        wanted.iter().copied().filter(missing).collect()
    }
}

/// What every batch of some thousand seeds of every kind comes to, or the generator has a hole.
pub const WANTED: [&str; 53] = [
    "phase securing",
    "phase idle",
    "phase exchange",
    "phase tunnel",
    "phase closing",
    "phase closed",
    "switch",
    "switch with bytes of D",
    "switch with bytes of U",
    "put away",
    "switch after the end of D",
    "event secured",
    "event routed",
    "event connected",
    "event unconnected",
    "event received",
    "event piped",
    "event copied",
    "event decoded",
    "event sent",
    "event sent nothing whole",
    "event close_notify",
    "event fin",
    "event failed",
    "event finished",
    "event acked",
    "event drained",
    "order connect",
    "order cancel",
    "order finish D",
    "order finish U",
    "order reset D",
    "order reset U",
    "order close D",
    "order close U",
    "order park",
    "order retire",
    "order last chunk",
    "order reply 400",
    "order reply 502",
    "order reply 504",
    "order end clean by both in tunnel",
    "order end clean by client in idle",
    "order end clean by client in exchange",
    "order end clean by proxy in exchange",
    "order end truncated by client in tunnel",
    "order end truncated by origin in exchange",
    "order end reset by client in tunnel",
    "order end reset by client in exchange",
    "order end reset by client in connect",
    "order end reset by origin in tunnel",
    "order end reset by origin in exchange",
    "order end refused by origin in connect",
];

/// What it comes to as well where the fast network plays, on which an hour of silence costs nothing: why
/// sessions were closed.
pub const WANTED_CAUSES: [&str; 16] = [
    "cause completed",
    "cause client_fin",
    "cause client_idle",
    "cause client_reset",
    "cause client_tls_truncated",
    "cause client_write_stalled",
    "cause half_close_timeout",
    "cause peer_dead",
    "cause tunnel_idle",
    "cause upstream_body_stalled",
    "cause upstream_connect_timeout",
    "cause upstream_fin",
    "cause upstream_refused",
    "cause upstream_reset",
    "cause upstream_tls_truncated",
    "cause upstream_unreachable",
];

/// From so many seeds on a batch must have reached all of [`WANTED`].
pub const LARGE: u64 = 5_000;
