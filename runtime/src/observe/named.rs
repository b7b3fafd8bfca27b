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

/// A place to count at under a name.
#[derive(Debug)]
struct One<T> {
    place: T,
    /// Somebody in this worker has the name.
    has: Option<Arc<()>>,
    /// As long as that is the one that others have, nobody has begun anew.
    since: Weak<()>,
}

/// What one worker counts, by name.
#[derive(Debug)]
pub(super) struct ByName<T> {
    all: RefCell<BTreeMap<Box<str>, One<T>>>,
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
        let each = all.iter().map(|(name, one)| (name.clone(), of(&one.place)));
        each.collect()
    }

    /// Whether this name is counted.
    pub(super) fn has(&self, name: &str) -> bool {
        self.all.borrow().contains_key(name)
    }
}

impl<T: Shared> ByName<T> {
    /// Where this name is counted. One that comes back begins anew in all workers, or in none.
    pub(super) fn of(&self, name: &str) -> T {
        let mut all = self.all.borrow_mut();
        if let Some(One { place, has, since }) = all.get_mut(name) {
            let now = has.take().unwrap_or_else(|| self.names.has(name));
            let same = since.as_ptr() == Arc::as_ptr(&now);
            *has = Some(now);
            if same {
                return place.clone();
            }
        }
        let has = self.names.has(name);
        let one = One {
            place: T::default(),
            since: Arc::downgrade(&has),
            has: Some(has),
        };
        let place = one.place.clone();
        all.insert(name.into(), one);
        place
    }

    /// Keeps those that anybody has.
    pub(super) fn forget_gone(&self) {
        let mut all = self.all.borrow_mut();
        all.retain(|name, one| {
            if !one.place.is_shared() {
                one.has = None;
            }
            one.has.is_some() || self.names.is_anybodys(name)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{cell::Cell, rc::Rc};

    #[derive(Clone, Default)]
    struct Place(Rc<Cell<u32>>);

    impl Shared for Place {
        fn is_shared(&self) -> bool {
            Rc::strong_count(&self.0) > 1
        }
    }

    fn count(worker: &ByName<Place>) -> Option<u32> {
        worker.map(|place| place.0.get()).get("a").copied()
    }

    #[test]
    fn a_name_is_forgotten_by_all_workers_or_by_none() {
        let names = Names::default();
        let [one, other] = [(); 2].map(|()| ByName::<Place>::among(&names));
        let [here, there] = [&one, &other].map(|worker| worker.of("a"));
        here.0.set(1);
        there.0.set(1);
        drop(here);
        one.forget_gone();
        assert_eq!(count(&one), Some(1), "somebody has it");
        drop(one.of("a"));
        one.forget_gone();
        drop(there);
        other.forget_gone();
        assert!(count(&other).is_none() && !names.is_anybodys("a"));
        // One that has not looked yet does not go on alone.
        drop(one.of("a"));
        assert_eq!(count(&one), Some(0));
    }
}
