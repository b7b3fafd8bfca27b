//! The thread that finds out about endpoints for all workers: its start, and its end.
//!
//! It owns that thread's runtime: health checks, and look-ups of names. It waits for these, never for a
//! worker, and no worker for it; but nobody serves before its names have had a moment to be found.

use super::{checked::checked, trouble::cannot_start};
use crate::{
    check::{Checks, Known},
    config::{Ask, At, Cluster, Config, Protocol},
    dns::{self, Families, Hearer, Name, Stub},
    drain::Drain,
    linger::{self, Lingering},
    members::{self, Roster, UntilNow},
    message::Message,
    net::kernel::Kernel,
    observe::Observer,
    pool::Pool,
    tls::origin,
};
use rustls::{crypto::CryptoProvider, time_provider::TimeProvider};
use std::{
    collections::BTreeMap,
    future::poll_fn,
    hash::{BuildHasher, RandomState},
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        mpsc::{self, SyncSender},
    },
    thread::{self, JoinHandle},
    time::Duration,
};
use tokio::{
    runtime::Builder,
    sync::oneshot,
    task::{JoinSet, LocalSet},
    time::timeout,
};

/// The thread; dropped, it is told to end, and waited for.
#[derive(Debug)]
pub(super) struct Keeper {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.stop.take());
        // One that panicked has said so already.
        let _ended = self.thread.take().map(JoinHandle::join);
    }
}

/// The rosters of the clusters, by index.
pub(super) type Rosters = Vec<Roster>;

/// How long nobody serves for the sake of names that are not found yet, all of them together.
const FIRST: Duration = Duration::from_secs(2);

/// What there is to find out.
#[derive(Debug)]
struct Work {
    checks: Vec<Checks>,
    names: BTreeMap<String, Vec<Hearer>>,
    resolver: Stub,
    families: Families,
    /// How long nobody serves for the sake of names.
    patience: Duration,
}

/// Begins to find out about the endpoints of `config`; with what was `known` before, with what an operator
/// has changed of them, and with the addresses that the names of a cluster had until now: those are theirs
/// until they are looked up.
///
/// # Errors
/// What cannot be loaded, or a thread that cannot be started.
pub(super) fn keep(
    config: &Config,
    known: &Arc<Known>,
    provider: &Arc<CryptoProvider>,
    time: &Arc<dyn TimeProvider>,
    until_now: &dyn Fn(&str) -> Option<UntilNow>,
) -> Result<(Rosters, Option<Keeper>), Message> {
    let mut work = Work {
        checks: Vec::new(),
        names: BTreeMap::new(),
        resolver: Stub::new(&config.dns, provider.secure_random),
        families: config.dns.families,
        patience: Duration::ZERO,
    };
    let mut rosters = Vec::new();
    for cluster in &config.clusters {
        let checks = checks(cluster, known, provider, time)?;
        rosters.push(work.add(cluster, checks, until_now(&cluster.name)));
    }
    if work.checks.is_empty() && work.names.is_empty() {
        return Ok((rosters, None));
    }
    let (stop, stopped) = oneshot::channel::<()>();
    // Whoever starts it may have a runtime of its own, and is to wait all the same.
    let (told, tells) = mpsc::sync_channel(1);
    let thread = thread::Builder::new()
        .name("endpoints".to_owned())
        .spawn(move || {
            let runtime = match Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => {
                    // Whoever started us waits for one answer, and it is this one.
                    let _heard = told.send(Err(cannot_start(&error)));
                    return;
                }
            };
            let local = LocalSet::new();
            runtime.block_on(local.run_until(serve(work, told, stopped)));
        })
        .map_err(|error| cannot_start(&error))?;
    let keeper = Keeper {
        stop: Some(stop),
        thread: Some(thread),
    };
    match tells.recv() {
        Ok(Err(message)) => Err(message),
        Ok(Ok(())) | Err(_) => Ok((rosters, Some(keeper))),
    }
}

impl Work {
    /// What there is to find out about `cluster`; its roster.
    fn add(
        &mut self,
        cluster: &Cluster,
        checks: Option<Checks>,
        until_now: Option<UntilNow>,
    ) -> Roster {
        let mut members = members::configured(cluster);
        for member in &mut members {
            member.up = checks.as_ref().is_none_or(|checks| checks.is_up(member));
        }
        let roster = Roster::new(members);
        if let Some(now) = &until_now {
            let known = |one: &str| cluster.endpoints.iter().any(|other| other.authority == one);
            roster.change(now.changes.only(known));
        }
        for (nth, host, port) in names(cluster) {
            let (of, checks) = (cluster.clone(), checks.clone());
            let member = move |address| {
                let mut member = members::member(&of, nth, address);
                member.up = checks.as_ref().is_none_or(|checks| checks.is_up(&member));
                member
            };
            let authority = &cluster.endpoints[nth].authority;
            let known = until_now.iter().flat_map(|now| now.at(authority));
            let known: Vec<IpAddr> = known.collect();
            if known.is_empty() {
                self.patience = FIRST;
            } else {
                let at = |ip: &IpAddr| member(SocketAddr::new(*ip, port).into());
                roster.replace(nth, known.iter().map(at).collect());
            }
            self.names.entry(host).or_default().push(Hearer {
                roster: roster.clone(),
                nth,
                port,
                known,
                member: Arc::new(member),
            });
        }
        self.checks.extend(checks.map(|checks| Checks {
            roster: roster.clone(),
            ..checks
        }));
        roster
    }
}

/// Which of a cluster's endpoints are names; what each is called, and its port.
fn names(cluster: &Cluster) -> impl Iterator<Item = (usize, String, u16)> {
    let all = cluster.endpoints.iter().enumerate();
    all.filter_map(|(nth, one)| match &one.at {
        At::Address(_) => None,
        At::Name(authority) => Some((nth, authority.host.to_ascii_lowercase(), authority.port)),
    })
}

/// Checks and looks up until `stopped` is; then what has been asked is ended in order, as far as that takes
/// no time. `told` once it may be served.
async fn serve(work: Work, told: SyncSender<Result<(), Message>>, stopped: oneshot::Receiver<()>) {
    let net = Kernel::new();
    let lingering = Lingering::new(linger::MOST);
    let drain = Drain::default();
    let observer = Observer::default();
    let pool = Pool::new(net.clone(), lingering, drain.clone(), observer);
    let mut tasks = JoinSet::new();
    let chance = RandomState::new();
    // It is never sent anything: it is over when everybody has let go of it.
    let (first, mut firsts) = tokio::sync::mpsc::channel::<()>(1);
    for (host, hearers) in work.names {
        let seed = chance.hash_one(&host);
        let (resolver, first) = (work.resolver.clone(), first.clone());
        let name = (Name { host, hearers }, work.families);
        let done = move || drop(first);
        tasks.spawn_local(dns::follow(net.clone(), resolver, name, seed, done));
    }
    drop(first);
    for (index, checks) in work.checks.into_iter().enumerate() {
        let (chance, mut count) = (chance.clone(), 0_u64);
        let seeds = move || {
            count += 1;
            chance.hash_one((index, count))
        };
        tasks.spawn_local(checked(checks, net.clone(), pool.clone(), seeds));
    }
    // Whatever is not known by then is, later.
    let _known = timeout(work.patience, firsts.recv()).await;
    let _heard = told.send(Ok(()));
    // Nothing is ever sent: its end is the word.
    let _ended = stopped.await;
    tasks.shutdown().await;
    drain.begin();
    drain.expire();
    poll_fn(|cx| pool.poll_empty(cx)).await;
}

/// How the endpoints of `cluster` are checked, if they are; its roster is still to come.
fn checks(
    cluster: &Cluster,
    known: &Arc<Known>,
    provider: &Arc<CryptoProvider>,
    time: &Arc<dyn TimeProvider>,
) -> Result<Option<Checks>, Message> {
    let Some(health) = cluster.health.clone() else {
        return Ok(None);
    };
    let alpn = match health.ask {
        Ask::Connect => &[],
        Ask::Http(_) => Protocol::HTTP,
    };
    let origins = origin::load(std::slice::from_ref(cluster), alpn, provider, time)?;
    Ok(Some(Checks {
        cluster: cluster.name.as_str().into(),
        health,
        buffers: cluster.buffers,
        origin: origins.into_iter().next().flatten(),
        roster: Roster::new(Vec::new()),
        known: Arc::clone(known),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{Dns, read_endpoint, testing},
        members::Change,
        tls::provider::provider,
    };

    fn work() -> Work {
        Work {
            checks: Vec::new(),
            names: BTreeMap::new(),
            resolver: Stub::new(&Dns::default(), provider().secure_random),
            families: Families::default(),
            patience: Duration::ZERO,
        }
    }

    fn cluster(endpoints: &[&str]) -> Cluster {
        let mut cluster = testing::cluster(endpoints);
        let read = endpoints.iter().map(|one| read_endpoint(one).unwrap());
        cluster.endpoints = read.collect();
        cluster
    }

    fn addresses(roster: &Roster) -> Vec<String> {
        let members = roster.members();
        let all = members.all.iter();
        all.map(|one| one.address.to_string()).collect()
    }

    /// Whoever has found them, the keeper before or another process.
    #[test]
    fn where_a_name_was_until_now_it_is_until_it_is_looked_up() {
        let mut now = UntilNow::default();
        let ips = ["10.0.0.1", "10.0.0.2"].map(|ip| ip.parse().unwrap());
        now.is_at("db1:1", ips);
        let mut work = work();
        let roster = work.add(&cluster(&["db1:1", "10.0.0.9:1"]), None, Some(now));
        assert_eq!(
            addresses(&roster),
            ["10.0.0.1:1", "10.0.0.2:1", "10.0.0.9:1"]
        );
        assert_eq!(work.names["db1"][0].known, ips);
        assert_eq!(work.patience, Duration::ZERO, "nobody has to wait for it");
    }

    #[test]
    fn what_was_known_of_others_is_nobodys() {
        let mut now = UntilNow::default();
        now.is_at("gone:1", ["10.0.0.1".parse().unwrap()]);
        // It is an address by now.
        now.is_at("10.0.0.9:1", ["10.0.0.2".parse().unwrap()]);
        let drained = Change {
            drained: true,
            ..Change::default()
        };
        now.changes.put("gone:1", drained);
        let mut work = work();
        let roster = work.add(&cluster(&["db2:1", "10.0.0.9:1"]), None, Some(now));
        assert_eq!(addresses(&roster), ["10.0.0.9:1"]);
        assert_eq!(roster.members().changes.all().count(), 0);
        assert!(work.names["db2"][0].known.is_empty());
        assert_eq!(work.patience, FIRST, "of one that is new nothing is known");
    }
}
