//! Serving by another configuration, without a connection that hears of it (LIFECYCLE 4.8).
//!
//! It owns what is served now. A reload is whole or nothing: everything that can fail, files, addresses,
//! workers' sockets, is done before anything changes. It waits for the workers.

use super::{
    claim::{Claimed, claim},
    confined::Confined,
    control::{Again, Refused, line},
    facts::Facts,
    inherited::{Given, Inherited},
    keep::{Keeper, keep},
    plan::plan,
    trouble::cannot_bind,
    work::{Common, Order},
};
use crate::{
    admin::Secure,
    admission::Seats,
    check::Known,
    config::{Config, Tls},
    message::{Code, Message},
    net::kernel::Shares,
    tls::{accept, dev, origin},
};
use rustls::{crypto::CryptoProvider, time_provider::TimeProvider};
use std::{collections::BTreeSet, io, net::SocketAddr, sync::Arc};
use tokio::sync::{mpsc::UnboundedSender, oneshot};

/// What is served now, and what a next generation of it goes on with.
#[derive(Debug)]
pub(super) struct Current {
    pub(super) common: Arc<Common>,
    /// Endpoints are checked for as long as anybody may be sent to them.
    pub(super) keeper: Option<Keeper>,
    /// What is known of endpoints outlives a keeper: the next one begins with it.
    pub(super) known: Arc<Known>,
    /// For whoever looks from another thread.
    pub(super) facts: Facts,
    pub(super) process: Arc<Seats>,
    pub(super) provider: Arc<CryptoProvider>,
    pub(super) time: Arc<dyn TimeProvider>,
    pub(super) shares: Arc<Shares>,
    pub(super) orders: Vec<UnboundedSender<Order>>,
    /// What we were given, and nobody asked for yet.
    pub(super) inherited: Inherited,
    /// How often the configuration was read.
    pub(super) generation: u64,
    /// How far it is confined, if it was to be.
    pub(super) confined: Option<Confined>,
    /// What secures the admin interface, if that is secured: it stays where it is, with its files read again.
    pub(super) admin: Option<Secure>,
}

impl Current {
    /// Reads the configuration again, and serves by it, or as before. Says what has changed.
    ///
    /// # Errors
    /// Why nothing has.
    pub(super) async fn read_again(
        &mut self,
        again: &mut Again<'_>,
    ) -> Result<Vec<String>, String> {
        let config = match again() {
            Ok(config) => config,
            Err(why) => {
                self.facts.reloaded(None);
                tracing::error!("not reloaded: the configuration is wrong; nothing was changed");
                return Err(why);
            }
        };
        let plan = self.plan(&config);
        match self.reload(&config).await {
            Ok(()) => {
                let generation = self.generation;
                tracing::info!(generation, "reloaded: {}", plan.join("; "));
                Ok(plan)
            }
            Err(message) => {
                self.facts.reloaded(None);
                let code = message.code();
                tracing::error!(%code, "not reloaded: {}; nothing was changed", message.what());
                Err(line(&message))
            }
        }
    }

    /// Makes development certificates anew, and serves as before, with all files of certificates as they are
    /// now.
    ///
    /// # Errors
    /// Why that is not so; what is served has not changed.
    pub(super) async fn renew(&mut self) -> Result<(), Refused> {
        let config = self.common.config.clone();
        let tls = config.listeners.iter().filter_map(|one| one.tls.as_ref());
        let directories: BTreeSet<_> = tls
            .filter_map(|tls| match tls {
                Tls::Dev(directory) => Some(directory),
                Tls::Files(_) => None,
            })
            .collect();
        let (provider, time) = (&self.provider, self.time.as_ref());
        let made = self.readable(&config).and_then(|()| {
            let mut all = directories.into_iter();
            all.try_for_each(|directory| dev::renew(directory, provider, time).map(drop))
        });
        let done = match made {
            Ok(()) => self.reload(&config).await,
            Err(message) => Err(message),
        };
        match done {
            Ok(()) => {
                let generation = self.generation;
                tracing::info!(generation, "certificates were read again");
                Ok(())
            }
            Err(message) => {
                self.facts.reloaded(None);
                let (code, what) = (message.code(), message.what());
                tracing::error!(%code, "certificates were not read again: {what}");
                Err(Refused::Wrong(line(&message)))
            }
        }
    }

    /// Whether all files of certificates can be used but those that we make: known before any of those is
    /// made.
    fn readable(&self, config: &Config) -> Result<(), Message> {
        let (provider, time) = (&self.provider, &self.time);
        for listener in &config.listeners {
            match (&listener.tls, &listener.clients) {
                (Some(Tls::Dev(_)), Some(clients)) => {
                    accept::verifier(clients, provider)?;
                }
                (Some(Tls::Dev(_)), None) => {}
                (Some(Tls::Files(_)) | None, _) => {
                    accept::load(listener, provider, time)?;
                }
            }
            origin::load(&config.clusters, listener.protocol.spoken(), provider, time)?;
        }
        if let Some(secure) = &self.admin {
            secure.again(config.admin.tls.as_ref(), (provider, time))?;
        }
        Ok(())
    }

    /// What serving by `config` would change.
    pub(super) fn plan(&self, config: &Config) -> Vec<String> {
        let mut parts = plan(&self.common.config, config);
        parts.extend(self.common.plan_of_changes(config));
        parts
    }

    /// Serves as `config` says from now on.
    ///
    /// # Errors
    /// What cannot be loaded or listened at; then nothing has changed.
    pub(super) async fn reload(&mut self, config: &Config) -> Result<(), Message> {
        let with = (&self.provider, &self.time);
        let admin = match &self.admin {
            Some(secure) => secure.again(config.admin.tls.as_ref(), with)?,
            None => None,
        };
        let before = &self.common;
        // Held until the workers listen themselves.
        let Claimed {
            sites,
            held: _held,
            given,
            certificates,
        } = claim(
            config,
            with,
            &self.process,
            (Some(before), &mut self.inherited),
        )?;
        let until_now = |cluster: &str| before.until_now(cluster);
        let kept = keep(config, &self.known, with.0, with.1, &until_now);
        let (given, rosters, keeper) = match kept.and_then(|kept| Ok((twice(&given)?, kept))) {
            Ok((again, (rosters, keeper))) => {
                for (at, given) in given {
                    let sockets = given.into_iter().map(|given| given.socket);
                    self.shares.sockets().give(at, sockets, before.workers);
                }
                (again, rosters, keeper)
            }
            Err(message) => {
                self.inherited.put_back(given);
                return Err(message);
            }
        };
        let common = Arc::new(Common {
            config: config.clone(),
            sites,
            shares: Arc::clone(&self.shares),
            rosters,
            inks: before.inks.clone(),
            workers: before.workers,
        });
        if let Err(message) = self.prepare(&common).await {
            self.say(|| Order::Forget);
            for (at, _) in &given {
                self.shares.sockets().forget(*at);
            }
            self.inherited.put_back(given);
            return Err(message);
        }
        for address in before.addresses() {
            if !common.addresses().any(|other| other == address) {
                self.shares.close_at(address);
                self.inherited.is_free(address);
            }
        }
        self.say(|| Order::Commit);
        if let (Some(secure), Some(next)) = (&self.admin, admin) {
            secure.replace(next);
        }
        self.common = common;
        self.generation += 1;
        let done = (&self.common, certificates, self.generation);
        self.facts.reloaded(Some(done));
        // The one before ends here: whoever it had told is told by the new one.
        self.keeper = keeper;
        // Nobody finds anything out any more of who is gone.
        self.known.keep(&self.common.config.clusters);
        Ok(())
    }

    /// Has every worker listen at what is new.
    async fn prepare(&self, common: &Arc<Common>) -> Result<(), Message> {
        let mut answers = Vec::new();
        for worker in &self.orders {
            let (told, tells) = oneshot::channel();
            // A worker that is gone answers so, below.
            let _heard = worker.send(Order::Prepare(Arc::clone(common), told));
            answers.push(tells);
        }
        for answer in answers {
            let gone = |_| Message::new(Code::WorkerFailed, "a worker is gone");
            answer.await.map_err(gone)??;
        }
        Ok(())
    }

    fn say(&self, order: impl Fn() -> Order) {
        for worker in &self.orders {
            let _heard = worker.send(order());
        }
    }
}

/// What was given, in descriptors of its own: it stays open whatever becomes of what the workers get.
fn twice(given: &[(SocketAddr, Vec<Given>)]) -> Result<Vec<(SocketAddr, Vec<Given>)>, Message> {
    let again = given.iter().map(|(at, all)| {
        let all = all.iter().map(Given::again).collect::<io::Result<_>>();
        all.map(|all| (*at, all))
            .map_err(|error| cannot_bind(*at, &error))
    });
    again.collect()
}
