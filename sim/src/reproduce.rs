//! What is said of a seed that is not good: the command that plays it again, and the file of the
//! shrunk schedule that it leaves, with the command that replays that. And the file of any seed's
//! schedule, as it was drawn.

use crate::{
    batch::Plan,
    case::Finding,
    fault::Timers,
    generate::{self, Kind},
    schedule::Schedule,
    shrink::{self, Shrunk},
};
use std::{
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};
use tidegate_core::variant::Variant;

/// Where shrunk schedules are left, if nobody says otherwise.
pub const FOLDER: &str = "target/shrunk";

/// What plays it again as it was played here: only one of the two has every assertion on.
pub(crate) const COMMAND: &str = if cfg!(debug_assertions) {
    "cargo run -p tidegate-sim --"
} else {
    "cargo run --release -p tidegate-sim --"
};

/// Everything to be said of a seed; its shrunk schedule is left in `folder`.
#[must_use]
pub fn seed(seed: u64, wrong: &[Finding], plan: &Plan, folder: &Path) -> String {
    let mut said = format!("seed {seed} of {} is not good:\n", plan.kind);
    for (index, finding) in wrong.iter().enumerate() {
        let is_new = |before: &Finding| before.violation.invariant != finding.violation.invariant;
        if wrong[..index].iter().all(is_new) {
            said += &format!("  {finding}\n");
        }
    }
    let variant = variant(plan.variant);
    let kind = plan.kind;
    let _infallible = writeln!(
        said,
        "  reproduce: {COMMAND} --kind {kind} --seed {seed}{variant}"
    );
    if let Some(finding) = wrong.first() {
        let schedule = generate::schedule(plan.kind, seed);
        let shrunk = shrink::shrink(&schedule, finding, plan.variant);
        let name = match plan.variant {
            None => format!("{kind}-{seed}"),
            Some(variant) => format!("{kind}-{seed}-{variant:?}"),
        };
        said += &left(&schedule, &shrunk, plan.variant, folder, &name);
    }
    said
}

/// Leaves a shrunk schedule in `folder`, and says where, and how it is replayed.
#[must_use]
pub fn left(
    before: &Schedule,
    shrunk: &Shrunk,
    variant: Option<Variant>,
    folder: &Path,
    name: &str,
) -> String {
    let Shrunk {
        schedule,
        finding,
        runs,
    } = shrunk;
    let lines = |schedule: &Schedule| schedule.to_string().lines().count();
    let (before, after) = (lines(before), lines(schedule));
    let file = match write(schedule, folder, name) {
        Ok(file) => file,
        Err(error) => return format!("  cannot write to {}: {error}\n", folder.display()),
    };
    let net = finding.net;
    let timers = match finding.timers {
        Timers::Running => String::new(),
        timers @ (Timers::Frozen | Timers::Early | Timers::Late) => format!(" --timers {timers}"),
    };
    format!(
        "  shrunk from {before} lines to {after} in {runs} runs: {finding}\n  replay: {COMMAND} \
         replay {} --net {net}{timers}{}\n",
        file.display(),
        self::variant(variant),
    )
}

/// Writes the schedule of a seed to `file`, and says how it is replayed.
///
/// # Errors
/// Why the file cannot be written.
pub fn record(kind: Kind, seed: u64, file: &Path) -> io::Result<String> {
    let text = generate::schedule(kind, seed).to_string();
    fs::write(file, &text)?;
    let (lines, file) = (text.lines().count(), file.display());
    Ok(format!(
        "seed {seed} of {kind}, {lines} lines: {file}\n  replay: {COMMAND} replay {file}\n"
    ))
}

fn write(schedule: &Schedule, folder: &Path, name: &str) -> io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let file = folder.join(format!("{name}.sched"));
    fs::write(&file, schedule.to_string())?;
    Ok(file)
}

fn variant(variant: Option<Variant>) -> String {
    variant.map_or_else(String::new, |variant| format!(" --variant {variant:?}"))
}
