//! Who is left alone, for how long, and who never is.

use super::*;

#[test]
fn five_failures_in_a_row_and_no_fewer() {
    let (mut group, slots) = group(Settings::default(), 7, &[1; 4]);
    for _ in 0..4 {
        assert_eq!(group.outcome(slots[0], NOW, Outcome::Failed), None);
    }
    assert_eq!(group.outcome(slots[0], NOW, Outcome::Answered), None);
    for _ in 0..4 {
        assert_eq!(group.outcome(slots[0], NOW, Outcome::Failed), None);
    }
    let ejected = group.outcome(slots[0], NOW, Outcome::Failed);
    assert_eq!(ejected, Some(Span::from_secs(10)));
    assert_eq!(group.state(slots[0]), State::Ejected(Time::from_ms(10_000)));
    assert_eq!(shares(&mut group, &slots, 300)[0], 0);
}

#[test]
fn it_comes_back_by_itself() {
    for balance in ALL {
        let (mut group, slots) = group(of(balance), 7, &[1; 2]);
        fail(&mut group, slots[0], NOW).unwrap();
        assert_eq!(picked(&mut group, Time::from_ms(9_999)), slots[1]);
        let back = Time::from_ms(10_000);
        let seen = (0..50)
            .filter(|_| picked(&mut group, back) == slots[0])
            .count();
        assert!(seen > 5, "{balance:?}");
        assert_eq!(fail(&mut group, slots[0], back), Some(Span::from_secs(20)));
    }
}

/// Also if a failure that leads to no ejection is what comes next: members have gone since, and one more
/// would be too many.
#[test]
fn it_comes_back_though_a_failure_is_heard_of_first() {
    let (mut group, slots) = group(Settings::default(), 7, &[1; 4]);
    fail(&mut group, slots[0], NOW).unwrap();
    fail(&mut group, slots[1], Time::from_ms(5_000)).unwrap();
    let all = specs(&[1; 4]);
    group.set(Time::from_ms(6_000), &[all[0], all[1], all[3]]);
    let back = Time::from_ms(10_000);
    assert_eq!(group.next_end(), Some(back));
    assert_eq!(
        fail(&mut group, slots[3], back),
        None,
        "one is ejected still"
    );
    assert_eq!(group.next_end(), Some(Time::from_ms(15_000)));
    let seen = (0..50).filter(|_| picked(&mut group, back) == slots[0]);
    assert!(seen.count() > 5);
}

/// What was begun before and fails while it is ejected changes nothing.
#[test]
fn late_failures_do_not_count() {
    let (mut group, slots) = group(Settings::default(), 7, &[1; 2]);
    fail(&mut group, slots[0], NOW).unwrap();
    assert_eq!(fail(&mut group, slots[0], NOW), None);
    assert_eq!(fail(&mut group, slots[0], Time::from_ms(9_000)), None);
    let back = Time::from_ms(10_000);
    picked(&mut group, back);
    assert_eq!(
        group.outcome(slots[0], back, Outcome::Failed),
        None,
        "it begins from nought"
    );
}

#[test]
fn at_most_half() {
    let (mut group, slots) = group(Settings::default(), 7, &[1; 5]);
    let ejected: Vec<_> = slots
        .iter()
        .map(|slot| fail(&mut group, *slot, NOW))
        .collect();
    let ten = Some(Span::from_secs(10));
    assert_eq!(ejected, [ten, ten, None, None, None]);
    // It has not stopped to fail: as soon as there is room, it goes too.
    let later = Time::from_ms(10_000);
    assert_eq!(group.outcome(slots[2], later, Outcome::Failed), ten);
}

#[test]
fn never_the_last_one() {
    let all = Settings {
        ejection: Some(Ejection {
            percent: 100,
            ..Ejection::default()
        }),
        ..Settings::default()
    };
    let (mut group, slots) = group(all, 7, &[1; 3]);
    let ejected: Vec<_> = slots
        .iter()
        .map(|slot| fail(&mut group, *slot, NOW))
        .collect();
    assert_eq!(ejected[2], None);
    assert_eq!(group.available(), 1);
    let (mut single, slots) = super::group(all, 7, &[1]);
    assert_eq!(fail(&mut single, slots[0], NOW), None);
    assert_eq!(picked(&mut single, NOW), slots[0]);
}

/// The only ones left go for other reasons: whoever is ejected is better than nobody.
#[test]
fn who_is_ejected_is_better_than_nobody() {
    let leave: [fn(&mut Group, Slot); 3] = [
        |group, slot| group.set_health(slot, NOW, false),
        |group, slot| group.set_enabled(slot, NOW, false),
        |group, _| drop(group.set(NOW, &specs(&[1]))),
    ];
    for leave in leave {
        let (mut group, slots) = group(Settings::default(), 7, &[1; 2]);
        fail(&mut group, slots[0], NOW).unwrap();
        leave(&mut group, slots[1]);
        assert_eq!(group.state(slots[0]), State::Up);
        assert_eq!(picked(&mut group, NOW), slots[0]);
    }
}

#[test]
fn who_comes_up_has_nothing_to_its_name() {
    let (mut group, slots) = group(Settings::default(), 7, &[1; 2]);
    fail(&mut group, slots[0], NOW).unwrap();
    group.set_health(slots[0], NOW, true);
    assert!(
        matches!(group.state(slots[0]), State::Ejected(_)),
        "it was not down"
    );
    group.set_health(slots[0], NOW, false);
    assert_eq!(group.state(slots[0]), State::Down);
    group.set_health(slots[0], NOW, true);
    assert_eq!(group.state(slots[0]), State::Up);
}

#[test]
fn it_can_be_switched_off() {
    let off = Settings {
        ejection: None,
        ..Settings::default()
    };
    let (mut group, slots) = group(off, 7, &[1; 2]);
    assert_eq!(fail(&mut group, slots[0], NOW), None);
    assert_eq!(group.available(), 2);
}
