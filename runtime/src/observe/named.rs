//! What is counted by a name that a configuration gives, and whether anybody still has it: a listener, a
//! cluster.
//!
//! It owns the sums of one worker, and with all others of the process who has which name. A reload takes a name
//! away from one worker sooner than from another, with its last connection: none forgets what it has counted before
//! all have, or the sum of all would go back.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

/// Who has which name, in whichever worker; every clone is the same.
#[derive(Clone, Debug, Default)]
pub struct Names(Arc<Mutex<BTreeMap<Box<str>, Weak<()>>>>);

/// The names of listeners, and of clusters, of a process.
#[derive(Clone, Debug, Default)]
pub struct Named {
    /// Listeners.
    pub listeners: Names,
    /// Clusters.
    pub clusters: Names,
}

impl Names {
    fn all(&self) -> MutexGuard<'_, BTreeMap<Box<str>, Weak<()>>> {
        // Whoever held it before did one thing with it, or nothing.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody has it, as long as this is kept.
    fn has(&self, name: &str) -> Arc<()> {
        let mut all = self.all();
        all.retain(|_, one| one.strong_count() > 0);
        let known = all.get(name).and_then(Weak::upgrade);
        known.unwrap_or_else(|| {
            let new = Arc::new(());
            all.insert(name.into(), Arc::downgrade(&new));
            new
        })
    }

    /// Whether anybody has it.
    #[must_use]
    pub fn is_anybodys(&self, name: &str) -> bool {
        self.all()
            .get(name)
            .is_some_and(|one| one.strong_count() > 0)
    }
}

/// A place to count at, of which every clone is the same.
pub(super) trait Shared: Clone + Default {
    /// Whether there is another clone.
    fn is_shared(&self) -> bool;
}

/// A place, and that somebody in this worker has its name.
type Had<T> = (T, Option<Arc<()>>);

/// What one worker counts, by name.
#[derive(Debug)]
pub(super) struct ByName<T> {
    all: RefCell<BTreeMap<Box<str>, Had<T>>>,
    names: Names,
}

impl<T> Default for ByName<T> {
    fn default() -> Self {
        ByName::among(&Names::default())
    }
}

impl<T> ByName<T> {
    /// The same names as others.
    pub(super) fn among(names: &Names) -> Self {
        ByName {
            all: RefCell::default(),
            names: names.clone(),
        }
    }

    /// What `of` makes of each.
    pub(super) fn map<U>(&self, of: impl Fn(&T) -> U) -> BTreeMap<Box<str>, U> {
        let all = self.all.borrow();
        let each = all.iter().map(|(name, (one, _))| (name.clone(), of(one)));
        each.collect()
    }

    /// Whether this name is counted.
    pub(super) fn has(&self, name: &str) -> bool {
        self.all.borrow().contains_key(name)
    }
}

impl<T: Shared> ByName<T> {
    pub(super) fn of(&self, name: &str) -> T {
        let mut all = self.all.borrow_mut();
        let (one, has) = all.entry(name.into()).or_default();
        has.get_or_insert_with(|| self.names.has(name));
        one.clone()
    }

    /// Keeps those that anybody has.
    pub(super) fn forget_gone(&self) {
        let mut all = self.all.borrow_mut();
        all.retain(|name, (one, has)| {
            if !one.is_shared() {
                *has = None;
            }
            has.is_some() || self.names.is_anybodys(name)
        });
    }
}
