//! `tidegate-sim`: plays seeds and schedule files, and says what came of them.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::{
    fs,
    ops::Range,
    path::{Path, PathBuf},
    process::ExitCode,
    thread,
};
use tidegate::picture::picture;
use tidegate_core::{trace::HEADER, variant::Variant};
use tidegate_sim::{
    batch::{Batch, LARGE, Plan, WANTED, WANTED_CAUSES},
    case, cluster,
    fault::Timers,
    generate::{self, Kind},
    museum, reproduce,
    schedule::Schedule,
    shrink,
    stopwatch::Stopwatch,
    world::Net,
};

/// So many failing seeds of a batch are shrunk: most often they fail for one reason.
const MOST_SHRUNK: usize = 3;

/// So many more are named.
const MOST_NAMED: usize = 10;

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
    /// What the seeds are for: any, tcp, tls12, tls13, http, https12, https13; to an origin over TLS
    /// with `-to-tls12` or `-to-tls13` behind it.
    #[arg(long, default_value_t = Kind::Any)]
    kind: Kind,
    /// The network. On the fast one timers also run early, and late.
    #[arg(long, value_enum, default_value_t = Nets::Both, global = true)]
    net: Nets,
    /// Plays each seed a second time, with no idle session put away: the steps must be the same.
    #[arg(long)]
    twice: bool,
    /// Breaks a rule on purpose: a variant's name, as in `FinOnTimer`.
    #[arg(long, value_parser = variant, global = true)]
    variant: Option<Variant>,
    /// How timers run, when one schedule is shown; a batch and `shrink` try every way.
    #[arg(long, value_enum, default_value_t = Clocks::Running, global = true)]
    timers: Clocks,
    /// Draws what is shown of a seed or a file, as SVG, and prints nothing else.
    #[arg(long, global = true)]
    svg: bool,
    /// Where shrunk schedules are left.
    #[arg(long, default_value = reproduce::FOLDER, global = true)]
    folder: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Plays a schedule file and prints its trace.
    Replay {
        /// The file.
        file: PathBuf,
    },
    /// Writes down the schedule of a seed, be it good or not, as a file that `replay` and `shrink` take.
    Record {
        /// The seed.
        #[arg(long)]
        seed: u64,
        /// What it is for; it is another schedule for another kind.
        #[arg(long, default_value_t = Kind::Any)]
        kind: Kind,
        /// The file; the output if not given.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Catches every wrong rule of the museum, leaves its shrunk schedule in a folder, and prints the
    /// page.
    Museum {
        /// The folder: `tests/seeds/schedules/museum`.
        folder: PathBuf,
    },
    /// Plays clusters: several clients, endpoints with moods, balancer, pool, checks, retries and queue.
    Clusters {
        /// Plays these seeds: `0..1000`.
        #[arg(long, value_parser = range, conflicts_with_all = ["seed", "replay"])]
        seeds: Option<Range<u64>>,
        /// Plays one seed, and prints its plan and what came of it.
        #[arg(long, conflicts_with = "replay")]
        seed: Option<u64>,
        /// Plays a plan from a file.
        #[arg(long)]
        replay: Option<PathBuf>,
        /// Plays each seed a second time: it must be the same run.
        #[arg(long)]
        twice: bool,
    },
    /// Makes a schedule that fails small, and leaves it in a file.
    Shrink {
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
        (Some(Verb::Replay { file }), _) => with(&file, |schedule| show(schedule, &seeds)),
        (Some(Verb::Shrink { file }), _) => with(&file, |schedule| shrink(schedule, &file, &seeds)),
        (Some(Verb::Record { seed, kind, out }), _) => record(kind, seed, out.as_deref()),
        (Some(Verb::Museum { folder }), _) => museum(&folder),
        (
            Some(Verb::Clusters {
                seeds: all,
                seed,
                replay,
                twice,
            }),
            _,
        ) => match (seed, replay) {
            (Some(seed), _) => cluster::command::seed(seed, seeds.variant),
            (None, Some(file)) => cluster::command::replay(&file, seeds.variant),
            (None, None) => cluster::command::seeds(all.unwrap_or(0..1_000), seeds.variant, twice),
        },
        (None, Some(seed)) => {
            let schedule = generate::schedule(seeds.kind, seed);
            if !seeds.svg {
                print!("{schedule}");
            }
            show(&schedule, &seeds)
        }
        (None, None) => batch(&seeds),
    }
}

/// Reads a schedule file that means something, and does something with it.
fn with(file: &Path, act: impl FnOnce(&Schedule) -> ExitCode) -> ExitCode {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("cannot read {}: {error}", file.display());
            return ExitCode::from(2);
        }
    };
    let schedule = match text.parse::<Schedule>() {
        Ok(schedule) => schedule,
        Err(error) => {
            eprintln!("{}: {error}", file.display());
            return ExitCode::from(2);
        }
    };
    if let Err(invalid) = schedule.validate() {
        eprintln!("{}: {invalid}", file.display());
        return ExitCode::from(2);
    }
    act(&schedule)
}

/// Writes down the schedule of a seed.
fn record(kind: Kind, seed: u64, out: Option<&Path>) -> ExitCode {
    let Some(file) = out else {
        print!("{}", generate::schedule(kind, seed));
        return ExitCode::SUCCESS;
    };
    match reproduce::record(kind, seed, file) {
        Ok(said) => {
            print!("{said}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("cannot write {}: {error}", file.display());
            ExitCode::from(2)
        }
    }
}

/// Makes a schedule that fails small.
fn shrink(schedule: &Schedule, file: &Path, seeds: &Seeds) -> ExitCode {
    let Some(finding) = shrink::find(seeds.net.all(), schedule, seeds.variant) else {
        eprintln!("{} is good: there is nothing to shrink", file.display());
        return ExitCode::FAILURE;
    };
    println!("{}: {finding}", file.display());
    let shrunk = shrink::shrink(schedule, &finding, seeds.variant);
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let name = format!("{stem}-shrunk");
    let left = reproduce::left(schedule, &shrunk, seeds.variant, &seeds.folder, &name);
    print!("{left}\n{}", shrunk.schedule);
    ExitCode::SUCCESS
}

/// Makes the museum's schedules anew; what happens goes to the standard error.
fn museum(folder: &Path) -> ExitCode {
    let mut all = true;
    for row in museum::ROWS {
        for evidence in row.evidence() {
            let Some(name) = row.file(evidence) else {
                continue;
            };
            let file = folder.join(&name);
            let made = museum::make(evidence, &file).and_then(|(seed, shrunk)| {
                fs::write(&file, shrunk.schedule.to_string()).map_err(|error| error.to_string())?;
                Ok((seed, shrunk.finding))
            });
            match made {
                Ok((Some(seed), finding)) => eprintln!("{name}: seed {seed}: {finding}"),
                Ok((None, finding)) => eprintln!("{name}: {finding}"),
                Err(why) => eprintln!("{name}: {why}"),
            }
            all &= file.exists();
        }
    }
    print!("{}", museum::page());
    if all {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Plays one schedule on each network, and prints its traces and verdicts, or draws them.
fn show(schedule: &Schedule, seeds: &Seeds) -> ExitCode {
    let (mut said, mut good) = (String::new(), true);
    for &net in seeds.net.all() {
        let timers = seeds.timers.timers();
        let played = case::play(net, schedule, timers, seeds.variant, true);
        said += &format!("\non {net}\n{HEADER}\n");
        for row in played.rows() {
            said += &format!("{row}\n");
        }
        let [peers, steps] = played.fingerprint;
        let took = played.took_ms;
        said += &format!("\nfingerprint {peers:016x} {steps:016x}, {took} ms simulated\n");
        for what in &played.wrong {
            said += &format!("WRONG {what}\n");
        }
        good &= played.wrong.is_empty();
    }
    if seeds.svg {
        print!("{}", picture(&said).unwrap_or_default());
    } else {
        print!("{said}{}", if good { "good\n" } else { "" });
    }
    if good {
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
        kind: seeds.kind,
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
    report(&total, &plan, seeds, stopwatch.seconds())
}

fn report(batch: &Batch, plan: &Plan, seeds: &Seeds, seconds: f64) -> ExitCode {
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
    for (seed, wrong) in batch.bad.iter().take(MOST_SHRUNK) {
        print!("\n{}", reproduce::seed(*seed, wrong, plan, &seeds.folder));
    }
    for (seed, wrong) in batch.bad.iter().skip(MOST_SHRUNK).take(MOST_NAMED) {
        println!("\nseed {seed} is not good: {}", wrong[0]);
    }
    let large = batch.seeds >= LARGE && seeds.kind == Kind::Any;
    let mut missing = Vec::new();
    if large {
        missing = batch.unreached(&WANTED);
    }
    if large && plan.nets.contains(&Net::Fast) {
        missing.extend(batch.unreached(&WANTED_CAUSES));
    }
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
