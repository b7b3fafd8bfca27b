//! A plan and its text are one; what is no plan is refused in words; and what the wire told is read as it
//! came about.

use super::{
    draw,
    oracle::{Rule, judge},
    plan::{Mood, Plan},
    play::play,
    wire::{End, Wire},
};
use tidegate_core::variant::Variant;

const SMALL: &str = "\
cluster-plan v1
seed 7
balance round-robin
ejection 2 200ms 600ms 50
slow-start 200ms
retries 20 3 503
queue 2 150ms
health 100ms 30ms 1 2
response 300ms
latency 1ms
endpoint 2ms weight 1 most 1
mood 0ms serve 5ms
mood 100ms dead
endpoint 1ms weight 3
mood 0ms idle 0ms 9ms
client 3ms
request 0ms GET
request 20ms POST body 300 pause 4ms close leaves 12ms reset
client 3ms
request 0ms PUT body 0 pause 0ms leaves 3ms fin
calm 3
";

fn plan(text: &str) -> Plan {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_plan_renders_to_itself() {
    assert_eq!(plan(SMALL).to_string(), SMALL);
    for seed in 0..300 {
        let drawn = draw(seed);
        assert_eq!(plan(&drawn.to_string()), drawn);
    }
}

#[test]
fn what_is_no_plan_is_refused_with_its_line() {
    for (from, to, said) in [
        ("v1", "v2", "line 1: the first line is `cluster-plan v1`"),
        ("random", "odd", "line 3: `odd` is no balance"),
        ("seed 7", "seed x", "line 2: `x` is no seed"),
        (
            "response 300ms",
            "response 300",
            "line 9: `300` is no time, like 3ms",
        ),
        ("most 1", "most 0", "line 11: this is not 0"),
        (
            "mood 100ms",
            "mood 0ms",
            "line 13: moods stand in the order of their times",
        ),
        ("dead", "dead drunk", "line 13: `drunk` is too much"),
        (
            "mood 0ms idle",
            "mood 1ms idle",
            "line 15: the first mood is at 0ms",
        ),
        (
            "calm 3",
            "calm 3\nlatency 1ms",
            "line 22: this was said before",
        ),
        ("reset", "angry", "line 18: `angry` is no way to leave"),
        ("latency 1ms\n", "", "line 20: there is a latency"),
    ] {
        let text = SMALL
            .replacen("round-robin", "random", 1)
            .replacen(from, to, 1);
        let error = text.parse::<Plan>().expect_err(to);
        assert_eq!(error.to_string(), said);
    }
}

const RACE: &str = "\
cluster-plan v1
seed 1
balance random
retries 20 3
response 300ms
latency 1ms
endpoint 5ms weight 1
mood 0ms idle 0ms 9ms
client 0ms
request 0ms GET
request 5ms POST body 0 pause 0ms
";

/// The endpoint closes at 9 ms behind its answer, which takes 5 + 1 ms to the client; its FIN is on its way
/// when the next request is sent.
#[test]
fn u02_a_post_that_meets_a_fin_on_its_way_is_sent_again() {
    let plan = plan(RACE);
    let played = play(&plan, None);
    let wire = Wire::of(&played.packets);
    let tries: Vec<_> = wire.of_request(1).collect();
    let ends = tries.iter().map(|one| one.end.map(|(_, end)| end));
    let ends: Vec<_> = ends.collect();
    assert_eq!(ends, [Some(End::Fin), Some(End::Answered(200))]);
    assert!(!tries[0].fresh && !tries[0].acked && tries[1].fresh);
    assert_eq!(judge(&plan, &played, &wire), []);
}

/// What a run is told to have been, and was not, is seen: each of these is the run above, with a fact
/// changed.
#[test]
fn a_changed_log_is_seen() {
    let plan = plan(RACE);
    let played = play(&plan, None);
    let wire = Wire::of(&played.packets);
    let rules = |played: &super::play::Played, wire: &Wire| {
        let mut rules: Vec<_> = judge(&plan, played, wire)
            .into_iter()
            .map(|one| one.rule)
            .collect();
        rules.dedup();
        rules
    };
    let mut twice = played.clone();
    let read = played
        .log
        .iter()
        .rfind(|entry| matches!(entry.fact, super::log::Fact::Read { .. }));
    twice.log.extend(read.cloned());
    assert_eq!(rules(&twice, &wire), [Rule::Once]);
    let mut silent = played.clone();
    silent
        .log
        .retain(|entry| !matches!(entry.fact, super::log::Fact::Got { number: 1, .. }));
    assert_eq!(rules(&silent, &wire), [Rule::Answered]);
    let mut other = wire.clone();
    other.tries[0].end = other.tries[0].end.map(|(at, _)| (at, End::Answered(503)));
    assert_eq!(rules(&played, &other), [Rule::Fits]);
    let mut acked = wire.clone();
    acked.tries[1].acked = true;
    assert_eq!(rules(&played, &acked), [Rule::Once]);
    let mut more = wire.clone();
    more.clients += 1;
    assert_eq!(rules(&played, &more), [Rule::Rest, Rule::Cause]);
    let mut stale = wire;
    stale.stale.push(1);
    assert_eq!(rules(&played, &stale), [Rule::Again]);
}

/// A client that comes while the only endpoint is dead is told so at once.
#[test]
fn who_is_refused_everywhere_is_told_so() {
    let text = RACE.replace("idle 0ms 9ms", "dead");
    let plan = plan(&text);
    assert_eq!(plan.endpoints[0].moods, [(0, Mood::Dead)]);
    let played = play(&plan, None);
    let wire = Wire::of(&played.packets);
    assert_eq!(wire.vain.iter().filter(|one| one.refused).count(), 2);
    assert_eq!(judge(&plan, &played, &wire), []);
}

/// PRODUCT 7: a cause for each connection, and none that the clients have given no reason for.
#[test]
fn a_connection_that_is_closed_for_what_nobody_did_is_caught() {
    let caught = (0..40).any(|seed| {
        let plan = draw(seed);
        let judged = |variant| {
            let played = play(&plan, variant);
            judge(&plan, &played, &Wire::of(&played.packets))
        };
        assert_eq!(judged(None), [], "{seed}");
        let wrong = judged(Some(Variant::BlamesTheOther));
        wrong.iter().any(|one| one.rule == Rule::Cause)
    });
    assert!(caught);
}
