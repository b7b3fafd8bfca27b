//! The demo on this machine, and the judge on measurements that no good proxy gives.

use super::{
    judge::{Ended, Evidence, Leaving, Slow, Traced, judge},
    run,
};
use tidegate_core::time::Span;

#[test]
fn the_demo_finds_nothing_wrong() {
    let mut out = Vec::new();
    let verdict = run(false, Some(20), &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(verdict.is_good(), "{text}");
    assert!(text.contains("Verdict: good"), "{text}");
    for line in text.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
}

#[test]
fn good_measurements_are_judged_good() {
    let verdict = judge(&good());
    assert_eq!(verdict.faults, Vec::<String>::new());
    assert!(verdict.is_good());
}

#[test]
fn a_stalled_client_is_a_bad_verdict() {
    let mut evidence = good();
    evidence.slow[1].stalled = true;
    evidence.slow[1].whole = false;
    evidence.slow[1].ended = Ended::Never;
    assert_eq!(judge(&evidence).faults, ["1 of 2 slow clients stalled"]);
}

#[test]
fn an_unanswered_fin_is_a_bad_verdict() {
    let mut evidence = good();
    evidence.leaving[0].ended = Ended::Never;
    assert_eq!(
        judge(&evidence).faults,
        ["1 of 3 clients got no answer to their FIN"]
    );
}

#[test]
fn a_truncated_answer_is_a_bad_verdict() {
    let mut evidence = good();
    evidence.leaving[2].whole = false;
    evidence.slow[0].whole = false;
    assert_eq!(
        judge(&evidence).faults,
        [
            "1 of 3 answers were cut short",
            "1 of 2 slow clients got a truncated answer"
        ]
    );
}

#[test]
fn an_end_that_is_not_clean_is_a_bad_verdict() {
    let mut evidence = good();
    evidence.leaving[0].ended = Ended::Bare;
    evidence.leaving[1].ended = Ended::Failed("connection reset".to_string());
    evidence.slow[0].ended = Ended::Bare;
    assert_eq!(judge(&evidence).faults.len(), 3);
}

#[test]
fn a_timer_that_fired_is_a_bad_verdict() {
    let mut evidence = good();
    evidence.traced.fired = vec!["2000.000  linger fired".to_string()];
    assert_eq!(
        judge(&evidence).faults,
        ["a timer fired: 2000.000  linger fired"]
    );
}

#[test]
fn a_session_without_an_end_and_a_drain_without_one_are_bad_verdicts() {
    let mut evidence = good();
    evidence.traced.over = 4;
    evidence.drained = false;
    assert_eq!(
        judge(&evidence).faults,
        [
            "1 of 5 sessions of the proxy did not end",
            "a drained proxy still had connections"
        ]
    );
}

#[test]
fn a_recipe_that_fills_nothing_proves_nothing() {
    let mut evidence = good();
    evidence.traced.held = 0;
    assert!(!judge(&evidence).is_good());
}

#[test]
fn slow_is_told_and_only_a_wait_is_a_fault() {
    let with_median = |ms| {
        let mut evidence = good();
        for one in &mut evidence.leaving {
            one.from_notify = Span::from_ms(ms);
        }
        judge(&evidence)
    };
    let busy = with_median(3);
    assert!(busy.is_good());
    assert!(busy.seen.iter().any(|seen| seen.contains("promised")));
    assert!(!with_median(41).is_good());
}

fn good() -> Evidence {
    let leaving = Leaving {
        whole: true,
        ended: Ended::Clean,
        from_notify: Span(120),
        from_fin: Span(100),
    };
    let slow = Slow {
        chunk: 16,
        total: 24_000,
        whole: true,
        stalled: false,
        ended: Ended::Clean,
    };
    Evidence {
        leaving: vec![leaving; 3],
        slow: vec![slow; 2],
        traced: Traced {
            sessions: 5,
            over: 5,
            held: 2,
            armed: 25,
            fired: Vec::new(),
        },
        drained: true,
    }
}
