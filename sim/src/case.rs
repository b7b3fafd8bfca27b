//! One case: a schedule played with the proxy that ships, and everything that must hold of it.
//!
//! It owns the verdict: what the peers saw (the oracles), what was seen inside (the claim of the
//! title), and that both hold with every timer frozen too. It draws nothing and prints nothing.

use crate::{
    fault::{Fault, Timers},
    oracle, proxy,
    schedule::{Carrier, Schedule, Script, Step, Traffic},
    watch::Watch,
    world::{self, Options, Outcome},
};
use std::{cell::RefCell, rc::Rc};
use tidegate_core::{trace::Row, variant::Variant};

/// One run and what was wrong with it.
#[derive(Debug)]
pub struct Played {
    /// What did not hold; nothing, in a good run.
    pub wrong: Vec<String>,
    /// The same for the same run: peers' logs and every step inside.
    pub fingerprint: [u64; 2],
    /// What was seen inside.
    pub watch: Watch,
    /// How long it took, in simulated milliseconds.
    pub took_ms: u64,
}

impl Played {
    /// The rows of its trace, if they were kept.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        self.watch.rows.as_deref().unwrap_or_default()
    }
}

/// Plays `schedule` once.
#[must_use]
pub fn play(
    schedule: &Schedule,
    timers: Timers,
    variant: Option<Variant>,
    keep_rows: bool,
) -> Played {
    let watch = if keep_rows {
        Watch::keeping_rows()
    } else {
        Watch::default()
    };
    let watch = Rc::new(RefCell::new(watch));
    let options = Options {
        timers,
        ..Options::default()
    };
    let outcome = world::run(schedule, options, proxy::worker(schedule, variant, &watch));
    let watch = watch.take();
    let mut wrong: Vec<String> = oracle::judge(schedule, &outcome)
        .iter()
        .map(ToString::to_string)
        .collect();
    if is_peaceful(schedule) {
        claim(&watch, &mut wrong);
    }
    let how = match timers {
        Timers::Running => "",
        Timers::Frozen => "with every timer frozen: ",
    };
    Played {
        wrong: wrong
            .into_iter()
            .map(|what| format!("{how}{what}"))
            .collect(),
        fingerprint: fingerprint(&outcome, &watch),
        took_ms: outcome.took_ms,
        watch,
    }
}

fn fingerprint(outcome: &Outcome, watch: &Watch) -> [u64; 2] {
    [outcome.fingerprint(), watch.fingerprint()]
}

/// The title: no FIN is ordered later than in the step in which it became due, and no timer fires
/// where nobody aborts.
fn claim(watch: &Watch, wrong: &mut Vec<String>) {
    for (since, at, side) in &watch.late {
        let late_us = at.since(*since).0;
        wrong.push(format!(
            "a FIN for {side} waited {late_us} us after it was due"
        ));
    }
    if watch.fired > 0 {
        wrong.push(format!(
            "{} timers fired although nobody aborted",
            watch.fired
        ));
    }
}

/// Whether nobody resets, truncates, fails or stops reading, by the schedule itself.
#[must_use]
pub fn is_peaceful(schedule: &Schedule) -> bool {
    let tls = schedule.carrier != Carrier::Tcp;
    let up_tls = schedule.upstream != Carrier::Tcp;
    let cuts = match &schedule.traffic {
        Traffic::Relay => false,
        Traffic::Http { exchanges, .. } => exchanges.iter().any(|one| one.response.cut.is_some()),
    };
    let steps = || schedule.client.writer.iter().chain(&schedule.origin.writer);
    let resets = steps().any(|step| *step == Step::Reset);
    let cut = |script: &Script| {
        script.writer.contains(&Step::Fin) && !script.writer.contains(&Step::CloseNotify)
    };
    let truncates = tls && cut(&schedule.client) || up_tls && cut(&schedule.origin);
    let fails = schedule
        .faults
        .values()
        .any(|fault| matches!(fault, Fault::Fail(_)));
    let stops = schedule
        .client
        .reader
        .stop
        .or(schedule.origin.reader.stop)
        .is_some();
    !(resets || truncates || cuts || stops || fails)
}

/// Plays `schedule` as it is and with every timer frozen, and tells what was wrong in either.
#[must_use]
pub fn verdict(schedule: &Schedule, variant: Option<Variant>) -> Verdict {
    let running = play(schedule, Timers::Running, variant, false);
    let frozen = play(schedule, Timers::Frozen, variant, false);
    Verdict { running, frozen }
}

/// What both ways of playing a schedule came to.
#[derive(Debug)]
pub struct Verdict {
    /// With timers.
    pub running: Played,
    /// Without.
    pub frozen: Played,
}

impl Verdict {
    /// What did not hold.
    pub fn wrong(&self) -> impl Iterator<Item = &str> {
        self.running
            .wrong
            .iter()
            .chain(&self.frozen.wrong)
            .map(String::as_str)
    }

    /// The same for the same runs.
    #[must_use]
    pub fn fingerprint(&self) -> [[u64; 2]; 2] {
        [self.running.fingerprint, self.frozen.fingerprint]
    }
}
