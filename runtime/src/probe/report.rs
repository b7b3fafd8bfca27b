//! What a run saw, for people: a table. The swim-lane of one row and the JSON for machines are
//! beside it.
//!
//! Pure: rows in, text out. It owns the layout and nothing else.

pub mod json;
pub mod lanes;

use super::{Asked, Outcome, Row, scenario::absent, transcript::span};
use std::fmt::Write as _;

/// Colours, where they are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Paint(pub bool);

impl Paint {
    pub(crate) fn good(self, text: &str) -> String {
        self.with("32", text)
    }

    pub(crate) fn bad(self, text: &str) -> String {
        self.with("1;31", text)
    }

    pub(crate) fn quiet(self, text: &str) -> String {
        self.with("2", text)
    }

    pub(crate) fn strong(self, text: &str) -> String {
        self.with("1", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.0 {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

/// How many rows came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Everything was as it must be.
    pub passed: usize,
    /// Something was not.
    pub failed: usize,
    /// Not played.
    pub skipped: usize,
}

impl Count {
    /// Of these rows.
    #[must_use]
    pub fn of(rows: &[Row]) -> Count {
        let mut count = Count::default();
        for row in rows {
            match row.outcome {
                Outcome::Passed => count.passed += 1,
                Outcome::Failed(_) => count.failed += 1,
                Outcome::Skipped(_) => count.skipped += 1,
            }
        }
        count
    }
}

/// The whole report.
#[must_use]
pub fn table(asked: &Asked, rows: &[Row], paint: Paint) -> String {
    let mut text = String::new();
    let title = format!(
        "probe  {}  via {}  origin {}",
        asked.mode.name(),
        asked.via,
        asked.origin
    );
    let _infallible = writeln!(text, "{}\n", paint.strong(&title));
    let key = width(rows.iter().map(|row| row.key.as_str()), "row");
    let name = width(rows.iter().map(|row| row.name), "name");
    let saws: Vec<[String; 2]> = rows.iter().map(saw).collect();
    let client = width(saws.iter().map(|saw| saw[0].as_str()), "client saw");
    let origin = width(saws.iter().map(|saw| saw[1].as_str()), "origin saw");
    let head = format!(
        "{:key$}  {:name$}  {:client$}  {:origin$}  {:>9}",
        "row", "name", "client saw", "origin saw", "latency"
    );
    let _infallible = writeln!(text, "{}", paint.quiet(&head));
    for (row, [at_client, at_origin]) in rows.iter().zip(&saws) {
        let Row {
            key: row_key,
            name: row_name,
            ..
        } = row;
        let begin = format!("{row_key:key$}  {row_name:name$}");
        let latency = latency(row);
        let line = match &row.outcome {
            Outcome::Skipped(reason) => {
                format!("{begin}  {} {reason}", paint.quiet("skipped:"))
            }
            Outcome::Passed => format!(
                "{begin}  {at_client:client$}  {at_origin:origin$}  {latency:>9}  {}",
                paint.good(&score("pass", row))
            ),
            Outcome::Failed(_) => format!(
                "{begin}  {at_client:client$}  {at_origin:origin$}  {latency:>9}  {}",
                paint.bad(&score("FAIL", row))
            ),
        };
        let _infallible = writeln!(text, "{}", line.trim_end());
        if let Outcome::Failed(faults) = &row.outcome {
            for fault in faults {
                let _infallible = writeln!(text, "{:key$}    {fault}", "");
            }
        }
    }
    let _infallible = writeln!(text, "\n{}", summary(rows, paint));
    text
}

fn saw(row: &Row) -> [String; 2] {
    let mut origins: Vec<String> = row.play.origins.iter().map(|one| one.saw()).collect();
    if origins.len() > 2 {
        origins = vec![format!("{} connections", origins.len())];
    }
    let origin = if origins.is_empty() {
        "no connection".to_owned()
    } else {
        origins.join("; ")
    };
    match row.outcome {
        Outcome::Skipped(_) => [String::new(), String::new()],
        Outcome::Passed | Outcome::Failed(_) => [row.play.client.saw(), origin],
    }
}

fn latency(row: &Row) -> String {
    match (row.latency(50), row.plays) {
        (Some(latency), ..) => span(latency),
        (None, _) => "-".to_owned(),
    }
}

/// With several plays: how many passed, and what the slow ones took.
fn score(word: &str, row: &Row) -> String {
    if row.plays < 2 {
        return word.to_owned();
    }
    let slow = row
        .latency(99)
        .map_or_else(String::new, |slow| format!(", 99 % {}", span(slow)));
    format!("{word} {}/{}{slow}", row.passes, row.plays)
}

fn summary(rows: &[Row], paint: Paint) -> String {
    let count = Count::of(rows);
    let mut parts = vec![paint.good(&format!("{} passed", count.passed))];
    if count.failed > 0 {
        parts.push(paint.bad(&format!("{} failed", count.failed)));
    }
    if count.skipped > 0 {
        parts.push(format!("{} skipped", count.skipped));
    }
    let mut text = parts.join(", ");
    if count.failed > 0 {
        let first = rows
            .iter()
            .find(|row| matches!(row.outcome, Outcome::Failed(_)));
        if let Some(row) = first {
            let _infallible = write!(text, "; look at one with --show {}", row.key);
        }
    }
    text
}

fn width<'a>(cells: impl Iterator<Item = &'a str>, title: &str) -> usize {
    cells.map(str::len).chain([title.len()]).max().unwrap_or(0)
}

/// Every row, what it claims and where it applies; and those that the probe does not play.
#[must_use]
pub fn list(paint: Paint) -> String {
    let mut text = String::new();
    for scenario in super::scenario::all() {
        let dash = if scenario.variant.is_empty() { "" } else { "-" };
        let key = format!("{}{dash}{}", scenario.row, scenario.variant);
        let modes: Vec<&str> = scenario.modes.iter().map(|mode| mode.name()).collect();
        let _infallible = writeln!(
            text,
            "{key:12} {:26} {:11} {}",
            scenario.name,
            modes.join(" "),
            scenario.claim
        );
    }
    let _infallible = writeln!(text, "\n{}", paint.strong("Not played"));
    for row in absent::ROWS {
        let _infallible = writeln!(
            text,
            "{:12} {:26} {:11} {}",
            row.row, row.name, "", row.reason
        );
    }
    text
}
