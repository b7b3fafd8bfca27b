//! The verbs that ask a running process: their flags.

use super::Decision;
use crate::admin::{
    client::{Ask, Upgrade, What, Where},
    query::Filter,
};
use clap::{Args, Subcommand};
use std::path::{PathBuf, absolute};

#[derive(Debug, Subcommand)]
pub(super) enum AskVerb {
    /// Say how it stands: listeners, clusters, endpoints
    Status(Plain),
    /// List its connections, the oldest first
    Conns(Conns),
    /// Watch phases, sockets, endpoints and closes, until interrupted
    Top(Top),
    /// Say what a connection waits for, what ends it, and how it came to that
    Why(Why),
    /// End a connection: a request under way is its last; a tunnel is reset
    Kill(Kill),
    /// Have it read its configuration again
    Reload(Reload),
    /// Have another process serve in its place, and this one finish what is in flight
    Upgrade(UpgradeFlags),
    /// Have it finish what is in flight, and end
    Drain(Drain),
    /// Have it end at once
    Stop(Plain),
}

#[derive(Args, Debug)]
pub(super) struct Plain {
    /// Print the answer as JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Args, Debug)]
pub(super) struct Conns {
    /// Those with a leg in this TCP state, as close_wait
    #[arg(long, value_name = "STATE")]
    state: Option<String>,
    /// Those that are at least so old, as 1m; with --state, in that state for so long
    #[arg(long, value_name = "SPAN", value_parser = span)]
    older: Option<tidegate_core::time::Span>,
    /// Those with an endpoint of this cluster
    #[arg(long, value_name = "NAME")]
    cluster: Option<String>,
    /// Those of this listener
    #[arg(long, value_name = "NAME")]
    listener: Option<String>,
    /// Those in this phase: idle, exchange, tunnel, closing …
    #[arg(long, value_name = "WORD")]
    phase: Option<String>,
    #[command(flatten)]
    plain: Plain,
}

#[derive(Args, Debug)]
pub(super) struct One {
    /// Its name, as `conns` and the log have it
    conn: String,
    #[command(flatten)]
    plain: Plain,
}

#[derive(Args, Debug)]
pub(super) struct Top {
    /// Print it once, and end
    #[arg(long)]
    once: bool,
}

#[derive(Args, Debug)]
pub(super) struct Why {
    #[command(flatten)]
    one: One,
    /// Print its last steps as a trace, for `trace replay`
    #[arg(long, conflicts_with = "json")]
    trace: bool,
}

#[derive(Args, Debug)]
pub(super) struct Kill {
    #[command(flatten)]
    one: One,
    /// Reset both of its legs at once
    #[arg(long)]
    rst: bool,
}

#[derive(Args, Debug)]
pub(super) struct Reload {
    /// Only say what it would change
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    plain: Plain,
}

#[derive(Args, Debug)]
pub(super) struct UpgradeFlags {
    /// What to start; whatever is now where the running process was started from, if not given
    binary: Option<PathBuf>,
    /// Go on as before if it is not ready after so long [default: 30s]
    #[arg(long, value_name = "SPAN", value_parser = as_written)]
    within: Option<String>,
    /// Reset what is left of the old process after so long, as 30s
    #[arg(long, value_name = "SPAN", value_parser = as_written)]
    deadline: Option<String>,
    /// Say who is left of the old process, until it is over
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    plain: Plain,
}

#[derive(Args, Debug)]
pub(super) struct Drain {
    /// Say who is left, until it is over
    #[arg(long)]
    wait: bool,
    /// Reset what is left after so long, as 30s
    #[arg(long, value_name = "SPAN", value_parser = as_written)]
    deadline: Option<String>,
    #[command(flatten)]
    plain: Plain,
}

pub(super) fn span(text: &str) -> Result<tidegate_core::time::Span, String> {
    crate::config::duration(text)
        .ok_or_else(|| "write a number with a unit: 90s, 5m, 1h".to_owned())
}

fn as_written(text: &str) -> Result<String, String> {
    span(text).map(|_| text.to_owned())
}

impl AskVerb {
    /// What is asked, at the place that `--admin` names.
    pub(super) fn decide(self, at: Result<Where, Decision>) -> Result<Ask, Decision> {
        let at = at?;
        let (what, Plain { json }) = match self {
            AskVerb::Status(plain) => (What::Status, plain),
            AskVerb::Conns(conns) => {
                let filter = Filter {
                    state: conns.state,
                    older: conns.older,
                    cluster: conns.cluster,
                    listener: conns.listener,
                    phase: conns.phase,
                };
                (What::Conns(filter), conns.plain)
            }
            AskVerb::Top(top) => (What::Top(top.once), Plain { json: false }),
            AskVerb::Why(why) => (What::Why(why.one.conn, why.trace), why.one.plain),
            AskVerb::Kill(kill) => (What::Kill(kill.one.conn, kill.rst), kill.one.plain),
            AskVerb::Reload(reload) => (What::Reload(reload.dry_run), reload.plain),
            AskVerb::Upgrade(flags) => {
                let upgrade = Upgrade {
                    // Whoever starts it may be elsewhere.
                    binary: flags.binary.map(|path| absolute(&path).unwrap_or(path)),
                    within: flags.within,
                    deadline: flags.deadline,
                    wait: flags.wait,
                };
                (What::Upgrade(upgrade), flags.plain)
            }
            AskVerb::Drain(drain) => (What::Drain(drain.deadline, drain.wait), drain.plain),
            AskVerb::Stop(plain) => (What::Stop, plain),
        };
        Ok(Ask { at, what, json })
    }
}
