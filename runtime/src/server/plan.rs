//! What a reload changes, in words.
//!
//! Pure: two configurations, and what there is to say of them.

use crate::config::{Cluster, Config};

/// What is different in `new`, a part each; one part that says so if nothing is.
pub(super) fn plan(old: &Config, new: &Config) -> Vec<String> {
    let mut parts = Vec::new();
    named(
        &mut parts,
        "listener",
        (&old.listeners, &new.listeners),
        |one| &one.name,
    );
    named(
        &mut parts,
        "cluster",
        (&old.clusters, &new.clusters),
        |one| &one.name,
    );
    for part in &mut parts {
        for (was, is) in pairs(&old.clusters, &new.clusters) {
            if *part == format!("cluster `{}` changed", is.name) {
                *part += &endpoints(was, is);
            }
        }
    }
    if old.limits != new.limits {
        parts.push("limits changed".to_owned());
    }
    if old.memory != new.memory {
        parts.push("memory changed".to_owned());
    }
    if old.watch != new.watch {
        parts.push("watching of files changed".to_owned());
    }
    if old.drain != new.drain {
        parts.push("drain changed".to_owned());
    }
    if old.admin != new.admin {
        parts.push("admin stays as it is until the next start".to_owned());
    }
    if old.log != new.log {
        parts.push("log stays as it is until the next start".to_owned());
    }
    if old.user != new.user {
        parts.push("user stays as it is until the next start".to_owned());
    }
    if old.landlock != new.landlock {
        parts.push("landlock stays as it is until the next start".to_owned());
    }
    if old.workers != new.workers {
        parts.push("workers stay as they are until the next start".to_owned());
    }
    if parts.is_empty() {
        parts.push("nothing changed; certificates were read again".to_owned());
    }
    parts
}

/// The clusters that are in both.
fn pairs<'a>(
    old: &'a [Cluster],
    new: &'a [Cluster],
) -> impl Iterator<Item = (&'a Cluster, &'a Cluster)> {
    new.iter().filter_map(|is| {
        let was = old.iter().find(|was| was.name == is.name)?;
        Some((was, is))
    })
}

/// How many endpoints have come and gone: ` (+2 -1 endpoints)`; nothing if none has.
fn endpoints(was: &Cluster, is: &Cluster) -> String {
    let missing = |from: &Cluster, of: &Cluster| {
        let known = |one: &str| from.endpoints.iter().any(|other| other.authority == one);
        let all = of.endpoints.iter();
        all.filter(|one| !known(&one.authority)).count()
    };
    match (missing(was, is), missing(is, was)) {
        (0, 0) => String::new(),
        (come, 0) => format!(" (+{come} endpoints)"),
        (0, gone) => format!(" (-{gone} endpoints)"),
        (come, gone) => format!(" (+{come} -{gone} endpoints)"),
    }
}

/// Of things with names, in their order: those that are new, changed or gone.
fn named<T: PartialEq>(
    parts: &mut Vec<String>,
    what: &str,
    (old, new): (&[T], &[T]),
    name: impl Fn(&T) -> &str,
) {
    for one in new {
        let known = old.iter().find(|known| name(known) == name(one));
        let word = match known {
            None => "new",
            Some(known) if known != one => "changed",
            Some(_) => continue,
        };
        parts.push(format!("{what} `{}` {word}", name(one)));
    }
    for one in old {
        if !new.iter().any(|other| name(other) == name(one)) {
            parts.push(format!("{what} `{}` gone", name(one)));
        }
    }
}
