//! What was seen, and what it amounts to: the judge knows measurements only, and is pure.
//!
//! Speed by itself is never a fault: a busy machine is slow. A wait that load cannot explain is.

use super::report::ms;
use tidegate_core::time::Span;

/// A median of this much is a wait on the path: delayed acknowledgements take 40 ms, the longest
/// pause between two looks at a send queue 50 ms.
const WAITING: Span = Span::from_ms(40);

/// What the project promises on a machine that is not busy.
const PROMISED: Span = Span::from_ms(1);

/// How a client saw its connection end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// close_notify, then FIN.
    Clean,
    /// FIN without close_notify.
    Bare,
    /// An error: a reset, most likely.
    Failed(String),
    /// Nothing came until the client gave up.
    Never,
}

/// One client that took its answer and left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Leaving {
    /// Whether the whole answer came first.
    pub(super) whole: bool,
    /// What came after the client's FIN.
    pub(super) ended: Ended,
    /// From the client's close_notify to the proxy's FIN.
    pub(super) from_notify: Span,
    /// From the client's FIN to the proxy's.
    pub(super) from_fin: Span,
}

/// One client that let its answer wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slow {
    /// The size of the origin's chunks.
    pub(super) chunk: usize,
    /// The bytes of the answer's body.
    pub(super) total: usize,
    /// Whether all of them came, and the message's end with them.
    pub(super) whole: bool,
    /// Whether nothing came for a second, although the client was reading.
    pub(super) stalled: bool,
    /// How it ended.
    pub(super) ended: Ended,
}

/// What the traces of the proxy's sessions tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Traced {
    /// Sessions.
    pub(super) sessions: usize,
    /// Those that came to their end.
    pub(super) over: usize,
    /// Those in which the origin was held at least once.
    pub(super) held: usize,
    /// Waits that were armed, in all.
    pub(super) armed: usize,
    /// The rows in which one ran out.
    pub(super) fired: Vec<String>,
}

/// Everything that was measured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Evidence {
    /// The clients that left.
    pub(super) leaving: Vec<Leaving>,
    /// The clients that paused.
    pub(super) slow: Vec<Slow>,
    /// What the proxy told of all of them.
    pub(super) traced: Traced,
    /// Whether the proxy that was drained closed every connection in time.
    pub(super) drained: bool,
}

/// What it amounts to, in plain words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// What was seen.
    pub seen: Vec<String>,
    /// What was wrong with it.
    pub faults: Vec<String>,
}

impl Verdict {
    /// Whether nothing was wrong.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.faults.is_empty()
    }

    /// Says that `count` of `all` did what none may.
    fn fault(&mut self, count: usize, all: usize, what: &str) {
        if count > 0 {
            self.faults.push(format!("{count} of {all} {what}"));
        }
    }
}

/// Median, 99th percentile and maximum.
pub(super) fn spread(spans: impl Iterator<Item = Span>) -> Option<[Span; 3]> {
    let mut sorted: Vec<Span> = spans.collect();
    sorted.sort_unstable();
    let at = |percent: usize| sorted.get((sorted.len() * percent / 100).min(sorted.len() - 1));
    if sorted.is_empty() {
        return None;
    }
    Some([*at(50)?, *at(99)?, *at(100)?])
}

/// Judges.
pub(super) fn judge(evidence: &Evidence) -> Verdict {
    let mut verdict = Verdict::default();
    judge_leaving(&evidence.leaving, &mut verdict);
    judge_slow(evidence, &mut verdict);
    judge_traced(evidence, &mut verdict);
    verdict
}

fn judge_leaving(leaving: &[Leaving], verdict: &mut Verdict) {
    let all = leaving.len();
    let count = |wrong: fn(&Leaving) -> bool| leaving.iter().filter(|one| wrong(one)).count();
    verdict.fault(count(|one| !one.whole), all, "answers were cut short");
    let never = count(|one| one.ended == Ended::Never);
    verdict.fault(never, all, "clients got no answer to their FIN");
    let bare = count(|one| one.ended == Ended::Bare);
    verdict.fault(bare, all, "clients got a FIN without close_notify");
    let failed = count(|one| matches!(one.ended, Ended::Failed(_)));
    verdict.fault(failed, all, "clients got an error for their FIN");
    let clean = count(|one| one.ended == Ended::Clean);
    verdict.seen.push(format!(
        "{clean} of {all} clients said close_notify and FIN and got both back."
    ));
    let answered = leaving.iter().filter(|one| one.ended == Ended::Clean);
    let fin = spread(answered.clone().map(|one| one.from_fin));
    let notify = spread(answered.map(|one| one.from_notify));
    let (Some([median, _, most]), Some([from_notify, _, _])) = (fin, notify) else {
        return;
    };
    verdict.seen.push(format!(
        "The proxy's FIN came {} after the client's (median; {} at most),\n  and {} after its close_notify (median).",
        ms(median),
        ms(most),
        ms(from_notify)
    ));
    // The longer way: the proxy need not wait for the FIN.
    let median = from_notify;
    if median >= WAITING {
        let wait = "no load explains: something on the path waits";
        verdict
            .faults
            .push(format!("a median of {} is what {wait}", ms(median)));
    } else if median >= PROMISED {
        verdict.seen.push(format!(
            "That median is above the {} promised: is this machine busy? It is no fault by itself.",
            ms(PROMISED)
        ));
    }
}

fn judge_slow(evidence: &Evidence, verdict: &mut Verdict) {
    let slow = &evidence.slow;
    let all = slow.len();
    let count = |wrong: fn(&Slow) -> bool| slow.iter().filter(|one| wrong(one)).count();
    let stalled = count(|one| one.stalled);
    verdict.fault(stalled, all, "slow clients stalled");
    let cut = count(|one| !one.whole && !one.stalled);
    verdict.fault(cut, all, "slow clients got a truncated answer");
    let unended = count(|one| one.ended == Ended::Never && !one.stalled);
    verdict.fault(unended, all, "slow clients saw no end");
    let unclean = count(|one| matches!(one.ended, Ended::Bare | Ended::Failed(_)));
    verdict.fault(unclean, all, "slow clients saw an end that was not clean");
    let good = count(|one| one.whole && !one.stalled && one.ended == Ended::Clean);
    verdict.seen.push(format!(
        "{good} of {all} slow clients got the whole answer, close_notify and FIN; \
         {stalled} stalled.\n  \
         Of these answers, {} filled the proxy, which held the origin until there was room.",
        evidence.traced.held
    ));
}

fn judge_traced(evidence: &Evidence, verdict: &mut Verdict) {
    let traced = &evidence.traced;
    let running = traced.sessions - traced.over;
    verdict.fault(
        running,
        traced.sessions,
        "sessions of the proxy did not end",
    );
    for row in &traced.fired {
        verdict.faults.push(format!("a timer fired: {row}"));
    }
    verdict.seen.push(format!(
        "The proxy armed {} timers on the way; {} fired.",
        traced.armed,
        match traced.fired.len() {
            0 => "none".to_string(),
            some => some.to_string(),
        }
    ));
    if traced.held == 0 && !evidence.slow.is_empty() {
        let nothing = "no slow client filled the proxy: this run proves nothing about stalls";
        verdict.faults.push(nothing.to_string());
    }
    if !evidence.drained {
        let left = "a drained proxy still had connections";
        verdict.faults.push(left.to_string());
    }
}
