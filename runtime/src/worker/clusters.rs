//! The clusters of a worker over all its reloads: those that are configured, and those that were and that
//! sessions from before still use (LIFECYCLE 4.8).
//!
//! It owns them, and who hears of their endpoints. A cluster that chooses as before stays the same one; another
//! one takes the place of one that does not, which keeps its endpoints, and hears of them what concerns it:
//! what checks find, and what an operator says.

use super::{Extras, parts};
use crate::{
    config::{self, Config},
    members::{self, Following, Member, Members, News},
    net::Network,
    upstream::Cluster,
};
use std::rc::{Rc, Weak};
use tidegate_core::time::Time;

/// All of them.
#[derive(Default)]
pub(super) struct Clusters {
    /// In the order of the configuration.
    all: Vec<Configured>,
    former: Vec<Former>,
    following: Vec<Following>,
}

struct Configured {
    as_is: config::Cluster,
    cluster: Rc<Cluster>,
    news: Option<News>,
}

/// One that is configured otherwise now, or not at all.
struct Former {
    name: String,
    /// Gone with the last session that uses it.
    cluster: Weak<Cluster>,
    members: Vec<Member>,
}

impl Former {
    fn of(one: &Configured) -> Former {
        let members = match &one.news {
            Some(news) => news.borrow().all.to_vec(),
            None => members::configured(&one.as_is),
        };
        Former {
            name: one.as_is.name.clone(),
            cluster: Rc::downgrade(&one.cluster),
            members,
        }
    }
}

impl Clusters {
    /// They are those of `config` from now on; `news` tells of the endpoints of each, by index. `seed`: what the
    /// draws of the first follow from.
    pub(super) fn renew<N: Network>(
        &mut self,
        config: &Config,
        news: &[Option<News>],
        net: &N,
        (extras, seed): (&Extras, u64),
    ) -> Vec<Rc<Cluster>> {
        let now = net.now();
        let before = std::mem::take(&mut self.all);
        for (n, configured) in config.clusters.iter().enumerate() {
            let news = news.get(n).cloned().flatten();
            let known = before
                .iter()
                .find(|known| parts::is_same(&known.as_is, configured));
            let cluster = match known {
                Some(known) => {
                    if news.is_none() {
                        known.cluster.set(now, &members::configured(configured));
                    }
                    Rc::clone(&known.cluster)
                }
                None => {
                    let seed = seed.wrapping_add(u64::try_from(n).unwrap_or_default());
                    parts::cluster(configured, now, (extras, seed))
                }
            };
            self.all.push(Configured {
                as_is: configured.clone(),
                cluster,
                news,
            });
        }
        let stays = |one: &Configured| {
            let mut all = self.all.iter();
            all.any(|other| Rc::ptr_eq(&one.cluster, &other.cluster))
        };
        let gone = before.iter().filter(|one| !stays(one)).map(Former::of);
        self.former.extend(gone);
        drop(before);
        self.former.retain(|one| one.cluster.strong_count() > 0);
        self.follow(net);
        let all = self.all.iter();
        all.map(|one| Rc::clone(&one.cluster)).collect()
    }

    /// Who told of them before is heard no longer.
    fn follow<N: Network>(&mut self, net: &N) {
        self.following.clear();
        for one in &self.all {
            let Some(news) = one.news.clone() else {
                continue;
            };
            let (cluster, net) = (Rc::clone(&one.cluster), net.clone());
            let heard = move |members: &Members| {
                cluster.set(net.now(), &members.all);
                cluster.lacks(members.lacking);
                true
            };
            self.following.push(members::follow(news, heard));
        }
        for former in &self.former {
            let named = |one: &&Configured| one.as_is.name == former.name;
            let news = self.all.iter().find(named).and_then(|one| one.news.clone());
            let Some(news) = news else { continue };
            let (cluster, own) = (former.cluster.clone(), former.members.clone());
            let clock = net.clone();
            let heard = move |members: &Members| hears(&cluster, &own, members, clock.now());
            self.following.push(members::follow(news, heard));
        }
    }
}

/// Tells a cluster of `own` endpoints what concerns it of `members`; says whether it is still there.
fn hears(cluster: &Weak<Cluster>, own: &[Member], members: &Members, now: Time) -> bool {
    let Some(cluster) = cluster.upgrade() else {
        return false;
    };
    let told: Vec<_> = own.iter().map(|one| members.told_of(one)).collect();
    cluster.set(now, &told);
    true
}
