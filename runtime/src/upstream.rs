//! From a request to an upstream leg: route, cluster, endpoint, an idle connection or a new one.
//!
//! It owns the choice and the connect; it waits for the network. It never looks at a body, and
//! what becomes of the leg afterwards is the session's business.

mod load;

pub use self::load::{Held, Load};
use crate::{
    net::{Buffers, Network, Stream},
    pool::{Lease, Pool},
    port::{Call, Fault, Port},
    tls::origin::Terms,
};
use std::{
    cell::RefCell,
    collections::VecDeque,
    fmt,
    future::Future,
    net::SocketAddr,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};
use tidegate_core::{
    balance::Balancer,
    budget::Budget,
    ending::Cause,
    event::{Destination, Refusal},
    http1::{Method, RequestHead},
    leg::ReadEnd,
    limits::Waits,
    route::Table,
    spare::Stay,
    time::Time,
};

/// Endpoints tried for one connect, at most.
const ATTEMPTS: usize = 3;

/// One endpoint of a cluster.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// `HOST:PORT` as configured.
    pub authority: String,
    /// Where it listens.
    pub address: SocketAddr,
    /// What a connection to it is secured by; nothing if it is spoken to in the clear.
    pub terms: Option<Terms>,
    /// How many sessions have it.
    pub load: Load,
}

/// One cluster, as a worker uses it.
#[derive(Debug)]
pub struct Cluster {
    /// Its endpoints.
    pub endpoints: Vec<Endpoint>,
    /// How many of its requests are sent again.
    pub budget: RefCell<Budget>,
    /// Who is next.
    pub balancer: RefCell<Balancer>,
    /// Socket buffers of its connections.
    pub buffers: Buffers,
    /// Whether CONNECT requests may go to it.
    pub takes_connect: bool,
    /// The waits of a session that uses it.
    pub timeouts: Waits,
    /// Whether its endpoints are spoken to over TLS.
    pub tls: bool,
}

impl Cluster {
    fn destination(&self) -> Destination {
        Destination {
            timeouts: self.timeouts,
            tls: self.tls,
        }
    }
}

/// Where a listener's requests and connections go.
#[derive(Clone, Debug)]
pub enum Routes {
    /// By host and path, or by the name in a ClientHello.
    Table(Table),
    /// All to one cluster.
    All(usize),
}

/// What a worker knows of the upstream side of one listener.
pub struct Upstreams<N: Network> {
    net: N,
    clusters: Vec<Cluster>,
    routes: Routes,
    pool: Pool<N>,
}

impl<N: Network> fmt::Debug for Upstreams<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstreams")
            .field("routes", &self.routes)
            .finish_non_exhaustive()
    }
}

/// Where a request goes.
#[derive(Debug)]
pub struct Route<'a> {
    /// The cluster, if a route matches.
    pub cluster: Option<usize>,
    /// What a session is told of it.
    pub destination: Option<Destination>,
    /// The Host to send where the client sent none.
    pub authority: &'a str,
}

/// What an upstream leg is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// An exchange: an idle connection will do.
    Exchange,
    /// An exchange whose request was sent before: it gets a connection of its own (U02, U03).
    Retry,
    /// An exchange that asks for a tunnel, and gets a connection of its own, which not every cluster takes (LIFECYCLE 4.6).
    Connect,
    /// A tunnel: it gets a connection of its own.
    Tunnel,
}

/// What there is for a session that wants an upstream leg.
pub enum Found<N: Network> {
    /// Nothing.
    Nothing(Refusal),
    /// An idle connection, its place in the pool, and the session's share in its endpoint.
    Idle(Port<N::Stream>, Lease<N>, Held),
    /// A connect that has begun.
    Dial(Dial<N>),
}

impl<N: Network> fmt::Debug for Found<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Found::Nothing(_) => "Nothing",
            Found::Idle(..) => "Idle",
            Found::Dial(_) => "Dial",
        })
    }
}

impl<N: Network> Upstreams<N> {
    /// The upstream side of one listener.
    pub fn new(net: N, clusters: Vec<Cluster>, routes: Routes, pool: Pool<N>) -> Rc<Self> {
        Rc::new(Upstreams {
            net,
            clusters,
            routes,
            pool,
        })
    }

    /// The network.
    pub fn net(&self) -> &N {
        &self.net
    }

    /// The cluster that takes connections without a request to route by.
    #[must_use]
    pub fn default_cluster(&self) -> Option<usize> {
        match &self.routes {
            Routes::Table(_) => None,
            Routes::All(cluster) => Some(*cluster),
        }
    }

    /// Where a connection goes that asks for `name`, and what its session is told of it.
    #[must_use]
    pub fn named(&self, name: Option<&str>) -> Option<(usize, Destination)> {
        let index = match &self.routes {
            Routes::Table(table) => table.find(name, ""),
            Routes::All(cluster) => Some(*cluster),
        }?;
        let cluster = self.clusters.get(index)?;
        Some((index, cluster.destination()))
    }

    /// Where a request goes.
    #[must_use]
    pub fn route(&self, head: &RequestHead<'_>) -> Route<'_> {
        let host = head.host().and_then(|host| std::str::from_utf8(host).ok());
        let index = match &self.routes {
            Routes::Table(table) => table.find(host, path(head)),
            Routes::All(cluster) => Some(*cluster),
        };
        let cluster = index.and_then(|index| self.clusters.get(index));
        Route {
            cluster: index,
            destination: cluster.map(Cluster::destination),
            authority: cluster
                .and_then(|cluster| cluster.endpoints.first())
                .map_or("", |endpoint| &endpoint.authority),
        }
    }

    /// Finds an upstream leg: an idle connection to the endpoint that is next, or a connect to it,
    /// and to the ones after it should that fail.
    pub fn find(&self, cluster: Option<usize>, need: Need) -> Found<N> {
        let Some(cluster) = cluster.and_then(|index| self.clusters.get(index)) else {
            return Found::Nothing(Refusal::NoRoute);
        };
        if need == Need::Connect && !cluster.takes_connect {
            return Found::Nothing(Refusal::NoConnect);
        }
        let now = self.net.now();
        match need {
            Need::Exchange => cluster.budget.borrow_mut().earn(now),
            Need::Retry if !cluster.budget.borrow_mut().spend(now) => {
                tracing::warn!("a request is not sent again: too many have been");
                return Found::Nothing(Refusal::NoRetry);
            }
            Need::Retry | Need::Connect | Need::Tunnel => {}
        }
        let reuse = match need {
            Need::Exchange => true,
            Need::Retry | Need::Connect | Need::Tunnel => false,
        };
        let count = cluster.endpoints.len();
        let load = |at: usize| cluster.endpoints[at].load.get();
        let Some(first) = cluster.balancer.borrow_mut().pick(count, load) else {
            return Found::Nothing(Refusal::NoEndpoint);
        };
        let Endpoint {
            address,
            terms,
            load,
            ..
        } = &cluster.endpoints[first];
        if cluster.tls && terms.is_none() {
            // Never in the clear what was meant to be secured.
            tracing::error!(%address, "an endpoint without a name to verify");
            return Found::Nothing(Refusal::Failed(Cause::Local));
        }
        let idle = || self.pool.take(*address, terms.as_ref());
        if let Some((port, lease)) = reuse.then(idle).flatten() {
            return Found::Idle(port, lease, load.hold());
        }
        let others = (0..count.min(ATTEMPTS))
            .map(|n| cluster.endpoints[(first + n) % count].clone())
            .collect();
        Found::Dial(Dial {
            net: self.net.clone(),
            buffers: cluster.buffers,
            ahead: others,
            under_way: None,
            refusal: Refusal::NoEndpoint,
            failure: None,
        })
    }

    /// Puts a connection among the idle ones, back into its place if it has one.
    /// `hint`: after how many seconds its origin closes it, if it has said so.
    pub fn park(&self, port: Port<N::Stream>, lease: Lease<N>, hint: Option<u16>, now: Time) {
        let timeouts = self.timeouts_of(port.peer());
        self.pool.park(port, lease, Stay { timeouts, hint }, now);
    }

    /// Lets go of a connection: it finishes, drains and closes by itself.
    pub fn retire(&self, port: Port<N::Stream>, read: ReadEnd, now: Time) {
        let timeouts = self.timeouts_of(port.peer());
        self.pool.retire(port, read, timeouts, now);
    }

    fn timeouts_of(&self, address: SocketAddr) -> Waits {
        self.clusters
            .iter()
            .find(|cluster| cluster.endpoints.iter().any(|one| one.address == address))
            .map_or(Waits::HTTP, |cluster| cluster.timeouts)
    }
}

/// What routes look at: CONNECT names no path, and belongs to a host as a whole.
fn path<'a>(head: &RequestHead<'a>) -> &'a str {
    match head.facts.method {
        Method::Connect => "/",
        Method::Get | Method::Head | Method::Post | Method::Other => head.path(),
    }
}

/// A connect under way. Dropping it cancels it (R20).
pub struct Dial<N: Network> {
    net: N,
    buffers: Buffers,
    ahead: VecDeque<Endpoint>,
    under_way: Option<Attempt<N>>,
    refusal: Refusal,
    /// The last endpoint that could not be reached, and why.
    failure: Option<Box<(String, Fault)>>,
}

/// One endpoint that is being dialled.
struct Attempt<N: Network> {
    endpoint: Endpoint,
    held: Held,
    connect: Pin<Box<N::Connect>>,
}

impl<N: Network> Dial<N> {
    /// The last endpoint that could not be reached, and why.
    #[must_use]
    pub fn into_failure(self) -> Option<(String, Fault)> {
        self.failure.map(|failure| *failure)
    }
}

impl<N: Network> fmt::Debug for Dial<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dial")
            .field("ahead", &self.ahead)
            .finish_non_exhaustive()
    }
}

impl<N: Network> Unpin for Dial<N> {}

impl<N: Network> Future for Dial<N> {
    type Output = Result<Reached<N::Stream>, Refusal>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let this = &mut *self;
            if this.under_way.is_none() {
                let Some(endpoint) = this.ahead.pop_front() else {
                    return Poll::Ready(Err(this.refusal));
                };
                let connect = Box::pin(this.net.connect(endpoint.address, this.buffers));
                let held = endpoint.load.hold();
                this.under_way = Some(Attempt {
                    endpoint,
                    held,
                    connect,
                });
            }
            let Some(attempt) = this.under_way.as_mut() else {
                continue;
            };
            let connected = ready!(attempt.connect.as_mut().poll(cx));
            let Some(Attempt { endpoint, held, .. }) = this.under_way.take() else {
                continue;
            };
            match connected {
                Ok(stream) => return Poll::Ready(begun(stream, endpoint, held)),
                Err(error) => {
                    let endpoint = endpoint.authority;
                    tracing::warn!(%error, endpoint, "cannot connect to an endpoint");
                    let fault = Fault::io(Call::Connect, &error);
                    this.refusal = Refusal::Failed(fault.cause);
                    this.failure = Some(Box::new((endpoint, fault)));
                }
            }
        }
    }
}

/// A connection that was dialled, and the endpoint at its other end.
#[derive(Debug)]
pub struct Reached<S: Stream> {
    /// The connection; on TLS terms its handshake has not begun.
    pub port: Port<S>,
    /// `HOST:PORT` as configured.
    pub authority: String,
    /// The session's share in the endpoint.
    pub held: Held,
}

fn begun<S: Stream>(stream: S, endpoint: Endpoint, held: Held) -> Result<Reached<S>, Refusal> {
    let Endpoint {
        authority, terms, ..
    } = endpoint;
    let port = match terms {
        None => Port::plain(stream),
        Some(terms) => Port::client(stream, terms).map_err(|error| {
            tracing::error!(%error, endpoint = authority, "cannot begin a TLS handshake");
            Refusal::Failed(Cause::Local)
        })?,
    };
    Ok(Reached {
        port,
        authority,
        held,
    })
}
