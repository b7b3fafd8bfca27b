//! One cluster, as all listeners of one worker use it: its endpoints, what they have to do, who is next.
//!
//! It owns the choice and the counts that the choice looks at. It waits for nothing, and knows nothing
//! of listeners: what differs between them is in [`Uplink`].

use crate::{members::Member, net::Buffers, tls::origin::Terms};
use rustls::{ClientConfig, pki_types::ServerName};
use std::{
    cell::{Cell, RefCell},
    net::SocketAddr,
    rc::Rc,
    sync::Arc,
};
use tidegate_core::{balance::Balancer, budget::Budget, limits::Waits, time::Time};

/// One endpoint of a cluster.
#[derive(Debug)]
pub struct Endpoint {
    /// `HOST:PORT` as configured.
    pub authority: Box<str>,
    /// Where it listens.
    pub address: SocketAddr,
    /// What its certificate must be for, if it is spoken to over TLS.
    pub expected: Option<Arc<ServerName<'static>>>,
    load: Cell<u32>,
}

impl Endpoint {
    /// An endpoint that has nothing to do.
    #[must_use]
    pub fn new(
        authority: &str,
        address: SocketAddr,
        expected: Option<ServerName<'static>>,
    ) -> Rc<Endpoint> {
        Rc::new(Endpoint {
            authority: authority.into(),
            address,
            expected: expected.map(Arc::new),
            load: Cell::default(),
        })
    }

    fn of(member: &Member) -> Rc<Endpoint> {
        Rc::new(Endpoint {
            authority: (&*member.authority).into(),
            address: member.address,
            expected: member.expected.clone(),
            load: Cell::default(),
        })
    }

    /// How many sessions have it.
    #[must_use]
    pub fn load(&self) -> u32 {
        self.load.get()
    }
}

/// One cluster of one worker.
#[derive(Debug)]
pub struct Cluster {
    /// Its endpoints.
    all: RefCell<Vec<Rc<Endpoint>>>,
    /// Those that get work.
    endpoints: RefCell<Vec<Rc<Endpoint>>>,
    /// How many of its requests are sent again.
    budget: RefCell<Budget>,
    /// Who is next.
    balancer: RefCell<Balancer>,
    /// Socket buffers of its connections.
    pub buffers: Buffers,
    /// Whether CONNECT requests may go to it.
    pub takes_connect: bool,
    /// Whether its endpoints are spoken to over TLS.
    pub tls: bool,
    /// The Host of a request that came without one.
    pub authority: Box<str>,
}

/// What a cluster is made of.
#[derive(Debug)]
pub struct Parts {
    /// Its endpoints.
    pub endpoints: Vec<Rc<Endpoint>>,
    /// How many of its requests are sent again.
    pub budget: Budget,
    /// Who is next.
    pub balancer: Balancer,
    /// Socket buffers of its connections.
    pub buffers: Buffers,
    /// Whether CONNECT requests may go to it.
    pub takes_connect: bool,
    /// Whether its endpoints are spoken to over TLS.
    pub tls: bool,
}

impl Cluster {
    /// A cluster that has been asked for nothing.
    #[must_use]
    pub fn new(parts: Parts) -> Rc<Cluster> {
        let authority = parts.endpoints.first();
        Rc::new(Cluster {
            authority: authority.map_or_else(Box::default, |one| one.authority.clone()),
            all: RefCell::new(parts.endpoints.clone()),
            endpoints: RefCell::new(parts.endpoints),
            budget: RefCell::new(parts.budget),
            balancer: RefCell::new(parts.balancer),
            buffers: parts.buffers,
            takes_connect: parts.takes_connect,
            tls: parts.tls,
        })
    }

    /// One more request, which earns others the right to be sent again.
    pub(super) fn earn(&self, now: Time) {
        self.budget.borrow_mut().earn(now);
    }

    /// Whether a request may be sent again.
    pub(super) fn spend(&self, now: Time) -> bool {
        self.budget.borrow_mut().spend(now)
    }

    /// Its endpoints are these from now on. One that stays keeps its count; one that goes, or gets no
    /// work, keeps the sessions it has.
    pub(crate) fn set(&self, members: &[Member]) {
        let mut all = self.all.borrow_mut();
        let one = |member: &Member| {
            let same = |one: &&Rc<Endpoint>| {
                *one.authority == *member.authority && one.address == member.address
            };
            let known = all.iter().find(same).map(Rc::clone);
            known.unwrap_or_else(|| Endpoint::of(member))
        };
        let now: Vec<_> = members.iter().map(one).collect();
        let up = members.iter().zip(&now).filter(|(member, _)| member.up);
        *self.endpoints.borrow_mut() = up.map(|(_, one)| Rc::clone(one)).collect();
        *all = now;
    }

    /// The endpoint that is next; none if there are none.
    pub(super) fn pick(&self) -> Option<Pick> {
        let endpoints = self.endpoints.borrow();
        let load = |at: usize| endpoints[at].load();
        let at = self.balancer.borrow_mut().pick(endpoints.len(), load)?;
        Some(Pick {
            at,
            endpoint: Rc::clone(&endpoints[at]),
        })
    }

    /// The `most - 1` endpoints behind `pick`, for as long as a connect to those before them fails.
    pub(super) fn behind(&self, pick: &Pick, most: usize) -> impl Iterator<Item = Rc<Endpoint>> {
        let endpoints = self.endpoints.borrow();
        let count = endpoints.len();
        let others = (1..count.min(most)).map(|n| Rc::clone(&endpoints[(pick.at + n) % count]));
        others.collect::<Vec<_>>().into_iter()
    }
}

/// An endpoint that was chosen.
#[derive(Debug)]
pub(super) struct Pick {
    at: usize,
    pub(super) endpoint: Rc<Endpoint>,
}

/// One session that has an endpoint, or is about to; dropped, it is counted no longer.
#[derive(Debug)]
pub struct Held {
    endpoint: Rc<Endpoint>,
    cluster: usize,
}

impl Held {
    /// Counts one more for `endpoint`, which belongs to the cluster with index `cluster`.
    #[must_use]
    pub fn new(endpoint: &Rc<Endpoint>, cluster: usize) -> Held {
        endpoint.load.set(endpoint.load.get() + 1);
        Held {
            endpoint: Rc::clone(endpoint),
            cluster,
        }
    }

    /// The endpoint.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The index of its cluster.
    #[must_use]
    pub fn cluster(&self) -> usize {
        self.cluster
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.endpoint.load.set(self.endpoint.load.get() - 1);
    }
}

/// What one listener has of a cluster.
#[derive(Debug)]
pub struct Uplink {
    /// The cluster.
    pub cluster: Rc<Cluster>,
    /// The waits of a session that uses it.
    pub timeouts: Waits,
    /// How it is spoken to over TLS.
    pub origin: Option<Arc<ClientConfig>>,
}

impl Uplink {
    /// What a connection to `endpoint` is secured by; nothing if it is spoken to in the clear.
    pub(super) fn terms(&self, endpoint: &Endpoint) -> Option<Terms> {
        let config = self.origin.clone()?;
        Some(Terms::new(config, endpoint.expected.clone()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_gone_is_counted_no_longer() {
        let endpoint = Endpoint::new("a:1", ([127, 0, 0, 1], 1).into(), None);
        let one = Held::new(&endpoint, 0);
        let other = Held::new(&endpoint, 0);
        assert_eq!(endpoint.load(), 2);
        drop(one);
        assert_eq!(endpoint.load(), 1);
        drop(other);
        assert_eq!(endpoint.load(), 0);
    }
}
