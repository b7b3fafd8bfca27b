//! A plan from a seed: first which kinds of trouble there are, then how much of each.

use super::plan::{
    Client, Ejection, Endpoint, Health, Leave, Method, Mood, Plan, Queue, Request, Retries,
};
use crate::rng::Rng;
use std::num::NonZeroU32;
use tidegate_core::balance::Balance;

/// What troubles there are in one run.
struct Troubles {
    /// Moods that are drawn from; one that serves is always among them.
    moods: Vec<fn(&mut Rng) -> Mood>,
    limits: bool,
    posts: bool,
    bodies: bool,
    closes: bool,
    leaves: bool,
}

const MOODS: [fn(&mut Rng) -> Mood; 8] = [
    |_| Mood::Refuse,
    |_| Mood::Stall,
    |rng| Mood::Busy(rng.between(0, 20)),
    |rng| Mood::Last(rng.between(0, 20)),
    |rng| Mood::Idle(rng.between(0, 10), rng.between(0, 30)),
    |_| Mood::Reset,
    |_| Mood::Hangup,
    |_| Mood::Dead,
];

fn serves(rng: &mut Rng) -> Mood {
    Mood::Serve(rng.pick(&[0, 1, 5, 20, 60, 150]))
}

/// The plan of a seed.
#[must_use]
pub fn draw(seed: u64) -> Plan {
    let rng = Rng::new(seed);
    let troubles = troubles(&mut rng.fork("troubles"));
    let mut rules = rng.fork("rules");
    let endpoints = endpoints(&mut rng.fork("endpoints"), &troubles);
    let limits = endpoints.iter().any(|one| one.most.is_some());
    let balance = rules.pick(&[
        Balance::LeastRequest,
        Balance::RoundRobin,
        Balance::RoundRobin,
        Balance::Random,
    ]);
    // Chance gives each its share of many only.
    let calm = match balance {
        Balance::RoundRobin => rules.between(1, 3),
        Balance::LeastRequest | Balance::Random | Balance::Maglev { .. } => {
            if rules.one_in(4) {
                24
            } else {
                1
            }
        }
    };
    Plan {
        seed,
        balance,
        ejection: (!rules.one_in(3)).then(|| ejection(&mut rules)),
        slow_start_ms: if rules.one_in(4) { 200 } else { 0 },
        retries: retries(&mut rules),
        queue: (limits && !rules.one_in(5)).then(|| Queue {
            depth: NonZeroU32::MIN.saturating_add(rules.pick(&[0, 1, 2, 9])),
            timeout_ms: rules.pick(&[5, 40, 150, 600]),
        }),
        health: rules.one_in(3).then(|| health(&mut rules)),
        response_ms: rules.pick(&[100, 300, 1_000]),
        latency_ms: rules.between(1, 4),
        endpoints,
        clients: clients(&mut rng.fork("clients"), &troubles),
        calm,
    }
}

fn troubles(rng: &mut Rng) -> Troubles {
    let mut moods: Vec<fn(&mut Rng) -> Mood> = vec![serves, serves];
    let one_in = rng.pick(&[2, 4, 8]);
    moods.extend(MOODS.into_iter().filter(|_| rng.one_in(one_in)));
    Troubles {
        moods,
        limits: rng.one_in(2),
        posts: rng.one_in(2),
        bodies: rng.one_in(3),
        closes: rng.one_in(3),
        leaves: rng.one_in(3),
    }
}

fn endpoints(rng: &mut Rng, troubles: &Troubles) -> Vec<Endpoint> {
    let count = rng.pick(&[1, 2, 2, 3, 3, 4]);
    let weighted = rng.one_in(4);
    (0..count)
        .map(|_| Endpoint {
            latency_ms: rng.between(1, 5),
            weight: if weighted { rng.between(1, 3) } else { 1 },
            most: (troubles.limits && !rng.one_in(5))
                .then(|| NonZeroU32::MIN.saturating_add(rng.below(3))),
            moods: moods(rng, troubles),
        })
        .collect()
}

fn moods(rng: &mut Rng, troubles: &Troubles) -> Vec<(u32, Mood)> {
    let mut moods = Vec::new();
    let mut at_ms = 0;
    for _ in 0..rng.between(1, 4) {
        let make = rng.pick(&troubles.moods);
        moods.push((at_ms, make(rng)));
        at_ms += rng.pick(&[20, 100, 300, 700]) + rng.below(20);
    }
    moods
}

fn ejection(rng: &mut Rng) -> Ejection {
    let base_ms = rng.pick(&[50, 200, 600]);
    Ejection {
        failures: rng.between(1, 3),
        base_ms,
        most_ms: base_ms * rng.between(1, 3),
        percent: rng.pick(&[50, 100, 100]),
    }
}

fn retries(rng: &mut Rng) -> Retries {
    let statuses = if rng.one_in(2) { vec![503] } else { Vec::new() };
    let (percent, per_second) = rng.pick(&[(20, 3), (20, 3), (20, 3), (0, 0), (30, 0), (0, 1)]);
    Retries {
        percent,
        per_second,
        statuses,
    }
}

fn health(rng: &mut Rng) -> Health {
    Health {
        interval_ms: rng.pick(&[40, 100, 300]),
        timeout_ms: rng.pick(&[30, 60]),
        rise: rng.between(1, 2),
        fall: rng.between(1, 3),
    }
}

fn clients(rng: &mut Rng, troubles: &Troubles) -> Vec<Client> {
    let (count, hasty) = (rng.pick(&[1, 2, 4, 8]), rng.one_in(2));
    let window_ms = rng.pick(&[1, 30, 400]);
    (0..count)
        .map(|_| Client {
            at_ms: rng.below(window_ms),
            requests: (0..rng.between(1, 8))
                .map(|_| request(rng, troubles, hasty))
                .collect(),
        })
        .collect()
}

fn request(rng: &mut Rng, troubles: &Troubles, hasty: bool) -> Request {
    let methods = match troubles.posts {
        true => &[Method::Get, Method::Put, Method::Post, Method::Post][..],
        false => &[Method::Get, Method::Get, Method::Put][..],
    };
    let method = rng.pick(methods);
    let body = method != Method::Get && troubles.bodies;
    let waits = if hasty {
        [0, 0, 2, 25]
    } else {
        [5, 20, 90, 300]
    };
    Request {
        after_ms: rng.pick(&waits) + rng.below(6),
        method,
        body_bytes: if body { rng.pick(&[1, 300, 3_000]) } else { 0 },
        pause_ms: if body && rng.one_in(2) {
            rng.below(30)
        } else {
            0
        },
        close: troubles.closes && rng.one_in(3),
        leaves: (troubles.leaves && rng.one_in(3)).then(|| {
            let how = rng.pick(&[Leave::Reset, Leave::Reset, Leave::Fin]);
            (rng.pick(&[0, 3, 12, 60]), how)
        }),
    }
}
