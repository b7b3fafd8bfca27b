//! Active health checks: who is asked, when, and who hears what came of it.
//!
//! One task an endpoint and process, not one a worker: an endpoint is asked no more often for having
//! more workers in front of it. It owns the checks and their connections; when they are made and what
//! a result changes, `core/src/health.rs` decides. A change is told once, with its reason; a result
//! that changes nothing is not.

mod once;
#[cfg(test)]
mod tests;

pub use self::once::Failure;
use self::once::{Left, once};
use crate::{
    config::{Ask, Cluster, Health},
    members::{Member, Roster},
    net::{Address, Buffers, Network},
    pool::Pool,
    tls::origin::Terms,
};
use rustls::ClientConfig;
use std::{
    collections::{BTreeMap, BTreeSet},
    future::{Future, poll_fn},
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    task::Poll,
};
use tidegate_core::{
    health::{self, Event, Standing},
    limits::Waits,
    time::Time,
};

/// What was found out about endpoints: by cluster, authority and address. It outlives who found it out,
/// so that whoever checks the same endpoints next begins with what was known. Of endpoints that nobody checks
/// any more nothing is known: they may have become anything.
#[derive(Debug, Default)]
pub struct Known {
    standings: Mutex<BTreeMap<Key, Standing>>,
    /// Checks that were passed, and failed, by cluster.
    results: Mutex<BTreeMap<Arc<str>, [u64; 2]>>,
}

/// A cluster, an authority and an address.
type Key = (String, Arc<str>, Address);

impl Known {
    fn of(&self, cluster: &str, member: &Member) -> Standing {
        let key = key(cluster, member);
        // Each entry is whole by itself, whatever happened to the last holder.
        let known = self.standings.lock();
        let known = known.unwrap_or_else(PoisonError::into_inner);
        known.get(&key).copied().unwrap_or(Standing::Unknown)
    }

    fn learn(&self, cluster: &str, member: &Member, standing: Standing) {
        let known = self.standings.lock();
        let mut known = known.unwrap_or_else(PoisonError::into_inner);
        known.insert(key(cluster, member), standing);
    }

    fn count(&self, cluster: &Arc<str>, event: Event) {
        let at = match event {
            Event::Passed => 0,
            Event::Failed => 1,
            Event::Began => return,
        };
        let mut results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        results.entry(Arc::clone(cluster)).or_default()[at] += 1;
    }

    /// How many checks of the endpoints of this cluster were passed, and how many failed.
    #[must_use]
    pub fn results(&self, cluster: &str) -> [u64; 2] {
        let results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        results.get(cluster).copied().unwrap_or_default()
    }

    /// Whoever is gone for good need not be remembered: a name may have had any number of addresses.
    pub(crate) fn forget(&self, cluster: &str, member: &Member) {
        let known = self.standings.lock();
        let mut known = known.unwrap_or_else(PoisonError::into_inner);
        known.remove(&key(cluster, member));
    }

    /// Remembers those alone that are checked in `clusters`, with whatever addresses. It is for when nobody
    /// checks any others: what is found out of them later would stay.
    pub(crate) fn keep(&self, clusters: &[Cluster]) {
        let checked = clusters.iter().filter(|cluster| cluster.health.is_some());
        let checked: BTreeMap<&str, BTreeSet<&str>> = checked
            .map(|cluster| {
                let endpoints = cluster.endpoints.iter().map(|one| &*one.authority);
                (&*cluster.name, endpoints.collect())
            })
            .collect();
        let known = self.standings.lock();
        let mut known = known.unwrap_or_else(PoisonError::into_inner);
        known.retain(|(cluster, authority, _), _| {
            let all = checked.get(cluster.as_str());
            all.is_some_and(|all| all.contains(&**authority))
        });
        let mut results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        results.retain(|cluster, _| checked.contains_key(&**cluster));
    }
}

fn key(cluster: &str, member: &Member) -> Key {
    let authority = Arc::clone(&member.authority);
    (cluster.to_owned(), authority, member.address)
}

/// How the endpoints of one cluster are checked.
#[derive(Clone, Debug)]
pub struct Checks {
    /// The name of the cluster.
    pub cluster: Arc<str>,
    /// When, and what is asked.
    pub health: Health,
    /// Socket buffers.
    pub buffers: Buffers,
    /// How it is spoken to over TLS.
    pub origin: Option<Arc<ClientConfig>>,
    /// Where the endpoints stand.
    pub roster: Roster,
    /// What was found out before, and is from now on.
    pub known: Arc<Known>,
}

impl Checks {
    /// What `member` counts as before anybody has asked it.
    #[must_use]
    pub fn is_up(&self, member: &Member) -> bool {
        self.begun(member, 0, Time(0)).is_up()
    }

    fn begun(&self, member: &Member, seed: u64, now: Time) -> health::Health {
        let standing = self.known.of(&self.cluster, member);
        health::Health::known(self.health.plan, standing, seed, now)
    }

    fn terms(&self, member: &Member) -> Option<Terms> {
        let config = self.origin.clone()?;
        Some(Terms::new(config, member.expected.clone()?))
    }

    /// Checks `member` for ever. What its connections leave behind, `pool` ends in order.
    pub async fn run<N: Network>(self, net: N, pool: Pool<N>, member: Member, seed: u64) {
        let mut health = self.begun(&member, seed, net.now());
        // Whoever checked it before us may have found something out since the roster was made, and told
        // another one; from now on changes alone are told.
        let up = health.is_up();
        self.roster.set_up(&member.authority, member.address, up);
        let terms = self.terms(&member);
        loop {
            let (at, _check) = health.next();
            net.sleep_until(at).await;
            health.step(net.now(), Event::Began);
            let (late, _give_up) = health.next();
            let asked = once(&net, &self, &member, terms.as_ref());
            let result = match before(net.sleep_until(late), asked).await {
                None => Err(Failure::Late(self.health.plan.timeout)),
                Some((result, left)) => {
                    if let Some(Left { port, read }) = left {
                        pool.retire(port, read, Waits::HTTP, net.now());
                    }
                    result
                }
            };
            let event = match &result {
                Ok(()) => Event::Passed,
                Err(_) => Event::Failed,
            };
            self.known.count(&self.cluster, event);
            if let Some(standing) = health.step(net.now(), event) {
                self.known.learn(&self.cluster, &member, standing);
                self.tell(&member, &result);
                let up = health.is_up();
                self.roster.set_up(&member.authority, member.address, up);
            }
        }
    }

    fn tell(&self, member: &Member, result: &Result<(), Failure>) {
        let Member {
            authority, address, ..
        } = member;
        let (cluster, ask) = (&self.cluster, &self.health.ask);
        match (result, ask) {
            (Ok(()), Ask::Http(request)) => {
                let path = &request.path;
                tracing::info!(%cluster, endpoint = %authority, %address, path, "up: it answers");
            }
            (Ok(()), Ask::Connect) => {
                tracing::info!(%cluster, endpoint = %authority, %address, "up: it takes connections");
            }
            (Err(why), _) => {
                tracing::warn!(%cluster, endpoint = %authority, %address, "down: {why}");
            }
        }
    }
}

/// What `future` comes to, unless `limit` comes first; it is dropped then.
async fn before<T>(limit: impl Future<Output = ()>, future: impl Future<Output = T>) -> Option<T> {
    let (mut limit, mut future) = (pin!(limit), pin!(future));
    poll_fn(|cx| {
        if let Poll::Ready(done) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(done));
        }
        limit.as_mut().poll(cx).map(|()| None)
    })
    .await
}
