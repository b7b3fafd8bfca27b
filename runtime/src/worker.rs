//! One worker: its listeners, its sessions, its pool, on one network and one thread.
//!
//! It owns what the sessions of a worker share, and nothing that another worker could touch. The
//! simulation starts the same worker on its own network.

mod clusters;
mod door;
mod extras;
mod parts;

pub use self::extras::Extras;

use self::{clusters::Clusters, door::Door};
use crate::{
    admission::Admission,
    config::{self, Config},
    drain::Drain,
    driver::{Guarded, Numbers, Service, Shelves},
    linger::{self, Lingering},
    members::News,
    net::{Listener, Network},
    observe::Metrics,
    pool::Pool,
    sessions::Sessions,
    tls::origin::Origins,
    upstream::Cluster,
};
use rustls::ServerConfig;
use std::{
    fmt,
    future::{Future, poll_fn},
    io, iter,
    net::SocketAddr,
    pin::pin,
    rc::Rc,
    sync::Arc,
};
use tokio::task::JoinHandle;

/// What the sessions of one listener are made of.
pub struct Site {
    /// Where it listens.
    pub bind: Vec<SocketAddr>,
    /// What it is configured to do.
    pub listener: config::Listener,
    /// Its certificates, loaded.
    pub tls: Option<Arc<ServerConfig>>,
    /// Who is let in, for all workers.
    pub admission: Arc<Admission>,
    /// How it speaks TLS to each cluster.
    pub origins: Origins,
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site")
            .field("bind", &self.bind)
            .finish_non_exhaustive()
    }
}

/// A running worker.
pub struct Worker<N: Network> {
    net: N,
    extras: Extras,
    /// Of the connections without a session.
    drain: Drain,
    lingering: Lingering,
    alive: Sessions<Guarded<N>>,
    shelves: Rc<Shelves<N>>,
    pool: Pool<N>,
    /// How often it was told what to do.
    generation: u64,
    clusters: Clusters,
    /// By name: the drain of its sessions.
    listeners: Vec<(String, Drain)>,
    doors: Vec<Door<N>>,
    /// Of listeners that are no more, and have sessions.
    gone: Vec<Drain>,
    /// Accept what is in a queue, and end; each with its own drain, whose deadline ends it at once.
    closing: Vec<(Drain, JoinHandle<()>)>,
}

/// Addresses that a worker listens at, and serves nobody at yet.
pub struct Ready<N: Network>(Vec<(SocketAddr, N::Listener)>);

impl<N: Network> fmt::Debug for Ready<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let addresses = self.0.iter().map(|(address, _)| address);
        f.debug_list().entries(addresses).finish()
    }
}

impl<N: Network> fmt::Debug for Worker<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("sessions", &self.sessions())
            .finish_non_exhaustive()
    }
}

impl<N: Network> Worker<N> {
    /// Listens everywhere and begins to serve, on the local tasks of the calling thread.
    ///
    /// # Errors
    ///
    /// The address that cannot be listened at, and why; nothing is left listening.
    pub fn start(
        net: N,
        config: &Config,
        sites: &[Site],
        extras: &Extras,
    ) -> Result<Self, (SocketAddr, io::Error)> {
        let mut worker = Worker::new(net, extras);
        let ready = worker.prepare(sites)?;
        worker.commit(config, sites, &extras.news, ready);
        Ok(worker)
    }

    /// One that serves nobody yet.
    pub fn new(net: N, extras: &Extras) -> Self {
        let (drain, lingering) = (Drain::default(), Lingering::new(linger::MOST));
        let observer = extras.observer.clone();
        let pool = Pool::new(net.clone(), lingering.clone(), drain.clone(), observer);
        let behind = net.clone();
        Worker {
            net,
            extras: extras.clone(),
            drain,
            lingering,
            alive: Sessions::start(move |who| behind.wake_behind(who)),
            shelves: Rc::default(),
            pool,
            generation: 0,
            clusters: Clusters::default(),
            listeners: Vec::new(),
            doors: Vec::new(),
            gone: Vec::new(),
            closing: Vec::new(),
        }
    }

    /// Listens at what is new in `sites`, and serves nobody there yet.
    ///
    /// # Errors
    ///
    /// The address that cannot be listened at, and why; then nothing has changed.
    pub fn prepare(&self, sites: &[Site]) -> Result<Ready<N>, (SocketAddr, io::Error)> {
        let mut listeners = Vec::new();
        for site in sites {
            let buffers = site.listener.buffers;
            for &address in &site.bind {
                if self.doors.iter().any(|door| door.is_at(address, buffers)) {
                    continue;
                }
                let listener = self.net.listen(address, buffers);
                let listener = listener.map_err(|error| (address, error))?;
                tracing::debug!(address = %listener.local(), "listening");
                listeners.push((address, listener));
            }
        }
        Ok(Ready(listeners))
    }

    /// From now on connections are served as `config` says; those that are there stay as they are
    /// (LIFECYCLE 4.8). A listener that is no more accepts what is in its queue, closes, and lets its
    /// sessions finish as in a drain, without a deadline. `sites` are those that it was prepared for.
    pub fn commit(
        &mut self,
        config: &Config,
        sites: &[Site],
        news: &[Option<News>],
        Ready(listeners): Ready<N>,
    ) {
        let mut ready = listeners.into_iter();
        let drawn = (&self.extras, self.seed());
        let clusters = self.clusters.renew(config, news, &self.net, drawn);
        let mut listeners = Vec::new();
        let mut doors = Vec::new();
        // Behind the seeds of the clusters: no two draw alike.
        let first = u64::try_from(clusters.len()).unwrap_or_default();
        for (site, n) in sites.iter().zip(first..) {
            let name = &site.listener.name;
            let known = self.listeners.iter().find(|(known, _)| known == name);
            let drain = known.map(|(_, drain)| drain.clone()).unwrap_or_default();
            listeners.push((name.clone(), drain.clone()));
            let seed = self.seed().wrapping_add(n);
            let service = self.service(config, site, &clusters, (drain, seed));
            for &address in &site.bind {
                let buffers = site.listener.buffers;
                let at = self
                    .doors
                    .iter()
                    .position(|door| door.is_at(address, buffers));
                let door = match at {
                    Some(at) => {
                        let door = self.doors.swap_remove(at);
                        door.leads_to(Rc::clone(&service));
                        door
                    }
                    None => {
                        let Some((_, listener)) = ready.next() else {
                            continue;
                        };
                        let taps = Rc::clone(&self.extras.taps);
                        Door::open((address, buffers), listener, Rc::clone(&service), taps)
                    }
                };
                doors.push(door);
            }
        }
        for door in std::mem::replace(&mut self.doors, doors) {
            self.closing.push(door.close());
        }
        self.closing.retain(|(_, task)| !task.is_finished());
        for (name, drain) in std::mem::replace(&mut self.listeners, listeners) {
            if !self.listeners.iter().any(|(known, _)| *known == name) {
                drain.begin();
                self.gone.push(drain);
            }
        }
        self.gone.retain(Drain::is_used);
        self.generation += 1;
    }

    fn service(
        &self,
        config: &Config,
        site: &Site,
        clusters: &[Rc<Cluster>],
        (drain, seed): (Drain, u64),
    ) -> Rc<Service<N>> {
        let (net, pool) = (self.net.clone(), self.pool.clone());
        let names = config.clusters.iter().map(|cluster| &cluster.name);
        let clustered = names.map(|name| self.extras.observer.cluster(name));
        Rc::new(Service {
            setup: (self.extras.setup)(parts::setup(config, site)),
            tls: site.tls.clone(),
            upstreams: parts::upstreams(net, config, site, clusters, (pool, seed)),
            admission: Arc::clone(&site.admission),
            drain,
            forwarding: site.listener.forwarding.clone(),
            numbers: Numbers::new(!seed),
            buffers: site.listener.buffers,
            lingering: self.lingering.clone(),
            name: site.listener.name.as_str().into(),
            observer: self.extras.observer.clone(),
            roll: self.extras.roll.clone(),
            crowd: self.extras.crowd.clone(),
            sessions: self.alive.clone(),
            shelves: Rc::clone(&self.shelves),
            listened: self.extras.observer.listener(&site.listener.name),
            clustered: clustered.collect(),
            ink: self.extras.ink.clone(),
            // The process counts from the one of its start on.
            generation: self.extras.observer.generation(self.generation + 1),
            nowhere: Arc::from(""),
            paranoid: self.extras.paranoid,
        })
    }

    /// What this generation's draws follow from: no two generations draw alike.
    fn seed(&self) -> u64 {
        self.extras.seed.wrapping_add(self.generation << 32)
    }

    /// Where it listens, in the order of its sites; ports are the real ones.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.doors.iter().map(Door::local).collect()
    }

    /// How many sessions are alive.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.drains().map(Drain::sessions).sum()
    }

    /// How many upstream connections are without a session.
    #[must_use]
    pub fn spares(&self) -> usize {
        self.pool.len()
    }

    /// What its connections have come to so far (LIFECYCLE 4.14).
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.extras.observer.metrics(self.net.now())
    }

    /// Of the pool, and of each listener's sessions.
    fn drains(&self) -> impl Iterator<Item = &Drain> {
        let listeners = self.listeners.iter().map(|(_, drain)| drain);
        iter::once(&self.drain).chain(listeners).chain(&self.gone)
    }

    /// Another process serves: what is idle ends for that reason.
    pub fn is_handed_over(&self) {
        self.drains().for_each(Drain::is_handed_over);
    }

    /// LIFECYCLE 4.9: accepts what is in the queue, closes the listeners, finishes what is in
    /// flight, and returns when the last connection is closed and acknowledged (G8). Once `expired`
    /// is ready, whatever is left is reset (G9). Says how many connections that were.
    pub async fn drain(mut self, expired: impl Future<Output = ()>) -> u64 {
        // G2, G7: connections and requests that are there already count as such, so the reactor
        // is asked before anybody is told; it has its turn between two of ours.
        tokio::task::yield_now().await;
        let doors = std::mem::take(&mut self.doors);
        self.closing.extend(doors.into_iter().map(Door::close));
        let shut: Vec<_> = self.closing.iter().map(|(shut, _)| shut.clone()).collect();
        let all: Vec<_> = self.drains().cloned().collect();
        all.iter().for_each(Drain::begin);
        let cut = || all.iter().map(Drain::cut).sum();
        let mut over = pin!(self.over());
        tokio::select! {
            biased;
            () = &mut over => return cut(),
            () = expired => shut.iter().chain(&all).for_each(Drain::expire),
        }
        over.await;
        cut()
    }

    /// Waits for the last listener, the last session and the last upstream connection.
    async fn over(&mut self) {
        for (_, task) in self.closing.drain(..) {
            // A task that panicked has reset its own connections.
            let _ended = task.await;
        }
        for drain in self.drains() {
            poll_fn(|cx| drain.poll_over(cx)).await;
        }
        self.pool.evict(usize::MAX);
        poll_fn(|cx| self.pool.poll_empty(cx)).await;
    }
}
