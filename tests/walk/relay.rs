//! One relay by itself, at every limit up to 6: whatever comes and goes in whatever parts.

use std::collections::HashSet;
use tidegate_core::{
    ending::{Cause, End},
    relay::{Relay, Sink, Source},
    report::Loss,
};

/// What may be done to a relay in a state.
fn nexts(relay: &Relay) -> Vec<Relay> {
    let mut nexts = Vec::new();
    for n in 1..=relay.room() {
        let mut next = relay.clone();
        next.received(n);
        nexts.push(next);
    }
    for n in 0..=relay.bytes() {
        let mut next = relay.clone();
        next.sent(n);
        assert_eq!(next.bytes(), relay.bytes() - n);
        nexts.push(next);
    }
    let mut complete = relay.clone();
    complete.complete();
    let mut discarded = relay.clone();
    assert_eq!(discarded.discard(Loss::SinkFailed), relay.bytes());
    nexts.extend([complete, discarded]);
    nexts
}

fn check(relay: &Relay, limit: u32) {
    let bytes = relay.bytes();
    assert!(bytes <= limit, "{relay:?} is overfull (I16)");
    let room = match relay.source() {
        Source::Open => limit - bytes,
        Source::Held | Source::Complete => 0,
    };
    assert_eq!(relay.room(), room, "{relay:?}");
    let held = relay.source() == Source::Held;
    assert!(
        !held || bytes > limit / 2,
        "{relay:?} holds its source for nothing"
    );
    assert!(
        relay.source() != Source::Open || room > 0,
        "{relay:?} asks for nothing"
    );
    assert!(
        relay.sink() == Sink::Open || bytes > 0,
        "{relay:?} is blocked on nothing"
    );
    for (end, clean) in [
        (None, false),
        (Some(End::Clean), true),
        (Some(End::Truncated), false),
        (Some(End::Abort(Cause::Reset)), false),
    ] {
        let proof = relay.drained(end).is_some();
        assert_eq!(proof, clean && bytes == 0, "{relay:?} with {end:?}");
    }
}

#[test]
fn one_relay() {
    for limit in 1..=6 {
        let mut known = HashSet::from([Relay::new(limit)]);
        let mut queue = vec![Relay::new(limit)];
        let mut transitions = 0;
        while let Some(relay) = queue.pop() {
            check(&relay, limit);
            for next in nexts(&relay) {
                transitions += 1;
                if known.insert(next.clone()) {
                    queue.push(next);
                }
            }
        }
        let states = known.len();
        println!(
            "one relay, limit {limit}           {states:>8} states {transitions:>9} transitions"
        );
    }
}
