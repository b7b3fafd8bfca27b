//! All of a file's names, looked up once: which of them have no address now.

use super::{Failure, Families, Found, Known, Resolver};
use std::{collections::BTreeMap, time::Duration};
use tokio::{
    runtime::Builder,
    task::{JoinSet, LocalSet},
    time::timeout,
};

/// So long, all names are waited for together.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

/// Those of `names` that have no address, in their order, and why. It blocks, for [`PATIENCE`] at most.
#[must_use]
pub fn unresolved<R: Resolver + Clone>(
    resolver: &R,
    families: Families,
    names: &[&str],
) -> Vec<(String, String)> {
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let why = |name: &&str| ((*name).to_owned(), error.to_string());
            return names.iter().map(why).collect();
        }
    };
    let local = LocalSet::new();
    let found = runtime.block_on(local.run_until(look_up(resolver, families, names)));
    let why = |name: &&str| {
        let why = found.get(*name).cloned().flatten()?;
        Some(((*name).to_owned(), why.to_string()))
    };
    names.iter().filter_map(why).collect()
}

/// What stands against each name, if anything does.
async fn look_up<R: Resolver + Clone>(
    resolver: &R,
    families: Families,
    names: &[&str],
) -> BTreeMap<String, Option<Failure>> {
    let mut tasks = JoinSet::new();
    for name in names {
        let (resolver, name) = (resolver.clone(), (*name).to_owned());
        tasks.spawn_local(async move {
            let found = timeout(PATIENCE, resolver.look_up(&name, families)).await;
            let found = found.unwrap_or(Found::failed(&Failure::Late));
            let mut known = Known::new(families);
            let learnt = known.learn(found);
            let nothing = known.addresses().is_empty();
            (name, learnt.trouble.filter(|_| nothing))
        });
    }
    tasks.join_all().await.into_iter().collect()
}
