//! Load: so many connections that ask and are answered, and what that cost.
//!
//! First every connection is there and has had an answer, then the load runs for a while that is
//! not counted. Before and after what is counted everything comes to rest: no request is under way
//! when the CPU time of the proxy is read, so all of it belongs to the requests that are counted.

mod conn;
mod engine;
mod plan;
mod reply;
mod tls;

use crate::{
    clock::nanos,
    cpu::{self, Spent},
};
use clap::{Args, ValueEnum};
use engine::Engine;
use plan::Plan;
use std::{
    fs,
    io::{self, Read, Write},
    net::SocketAddr,
    thread,
    time::Duration,
};

/// How long everything rests before CPU time is read: a proxy may still have something to put away.
const REST: Duration = Duration::from_millis(3);

#[derive(Args, Debug)]
pub(crate) struct Flags {
    /// The proxy
    #[arg(long, value_name = "ADDR")]
    to: SocketAddr,
    /// What is asked
    #[arg(long, value_enum, default_value = "http")]
    ask: Ask,
    /// Bytes of what comes back
    #[arg(long, value_name = "N", default_value_t = 64)]
    size: u64,
    /// Connections
    #[arg(long, value_name = "N", default_value_t = 64)]
    conns: usize,
    /// A new connection for each request
    #[arg(long)]
    fresh: bool,
    /// Over TLS 1.3
    #[arg(long)]
    tls: bool,
    /// Resume TLS sessions
    #[arg(long, requires = "tls")]
    resume: bool,
    /// Seconds that are not counted
    #[arg(long, value_name = "S", default_value_t = 0.1)]
    warm: f64,
    /// Seconds that are
    #[arg(long, value_name = "S", default_value_t = 1.0)]
    seconds: f64,
    /// So many requests a second, each due at its time, answered or not
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    rate: Option<u64>,
    /// Say "held" once all connections have had an answer, and keep them until standard input ends
    #[arg(long)]
    hold: bool,
    /// Processes whose CPU time is wanted
    #[arg(long, value_name = "PID,…", value_delimiter = ',')]
    pids: Vec<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum Ask {
    /// Bytes that come back
    Ping,
    /// A number: so many bytes come back
    Count,
    /// GET
    Http,
}

pub(crate) fn run(flags: &Flags) -> io::Result<()> {
    // The kernel may be 50 µs late with a wait that ends by itself, unless it is told not to.
    let _ = fs::write("/proc/self/timerslack_ns", "1");
    let mut engine = Engine::new(Plan::new(flags), flags.conns)?;
    engine.ramp()?;
    if flags.hold {
        println!("held");
        io::stdout().flush()?;
        io::stdin().read_to_end(&mut Vec::new())?;
        return Ok(());
    }
    engine.drive(nanos(Duration::from_secs_f64(flags.warm)), flags.rate)?;
    engine.reset();
    thread::sleep(REST);
    let own = std::process::id();
    let (before, own_before) = (cpu::all(&flags.pids)?, Spent::by(own)?);
    engine.drive(nanos(Duration::from_secs_f64(flags.seconds)), flags.rate)?;
    thread::sleep(REST);
    let (after, own_after) = (cpu::all(&flags.pids)?, Spent::by(own)?);
    let spent: Vec<String> = after
        .iter()
        .zip(&before)
        .map(|(after, before)| after.since(before).to_string())
        .collect();
    println!(
        "{{{},\"load_cpu_ns\":{},\"cpu_ns\":[{}]}}",
        engine.json(),
        own_after.since(&own_before),
        spent.join(",")
    );
    Ok(())
}
