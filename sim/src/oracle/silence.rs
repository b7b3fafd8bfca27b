//! The judge of patience: whoever falls silent is given up, and in time.
//!
//! It owns what must hold where a peer stops reading or speaking for good. Such a run is ended by
//! the proxy's timers, so nothing is asked of it where they are frozen, nor on turmoil, where an
//! hour costs too much.

use super::{Court, Direction, Invariant};
use crate::{
    fault::{Fault, Timers},
    peer::Log,
    world::{Net, Outcome},
};
use tidegate_core::time::{Span, Time};

/// T_write_stall of a relay (LIFECYCLE section 3).
const WRITE_STALL_MS: u64 = 300_000;

/// T_abort_flush.
const ABORT_FLUSH_MS: u64 = 1_000;

/// Ways, acknowledgements and looks at the send queue.
const SLACK_MS: u64 = 500;

/// The same for T_write_stall: what a peer took since the last look is seen when the next wait ends,
/// some seconds late.
const STALL_SLACK_MS: u64 = 10_000;

impl Court<'_> {
    fn is_patient(&self) -> bool {
        self.outcome.net == Net::Fast && self.outcome.timers != Timers::Frozen
    }

    /// I11: whoever falls silent is given up in the end.
    pub(super) fn judge_patience(&mut self) {
        let Outcome {
            descriptors, idle, ..
        } = *self.outcome;
        let patient = self.is_patient();
        self.unless(!patient || descriptors <= idle, Invariant::NoLeak, || {
            format!("{descriptors} connections are held for somebody who has fallen silent")
        });
    }

    /// R11, R18, T_write_stall: a receiver that reads no more is told of an abort, or given up, in
    /// time: so long after the last thing that moved.
    pub(super) fn judge_stopped(&mut self, direction: &Direction<'_>) {
        let Direction { name, from, to, .. } = *direction;
        let peers = [&self.schedule.client, &self.schedule.origin];
        let of_client = std::ptr::eq(to, &self.outcome.client);
        let (script, buffers) = match of_client {
            true => (peers[0], self.schedule.buffers.client),
            false => (peers[1], self.schedule.buffers.origin),
        };
        let timely = |fault: &Fault| matches!(fault, Fault::Cut(_));
        let still = self.schedule.links.is_empty() && self.schedule.faults.values().all(timely);
        let waits = script.reader.stop.is_some() && !direction.to_tls && to.sent.reset_at.is_none();
        if !self.is_patient() || !still || !waits {
            return;
        }
        // What its kernel cannot hold waits in the proxy's, or behind it.
        let stuck = from.sent.bytes > to.seen.bytes + u64::from(buffers.recv);
        // R13: behind both ends a reset takes nothing from anybody who has all.
        let has_all = to.sent.bytes == from.seen.bytes;
        let before = |end: Option<Time>| end.is_some_and(|at| Some(at) <= from.sent.reset_at);
        let benign = has_all && before(from.sent.fin_at) && before(to.sent.fin_at);
        let limit_ms = match from.sent.reset_at {
            Some(_) if !benign => ABORT_FLUSH_MS + SLACK_MS,
            Some(_) | None if stuck => WRITE_STALL_MS + STALL_SLACK_MS,
            Some(_) | None => return,
        };
        let last = moved(from).max(moved(to));
        let due = last + Span::from_ms(limit_ms);
        let told = to.seen.reset_at.map(|(at, _)| at);
        self.unless(told.is_some_and(|at| at <= due), Invariant::GivenUp, || {
            let (told, due) = (told.map(Time::as_ms), due.as_ms());
            format!("{name}: nobody reads, and that is said at {told:?} ms, due at {due} ms")
        });
    }
}

/// When a peer last did or saw anything but a failure.
fn moved(log: &Log) -> Time {
    let (sent, seen) = (&log.sent, &log.seen);
    let times = [
        sent.last_at,
        sent.notify_at,
        sent.fin_at,
        sent.reset_at,
        seen.last_at,
        seen.notify_at,
        seen.fin_at,
    ];
    times.into_iter().flatten().max().unwrap_or(Time(0))
}
