//! A world: client, proxy and origin on three hosts, and one schedule.
//!
//! It owns the run from the first step to the last: hosts, links and what happens to them, the
//! budget of time, and the panics no runtime reports. The proxy is whatever future it is given.
//! It judges nothing: what was seen is the [`Outcome`], and the oracles' to weigh.

mod hash;
mod panics;
#[cfg(test)]
pub(crate) mod tests;

pub use self::hash::Fnv;
use crate::{
    fault::{Faulty, Timers},
    net::SimNet,
    peer::{
        self, Log, SharedLog,
        http::{self, Http, HttpLog, SharedHttpLog},
    },
    schedule::{Link, LinkAct, Schedule, Traffic},
    tls,
};
use std::{
    cell::RefCell,
    future::{Future, pending},
    hash::{Hash, Hasher},
    net::{IpAddr, SocketAddr},
    rc::Rc,
    time::{Duration, SystemTime},
};

/// The network the proxy gets.
pub type ProxyNet = Faulty<SimNet>;

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
    /// How many of the proxy's sleeps came to their end.
    pub timers_fired: u64,
    /// The most that was inside, between the peers: from the client, and from the origin.
    pub most_inside: [u64; 2],
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

/// The ports: TLS or not, it is the schedule that says what is spoken.
const PROXY_PORT: u16 = 443;
const ORIGIN_PORT: u16 = 80;

/// Runs `schedule` with `proxy` between the peers.
pub fn run<F: Future<Output = ()> + 'static>(
    schedule: &Schedule,
    options: Options,
    proxy: impl FnOnce(ProxyNet, Places, SharedLog) -> F,
) -> Outcome {
    tls::reseed(schedule.seed);
    panics::watched(|| World::new(schedule, options, proxy).run(schedule, options))
}

/// A run in progress.
struct World {
    sim: turmoil::Sim<'static>,
    /// Client, proxy, origin.
    hosts: [IpAddr; 3],
    client: SharedLog,
    origins: Rc<RefCell<Vec<SharedLog>>>,
    http: SharedHttpLog,
    peers: [SimNet; 2],
    proxy: SimNet,
    faulty: ProxyNet,
    most_inside: [u64; 2],
}

impl World {
    fn new<F: Future<Output = ()> + 'static>(
        schedule: &Schedule,
        options: Options,
        proxy: impl FnOnce(ProxyNet, Places, SharedLog) -> F,
    ) -> World {
        let sim = builder(schedule, options).build();
        let hosts = ["client", "proxy", "origin"].map(|name| sim.lookup(name));
        let plan = Rc::new(schedule.faults.clone());
        let (proxy_net, peers) = (SimNet::new(), [SimNet::new(), SimNet::new()]);
        let faulty = Faulty::new(proxy_net.clone(), plan, options.timers);
        let places = Places {
            listen: SocketAddr::new(hosts[1], PROXY_PORT),
            origin: SocketAddr::new(hosts[2], ORIGIN_PORT),
        };
        let world = World {
            client: SharedLog::default(),
            origins: Rc::default(),
            http: Rc::default(),
            proxy: proxy_net,
            faulty: faulty.clone(),
            most_inside: [0; 2],
            hosts,
            peers,
            sim,
        };
        let proxy = proxy(faulty, places, Rc::clone(&world.client));
        world.start(schedule, places, proxy)
    }

    /// Starts the hosts. None of them ever finishes, as a host that has does no longer close.
    fn start(
        mut self,
        schedule: &Schedule,
        places: Places,
        proxy: impl Future<Output = ()> + 'static,
    ) -> World {
        match &schedule.traffic {
            Traffic::Relay => self.start_relay(schedule, places),
            Traffic::Http {
                exchanges,
                pipelined,
            } => {
                let exchanges = exchanges.as_slice().into();
                let log = Rc::clone(&self.http);
                self.start_http(schedule, places, Http { exchanges, log }, *pipelined);
            }
        }
        self.host(1, proxy);
        let ways = schedule.latencies;
        for (peer, ms) in [(0, ways.client_proxy_ms), (2, ways.proxy_origin_ms)] {
            let latency = Duration::from_millis(u64::from(ms));
            self.sim
                .set_link_latency(self.hosts[peer], self.hosts[1], latency);
        }
        self
    }

    fn start_relay(&mut self, schedule: &Schedule, places: Places) {
        let [client_net, origin_net] = self.peers.clone();
        let client = peer::client(
            client_net,
            places.listen,
            schedule.buffers.client,
            schedule.carrier,
            schedule.client.clone(),
            Rc::clone(&self.client),
        );
        let origin = peer::origin(
            origin_net,
            places.origin,
            schedule.buffers.origin,
            schedule.upstream,
            schedule.origin.clone(),
            Rc::clone(&self.origins),
        );
        self.host(0, client);
        self.host(2, origin);
    }

    fn start_http(&mut self, schedule: &Schedule, places: Places, http: Http, pipelined: bool) {
        let [client_net, origin_net] = self.peers.clone();
        let client = http::client(
            client_net,
            places.listen,
            schedule.buffers.client,
            schedule.carrier,
            schedule.client.clone(),
            pipelined,
            http.clone(),
            Rc::clone(&self.client),
        );
        let origin = http::origin(
            origin_net,
            places.origin,
            schedule.buffers.origin,
            schedule.upstream,
            schedule.origin.reader,
            http,
            Rc::clone(&self.origins),
        );
        self.host(0, client);
        self.host(2, origin);
    }

    fn host(&mut self, index: usize, future: impl Future<Output = ()> + 'static) {
        self.sim.client(self.hosts[index], async move {
            future.await;
            pending().await
        });
    }

    fn run(mut self, schedule: &Schedule, options: Options) -> Outcome {
        let mut events = schedule.links.iter().peekable();
        let mut now_ms = 0;
        let mut panic = None;
        while now_ms < options.budget_ms && panic.is_none() {
            while let Some(event) = events.next_if(|event| u64::from(event.at_ms) <= now_ms) {
                let peer = match event.link {
                    Link::ClientProxy => self.hosts[0],
                    Link::ProxyOrigin => self.hosts[2],
                };
                match event.act {
                    LinkAct::Hold => self.sim.hold(peer, self.hosts[1]),
                    LinkAct::Release => self.sim.release(peer, self.hosts[1]),
                }
            }
            let step = self.sim.step();
            self.faulty.stepped();
            now_ms += 1;
            panic = panics::taken().or(step.err().map(|error| error.to_string()));
            self.measure();
            if self.is_over() && events.peek().is_none() {
                break;
            }
        }
        self.outcome(now_ms, panic)
    }

    /// How many of the origin's connections wait for another request.
    fn idle(&self) -> usize {
        let (origins, http) = (self.origins.borrow(), self.http.borrow());
        let open = origins.iter().map(|log| log.borrow().done_at.is_none());
        open.zip(&http.idle)
            .filter(|(open, idle)| *open && **idle)
            .count()
    }

    fn peers_done(&self) -> bool {
        let origins = self.origins.borrow();
        let open = origins.iter().filter(|log| log.borrow().done_at.is_none());
        self.client.borrow().done_at.is_some() && open.count() == self.idle()
    }

    fn is_over(&self) -> bool {
        let peers: usize = self.peers.iter().map(SimNet::open_sockets).sum();
        self.peers_done() && self.proxy.open_sockets() == self.idle() && peers == self.idle()
    }

    /// How much a relay holds between the peers.
    fn measure(&mut self) {
        let (client, origins) = (self.client.borrow(), self.origins.borrow());
        let Some(origin) = origins.first() else {
            return;
        };
        let origin = origin.borrow();
        let inside = [
            client.sent.bytes.saturating_sub(origin.seen.bytes),
            origin.sent.bytes.saturating_sub(client.seen.bytes),
        ];
        for (most, now) in self.most_inside.iter_mut().zip(inside) {
            *most = now.max(*most);
        }
    }

    fn outcome(self, took_ms: u64, panic: Option<String>) -> Outcome {
        let origins = self.origins.borrow();
        Outcome {
            client: self.client.borrow().clone(),
            origins: origins.iter().map(|log| log.borrow().clone()).collect(),
            http: self.http.borrow().clone(),
            idle: self.idle(),
            peers_done: self.peers_done(),
            proxy_sockets: self.proxy.open_sockets(),
            peer_sockets: self.peers.iter().map(SimNet::open_sockets).sum(),
            failures: self.faulty.failures(),
            timers_fired: self.faulty.timers_fired(),
            most_inside: self.most_inside,
            took_ms,
            panic,
        }
    }
}

fn builder(schedule: &Schedule, options: Options) -> turmoil::Builder {
    let mut builder = turmoil::Builder::new();
    builder
        .rng_seed(schedule.seed)
        .epoch(SystemTime::UNIX_EPOCH)
        .tick_duration(Duration::from_millis(1))
        .tcp_capacity(65_536)
        .simulation_duration(Duration::from_millis(options.budget_ms * 2));
    builder
}
