//! A schedule: it renders to itself, and played on the fast network nothing is wrong with it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tidegate_sim::{case, schedule::Schedule, world::Net};

fuzz_target!(|text: &str| {
    let Ok(schedule) = text.parse::<Schedule>() else {
        return;
    };
    let rendered = schedule.to_string();
    assert_eq!(rendered.parse::<Schedule>().as_ref(), Ok(&schedule));
    if schedule.validate().is_err() {
        // It may be stuck by itself.
        return;
    }
    let verdict = case::verdict(Net::Fast, &schedule, None);
    let wrong: Vec<_> = verdict.wrong().collect();
    assert!(wrong.is_empty(), "{wrong:?}\n{rendered}");
});
