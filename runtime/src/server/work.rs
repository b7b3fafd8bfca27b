//! The life of one worker's thread: it starts, serves until it is told to leave, and drains.
//!
//! It owns the thread's tasks, which rest in its network. It waits for the words of the server.

use super::{
    Served, Word,
    ask::{Ask, answer},
    keep::Rosters,
    ledger::Ledger,
    seldom::Seldom,
    trouble::{cannot_bind, cannot_start},
};
use crate::{
    config::Config,
    log::Ink,
    members::{Members, News, Roster},
    message::Message,
    net::{
        Network,
        kernel::{Kernel, Share, Shares},
    },
    observe::{Metrics, Observer},
    upstream::Place,
    worker::{Extras, Site, Worker},
};
use std::{
    convert::Infallible,
    hash::{BuildHasher, RandomState},
    net::SocketAddr,
    sync::{Arc, mpsc},
};
use tidegate_core::time::{Span, Time};
use tokio::{
    sync::{mpsc::UnboundedReceiver, oneshot, watch},
    task::LocalSet,
};

/// What the workers of a process have in common; none of it is on the data path.
#[derive(Debug)]
pub(super) struct Common {
    pub(super) config: Config,
    pub(super) sites: Vec<Site>,
    pub(super) shares: Arc<Shares>,
    pub(super) rosters: Rosters,
    /// What each worker writes its lines with.
    pub(super) inks: Vec<Ink>,
    /// How many they are.
    pub(super) workers: usize,
}

impl Common {
    /// Where it listens, ports as they are.
    pub(super) fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.sites.iter().flat_map(|site| site.bind.iter().copied())
    }

    /// The listener of this name.
    pub(super) fn site(&self, name: &str) -> Option<&Site> {
        self.sites.iter().find(|site| site.listener.name == name)
    }

    /// Who tells of the endpoints of the cluster of this name, if there is one.
    pub(super) fn roster(&self, cluster: &str) -> Option<&Roster> {
        let mut all = self.config.clusters.iter();
        self.rosters.get(all.position(|one| one.name == cluster)?)
    }

    /// Who they are now.
    pub(super) fn members(&self, cluster: &str) -> Option<Members> {
        self.roster(cluster).map(Roster::members)
    }

    fn news(&self) -> Vec<Option<News>> {
        let all = self.rosters.iter();
        all.map(|one| Some(one.news())).collect()
    }
}

/// What a worker is told while it serves.
#[derive(Debug)]
pub(super) enum Order {
    /// Listen at what is new, and say whether that went well.
    Prepare(Arc<Common>, oneshot::Sender<Result<(), Message>>),
    /// Serve by what was prepared.
    Commit,
    /// Serve on as before.
    Forget,
}

/// What a worker hears: how to go on, what to do, and what somebody wants to know.
pub(super) type Words = (
    watch::Receiver<Word>,
    UnboundedReceiver<Order>,
    UnboundedReceiver<Ask>,
);

pub(super) type Told = mpsc::Sender<Result<(), Message>>;

/// The life of one worker's thread.
pub(super) fn work(
    (index, ledger): (usize, &Ledger),
    common: &Common,
    words: Words,
    told: &Told,
) -> (Served, Metrics) {
    let observer = Observer::among(index, &ledger.named);
    if let Some(ink) = common.inks.get(index) {
        observer.writes_with(ink.clone());
    }
    let extras = Extras {
        observer: observer.clone(),
        ink: common.inks.get(index).cloned(),
        seed: RandomState::new().hash_one(index),
        news: common.news(),
        place: Place {
            index: u32::try_from(index).unwrap_or_default(),
            workers: u32::try_from(common.workers).unwrap_or(u32::MAX),
        },
        ..Extras::default()
    };
    let kernel = Kernel::sharing(Share::new(Arc::clone(&common.shares), index));
    let life = serve(kernel.clone(), common, &extras, words, told);
    let served = kernel.run(life).unwrap_or_else(|error| {
        // Whoever started us waits for one answer, and it is this one.
        let _heard = told.send(Err(cannot_start(&error)));
        Served::Forced
    });
    // Of the sessions too that were dropped with the worker: none is left, at whatever time.
    let metrics = observer.metrics(Time(0));
    ledger.ended(index, &metrics);
    (served, metrics)
}

async fn serve(
    kernel: Kernel,
    common: &Common,
    extras: &Extras,
    (mut words, orders, asks): Words,
    told: &Told,
) -> Served {
    let local = LocalSet::new();
    let (roll, observer) = (extras.roll.clone(), extras.observer.clone());
    // Also while it drains; it ends with the worker.
    local.spawn_local(answer(asks, roll, observer.clone(), kernel.clone()));
    local.spawn_local(watch_lag(observer, kernel.clone(), words.clone()));
    let life = async move {
        let mut worker = Worker::new(kernel, extras);
        let ready = match worker.prepare(&common.sites) {
            Ok(ready) => ready,
            Err((address, error)) => {
                let _heard = told.send(Err(cannot_bind(address, &error)));
                return Served::Forced;
            }
        };
        if told.send(Ok(())).is_err() {
            return Served::Forced;
        }
        // Nobody is served before it is certain that everybody is.
        let begin = words.wait_for(|word| *word >= Word::Serve).await;
        if !matches!(begin.map(|word| *word), Ok(Word::Serve)) {
            return Served::Forced;
        }
        worker.commit(&common.config, &common.sites, &extras.news, ready);
        // The sender outlives every worker; if it did not, stopping would be right.
        let first = tokio::select! {
            word = words.wait_for(|word| *word >= Word::Drain) => word.map(|word| *word),
            never = obey(&mut worker, orders) => match never {},
        };
        match first {
            Ok(Word::Drain | Word::Expired) => {}
            Ok(Word::HandedOver) => worker.is_handed_over(),
            Ok(Word::Start | Word::Serve | Word::Leave | Word::Stop) | Err(_) => {
                return Served::Forced;
            }
        }
        let mut stop = words.clone();
        let expired = async move { drop(words.wait_for(|word| *word >= Word::Expired).await) };
        tokio::select! {
            cut = worker.drain(expired) => drained(cut),
            _ = stop.wait_for(|word| *word == Word::Stop) => Served::Forced,
        }
    };
    local.run_until(Seldom::of(life)).await
}

/// How often it is looked at how late the worker is, and whose numbers are nobody's any more.
const LAG_EVERY: Span = Span::from_secs(1);

/// Looks by how much the worker comes too late to a moment that it waits for: that long somebody else
/// had its thread. It ends with the worker.
async fn watch_lag(observer: Observer, net: Kernel, words: watch::Receiver<Word>) {
    loop {
        let due = net.now() + LAG_EVERY;
        net.sleep_until(due).await;
        observer.lags(net.now().since(due));
        // In a drain every listener goes, and what has become of all is the last word.
        if *words.borrow() < Word::Drain {
            observer.forget_gone();
        }
    }
}

/// Does what it is told, one order after the other.
async fn obey(worker: &mut Worker<Kernel>, mut orders: UnboundedReceiver<Order>) -> Infallible {
    let mut prepared = None;
    while let Some(order) = orders.recv().await {
        match order {
            Order::Prepare(common, told) => {
                let ready = worker.prepare(&common.sites);
                let ready = ready.map_err(|(address, error)| cannot_bind(address, &error));
                // Whoever has asked waits for the answer.
                let _heard = told.send(ready.map(|ready| prepared = Some((common, ready))));
            }
            Order::Commit => {
                if let Some((common, ready)) = prepared.take() {
                    worker.commit(&common.config, &common.sites, &common.news(), ready);
                }
            }
            Order::Forget => prepared = None,
        }
    }
    std::future::pending().await
}

/// How a worker has ended that drained and had to reset so many connections.
fn drained(cut: u64) -> Served {
    if cut == 0 {
        return Served::Drained;
    }
    tracing::warn!(connections = cut, "reset at the drain deadline");
    Served::Forced
}
