//! To whom a key belongs: the same everywhere, by weight, and as little else as can be when one goes.

use super::*;
use crate::group::maglev::is_prime;
use proptest::prelude::*;

fn maglev(places: u32) -> Settings {
    of(Balance::Maglev { places })
}

fn owner(group: &mut Group, key: u64) -> Slot {
    match group.pick(NOW, Some(key), &[]) {
        Choice::Endpoint(slot) => slot,
        choice @ (Choice::Busy | Choice::None) => panic!("{choice:?}"),
    }
}

/// The numbers that others publish for these words.
#[test]
fn the_hash_is_that_of_fnv_1a() {
    assert_eq!(hash(b""), 0xCBF2_9CE4_8422_2325);
    assert_eq!(hash(b"a"), 0xAF63_DC4C_8601_EC8C);
    assert_eq!(hash(b"foobar"), 0x8594_4171_F739_67E8);
}

#[test]
fn primes() {
    let primes: Vec<u32> = (0..30).filter(|n| is_prime(*n)).collect();
    assert_eq!(primes, [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]);
    assert!(is_prime(Balance::PLACES) && !is_prime(65_535));
}

/// Neither a worker's seed nor the order of the file makes a difference.
#[test]
fn a_key_belongs_to_the_same_everywhere() {
    let all = specs(&[1, 2, 3, 1]);
    let turned: Vec<_> = all.iter().rev().copied().collect();
    let (mut one, mut other) = (Group::new(maglev(1021), 1), Group::new(maglev(1021), 2));
    let (slots, turned) = (one.set(NOW, &all), other.set(NOW, &turned));
    for key in 0..500 {
        let at = slots.iter().position(|slot| *slot == owner(&mut one, key));
        let other = turned
            .iter()
            .rev()
            .position(|slot| *slot == owner(&mut other, key));
        assert_eq!(at, other);
        assert_eq!(owner(&mut one, key), slots[at.unwrap()], "and each time");
    }
}

#[test]
fn keys_are_shared_by_weight() {
    let weights = [1, 2, 4, 1, 8];
    let (mut group, slots) = group(maglev(Balance::PLACES), 1, &weights);
    let mut shares = [0_u32; 5];
    for key in 0..32_000 {
        let owner = owner(&mut group, key);
        shares[slots.iter().position(|slot| *slot == owner).unwrap()] += 1;
    }
    for (share, weight) in shares.iter().zip(weights) {
        assert!(share.abs_diff(weight * 2_000) < 250, "{shares:?}");
    }
}

/// Who cannot be had for a while: its keys go to all the others, and come back.
#[test]
fn the_keys_of_one_that_is_down_are_shared_among_the_others() {
    let (mut group, slots) = group(maglev(1021), 1, &[1; 5]);
    let before: Vec<_> = (0..2_000).map(|key| owner(&mut group, key)).collect();
    group.set_health(slots[2], NOW, false);
    let mut heirs = [0_u32; 5];
    for (key, before) in (0..).zip(&before) {
        let now = owner(&mut group, key);
        if *before == slots[2] {
            heirs[slots.iter().position(|slot| *slot == now).unwrap()] += 1;
        } else {
            assert_eq!(now, *before, "it has nothing to do with it");
        }
    }
    assert_eq!(heirs[2], 0);
    let shared = [0, 1, 3, 4]
        .into_iter()
        .all(|at| (60..140).contains(&heirs[at]));
    assert!(shared, "{heirs:?}");
    group.set_health(slots[2], NOW, true);
    assert!(
        (0..)
            .zip(&before)
            .all(|(key, before)| owner(&mut group, key) == *before)
    );
}

proptest! {
    /// One goes or comes: a key that did not belong to it, and will not, stays almost always with
    /// whom it belongs to.
    #[test]
    fn little_changes_when_one_comes_or_goes(
        weights in prop::collection::vec(1_u32..5, 3..20),
        which in any::<prop::sample::Index>(),
    ) {
        let all = specs(&weights);
        let which = which.index(all.len());
        let mut fewer = all.clone();
        fewer.remove(which);
        let mut group = Group::new(maglev(4093), 1);
        let slots = group.set(NOW, &all);
        let keys = 0..2_000;
        let with: Vec<_> = keys.clone().map(|key| owner(&mut group, key)).collect();
        group.set(NOW, &fewer);
        let moved = keys.clone().zip(&with).filter(|(key, before)| {
            let now = owner(&mut group, *key);
            **before != slots[which] && now != **before
        });
        let moved = moved.count();
        prop_assert!(moved < 160, "{moved} of 2000 keys moved for nothing");
        group.set(NOW, &all);
        prop_assert!(keys.zip(&with).all(|(key, before)| owner(&mut group, key) == *before));
    }
}
