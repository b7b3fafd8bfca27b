//! Load and origin for `bench/run`, which starts them around a proxy.
//!
//! Both are one thread around one epoll, and as cheap for each operation as that allows: they share
//! a core, so whatever they waste is not left for making the proxy busy.

mod clock;
mod cpu;
mod fin;
mod histogram;
mod load;
mod origin;
mod poll;
mod socket;

use clap::{Parser, Subcommand};
use std::{io, process::ExitCode};

/// Load and origin for bench/run.
#[derive(Debug, Parser)]
#[command(name = "tidegate-bench")]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Answer, until standard input ends
    Origin(origin::Flags),
    /// Ask, and say in one line of JSON how that went
    Load(load::Flags),
    /// Measure how long a FIN is on its way through a TCP proxy
    Fin(fin::Flags),
    /// Do one thing again and again, for those who count instructions
    Repeat {
        /// What; the names are told if there is none
        name: Option<String>,
        /// How often
        #[arg(default_value_t = 1000)]
        count: u32,
    },
}

fn repeat(name: Option<&str>, count: u32) -> io::Result<()> {
    let Some(name) = name else {
        for (name, _) in tidegate_bench::OPERATIONS {
            println!("{name}");
        }
        return Ok(());
    };
    let unknown = || io::Error::other(format!("nothing is called {name}"));
    let mut operation = tidegate_bench::operation(name).ok_or_else(unknown)?;
    for _ in 0..count {
        operation();
    }
    Ok(())
}

fn main() -> ExitCode {
    let done = match Arguments::parse().verb {
        Verb::Origin(flags) => origin::run(&flags),
        Verb::Load(flags) => load::run(&flags),
        Verb::Fin(flags) => fin::run(&flags),
        Verb::Repeat { name, count } => repeat(name.as_deref(), count),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tidegate-bench: {error}");
            ExitCode::FAILURE
        }
    }
}
