//! How an endpoint that fails is left alone for a while, and for how long.
//!
//! It owns one endpoint's record. That the last one is never ejected, nor too many, is for the group.

use crate::time::{Span, Time};

/// When an endpoint is ejected, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ejection {
    /// Failures without a success between them.
    pub failures: u32,
    /// How long, the first time; the n-th time n times as long.
    pub base: Span,
    /// How long at most.
    pub most: Span,
    /// Members that may be ejected at once, of a hundred. The last one that is available never is.
    pub percent: u32,
}

impl Default for Ejection {
    fn default() -> Self {
        Ejection {
            failures: 5,
            base: Span::from_secs(10),
            most: Span::from_secs(300),
            percent: 50,
        }
    }
}

/// What came of an endpoint that was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It has answered, and not with a status that says that it cannot.
    Answered,
    /// It could not be reached, broke off before it had answered, or said that it cannot.
    Failed,
}

/// What one endpoint has to its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Record {
    /// Failures since the last success.
    pub(super) failures: u32,
    /// How often it was ejected, less what it has made good since.
    times: u32,
    /// Until when it is ejected, if it is.
    pub(super) until: Option<Time>,
    /// When the last ejection ended, or will.
    ended: Time,
}

impl Record {
    pub(super) const NEW: Record = Record {
        failures: 0,
        times: 0,
        until: None,
        ended: Time(0),
    };

    /// Ejects it; for how long. For each `base` that it has stayed well, one earlier time is forgotten.
    pub(super) fn eject(&mut self, now: Time, ejection: &Ejection) -> Span {
        let well = now.since(self.ended).0 / ejection.base.0.max(1);
        let well = u32::try_from(well).unwrap_or(u32::MAX);
        self.times = self.times.saturating_sub(well).saturating_add(1);
        let span = Span(
            ejection
                .base
                .0
                .saturating_mul(u64::from(self.times))
                .min(ejection.most.0),
        );
        self.failures = 0;
        self.ended = now + span;
        self.until = Some(self.ended);
        span
    }

    /// It is ejected no longer.
    pub(super) fn end(&mut self, now: Time) {
        self.until = None;
        self.ended = self.ended.min(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_time_longer_up_to_the_most() {
        let (ejection, mut record) = (Ejection::default(), Record::NEW);
        let mut now = Time(0);
        for n in 1..=40 {
            let span = record.eject(now, &ejection);
            assert_eq!(span, Span::from_secs((10 * n).min(300)));
            now = now + span;
            record.end(now);
        }
    }

    #[test]
    fn who_stays_well_is_forgiven_step_by_step() {
        let (ejection, mut record) = (Ejection::default(), Record::NEW);
        let mut now = Time(0);
        for _ in 0..3 {
            now = now + record.eject(now, &ejection);
            record.end(now);
        }
        now = now + Span::from_secs(19);
        assert_eq!(
            record.eject(now, &ejection),
            Span::from_secs(30),
            "one of three is forgotten"
        );
        now = now + Span::from_secs(30);
        record.end(now);
        now = now + Span::from_secs(1_000);
        assert_eq!(
            record.eject(now, &ejection),
            Span::from_secs(10),
            "and in the end all"
        );
    }
}
