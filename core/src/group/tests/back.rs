//! Who leaves, and is back before its last session is over.

use super::*;

/// Members who may have two sessions each.
fn two_each() -> Vec<Spec> {
    let most = |spec| Spec { most: 2, ..spec };
    specs(&[1, 1]).into_iter().map(most).collect()
}

#[test]
fn what_it_has_yet_counts() {
    for balance in ALL {
        let (all, mut group) = (two_each(), Group::new(of(balance), 3));
        let slots = group.set(NOW, &all);
        (0..2).for_each(|_| group.begin(slots[0]));
        group.set(NOW, &all[1..]);
        assert_eq!(group.state(slots[0]), State::Gone);
        assert_eq!(group.set(NOW, &all), slots, "the place that it had");
        assert_eq!((group.load(slots[0]), group.available()), (2, 2));
        for key in [None, Some(1), Some(2)] {
            let choice = group.pick(NOW, key, &[]);
            assert_eq!(
                choice,
                Choice::Endpoint(slots[1]),
                "{balance:?}: it is full"
            );
        }
        assert_eq!(group.pick(NOW, None, &slots[1..]), Choice::Busy);
        // A session from before is over: there is room.
        group.end(slots[0]);
        let choice = group.pick(NOW, None, &slots[1..]);
        assert_eq!(choice, Choice::Endpoint(slots[0]), "{balance:?}");
        assert_eq!(group.load(slots[0]), 1);
    }
}

#[test]
fn nobody_else_has_its_place_meanwhile() {
    let (all, mut group) = (specs(&[1; 3]), Group::new(Settings::default(), 3));
    let slots = group.set(NOW, &all[..1]);
    group.begin(slots[0]);
    let others = group.set(NOW, &all[1..]);
    let now = group.set(NOW, &[all[2], all[0], all[1]]);
    assert_eq!(now, [others[1], slots[0], others[0]]);
    assert_eq!(group.available(), 3);
}

/// Of two of one name each is back in a place of its own.
#[test]
fn two_of_one_name_are_two_again() {
    let (twice, mut group) = ([specs(&[1])[0]; 2], Group::new(Settings::default(), 3));
    let slots = group.set(NOW, &twice);
    group.begin(slots[0]);
    group.begin(slots[1]);
    group.set(NOW, &[]);
    assert_eq!(group.set(NOW, &twice[..1]), slots[..1]);
    assert_eq!(group.set(NOW, &twice), slots);
    assert_eq!(slots.iter().map(|slot| group.load(*slot)).sum::<u32>(), 2);
}

/// It is left alone for as long as it would have been, and the next time longer.
#[test]
fn its_ejections_are_not_forgotten() {
    let (mut group, slots) = group(Settings::default(), 7, &[1; 2]);
    let all = specs(&[1; 2]);
    group.begin(slots[0]);
    fail(&mut group, slots[0], NOW).unwrap();
    let ends = Time::from_ms(10_000);
    group.set(NOW, &all[1..]);
    group.set(NOW, &all);
    assert_eq!(group.state(slots[0]), State::Ejected(ends));
    assert_eq!(group.next_end(), Some(ends));
    group.set(NOW, &all[1..]);
    let later = Time::from_ms(15_000);
    group.set(later, &all);
    assert_eq!(group.state(slots[0]), State::Up, "it is over by then");
    let again = fail(&mut group, slots[0], later);
    assert_eq!(again, Some(Span::from_secs(20)));
}

/// The health is that of a new one: whoever checks it says what it is.
#[test]
fn it_is_up_and_starts_slowly_as_any_that_is_new() {
    let settings = Settings {
        slow_start: Some(Span::from_secs(100)),
        ..of(Balance::RoundRobin)
    };
    let (mut group, slots) = group(settings, 7, &[1; 2]);
    let all = specs(&[1; 2]);
    group.begin(slots[0]);
    group.set_health(slots[0], NOW, false);
    group.set(NOW, &all[1..]);
    group.set(NOW, &all);
    assert_eq!(group.state(slots[0]), State::Up);
    let its = shares(&mut group, &slots, 1_000)[0];
    assert!((40..150).contains(&its), "{its}");
    // If it is nobody's, nothing is left of it.
    group.end(slots[0]);
    fail(&mut group, slots[0], NOW).unwrap();
    group.set(NOW, &all[1..]);
    assert_eq!(group.set(NOW, &all), slots);
    assert_eq!(group.state(slots[0]), State::Up);
}
