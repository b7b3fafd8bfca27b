//! Who the endpoints of a cluster are at the moment, and which of them get work: found out once for the
//! process, and told to every worker.
//!
//! It owns the way there. A worker hears of a change on its own thread and between two turns, so that
//! nothing here is on the path of a request: no lock, no count that threads share.

use crate::{config, net::Address, upstream::Cluster};
use rustls::pki_types::ServerName;
use std::{rc::Rc, sync::Arc};
use tidegate_core::time::Time;
use tokio::{sync::watch, task::JoinHandle};

/// One endpoint as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// `HOST:PORT` as configured.
    pub authority: Arc<str>,
    /// Where it listens.
    pub address: Address,
    /// What its certificate must be for, if it is spoken to over TLS.
    pub expected: Option<Arc<ServerName<'static>>>,
    /// Its part of what the cluster has to do.
    pub share: config::Share,
    /// Whether it gets work.
    pub up: bool,
}

/// The endpoints of a cluster as it is configured; all of them get work.
#[must_use]
pub fn configured(cluster: &config::Cluster) -> Vec<Member> {
    let all = cluster.endpoints.iter().map(|one| Member {
        authority: one.authority.as_str().into(),
        address: one.address,
        expected: cluster.expected(one).map(Arc::new),
        share: one.share,
        up: true,
    });
    all.collect()
}

/// All of a cluster's.
pub type Members = Arc<[Member]>;

/// What a worker hears of one cluster, first how it is now.
pub type News = watch::Receiver<Members>;

/// Whoever knows the endpoints of one cluster.
#[derive(Clone, Debug)]
pub struct Roster(watch::Sender<Members>);

impl Roster {
    /// The endpoints of a cluster as it begins.
    #[must_use]
    pub fn new(members: Vec<Member>) -> Roster {
        Roster(watch::Sender::new(members.into()))
    }

    /// For one more worker.
    #[must_use]
    pub fn news(&self) -> News {
        self.0.subscribe()
    }

    /// How it is now.
    #[must_use]
    pub fn members(&self) -> Members {
        Arc::clone(&self.0.borrow())
    }

    /// Gives an endpoint work, or takes it away.
    pub fn set_up(&self, authority: &str, address: Address, up: bool) {
        self.0.send_if_modified(|members| {
            let same = |one: &Member| *one.authority == *authority && one.address == address;
            if !members.iter().any(|one| same(one) && one.up != up) {
                return false;
            }
            let changed = members.iter().map(|one| Member {
                up: if same(one) { up } else { one.up },
                ..one.clone()
            });
            *members = changed.collect();
            true
        });
    }
}

/// Keeps `cluster` as the news say, for as long as this is held. It runs as a local task of the
/// calling thread.
pub(crate) fn follow(
    cluster: Rc<Cluster>,
    mut news: News,
    clock: impl Fn() -> Time + 'static,
) -> Following {
    cluster.set(clock(), &news.borrow_and_update());
    Following(tokio::task::spawn_local(async move {
        // Once nobody can know better any more, the last that was known stands.
        while news.changed().await.is_ok() {
            cluster.set(clock(), &news.borrow_and_update());
        }
    }))
}

/// A cluster that is kept as the news say.
#[derive(Debug)]
pub(crate) struct Following(JoinHandle<()>);

impl Drop for Following {
    fn drop(&mut self) {
        self.0.abort();
    }
}
