//! One case: a schedule played with the proxy that ships, and everything that must hold of it.
//!
//! It owns the verdict: what the peers saw (the oracles), what was seen inside (the claim of the
//! title), and that both hold with every timer frozen too. It draws nothing and prints nothing.

#[cfg(test)]
mod tests;

use crate::{
    fault::{Fault, Timers},
    oracle::{self, Invariant, Violation, report::Told},
    peer::http::breaks_off,
    proxy::Production,
    schedule::{Carrier, Schedule, Script, Step, Traffic},
    watch::Watch,
    world::{self, Net, Options, Outcome},
};
use std::{cell::RefCell, fmt, rc::Rc};
use tidegate::crowd::Crowd;
use tidegate_core::{trace::Row, variant::Variant};

/// One run and what was wrong with it.
#[derive(Debug)]
pub struct Played {
    /// What did not hold; nothing, in a good run.
    pub wrong: Vec<Finding>,
    /// The same for the same run: peers' logs and every step inside.
    pub fingerprint: [u64; 2],
    /// What was seen inside.
    pub watch: Watch,
    /// How long it took, in simulated milliseconds.
    pub took_ms: u64,
    /// The network it was on.
    pub net: Net,
    /// How timers ran.
    pub timers: Timers,
}

/// Something that did not hold, and in which run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The network it was on.
    pub net: Net,
    /// How timers ran.
    pub timers: Timers,
    /// Whether no idle session was put away in it.
    pub awake: bool,
    /// What it was.
    pub violation: Violation,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding {
            net,
            timers,
            awake,
            violation,
        } = self;
        write!(f, "{net}")?;
        match timers {
            Timers::Running => {}
            Timers::Frozen | Timers::Early | Timers::Late => {
                write!(f, ", with every timer {timers}")?;
            }
        }
        if *awake {
            f.write_str(", with nobody put away")?;
        }
        write!(f, ": {violation}")
    }
}

impl Played {
    /// The rows of its trace, if they were kept.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        self.watch.rows.as_deref().unwrap_or_default()
    }
}

/// Plays `schedule` once, with every idle session put away at once.
#[must_use]
pub fn play(
    net: Net,
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
    play_watched(net, schedule, timers, (variant, watch), false)
}

/// `awake`: no idle session is put away; or else each of them is.
fn play_watched(
    net: Net,
    schedule: &Schedule,
    timers: Timers,
    (variant, watch): (Option<Variant>, Watch),
    awake: bool,
) -> Played {
    let watch = Rc::new(RefCell::new(watch));
    let crowd = Crowd::new(if awake { usize::MAX } else { 0 });
    let options = Options {
        timers,
        budget_ms: budget_ms(net, schedule),
    };
    let proxy = Production {
        schedule,
        variant,
        watch: &watch,
        crowd: crowd.clone(),
    };
    let outcome = world::run(net, schedule, options, proxy);
    let mut watch = watch.take();
    if crowd.put_away() > 0 {
        watch
            .reached
            .insert("put away".to_owned(), crowd.put_away());
    }
    let mut wrong = oracle::judge(schedule, &outcome);
    wrong.extend(astray(&watch));
    wrong.extend(oracle::report::judge(schedule, &outcome, &watch.told));
    if is_peaceful(schedule) {
        claim(&watch, schedule.drain_ms.is_some(), &mut wrong);
    }
    let found = |violation| Finding {
        net,
        timers,
        awake,
        violation,
    };
    Played {
        wrong: wrong.into_iter().map(found).collect(),
        fingerprint: fingerprint(&outcome, &watch),
        took_ms: outcome.took_ms,
        watch,
        net,
        timers,
    }
}

/// What is wrong if a second run of the same schedule took other steps, or told something else of them.
#[must_use]
pub fn differs(first: &Played, second: &Played) -> Option<Finding> {
    let [before, after] = [first, second].map(|played| played.fingerprint);
    let steps = (before != after).then(|| format!("{before:x?}, then {after:x?}"));
    let told = || other_words([first, second].map(|played| &played.watch.told));
    let what = steps.or_else(told)?;
    Some(Finding {
        net: first.net,
        timers: first.timers,
        // It is of both runs.
        awake: false,
        violation: Violation {
            invariant: Invariant::SameSteps,
            what,
        },
    })
}

/// What two runs of the same steps tell of themselves, where it is not the same: neither a record nor a
/// counter can know who was put away, and how often that was is none of them.
fn other_words([first, second]: [&Told; 2]) -> Option<String> {
    let Told {
        records,
        words,
        accepted,
        metrics,
    } = first;
    let (had, has) = (records.len(), second.records.len());
    if (had, accepted) != (has, &second.accepted) {
        return Some(format!("{had} records, then {has}"));
    }
    let mut records = records.iter().zip(&second.records);
    if let Some((before, after)) = records.find(|(before, after)| before != after) {
        return Some(format!("{before:?}, then {after:?}"));
    }
    if *words != second.words {
        return Some(format!("{words:?}, then {:?}", second.words));
    }
    let other = *metrics != second.metrics;
    other.then(|| format!("{metrics:?}, then {:?}", second.metrics))
}

/// What the peers of `schedule` came to, with timers that run.
pub(crate) fn observed(net: Net, schedule: &Schedule, variant: Option<Variant>) -> Outcome {
    let watch = Rc::default();
    let proxy = Production {
        schedule,
        variant,
        watch: &watch,
        crowd: Crowd::new(0),
    };
    world::run(net, schedule, Options::default(), proxy)
}

fn fingerprint(outcome: &Outcome, watch: &Watch) -> [u64; 2] {
    [outcome.fingerprint(), watch.fingerprint()]
}

/// What sessions were told of legs that are not there, be it in peace or not (I18).
fn astray(watch: &Watch) -> impl Iterator<Item = Violation> + '_ {
    watch.astray.iter().map(|(at, event)| Violation {
        invariant: Invariant::NoEventAstray,
        what: format!("at {} ms {event:?}", at.as_ms()),
    })
}

/// The title: no FIN is ordered later than in the step in which it became due, and no timer fires
/// where nobody aborts. In a drain one may: it bounds how long a quiet client is waited for (G4).
fn claim(watch: &Watch, drains: bool, wrong: &mut Vec<Violation>) {
    for (since, at, side) in &watch.late {
        let late_us = at.since(*since).0;
        wrong.push(Violation {
            invariant: Invariant::FinAtOnce,
            what: format!("a FIN for {side} waited {late_us} us after it was due"),
        });
    }
    if watch.fired > 0 && !drains {
        let fired = watch.fired;
        wrong.push(Violation {
            invariant: Invariant::NoTimer,
            what: format!("{fired} timers fired although nobody aborted"),
        });
    }
}

/// Whether nobody resets, truncates, fails or stops reading, by the schedule itself.
#[must_use]
pub fn is_peaceful(schedule: &Schedule) -> bool {
    let tls = schedule.carrier != Carrier::Tcp;
    let up_tls = schedule.upstream != Carrier::Tcp;
    let cuts = match &schedule.traffic {
        Traffic::Relay => false,
        Traffic::Http { exchanges, .. } => exchanges
            .iter()
            .enumerate()
            .any(|(number, one)| one.response.cut.is_some() || breaks_off(number, &one.request)),
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
    let stops = schedule.falls_silent();
    !(resets || truncates || cuts || stops || fails)
}

/// A peer that falls silent is the proxy's timers' business, which are long. An hour costs the fast
/// network nothing; turmoil pays for every tick, and shows the beginning only.
fn budget_ms(net: Net, schedule: &Schedule) -> u64 {
    match net {
        Net::Fast if schedule.falls_silent() => 3 * 3_600_000,
        Net::Turmoil if schedule.falls_silent() => 1_000,
        Net::Fast | Net::Turmoil if crawls(schedule) => CRAWL_MS,
        Net::Fast | Net::Turmoil => Options::default().budget_ms,
    }
}

/// Less than an idle client is let be.
const CRAWL_MS: u64 = 74_000;

/// Whether each byte of four heads, there and back, has to wait for the one before it: some 350 for
/// each exchange, at 40 ms.
fn crawls(schedule: &Schedule) -> bool {
    let Traffic::Http { exchanges, .. } = &schedule.traffic else {
        return false;
    };
    let buffers = &schedule.buffers;
    let mut sockets = [buffers.client, buffers.down, buffers.up, buffers.origin].into_iter();
    let latencies = &schedule.latencies;
    exchanges.len() > 3
        && sockets.any(|socket| socket.send.min(socket.recv) == 1)
        && latencies.client_proxy_ms.max(latencies.proxy_origin_ms) >= 20
}

/// How timers run in the runs of one verdict: where a run is cheap, in every way there is.
pub(crate) fn ways(net: Net) -> &'static [Timers] {
    match net {
        Net::Fast => &Timers::ALL,
        Net::Turmoil => &[Timers::Running, Timers::Frozen],
    }
}

/// Plays `schedule` with timers as they are, frozen, and on the fast network early and late, and
/// tells what was wrong in any.
#[must_use]
pub fn verdict(net: Net, schedule: &Schedule, variant: Option<Variant>) -> Verdict {
    let play = |timers: &Timers| play(net, schedule, *timers, variant, false);
    Verdict {
        played: ways(net).iter().map(play).collect(),
    }
}

/// The same once more, with nobody put away: not a step may differ, and all must hold of it too.
#[must_use]
pub fn again(net: Net, schedule: &Schedule, variant: Option<Variant>) -> Verdict {
    let play = |timers: &Timers| {
        let watch = Watch::default();
        play_watched(net, schedule, *timers, (variant, watch), true)
    };
    Verdict {
        played: ways(net).iter().map(play).collect(),
    }
}

/// What all ways of playing a schedule came to.
#[derive(Debug)]
pub struct Verdict {
    /// As they were played.
    pub played: Vec<Played>,
}

impl Verdict {
    /// What did not hold.
    pub fn wrong(&self) -> impl Iterator<Item = &Finding> {
        self.played.iter().flat_map(|played| &played.wrong)
    }
}
