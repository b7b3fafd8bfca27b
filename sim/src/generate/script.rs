//! The peers of a drawn relay.

use super::{Features, SIZES};
use crate::{
    rng::Rng,
    schedule::{Carrier, Reader, Schedule, Step},
};

pub(super) fn reader(on: &Features, rng: &mut Rng) -> Reader {
    if !on.slow_readers || rng.one_in(3) {
        return Reader::default();
    }
    Reader {
        delay_ms: rng.pick(&[0, 3, 50]),
        chunk: rng.pick(&SIZES),
        pause_ms: rng.pick(&[0, 0, 1, 2]),
        stop: None,
    }
}

/// Both writers; at most one of them waits for the other.
pub(super) fn writers(on: &Features, bytes: u32, schedule: &mut Schedule, rng: &Rng) {
    let mut waiter = rng.fork("waiter");
    let waits = on.half_close.then(|| waiter.below(2));
    let tls = schedule.carrier != Carrier::Tcp;
    let client = writer(on, bytes, tls, waits == Some(0), &mut rng.fork("client"));
    let up_tls = schedule.upstream != Carrier::Tcp;
    let origin = writer(on, bytes, up_tls, waits == Some(1), &mut rng.fork("origin"));
    (schedule.client.writer, schedule.origin.writer) = (client, origin);
}

fn writer(on: &Features, bytes: u32, tls: bool, waits: bool, rng: &mut Rng) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut left = bytes;
    let wait_at = if waits { rng.between(0, 3) } else { u32::MAX };
    for index in 0..rng.between(0, 6) {
        if index == wait_at {
            steps.push(Step::AwaitEof);
        }
        if on.slow_writers && rng.one_in(2) {
            steps.push(Step::Sleep(rng.pick(&[1, 2, 5, 30])));
        }
        let n = rng.pick(&SIZES).min(left);
        if n > 0 {
            steps.push(Step::Write(n));
        }
        left -= n;
    }
    if waits && !steps.contains(&Step::AwaitEof) {
        steps.push(Step::AwaitEof);
    }
    if on.slow_writers && rng.one_in(2) {
        steps.push(Step::Sleep(rng.pick(&[1, 5, 100])));
    }
    end(on, tls, rng, &mut steps);
    steps
}

/// How a direction ends.
pub(super) fn end(on: &Features, tls: bool, rng: &mut Rng, steps: &mut Vec<Step>) {
    if on.resets && rng.one_in(2) {
        steps.push(Step::Reset);
        return;
    }
    if tls && !(on.truncation && rng.one_in(2)) {
        steps.push(Step::CloseNotify);
        if rng.one_in(3) {
            steps.push(Step::Sleep(rng.pick(&[1, 5, 30])));
        }
    }
    steps.push(Step::Fin);
}
