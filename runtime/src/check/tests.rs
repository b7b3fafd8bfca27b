//! What is remembered of endpoints, for how long, and who is told of it.

use super::*;
use crate::{
    config::{Share, testing},
    drain::Drain,
    linger::Lingering,
    members::Change,
    observe::Observer,
    pool::tests::fake::Fake,
};
use std::task::{Context, Waker};
use tidegate_core::{
    health::{Initial, Plan},
    time::Span,
};

fn health() -> Health {
    Health {
        plan: Plan {
            interval: Span::from_secs(5),
            fast: Span::from_secs(1),
            timeout: Span::from_secs(2),
            rise: 2,
            fall: 3,
            initial: Initial::Up,
        },
        ask: Ask::Connect,
    }
}

/// An endpoint that is called so, at one of its addresses.
fn member(authority: &str, last: u8) -> Member {
    Member {
        authority: authority.into(),
        address: Address::Inet(([10, 0, 0, last], 1).into()),
        expected: None,
        share: Share::default(),
        up: true,
        change: Change::default(),
        nth: 0,
    }
}

fn checks(members: Vec<Member>) -> Checks {
    Checks {
        cluster: "api".into(),
        health: health(),
        buffers: Buffers::default(),
        origin: None,
        roster: Roster::new(members),
        known: Arc::default(),
    }
}

/// Begins to check `member`, and waits for the moment of the first check.
fn begin(checks: &Checks, member: &Member) {
    let net = Fake::default();
    let pool = Pool::new(
        net.clone(),
        Lingering::new(9),
        Drain::default(),
        Observer::default(),
    );
    let run = pin!(checks.clone().run(net, pool, member.clone(), 7));
    assert!(
        run.poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
}

/// Somebody else has found it out, after the roster was made and before it is checked for it.
#[test]
fn what_is_known_as_the_checks_begin_is_told_at_once() {
    let (one, other) = (member("a:1", 1), member("b:1", 2));
    let checks = checks(vec![one.clone(), other]);
    let news = checks.roster.news();
    begin(&checks, &one);
    assert!(!news.has_changed().unwrap(), "it is as the roster has it");
    let ups = || {
        let members = checks.roster.members();
        members.all.iter().map(|one| one.up).collect::<Vec<_>>()
    };
    for (standing, up) in [(Standing::Down, false), (Standing::Up, true)] {
        checks.known.learn("api", &one, standing);
        begin(&checks, &one);
        assert_eq!(ups(), [up, true]);
    }
}

/// All addresses of a name are its own.
#[test]
fn who_is_not_checked_any_more_is_forgotten() {
    let known = Known::default();
    let all = [member("a:1", 1), member("a:1", 2), member("b:1", 3)];
    for cluster in ["api", "unchecked", "gone"] {
        for one in &all {
            known.learn(cluster, one, Standing::Down);
        }
        known.count(&cluster.into(), Event::Failed);
    }
    let api = Cluster {
        health: Some(health()),
        ..testing::cluster(&["a:1", "new:1"])
    };
    let unchecked = Cluster {
        name: "unchecked".to_owned(),
        ..testing::cluster(&["a:1", "b:1"])
    };
    known.keep(&[api, unchecked]);
    let of = |cluster| all.each_ref().map(|one| known.of(cluster, one));
    let (unknown, down) = (Standing::Unknown, Standing::Down);
    assert_eq!(of("api"), [down, down, unknown]);
    assert_eq!(of("unchecked"), [unknown; 3]);
    assert_eq!(of("gone"), [unknown; 3]);
    let failed = ["api", "unchecked", "gone"].map(|cluster| known.results(cluster)[1]);
    assert_eq!(failed, [1, 0, 0]);
}
