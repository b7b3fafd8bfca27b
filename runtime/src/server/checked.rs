//! The health checks of one cluster: a task for each of its endpoints, for as long as it is one.
//!
//! It owns the tasks. It waits for the roster's news; what is checked and told is `check`'s.

use crate::{
    check::Checks,
    members::Member,
    net::{Address, kernel::Kernel},
    pool::Pool,
};
use std::{collections::BTreeMap, sync::Arc};
use tokio::task::{AbortHandle, JoinSet};

/// One endpoint, whatever else is known of it.
type Key = (Arc<str>, Address);

fn key(member: &Member) -> Key {
    (Arc::clone(&member.authority), member.address)
}

/// Checks whoever is an endpoint of the cluster, for ever. `seeds` decide when.
pub(super) async fn checked(
    checks: Checks,
    net: Kernel,
    pool: Pool<Kernel>,
    mut seeds: impl FnMut() -> u64,
) {
    let mut news = checks.roster.news();
    let mut tasks = JoinSet::new();
    let mut under_way: BTreeMap<Key, (AbortHandle, Member)> = BTreeMap::new();
    loop {
        let members = news.borrow_and_update().all.clone();
        under_way.retain(|known, (task, member)| {
            let stays = members.iter().any(|one| key(one) == *known);
            if !stays {
                task.abort();
                checks.known.forget(&checks.cluster, member);
            }
            stays
        });
        for member in members.iter() {
            under_way.entry(key(member)).or_insert_with(|| {
                let (net, pool, checks) = (net.clone(), pool.clone(), checks.clone());
                let task = checks.run(net, pool, member.clone(), seeds());
                (tasks.spawn_local(task), member.clone())
            });
        }
        // Those that were told to end, and have.
        while tasks.try_join_next().is_some() {}
        if news.changed().await.is_err() {
            return;
        }
    }
}
