//! The flags, word by word. Owns their syntax and help; what they mean is decided elsewhere.

use super::{
    ask::AskVerb, asked_at::AskedAt, cert::CertVerb, probe::ProbeFlags, route::RouteFlags,
    trace::TraceFlags,
};
use crate::config::address;
use clap::{ArgAction, Args, ColorChoice, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::{net::SocketAddr, num::NonZeroUsize, path::PathBuf};

/// A reverse proxy that ends connections well.
#[derive(Debug, Parser)]
#[command(name = "tidegate", version, arg_required_else_help = true)]
#[command(after_help = "\
tidegate --listen :8080 --to 127.0.0.1:3000              HTTP
tidegate --listen :8443 --tls dev --to 127.0.0.1:3000    HTTP over TLS, for this machine
tidegate tcp --listen :5432 --to db1:5432,db2:5432       TCP
tidegate --listen :8080 --to 127.0.0.1:3000 --print-config > tidegate.toml
tidegate -c tidegate.toml")]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) verb: Option<Verb>,
    #[command(flatten)]
    pub(super) run: Run,
    #[command(flatten)]
    pub(super) common: Common,
}

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Start (the default)
    Run(Run),
    /// Start with one TCP listener
    Tcp(Tcp),
    /// Say what would be served, or all that is wrong
    Check(CheckFlags),
    /// Help with the file itself
    Config {
        #[command(subcommand)]
        verb: ConfigVerb,
    },
    /// Say what a code of an error means, and what to do about it; without a code, list all
    Explain(ExplainFlags),
    /// Say which route a request would take, and why not the others
    Route(RouteFlags),
    /// Show the recorded steps of a session, or play them again
    Trace(TraceFlags),
    /// Show what ending connections well looks like
    Demo(DemoFlags),
    /// See how a proxy or a server ends connections, from outside
    Probe(ProbeFlags),
    #[command(flatten)]
    Ask(AskVerb),
    /// Certificates: which are served, and new ones
    #[command(subcommand)]
    Cert(CertVerb),
    /// Say which metrics there are
    #[command(subcommand)]
    Metrics(Metrics),
    /// Print what has a shell complete our commands: tidegate completions bash > /etc/bash_completion.d/tidegate
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print a manual page: tidegate man | man -l -
    Man(ManFlags),
}

// `run`: its fields are its help.
#[derive(Args, Debug, Default, PartialEq)]
pub(super) struct Run {
    #[command(flatten)]
    pub(super) inline: Inline,
    #[command(flatten)]
    pub(super) shared: Shared,
    /// Serve what this file says
    #[arg(short, long, value_name = "FILE", conflicts_with_all = ["listen", "to", "tls", "cert", "key"])]
    pub(super) config: Option<PathBuf>,
}

// `tcp`: the same without a file.
#[derive(Args, Debug)]
pub(super) struct Tcp {
    #[command(flatten)]
    pub(super) inline: Inline,
    #[command(flatten)]
    pub(super) shared: Shared,
}

// What to serve, without a file.
#[derive(Args, Debug, Default, PartialEq)]
pub(super) struct Inline {
    /// Listen here; :PORT is every IPv4 address. May be given several times
    #[arg(long, value_name = "ADDR", value_parser = address::bind, requires = "to")]
    pub(super) listen: Vec<SocketAddr>,
    /// Forward to these endpoints; https:// or tls:// before one speaks TLS to it
    #[arg(long, value_name = "HOST:PORT,…", value_delimiter = ',', value_parser = endpoint)]
    #[arg(requires = "listen")]
    pub(super) to: Vec<String>,
    /// End TLS with a development certificate for this machine, or let it end at the endpoints
    #[arg(long, requires = "listen", conflicts_with_all = ["cert", "key"])]
    pub(super) tls: Option<TlsChoice>,
    /// End TLS with this certificate chain (PEM)
    #[arg(long, value_name = "FILE", requires = "key", requires = "listen")]
    pub(super) cert: Option<PathBuf>,
    /// The key of --cert (PEM)
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(super) key: Option<PathBuf>,
}

#[derive(Args, Clone, Debug, Default, PartialEq)]
pub(super) struct Shared {
    /// Print the equivalent file instead of starting
    #[arg(long)]
    pub(super) print_config: bool,
    /// How lines of the log look; as the file says, or for whoever reads them, if not given
    #[arg(long, value_name = "FORMAT")]
    pub(super) log_format: Option<LogFormat>,
    /// How many workers; as many as there are cores if not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    workers: Option<u16>,
    /// Who to be once it listens: a user, or USER:GROUP, by name or number; needs root
    #[arg(long, value_name = "USER")]
    pub(super) user: Option<String>,
    /// Have the kernel's Landlock let it write files only where its log and its admin socket are
    #[arg(long)]
    pub(super) landlock: bool,
}

#[derive(Args, Debug)]
pub(super) struct CheckFlags {
    /// The file to check
    #[arg(short, long, value_name = "FILE")]
    pub(super) config: PathBuf,
    /// Say how long somebody who is gone, or silent, can hold our sockets
    #[arg(long)]
    pub(super) bounds: bool,
    /// For machines
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum ConfigVerb {
    /// Write a file in the order and spacing that all have
    Fmt {
        /// The file; what comes in goes out if not given
        file: Option<PathBuf>,
        /// Change nothing: say whether it would change
        #[arg(long)]
        check: bool,
    },
    /// Print the JSON Schema of the file
    Schema,
    /// Print every key with its default
    Defaults,
}

#[derive(Args, Debug)]
pub(super) struct ExplainFlags {
    /// The code, as an error has it: E0107
    pub(super) code: Option<String>,
    /// For machines
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Args, Debug)]
pub(super) struct ManFlags {
    /// A command, or toml: the file; the program itself if not given
    pub(super) page: Vec<String>,
    /// Say which commands have a page, a line each
    #[arg(long, conflicts_with = "page")]
    pub(super) list: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Metrics {
    /// List each with its type, its labels, and how many series of it there can be
    List(MetricsList),
}

#[derive(Args, Debug)]
pub(super) struct MetricsList {
    /// Count the series of this configuration
    #[arg(short, long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Say it as JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Args, Debug)]
pub(super) struct DemoFlags {
    /// Keep serving afterwards, for a browser or curl
    #[arg(long)]
    pub(super) serve: bool,
    /// How many exchanges to measure [default: 200]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) count: Option<u32>,
}

#[derive(Args, Debug)]
pub(super) struct Common {
    /// Say more; may be given several times
    #[arg(short, long, action = ArgAction::Count, global = true)]
    verbose: u8,
    /// Say less; may be given several times
    #[arg(short, long, action = ArgAction::Count, global = true)]
    quiet: u8,
    /// Use colours
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true)]
    pub(super) color: ColorChoice,
    #[command(flatten)]
    pub(super) admin: AskedAt,
    /// Keep development certificates here
    #[arg(long, value_name = "DIR", global = true)]
    pub(super) data_dir: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(super) enum LogFormat {
    /// For somebody who looks on
    Pretty,
    /// An object a line
    Json,
    /// key=value
    Logfmt,
    /// As web servers have always had it
    Combined,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(super) enum TlsChoice {
    /// A certificate for localhost, made on first use
    Dev,
    /// With `tcp`: passed through, whatever name is asked for; names apart need a file
    Passthrough,
}

impl Shared {
    /// How many workers, if that was said.
    pub(super) fn workers(&self) -> Option<NonZeroUsize> {
        self.workers
            .and_then(|workers| NonZeroUsize::new(workers.into()))
    }
}

impl Common {
    /// How much to say.
    pub(super) fn verbosity(&self) -> i16 {
        i16::from(self.verbose) - i16::from(self.quiet)
    }
}

/// Checks an endpoint and keeps it as it was written.
fn endpoint(text: &str) -> Result<String, String> {
    address::target(text).map(|_| text.to_owned())
}
