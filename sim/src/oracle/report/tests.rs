//! The truth about a relay in peace, and every lie about it.

use super::*;
use crate::{
    proxy::Production,
    watch::Watch,
    world::{self, Net, Options},
};
use std::{cell::RefCell, rc::Rc};
use tidegate::crowd::Crowd;
use tidegate::observe::LegEnd;

const PEACE: &str = "relay-schedule v1
seed 0x1
mode relay tcp
latency client-proxy 5ms
latency proxy-origin 5ms
client write 300
client fin
origin write 40
origin fin
";

/// Its connection to the origin waits for another request when the client leaves.
const KEPT: &str = "relay-schedule v1
seed 0x1
mode http tcp
latency client-proxy 5ms
latency proxy-origin 5ms
request GET /1 1.1 keep empty
response 200 1.1 keep length 10 by 10
client fin
";

/// A relay in peace, and what was told of it.
fn peace() -> (Schedule, Outcome, Told) {
    played(PEACE)
}

fn played(text: &str) -> (Schedule, Outcome, Told) {
    let schedule: Schedule = text.parse().unwrap();
    let watch = Rc::new(RefCell::new(Watch::default()));
    let proxy = Production {
        schedule: &schedule,
        variant: None,
        watch: &watch,
        crowd: Crowd::new(0),
    };
    let outcome = world::run(Net::Fast, &schedule, Options::default(), proxy);
    let told = watch.take().told;
    (schedule, outcome, told)
}

/// Whether a lie is found out.
fn is_caught(lie: impl FnOnce(&mut Record, &mut Metrics)) -> bool {
    let (schedule, outcome, mut told) = peace();
    lie(&mut told.records[0], told.metrics.as_mut().unwrap());
    !judge(&schedule, &outcome, &told).is_empty()
}

#[test]
fn i19_the_truth_is_told() {
    let (schedule, outcome, told) = peace();
    assert_eq!(judge(&schedule, &outcome, &told), []);
    let ends = told.metrics.unwrap().counters.ends;
    let clean = |leg| LegEnd {
        leg,
        kind: Kind::Clean,
        cause: "fin",
    };
    let due = Side::BOTH.map(|side| (clean(side), 1));
    assert_eq!(ends.into_iter().collect::<Vec<_>>(), due);
    let [record] = &told.records[..] else {
        panic!("one session")
    };
    assert_eq!((record.wires[0].read, record.wires[0].written), (300, 40));
    // 5 ms for the acknowledgement of the last FIN, and 5 ms for its way.
    assert!(record.report.legs[0].lingering(record.now).is_some());
}

#[test]
fn i19_the_counters_are_told_when_all_is_over_and_what_was_kept_is_closed() {
    for text in [PEACE, KEPT] {
        let (schedule, outcome, mut told) = played(text);
        assert_eq!(judge(&schedule, &outcome, &told), []);
        assert_eq!((outcome.idle, outcome.descriptors), (0, 0));
        assert!(told.metrics.is_some());
        told.metrics = None;
        let found = judge(&schedule, &outcome, &told);
        let found: Vec<Invariant> = found.iter().map(|one| one.invariant).collect();
        assert_eq!(found, [Invariant::Told]);
    }
}

#[test]
fn i19_every_lie_is_found_out() {
    assert!(is_caught(|record, _| record.wires[0].read += 1));
    assert!(is_caught(|record, _| record.wires[1].written -= 1));
    assert!(is_caught(|record, _| record.wires[1].undelivered = 1));
    assert!(is_caught(|record, _| record.report.tallies[0].received += 1));
    assert!(is_caught(|record, _| record.report.ending = None));
    assert!(is_caught(|record, _| record.report.first = Some(By::Proxy)));
    assert!(is_caught(|record, _| record.report.legs[0].heard = None));
    assert!(is_caught(|record, _| record.report.legs[1].over = None));
    assert!(is_caught(|_, metrics| metrics.counters.ends.clear()));
    assert!(is_caught(|_, metrics| metrics.counters.bare_fin = 1));
    assert!(is_caught(|_, metrics| metrics.counters.linger_stall = 1));
    assert!(is_caught(|_, metrics| metrics
        .counters
        .abort_flush_expired = 1));
}
