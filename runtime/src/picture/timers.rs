//! The timers of a trace, as bars: from the row that arms one to the row that stops it, or in which it
//! fires, and how much of its time was left there.
//!
//! Pure. Progress starts a wait anew without a word in the trace; a bar can therefore be older than its
//! span, and has then the least width that can be seen.

use super::rows::Row;

/// A wait.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bar {
    pub(super) name: String,
    /// Its length, as it is written.
    pub(super) span: String,
    /// The row that armed it.
    pub(super) from: usize,
    /// The row that ended it; none if it is still armed behind the last one.
    pub(super) to: Option<usize>,
    pub(super) fired: bool,
    /// Of one: what was left of it at the end.
    pub(super) left: f64,
    /// In which of the columns it stands, so that no two overlap.
    pub(super) column: usize,
}

/// All bars of `rows`, in the order of their beginnings.
pub(super) fn bars(rows: &[Row]) -> Vec<Bar> {
    let mut bars: Vec<Bar> = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        if let Some(name) = row.event.strip_suffix(" fired") {
            end(&mut bars, rows, at, |bar| bar.name == name, true);
        }
        for order in &row.orders {
            if let Some(name) = order.strip_prefix("stop ") {
                end(&mut bars, rows, at, |bar| bar.name == name, false);
            } else if let Some(armed) = order.strip_prefix("arm ") {
                let (name, span) = armed.rsplit_once(' ').unwrap_or((armed, ""));
                bars.push(Bar {
                    name: name.to_owned(),
                    span: span.to_owned(),
                    from: at,
                    to: None,
                    fired: false,
                    left: 0.0,
                    column: column(&bars, at),
                });
            } else if order.starts_with("end ") {
                end(&mut bars, rows, at, |_| true, false);
            }
        }
    }
    for bar in bars.iter_mut().filter(|bar| bar.to.is_none()) {
        let now = rows.len().saturating_sub(1);
        bar.left = left(bar, rows, now);
    }
    bars
}

/// Ends those that are armed and of which `which` is true.
fn end(bars: &mut [Bar], rows: &[Row], at: usize, which: impl Fn(&Bar) -> bool, fired: bool) {
    for bar in bars.iter_mut().filter(|bar| bar.to.is_none() && which(bar)) {
        (bar.to, bar.fired) = (Some(at), fired);
        bar.left = if fired { 0.0 } else { left(bar, rows, at) };
    }
}

/// The first column that is free from row `at` on.
fn column(bars: &[Bar], at: usize) -> usize {
    let taken = |column| {
        let mut there = bars.iter().filter(|bar| bar.column == column);
        there.any(|bar| bar.to.is_none_or(|to| to >= at))
    };
    (0..).find(|&column| !taken(column)).unwrap_or_default()
}

fn left(bar: &Bar, rows: &[Row], at: usize) -> f64 {
    let gone = rows[at].at_us.saturating_sub(rows[bar.from].at_us);
    match micros(&bar.span) {
        Some(span) if span > 0 => (1.0 - ratio(gone, span)).max(0.0),
        _ => 1.0,
    }
}

fn ratio(part: u64, whole: u64) -> f64 {
    let seconds = |us| std::time::Duration::from_micros(us).as_secs_f64();
    seconds(part) / seconds(whole)
}

/// Of `75s`, `500ms`, `20us`.
fn micros(span: &str) -> Option<u64> {
    let unit = span.find(|letter: char| !letter.is_ascii_digit())?;
    let (number, unit) = span.split_at(unit);
    let scale = match unit {
        "us" => 1,
        "ms" => 1_000,
        "s" => 1_000_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(scale)
}
