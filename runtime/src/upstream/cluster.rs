//! One cluster, as all listeners of one worker use it: its endpoints, and whom its requests go to.
//!
//! It owns the addresses behind the slots of a [`Group`], which decides, and the places of those who wait
//! for one of them. It waits for nothing, and knows nothing of listeners: what differs between them is
//! in [`Uplink`].

mod standing;

use super::{held::Held, place::Place, waiting::Seat};
use crate::{
    config::{self, Affinity},
    members::Member,
    net::{Address, Buffers},
    observe::{Clustered, Ejected, Queued},
    tls::origin::Terms,
    variant::bad,
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
    group::{self, Choice, Group, Outcome, Slot, Spec, State},
    limits::Waits,
    lookup::Unresolved,
    proxy_protocol::Version,
    queue::{Queue, Ticket},
    time::Time,
};

/// One endpoint of a cluster.
#[derive(Debug)]
pub struct Endpoint {
    /// `HOST:PORT` as configured.
    pub authority: Rc<str>,
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
        weight: _,
        tier,
        max_connections,
    } = member.share;
    Spec {
        id: group::hash(name.as_bytes()),
        weight: member.weight(),
        tier,
        most: match max_connections {
            Some(most) if !bad!(LimitIgnored) => place.part(most.get()),
            Some(_) | None => u32::MAX,
        },
    }
}

/// One cluster of one worker.
#[derive(Debug)]
pub struct Cluster {
    name: Rc<str>,
    group: RefCell<Group>,
    /// By slot; of those that are gone, for as long as nobody else has the slot.
    endpoints: RefCell<Vec<Rc<Endpoint>>>,
    /// Why it has none, if it has none.
    lacking: Cell<Option<Unresolved>>,
    /// Who waits for one that has room.
    queue: RefCell<Queue<Rc<Seat>>>,
    /// How many they are, for whoever asks.
    queued: Queued,
    /// Where it is counted.
    pub(super) counted: Clustered,
    /// The last moment that it was told of.
    now: Cell<Time>,
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
    /// Its name.
    pub name: Rc<str>,
    /// Who decides; it has no members yet.
    pub group: Group,
    /// How many requests may wait for an endpoint, of all workers together; with none each is refused
    /// that finds no room.
    pub depth: u32,
    /// Where those who wait are counted.
    pub queued: Queued,
    /// Where everything else is.
    pub counted: Clustered,
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
        let depth = match parts.depth {
            0 => 0,
            _ if bad!(QueueEndless) => usize::MAX,
            all => usize::try_from(parts.place.part(all)).unwrap_or(usize::MAX),
        };
        let cluster = Rc::new(Cluster {
            group: RefCell::new(parts.group),
            endpoints: RefCell::default(),
            lacking: Cell::new(None),
            queue: RefCell::new(Queue::new(depth)),
            queued: parts.queued,
            counted: parts.counted,
            now: Cell::new(Time(0)),
            budget: RefCell::new(parts.budget),
            failing: parts.failing,
            declined: parts.declined,
            affinity: parts.affinity,
            place: parts.place,
            buffers: parts.buffers,
            name: parts.name,
            takes_connect: parts.takes_connect,
            proxy_protocol: parts.proxy_protocol,
            tls: parts.tls,
        });
        let stands = Rc::downgrade(&cluster);
        cluster.counted.stands(Rc::new(move |now| {
            let cluster = stands.upgrade()?;
            Some(cluster.standing(now))
        }));
        cluster
    }

    /// Its endpoints are these from now on. Who was one before, by name and address, keeps its load and
    /// its record; who is one no longer, or gets no work, keeps the sessions it has.
    pub(crate) fn set(self: &Rc<Self>, now: Time, members: &[Member]) {
        self.replace(now, members);
        self.serve(now);
    }

    fn replace(&self, now: Time, members: &[Member]) {
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

    /// Its name.
    pub(super) fn name(&self) -> &str {
        &self.name
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
        self.budget.borrow_mut().spend(now) || bad!(BudgetIgnored)
    }

    /// A share in the endpoint that is next, but in none of `tried`.
    /// `index`: the cluster's own.
    pub(super) fn pick(
        self: &Rc<Self>,
        now: Time,
        index: usize,
        key: Option<u64>,
        tried: &[Slot],
    ) -> Picked {
        // Who waits goes first: what is left after that is the newcomer's.
        if !bad!(NewcomerOvertakes) {
            self.serve(now);
        }
        let choice = self.group.borrow_mut().pick(now, key, tried);
        match choice {
            Choice::Endpoint(slot) => Picked::Share(Held::new(self, slot, index)),
            Choice::Busy => Picked::Busy,
            Choice::None => Picked::Nobody,
        }
    }

    /// Takes the last place in the queue, if there is one.
    pub(super) fn join(&self, seat: &Rc<Seat>) -> Option<Ticket> {
        let ticket = self.queue.borrow_mut().join(Rc::clone(seat)).ok()?;
        self.queued.joined();
        Some(ticket)
    }

    /// Gives a place up that has not been served.
    pub(super) fn leave(&self, ticket: Ticket) {
        let left = self.queue.borrow_mut().leave(ticket);
        if left.is_some() {
            self.queued.left();
            self.tell_first();
        }
    }

    /// When the first in the queue is to see whether there is room, though nobody has made any.
    pub(super) fn looks_at(&self, ticket: Ticket) -> Option<Time> {
        let first = self.queue.borrow().is_first(ticket);
        self.group.borrow().next_end().filter(|_| first)
    }

    /// Gives each endpoint that has room to who has waited longest: it is theirs from now on, whenever
    /// they take it.
    pub(super) fn serve(self: &Rc<Self>, now: Time) {
        self.now.set(self.now.get().max(now));
        loop {
            // Nothing is borrowed while somebody is woken.
            let first = self.queue.borrow().first().cloned();
            let Some(seat) = first else { return };
            let choice = self.group.borrow_mut().pick(now, seat.key, &[]);
            let Choice::Endpoint(slot) = choice else {
                break;
            };
            self.queue.borrow_mut().serve();
            self.queued.left();
            seat.grant(Held::new(self, slot, seat.index));
        }
        self.tell_first();
    }

    /// Who is first looks for itself when an ejection ends: nobody makes room then.
    fn tell_first(&self) {
        let Some(ends) = self.group.borrow().next_end() else {
            return;
        };
        let first = self.queue.borrow().first().cloned();
        if let Some(seat) = first {
            seat.look_at(ends);
        }
    }

    /// Who has so long waited, and waits no longer.
    pub(super) fn waited(&self, since: Time, now: Time) {
        self.queued.waited(now.since(since));
    }

    /// One more session has the endpoint of `slot`.
    pub(super) fn begin(&self, slot: Slot) -> Rc<Endpoint> {
        self.group.borrow_mut().begin(slot);
        Rc::clone(&self.endpoints.borrow()[slot.index()])
    }

    /// One session has it no longer: there may be room for who waits.
    pub(super) fn end(self: &Rc<Self>, slot: Slot) {
        self.group.borrow_mut().end(slot);
        if !bad!(QueueUnserved | NewcomerOvertakes) {
            self.serve(self.now.get());
        }
    }

    /// Whether new requests may go to the endpoint of `slot`.
    pub(super) fn is_available(&self, slot: Slot) -> bool {
        self.group.borrow().state(slot) == State::Up
    }

    /// Whether a response of this status says that an endpoint cannot answer.
    pub(super) fn is_failure(&self, status: u16) -> bool {
        self.failing.contains(&status)
    }

    /// What came of an endpoint that was asked; and what it was that failed, if it has.
    pub(super) fn outcome(self: &Rc<Self>, slot: Slot, now: Time, outcome: Outcome, how: Ejected) {
        let ejected = self.group.borrow_mut().outcome(slot, now, outcome);
        if let Some(span) = ejected {
            self.counted.ejected(how);
            {
                let endpoints = self.endpoints.borrow();
                let Endpoint {
                    authority, address, ..
                } = &*endpoints[slot.index()];
                tracing::warn!(endpoint = %authority, %address, "{span} without new requests: it has failed too often");
            }
            // Others may be chosen again for that: all ejections end where nobody is left.
            self.serve(now);
        }
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
mod model;
#[cfg(test)]
mod tests;
