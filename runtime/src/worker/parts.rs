//! What the listeners and clusters of a worker are made of, as the configuration says.
//!
//! It owns nothing but the time-outs that are the same for many.

use super::{Extras, Site};
use crate::{
    config::{self, Action, Config, Plan, Protocol, UpstreamTimeouts},
    members,
    net::Network,
    pool::Pool,
    upstream::{Cluster, Parts, Routes, Target, Uplink, Upstreams, Way},
};
use std::{
    rc::Rc,
    sync::{Arc, Mutex, PoisonError},
};
use tidegate_core::{
    budget::Budget,
    event::Destination,
    group::{Group, Settings},
    http1::ID_BYTES,
    limits::{Timeouts, Waits},
    route::{Host, Path, Share, When},
    session::{Kind, Setup},
    time::Time,
};

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
pub(super) fn setup(config: &Config, site: &Site) -> Setup {
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

/// A cluster as it is configured, with the configured endpoints.
pub(super) fn cluster(
    configured: &config::Cluster,
    now: Time,
    (extras, seed): (&Extras, u64),
) -> Rc<Cluster> {
    let choosing = &configured.choosing;
    let ejection = choosing.ejection.as_ref();
    let settings = Settings {
        balance: configured.balance,
        ejection: ejection.map(|ejection| ejection.rules),
        slow_start: choosing.slow_start,
    };
    let group = Group::new(settings, seed);
    #[cfg(feature = "known-bad")]
    let group = {
        let mut group = group;
        group.break_rule(crate::variant::in_force());
        group
    };
    let cluster = Cluster::new(Parts {
        name: configured.name.as_str().into(),
        group,
        depth: configured.queue.map_or(0, |queue| queue.depth.get()),
        queued: extras.observer.queued(&configured.name),
        counted: extras.observer.cluster(&configured.name),
        budget: Budget::new(configured.retries.allowance),
        failing: ejection.map_or(Box::default(), |one| one.statuses.as_slice().into()),
        declined: configured.retries.statuses.as_slice().into(),
        affinity: choosing.affinity.clone(),
        place: extras.place,
        buffers: configured.buffers,
        takes_connect: configured.takes_connect,
        proxy_protocol: configured.proxy_protocol,
        tls: configured.tls.is_some(),
    });
    cluster.set(now, &members::configured(configured));
    cluster
}

/// Whether a cluster that was made as `known` says can go on as `configured` says, with other endpoints
/// perhaps: those it is told of.
pub(super) fn is_same(known: &config::Cluster, configured: &config::Cluster) -> bool {
    let bare = |cluster: &config::Cluster| config::Cluster {
        endpoints: Vec::new(),
        health: None,
        timeouts: UpstreamTimeouts::default(),
        ..cluster.clone()
    };
    bare(known) == bare(configured)
}

/// The upstream side of `site`, which shares `clusters` with the others.
pub(super) fn upstreams<N: Network>(
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
            name: one.name.as_str().into(),
        }
    };
    let plain = |cluster: usize| target(cluster, config.timeouts(listener, cluster));
    let way = |name: Arc<str>, plan: &Plan| {
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
            name,
        })
    };
    match &listener.protocol {
        Protocol::Http(table) => {
            let mut names = table.routes().iter().map(|route| name(&route.when));
            // A route for each, in the same order.
            let way = |plan: &Plan| way(names.next().unwrap_or_default(), plan);
            Routes::requests(table.map(way), seed)
        }
        Protocol::Passthrough(table) => Routes::names(table.map(|cluster| plain(*cluster))),
        Protocol::Tcp(cluster) => Routes::all(plain(*cluster)),
    }
}

/// A route's host and path, as they are configured: what its requests are counted by.
fn name(when: &When) -> Arc<str> {
    let host = match &when.host {
        Host::Exact(host) => host.clone(),
        Host::Below(host) => format!("*.{host}"),
        Host::Any => String::new(),
    };
    let path = match &when.path {
        Path::Exact(path) => path,
        Path::Under(path) if path.is_empty() => "/",
        Path::Under(path) => path,
    };
    format!("{host}{path}").into()
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
