//! From a request to an upstream leg: cluster, endpoint, an idle connection or a new one.
//!
//! It owns the choice and the connect; it waits for the network. It never looks at a body, and
//! what becomes of the leg afterwards is the session's business.

mod affinity;
mod cluster;
mod dial;
mod held;
mod place;
mod routes;
mod waiting;

use self::cluster::Picked;
pub use self::{
    cluster::{Cluster, Endpoint, Parts, Uplink},
    dial::Dial,
    held::Held,
    place::Place,
    routes::{Routed, Routes, Target, Way},
    waiting::Waiting,
};
use crate::{
    net::Network,
    observe::Moments,
    pool::{Lease, Pool},
    port::Port,
    variant::bad,
};
pub(crate) use dial::ATTEMPTS;
use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    rc::Rc,
};
use tidegate_core::{
    event::Refusal, http1::RequestHead, leg::ReadEnd, limits::Waits, proxy_protocol, spare::Stay,
    time::Time,
};

/// What a worker knows of the upstream side of one listener.
pub struct Upstreams<N: Network> {
    net: N,
    uplinks: Vec<Rc<Uplink>>,
    routes: Routes,
    pool: Pool<N>,
    moments: Moments,
}

impl<N: Network> fmt::Debug for Upstreams<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstreams")
            .field("routes", &self.routes)
            .finish_non_exhaustive()
    }
}

/// Where an upstream leg is wanted to.
#[derive(Debug)]
pub struct Wanted {
    /// The cluster, if a route matched.
    pub cluster: Option<usize>,
    /// What the endpoint follows from, as the request said.
    pub key: Option<u64>,
    /// Whose request or connection it is for.
    pub client: IpAddr,
    /// The share of a request that is sent again in the endpoint where it has been: it goes to another
    /// one, if there is one with room, and does not wait for its turn twice.
    pub failed: Option<Held>,
}

/// What an upstream leg is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// An exchange: an idle connection will do.
    Exchange,
    /// An exchange whose request was sent before: it gets a connection of its own (U02, U03).
    Retry,
    /// The same, where sending it again is allowed already: [`Upstreams::declines`].
    Elsewhere,
    /// An exchange that asks for a tunnel, and gets a connection of its own, which not every cluster takes (LIFECYCLE 4.6).
    Connect,
    /// A tunnel: it gets a connection of its own.
    Tunnel,
}

/// Whose connection it is, for clusters that are told by a PROXY header.
#[derive(Clone, Copy, Debug)]
pub struct Ends {
    /// The client.
    pub client: SocketAddr,
    /// Where it has connected to, if that is known.
    pub destination: Option<SocketAddr>,
}

impl Ends {
    /// The header that says so.
    fn header(&self, version: proxy_protocol::Version) -> Vec<u8> {
        let nowhere = match self.client {
            SocketAddr::V4(_) => SocketAddr::from(([0; 4], 0)),
            SocketAddr::V6(_) => SocketAddr::from(([0_u16; 8], 0)),
        };
        let mut header = Vec::new();
        let destination = self.destination.unwrap_or(nowhere);
        proxy_protocol::write(version, self.client, destination, &mut header);
        header
    }
}

/// An upstream leg that is wanted, and not there yet.
#[derive(Debug)]
pub enum Coming<N: Network> {
    /// It waits for an endpoint.
    Turn(Waiting<N>),
    /// It is being connected.
    Dial(Dial<N>),
}

impl<N: Network> Coming<N> {
    /// Looks at the share in an endpoint that is there already.
    pub(crate) fn look_at_share<T>(&self, look: impl FnOnce(&Held) -> T) -> Option<T> {
        match self {
            Coming::Turn(waiting) => waiting.look_at_share(look),
            Coming::Dial(dial) => Some(look(dial.share())),
        }
    }

    /// Nobody wants it any more (R20).
    pub fn give_up(self, now: Time) {
        match self {
            Coming::Turn(waiting) => waiting.give_up(now),
            Coming::Dial(_) => {}
        }
    }
}

/// What there is for a session that wants an upstream leg.
pub enum Found<N: Network> {
    /// Nothing.
    Nothing(Refusal),
    /// An idle connection, its place in the pool, and the session's share in its endpoint.
    Idle(Port<N::Stream>, Lease<N>, Held),
    /// A place among those who wait for an endpoint that has room.
    Turn(Waiting<N>),
    /// A connect that has begun.
    Dial(Dial<N>),
}

impl<N: Network> fmt::Debug for Found<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Found::Nothing(_) => "Nothing",
            Found::Idle(..) => "Idle",
            Found::Turn(_) => "Turn",
            Found::Dial(_) => "Dial",
        })
    }
}

impl<N: Network> Upstreams<N> {
    /// The upstream side of one listener.
    pub fn new(net: N, uplinks: Vec<Uplink>, routes: Routes, pool: Pool<N>) -> Rc<Self> {
        let clock = net.clone();
        Rc::new(Upstreams {
            net,
            moments: Rc::new(move || clock.now()),
            uplinks: uplinks.into_iter().map(Rc::new).collect(),
            routes,
            pool,
        })
    }

    /// The network.
    pub fn net(&self) -> &N {
        &self.net
    }

    /// Where requests and connections go.
    pub fn routes(&self) -> &Routes {
        &self.routes
    }

    /// The name of a cluster.
    #[must_use]
    pub fn name(&self, cluster: usize) -> Option<&str> {
        let uplink = self.uplinks.get(cluster)?;
        Some(uplink.cluster.name())
    }

    /// What the endpoint of a client's request to a cluster follows from, where the cluster asks for
    /// that and the request says it.
    #[must_use]
    pub fn key(&self, cluster: usize, head: &RequestHead<'_>, client: IpAddr) -> Option<u64> {
        let affinity = self.uplinks.get(cluster)?.cluster.affinity.as_ref()?;
        affinity::of_request(affinity, head, client)
    }

    /// Whether a cluster asks to have an answer with this status from somebody else, and may have it: then
    /// the request is to be sent again.
    #[must_use]
    pub fn declines(&self, cluster: usize, status: u16) -> bool {
        let uplink = self.uplinks.get(cluster);
        uplink.is_some_and(|uplink| {
            let cluster = &uplink.cluster;
            cluster.declined.contains(&status) && cluster.spend(self.net.now())
        })
    }

    /// Finds an upstream leg: an idle connection to the endpoint that is next, or a connect to it,
    /// and to others should that fail; where all have as much to do as they may, a place in the queue.
    /// Who is told by a PROXY header whose connection it is gets one of its own for each.
    pub fn find(&self, wanted: Wanted, need: Need, ends: &dyn Fn() -> Ends) -> Found<N> {
        let Wanted {
            cluster,
            key,
            client,
            failed,
        } = wanted;
        let uplink = cluster.and_then(|index| Some((index, self.uplinks.get(index)?)));
        let Some((index, uplink)) = uplink else {
            return Found::Nothing(Refusal::NoRoute);
        };
        let cluster = &uplink.cluster;
        if need == Need::Connect && !cluster.takes_connect {
            return Found::Nothing(Refusal::NoConnect);
        }
        let now = self.net.now();
        match need {
            Need::Exchange => cluster.earn(now),
            Need::Retry if !cluster.spend(now) => {
                tracing::warn!("a request is not sent again: too many have been");
                return Found::Nothing(Refusal::NoRetry);
            }
            Need::Retry | Need::Elsewhere | Need::Connect | Need::Tunnel => {}
        }
        let of_client = || affinity::of_client(cluster.affinity.as_ref()?, client);
        let key = key.or_else(of_client);
        let tried = failed.as_ref().map(Held::slot);
        let tried = tried.filter(|_| !bad!(SameAgain));
        let picked = match cluster.pick(now, index, key, tried.as_slice()) {
            Picked::Share(held) => Picked::Share(held),
            other @ (Picked::Busy | Picked::Nobody) => match failed {
                Some(held) if held.is_available() => Picked::Share(held),
                Some(_) | None => other,
            },
        };
        match picked {
            Picked::Share(held) => self.reach(uplink, (held, key), need, ends),
            Picked::Busy => match Waiting::join(self.net.clone(), uplink, (key, index), need) {
                Some(waiting) => Found::Turn(waiting),
                None => Found::Nothing(Refusal::Busy),
            },
            Picked::Nobody => Found::Nothing(cluster.nobody()),
        }
    }

    /// The turn of `waiting` has come, and `held` is the share that was kept for it.
    pub fn granted(&self, waiting: &Waiting<N>, held: Held, ends: &dyn Fn() -> Ends) -> Found<N> {
        self.reach(&waiting.uplink, (held, waiting.key()), waiting.need, ends)
    }

    /// An idle connection to the endpoint of `held`, or a connect to it.
    fn reach(
        &self,
        uplink: &Rc<Uplink>,
        (held, key): (Held, Option<u64>),
        need: Need,
        ends: &dyn Fn() -> Ends,
    ) -> Found<N> {
        let cluster = &uplink.cluster;
        let header = cluster.proxy_protocol.map(|version| ends().header(version));
        if need == Need::Exchange && header.is_none() {
            let endpoint = held.endpoint();
            let terms = uplink.terms(endpoint);
            let secured = terms.is_some() || !cluster.tls;
            let idle = || self.pool.take(endpoint.address, terms.as_ref());
            if let Some((port, lease)) = secured.then(idle).flatten() {
                return Found::Idle(port, lease, held);
            }
        }
        let moments = Rc::clone(&self.moments);
        let dial = Dial::new(self.net.clone(), (Rc::clone(uplink), moments), key, held);
        Found::Dial(dial.beginning_with(header.unwrap_or_default()))
    }

    /// Puts a connection among the idle ones, back into its place if it has one; `held` is the
    /// session's share in its endpoint.
    /// `hint`: after how many seconds its origin closes it, if it has said so.
    pub fn park(
        &self,
        port: Port<N::Stream>,
        (lease, held): (Lease<N>, Option<Held>),
        hint: Option<u16>,
        now: Time,
    ) {
        if self.is_told(held.as_ref()) {
            // It began by saying whose it is.
            return self.retire(port, held.as_ref(), ReadEnd::Open, now);
        }
        if let (Some(seconds), Some(uplink)) = (hint, self.uplink(held.as_ref())) {
            uplink.cluster.counted.learned(seconds);
        }
        let timeouts = self.timeouts(held.as_ref());
        self.pool.park(port, lease, Stay { timeouts, hint }, now);
    }

    /// Lets go of a connection: it finishes, drains and closes by itself.
    pub fn retire(&self, port: Port<N::Stream>, held: Option<&Held>, read: ReadEnd, now: Time) {
        let timeouts = self.timeouts(held);
        self.pool.retire(port, read, timeouts, now);
    }

    fn uplink(&self, held: Option<&Held>) -> Option<&Rc<Uplink>> {
        self.uplinks.get(held?.cluster())
    }

    fn is_told(&self, held: Option<&Held>) -> bool {
        self.uplink(held)
            .is_some_and(|uplink| uplink.cluster.proxy_protocol.is_some())
    }

    fn timeouts(&self, held: Option<&Held>) -> Waits {
        self.uplink(held)
            .map_or(Waits::HTTP, |uplink| uplink.timeouts)
    }
}
