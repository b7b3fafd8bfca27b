//! One name over time, looked up by whoever answers as the test says: when it is asked for, and what its
//! cluster hears.

use crate::fast::{Executor, Fast};
use std::{
    cell::RefCell,
    collections::VecDeque,
    net::{IpAddr, Ipv4Addr},
    rc::Rc,
    sync::Arc,
};
use tidegate::{
    config::Share,
    dns::{self, Failure, Families, Found, Hearer, Name, Resolver},
    members::{Change, Member, Roster},
    net::{Address, Network},
};
use tidegate_core::{
    lookup::{Rcode, Unresolved},
    time::Span,
};

/// Answers in their order; the last one for ever.
#[derive(Clone)]
struct Scripted {
    answers: Rc<RefCell<VecDeque<Found>>>,
    /// When it was asked, in whole seconds.
    asked: Rc<RefCell<Vec<u64>>>,
    now: Rc<dyn Fn() -> u64>,
}

impl Resolver for Scripted {
    async fn look_up(&self, name: &str, _: Families) -> Found {
        assert_eq!(name, "db");
        self.asked.borrow_mut().push((self.now)());
        let mut answers = self.answers.borrow_mut();
        match answers.len() {
            1 => answers[0].clone(),
            _ => answers.pop_front().expect("an answer"),
        }
    }
}

fn ip(last: u8) -> IpAddr {
    Ipv4Addr::new(10, 0, 0, last).into()
}

fn good(last: &[u8], seconds: u64) -> Found {
    let all: Vec<_> = last.iter().map(|last| ip(*last)).collect();
    Found::of(&all, Span::from_secs(seconds))
}

/// A name, and the roster of a cluster with two endpoints of it and one that has an address.
struct Scene {
    fast: Fast,
    tasks: Executor,
    roster: Roster,
    asked: Rc<RefCell<Vec<u64>>>,
}

fn member(nth: usize, address: Address) -> Member {
    Member {
        authority: Arc::from(format!("db:{nth}")),
        address,
        expected: None,
        share: Share::default(),
        up: true,
        change: Change::default(),
        nth,
    }
}

impl Scene {
    fn new(answers: Vec<Found>, members: Vec<Member>) -> Scene {
        Scene::since(answers, members, &[])
    }

    /// The first of those who hear has had these addresses until now.
    fn since(answers: Vec<Found>, members: Vec<Member>, had: &[u8]) -> Scene {
        let fast = Fast::new(1);
        let roster = Roster::new(members);
        let hearer = |nth: usize, port| Hearer {
            roster: roster.clone(),
            nth,
            port,
            known: match nth {
                0 => had.iter().map(|last| ip(*last)).collect(),
                _ => Vec::new(),
            },
            member: Arc::new(move |address| member(nth, address)),
        };
        let name = Name {
            host: "db".to_owned(),
            hearers: vec![hearer(0, 1), hearer(2, 2)],
        };
        let net = fast.host(0);
        let asked = Rc::default();
        let clock = net.clone();
        let resolver = Scripted {
            answers: Rc::new(RefCell::new(answers.into())),
            asked: Rc::clone(&asked),
            now: Rc::new(move || clock.now().as_ms() / 1_000),
        };
        let tasks = Executor::new();
        tasks.spawn(dns::follow(
            net,
            resolver,
            (name, Families::default()),
            3,
            || {},
        ));
        Scene {
            fast,
            tasks,
            roster,
            asked,
        }
    }

    fn run(&mut self, seconds: u64) {
        super::run(&self.fast, &mut self.tasks, Span::from_secs(seconds));
    }

    fn members(&self) -> String {
        let members = self.roster.members();
        let all = members.all.iter().map(|one| one.address.to_string());
        all.collect::<Vec<_>>().join(" ")
    }

    fn asked(&self) -> Vec<u64> {
        self.asked.take()
    }
}

/// As behind a reload that has brought the second one.
#[test]
fn who_is_new_hears_what_the_others_have_known() {
    let fixed = member(1, Address::Inet((ip(9), 9).into()));
    for answer in [good(&[1], 60), Found::failed(&Failure::Late)] {
        let mut scene = Scene::since(vec![answer], vec![fixed.clone()], &[1]);
        scene.run(1);
        assert_eq!(scene.members(), "10.0.0.1:1 10.0.0.9:9 10.0.0.1:2");
    }
}

#[test]
fn every_endpoint_of_the_name_follows_its_addresses() {
    let fixed = member(1, Address::Inet((ip(9), 9).into()));
    let mut scene = Scene::new(vec![good(&[2, 1], 60), good(&[3], 60)], vec![fixed]);
    scene.run(59);
    let first = "10.0.0.1:1 10.0.0.2:1 10.0.0.9:9 10.0.0.1:2 10.0.0.2:2";
    assert_eq!(scene.members(), first);
    scene.run(8);
    assert_eq!(scene.members(), "10.0.0.3:1 10.0.0.9:9 10.0.0.3:2");
    let asked = scene.asked();
    assert!(
        asked.len() == 2 && (60..=66).contains(&asked[1]),
        "{asked:?}"
    );
}

#[test]
fn a_name_that_nobody_knows_is_asked_for_less_and_less() {
    let failures = [Failure::Late, Failure::NoName];
    let failures = failures.iter().map(Found::failed);
    let mut scene = Scene::new(failures.collect(), vec![]);
    scene.run(0);
    let lacking = |scene: &Scene| scene.roster.members().lacking;
    assert_eq!(lacking(&scene), Some(Unresolved::Late));
    scene.run(100);
    let nxdomain = Unresolved::Failed(Some(Rcode::NxDomain));
    assert_eq!(lacking(&scene), Some(nxdomain));
    let asked = scene.asked();
    let waits: Vec<_> = asked.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(asked.len(), 8, "{asked:?}");
    for (wait, least) in waits.iter().zip([1, 2, 4, 8, 16, 30, 30]) {
        assert!((least..=least + 3).contains(wait), "{asked:?}");
    }
}

#[test]
fn what_was_known_stays_until_better_is() {
    let late = Found::failed(&Failure::Late);
    let mut scene = Scene::new(
        vec![good(&[1], 5), late.clone(), late, good(&[2], 5)],
        vec![],
    );
    scene.run(8);
    assert_eq!(scene.members(), "10.0.0.1:1 10.0.0.1:2");
    scene.run(3);
    assert_eq!(scene.members(), "10.0.0.2:1 10.0.0.2:2");
    assert_eq!(scene.roster.members().lacking, None);
}
