//! Time as an argument: a count of microseconds since a start that only the driver knows.

use core::{fmt, ops::Add};

/// A moment, in microseconds since the driver's start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub u64);

/// A length of time, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub u64);

/// A time, or never, in the memory of a time alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(Time);

impl Moment {
    /// No session lives to see it.
    pub const NEVER: Moment = Moment(Time(u64::MAX));

    /// This time.
    #[must_use]
    pub const fn at(time: Time) -> Moment {
        Moment(time)
    }

    /// The time, unless it is never.
    #[must_use]
    pub fn get(self) -> Option<Time> {
        (self != Moment::NEVER).then_some(self.0)
    }

    /// It is this time, unless it was another one before.
    pub fn begin(&mut self, time: Time) {
        if *self == Moment::NEVER {
            self.0 = time;
        }
    }
}

impl Default for Moment {
    fn default() -> Self {
        Moment::NEVER
    }
}

impl Time {
    /// The moment `ms` milliseconds after the start.
    #[must_use]
    pub const fn from_ms(ms: u64) -> Time {
        Time(ms * 1_000)
    }

    /// Whole milliseconds since the start, rounded down.
    #[must_use]
    pub const fn as_ms(self) -> u64 {
        self.0 / 1_000
    }

    /// How long after `earlier` this is; nothing if it is not after.
    #[must_use]
    pub const fn since(self, earlier: Time) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Span {
    /// `ms` milliseconds.
    #[must_use]
    pub const fn from_ms(ms: u64) -> Span {
        Span(ms * 1_000)
    }

    /// `s` seconds.
    #[must_use]
    pub const fn from_secs(s: u64) -> Span {
        Span(s * 1_000_000)
    }

    /// Whole milliseconds, rounded down.
    #[must_use]
    pub const fn as_ms(self) -> u64 {
        self.0 / 1_000
    }
}

impl Add<Span> for Time {
    type Output = Time;
    fn add(self, span: Span) -> Time {
        Time(self.0.saturating_add(span.0))
    }
}

impl fmt::Display for Span {
    /// The shortest exact form: `2s`, `250ms`, `40us`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            us if us % 1_000_000 == 0 => write!(f, "{}s", us / 1_000_000),
            us if us % 1_000 == 0 => write!(f, "{}ms", us / 1_000),
            us => write!(f, "{us}us"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_what_they_are_called() {
        assert_eq!(Time::from_ms(7), Time(7_000));
        assert_eq!(Span::from_ms(7), Span(7_000));
        assert_eq!(Span::from_secs(7), Span(7_000_000));
        assert_eq!((Time(7_999).as_ms(), Span(7_999).as_ms()), (7, 7));
    }

    #[test]
    fn time_stops_at_both_ends() {
        assert_eq!(Time(7).since(Time(3)), Span(4));
        assert_eq!(Time(3).since(Time(7)), Span(0));
        assert_eq!(Time(3) + Span(4), Time(7));
        assert_eq!(Time(3) + Span(u64::MAX), Time(u64::MAX));
    }
}
