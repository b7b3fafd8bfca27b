//! Who the endpoints of a cluster are at the moment, and which of them get work: found out once for the
//! process, and told to every worker.
//!
//! It owns the way there. A worker hears of a change on its own thread and between two turns, so that
//! nothing here is on the path of a request: no lock, no count that threads share.

mod changed;
mod until_now;

pub use self::{
    changed::{Change, Changes},
    until_now::UntilNow,
};

use crate::{
    config::{self, At},
    net::Address,
};
use rustls::pki_types::ServerName;
use std::sync::Arc;
use tidegate_core::lookup::Unresolved;
use tokio::{sync::watch, task::JoinHandle};

/// One endpoint as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// `HOST:PORT` as configured.
    pub authority: Arc<str>,
    /// Where it listens.
    pub address: Address,
    /// What its certificate must be for, if it is spoken to over TLS.
    pub expected: Option<Arc<ServerName<'static>>>,
    /// Its part of what the cluster has to do.
    pub share: config::Share,
    /// Whether its checks let it get work.
    pub up: bool,
    /// What an operator has changed of it.
    pub change: Change,
    /// Which of the cluster's configured endpoints it is, or is one address of.
    pub nth: usize,
}

impl Member {
    /// How much of the traffic is for it now.
    #[must_use]
    pub fn weight(&self) -> u32 {
        self.change.weighs(self.share.weight)
    }

    /// Whether it is the same endpoint, whatever it counts as.
    fn is(&self, authority: &str, address: Address) -> bool {
        *self.authority == *authority && self.address == address
    }
}

/// The endpoints of a cluster whose addresses are configured; all of them get work. Those of names come
/// as their addresses are found.
#[must_use]
pub fn configured(cluster: &config::Cluster) -> Vec<Member> {
    let all = cluster.endpoints.iter().enumerate();
    let all = all.filter_map(|(nth, one)| match &one.at {
        At::Address(address) => Some(member(cluster, nth, *address)),
        At::Name(_) => None,
    });
    all.collect()
}

/// The configured endpoint with this number, as it is at `address`.
#[must_use]
pub fn member(cluster: &config::Cluster, nth: usize, address: Address) -> Member {
    let one = &cluster.endpoints[nth];
    Member {
        authority: one.authority.as_str().into(),
        address,
        expected: cluster.expected(one).map(Arc::new),
        share: one.share,
        up: true,
        change: Change::default(),
        nth,
    }
}

/// All of a cluster's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Members {
    /// In the order of the configuration, those of one name in that of their addresses.
    pub all: Arc<[Member]>,
    /// Why there are none, if there are none: each of its endpoints is a name.
    pub lacking: Option<Unresolved>,
    /// What an operator has changed, also of those whose addresses are not known.
    pub changes: Changes,
}

impl Members {
    /// What there is to tell of an endpoint to who has it from before, whether it is a member or not.
    pub(crate) fn told_of(&self, one: &Member) -> Member {
        let same = |other: &&Member| other.is(&one.authority, one.address);
        let now = self.all.iter().find(same);
        Member {
            up: now.map_or(one.up, |now| now.up),
            change: self.changes.of(&one.authority),
            ..one.clone()
        }
    }

    /// The addresses of the configured endpoint that is called so.
    pub(crate) fn at(&self, authority: &str) -> impl Iterator<Item = Address> {
        let same = move |one: &&Member| *one.authority == *authority;
        self.all.iter().filter(same).map(|one| one.address)
    }
}

/// What a worker hears of one cluster, first how it is now.
pub type News = watch::Receiver<Members>;

/// Whoever knows the endpoints of one cluster.
#[derive(Clone, Debug)]
pub struct Roster(watch::Sender<Members>);

impl Roster {
    /// The endpoints of a cluster as it begins.
    #[must_use]
    pub fn new(members: Vec<Member>) -> Roster {
        Roster(watch::Sender::new(Members {
            // Its names have not been looked up yet.
            lacking: members.is_empty().then_some(Unresolved::Late),
            all: members.into(),
            changes: Changes::default(),
        }))
    }

    /// For one more worker.
    #[must_use]
    pub fn news(&self) -> News {
        self.0.subscribe()
    }

    /// How it is now.
    #[must_use]
    pub fn members(&self) -> Members {
        self.0.borrow().clone()
    }

    /// Gives an endpoint work, or takes it away.
    pub fn set_up(&self, authority: &str, address: Address, up: bool) {
        self.0.send_if_modified(|members| {
            let same = |one: &Member| one.is(authority, address);
            if !members.all.iter().any(|one| same(one) && one.up != up) {
                return false;
            }
            let changed = members.all.iter().map(|one| Member {
                up: if same(one) { up } else { one.up },
                ..one.clone()
            });
            members.all = changed.collect();
            true
        });
    }

    /// What an operator has changed is this now.
    pub fn change(&self, changes: Changes) {
        self.0.send_if_modified(|members| {
            if members.changes == changes {
                return false;
            }
            let changed = members.all.iter().map(|one| Member {
                change: changes.of(&one.authority),
                ..one.clone()
            });
            members.all = changed.collect();
            members.changes = changes;
            true
        });
    }

    /// The configured endpoint with this number is `members` now. Who was one before counts as it did.
    pub fn replace(&self, nth: usize, members: Vec<Member>) {
        self.0.send_modify(|now| {
            let known = |one: &Member| {
                let same = |other: &&Member| other.is(&one.authority, one.address);
                now.all.iter().find(same).map_or(one.up, |same| same.up)
            };
            let others = now.all.iter().filter(|one| one.nth != nth).cloned();
            let new = members.iter().map(|one| Member {
                up: known(one),
                change: now.changes.of(&one.authority),
                nth,
                ..one.clone()
            });
            let mut all: Vec<_> = others.chain(new).collect();
            all.sort_by_key(|one| (one.nth, one.address));
            now.lacking = now.lacking.filter(|_| all.is_empty());
            now.all = all.into();
        });
    }

    /// Why it has no endpoints, if it has none.
    pub fn lacks(&self, why: Unresolved) {
        self.0.send_if_modified(|now| {
            let news = now.all.is_empty() && now.lacking != Some(why);
            if news {
                now.lacking = Some(why);
            }
            news
        });
    }
}

/// Tells whoever has `heard` how it is now, and each time that it is otherwise, for as long as this is held and
/// it says that it wants to know. It runs as a local task of the calling thread.
pub(crate) fn follow(
    mut news: News,
    mut heard: impl FnMut(&Members) -> bool + 'static,
) -> Following {
    let mut wanted = heard(&news.borrow_and_update());
    Following(tokio::task::spawn_local(async move {
        // Once nobody can know better any more, the last that was known stands.
        while wanted && news.changed().await.is_ok() {
            wanted = heard(&news.borrow_and_update());
        }
    }))
}

/// Somebody who is told of the news.
#[derive(Debug)]
pub(crate) struct Following(JoinHandle<()>);

impl Drop for Following {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(nth: usize, last: u8) -> Member {
        Member {
            authority: format!("db{nth}:1").into(),
            address: Address::Inet(([10, 0, 0, last], 1).into()),
            expected: None,
            share: config::Share::default(),
            up: true,
            change: Change::default(),
            nth,
        }
    }

    fn shown(roster: &Roster) -> String {
        let show = |one: &Member| {
            let mark = if one.up { "" } else { "!" };
            format!("{}@{}{mark}", one.authority, one.address)
        };
        let all: Vec<_> = roster.members().all.iter().map(show).collect();
        all.join(" ").replace(":1", "").replace("10.0.0.", "")
    }

    #[test]
    fn addresses_come_and_go_in_the_order_of_the_configuration() {
        let roster = Roster::new(vec![one(1, 9)]);
        roster.replace(2, vec![one(2, 5)]);
        roster.replace(0, vec![one(0, 4), one(0, 3)]);
        assert_eq!(shown(&roster), "db0@3 db0@4 db1@9 db2@5");
        roster.set_up("db0:1", one(0, 3).address, false);
        roster.replace(0, vec![one(0, 3), one(0, 7)]);
        assert_eq!(
            shown(&roster),
            "db0@3! db0@7 db1@9 db2@5",
            "who stays is as it was"
        );
        roster.replace(2, vec![]);
        assert_eq!(shown(&roster), "db0@3! db0@7 db1@9");
    }

    #[test]
    fn what_an_operator_has_changed_is_true_of_each_address_of_a_name() {
        let roster = Roster::new(vec![one(1, 9)]);
        let weighs = || -> Vec<_> { roster.members().all.iter().map(Member::weight).collect() };
        let mut changes = Changes::default();
        let (drained, weight) = (true, Some(7));
        changes.put("db0:1", Change { drained, weight });
        changes.put(
            "db1:1",
            Change {
                weight,
                ..Change::default()
            },
        );
        roster.change(changes.clone());
        assert_eq!(weighs(), [7]);
        roster.replace(0, vec![one(0, 3), one(0, 4)]);
        assert_eq!(weighs(), [0, 0, 7], "what comes later is drained, too");
        roster.set_up("db0:1", one(0, 3).address, false);
        changes.put(
            "db0:1",
            Change {
                weight,
                ..Change::default()
            },
        );
        changes.put("db1:1", Change::default());
        roster.change(changes);
        assert_eq!(weighs(), [7, 7, 1]);
        assert_eq!(
            shown(&roster),
            "db0@3! db0@4 db1@9",
            "and checks say what they said"
        );
    }

    #[test]
    fn why_there_is_nobody_is_told_until_there_is_somebody() {
        let roster = Roster::new(vec![]);
        let lacking = || roster.members().lacking;
        assert_eq!(lacking(), Some(Unresolved::Late));
        roster.lacks(Unresolved::Failed(None));
        assert_eq!(lacking(), Some(Unresolved::Failed(None)));
        roster.replace(0, vec![one(0, 1)]);
        roster.lacks(Unresolved::Late);
        assert_eq!(lacking(), None);
        assert_eq!(Roster::new(vec![one(0, 1)]).members().lacking, None);
    }
}
