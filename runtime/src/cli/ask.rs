//! The verbs that ask a running process: their flags.

use super::Decision;
use crate::{
    admin::{
        changed,
        client::{Ask, Upgrade, What, Where},
        query::Filter,
    },
    server::Wish,
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
    /// Treat an endpoint otherwise than the file says, until the file's way is asked for
    #[command(subcommand)]
    Endpoint(Endpoint),
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
    /// Those with this endpoint, as configured
    #[arg(long, value_name = "HOST:PORT")]
    endpoint: Option<String>,
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

#[derive(Debug, Subcommand)]
pub(super) enum Endpoint {
    /// Send it nothing new; what it has goes on
    Drain(EndpointDrain),
    /// Send it its part again
    Enable(OneEndpoint),
    /// Send it more or less than the file says
    Weight(Weight),
}

#[derive(Args, Debug)]
pub(super) struct OneEndpoint {
    /// The name of its cluster
    cluster: String,
    /// HOST:PORT as configured, or an address that `status` shows
    endpoint: String,
    #[command(flatten)]
    plain: Plain,
}

#[derive(Args, Debug)]
pub(super) struct EndpointDrain {
    #[command(flatten)]
    one: OneEndpoint,
    /// Say who still has it, until nobody has
    #[arg(long)]
    wait: bool,
}

#[derive(Args, Debug)]
pub(super) struct Weight {
    #[command(flatten)]
    one: OneEndpoint,
    /// From 0 to 256, beside the weights of the others; `file` for what the file says
    #[arg(value_parser = weight)]
    weight: Wanted,
}

/// What clap takes for one value, and not for one that may be left out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted(Option<u32>);

fn weight(text: &str) -> Result<Wanted, String> {
    changed::weight(text).map(Wanted)
}

impl Endpoint {
    /// What is wanted, whether it is waited for, and how it is answered.
    fn wish(self) -> (Wish, bool, Plain) {
        let (one, wait, drained, weight) = match self {
            Endpoint::Drain(drain) => (drain.one, drain.wait, Some(true), None),
            Endpoint::Enable(one) => (one, false, Some(false), None),
            Endpoint::Weight(Weight { one, weight }) => (one, false, None, Some(weight.0)),
        };
        let wish = Wish {
            cluster: one.cluster,
            endpoint: one.endpoint,
            drained,
            weight,
        };
        (wish, wait, one.plain)
    }
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
                    endpoint: conns.endpoint,
                    listener: conns.listener,
                    phase: conns.phase,
                };
                (What::Conns(filter), conns.plain)
            }
            AskVerb::Top(top) => (What::Top(top.once), Plain { json: false }),
            AskVerb::Why(why) => (What::Why(why.one.conn, why.trace), why.one.plain),
            AskVerb::Kill(kill) => (What::Kill(kill.one.conn, kill.rst), kill.one.plain),
            AskVerb::Endpoint(endpoint) => {
                let (wish, wait, plain) = endpoint.wish();
                (What::Endpoint(wish, wait), plain)
            }
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
