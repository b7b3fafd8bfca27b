//! Durations and sizes: whole numbers with a unit, as strings.
//!
//! Pure. What is wrong comes with what was probably meant.

use tidegate_core::time::Span;

/// Why a text is not a quantity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A number without a unit; the two most likely readings.
    Bare([String; 2]),
    /// Something else; what was probably meant.
    Malformed(Option<String>),
    /// It does not fit in 64 bits.
    TooLarge,
}

/// A unit: its name, how many of the smallest unit it is, and what else people write for it.
struct Unit(&'static str, u64, &'static [&'static str]);

const TIME: &[Unit] = &[
    Unit("us", 1, &["usec", "µs"]),
    Unit("ms", 1_000, &["msec", "msecs", "millis"]),
    Unit("s", 1_000_000, &["sec", "secs", "second", "seconds"]),
    Unit("m", 60_000_000, &["min", "mins", "minute", "minutes"]),
    Unit("h", 3_600_000_000, &["hr", "hrs", "hour", "hours"]),
];

const SIZE: &[Unit] = &[
    Unit("B", 1, &["b", "byte", "bytes"]),
    Unit("KiB", 1 << 10, &["k", "kb", "kib", "ki"]),
    Unit("MiB", 1 << 20, &["m", "mb", "mib", "mi"]),
    Unit("GiB", 1 << 30, &["g", "gb", "gib", "gi"]),
];

/// What a duration is written as.
pub(super) const DURATION_FORM: &str = "durations are whole numbers with a unit: us, ms, s, m or h";
/// What a size is written as.
pub(super) const SIZE_FORM: &str = "sizes are whole numbers with a unit: B, KiB, MiB or GiB";

/// Reads `250ms`, `30s`, `5m`, `1h`.
pub(super) fn duration(text: &str) -> Result<Span, Fault> {
    quantity(text, TIME, ["s", "ms"]).map(Span)
}

/// As [`duration`], where nobody is told what is wrong.
#[must_use]
pub fn plain_duration(text: &str) -> Option<Span> {
    duration(text).ok()
}

/// Reads `4608B`, `64KiB`, `1MiB`: bytes.
pub(super) fn size(text: &str) -> Result<u64, Fault> {
    quantity(text, SIZE, ["B", "KiB"])
}

/// `bytes` as [`size`] reads it, in the largest unit that is exact.
pub(super) fn show_size(bytes: u64) -> String {
    let exact = |unit: &&Unit| bytes != 0 && bytes.is_multiple_of(unit.1);
    match SIZE.iter().rev().find(exact) {
        Some(Unit(name, factor, _)) => format!("{}{name}", bytes / factor),
        None => format!("{bytes}B"),
    }
}

/// `span` as [`duration`] reads it, in the largest unit that is exact.
pub(crate) fn show_duration(span: Span) -> String {
    let exact = |unit: &&Unit| span.0 != 0 && span.0.is_multiple_of(unit.1);
    match TIME.iter().rev().find(exact) {
        Some(Unit(name, factor, _)) => format!("{}{name}", span.0 / factor),
        None => format!("{}s", span.0),
    }
}

fn quantity(text: &str, units: &[Unit], likely: [&str; 2]) -> Result<u64, Fault> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    if number.is_empty() {
        return Err(Fault::Malformed(None));
    }
    if unit.is_empty() {
        return Err(Fault::Bare(likely.map(|unit| format!("{number}{unit}"))));
    }
    match units.iter().find(|known| known.0 == unit) {
        Some(Unit(_, factor, _)) => {
            let number: u64 = number.parse().map_err(|_| Fault::TooLarge)?;
            number.checked_mul(*factor).ok_or(Fault::TooLarge)
        }
        None => {
            let meant = unit.trim().to_lowercase();
            let alias = |known: &&Unit| {
                known.0.to_lowercase() == meant || known.2.contains(&meant.as_str())
            };
            let known = units.iter().find(alias);
            Err(Fault::Malformed(
                known.map(|known| format!("{number}{}", known.0)),
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_unit() {
        for (text, us) in [
            ("0s", 0),
            ("7us", 7),
            ("250ms", 250_000),
            ("30s", 30_000_000),
            ("5m", 300_000_000),
            ("1h", 3_600_000_000),
        ] {
            assert_eq!(duration(text), Ok(Span(us)), "{text}");
        }
        for (text, bytes) in [
            ("4608B", 4608),
            ("64KiB", 65_536),
            ("1MiB", 1 << 20),
            ("2GiB", 2 << 30),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn what_was_meant_is_offered() {
        let meant = |text: &str| Fault::Malformed(Some(text.to_owned()));
        assert_eq!(duration("5 min"), Err(meant("5m")));
        assert_eq!(duration("30 s"), Err(meant("30s")));
        assert_eq!(duration("30S"), Err(meant("30s")));
        assert_eq!(size("64kb"), Err(meant("64KiB")));
        assert_eq!(size("1M"), Err(meant("1MiB")));
        assert_eq!(
            duration("30"),
            Err(Fault::Bare(["30s".into(), "30ms".into()]))
        );
        assert_eq!(
            size("4608"),
            Err(Fault::Bare(["4608B".into(), "4608KiB".into()]))
        );
    }

    #[test]
    fn everything_else_is_refused() {
        for text in ["", " 1s", "1.5s", "-1s", "1m30s", "s", "1d", "1e3s", "١s"] {
            assert_eq!(duration(text), Err(Fault::Malformed(None)), "{text}");
        }
        assert_eq!(duration("18446744073709551615h"), Err(Fault::TooLarge));
        assert_eq!(size("99999999999999999999B"), Err(Fault::TooLarge));
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(us in 0..u64::MAX, bytes in 0..u64::MAX) {
            prop_assert_eq!(duration(&show_duration(Span(us))), Ok(Span(us)));
            prop_assert_eq!(size(&show_size(bytes)), Ok(bytes));
            let seconds = Span::from_secs(us % 1_000_000);
            prop_assert_eq!(duration(&show_duration(seconds)), Ok(seconds));
        }

        #[test]
        fn any_text_has_an_answer(text in ".{0,12}") {
            let _ = (duration(&text), size(&text));
        }
    }
}
