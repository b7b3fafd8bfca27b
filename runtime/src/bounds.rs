//! The longest that somebody who is gone, or says nothing any more, can hold our sockets: `check --bounds`.
//!
//! Found by walking, not by a formula: every state of a session that a few events lead to (`walk`), and
//! from each of them time alone, with the kernel's verdicts where a peer is gone (`alone`). So it is what
//! the rules do, whatever they are, with the waits of the configuration. A pure function of it.
//!
//! What a hold is counted from is the last sign of the peer: everything before it has happened in the same
//! moment, so every wait has all of its time. While both peers are there and one of them says nothing, the
//! other says nothing either: as long as something moves, nobody is held by silence.

mod alone;
mod pooled;
mod show;
mod walk;

pub use show::{brief, show};

use crate::config::{Cluster, Config, Listener, Protocol};
use std::collections::{BTreeMap, BTreeSet};
use tidegate_core::{
    event::Refusal,
    limits::{Limits, Timeouts, Waits},
    session::{Kind, Phase, Session, Setup},
    side::Side,
    time::Span,
};

/// Who holds the sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Whom {
    /// The client's machine is gone, or the way to it.
    Client,
    /// The origin's.
    Origin,
    /// Nobody is gone, and nobody says anything.
    Silence,
}

/// How long, and what it was that ended it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hold {
    /// From the last sign of the peer to the last descriptor.
    pub span: Span,
    /// The waits that ran out and the verdicts of kernels, in their order.
    pub by: Vec<String>,
}

/// The worst of one listener.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// By what was going on when the peer spoke last.
    pub phases: BTreeMap<(Stage, Whom), Hold>,
    /// How many states were looked at.
    pub states: usize,
}

/// What was going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "they are their names")]
pub enum Stage {
    ProxyHeader,
    Handshake,
    Hello,
    Fresh,
    Kept,
    Queue,
    Connect,
    OriginHandshake,
    RequestHead,
    RequestBody,
    ResponseHead,
    ResponseBody,
    Answered,
    Open,
    HalfClosed,
    Aborting,
    Closing,
    Pooled,
}

/// What is walked over: one way of a listener.
#[derive(Clone, Debug)]
struct Way {
    setup: Setup,
    /// Who wants it may have to wait for an endpoint.
    queues: bool,
    /// How many endpoints are tried.
    tries: u8,
    /// There is no origin: the route answers.
    answers: Option<Refusal>,
}

/// How much is walked over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Everything.
    Whole,
    /// What comes without a failure on the way, and clients that are gone: for the banner.
    Clients,
}

/// An upper limit of every hold is a walk away.
#[must_use]
pub fn of(config: &Config, listener: &Listener, effort: Effort) -> Bounds {
    let mut bounds = Bounds::default();
    for way in ways(config, listener) {
        walk::walk(&way, effort, &mut bounds);
        if effort == Effort::Whole && way.setup.kind == Kind::Http {
            pooled::add(&way.setup, &mut bounds);
        }
    }
    bounds
}

impl Bounds {
    /// The worst of `whom`.
    #[must_use]
    pub fn worst(&self, whom: Whom) -> Option<&Hold> {
        let of = self.phases.iter().filter(|((_, who), _)| *who == whom);
        of.map(|(_, hold)| hold).max_by_key(|hold| hold.span)
    }

    fn add(&mut self, stage: Stage, whom: Whom, hold: Hold) {
        let slot = self.phases.entry((stage, whom)).or_default();
        if slot.by.is_empty() || hold.span > slot.span {
            *slot = hold;
        }
    }
}

/// The ways that differ in what is bounded: by the waits of cluster and route, and by what the origin is.
fn ways(config: &Config, listener: &Listener) -> Vec<Way> {
    let mut known = BTreeSet::new();
    let mut all = Vec::new();
    let mut add = |way: Way| {
        if known.insert(format!("{way:?}")) {
            all.push(way);
        }
    };
    match &listener.protocol {
        Protocol::Tcp(cluster) => add(way(config, listener, Some(*cluster), None)),
        Protocol::Passthrough(table) => {
            for route in table.routes() {
                add(way(config, listener, Some(route.to), None));
            }
        }
        Protocol::Http(table) => {
            for route in table.routes() {
                let clusters: Vec<usize> = route.to.clusters().collect();
                for cluster in &clusters {
                    let base = config.timeouts(listener, *cluster);
                    let waits = route.to.timeouts.over(base);
                    add(way(config, listener, Some(*cluster), Some(waits)));
                }
                if clusters.is_empty() {
                    add(way(config, listener, None, None));
                }
            }
        }
    }
    all
}

fn way(config: &Config, listener: &Listener, to: Option<usize>, waits: Option<Timeouts>) -> Way {
    let cluster = to.map(|to| &config.clusters[to]);
    let timeouts = waits.unwrap_or_else(|| match to {
        Some(to) => config.timeouts(listener, to),
        None => listener.timeouts,
    });
    let kind = match listener.protocol {
        Protocol::Http(_) => Kind::Http,
        Protocol::Tcp(_) | Protocol::Passthrough(_) => Kind::Tcp,
    };
    let mut setup = Setup::new(kind, listener.tls.is_some());
    setup.proxy_header = listener.access.proxied_by.is_some();
    setup.passthrough = matches!(listener.protocol, Protocol::Passthrough(_));
    setup.up_tls = cluster.is_some_and(|cluster| cluster.tls.is_some());
    setup.timeouts = Waits::of(timeouts);
    setup.policy = listener.policy;
    // Small counts: how much there is room for ends nothing.
    setup.limits = Limits {
        relay_bytes: 2,
        inbox_bytes: 4,
        ..config.limits
    };
    let limited = |cluster: &Cluster| {
        let mut shares = cluster.endpoints.iter().map(|one| one.share);
        cluster.queue.is_some() && shares.any(|share| share.max_connections.is_some())
    };
    Way {
        setup,
        queues: cluster.is_some_and(limited),
        tries: cluster.map_or(1, tries),
        answers: cluster.is_none().then_some(Refusal::NoRoute),
    }
}

/// R21: so many endpoints are tried, of those that there are. A name may be several.
fn tries(cluster: &Cluster) -> u8 {
    let names = cluster
        .endpoints
        .iter()
        .any(|one| matches!(one.at, crate::config::At::Name(_)));
    let known = match names {
        true => usize::MAX,
        false => cluster.endpoints.len(),
    };
    u8::try_from(known.min(crate::upstream::ATTEMPTS)).unwrap_or(u8::MAX)
}

/// What is going on in `session`.
fn stage(session: &Session) -> Option<Stage> {
    use tidegate_core::{
        exchange::{Request, Response},
        leg::{Leg, ReadEnd, WriteEnd},
        session::Idle,
    };
    let connecting = match session.leg(Side::Up) {
        Leg::Queued => Some(Stage::Queue),
        Leg::Connecting => Some(Stage::Connect),
        Leg::Securing => Some(Stage::OriginHandshake),
        Leg::Absent | Leg::Open(_) | Leg::Gone(_) | Leg::Reset(_) => None,
    };
    Some(match session.phase() {
        Phase::New | Phase::Closed => return None,
        Phase::ProxyHeader => Stage::ProxyHeader,
        Phase::Securing => Stage::Handshake,
        Phase::Peeking => Stage::Hello,
        Phase::Idle(Idle::Fresh) => Stage::Fresh,
        Phase::Idle(Idle::Kept) => Stage::Kept,
        Phase::Exchange(_) | Phase::Tunnel if connecting.is_some() => return connecting,
        Phase::Exchange(exchange) => match (&exchange.request, &exchange.response) {
            (Request::Head, _) => Stage::RequestHead,
            (Request::Body, _) => Stage::RequestBody,
            (_, Response::Waiting) => Stage::ResponseHead,
            (_, Response::Body(_)) => Stage::ResponseBody,
            (_, Response::Complete | Response::Broken) => Stage::Answered,
        },
        Phase::Tunnel => {
            let open = |side| session.leg(side).open();
            let legs = [open(Side::Down), open(Side::Up)];
            let whole = |open: &tidegate_core::leg::Open| {
                open.read == ReadEnd::Open && open.write == WriteEnd::Open
            };
            let ends_ill = |open: &tidegate_core::leg::Open| {
                matches!(open.read, ReadEnd::Draining(_) | ReadEnd::Failed(_))
                    || open.write == WriteEnd::Flushing
            };
            match legs {
                [Some(down), Some(up)] if whole(down) && whole(up) => Stage::Open,
                legs if legs.iter().flatten().any(|open| ends_ill(open)) => Stage::Aborting,
                [Some(_), Some(_)] => Stage::HalfClosed,
                _ => Stage::Closing,
            }
        }
        Phase::Closing => Stage::Closing,
    })
}
