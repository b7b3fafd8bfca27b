//! `tidegate-sim`: plays seeds and schedule files, and says what came of them.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::{fs, ops::Range, path::PathBuf, process::ExitCode, thread};
use tidegate_core::{trace::HEADER, variant::Variant};
use tidegate_sim::{
    batch::{Batch, LARGE, Plan, WANTED},
    case,
    fault::Timers,
    generate::{self, Kind},
    schedule::{Carrier, Schedule},
    stopwatch::Stopwatch,
    tls::Version,
    world::Net,
};

/// The production driver on a simulated network.
#[derive(Debug, Parser)]
#[command(name = "tidegate-sim", version)]
struct Arguments {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    seeds: Seeds,
}

#[derive(Debug, Args)]
struct Seeds {
    /// Plays these seeds: `0..1000`.
    #[arg(long, value_parser = range, conflicts_with = "seed")]
    seeds: Option<Range<u64>>,
    /// Plays one seed, and prints its schedule and trace.
    #[arg(long)]
    seed: Option<u64>,
    /// What the seeds are for.
    #[arg(long, value_enum, default_value_t = Traffic::Any)]
    kind: Traffic,
    /// The network. On the fast one timers also run early, and late.
    #[arg(long, value_enum, default_value_t = Nets::Both, global = true)]
    net: Nets,
    /// Plays each seed a second time: the steps must be the same.
    #[arg(long)]
    twice: bool,
    /// Breaks a rule on purpose: a variant's name, as in `FinOnTimer`.
    #[arg(long, value_parser = variant)]
    variant: Option<Variant>,
    /// How timers run (one seed or file; a batch plays them all).
    #[arg(long, value_enum, default_value_t = Clocks::Running, global = true)]
    timers: Clocks,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Plays a schedule file and prints its trace.
    Replay {
        /// The file.
        file: PathBuf,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Nets {
    Fast,
    Turmoil,
    Both,
}

impl Nets {
    fn all(self) -> &'static [Net] {
        match self {
            Nets::Fast => &[Net::Fast],
            Nets::Turmoil => &[Net::Turmoil],
            Nets::Both => &Net::ALL,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Clocks {
    Running,
    Frozen,
    Early,
    Late,
}

impl Clocks {
    fn timers(self) -> Timers {
        match self {
            Clocks::Running => Timers::Running,
            Clocks::Frozen => Timers::Frozen,
            Clocks::Early => Timers::Early,
            Clocks::Late => Timers::Late,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Traffic {
    Any,
    Tcp,
    Tls12,
    Tls13,
    Http,
    Https,
}

impl Traffic {
    fn kind(self) -> Kind {
        match self {
            Traffic::Any => Kind::Any,
            Traffic::Tcp => Kind::Relay(Carrier::Tcp),
            Traffic::Tls12 => Kind::Relay(Carrier::Tls(Version::Tls12)),
            Traffic::Tls13 => Kind::Relay(Carrier::Tls(Version::Tls13)),
            Traffic::Http => Kind::Http(Carrier::Tcp),
            Traffic::Https => Kind::Http(Carrier::Tls(Version::Tls13)),
        }
    }
}

fn range(text: &str) -> Result<Range<u64>, String> {
    let (from, to) = text
        .split_once("..")
        .ok_or("two numbers with `..` between")?;
    let number = |text: &str| text.parse::<u64>().map_err(|error| error.to_string());
    Ok(number(from)?..number(to)?)
}

fn variant(name: &str) -> Result<Variant, String> {
    let known = || Variant::ALL.iter().map(|variant| format!("{variant:?}"));
    Variant::ALL
        .into_iter()
        .find(|variant| format!("{variant:?}") == name)
        .ok_or_else(|| format!("one of {}", known().collect::<Vec<_>>().join(", ")))
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let seeds = arguments.seeds;
    match (arguments.verb, seeds.seed) {
        (Some(Verb::Replay { file }), _) => replay(&file, &seeds),
        (None, Some(seed)) => {
            let schedule = generate::schedule(seeds.kind.kind(), seed);
            print!("{schedule}");
            show(&schedule, &seeds)
        }
        (None, None) => batch(&seeds),
    }
}

fn replay(file: &PathBuf, seeds: &Seeds) -> ExitCode {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("cannot read {}: {error}", file.display());
            return ExitCode::from(2);
        }
    };
    match text.parse::<Schedule>() {
        Ok(schedule) => show(&schedule, seeds),
        Err(error) => {
            eprintln!("{}: {error}", file.display());
            ExitCode::from(2)
        }
    }
}

/// Plays one schedule on each network, and prints its traces and verdicts.
fn show(schedule: &Schedule, seeds: &Seeds) -> ExitCode {
    let mut good = true;
    for &net in seeds.net.all() {
        let timers = seeds.timers.timers();
        let played = case::play(net, schedule, timers, seeds.variant, true);
        println!("\non {net}\n{HEADER}");
        for row in played.rows() {
            println!("{row}");
        }
        let [peers, steps] = played.fingerprint;
        println!(
            "\nfingerprint {peers:016x} {steps:016x}, {} ms simulated",
            played.took_ms
        );
        for what in &played.wrong {
            println!("WRONG {what}");
        }
        good &= played.wrong.is_empty();
    }
    if good {
        println!("good");
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Plays a batch on every core: a simulation is one thread's, and knows of no other.
fn batch(seeds: &Seeds) -> ExitCode {
    let all = seeds.seeds.clone().unwrap_or(0..1_000);
    let plan = Plan {
        nets: seeds.net.all(),
        kind: seeds.kind.kind(),
        variant: seeds.variant,
        twice: seeds.twice,
        first: false,
    };
    let cores = thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    let share = (all.end - all.start).div_ceil(cores).max(1);
    let stopwatch = Stopwatch::start();
    let shares: Vec<_> = (0..cores)
        .map(|core| {
            let from = (all.start + core * share).min(all.end);
            let to = (from + share).min(all.end);
            thread::spawn(move || Batch::play(from..to, plan))
        })
        .collect();
    let mut total = Batch::default();
    for share in shares {
        match share.join() {
            Ok(batch) => total.join(batch),
            Err(_) => return ExitCode::FAILURE,
        }
    }
    report(&total, seeds, stopwatch.seconds())
}

fn report(batch: &Batch, seeds: &Seeds, seconds: f64) -> ExitCode {
    for (what, times) in &batch.reached {
        println!("{times:>10}  {what}");
    }
    let hours = batch.simulated_ms as f64 / 3_600_000.0;
    let again = if seeds.twice {
        ", each twice with the same steps"
    } else {
        ""
    };
    println!(
        "\n{} seeds, {} runs, some with every timer frozen{again}: {:.0} seeds a second, {:.2} \
         simulated hours, {} FINs passed on",
        batch.seeds,
        batch.runs,
        batch.seeds as f64 / seconds,
        hours,
        batch.fins,
    );
    for (seed, wrong) in batch.bad.iter().take(10) {
        println!("\nseed {seed} is not good:");
        for what in wrong {
            println!("  {what}");
        }
        println!(
            "  reproduce: cargo run --release -p tidegate-sim -- --kind {} --seed {seed}{}",
            seeds
                .kind
                .to_possible_value()
                .map_or_else(String::new, |v| v.get_name().to_string()),
            seeds
                .variant
                .map_or_else(String::new, |v| format!(" --variant {v:?}")),
        );
    }
    let large = batch.seeds >= LARGE && matches!(seeds.kind, Traffic::Any);
    let missing = if large {
        batch.unreached(&WANTED)
    } else {
        Vec::new()
    };
    for what in &missing {
        println!("never reached: {what}");
    }
    if batch.bad.is_empty() && missing.is_empty() {
        println!("every one of them good");
        ExitCode::SUCCESS
    } else {
        println!(
            "\n{} seeds of {} are not good",
            batch.bad.len(),
            batch.seeds
        );
        ExitCode::FAILURE
    }
}
