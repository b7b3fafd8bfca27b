//! What is known of the process without asking it: for whoever scrapes, while it may be busy.
//!
//! It owns counts of reloads, and what is served now. Nothing on the data path looks here.

use super::work::Common;
use crate::{
    check::Known,
    clock,
    members::Member,
    net::Address,
    observe::{
        Whole,
        sockets::{Places, bare},
        whole::{Certificate, Endpoints, Gets},
    },
};
use std::sync::{Arc, Mutex, PoisonError};

/// What is known; every clone is the same.
#[derive(Clone, Debug)]
pub struct Facts(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    known: Arc<Known>,
    now: Mutex<Now>,
}

#[derive(Debug)]
struct Now {
    common: Arc<Common>,
    certificates: Vec<Certificate>,
    generation: u64,
    /// In order, and in vain.
    reloads: [u64; 2],
    reloaded_at: u64,
}

impl Facts {
    /// It serves as `common` says, from its start on.
    pub(super) fn new(
        common: &Arc<Common>,
        certificates: Vec<Certificate>,
        known: &Arc<Known>,
    ) -> Facts {
        Facts(Arc::new(Inner {
            known: Arc::clone(known),
            now: Mutex::new(Now {
                common: Arc::clone(common),
                certificates,
                generation: 1,
                reloads: [0; 2],
                reloaded_at: clock::unix_seconds(),
            }),
        }))
    }

    /// What is true of the process, but of its sockets and itself.
    #[must_use]
    pub fn whole(&self) -> Whole {
        self.look(|now| {
            let clusters = now.common.config.clusters.iter();
            let endpoints = clusters.map(|cluster| Endpoints {
                cluster: cluster.name.clone(),
                members: all(&now.common, &cluster.name).iter().map(told).collect(),
                checks: cluster
                    .health
                    .is_some()
                    .then(|| self.0.known.results(&cluster.name)),
            });
            Whole {
                generation: now.generation,
                reloads: now.reloads,
                reloaded_at: now.reloaded_at,
                certificates: now.certificates.clone(),
                clusters: endpoints.collect(),
                ..Whole::default()
            }
        })
    }

    /// The certificates that listeners show.
    #[must_use]
    pub fn certificates(&self) -> Vec<Certificate> {
        self.look(|now| now.certificates.clone())
    }

    /// Where its sockets are found.
    #[must_use]
    pub fn places(&self) -> Places {
        self.look(|now| {
            let mut places = Places::default();
            for site in &now.common.sites {
                let name: Arc<str> = site.listener.name.as_str().into();
                for bind in &site.bind {
                    places.listeners.insert(bare(*bind), Arc::clone(&name));
                }
            }
            for cluster in &now.common.config.clusters {
                let name: Arc<str> = cluster.name.as_str().into();
                let members = all(&now.common, &cluster.name);
                for address in members.iter().filter_map(|one| one.address.inet()) {
                    let place = places.clusters.entry(bare(address));
                    place.or_insert_with(|| Arc::clone(&name));
                }
            }
            places
        })
    }

    /// The configuration was read again: it is served, or nothing has changed.
    pub(super) fn reloaded(&self, done: Option<(&Arc<Common>, Vec<Certificate>, u64)>) {
        self.look(|now| match done {
            Some((common, certificates, generation)) => {
                now.common = Arc::clone(common);
                now.certificates = certificates;
                now.generation = generation;
                now.reloads[0] += 1;
                now.reloaded_at = clock::unix_seconds();
            }
            None => now.reloads[1] += 1,
        });
    }

    fn look<T>(&self, with: impl FnOnce(&mut Now) -> T) -> T {
        // Each of its parts is whole by itself, whatever happened to the last holder.
        with(&mut self.0.now.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The endpoints of the cluster of this name as they are now.
fn all(common: &Common, cluster: &str) -> Arc<[Member]> {
    let members = common.members(cluster);
    members.map(|members| members.all).unwrap_or_default()
}

fn told(member: &Member) -> (String, Gets) {
    let gets = match (member.weight(), member.up) {
        (0, _) => Gets::Nothing,
        (_, true) => Gets::Work,
        (_, false) => Gets::Checks,
    };
    (name(&member.authority, member.address), gets)
}

fn name(authority: &str, address: Address) -> String {
    format!("{authority} {address}")
}
