//! A batch of seeds: each drawn, played, judged, and counted for what it has reached. A kind of trouble
//! that many seeds never come to is a hole in what is drawn.

use super::{
    draw,
    log::Fact,
    oracle::{self, Rule, Violation},
    plan::{Leave, Method, Mood, Plan},
    play::{Played, play},
    wire::{End, Try, Wire},
};
use std::{collections::BTreeMap, ops::Range};
use tidegate_core::{
    time::{Span, Time},
    variant::Variant,
};

/// What a batch came to.
#[derive(Debug, Default)]
pub struct Batch {
    /// Seeds played.
    pub seeds: u64,
    /// How often each thing was reached.
    pub reached: BTreeMap<&'static str, u64>,
    /// The seeds that were not good, and why.
    pub bad: Vec<(u64, Vec<Violation>)>,
    /// Simulated milliseconds.
    pub simulated_ms: u64,
}

/// From so many seeds on a batch must have reached all of [`WANTED`].
pub const LARGE: u64 = 1_000;

/// What a large batch comes to.
pub const WANTED: [&str; 24] = [
    "mood serve",
    "mood refuse",
    "mood stall",
    "mood busy",
    "mood last",
    "mood idle",
    "mood reset",
    "mood hangup",
    "mood dead",
    "closed as idle",
    "connect refused",
    "sent again by U02",
    "POST sent again by U02",
    "sent again by U03",
    "sent again by U04",
    "sent again by status",
    "left alone",
    "back",
    "waited",
    "queue full",
    "queue deadline",
    "left while it waited",
    "checked down",
    "checked up again",
];

impl Batch {
    /// Plays `seeds`, each a second time if `twice`; up to the first that is not good if `first`.
    #[must_use]
    pub fn play(seeds: Range<u64>, variant: Option<Variant>, twice: bool, first: bool) -> Batch {
        let mut batch = Batch::default();
        for seed in seeds {
            let plan = draw(seed);
            let played = play(&plan, variant);
            let wire = Wire::of(&played.packets);
            let mut wrong = oracle::judge(&plan, &played, &wire);
            if twice && wrong.is_empty() {
                wrong.extend(differs(&played, &play(&plan, variant)));
            }
            batch.seeds += 1;
            batch.simulated_ms += played.took.as_ms();
            reached(&plan, &played, &wire, &mut |what| {
                *batch.reached.entry(what).or_default() += 1;
            });
            if !wrong.is_empty() {
                batch.bad.push((seed, wrong));
                if first {
                    break;
                }
            }
        }
        batch
    }

    /// Adds what another batch came to.
    pub fn join(&mut self, other: Batch) {
        self.seeds += other.seeds;
        self.simulated_ms += other.simulated_ms;
        for (what, times) in other.reached {
            *self.reached.entry(what).or_default() += times;
        }
        self.bad.extend(other.bad);
        self.bad.sort_by_key(|(seed, _)| *seed);
    }

    /// What it should have come to, and did not.
    #[must_use]
    pub fn unreached(&self) -> Vec<&'static str> {
        let missing = |what: &&str| !self.reached.contains_key(*what);
        WANTED.into_iter().filter(missing).collect()
    }
}

fn differs(one: &Played, other: &Played) -> Option<Violation> {
    let [first, second] = [one, other].map(Played::fingerprint);
    (first != second).then(|| Violation {
        rule: Rule::Same,
        what: format!("{first:016x} the first time, and then {second:016x}"),
    })
}

/// Tells what a run has reached.
fn reached(plan: &Plan, played: &Played, wire: &Wire, tell: &mut impl FnMut(&'static str)) {
    for entry in &played.log {
        match &entry.fact {
            Fact::Mood(_, mood) => tell(match mood {
                Mood::Serve(_) => "mood serve",
                Mood::Refuse => "mood refuse",
                Mood::Stall => "mood stall",
                Mood::Busy(_) => "mood busy",
                Mood::Last(_) => "mood last",
                Mood::Idle(..) => "mood idle",
                Mood::Reset => "mood reset",
                Mood::Hangup => "mood hangup",
                Mood::Dead => "mood dead",
            }),
            Fact::Idled(_) => tell("closed as idle"),
            Fact::Got {
                error: Some(error), ..
            } if error.starts_with("connection_limit_reached") => {
                tell(match error.contains("deadline") {
                    true => "queue deadline",
                    false if plan.queue.is_some() => "queue full",
                    false => "no queue",
                });
            }
            Fact::Left(number, Leave::Reset) if wire.of_request(*number).next().is_none() => {
                tell("left while it waited");
            }
            Fact::Read { .. }
            | Fact::Said { .. }
            | Fact::Asked(_)
            | Fact::Got { .. }
            | Fact::Lost(_)
            | Fact::Left(..) => {}
        }
    }
    for _ in wire.vain.iter().filter(|one| one.refused) {
        tell("connect refused");
    }
    for (request, number) in plan.requests().zip(0..) {
        if let [first, _] = wire.of_request(number).collect::<Vec<_>>()[..]
            && let Some(rule) = rule(first)
        {
            tell(rule);
            if rule == "sent again by U02" && request.method == Method::Post {
                tell("POST sent again by U02");
            }
        }
    }
    for _ in 0..oracle::waited(plan, played, wire) {
        tell("waited");
    }
    for pair in played.told.windows(2) {
        for (before, now) in pair[0].1.iter().zip(&pair[1].1) {
            match (before, now) {
                (true, false) => tell("checked down"),
                (false, true) => tell("checked up again"),
                _ => {}
            }
        }
    }
    ejected(plan, wire, tell);
}

/// By which rule a request was sent again behind `first`.
fn rule(first: &Try) -> Option<&'static str> {
    match first.end?.1 {
        End::Fin if !first.fresh && !first.acked => Some("sent again by U02"),
        End::Fin | End::Reset if !first.fresh => Some("sent again by U03"),
        End::Fin | End::Reset => Some("sent again by U04"),
        End::Answered(_) => Some("sent again by status"),
        End::GivenUp => None,
    }
}

/// Endpoints that failed so often that they are left alone, and were: others got work meanwhile. And
/// those that got some again.
fn ejected(plan: &Plan, wire: &Wire, tell: &mut impl FnMut(&'static str)) {
    let Some(ejection) = plan.ejection else {
        return;
    };
    let base = Span::from_ms(u64::from(ejection.base_ms));
    for endpoint in 0..plan.endpoints.len() {
        let mut ends: Vec<(Time, bool)> = wire
            .tries
            .iter()
            .filter(|one| one.endpoint == endpoint)
            .filter_map(|one| one.end.map(|(at, end)| (at, end != End::Answered(200))))
            .collect();
        ends.sort_unstable();
        for row in ends.windows(ejection.failures as usize) {
            let (Some((at, _)), true) = (row.last(), row.iter().all(|(_, failed)| *failed)) else {
                continue;
            };
            let then = |one: &&Try| *at < one.begun && one.begun < *at + base;
            let mut meanwhile = wire.tries.iter().filter(then).peekable();
            if meanwhile.peek().is_some() && meanwhile.all(|one| one.endpoint != endpoint) {
                tell("left alone");
                let back = |one: &Try| one.endpoint == endpoint && one.begun >= *at + base;
                if wire.tries.iter().any(back) {
                    tell("back");
                }
            }
        }
    }
}
