//! One cluster, as all listeners of one worker use it: its endpoints, and whom its requests go to.
//!
//! It owns the addresses behind the slots of a [`Group`], which decides. It waits for nothing, and knows
//! nothing of listeners: what differs between them is in [`Uplink`].

use super::place::Place;
use crate::{
    config::{self, Affinity},
    members::Member,
    net::{Address, Buffers},
    tls::origin::Terms,
};
use rustls::{ClientConfig, pki_types::ServerName};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
};
use tidegate_core::{
    budget::Budget,
    event::Refusal,
    group::{self, Choice, Group, Outcome, Slot, Spec},
    limits::Waits,
    lookup::Unresolved,
    proxy_protocol::Version,
    time::Time,
};

/// One endpoint of a cluster.
#[derive(Debug)]
pub struct Endpoint {
    /// `HOST:PORT` as configured.
    pub authority: Box<str>,
    /// Where it listens.
    pub address: Address,
    /// What its certificate must be for, if it is spoken to over TLS.
    pub expected: Option<Arc<ServerName<'static>>>,
}

impl Endpoint {
    fn of(member: &Member) -> Rc<Endpoint> {
        Rc::new(Endpoint {
            authority: (&*member.authority).into(),
            address: member.address,
            expected: member.expected.clone(),
        })
    }
}

/// What a member is to its group: known by its name and address, on every worker alike.
fn spec(member: &Member, place: Place) -> Spec {
    let name = format!("{} {}", member.authority, member.address);
    let config::Share {
        weight,
        tier,
        max_connections,
    } = member.share;
    Spec {
        id: group::hash(name.as_bytes()),
        weight,
        tier,
        most: max_connections.map_or(u32::MAX, |most| place.part(most.get())),
    }
}

/// One cluster of one worker.
#[derive(Debug)]
pub struct Cluster {
    group: RefCell<Group>,
    /// By slot; of those that are gone, for as long as nobody else has the slot.
    endpoints: RefCell<Vec<Rc<Endpoint>>>,
    /// Why it has none, if it has none.
    lacking: Cell<Option<Unresolved>>,
    /// How many of its requests are sent again.
    budget: RefCell<Budget>,
    /// Statuses of responses that say that an endpoint cannot answer.
    failing: Box<[u16]>,
    /// Statuses of responses for which a request is sent again.
    pub(super) declined: Box<[u16]>,
    /// What a request's endpoint follows from, if it does.
    pub(super) affinity: Option<Affinity>,
    place: Place,
    /// Socket buffers of its connections.
    pub buffers: Buffers,
    /// Whether CONNECT requests may go to it.
    pub takes_connect: bool,
    /// The version of the PROXY header that its connections begin with, if they do.
    pub proxy_protocol: Option<Version>,
    /// Whether its endpoints are spoken to over TLS.
    pub tls: bool,
}

/// What a cluster is made of.
#[derive(Debug)]
pub struct Parts {
    /// Who decides; it has no members yet.
    pub group: Group,
    /// How many of its requests are sent again.
    pub budget: Budget,
    /// Statuses of responses that say that an endpoint cannot answer.
    pub failing: Box<[u16]>,
    /// Statuses of responses for which a request is sent again.
    pub declined: Box<[u16]>,
    /// What a request's endpoint follows from, if it does.
    pub affinity: Option<Affinity>,
    /// Which of the workers it belongs to.
    pub place: Place,
    /// Socket buffers of its connections.
    pub buffers: Buffers,
    /// Whether CONNECT requests may go to it.
    pub takes_connect: bool,
    /// The version of the PROXY header that its connections begin with, if they do.
    pub proxy_protocol: Option<Version>,
    /// Whether its endpoints are spoken to over TLS.
    pub tls: bool,
}

/// Whom a request goes to.
#[derive(Debug)]
pub(super) enum Picked {
    /// The session's share in the endpoint that is next.
    Share(Held),
    /// All that there are have as much to do as they may.
    Busy,
    /// There is none, or none that was not tried.
    Nobody,
}

impl Cluster {
    /// A cluster that has been asked for nothing, and has no endpoints yet.
    #[must_use]
    pub fn new(parts: Parts) -> Rc<Cluster> {
        Rc::new(Cluster {
            group: RefCell::new(parts.group),
            endpoints: RefCell::default(),
            lacking: Cell::new(None),
            budget: RefCell::new(parts.budget),
            failing: parts.failing,
            declined: parts.declined,
            affinity: parts.affinity,
            place: parts.place,
            buffers: parts.buffers,
            takes_connect: parts.takes_connect,
            proxy_protocol: parts.proxy_protocol,
            tls: parts.tls,
        })
    }

    /// Its endpoints are these from now on. Who was one before, by name and address, keeps its load and
    /// its record; who is one no longer, or gets no work, keeps the sessions it has.
    pub(crate) fn set(&self, now: Time, members: &[Member]) {
        let specs: Vec<_> = members.iter().map(|one| spec(one, self.place)).collect();
        let mut group = self.group.borrow_mut();
        let slots = group.set(now, &specs);
        let mut endpoints = self.endpoints.borrow_mut();
        for (slot, member) in slots.into_iter().zip(members) {
            group.set_health(slot, now, member.up);
            match endpoints.get_mut(slot.index()) {
                Some(known) => *known = Endpoint::of(member),
                None => endpoints.push(Endpoint::of(member)),
            }
        }
    }

    /// Why it has no endpoints, if it has none.
    pub(crate) fn lacks(&self, why: Option<Unresolved>) {
        self.lacking.set(why);
    }

    /// Why nobody could be picked.
    pub(super) fn nobody(&self) -> Refusal {
        self.lacking
            .get()
            .map_or(Refusal::NoEndpoint, Refusal::NoAddress)
    }

    /// One more request, which earns others the right to be sent again.
    pub(super) fn earn(&self, now: Time) {
        self.budget.borrow_mut().earn(now);
    }

    /// Whether a request may be sent again.
    pub(super) fn spend(&self, now: Time) -> bool {
        self.budget.borrow_mut().spend(now)
    }

    /// A share in the endpoint that is next, but in none of `tried`. `index`: the cluster's own.
    pub(super) fn pick(
        self: &Rc<Self>,
        now: Time,
        index: usize,
        key: Option<u64>,
        tried: &[Slot],
    ) -> Picked {
        let choice = self.group.borrow_mut().pick(now, key, tried);
        match choice {
            Choice::Endpoint(slot) => Picked::Share(Held::new(self, slot, index)),
            Choice::Busy => Picked::Busy,
            Choice::None => Picked::Nobody,
        }
    }

    /// What came of an endpoint that was asked.
    fn outcome(&self, slot: Slot, now: Time, outcome: Outcome) {
        let ejected = self.group.borrow_mut().outcome(slot, now, outcome);
        if let Some(span) = ejected {
            let endpoints = self.endpoints.borrow();
            let (endpoint, address) = (
                &endpoints[slot.index()].authority,
                endpoints[slot.index()].address,
            );
            tracing::warn!(%endpoint, %address, "{span} without new requests: it has failed too often");
        }
    }
}

/// One session that has an endpoint, or is about to; dropped, it is counted no longer.
#[derive(Debug)]
pub struct Held {
    cluster: Rc<Cluster>,
    endpoint: Rc<Endpoint>,
    slot: Slot,
    index: usize,
}

impl Held {
    fn new(cluster: &Rc<Cluster>, slot: Slot, index: usize) -> Held {
        cluster.group.borrow_mut().begin(slot);
        let endpoint = Rc::clone(&cluster.endpoints.borrow()[slot.index()]);
        Held {
            cluster: Rc::clone(cluster),
            endpoint,
            slot,
            index,
        }
    }

    /// The endpoint.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Its place in its cluster.
    #[must_use]
    pub fn slot(&self) -> Slot {
        self.slot
    }

    /// The index of its cluster.
    #[must_use]
    pub fn cluster(&self) -> usize {
        self.index
    }

    /// It has answered, with this status.
    pub fn answered(&self, now: Time, status: u16) {
        let outcome = match self.cluster.failing.contains(&status) {
            true => Outcome::Failed,
            false => Outcome::Answered,
        };
        self.cluster.outcome(self.slot, now, outcome);
    }

    /// It is there: all that can be known of one that is asked for nothing but a connection.
    pub fn reached(&self, now: Time) {
        self.cluster.outcome(self.slot, now, Outcome::Answered);
    }

    /// It could not be reached, or broke off, or fell silent, before it had answered.
    pub fn failed(&self, now: Time) {
        self.cluster.outcome(self.slot, now, Outcome::Failed);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.cluster.group.borrow_mut().end(self.slot);
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
mod tests;
