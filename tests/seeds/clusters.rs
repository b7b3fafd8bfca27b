//! Clusters in seeds: a batch that is good and comes to all there is to come to, and the wrong rules that
//! it catches.

use std::collections::BTreeSet;
use tidegate_core::variant::Variant;
use tidegate_sim::{
    cluster::{batch::Batch, command, oracle::Rule},
    museum::{Level, ROWS},
};

#[test]
fn seeds_of_clusters_are_good_and_reach_everything() {
    let batch = Batch::play(0..400, None, true, true);
    if let Some((seed, wrong)) = batch.bad.first() {
        panic!("{}", command::told(*seed, wrong, None));
    }
    assert_eq!(batch.unreached(), [""; 0]);
}

/// The rules that are seen to be broken with a wrong rule, in the first seed that shows it.
fn caught(variant: Variant, most: u64) -> BTreeSet<Rule> {
    let batch = Batch::play(0..most, Some(variant), false, true);
    let Some((seed, wrong)) = batch.bad.first() else {
        panic!("{variant:?} passed {most} seeds");
    };
    println!("{variant:?}: seed {seed}: {}", wrong[0]);
    wrong.iter().map(|one| one.rule).collect()
}

#[test]
fn the_clusters_catch_what_the_museum_says_they_catch() {
    let all = ROWS.iter().flat_map(|row| row.evidence());
    for one in all {
        if let Level::Clusters(most) = one.level {
            caught(one.variant, most);
        }
    }
}

/// Wrong rules that something else catches too, and what they break here.
#[test]
fn each_oracle_speaks_of_what_it_is_for() {
    for (variant, rule) in [
        (Variant::RetryAlways, Rule::Once),
        (Variant::ParkEnded, Rule::Fits),
        (Variant::ProofIgnored, Rule::Again),
        (Variant::SameAgain, Rule::Again),
        (Variant::BudgetIgnored, Rule::Budget),
        (Variant::EjectsTheLast, Rule::LastOne),
        (Variant::LimitIgnored, Rule::Limit),
        (Variant::QueueEndless, Rule::Bounded),
        (Variant::NewcomerOvertakes, Rule::InOrder),
        (Variant::QueueUnserved, Rule::NoneIdle),
        (Variant::PicksOne, Rule::Share),
        (Variant::EjectedForEver, Rule::Share),
    ] {
        let broken = caught(variant, 300);
        assert!(broken.contains(&rule), "{variant:?}: {broken:?}");
    }
}
