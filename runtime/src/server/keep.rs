//! The thread that finds out about endpoints for all workers: its start, and its end.
//!
//! It owns that thread's runtime. It waits for checks, never for a worker, and no worker for it.

use super::trouble::cannot_start;
use crate::{
    check::{Checks, Known},
    config::{Ask, Cluster, Config, Protocol},
    drain::Drain,
    linger::{self, Lingering},
    members::{self, Roster},
    message::Message,
    net::kernel::Kernel,
    observe::Observer,
    pool::Pool,
    tls::origin,
};
use rustls::{crypto::CryptoProvider, time_provider::TimeProvider};
use std::{
    future::poll_fn,
    hash::{BuildHasher, RandomState},
    sync::Arc,
    thread::{self, JoinHandle},
};
use tokio::{
    runtime::Builder,
    sync::oneshot,
    task::{JoinSet, LocalSet},
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

/// The rosters of the clusters, by index; none of a cluster that always is as it was configured.
pub(super) type Rosters = Vec<Option<Roster>>;

/// Begins to find out about the endpoints of `config`; with what was `known` before.
///
/// # Errors
/// What cannot be loaded, or a thread that cannot be started.
pub(super) fn keep(
    config: &Config,
    known: &Arc<Known>,
    provider: &Arc<CryptoProvider>,
    time: &Arc<dyn TimeProvider>,
) -> Result<(Rosters, Option<Keeper>), Message> {
    let mut all = Vec::new();
    for cluster in &config.clusters {
        all.push(checks(cluster, known, provider, time)?);
    }
    let rosters = all.iter().map(|one| Some(one.as_ref()?.roster.clone()));
    let rosters = rosters.collect();
    let all: Vec<_> = all.into_iter().flatten().collect();
    if all.is_empty() {
        return Ok((rosters, None));
    }
    let (stop, stopped) = oneshot::channel::<()>();
    let (told, tells) = oneshot::channel();
    let thread = thread::Builder::new()
        .name("checks".to_owned())
        .spawn(move || {
            let runtime = match Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => {
                    // Whoever started us waits for one answer, and it is this one.
                    let _heard = told.send(Err(cannot_start(&error)));
                    return;
                }
            };
            let _heard = told.send(Ok(()));
            let local = LocalSet::new();
            runtime.block_on(local.run_until(serve(all, stopped)));
        })
        .map_err(|error| cannot_start(&error))?;
    let keeper = Keeper {
        stop: Some(stop),
        thread: Some(thread),
    };
    match tells.blocking_recv() {
        Ok(Err(message)) => Err(message),
        Ok(Ok(())) | Err(_) => Ok((rosters, Some(keeper))),
    }
}

/// Checks until `stopped` is; then what has been asked is ended in order, as far as that takes no time.
async fn serve(all: Vec<Checks>, stopped: oneshot::Receiver<()>) {
    let net = Kernel::new();
    let lingering = Lingering::new(linger::MOST);
    let drain = Drain::default();
    let observer = Observer::default();
    let pool = Pool::new(net.clone(), lingering, drain.clone(), observer);
    let mut tasks = JoinSet::new();
    let chance = RandomState::new();
    let mut count = 0_u64;
    for checks in all {
        for member in checks.roster.members().iter() {
            count += 1;
            let (net, pool, seed) = (net.clone(), pool.clone(), chance.hash_one(count));
            let checks = checks.clone();
            tasks.spawn_local(checks.run(net, pool, member.clone(), seed));
        }
    }
    // Nothing is ever sent: its end is the word.
    let _ended = stopped.await;
    tasks.shutdown().await;
    drain.begin();
    drain.expire();
    poll_fn(|cx| pool.poll_empty(cx)).await;
}

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
    let mut members = members::configured(cluster);
    let mut checks = Checks {
        cluster: cluster.name.as_str().into(),
        health,
        buffers: cluster.buffers,
        origin: origins.into_iter().next().flatten(),
        roster: Roster::new(Vec::new()),
        known: Arc::clone(known),
    };
    for member in &mut members {
        member.up = checks.is_up(member);
    }
    checks.roster = Roster::new(members);
    Ok(Some(checks))
}
