//! The time of day as lines have it: always UTC. Owns the calendar, and no clock.

use std::io::Write;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

struct Date {
    year: u64,
    month: usize,
    day: u64,
    hour: u64,
    minute: u64,
    second: u64,
}

/// Of microseconds since 1970-01-01 00:00 UTC, in the Gregorian calendar.
fn date(micros: u64) -> Date {
    let seconds = micros / 1_000_000;
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Years begin in March here, so that a leap day is a year's last, and eras of 400 years are alike.
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let march = (5 * of_year + 2) / 153;
    let month = if march < 10 { march + 2 } else { march - 10 };
    Date {
        year: year + era * 400 + u64::from(month < 2),
        month: usize::try_from(month).unwrap_or_default(),
        day: of_year - (153 * march + 2) / 5 + 1,
        hour: rest / 3_600,
        minute: rest / 60 % 60,
        second: rest % 60,
    }
}

/// `2026-11-22T14:31:05.113Z` (RFC 3339).
pub(super) fn rfc3339(micros: u64, out: &mut Vec<u8>) {
    let Date {
        year,
        month,
        day,
        hour,
        minute,
        second,
    } = date(micros);
    let (month, millis) = (month + 1, micros / 1_000 % 1_000);
    let _ = write!(
        out,
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z"
    );
}

/// `2026-11-22T14:31:05Z` (RFC 3339), of seconds.
pub(crate) fn second(seconds: u64) -> String {
    let mut text = Vec::new();
    rfc3339(seconds.saturating_mul(1_000_000), &mut text);
    let text = String::from_utf8_lossy(&text).into_owned();
    // Nobody has measured any parts of it.
    text.replace(".000Z", "Z")
}

/// `14:31:05.113`.
pub(super) fn clock(micros: u64, out: &mut Vec<u8>) {
    let date = date(micros);
    let millis = micros / 1_000 % 1_000;
    let _ = write!(
        out,
        "{:02}:{:02}:{:02}.{millis:03}",
        date.hour, date.minute, date.second
    );
}

/// `22/Nov/2026:14:31:05 +0000`, as web servers have always had it.
pub(super) fn common(micros: u64, out: &mut Vec<u8>) {
    let date = date(micros);
    let month = MONTHS.get(date.month).copied().unwrap_or_default();
    let _ = write!(
        out,
        "{:02}/{month}/{:04}:{:02}:{:02}:{:02} +0000",
        date.day, date.year, date.hour, date.minute, date.second
    );
}
