//! What the proxy tells of itself, held against what the peers saw and did (LIFECYCLE 4.14, I19).
//!
//! It owns the verdict on records and counters. It asks of them only what can be known from
//! outside: bytes sent and seen, ends sent and seen, connections made.

#[cfg(test)]
mod tests;

use super::{Court, Ended, Invariant, LastWord, Violation, ended};
use crate::{
    case::is_peaceful,
    fault::Timers,
    peer::Log,
    schedule::{Carrier, Schedule, Traffic},
    world::{Net, Outcome},
};
use tidegate::observe::{Kind, Metrics, Record};
use tidegate_core::{
    ending::{By, End, How},
    report::{Last, Parting},
    side::Side,
};

/// What the proxy has told of itself.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Of each session, when it was over.
    pub records: Vec<Record>,
    /// When each of them took its last word, and at what.
    pub words: Vec<Option<LastWord>>,
    /// How many sessions there were.
    pub accepted: usize,
    /// Of all legs, once the last was gone.
    pub metrics: Option<Metrics>,
}

/// Judges what was told; nothing is the truth.
#[must_use]
pub fn judge(schedule: &Schedule, outcome: &Outcome, told: &Told) -> Vec<Violation> {
    let mut court = Court {
        schedule,
        outcome,
        violations: Vec::new(),
    };
    for (record, word) in told.records.iter().zip(&told.words) {
        court.judge_record(record);
        court.judge_cause(record.cause(), &record.report, *word);
    }
    let (accepted, over) = (told.accepted, told.records.len());
    // On turmoil a run is over with its connections, and the proxy may be on its way to its own end; and where no
    // timer runs, nobody gives up who has fallen silent.
    let waits = outcome.timers == Timers::Frozen && schedule.falls_silent();
    let all = outcome.is_over() && outcome.descriptors <= outcome.idle;
    let all = all && outcome.net == Net::Fast && !waits;
    court.unless(over == accepted || !all, Invariant::Cause, || {
        format!("{accepted} sessions have begun, and {over} have a cause for their end")
    });
    if let Some(metrics) = &told.metrics {
        court.judge_metrics(metrics, &told.records);
    }
    let due = all && outcome.panic.is_none();
    court.told(told.metrics.is_some() || !due, || {
        "all is over, and the proxy has not ended and told its counters".to_owned()
    });
    court.violations
}

impl Court<'_> {
    fn told(&mut self, holds: bool, what: impl FnOnce() -> String) {
        self.unless(holds, Invariant::Told, what);
    }

    fn judge_record(&mut self, record: &Record) {
        let report = &record.report;
        let by_peers = matches!(
            report.ending.map(|ending| (ending.how, ending.by)),
            Some((How::Abort(_) | How::Truncated, By::Client | By::Origin))
        );
        let stops = [&self.schedule.client, &self.schedule.origin];
        let stops = stops.iter().any(|script| script.reader.stop.is_some());
        let http = matches!(self.schedule.traffic, Traffic::Http { .. });
        let entitled = http || stops || self.is_aborted() || self.outcome.origins.is_empty();
        self.told(!by_peers || entitled, || {
            format!("{:?}, and nobody aborted", report.ending)
        });
        for tally in &report.tallies {
            self.told(tally.balances(0), || {
                format!("{tally:?} does not add up (I20)")
            });
        }
        if let (false, [origin]) = (http, &self.outcome.origins[..]) {
            self.judge_bytes_told(record, origin);
            if is_peaceful(self.schedule) && self.outcome.is_over() {
                self.judge_peace(record, origin);
            }
        }
    }

    /// Nothing is read that was not sent, nor seen that was not written.
    fn judge_bytes_told(&mut self, record: &Record, origin: &Log) {
        for (log, wired, whose) in [
            (&self.outcome.client, &record.wires[0], "the client"),
            (origin, &record.wires[1], "the origin"),
        ] {
            let (sent, seen) = (log.sent.bytes, log.seen.bytes);
            let (read, written) = (wired.read, wired.written);
            self.told(read <= sent && seen <= written, || {
                format!("{whose}: {read} read of {sent} sent, {seen} seen of {written} written")
            });
        }
    }

    /// Where everybody behaves, everything is told as whole and clean, and as it was.
    fn judge_peace(&mut self, record: &Record, origin: &Log) {
        let report = &record.report;
        let how = report.ending.map(|ending| ending.how);
        self.told(how == Some(How::Clean), || format!("{how:?} in peace"));
        for (log, side) in [(&self.outcome.client, Side::Down), (origin, Side::Up)] {
            let (wired, leg) = (&record.wires[side as usize], &report.legs[side as usize]);
            let bytes = (wired.read, wired.written) == (log.sent.bytes, log.seen.bytes);
            let lost = report.tallies[side as usize].discarded() + wired.undelivered;
            self.told(bytes && lost == 0, || {
                format!("{side}: {wired:?} of {:?}, {:?}", log.sent, log.seen)
            });
            let heard = leg.heard.map(|heard| heard.end) == Some(End::Clean);
            let told = leg.last() == Last::Acked;
            let closed = leg.over.map(|over| over.parting) == Some(Parting::Closed);
            self.told(heard && told && closed && wired.fault.is_none(), || {
                format!("{side}: {leg:?}, {:?}", wired.fault)
            });
        }
        let first = report.first;
        self.told(matches!(first, Some(By::Client | By::Origin)), || {
            format!("{first:?} ended first in peace")
        });
    }

    fn judge_metrics(&mut self, metrics: &Metrics, records: &[Record]) {
        let counters = &metrics.counters;
        let count = |side, unconnected: bool| -> u64 {
            let ends = counters.ends.iter();
            let of = ends.filter(|(end, _)| {
                end.leg == side && (end.kind == Kind::Unconnected) == unconnected
            });
            of.map(|(_, count)| count).sum()
        };
        let (down, up) = (count(Side::Down, false), count(Side::Up, false));
        let (sessions, origins) = (records.len() as u64, self.outcome.origins.len() as u64);
        self.told(down == sessions, || {
            format!("{down} downstream legs have ended, of {sessions} sessions")
        });
        // An origin over TLS writes down no connection whose handshake came to nothing.
        let alone = self.outcome.failures == 0 && !self.is_aborted() && !self.breaks_off();
        let unseen = !alone && self.schedule.upstream != Carrier::Tcp;
        self.told(up <= origins || unseen, || {
            format!("{up} upstream legs have ended, and the origin had {origins}")
        });
        self.told(!alone || up == origins, || {
            format!("{up} upstream legs have ended, and the origin had {origins}, in peace")
        });
        let bare = self.bare_fins();
        self.told(counters.bare_fin <= bare, || {
            format!("{} bare FINs, and {bare} were sent", counters.bare_fin)
        });
        let given_up = counters.abort_flush_expired + counters.linger_stall;
        self.told(given_up == 0 || !is_peaceful(self.schedule), || {
            format!("{counters:?} in peace")
        });
        let half = Side::BOTH.map(|side| metrics.half_closed.count(side));
        self.told(half == [0, 0], || {
            format!("{half:?} legs are half-closed, and none is left")
        });
    }

    /// TLS peers that sent FIN and no close_notify before it.
    fn bare_fins(&self) -> u64 {
        let [tls, up_tls] =
            [self.schedule.carrier, self.schedule.upstream].map(|carrier| carrier != Carrier::Tcp);
        let bare = |log: &Log, tls: bool| {
            let cut = matches!(ended(log, tls), Ended::Truncated | Ended::Reset);
            u64::from(tls && cut && log.sent.fin_at.is_some())
        };
        let origins = self.outcome.origins.iter().map(|log| bare(log, up_tls));
        bare(&self.outcome.client, tls) + origins.sum::<u64>()
    }
}
