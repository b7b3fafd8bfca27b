//! The order of what is idle: by address for whoever wants one, by age for whoever must go.
//!
//! It owns nothing but the order, waits for nothing, and never asks what it orders. Once as many have
//! been here as there are now, nobody who comes or goes costs memory.

use crate::net::Address;
use std::collections::BTreeMap;

/// Things to be taken by address, the youngest first, or by age, the oldest first. Every way in and
/// out costs the same, however many there are.
#[derive(Debug)]
pub(super) struct Idle<T> {
    slots: Vec<Slot<T>>,
    /// The first slot that nobody has.
    free: Option<usize>,
    age: Ends,
    /// Where in `same` the list of an address is: as many as there are endpoints, and never fewer.
    by_address: BTreeMap<Address, usize>,
    same: Vec<Ends>,
    /// The address that was looked up last.
    last: Option<(Address, usize)>,
    len: usize,
    /// Grows with every one that comes.
    next: u64,
}

/// The name of something that is idle: it is never another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    slot: usize,
    stamp: u64,
}

/// The ends of a list.
#[derive(Clone, Copy, Debug, Default)]
struct Ends {
    oldest: Option<usize>,
    youngest: Option<usize>,
}

/// The neighbours in a list.
#[derive(Clone, Copy, Debug, Default)]
struct Links {
    older: Option<usize>,
    younger: Option<usize>,
}

#[derive(Debug)]
enum Slot<T> {
    Free {
        next: Option<usize>,
    },
    Full {
        stamp: u64,
        /// Which of the lists by address it is in.
        list: usize,
        age: Links,
        same: Links,
        one: T,
    },
}

/// Which of the two lists.
#[derive(Clone, Copy, Debug)]
enum List {
    Age,
    Same,
}

impl<T> Default for Idle<T> {
    fn default() -> Self {
        Idle {
            slots: Vec::new(),
            free: None,
            age: Ends::default(),
            by_address: BTreeMap::new(),
            same: Vec::new(),
            last: None,
            len: 0,
            next: 0,
        }
    }
}

impl<T> Idle<T> {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Adds the youngest.
    pub(super) fn insert(&mut self, address: Address, one: T) -> Key {
        let stamp = self.next;
        self.next += 1;
        self.len += 1;
        let links = |youngest| Links {
            older: youngest,
            younger: None,
        };
        let list = self.list(address);
        let full = Slot::Full {
            stamp,
            list,
            age: links(self.age.youngest),
            same: links(self.same[list].youngest),
            one,
        };
        let at = self.put(full);
        let before = [
            (List::Age, append(&mut self.age, at)),
            (List::Same, append(&mut self.same[list], at)),
        ];
        for (list, older) in before {
            if let Some(links) = older.and_then(|older| self.links(older, list)) {
                links.younger = Some(at);
            }
        }
        Key { slot: at, stamp }
    }

    /// Of those that suit. One address rarely has others: two clusters would have to share it.
    pub(super) fn take_youngest(
        &mut self,
        address: Address,
        suits: impl Fn(&T) -> bool,
    ) -> Option<T> {
        let list = self.list(address);
        let mut at = self.same[list].youngest;
        while let Some(slot) = at {
            let Slot::Full { same, one, .. } = &self.slots[slot] else {
                return None;
            };
            if suits(one) {
                return self.take(slot);
            }
            at = same.older;
        }
        None
    }

    pub(super) fn take_oldest(&mut self) -> Option<T> {
        self.take(self.age.oldest?)
    }

    /// What `insert` gave this key, if it is still there.
    pub(super) fn remove(&mut self, key: Key) -> Option<T> {
        match self.slots.get(key.slot)? {
            Slot::Full { stamp, .. } if *stamp == key.stamp => self.take(key.slot),
            Slot::Full { .. } | Slot::Free { .. } => None,
        }
    }

    /// The list of an address: most that come and go one behind the other have the same one.
    fn list(&mut self, address: Address) -> usize {
        if let Some((last, list)) = self.last
            && last == address
        {
            return list;
        }
        let next = self.same.len();
        let list = *self.by_address.entry(address).or_insert(next);
        if list == next {
            self.same.push(Ends::default());
        }
        self.last = Some((address, list));
        list
    }

    fn put(&mut self, full: Slot<T>) -> usize {
        let Some(at) = self.free else {
            self.slots.push(full);
            return self.slots.len() - 1;
        };
        if let Slot::Free { next } = self.slots[at] {
            self.free = next;
        }
        self.slots[at] = full;
        at
    }

    fn take(&mut self, at: usize) -> Option<T> {
        let free = Slot::Free { next: self.free };
        let full = std::mem::replace(&mut self.slots[at], free);
        self.free = Some(at);
        let Slot::Full {
            list: own,
            age,
            same,
            one,
            ..
        } = full
        else {
            return None;
        };
        self.len -= 1;
        for (list, links) in [(List::Age, age), (List::Same, same)] {
            if let Some(older) = links.older.and_then(|older| self.links(older, list)) {
                older.younger = links.younger;
            }
            if let Some(younger) = links.younger.and_then(|younger| self.links(younger, list)) {
                younger.older = links.older;
            }
        }
        unlink(&mut self.age, at, age);
        unlink(&mut self.same[own], at, same);
        Some(one)
    }

    fn links(&mut self, at: usize, list: List) -> Option<&mut Links> {
        match (&mut self.slots[at], list) {
            (Slot::Full { age, .. }, List::Age) => Some(age),
            (Slot::Full { same, .. }, List::Same) => Some(same),
            (Slot::Free { .. }, List::Age | List::Same) => None,
        }
    }
}

/// Makes `at` the youngest of a list, and tells who was.
fn append(ends: &mut Ends, at: usize) -> Option<usize> {
    ends.oldest.get_or_insert(at);
    ends.youngest.replace(at)
}

/// Takes `at`, which had these neighbours, off the ends of a list.
fn unlink(ends: &mut Ends, at: usize, links: Links) {
    if ends.oldest == Some(at) {
        ends.oldest = links.younger;
    }
    if ends.youngest == Some(at) {
        ends.youngest = links.older;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn any(_: &&str) -> bool {
        true
    }

    fn address(n: u8) -> Address {
        Address::Inet(([192, 0, 2, n], 80).into())
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
        assert_eq!(idle.len(), 1);
        assert_eq!(idle.take_oldest(), Some("e"));
        assert_eq!((idle.take_oldest(), idle.len()), (None, 0));
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

    #[test]
    fn a_key_is_never_anothers() {
        let mut idle = Idle::default();
        let first = idle.insert(address(1), "a");
        assert_eq!(idle.take_oldest(), Some("a"));
        let second = idle.insert(address(2), "b");
        assert_eq!((second.slot, idle.remove(first)), (first.slot, None));
        assert_eq!(idle.remove(second), Some("b"));
    }

    /// Against two lists that are plainly right: by age, and the same by address.
    #[test]
    fn any_order_of_comings_and_goings_is_kept() {
        let mut idle = Idle::default();
        let mut plain: Vec<(Key, u8, u32)> = Vec::new();
        let mut draw = 7_u32;
        for name in 0..2_000 {
            draw = draw.wrapping_mul(1_103_515_245).wrapping_add(12_345);
            let to = u8::try_from(draw >> 16 & 3).unwrap();
            match draw >> 20 & 7 {
                0..=3 => plain.push((idle.insert(address(to), name), to, name)),
                4 | 5 => {
                    let at = plain.iter().rposition(|one| one.1 == to);
                    let expected = at.map(|at| plain.remove(at).2);
                    assert_eq!(idle.take_youngest(address(to), |_| true), expected);
                }
                6 => {
                    let expected = (!plain.is_empty()).then(|| plain.remove(0).2);
                    assert_eq!(idle.take_oldest(), expected);
                }
                _ if plain.is_empty() => {}
                _ => {
                    let (key, _, expected) = plain.remove(draw as usize % plain.len());
                    assert_eq!(idle.remove(key), Some(expected));
                }
            }
            assert_eq!(idle.len(), plain.len());
        }
    }
}
