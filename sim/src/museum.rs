//! The museum: mistakes that other programs have made, and what catches each of them here.
//!
//! It owns the table (`rows`) and the page that people read, and makes the shrunk schedules. Every
//! mistake is a known-bad variant; `tests/seeds/museum.rs` proves each line of the table.

mod rows;

pub use self::rows::{ROWS, WALKED};
use crate::{
    batch::{Batch, Plan},
    case::Finding,
    generate::{self, Kind},
    oracle::Invariant,
    schedule::Schedule,
    shrink::{self, Shrunk},
    world::Net,
};
use std::{fmt::Write as _, path::Path};
use tidegate_core::variant::Variant;

/// A kind of mistake, and what is here in its place.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Its number in MUSEUM; 0 for what is not there.
    pub number: u8,
    /// The mistake.
    pub shape: &'static str,
    /// What is done about it.
    pub kept: Kept,
}

/// What the museum keeps of a mistake.
#[derive(Clone, Copy, Debug)]
pub enum Kept {
    /// Wrong rules of that shape, and what catches each.
    Caught(&'static [Evidence]),
    /// It cannot be expressed here, for this reason.
    Absent(&'static str),
}

/// A wrong rule, and the level that catches it.
#[derive(Clone, Copy, Debug)]
pub struct Evidence {
    /// The wrong rule.
    pub variant: Variant,
    /// What catches it.
    pub level: Level,
}

/// What catches a wrong rule.
#[derive(Clone, Copy, Debug)]
pub enum Level {
    /// Seeds of a kind on the fast network, within so many.
    Seeds(Kind, u64),
    /// A schedule that was written by hand.
    File,
    /// The exhaustive walk: peers cannot see it in a run.
    Walk,
    /// Random acts beside a naive list (`runtime/src/upstream/cluster/model.rs`): it takes more clients
    /// than a schedule has.
    Model,
    /// Seeds of clusters, within so many.
    Clusters(u64),
}

impl Row {
    /// Its wrong rules.
    #[must_use]
    pub fn evidence(&self) -> &'static [Evidence] {
        match self.kept {
            Kept::Caught(evidence) => evidence,
            Kept::Absent(_) => &[],
        }
    }

    /// The shrunk schedule of one of them.
    #[must_use]
    pub fn file(&self, evidence: &Evidence) -> Option<String> {
        let name = format!("{:02}-{}.sched", self.number, words(evidence.variant));
        match evidence.level {
            Level::Seeds(..) | Level::File => Some(name),
            Level::Walk | Level::Model | Level::Clusters(_) => None,
        }
    }
}

/// `FinOnTimer` as `fin-on-timer`.
fn words(variant: Variant) -> String {
    let mut words = String::new();
    for letter in format!("{variant:?}").chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push('-');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

/// The first seed that catches `variant`, and what it catches; looks at `most`.
#[must_use]
pub fn first(variant: Variant, kind: Kind, most: u64) -> Option<(u64, Finding)> {
    let plan = Plan {
        nets: &[Net::Fast],
        kind,
        variant: Some(variant),
        twice: false,
        first: true,
    };
    let batch = Batch::play(0..most, plan);
    let (seed, wrong) = batch.bad.first()?;
    // What a peer saw says more than what was left over.
    let telling = |finding: &&Finding| finding.violation.invariant != Invariant::NoLeak;
    let finding = wrong.iter().find(telling).or(wrong.first())?;
    Some((*seed, finding.clone()))
}

/// Makes the shrunk schedule of `evidence`, which lies at `file`; with the seed that it is from, if
/// it is from one.
///
/// # Errors
/// What keeps it from being made, in words.
pub fn make(evidence: &Evidence, file: &Path) -> Result<(Option<u64>, Shrunk), String> {
    let variant = evidence.variant;
    let (seed, schedule, finding) = match evidence.level {
        Level::Walk => return Err("the walk has no schedule".to_owned()),
        Level::Model => return Err("a model has no schedule".to_owned()),
        Level::Clusters(_) => return Err("a cluster has a plan, and no schedule".to_owned()),
        Level::Seeds(kind, most) => {
            let found = first(variant, kind, most);
            let (seed, finding) =
                found.ok_or_else(|| format!("{most} seeds have not caught it"))?;
            (Some(seed), generate::schedule(kind, seed), finding)
        }
        Level::File => {
            let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
            let schedule: Schedule = text.parse().map_err(|error| format!("{error}"))?;
            let finding = shrink::find(&[Net::Fast], &schedule, Some(variant));
            (None, schedule, finding.ok_or("it is good")?)
        }
    };
    let mut shrunk = shrink::shrink(&schedule, &finding, Some(variant));
    // The file's name says where it comes from.
    shrunk.schedule.seed = 0;
    match shrink::find(&[Net::Fast], &shrunk.schedule, Some(variant)) {
        Some(_) => {}
        None => shrunk.schedule.seed = schedule.seed,
    }
    Ok((seed, shrunk))
}

/// The page that people read: `sim/MUSEUM.md`.
#[must_use]
pub fn page() -> String {
    let caught = |row: &&Row| row.number > 0 && !row.evidence().is_empty();
    let (numbered, kept) = (
        ROWS.iter().filter(|row| row.number > 0).count(),
        ROWS.iter().filter(caught).count(),
    );
    let mut page = format!(
        "# The museum\n\n\
         Ways in which other programs have ended connections wrongly, each as a wrong rule of ours\n\
         that is compiled for tests only, and what catches it: {kept} of {numbered}. Seeds are those\n\
         of the fast network. Each schedule is the smallest that was found to fail; its trace lies\n\
         under `snapshots/seeds/museum`. The table is `src/museum/rows.rs`, a test keeps this page\n\
         equal to it, and `tidegate-sim museum` makes the schedules anew.\n\n\
         ```sh\n\
         cargo run --release -p tidegate-sim -- replay tests/seeds/schedules/museum/29-close-both.sched \\\n\
         \x20   --net fast --variant CloseBoth\n\
         ```\n\n\
         | row | shape | variant | caught by | within | schedule |\n|---|---|---|---|---|---|\n"
    );
    for row in ROWS {
        for (index, evidence) in row.evidence().iter().enumerate() {
            let (number, shape) = match index {
                0 => (label(row), row.shape),
                _ => (String::new(), ""),
            };
            let (by, within) = match evidence.level {
                Level::Seeds(kind, most) => (format!("seeds, {kind}"), format!("{most} seeds")),
                Level::File => ("a schedule".to_owned(), "1 run".to_owned()),
                Level::Walk => ("the walk".to_owned(), String::new()),
                Level::Model => ("a model".to_owned(), String::new()),
                Level::Clusters(most) => ("clusters".to_owned(), format!("{most} seeds")),
            };
            let file = row.file(evidence).unwrap_or_default();
            let variant = evidence.variant;
            let _infallible = writeln!(
                page,
                "| {number} | {shape} | {variant:?} | {by} | {within} | {file} |"
            );
        }
    }
    page += "\n## What cannot be expressed\n\n| row | shape | why |\n|---|---|---|\n";
    for row in ROWS {
        if let Kept::Absent(why) = row.kept {
            let _infallible = writeln!(page, "| {} | {} | {why} |", label(row), row.shape);
        }
    }
    page
}

fn label(row: &Row) -> String {
    match row.number {
        0 => "–".to_owned(),
        number => number.to_string(),
    }
}
