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
use std::{cell::RefCell, rc::Rc, sync::Arc};
use tidegate_core::{
    budget::Budget,
    group::{self, Choice, Group, Outcome, Slot, Spec},
    limits::Waits,
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
            let endpoint = &self.endpoints.borrow()[slot.index()].authority;
            tracing::warn!(%endpoint, "{span} without new requests: it has failed too often");
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
mod tests {
    use super::*;
    use tidegate_core::group::{Settings, State};

    const NOW: Time = Time(0);

    fn member(port: u16) -> Member {
        Member {
            authority: format!("a:{port}").into(),
            address: Address::Inet(([127, 0, 0, 1], port).into()),
            expected: None,
            share: config::Share::default(),
            up: true,
        }
    }

    /// The ports of those that are members, in their order.
    fn ports(cluster: &Cluster) -> Vec<u16> {
        let group = cluster.group.borrow();
        let endpoints = cluster.endpoints.borrow();
        let all = group.slots().zip(endpoints.iter());
        let all = all.filter(|(slot, _)| group.state(*slot) == State::Up);
        let mut ports: Vec<_> = all
            .map(|(_, one)| one.address.inet().unwrap().port())
            .collect();
        ports.sort_unstable();
        ports
    }

    fn cluster(members: &[Member]) -> Rc<Cluster> {
        let cluster = Cluster::new(Parts {
            group: Group::new(Settings::default(), 1),
            budget: Budget::default(),
            failing: [503].into(),
            declined: Box::default(),
            affinity: None,
            place: Place::ONLY,
            buffers: Buffers::default(),
            takes_connect: false,
            proxy_protocol: None,
            tls: false,
        });
        cluster.set(NOW, members);
        cluster
    }

    fn picked(cluster: &Rc<Cluster>, tried: &[Slot]) -> Option<Held> {
        match cluster.pick(NOW, 0, None, tried) {
            Picked::Share(held) => Some(held),
            Picked::Busy | Picked::Nobody => None,
        }
    }

    fn load(cluster: &Cluster, slot: Slot) -> u32 {
        cluster.group.borrow().load(slot)
    }

    #[test]
    fn who_is_gone_is_counted_no_longer() {
        let cluster = cluster(&[member(1)]);
        let one = picked(&cluster, &[]).unwrap();
        let other = picked(&cluster, &[]).unwrap();
        let slot = one.slot();
        assert_eq!(load(&cluster, slot), 2);
        drop(one);
        assert_eq!(load(&cluster, slot), 1);
        drop(other);
        assert_eq!(load(&cluster, slot), 0);
        assert!(picked(&cluster, &[slot]).is_none());
    }

    #[test]
    fn a_share_outlives_its_endpoint() {
        let cluster = cluster(&[member(1), member(2)]);
        let held = picked(&cluster, &[]).unwrap();
        let stays = if held.endpoint().address.inet().unwrap().port() == 1 {
            2
        } else {
            1
        };
        cluster.set(NOW, &[member(3), member(stays)]);
        assert_eq!(load(&cluster, held.slot()), 1);
        held.failed(NOW);
        assert_eq!(ports(&cluster), [stays.min(3), stays.max(3)]);
        let slot = held.slot();
        drop(held);
        assert_eq!(load(&cluster, slot), 0);
    }

    #[test]
    fn what_an_endpoint_answers_counts() {
        let cluster = cluster(&[member(1), member(2)]);
        let held = picked(&cluster, &[]).unwrap();
        let state = || cluster.group.borrow().state(held.slot());
        for status in [503, 503, 503, 503, 200, 503, 503, 503, 503] {
            held.answered(NOW, status);
            assert_eq!(state(), State::Up);
        }
        held.answered(NOW, 503);
        assert!(matches!(state(), State::Ejected(_)));
    }

    #[test]
    fn who_is_not_up_gets_nothing() {
        let cluster = cluster(&[member(1), member(2)]);
        let down = Member {
            up: false,
            ..member(2)
        };
        cluster.set(NOW, &[member(1), down.clone()]);
        assert_eq!(ports(&cluster), [1]);
        cluster.set(NOW, &[down]);
        assert!(picked(&cluster, &[]).is_none(), "down is down");
        cluster.set(NOW, &[member(2), member(1)]);
        assert_eq!(ports(&cluster), [1, 2]);
    }
}
