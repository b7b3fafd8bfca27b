//! What a reload changes, in words.
//!
//! Pure: two configurations, and what there is to say of them.

use crate::config::Config;

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
    if old.limits != new.limits {
        parts.push("limits changed".to_owned());
    }
    if old.memory != new.memory {
        parts.push("memory changed".to_owned());
    }
    if old.drain != new.drain {
        parts.push("drain changed".to_owned());
    }
    if old.admin != new.admin {
        parts.push("admin stays as it is until the next start".to_owned());
    }
    if old.workers != new.workers {
        parts.push("workers stay as they are until the next start".to_owned());
    }
    if parts.is_empty() {
        parts.push("nothing changed; certificates were read again".to_owned());
    }
    parts
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
