//! What whoever finds out about the endpoints of a cluster next begins with: what was known of them until now.
//!
//! It owns what outlives a configuration, and a process. Which endpoints there are is for the next
//! configuration to say: what is known here of any other is nobody's.

use super::{Changes, Members};
use crate::config::{At, Cluster};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

/// What was known of a cluster's endpoints.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UntilNow {
    /// What an operator has changed.
    pub changes: Changes,
    /// Where those are that are names, by their authorities; of no name that is nowhere.
    names: BTreeMap<Arc<str>, BTreeSet<IpAddr>>,
}

impl UntilNow {
    /// What is known by those who are the members of `cluster`.
    #[must_use]
    pub fn of(members: &Members, cluster: &Cluster) -> UntilNow {
        let mut now = UntilNow {
            changes: members.changes.clone(),
            names: BTreeMap::new(),
        };
        for one in &*members.all {
            let configured = cluster.endpoints.get(one.nth);
            let is_name = configured.is_some_and(|one| matches!(one.at, At::Name(_)));
            if let (true, Some(at)) = (is_name, one.address.inet()) {
                now.is_at(&one.authority, [at.ip()]);
            }
        }
        now
    }

    /// The endpoint that is called so is at these addresses, too.
    pub fn is_at(&mut self, authority: &str, addresses: impl IntoIterator<Item = IpAddr>) {
        let mut addresses = addresses.into_iter().peekable();
        if addresses.peek().is_some() {
            let known = self.names.entry(authority.into()).or_default();
            known.extend(addresses);
        }
    }

    /// Where the endpoint is that is called so, if it is a name.
    pub fn at(&self, authority: &str) -> impl Iterator<Item = IpAddr> {
        let known = self.names.get(authority);
        known.into_iter().flatten().copied()
    }

    /// Every endpoint of which anything is known, by its authority.
    #[must_use]
    pub fn endpoints(&self) -> BTreeSet<&str> {
        let changed = self.changes.all().map(|(authority, _)| authority);
        let names = self.names.keys().map(|authority| &**authority);
        changed.chain(names).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{read_endpoint, testing},
        members::{Roster, member},
        net::Address,
    };

    #[test]
    fn of_names_it_is_known_where_they_are() {
        let mut cluster = testing::cluster(&["db1:1", "10.0.0.9:1", "db2:1"]);
        for nth in [0, 2] {
            let authority = cluster.endpoints[nth].authority.clone();
            cluster.endpoints[nth] = read_endpoint(&authority).unwrap();
        }
        let at = |nth, last| member(&cluster, nth, Address::Inet(([10, 0, 0, last], 1).into()));
        let roster = Roster::new(vec![at(0, 2), at(0, 1), at(1, 9)]);
        let now = UntilNow::of(&roster.members(), &cluster);
        let known = |authority| -> Vec<_> { now.at(authority).map(|ip| ip.to_string()).collect() };
        assert_eq!(known("db1:1"), ["10.0.0.1", "10.0.0.2"]);
        assert!(known("db2:1").is_empty() && known("10.0.0.9:1").is_empty());
        assert_eq!(now.endpoints(), BTreeSet::from(["db1:1"]));
    }
}
