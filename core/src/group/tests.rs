//! Choices, and what they follow from.

mod back;
mod eject;
mod maglev;
mod model;

use super::*;
use alloc::{vec, vec::Vec};

const ALL: [Balance; 4] = [
    Balance::LeastRequest,
    Balance::RoundRobin,
    Balance::Random,
    Balance::Maglev { places: 251 },
];
const NOW: Time = Time(0);

fn specs(weights: &[u32]) -> Vec<Spec> {
    let all = weights.iter().zip(1..);
    all.map(|(weight, n)| Spec {
        weight: *weight,
        ..Spec::new(hash(&[n]))
    })
    .collect()
}

/// A group of members with these weights, and their slots.
fn group(settings: Settings, seed: u64, weights: &[u32]) -> (Group, Vec<Slot>) {
    let mut group = Group::new(settings, seed);
    let slots = group.set(NOW, &specs(weights));
    (group, slots)
}

fn of(balance: Balance) -> Settings {
    Settings {
        balance,
        ..Settings::default()
    }
}

fn picked(group: &mut Group, now: Time) -> Slot {
    match group.pick(now, None, &[]) {
        Choice::Endpoint(slot) => slot,
        choice @ (Choice::Busy | Choice::None) => panic!("{choice:?}"),
    }
}

/// How often each of `slots` is chosen of `calls`.
fn shares(group: &mut Group, slots: &[Slot], calls: usize) -> Vec<usize> {
    let mut shares = vec![0; slots.len()];
    for _ in 0..calls {
        let slot = picked(group, NOW);
        shares[slots.iter().position(|one| *one == slot).unwrap()] += 1;
    }
    shares
}

fn fail(group: &mut Group, slot: Slot, now: Time) -> Option<Span> {
    (0..5).find_map(|_| group.outcome(slot, now, Outcome::Failed))
}

#[test]
fn none_of_none_and_one_of_one() {
    for balance in ALL {
        let mut group = Group::new(of(balance), u64::MAX);
        assert_eq!(group.pick(NOW, None, &[]), Choice::None);
        let slots = group.set(NOW, &specs(&[1]));
        for key in [None, Some(7)] {
            assert_eq!(group.pick(NOW, key, &[]), Choice::Endpoint(slots[0]));
            assert_eq!(group.pick(NOW, key, &slots), Choice::None, "{balance:?}");
        }
    }
}

#[test]
fn nobody_starves_where_all_have_as_much_to_do() {
    for balance in ALL {
        for count in [2, 3, 10] {
            let (mut group, slots) = group(of(balance), 7, &vec![1; count]);
            let shares = shares(&mut group, &slots, 1_000 * count);
            let fair = shares.iter().all(|share| (850..1_150).contains(share));
            assert!(fair, "{balance:?}: {shares:?}");
        }
    }
}

#[test]
fn shares_are_by_weight() {
    for balance in ALL {
        let (mut group, slots) = group(of(balance), 7, &[1, 2, 5]);
        let shares = shares(&mut group, &slots, 8_000);
        for (share, of) in shares.iter().zip([1_000, 2_000, 5_000]) {
            assert!(share.abs_diff(of) < 200, "{balance:?}: {shares:?}");
        }
    }
}

#[test]
fn nothing_new_for_whoever_weighs_nothing() {
    for balance in ALL {
        let (mut group, slots) = group(of(balance), 7, &[0, 1]);
        assert_eq!(shares(&mut group, &slots, 100), [0, 100]);
        group.set_weight(slots[0], NOW, 1);
        assert_eq!(group.state(slots[0]), State::Up);
        group.set_enabled(slots[1], NOW, false);
        assert_eq!(shares(&mut group, &slots, 100), [100, 0], "{balance:?}");
        assert_eq!(group.state(slots[1]), State::Disabled);
    }
}

#[test]
fn each_in_turn_from_wherever_the_turns_begin() {
    let mut begins = vec![];
    for seed in 0..40 {
        let (mut group, slots) = group(of(Balance::RoundRobin), seed, &[1; 4]);
        let picks: Vec<_> = (0..12).map(|_| picked(&mut group, NOW)).collect();
        for round in picks.chunks(4) {
            assert_eq!(round, &picks[..4], "the same order each time");
        }
        let mut all = picks[..4].to_vec();
        all.sort_unstable();
        assert_eq!(all, slots);
        begins.push(picks[0]);
    }
    begins.sort_unstable();
    begins.dedup();
    assert_eq!(begins.len(), 4, "workers begin apart");
}

/// At no moment has any had a turn more, or less, than its weight is worth.
#[test]
fn turns_are_spread_evenly() {
    for weights in [[5, 1, 1], [3, 2, 7], [1, 100, 30]] {
        let (mut group, slots) = group(of(Balance::RoundRobin), 1, &weights);
        let all: u32 = weights.iter().sum();
        let mut counts = [0_u32; 3];
        for n in 1..=10 * all {
            let slot = picked(&mut group, NOW);
            counts[slots.iter().position(|one| *one == slot).unwrap()] += 1;
            for (count, weight) in counts.iter().zip(weights) {
                let due = n * weight;
                assert!(
                    (count * all).abs_diff(due) <= 2 * all,
                    "{weights:?}: {counts:?}"
                );
            }
        }
    }
}

/// Who could not be chosen for a long time does not get all that it has missed.
#[test]
fn turns_that_were_missed_are_gone() {
    let settings = Settings {
        ejection: None,
        ..of(Balance::RoundRobin)
    };
    let (mut group, slots) = group(settings, 1, &[1, 1]);
    let full = |most| {
        vec![
            Spec {
                most,
                ..specs(&[1])[0]
            },
            specs(&[1, 1])[1],
        ]
    };
    group.set(NOW, &full(0));
    assert_eq!(shares(&mut group, &slots, 50), [0, 50]);
    group.set(NOW, &full(9));
    assert_eq!(shares(&mut group, &slots, 50), [25, 25]);
}

#[test]
fn the_busiest_gets_nothing_and_the_idle_one_most() {
    let (mut group, slots) = group(of(Balance::LeastRequest), 7, &[1; 3]);
    for (slot, load) in slots.iter().zip([9, 4, 0]) {
        (0..load).for_each(|_| group.begin(*slot));
    }
    let shares = shares(&mut group, &slots, 3_000);
    assert_eq!(shares[0], 0, "whoever it is compared with has less to do");
    assert!((900..1_100).contains(&shares[1]), "{shares:?}");
    assert!((1_900..2_100).contains(&shares[2]), "{shares:?}");
}

/// Requests that stay: the loads stay close together, for what each weighs.
#[test]
fn loads_stay_level() {
    let weights: Vec<u32> = (0..16).map(|at| 1 + at % 2).collect();
    let (mut group, slots) = group(of(Balance::LeastRequest), 1, &weights);
    for _ in 0..24_000 {
        let slot = picked(&mut group, NOW);
        group.begin(slot);
    }
    let loads = slots.iter().zip(&weights);
    let loads: Vec<_> = loads
        .map(|(slot, weight)| group.load(*slot) / weight)
        .collect();
    let (least, most) = (loads.iter().min(), loads.iter().max());
    assert!(most.unwrap() - least.unwrap() <= 5, "{loads:?}");
}

#[test]
fn whoever_is_at_its_limit_gets_nothing_until_it_has_room() {
    for balance in ALL {
        let mut group = Group::new(of(balance), 3);
        let most = |most| move |spec| Spec { most, ..spec };
        let all: Vec<_> = specs(&[1, 1]).into_iter().map(most(2)).collect();
        let slots = group.set(NOW, &all);
        for key in [Some(1), Some(2), None, Some(4)] {
            let Choice::Endpoint(slot) = group.pick(NOW, key, &[]) else {
                panic!("{balance:?}: there is room");
            };
            group.begin(slot);
        }
        assert_eq!(group.pick(NOW, Some(1), &[]), Choice::Busy, "{balance:?}");
        assert_eq!(
            group.pick(NOW, None, &slots),
            Choice::None,
            "not to wait for whom it has tried"
        );
        group.end(slots[1]);
        for key in [None, Some(1), Some(2)] {
            assert_eq!(group.pick(NOW, key, &[]), Choice::Endpoint(slots[1]));
        }
    }
}

#[test]
fn who_was_tried_is_not_chosen_again() {
    for balance in ALL {
        let (mut group, slots) = group(of(balance), 7, &[1; 4]);
        for _ in 0..50 {
            let choice = group.pick(NOW, Some(3), &[slots[0], slots[1], slots[3]]);
            assert_eq!(choice, Choice::Endpoint(slots[2]), "{balance:?}");
        }
    }
}

#[test]
fn a_tier_is_used_while_there_is_nobody_before_it() {
    for balance in ALL {
        let mut group = Group::new(of(balance), 3);
        let mut all = specs(&[1, 1, 1]);
        (all[0].tier, all[1].tier, all[2].tier) = (0, 1, 2);
        all[0].most = 1;
        let slots = group.set(NOW, &all);
        assert_eq!(picked(&mut group, NOW), slots[0]);
        group.begin(slots[0]);
        assert_eq!(
            group.pick(NOW, None, &[]),
            Choice::Busy,
            "that is to wait, not to go on"
        );
        let next = group.pick(NOW, None, &slots[..1]);
        assert_eq!(
            next,
            Choice::Endpoint(slots[1]),
            "nobody before it for this one"
        );
        group.set_health(slots[0], NOW, false);
        assert_eq!(picked(&mut group, NOW), slots[1]);
        group.set_health(slots[1], NOW, false);
        assert_eq!(picked(&mut group, NOW), slots[2]);
        group.set_health(slots[2], NOW, false);
        assert_eq!(group.pick(NOW, None, &[]), Choice::None, "down is down");
        group.end(slots[0]);
        group.set_health(slots[0], NOW, true);
        assert_eq!(picked(&mut group, NOW), slots[0]);
    }
}

#[test]
fn who_stays_keeps_its_load_its_health_and_its_record() {
    let (mut group, slots) = group(Settings::default(), 7, &[1; 4]);
    group.begin(slots[1]);
    group.begin(slots[3]);
    group.set_health(slots[1], NOW, false);
    fail(&mut group, slots[2], NOW).unwrap();
    let all = specs(&[1; 5]);
    let now = group.set(NOW, &[all[4], all[2], all[1]]);
    assert_eq!(now[1..], [slots[2], slots[1]]);
    assert_eq!(now[0], slots[0], "a place that nobody has or holds");
    assert_eq!(
        (group.load(slots[1]), group.state(slots[1])),
        (1, State::Down)
    );
    assert!(matches!(group.state(slots[2]), State::Ejected(_)));
    assert_eq!(group.state(slots[3]), State::Gone);
    assert_eq!(group.load(slots[3]), 1, "it is held yet");
    assert_eq!(group.outcome(slots[3], NOW, Outcome::Failed), None);
    group.end(slots[3]);
    let more = group.set(NOW, &all);
    assert_eq!(more[4], now[0]);
    let mut sorted = more.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), 5, "each has a place of its own");
    assert_eq!(group.available(), 3);
}

#[test]
fn two_of_one_name_are_two() {
    let mut group = Group::new(Settings::default(), 7);
    let twice = [specs(&[1])[0]; 2];
    let slots = group.set(NOW, &twice);
    assert_ne!(slots[0], slots[1]);
    assert_eq!(group.set(NOW, &twice), slots);
}

#[test]
fn the_same_seed_chooses_the_same() {
    for balance in ALL {
        let picks = |seed| {
            let (mut group, _) = group(of(balance), seed, &[1; 7]);
            [0; 32].map(|_| picked(&mut group, NOW))
        };
        assert_eq!(picks(5), picks(5));
        assert_ne!(picks(5), picks(6), "{balance:?}");
    }
}

/// Who comes later than the first ones gets a tenth of its share, then more and more.
#[test]
fn a_start_is_slow() {
    let settings = |balance| Settings {
        slow_start: Some(Span::from_secs(100)),
        ..of(balance)
    };
    let share = |group: &mut Group, slot: Slot, at: u64| {
        let now = Time::from_ms(at * 1_000);
        (0..1_000).filter(|_| picked(group, now) == slot).count()
    };
    for balance in [Balance::LeastRequest, Balance::RoundRobin, Balance::Random] {
        let mut group = Group::new(settings(balance), 7);
        let all = specs(&[1, 1]);
        let first = group.set(NOW, &all[..1]);
        let slots = group.set(NOW, &all);
        assert_eq!(first[0], slots[0]);
        for (at, least, most) in [(0, 40, 150), (50, 250, 420), (100, 430, 570)] {
            let share = share(&mut group, slots[1], at);
            assert!(
                (least..=most).contains(&share),
                "{balance:?} at {at} s: {share}"
            );
        }
        let back = Time::from_ms(200_000);
        group.set_health(slots[0], back, false);
        assert_eq!(share(&mut group, slots[1], 200), 1_000);
        group.set_health(slots[0], back, true);
        assert!(share(&mut group, slots[0], 200) < 150, "{balance:?}");
    }
}

/// What is put off while it starts is put off no longer once it has started, however few turns there were.
#[test]
fn turns_that_a_slow_start_has_put_off_end_with_it() {
    let settings = Settings {
        slow_start: Some(Span::from_secs(10)),
        ..of(Balance::RoundRobin)
    };
    let (mut group, slots) = group(settings, 7, &[1, 1]);
    group.set_health(slots[0], NOW, false);
    picked(&mut group, NOW);
    group.set_health(slots[0], NOW, true);
    // Its first turn is soon, and the next one then ten times as far as that of the other.
    let first = (0..3).any(|_| picked(&mut group, NOW) == slots[0]);
    assert!(first);
    let warm = Time::from_ms(10_000);
    let turns = [0; 6].map(|_| picked(&mut group, warm));
    let its = turns.iter().filter(|slot| **slot == slots[0]).count();
    assert_eq!(its, 3, "{turns:?}");
}
