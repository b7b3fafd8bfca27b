//! The peers of a drawn relay.

use super::{Features, SIZES, http, network};
use crate::{
    rng::Rng,
    schedule::{Carrier, Reader, Schedule, Script, Step},
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

/// Lets one of the peers stop reading at some byte, or say nothing more where it would have ended.
pub(super) fn fall_silent(http: bool, bytes: u32, schedule: &mut Schedule, rng: &mut Rng) {
    if http {
        return http::fall_silent(bytes, schedule, rng);
    }
    let (peer, other) = match rng.one_in(2) {
        true => (&mut schedule.client, &mut schedule.origin.writer),
        false => (&mut schedule.origin, &mut schedule.client.writer),
    };
    if rng.one_in(2) {
        hang(peer);
    } else {
        peer.reader.stop = Some(rng.below(bytes + 1));
        if rng.one_in(2) {
            // R18: an abort that nobody reads has to be told all the same, and while every buffer
            // is full nobody comes to hear of it by reading.
            let ends = [Step::CloseNotify, Step::Fin, Step::AwaitEof, Step::Reset];
            other.retain(|step| !ends.contains(step));
            other.extend([Step::Write(FILLING), Step::Sleep(50), Step::Reset]);
            schedule.buffers = network::all_alike(network::NARROW_BYTES);
        }
    }
}

/// Lets a peer say nothing more where it would have ended.
pub(super) fn hang(peer: &mut Script) {
    let ends = [Step::CloseNotify, Step::Fin, Step::Reset];
    peer.writer.retain(|step| !ends.contains(step));
    peer.writer.push(Step::Hang);
}

/// More than a few narrow buffers hold.
const FILLING: u32 = 5 * network::NARROW_BYTES;

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
    if on.resets && rng.one_in(2) {
        // K11: no read tells of an abort behind a FIN.
        steps.push(Step::Sleep(rng.pick(&[1, 2, 5, 30, 100])));
        steps.push(Step::Reset);
    }
}
