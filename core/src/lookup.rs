//! When a name is looked up again, and what it means that it has no address.
//!
//! It owns the waits between two look-ups of one name. Pure: time and chance are arguments; whoever
//! calls asks the servers.
//!
//! An answer is good for as long as its TTL says, within limits: a TTL of 0 must not become a look-up
//! a request, and one of a week must not keep an address for a week. What was known stays when a
//! look-up fails, so a failure costs nothing but waiting, and less of that at first.

use crate::{
    draws::Draws,
    time::{Span, Time},
};

/// An answer is good for at least so long.
pub const LEAST: Span = Span::from_secs(1);
/// And for at most so long.
pub const MOST: Span = Span::from_secs(3600);
/// How long the first failure in a row is waited after; each of the next ones for twice as long.
const FIRST: Span = Span::from_secs(1);
/// Up to this.
const LAST: Span = Span::from_secs(30);

/// Why a name has no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unresolved {
    /// Nobody has answered in time, or not yet.
    Late,
    /// What was answered is no address; with the code of the answer, if it has one that says so.
    Failed(Option<Rcode>),
}

/// The codes of DNS answers that are no success (RFC 1035, 4.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rcode {
    /// 1: the server has not understood the question.
    FormErr,
    /// 2: the server has failed.
    ServFail,
    /// 3: there is no such name.
    NxDomain,
    /// 4: the server does not do this.
    NotImp,
    /// 5: the server does not want to.
    Refused,
}

impl Rcode {
    /// By its number.
    #[must_use]
    pub const fn of(number: u8) -> Option<Rcode> {
        Some(match number {
            1 => Rcode::FormErr,
            2 => Rcode::ServFail,
            3 => Rcode::NxDomain,
            4 => Rcode::NotImp,
            5 => Rcode::Refused,
            _ => return None,
        })
    }

    /// Its mnemonic, as RFC 9209 wants it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Rcode::FormErr => "FORMERR",
            Rcode::ServFail => "SERVFAIL",
            Rcode::NxDomain => "NXDOMAIN",
            Rcode::NotImp => "NOTIMP",
            Rcode::Refused => "REFUSED",
        }
    }
}

/// When one name is looked up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Schedule {
    /// Failures in a row.
    failures: u32,
    draws: Draws,
}

impl Schedule {
    /// Of a name that has never been looked up. What is drawn follows from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Schedule {
        Schedule {
            failures: 0,
            draws: Draws::new(seed),
        }
    }

    /// It has addresses, and they are good for `ttl`: when to look again. Up to a tenth later than that:
    /// those who have asked together do not go on doing so, and who asks sooner only hears from a cache
    /// what is left of the time.
    pub fn found(&mut self, now: Time, ttl: Span) -> Time {
        self.failures = 0;
        self.after(now, ttl.clamp(LEAST, MOST))
    }

    /// It could not be looked up, or not all of it: when to try again.
    pub fn failed(&mut self, now: Time) -> Time {
        let doubled = FIRST.0.checked_shl(self.failures).unwrap_or(LAST.0);
        // 2^5 seconds are more than the last wait: more need not be counted.
        self.failures = (self.failures + 1).min(5);
        self.after(now, Span(doubled.min(LAST.0)))
    }

    fn after(&mut self, now: Time, span: Span) -> Time {
        now + Span(span.0 + self.draws.upto(span.0 / 10))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_ms(5_000);

    /// Whether `at` is `span` after now, or up to a tenth more.
    fn is_after(at: Time, span: Span) -> bool {
        let waited = at.since(NOW);
        waited >= span && waited.0 <= span.0 + span.0 / 10
    }

    #[test]
    fn an_answer_is_good_for_its_ttl_within_limits() {
        for seed in 0..100 {
            let mut schedule = Schedule::new(seed);
            for (ttl, good) in [(0, 1), (1, 1), (60, 60), (3600, 3600), (604_800, 3600)] {
                let at = schedule.found(NOW, Span::from_secs(ttl));
                assert!(is_after(at, Span::from_secs(good)), "{ttl}: {at:?}");
            }
        }
        let at = |seed| Schedule::new(seed).found(NOW, Span::from_secs(60));
        assert_ne!(at(1), at(2), "they do not stay together");
    }

    #[test]
    fn failures_are_waited_after_for_longer_and_longer() {
        let mut schedule = Schedule::new(7);
        for wait in [1, 2, 4, 8, 16, 30, 30, 30] {
            let at = schedule.failed(NOW);
            assert!(is_after(at, Span::from_secs(wait)), "{wait}: {at:?}");
        }
        let _good = schedule.found(NOW, Span::from_secs(9));
        assert!(is_after(schedule.failed(NOW), Span::from_secs(1)));
    }

    #[test]
    fn codes_are_called_by_their_names() {
        assert_eq!(Rcode::of(3).map(Rcode::word), Some("NXDOMAIN"));
        assert_eq!(Rcode::of(2).map(Rcode::word), Some("SERVFAIL"));
        assert_eq!((Rcode::of(0), Rcode::of(6)), (None, None));
    }
}
