//! Who is counted, who is chosen, and what an endpoint's answers come to.

use super::*;
use crate::members::Change;
use tidegate_core::group::Settings;

const NOW: Time = Time(0);

pub(super) fn member(port: u16) -> Member {
    Member {
        authority: format!("a:{port}").into(),
        address: Address::Inet(([127, 0, 0, 1], port).into()),
        expected: None,
        share: config::Share::default(),
        up: true,
        change: Change::default(),
        nth: 0,
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

/// A cluster with these members, and so many places for who waits.
pub(super) fn of(settings: Settings, depth: u32, members: &[Member]) -> Rc<Cluster> {
    let cluster = Cluster::new(Parts {
        name: "c".into(),
        group: Group::new(settings, 1),
        depth,
        queued: Queued::default(),
        counted: Clustered::default(),
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

fn cluster(members: &[Member]) -> Rc<Cluster> {
    of(Settings::default(), 0, members)
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

#[test]
fn who_has_nobody_says_why() {
    let cluster = cluster(&[]);
    assert_eq!(cluster.nobody(), Refusal::NoEndpoint);
    cluster.lacks(Some(Unresolved::Late));
    assert_eq!(cluster.nobody(), Refusal::NoAddress(Unresolved::Late));
    cluster.lacks(None);
    assert_eq!(cluster.nobody(), Refusal::NoEndpoint);
}
