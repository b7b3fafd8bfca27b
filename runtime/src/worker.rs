//! One worker: its listeners, its sessions, its pool, on one network and one thread.
//!
//! It owns what the sessions of a worker share, and nothing that another worker could touch. The
//! simulation starts the same worker on its own network.

use crate::{
    accept::{Taps, accept},
    admission::Admission,
    config::{self, Action, Config, Plan, Protocol},
    drain::Drain,
    driver::{Numbers, Service},
    linger::{self, Lingering},
    members::{self, Following, News},
    net::{Listener, Network},
    observe::{Metrics, Observer},
    pool::Pool,
    tls::origin::Origins,
    upstream::{Cluster, Parts, Place, Routes, Target, Uplink, Upstreams, Way},
};
use rustls::ServerConfig;
use std::{
    fmt,
    future::{Future, poll_fn},
    io,
    net::SocketAddr,
    pin::pin,
    rc::Rc,
    sync::{Arc, Mutex, PoisonError},
};
use tidegate_core::{
    budget::Budget,
    event::Destination,
    group::{Group, Settings},
    http1::ID_BYTES,
    limits::{Timeouts, Waits},
    route::Share,
    session::{Kind, Setup},
    time::Time,
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
    addresses: Vec<SocketAddr>,
    drain: Drain,
    pool: Pool<N>,
    observer: Observer,
    net: N,
    accepting: Vec<JoinHandle<()>>,
    _following: Vec<Following>,
}

impl<N: Network> fmt::Debug for Worker<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("sessions", &self.sessions())
            .finish_non_exhaustive()
    }
}

/// How a session is set up beyond what the configuration says; production adds nothing.
#[derive(Clone)]
pub struct Extras {
    /// Changes a listener's setup: known-bad variants, in tests.
    pub setup: Rc<dyn Fn(Setup) -> Setup>,
    /// Makes the tap of the n-th session of a listener.
    pub taps: Rc<Taps>,
    /// Whether to walk the wait-for graph after every step.
    pub paranoid: bool,
    /// Where its legs are counted.
    pub observer: Observer,
    /// What its balancers draw follows from this: no two workers have the same.
    pub seed: u64,
    /// Which of the workers it is.
    pub place: Place,
    /// Who tells of the endpoints of each cluster; where nobody does, they are the configured ones.
    pub news: Vec<Option<News>>,
}

impl fmt::Debug for Extras {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Extras")
            .field("paranoid", &self.paranoid)
            .finish_non_exhaustive()
    }
}

impl Default for Extras {
    fn default() -> Self {
        Extras {
            setup: Rc::new(|setup| setup),
            taps: Rc::new(|_| None),
            paranoid: cfg!(debug_assertions),
            observer: Observer::default(),
            seed: 0,
            place: Place::ONLY,
            news: Vec::new(),
        }
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
        let (drain, lingering) = (Drain::default(), Lingering::new(linger::MOST));
        let observer = extras.observer.clone();
        let pool = Pool::new(
            net.clone(),
            lingering.clone(),
            drain.clone(),
            observer.clone(),
        );
        let clusters = clusters(config, net.now(), (extras.place, extras.seed));
        let news = clusters.iter().zip(&extras.news);
        let following = news.filter_map(|(cluster, news)| {
            let net = net.clone();
            let clock = move || net.now();
            Some(members::follow(Rc::clone(cluster), news.clone()?, clock))
        });
        let following = following.collect();
        let mut listening = Vec::new();
        // Behind the seeds of the clusters: no two draw alike.
        let first = u64::try_from(clusters.len()).unwrap_or_default();
        for (site, n) in sites.iter().zip(first..) {
            let seed = extras.seed.wrapping_add(n);
            let pool = pool.clone();
            let service = Rc::new(Service {
                setup: (extras.setup)(setup(config, site)),
                tls: site.tls.clone(),
                upstreams: upstreams(net.clone(), config, site, &clusters, (pool, seed)),
                admission: Arc::clone(&site.admission),
                drain: drain.clone(),
                forwarding: site.listener.forwarding.clone(),
                numbers: Numbers::new(!seed),
                buffers: site.listener.buffers,
                lingering: lingering.clone(),
                name: site.listener.name.as_str().into(),
                observer: observer.clone(),
                paranoid: extras.paranoid,
            });
            for &address in &site.bind {
                let listener = net
                    .listen(address, service.buffers)
                    .map_err(|error| (address, error))?;
                tracing::debug!(address = %listener.local(), "listening");
                listening.push((listener, Rc::clone(&service)));
            }
        }
        let addresses = listening.iter().map(|(one, _)| one.local()).collect();
        let accepting = listening
            .into_iter()
            .map(|(listener, service)| {
                tokio::task::spawn_local(accept::<N>(listener, service, Rc::clone(&extras.taps)))
            })
            .collect();
        Ok(Worker {
            addresses,
            drain,
            pool,
            observer,
            net,
            accepting,
            _following: following,
        })
    }

    /// Where it listens, in the order of its sites; ports are the real ones.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// How many sessions are alive.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.drain.sessions()
    }

    /// How many upstream connections are without a session.
    #[must_use]
    pub fn spares(&self) -> usize {
        self.pool.len()
    }

    /// What its connections have come to so far (LIFECYCLE 4.14).
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.observer.metrics(self.net.now())
    }

    /// LIFECYCLE 4.9: accepts what is in the queue, closes the listeners, finishes what is in
    /// flight, and returns when the last connection is closed and acknowledged (G8). Once `expired`
    /// is ready, whatever is left is reset (G9). Says how many connections that were.
    pub async fn drain(mut self, expired: impl Future<Output = ()>) -> u64 {
        // G2, G7: connections and requests that are there already count as such, so the reactor
        // is asked before anybody is told; it has its turn between two of ours.
        tokio::task::yield_now().await;
        let drain = self.drain.clone();
        drain.begin();
        let mut over = pin!(self.over());
        tokio::select! {
            biased;
            () = &mut over => return drain.cut(),
            () = expired => drain.expire(),
        }
        over.await;
        drain.cut()
    }

    /// Waits for the last listener, the last session and the last upstream connection.
    async fn over(&mut self) {
        for task in self.accepting.drain(..) {
            // A task that panicked has reset its own connections.
            let _ended = task.await;
        }
        poll_fn(|cx| self.drain.poll_over(cx)).await;
        self.pool.evict(usize::MAX);
        poll_fn(|cx| self.pool.poll_empty(cx)).await;
    }
}

/// The one copy of these time-outs, for all workers of the process and as long as it lives: what starts
/// again with the same ones costs nothing.
fn shared(timeouts: Timeouts) -> Waits {
    static KNOWN: Mutex<Vec<Waits>> = Mutex::new(Vec::new());
    // A list that is only ever added to is whole, whatever happened to its last holder.
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(same) = known.iter().find(|known| ***known == timeouts) {
        return *same;
    }
    let waits = Waits::of(timeouts);
    known.push(waits);
    waits
}

/// What a session of `site` is made for, before its cluster is known.
fn setup(config: &Config, site: &Site) -> Setup {
    let listener = &site.listener;
    let (kind, timeouts, up_tls) = match &listener.protocol {
        Protocol::Http(_) => (Kind::Http, listener.timeouts, false),
        // Its cluster is not known before its ClientHello.
        Protocol::Passthrough(_) => (Kind::Tcp, listener.timeouts, false),
        Protocol::Tcp(cluster) => (
            Kind::Tcp,
            config.timeouts(listener, *cluster),
            config.clusters[*cluster].tls.is_some(),
        ),
    };
    Setup {
        limits: config.limits,
        timeouts: shared(timeouts),
        policy: listener.policy,
        proxy_header: listener.access.proxied_by.is_some(),
        passthrough: matches!(listener.protocol, Protocol::Passthrough(_)),
        up_tls,
        id_bytes: ID_BYTES,
        ..Setup::new(kind, site.tls.is_some())
    }
}

/// The clusters of a worker, in the order of the configuration.
fn clusters(config: &Config, now: Time, (place, seed): (Place, u64)) -> Vec<Rc<Cluster>> {
    let all = config.clusters.iter().enumerate();
    all.map(|(index, cluster)| {
        let seed = seed.wrapping_add(u64::try_from(index).unwrap_or_default());
        self::cluster(cluster, now, (place, seed))
    })
    .collect()
}

fn cluster(configured: &config::Cluster, now: Time, (place, seed): (Place, u64)) -> Rc<Cluster> {
    let choosing = &configured.choosing;
    let ejection = choosing.ejection.as_ref();
    let settings = Settings {
        balance: configured.balance,
        ejection: ejection.map(|ejection| ejection.rules),
        slow_start: choosing.slow_start,
    };
    let cluster = Cluster::new(Parts {
        group: Group::new(settings, seed),
        budget: Budget::new(configured.retries.allowance),
        failing: ejection.map_or(Box::default(), |one| one.statuses.as_slice().into()),
        declined: configured.retries.statuses.as_slice().into(),
        affinity: choosing.affinity.clone(),
        place,
        buffers: configured.buffers,
        takes_connect: configured.takes_connect,
        proxy_protocol: configured.proxy_protocol,
        tls: configured.tls.is_some(),
        authority: configured.host().into(),
    });
    cluster.set(now, &members::configured(configured));
    cluster
}

/// The upstream side of `site`, which shares `clusters` with the others.
fn upstreams<N: Network>(
    net: N,
    config: &Config,
    site: &Site,
    clusters: &[Rc<Cluster>],
    (pool, seed): (Pool<N>, u64),
) -> Rc<Upstreams<N>> {
    let listener = &site.listener;
    let uplinks = clusters
        .iter()
        .enumerate()
        .map(|(index, cluster)| Uplink {
            cluster: Rc::clone(cluster),
            timeouts: shared(config.timeouts(listener, index)),
            origin: site.origins.get(index).cloned().flatten(),
        })
        .collect();
    Upstreams::new(net, uplinks, routes(config, listener, seed), pool)
}

/// Where the requests and connections of a listener go.
fn routes(config: &Config, listener: &config::Listener, seed: u64) -> Routes {
    let target = |cluster: usize, timeouts: Timeouts| {
        let one = &config.clusters[cluster];
        let destination = Destination {
            timeouts: shared(timeouts),
            tls: one.tls.is_some(),
        };
        Target {
            cluster,
            destination,
            authority: one.host().to_owned(),
        }
    };
    let plain = |cluster: usize| target(cluster, config.timeouts(listener, cluster));
    let way = |plan: &Plan| {
        let of = |share: &Share| {
            let timeouts = config.timeouts(listener, share.cluster);
            target(share.cluster, plan.timeouts.over(timeouts))
        };
        let targets = match &plan.action {
            Action::Forward(split) => split.shares().iter().map(of).collect(),
            Action::Redirect(_) | Action::Respond(_) => Vec::new(),
        };
        Rc::new(Way {
            plan: plan.clone(),
            targets,
        })
    };
    match &listener.protocol {
        Protocol::Http(table) => Routes::requests(table.map(way), seed),
        Protocol::Passthrough(table) => Routes::names(table.map(|cluster| plain(*cluster))),
        Protocol::Tcp(cluster) => Routes::all(plain(*cluster)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_time_outs_are_kept_once() {
        let other = || Timeouts {
            idle: tidegate_core::time::Span::from_secs(77),
            ..Timeouts::http()
        };
        let (one, two) = (shared(other()), shared(other()));
        assert!(std::ptr::eq(&*one, &*two));
        assert_ne!(one, shared(Timeouts::http()));
    }
}
