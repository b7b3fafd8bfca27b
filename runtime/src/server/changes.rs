//! What an operator changes of endpoints while the process runs: found by name, told to the cluster's
//! roster, kept over reloads, and given to whoever serves next, with the addresses that names have had. The
//! file stays the truth: what differs from it is said wherever endpoints are told of.
//!
//! It owns the words for it. The changes are the rosters' (`members`), and so are the addresses.

use super::{control::ClusterStatus, reload::Current, work::Common};
use crate::{
    config::{Cluster, Config},
    members::{Change, Member, Members, UntilNow},
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

/// What is wanted of an endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// Its cluster's name.
    pub cluster: String,
    /// `HOST:PORT` as configured, or an address in use.
    pub endpoint: String,
    /// Whether it is to get nothing new.
    pub drained: Option<bool>,
    /// What it is to weigh: so much, or as the file says.
    pub weight: Option<Option<u32>>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Changed {
    /// `HOST:PORT` as configured.
    pub endpoint: String,
    /// How its cluster stands now.
    pub cluster: ClusterStatus,
}

/// What is changed, and known, of the endpoints of all clusters, by the clusters' names.
pub(super) type All = BTreeMap<String, UntilNow>;

impl Current {
    /// Changes an endpoint.
    ///
    /// # Errors
    /// There is none of that name.
    pub(super) fn change(&self, wish: &Wish) -> Result<Changed, String> {
        let common = &self.common;
        let Wish {
            cluster: name,
            endpoint,
            drained,
            weight,
        } = wish;
        let mut clusters = common.config.clusters.iter();
        let found = clusters.find(|one| one.name == *name);
        let roster = common.roster(name);
        let Some((cluster, roster)) = found.zip(roster) else {
            let all = common.config.clusters.iter().map(|one| &*one.name);
            return Err(format!(
                "there is no cluster `{name}`; there are {}",
                listed(all)
            ));
        };
        let members = roster.members();
        let authority = authority(cluster, &members, endpoint)?;
        let mut change = members.changes.of(&authority);
        change.drained = drained.unwrap_or(change.drained);
        change.weight = weight.unwrap_or(change.weight);
        let mut changes = members.changes;
        changes.put(&authority, change);
        roster.change(changes);
        tracing::info!(cluster = %name, endpoint = %authority, "an operator has changed it: {}", said(change));
        Ok(Changed {
            cluster: ClusterStatus::of(cluster, &roster.members()),
            endpoint: authority,
        })
    }
}

/// What an endpoint is called that is `wanted`. An address stands for a name that has no other.
fn authority(cluster: &Cluster, members: &Members, wanted: &str) -> Result<String, String> {
    let configured = || cluster.endpoints.iter().map(|one| &*one.authority);
    if configured().any(|one| one == wanted) {
        return Ok(wanted.to_owned());
    }
    let meant = |one: &&Member| one.address.to_string() == wanted;
    let names: BTreeSet<&str> = members
        .all
        .iter()
        .filter(meant)
        .map(|one| &*one.authority)
        .collect();
    let mut names = names.into_iter();
    match (names.next(), names.next()) {
        (None, _) => Err(format!(
            "cluster `{}` has no endpoint `{wanted}`; it has {}",
            cluster.name,
            listed(configured())
        )),
        (Some(one), None) if members.at(one).count() == 1 => Ok(one.to_owned()),
        (Some(one), None) => Err(format!(
            "`{wanted}` is one of {} addresses of `{one}`: name that, and all of them are meant",
            members.at(one).count()
        )),
        (Some(one), Some(other)) => Err(format!(
            "`{wanted}` is an address of `{one}` and of `{other}`: name the one that is meant"
        )),
    }
}

fn listed<'a>(all: impl Iterator<Item = &'a str>) -> String {
    all.collect::<Vec<_>>().join(", ")
}

/// A change in words.
fn said(change: Change) -> String {
    let drained = change.drained.then(|| "drained".to_owned());
    let weight = change.weight.map(|weight| format!("weight {weight}"));
    let parts: Vec<_> = drained.into_iter().chain(weight).collect();
    match &*parts {
        [] => "as the file says".to_owned(),
        parts => parts.join(", "),
    }
}

impl Common {
    /// What becomes of all that is different once `config` is served: a part each, for a plan.
    pub(super) fn plan_of_changes(&self, config: &Config) -> Vec<String> {
        let mut parts = Vec::new();
        for (name, now) in self.changes() {
            let cluster = config.clusters.iter().find(|one| one.name == name);
            let known = |one: &str| {
                let mut all = cluster.into_iter().flat_map(|cluster| &cluster.endpoints);
                all.any(|other| other.authority == one)
            };
            for (authority, change) in now.changes.all() {
                let change = said(change);
                parts.push(match known(authority) {
                    true => format!(
                        "endpoint `{authority}` of cluster `{name}` stays changed by hand: {change}"
                    ),
                    false => format!(
                        "endpoint `{authority}` of cluster `{name}` is gone, and with it what was changed by hand: {change}"
                    ),
                });
            }
        }
        parts
    }

    /// All that is different, and where names are, for another process.
    pub(super) fn changes(&self) -> All {
        let all = self.config.clusters.iter().zip(&self.rosters);
        let now = all.map(|(cluster, roster)| {
            let now = UntilNow::of(&roster.members(), cluster);
            (cluster.name.clone(), now)
        });
        now.collect()
    }

    /// The same of the cluster of this name, if there is one.
    pub(super) fn until_now(&self, cluster: &str) -> Option<UntilNow> {
        let mut all = self.config.clusters.iter();
        let cluster = all.find(|one| one.name == cluster)?;
        let members = self.members(&cluster.name)?;
        Some(UntilNow::of(&members, cluster))
    }
}

/// As it is written to another process. One of a version that knows nothing of addresses finds endpoints that
/// are as its file says.
pub(super) fn written(all: &All) -> Value {
    let each = all.iter().flat_map(|(cluster, now)| {
        let endpoints = now.endpoints().into_iter();
        endpoints.map(move |endpoint| {
            let change = now.changes.of(endpoint);
            let addresses = now.at(endpoint).map(|ip| ip.to_string());
            json!({
                "cluster": cluster,
                "endpoint": endpoint,
                "drained": change.drained,
                "weight": change.weight,
                "addresses": addresses.collect::<Vec<_>>(),
            })
        })
    });
    each.collect()
}

/// As another process has written it: what we do not understand of it is left out.
pub(super) fn read(value: &Value) -> All {
    let mut all = All::new();
    for one in value.as_array().into_iter().flatten() {
        let (Some(cluster), Some(endpoint)) = (one["cluster"].as_str(), one["endpoint"].as_str())
        else {
            continue;
        };
        let change = Change {
            drained: one["drained"] == true,
            weight: one["weight"]
                .as_u64()
                .and_then(|weight| weight.try_into().ok()),
        };
        let addresses = one["addresses"].as_array().into_iter().flatten();
        let addresses = addresses.filter_map(|ip| ip.as_str()?.parse::<IpAddr>().ok());
        let now = all.entry(cluster.to_owned()).or_default();
        now.changes.put(endpoint, change);
        now.is_at(endpoint, addresses);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config,
        members::{self, Changes},
        net::Address,
    };

    #[test]
    fn what_was_written_is_read() {
        let mut all = All::new();
        let change = |drained, weight| Change { drained, weight };
        let api = all.entry("api".to_owned()).or_default();
        api.changes.put("db:1", change(true, None));
        api.changes.put("db:2", change(false, Some(0)));
        api.changes.put("db:3", change(true, Some(7)));
        let ips = ["10.0.0.1", "fd00::1"].map(|ip| ip.parse().unwrap());
        api.is_at("db:3", ips);
        api.is_at("db:4", ips);
        assert_eq!(read(&written(&all)), all);
        assert_eq!(read(&Value::Null), All::new());
        assert_eq!(read(&json!([{ "cluster": "api" }, 7])), All::new());
    }

    /// Each of two processes may be of any version.
    #[test]
    fn what_another_version_writes_is_read_as_far_as_it_is_understood() {
        let one = |more: Value| {
            let mut one = json!({ "cluster": "api", "endpoint": "db:1" });
            one.as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            read(&json!([one])).remove("api").unwrap()
        };
        let mut expected = UntilNow::default();
        let known = json!({ "addresses": ["10.0.0.1", "db", 7], "asked": { "at": 7 } });
        expected.is_at("db:1", ["10.0.0.1".parse().unwrap()]);
        assert_eq!(one(known), expected);
        for nothing in [json!({}), json!({ "addresses": "10.0.0.1" })] {
            assert_eq!(one(nothing), UntilNow::default());
        }
        // One that knows nothing of addresses finds a change that is none.
        let mut all = All::from([("api".to_owned(), expected)]);
        let said = written(&all);
        assert_eq!(
            (&said[0]["drained"], &said[0]["weight"]),
            (&json!(false), &json!(null))
        );
        all.clear();
        assert_eq!(written(&all), json!([]));
    }

    #[test]
    fn an_address_is_enough_where_it_is_one_endpoints_and_the_only_one_of_its_name() {
        let mut cluster = config::testing::cluster(&["a:1", "b:1", "c:1", "10.0.0.9:1"]);
        cluster.name = "api".to_owned();
        let at = |nth, last| {
            let address = Address::Inet(([10, 0, 0, last], 1).into());
            members::member(&cluster, nth, address)
        };
        let members = Members {
            all: [at(0, 1), at(1, 1), at(1, 2), at(2, 3), at(3, 9)].into(),
            lacking: None,
            changes: Changes::default(),
        };
        let found = |wanted| authority(&cluster, &members, wanted);
        assert_eq!(found("b:1"), Ok("b:1".to_owned()));
        assert_eq!(found("10.0.0.3:1"), Ok("c:1".to_owned()));
        assert_eq!(found("10.0.0.9:1"), Ok("10.0.0.9:1".to_owned()));
        for (wanted, why) in [
            (
                "10.0.0.2:1",
                "`10.0.0.2:1` is one of 2 addresses of `b:1`: name that, and all of them are meant",
            ),
            (
                "10.0.0.1:1",
                "`10.0.0.1:1` is an address of `a:1` and of `b:1`: name the one that is meant",
            ),
            (
                "d:1",
                "cluster `api` has no endpoint `d:1`; it has a:1, b:1, c:1, 10.0.0.9:1",
            ),
        ] {
            assert_eq!(found(wanted), Err(why.to_owned()));
        }
    }

    #[test]
    fn an_endpoint_whose_addresses_are_not_known_is_told_of_if_it_was_changed() {
        let cluster = config::testing::cluster(&["a:1", "b:1"]);
        let mut changes = Changes::default();
        let change = |drained, weight| Change { drained, weight };
        changes.put("a:1", change(true, None));
        let members = Members {
            all: [].into(),
            lacking: None,
            changes,
        };
        let told = ClusterStatus::of(&cluster, &members).endpoints;
        let told: Vec<_> = told
            .iter()
            .map(|one| (&*one.authority, &*one.address, one.drained))
            .collect();
        assert_eq!(told, [("a:1", "-", true)]);
    }

    #[test]
    fn a_change_is_told_in_words() {
        let told = [
            (false, None),
            (true, None),
            (false, Some(3)),
            (true, Some(3)),
        ];
        let told = told.map(|(drained, weight)| said(Change { drained, weight }));
        assert_eq!(
            told.join("; "),
            "as the file says; drained; weight 3; drained, weight 3"
        );
    }
}
