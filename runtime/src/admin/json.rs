//! What is known of connections and of the process, as JSON: the names that scripts rely on.
//!
//! Pure.

use super::joined::{self, Without};
use crate::{
    observe::{Metrics, sockets::Owner},
    roll::{Leg, Said},
    server::{Answers, ClusterStatus, Status},
};
use serde_json::{Value, json};
use std::time::Duration;
use tidegate_core::{close::CloseCause, side::Side, time::Span};

/// Seconds, to the microsecond.
fn seconds(span: Span) -> f64 {
    Duration::from_micros(span.0).as_secs_f64()
}

/// The sessions, the oldest first; the workers that did not say anything of theirs; the sockets that no
/// session has, if they are known; and whose they are.
pub(super) fn connections(mut answers: Answers<Said>, without: Option<&Without>) -> Value {
    answers
        .answers
        .sort_by_key(|said| (std::cmp::Reverse(said.age), said.conn));
    json!({
        "pid": std::process::id(),
        "connections": answers.answers.iter().map(connection).collect::<Vec<_>>(),
        "silent_workers": answers.silent,
        "without_connection": without.map(sockets),
    })
}

fn sockets(without: &Without) -> Value {
    let groups = without.iter().map(|((owner, state), (count, oldest))| {
        let (Owner::Listener(name) | Owner::Cluster(name)) = owner;
        let (scope, side) = match joined::side(owner) {
            Side::Down => ("listener", "downstream"),
            Side::Up => ("cluster", "upstream"),
        };
        json!({
            "scope": scope,
            "name": **name,
            "side": side,
            "state": state,
            "count": count,
            "oldest": seconds(*oldest),
        })
    });
    groups.collect()
}

/// One session.
pub(super) fn connection(said: &Said) -> Value {
    let [client, origin] = &said.legs;
    json!({
        "conn": said.conn.to_string(),
        "listener": said.listener,
        "client.address": said.client.to_string(),
        "phase": said.phase,
        "cluster": said.cluster,
        "server.address": (!said.endpoint.is_empty()).then_some(&said.endpoint),
        "age": seconds(said.age),
        "quiet": seconds(said.quiet),
        "draining": said.draining,
        "timer": said.timer.map(|(timer, left)| json!({
            "name": timer.to_string(),
            "left": seconds(left),
        })),
        "client": client.as_ref().map(leg),
        "origin": origin.as_ref().map(leg),
        "timeline": said.timeline,
    })
}

fn leg(leg: &Leg) -> Value {
    json!({
        "waits_for": leg.wait.to_string(),
        "peer": leg.look.peer,
        "local": leg.look.local.map(|address| address.to_string()),
        "state": leg.look.state,
        "state_for": leg.look.state_for.map(seconds),
        "bytes_in": leg.read,
        "bytes_out": leg.written,
        "unsent": leg.unsent,
        "unacked": leg.look.unacked,
        "half_closed": leg.half_closed.map(seconds),
    })
}

/// How many connections were closed so far, by cause; a cause that none had is left out.
pub(super) fn closed(workers: &[Metrics]) -> Value {
    let counts = CloseCause::ALL.into_iter().filter_map(|cause| {
        let count: u64 = workers
            .iter()
            .map(|worker| worker.listeners.closed(cause))
            .sum();
        (count > 0).then(|| (cause.to_string(), json!(count)))
    });
    Value::Object(counts.collect())
}

/// What is counted of each cluster, by all workers, beside what `told` has of it.
pub(super) fn strips(told: &mut Value, workers: &[Metrics]) {
    let mut sums = Metrics::default();
    workers.iter().for_each(|one| sums.add(one));
    let clusters = told["clusters"].as_array_mut().into_iter().flatten();
    for cluster in clusters {
        let name = cluster["name"].as_str().unwrap_or_default();
        let Some(strip) = sums.clusters.strip(name) else {
            continue;
        };
        let [hit, miss, stale] = strip.pool;
        cluster["pool"] = json!({ "hit": hit, "miss": miss, "stale": stale });
        cluster["answers"] = json!({ "count": strip.answers, "mean": strip.mean.map(seconds) });
        for endpoint in cluster["endpoints"].as_array_mut().into_iter().flatten() {
            let part = |key: &str| endpoint[key].as_str().unwrap_or_default();
            let name = format!("{} {}", part("endpoint"), part("address"));
            endpoint["ejected"] = json!(strip.ejected.contains(&name));
        }
    }
}

/// The process.
pub(super) fn status(status: &Status, connections: usize) -> Value {
    let listeners = status.listeners.iter().map(|(name, bind)| {
        let bind: Vec<_> = bind.iter().map(ToString::to_string).collect();
        json!({ "name": name, "bind": bind })
    });
    let mut all = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "pid": std::process::id(),
        "state": status.state,
        "drain_left": status.left.map(|left| left.as_secs_f64()),
        "generation": status.generation,
        "workers": status.workers,
        "connections": connections,
        "listeners": listeners.collect::<Vec<_>>(),
        "clusters": clusters(status),
    });
    if let Some(confined) = &status.confined {
        all["confined"] = json!(confined);
    }
    all
}

/// The clusters.
pub(super) fn clusters(status: &Status) -> Value {
    status.clusters.iter().map(cluster).collect()
}

/// One cluster.
pub(super) fn cluster(cluster: &ClusterStatus) -> Value {
    let endpoints = cluster.endpoints.iter().map(|one| {
        json!({
            "endpoint": one.authority,
            "address": one.address,
            "up": one.up,
            "weight": one.weight,
            "drained": one.drained,
            "changed": one.changed,
        })
    });
    json!({
        "name": cluster.name,
        "balance": cluster.balance,
        "endpoints": endpoints.collect::<Vec<_>>(),
    })
}
