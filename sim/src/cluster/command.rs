//! `tidegate-sim clusters`: seeds of clusters, one of them, or a plan from a file.

use super::{
    batch::{Batch, LARGE},
    draw, oracle,
    plan::Plan,
    play::play,
    wire::Wire,
};
use crate::{reproduce::COMMAND, stopwatch::Stopwatch};
use std::{fs, ops::Range, path::Path, process::ExitCode, thread};
use tidegate_core::variant::Variant;

/// So many failing seeds of a batch are told of.
const MOST_TOLD: usize = 10;

/// Plays `seeds` on every core: a simulation is one thread's, and knows of no other.
#[must_use]
pub fn seeds(seeds: Range<u64>, variant: Option<Variant>, twice: bool) -> ExitCode {
    let cores = thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    let share = (seeds.end.saturating_sub(seeds.start))
        .div_ceil(cores)
        .max(1);
    let stopwatch = Stopwatch::start();
    let threads: Vec<_> = (0..cores)
        .map(|core| {
            let from = (seeds.start + core * share).min(seeds.end);
            let to = (from + share).min(seeds.end);
            thread::spawn(move || Batch::play(from..to, variant, twice, false))
        })
        .collect();
    let mut batch = Batch::default();
    for thread in threads {
        match thread.join() {
            Ok(one) => batch.join(one),
            Err(_) => return ExitCode::FAILURE,
        }
    }
    report(&batch, variant, twice, stopwatch.seconds())
}

fn report(batch: &Batch, variant: Option<Variant>, twice: bool, seconds: f64) -> ExitCode {
    for (what, times) in &batch.reached {
        println!("{times:>10}  {what}");
    }
    let again = if twice { ", each twice the same" } else { "" };
    println!(
        "\n{} clusters{again}: {:.0} a second, {:.2} simulated hours",
        batch.seeds,
        batch.seeds as f64 / seconds,
        batch.simulated_ms as f64 / 3_600_000.0,
    );
    let missing = match batch.seeds >= LARGE {
        true => batch.unreached(),
        false => Vec::new(),
    };
    for what in &missing {
        println!("never reached: {what}");
    }
    if batch.bad.is_empty() && missing.is_empty() {
        println!("every one of them good");
        return ExitCode::SUCCESS;
    }
    println!(
        "\n{} clusters of {} are not good",
        batch.bad.len(),
        batch.seeds
    );
    for (seed, wrong) in batch.bad.iter().take(MOST_TOLD) {
        println!("{}", told(*seed, wrong, variant));
    }
    ExitCode::FAILURE
}

/// What is said of a seed that is not good; the command that plays it again comes last.
#[must_use]
pub fn told(seed: u64, wrong: &[oracle::Violation], variant: Option<Variant>) -> String {
    let mut said = format!("seed {seed} is not good:\n");
    for one in wrong {
        said += &format!("  {one}\n");
    }
    let variant = variant.map_or(String::new(), |variant| format!(" --variant {variant:?}"));
    said + &format!("  reproduce: {COMMAND} clusters --seed {seed}{variant}")
}

/// Plays one seed, and prints its plan, what the peers saw, and the verdict.
#[must_use]
pub fn seed(seed: u64, variant: Option<Variant>) -> ExitCode {
    let plan = draw(seed);
    print!("{plan}");
    show(&plan, variant)
}

/// The same with a plan from a file.
#[must_use]
pub fn replay(file: &Path, variant: Option<Variant>) -> ExitCode {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("cannot read {}: {error}", file.display());
            return ExitCode::from(2);
        }
    };
    match text.parse::<Plan>() {
        Ok(plan) => show(&plan, variant),
        Err(error) => {
            eprintln!("{}: {error}", file.display());
            ExitCode::from(2)
        }
    }
}

fn show(plan: &Plan, variant: Option<Variant>) -> ExitCode {
    let played = play(plan, variant);
    let wire = Wire::of(&played.packets);
    println!("\n    ms");
    for entry in &played.log {
        println!("{entry}");
    }
    println!("\n    ms  as the wire tells it");
    for one in &wire.tries {
        println!("{one}");
    }
    for one in &wire.vain {
        println!("{one}");
    }
    for (at, ups) in &played.told {
        println!("{:>6}  up: {ups:?}", at.as_ms());
    }
    let took = played.took.as_ms();
    println!(
        "\nfingerprint {:016x}, {took} ms simulated",
        played.fingerprint()
    );
    let wrong = oracle::judge(plan, &played, &wire);
    for one in &wrong {
        println!("WRONG {one}");
    }
    match wrong.is_empty() {
        true => {
            println!("good");
            ExitCode::SUCCESS
        }
        false => ExitCode::FAILURE,
    }
}
