//! A world: client, proxy and origin on three hosts, and one schedule.
//!
//! It owns the run from the first step to the last: the budget of time, and the panics no runtime
//! reports. Who plays, and when it is over, is [`scene`]'s, the same on every network; hosts, links
//! and the passing of time are those of [`fast`] and [`turmoil`]. The proxy is whatever future it
//! is given. It judges nothing: what was seen is the [`Outcome`], and the oracles' to weigh.

mod cast;
mod fast;
mod hash;
pub(crate) mod panics;
mod scene;
#[cfg(test)]
pub(crate) mod tests;
mod turmoil;

pub use self::{
    cast::{Backstage, Cast, Player},
    hash::Fnv,
};
use crate::{
    fault::{Faulty, Timers},
    peer::{Log, SharedLog, http::HttpLog},
    schedule::Schedule,
    simulated::Simulated,
    tls,
};
use std::{
    fmt,
    future::Future,
    hash::{Hash, Hasher},
    net::SocketAddr,
    pin::Pin,
};

/// Which network a schedule is run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Net {
    /// The fast one: nothing but sockets and events.
    Fast,
    /// turmoil: hosts that do not share a clock, in whole milliseconds.
    Turmoil,
}

impl Net {
    /// All of them.
    pub const ALL: [Net; 2] = [Net::Fast, Net::Turmoil];

    /// How much later than the ways say a thing may be seen because of the network alone.
    #[must_use]
    pub fn slack_ms(self) -> u64 {
        match self {
            Net::Fast => 0,
            // It delivers in whole ticks: one for each way, and one for a reader's wake-up.
            Net::Turmoil => 3,
        }
    }
}

impl fmt::Display for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Net::Fast => "fast",
            Net::Turmoil => "turmoil",
        })
    }
}

/// A proxy that can be put on any simulated network.
pub trait Proxy {
    /// Starts it. It ends once `client` has come to its end and nothing is in flight.
    fn start<N: Simulated>(
        self,
        net: Faulty<N>,
        places: Places,
        client: SharedLog,
    ) -> Pin<Box<dyn Future<Output = ()>>>;
}

/// How a schedule is run; no part of what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The proxy's timers.
    pub timers: Timers,
    /// The longest a run may take, in simulated time.
    pub budget_ms: u64,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            timers: Timers::Running,
            budget_ms: 60_000,
        }
    }
}

/// Where a proxy listens and what it leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Places {
    /// Where clients connect.
    pub listen: SocketAddr,
    /// Where the origin listens.
    pub origin: SocketAddr,
}

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What the client saw and did.
    pub client: Log,
    /// What the origin saw and did, on each of its connections.
    pub origins: Vec<Log>,
    /// What HTTP's peers have written down; empty in a relay.
    pub http: HttpLog,
    /// The origin's connections that wait for another request, which the proxy may keep.
    pub idle: usize,
    /// Whether both peers were done with everything else.
    pub peers_done: bool,
    /// The proxy's connections that were not over at the end.
    pub proxy_sockets: usize,
    /// The peers' connections that were not over at the end.
    pub peer_sockets: usize,
    /// How many of the proxy's calls failed by plan.
    pub failures: u32,
    /// How many of the proxy's connections were closed over what was not acknowledged.
    pub hasty_closes: u32,
    /// How many of them were told an end a second time.
    pub second_ends: u32,
    /// How many of them were let go of without a close or a reset.
    pub dropped: u32,
    /// How many steps left bytes kept back for more to come.
    pub forgotten: u32,
    /// How many connections the proxy had not closed.
    pub descriptors: usize,
    /// How its timers ran.
    pub timers: Timers,
    /// How many of the proxy's sleeps came to their end.
    pub timers_fired: u64,
    /// The most that was inside, between the peers: from the client, and from the origin.
    pub most_inside: [u64; 2],
    /// The network it was on.
    pub net: Net,
    /// How long it took.
    pub took_ms: u64,
    /// The first panic of any task.
    pub panic: Option<String>,
}

impl Outcome {
    /// Whether everything has come to its end, but for connections that are kept.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.peers_done && self.proxy_sockets == self.idle && self.peer_sockets == self.idle
    }

    /// A number that is the same for the same run, on any machine.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let mut hash = Fnv::default();
        (&self.client, &self.origins, &self.http, self.took_ms).hash(&mut hash);
        (self.proxy_sockets, self.peer_sockets, self.failures).hash(&mut hash);
        hash.finish()
    }
}

/// Runs `schedule` with `proxy` between the peers.
pub fn run(net: Net, schedule: &Schedule, options: Options, proxy: impl Proxy) -> Outcome {
    run_with(net, schedule, schedule, options, proxy)
}

/// The same with other peers: of `schedule`, links, buffers and faults count.
pub fn run_with(
    net: Net,
    schedule: &Schedule,
    cast: &impl Cast,
    options: Options,
    proxy: impl Proxy,
) -> Outcome {
    tls::reseed(schedule.seed);
    panics::watched(|| match net {
        Net::Fast => fast::run(schedule, cast, options, proxy),
        Net::Turmoil => turmoil::run(schedule, cast, options, proxy),
    })
}
