//! The order of what is idle: by address for whoever wants one, by age for whoever must go.
//!
//! It owns nothing but the order, waits for nothing, and never asks what it orders.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
};

/// Things to be taken by address, the youngest first, or by age, the oldest first. Every way in and
/// out costs the logarithm of how many there are.
#[derive(Debug)]
pub(super) struct Idle<T> {
    /// Ids grow with time.
    next: u64,
    by_age: BTreeMap<u64, (SocketAddr, T)>,
    by_address: BTreeSet<(SocketAddr, u64)>,
}

impl<T> Default for Idle<T> {
    fn default() -> Self {
        Idle {
            next: 0,
            by_age: BTreeMap::new(),
            by_address: BTreeSet::new(),
        }
    }
}

impl<T> Idle<T> {
    pub(super) fn len(&self) -> usize {
        self.by_age.len()
    }

    /// Adds the youngest; its id.
    pub(super) fn insert(&mut self, address: SocketAddr, one: T) -> u64 {
        let id = self.next;
        self.next += 1;
        self.by_age.insert(id, (address, one));
        self.by_address.insert((address, id));
        id
    }

    /// Of those that suit. One address rarely has others: two clusters would have to share it.
    pub(super) fn take_youngest(
        &mut self,
        address: SocketAddr,
        suits: impl Fn(&T) -> bool,
    ) -> Option<T> {
        let ids = (address, 0)..=(address, u64::MAX);
        let mut youngest_first = self.by_address.range(ids).rev();
        let (_, id) = *youngest_first.find(|(_, id)| {
            let known = self.by_age.get(id);
            known.is_some_and(|(_, one)| suits(one))
        })?;
        self.remove(id)
    }

    pub(super) fn take_oldest(&mut self) -> Option<T> {
        let (id, (address, one)) = self.by_age.pop_first()?;
        self.by_address.remove(&(address, id));
        Some(one)
    }

    /// What `insert` gave this id, if it is still there.
    pub(super) fn remove(&mut self, id: u64) -> Option<T> {
        let (address, one) = self.by_age.remove(&id)?;
        self.by_address.remove(&(address, id));
        Some(one)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn any(_: &&str) -> bool {
        true
    }

    fn address(n: u8) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, n], 80))
    }

    #[test]
    fn the_youngest_is_taken_and_the_oldest_makes_room() {
        let mut idle = Idle::default();
        for (n, name) in [(1, "a"), (2, "b"), (1, "c"), (2, "d"), (3, "e")] {
            idle.insert(address(n), name);
        }
        assert_eq!(idle.take_youngest(address(1), any), Some("c"));
        assert_eq!(idle.take_youngest(address(4), any), None);
        assert_eq!(idle.take_oldest(), Some("a"));
        assert_eq!(idle.take_youngest(address(1), any), None);
        assert_eq!(idle.take_oldest(), Some("b"));
        assert_eq!(idle.take_youngest(address(2), any), Some("d"));
        assert_eq!((idle.len(), idle.by_address.len()), (1, 1));
    }

    #[test]
    fn what_does_not_suit_stays() {
        let mut idle = Idle::default();
        idle.insert(address(1), "a");
        idle.insert(address(1), "b");
        assert_eq!(idle.take_youngest(address(1), |one| *one == "a"), Some("a"));
        assert_eq!(idle.take_youngest(address(1), |one| *one == "a"), None);
        assert_eq!(idle.len(), 1);
    }

    #[test]
    fn what_is_removed_is_not_found_again() {
        let mut idle = Idle::default();
        let first = idle.insert(address(1), "a");
        idle.insert(address(1), "b");
        assert_eq!(idle.remove(first), Some("a"));
        assert_eq!(idle.remove(first), None);
        assert_eq!(idle.take_oldest(), Some("b"));
        assert_eq!(idle.take_youngest(address(1), any), None);
    }
}
