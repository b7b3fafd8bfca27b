//! The queue of a cluster beside a naive list: whoever comes, leaves, takes and gives back, and whichever
//! endpoint comes and goes, shares go to who has waited longest, and none is lost or lies idle.
//!
//! It owns the list, which knows of no cluster but who it has given an endpoint to.

use super::{tests::of, *};
use crate::{
    config::Share,
    pool::tests::fake::Fake,
    upstream::{Need, Waiting},
};
use proptest::{
    prelude::*,
    test_runner::{Config as Runs, RngAlgorithm, TestRng, TestRunner},
};
use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc as Counted,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};
use tidegate_core::{balance::Balance, group::Settings, time::Span};

const NOW: Time = Time(0);
const PORTS: usize = 3;

/// Counts how often it was woken.
#[derive(Default)]
struct Bell(AtomicU32);

impl Wake for Bell {
    fn wake(self: Counted<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Bell {
    fn rung(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Who waits, as a session would.
pub(super) struct Guest {
    waiting: Waiting<Fake>,
    bell: Counted<Bell>,
    /// As the list has it: whether an endpoint is kept for it.
    kept: bool,
}

impl Guest {
    /// Takes the last place, and looks once, as a session does.
    pub(super) fn join(cluster: &Rc<Cluster>, net: &Fake) -> Option<Guest> {
        let uplink = Rc::new(Uplink {
            cluster: Rc::clone(cluster),
            timeouts: Waits::HTTP,
            origin: None,
        });
        let waiting = Waiting::join(net.clone(), &uplink, (None, 0), Need::Exchange)?;
        let mut guest = Guest {
            waiting,
            bell: Counted::default(),
            kept: false,
        };
        assert!(guest.look().is_none(), "there was no room a moment ago");
        Some(guest)
    }

    pub(super) fn look(&mut self) -> Option<Held> {
        let waker = Waker::from(Counted::clone(&self.bell));
        let mut cx = Context::from_waker(&waker);
        match Pin::new(&mut self.waiting).poll(&mut cx) {
            Poll::Ready(held) => Some(held),
            Poll::Pending => None,
        }
    }

    pub(super) fn is_woken(&self) -> bool {
        self.bell.rung() > 0
    }
}

#[derive(Clone, Copy, Debug)]
enum Act {
    /// Somebody wants an endpoint.
    Asks,
    /// The n-th that has one gives it back.
    GivesBack(usize),
    /// The n-th that waits, or that one is kept for, gives up.
    GivesUp(usize),
    /// The n-th that one is kept for takes it.
    Takes(usize),
    /// The n-th endpoint goes down, or comes up.
    Turns(usize),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        5 => Just(Act::Asks),
        3 => (0..8_usize).prop_map(Act::GivesBack),
        2 => (0..8_usize).prop_map(Act::GivesUp),
        2 => (0..8_usize).prop_map(Act::Takes),
        1 => (0..PORTS).prop_map(Act::Turns),
    ]
}

/// A cluster, and the list.
struct Model {
    net: Fake,
    cluster: Rc<Cluster>,
    most: [u32; PORTS],
    up: [bool; PORTS],
    depth: usize,
    /// In the order of coming.
    guests: Vec<Guest>,
    held: Vec<Held>,
}

impl Model {
    fn new(balance: Balance, most: [u32; PORTS], depth: u32) -> Model {
        let settings = Settings {
            balance,
            ..Settings::default()
        };
        let model = Model {
            net: Fake::default(),
            cluster: of(settings, depth, &[]),
            most,
            up: [true; PORTS],
            depth: usize::try_from(depth).unwrap(),
            guests: Vec::new(),
            held: Vec::new(),
        };
        model.tell();
        model
    }

    fn tell(&self) {
        let all = (0..PORTS).map(|at| Member {
            share: Share {
                max_connections: std::num::NonZeroU32::new(self.most[at]),
                ..Share::default()
            },
            up: self.up[at],
            ..tests::member(u16::try_from(at + 1).unwrap())
        });
        self.cluster.set(NOW, &all.collect::<Vec<_>>());
    }

    /// How many more sessions the endpoints that are up may have.
    fn room(&self) -> u32 {
        let group = self.cluster.group.borrow();
        let slots = group.slots().zip(self.most).zip(self.up);
        let room = slots.map(|((slot, most), up)| match up {
            true => most - group.load(slot),
            false => 0,
        });
        room.sum()
    }

    fn waiting(&self) -> usize {
        self.guests.iter().filter(|guest| !guest.kept).count()
    }

    fn does(&mut self, act: Act) -> Result<(), TestCaseError> {
        match act {
            Act::Asks => return self.asks(),
            Act::GivesBack(n) if n < self.held.len() => drop(self.held.remove(n)),
            Act::GivesUp(n) if n < self.guests.len() => drop(self.guests.remove(n)),
            Act::Takes(n) => {
                let mut kept = (0..self.guests.len()).filter(|at| self.guests[*at].kept);
                if let Some(at) = kept.nth(n) {
                    let held = self.guests.remove(at).look();
                    let held = held.ok_or_else(|| TestCaseError::fail("it is not kept"))?;
                    self.held.push(held);
                }
            }
            Act::Turns(at) => {
                self.up[at] = !self.up[at];
                self.tell();
            }
            Act::GivesBack(_) | Act::GivesUp(_) => {}
        }
        Ok(())
    }

    fn asks(&mut self) -> Result<(), TestCaseError> {
        let (waiting, room) = (self.waiting(), self.room());
        match self.cluster.pick(NOW, 0, None, &[]) {
            Picked::Share(held) => {
                prop_assert!(waiting == 0 && room > 0, "{waiting} wait, room {room}");
                self.held.push(held);
            }
            Picked::Busy => {
                prop_assert!(waiting > 0 || room == 0, "nobody waits, room {room}");
                let guest = Guest::join(&self.cluster, &self.net);
                prop_assert_eq!(guest.is_some(), waiting < self.depth);
                self.guests.extend(guest);
            }
            Picked::Nobody => prop_assert!(!self.up.contains(&true)),
        }
        Ok(())
    }

    /// What must be so after each act. `had`: who was kept an endpoint before, by place.
    fn check(&mut self) -> Result<(), TestCaseError> {
        // Who is served was first: nobody that waits stands before one that an endpoint is kept for,
        // and nobody waits while there is room.
        let seats = self.cluster.queue.borrow().len();
        let served = self.waiting().checked_sub(seats);
        let served = served.ok_or_else(|| TestCaseError::fail("more places than guests"))?;
        let next = self.guests.iter_mut().filter(|guest| !guest.kept);
        for guest in next.take(served) {
            prop_assert!(guest.is_woken(), "kept, and not told");
            guest.kept = true;
        }
        let waiting = self.waiting();
        prop_assert!(
            waiting == 0 || self.room() == 0,
            "{waiting} wait, and there is room"
        );
        for guest in self.guests.iter_mut().filter(|guest| !guest.kept) {
            let held = guest.look();
            prop_assert!(held.is_none(), "out of turn");
            prop_assert!(!guest.is_woken(), "woken for nothing");
        }
        // Each share is somebody's.
        let kept = self.guests.iter().filter(|guest| guest.kept).count();
        let group = self.cluster.group.borrow();
        let loads: u32 = group.slots().map(|slot| group.load(slot)).sum();
        let all = u32::try_from(self.held.len() + kept).unwrap();
        prop_assert_eq!(loads, all, "a share that nobody has");
        for (slot, most) in group.slots().zip(self.most) {
            prop_assert!(group.load(slot) <= most);
        }
        Ok(())
    }
}

/// Random acts; whether all of them went as the list says.
fn run() -> Result<(), String> {
    let balances = prop_oneof![
        Just(Balance::LeastRequest),
        Just(Balance::RoundRobin),
        Just(Balance::Random)
    ];
    let acts = prop::collection::vec(act(), 1..60);
    let config = Runs {
        cases: 400,
        failure_persistence: None,
        ..Runs::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let strategy = (balances, [1..3_u32, 1..3, 1..2], 0..5_u32, acts);
    let ran = runner.run(&strategy, |(balance, most, depth, acts)| {
        let mut model = Model::new(balance, most, depth);
        for act in acts {
            model.does(act)?;
            model.check()?;
        }
        // Whoever is left goes, and takes nothing along.
        model.guests.clear();
        model.held.clear();
        model.check()
    });
    ran.map_err(|wrong| wrong.to_string())
}

#[test]
fn row_4_8_7_row_4_8_8_the_queue_does_as_a_list() {
    assert_eq!(run(), Ok(()));
}

#[cfg(feature = "known-bad")]
#[test]
fn each_way_to_get_the_queue_wrong_is_caught() {
    use crate::variant::break_rule;
    use tidegate_core::variant::Variant;
    for variant in [
        Variant::QueueUnserved,
        Variant::NewcomerOvertakes,
        Variant::GrantLost,
    ] {
        break_rule(Some(variant));
        let wrong = run();
        break_rule(None);
        let wrong = wrong.expect_err("nobody notices");
        println!("{variant:?}: {}", wrong.lines().next().unwrap_or_default());
    }
}

/// Nobody makes room when an ejection ends: who is first looks by itself, and nobody else does.
#[test]
fn row_4_8_7_who_is_first_sees_an_ejection_end() {
    let net = Fake::default();
    let settings = Settings::default();
    let members = [1, 2].map(|port| Member {
        share: Share {
            max_connections: std::num::NonZeroU32::new(1),
            ..Share::default()
        },
        ..tests::member(port)
    });
    let cluster = of(settings, 9, &members);
    let share = || match cluster.pick(NOW, 0, None, &[]) {
        Picked::Share(held) => held,
        picked @ (Picked::Busy | Picked::Nobody) => panic!("{picked:?}"),
    };
    let (bad, good) = (share(), share());
    let mut guests: Vec<_> = (0..3)
        .map(|_| Guest::join(&cluster, &net).unwrap())
        .collect();
    (0..5).for_each(|_| bad.failed(NOW));
    assert!(matches!(
        cluster.group.borrow().state(bad.slot()),
        State::Ejected(_)
    ));
    drop(bad);
    let woken = |guests: &[Guest]| guests.iter().map(Guest::is_woken).collect::<Vec<_>>();
    assert_eq!(
        woken(&guests),
        [true, false, false],
        "it is told when to look"
    );
    assert!(guests.iter_mut().all(|guest| guest.look().is_none()));
    // The first one gives up, and the next takes over.
    drop(guests.remove(0));
    assert_eq!(woken(&guests), [true, false]);
    assert!(guests.iter_mut().all(|guest| guest.look().is_none()));
    net.pass(Span::from_secs(10));
    assert!(guests[1].look().is_none(), "not its turn");
    assert!(guests[0].look().is_some());
    drop((guests, good));
    let group = cluster.group.borrow();
    assert!(group.slots().all(|slot| group.load(slot) == 0));
}
