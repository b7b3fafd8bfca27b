//! What has come of the connects and requests to one cluster, in one worker: plain sums.

mod text;

use super::{
    histogram::{CONNECTIONS, Histogram, MEETINGS, REQUESTS},
    life::Use,
    named::{ByName, Names, Shared},
};
use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    fmt,
    rc::Rc,
};
use tidegate_core::{
    close::CloseCause,
    report::Retry,
    time::{Span, Time},
};

/// What a connect can come to that comes to nothing.
pub(super) const ERRORS: [CloseCause; 9] = [
    CloseCause::UpstreamRefused,
    CloseCause::UpstreamConnectTimeout,
    CloseCause::UpstreamUnreachable,
    CloseCause::UpstreamTlsError,
    CloseCause::UpstreamReset,
    CloseCause::NoEndpoints,
    CloseCause::LimitConnections,
    CloseCause::QueueTimeout,
    CloseCause::Internal,
];

/// What asking the pool came to.
pub(super) const POOL: [&str; 3] = ["hit", "miss", "stale"];

pub(super) const RETRIES: [Retry; 4] = [
    Retry::Unaccepted,
    Retry::Reused,
    Retry::Fresh,
    Retry::Declined,
];

/// Sets of labels that a worker tells apart at most of the answers of a cluster's endpoints; beyond it they
/// are counted as `_OTHER`, and that they were.
pub(super) const ANSWER_SETS: usize = 40;

/// What came of a request that was to be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was, and was answered.
    Success,
    /// It was, in vain.
    Failure,
    /// It was not: too many had been.
    Refused,
}

impl Outcome {
    pub(super) const WORDS: [&str; 3] = ["success", "failure", "refused"];
}

/// What an endpoint's last failure was before it was left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ejected {
    /// No connection, or one that failed.
    Connection,
    /// An answer that says that it cannot answer.
    Status,
}

impl Ejected {
    pub(super) const WORDS: [&str; 2] = ["connection", "status"];
}

/// How a cluster stands in one worker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Endpoints that get no work because they failed, by name and address.
    pub ejected: BTreeSet<String>,
    /// What is left of its retry budget, and what there is of it at most.
    pub budget: [u64; 2],
}

/// Who says how a cluster stands, if it is still there.
pub type Stands = Rc<dyn Fn(Time) -> Option<Standing>>;

/// The cluster of one worker, as it is counted; every clone is the same one.
#[derive(Clone, Default)]
pub struct Clustered(Rc<State>);

#[derive(Default)]
struct State {
    sum: RefCell<Sum>,
    /// Connections that a session has, and that wait for one.
    open: [Cell<u64>; 2],
    /// After how many seconds an endpoint ends an idle connection, as it said last.
    learned: Cell<Option<u16>>,
    stands: RefCell<Option<Stands>>,
}

impl fmt::Debug for Clustered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Clustered").field(&self.0.sum).finish()
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) connects: Histogram,
    pub(super) errors: [u64; ERRORS.len()],
    pub(super) pool: [u64; POOL.len()],
    pub(super) retries: [[u64; Outcome::WORDS.len()]; RETRIES.len()],
    pub(super) ejections: [u64; Ejected::WORDS.len()],
    pub(super) answers: BTreeMap<(u16, &'static str), Histogram>,
    pub(super) other_answers: Histogram,
    pub(super) lives: Histogram,
    pub(super) open: [u64; 2],
    pub(super) learned: Option<u16>,
    pub(super) standing: Standing,
}

/// What asking the pool for an idle connection came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooled {
    /// There was one.
    Hit,
    /// There was none.
    Miss,
    /// There was one, and it had ended: the request was sent again.
    Stale,
}

impl Sum {
    /// Where a worker counts answers of this kind.
    fn answers_of(&mut self, kind: (u16, &'static str)) -> &mut Histogram {
        if self.answers.len() >= ANSWER_SETS && !self.answers.contains_key(&kind) {
            return &mut self.other_answers;
        }
        self.answers.entry(kind).or_default()
    }
}

impl Clustered {
    /// An endpoint took the connection after so long.
    pub fn connected(&self, span: Span) {
        self.0.sum.borrow_mut().connects.add(MEETINGS, span);
    }

    /// There is no upstream connection, for this reason.
    pub fn unconnected(&self, why: CloseCause) {
        let at = ERRORS.iter().position(|one| *one == why);
        if let Some(at) = at {
            self.0.sum.borrow_mut().errors[at] += 1;
        }
    }

    /// The pool was asked.
    pub fn pooled(&self, what: Pooled) {
        self.0.sum.borrow_mut().pool[what as usize] += 1;
    }

    /// A request was to be sent again, by this rule.
    pub fn retried(&self, rule: Retry, outcome: Outcome) {
        let at = RETRIES.iter().position(|one| *one == rule);
        if let Some(at) = at {
            self.0.sum.borrow_mut().retries[at][outcome as usize] += 1;
        }
    }

    /// An endpoint is left alone for a while.
    pub fn ejected(&self, why: Ejected) {
        self.0.sum.borrow_mut().ejections[why as usize] += 1;
    }

    /// A request to an endpoint is over after so long: with an answer of this status, or 0, and with what
    /// went wrong, or nothing.
    pub fn answered(&self, status: u16, error: &'static str, span: Span) {
        let mut sum = self.0.sum.borrow_mut();
        sum.answers_of((status, error)).add(REQUESTS, span);
    }

    /// A connection was there for one thing, and is for another.
    pub(super) fn uses(&self, from: Use, to: Use) {
        let of = |one| match one {
            Use::Active => Some(&self.0.open[0]),
            Use::Idle => Some(&self.0.open[1]),
            Use::Over => None,
        };
        if let Some(count) = of(from) {
            count.set(count.get().saturating_sub(1));
        }
        if let Some(count) = of(to) {
            count.set(count.get() + 1);
        }
    }

    /// A connection has ended that was so old.
    pub(super) fn lived(&self, age: Span) {
        self.0.sum.borrow_mut().lives.add(CONNECTIONS, age);
    }

    /// An endpoint has said after how many seconds it ends an idle connection.
    pub fn learned(&self, seconds: u16) {
        self.0.learned.set(Some(seconds));
    }

    /// From now on this one says how it stands.
    pub fn stands(&self, stands: Stands) {
        *self.0.stands.borrow_mut() = Some(stands);
    }

    fn sum(&self, now: Time) -> Sum {
        let stands = self.0.stands.borrow().clone();
        Sum {
            open: [0, 1].map(|at: usize| self.0.open[at].get()),
            learned: self.0.learned.get(),
            standing: stands.and_then(|stands| stands(now)).unwrap_or_default(),
            ..self.0.sum.borrow().clone()
        }
    }
}

impl Shared for Clustered {
    fn is_shared(&self) -> bool {
        Rc::strong_count(&self.0) > 1
    }
}

/// A cluster at a glance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strip {
    /// Endpoints that a worker leaves alone, by name and address.
    pub ejected: BTreeSet<String>,
    /// Idle connections that there were, that there were not, and that had ended.
    pub pool: [u64; POOL.len()],
    /// Answers so far.
    pub answers: u64,
    /// What they took on average.
    pub mean: Option<Span>,
}

/// The clusters of one worker, or of several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clusters(pub(super) BTreeMap<Box<str>, Sum>);

impl Clusters {
    /// Those of one worker.
    pub(super) fn of(all: &ByName<Clustered>, now: Time) -> Self {
        Clusters(all.map(|one| one.sum(now)))
    }

    /// Without what was only so as long as there was somebody to ask.
    pub(super) fn past(mut self) -> Self {
        for sum in self.0.values_mut() {
            (sum.open, sum.learned) = ([0; 2], None);
            sum.standing = Standing::default();
        }
        self
    }

    pub(super) fn retain(&mut self, names: &Names) {
        self.0.retain(|name, _| names.is_anybodys(name));
    }

    pub(super) fn add(&mut self, other: &Clusters) {
        for (name, other) in &other.0 {
            self.0.entry(name.clone()).or_default().add(other);
        }
    }

    /// The endpoints of the cluster of this name that a worker leaves alone, by name and address.
    pub(super) fn ejected(&self, cluster: &str) -> Option<&BTreeSet<String>> {
        self.0.get(cluster).map(|sum| &sum.standing.ejected)
    }

    /// What an operator looks at first of the cluster of this name, if it is counted.
    #[must_use]
    pub fn strip(&self, cluster: &str) -> Option<Strip> {
        let sum = self.0.get(cluster)?;
        let answers = sum.answers.values().chain([&sum.other_answers]);
        let (count, micros) = answers.fold((0, 0_u64), |(count, micros), one| {
            (count + one.count(), micros.saturating_add(one.micros()))
        });
        Some(Strip {
            ejected: sum.standing.ejected.clone(),
            pool: sum.pool,
            answers: count,
            mean: micros.checked_div(count).map(Span),
        })
    }

    /// Answers that were counted as others, because there would have been too many series.
    pub(super) fn overflow(&self) -> u64 {
        let others = self.0.values().map(|sum| sum.other_answers.count());
        others.sum()
    }
}

impl Sum {
    fn add(&mut self, other: &Sum) {
        self.connects.merge(&other.connects);
        self.lives.merge(&other.lives);
        let counts = [
            (&mut self.errors[..], &other.errors[..]),
            (&mut self.pool[..], &other.pool[..]),
            (
                self.retries.as_flattened_mut(),
                other.retries.as_flattened(),
            ),
            (&mut self.ejections[..], &other.ejections[..]),
            (&mut self.open[..], &other.open[..]),
            (&mut self.standing.budget[..], &other.standing.budget[..]),
        ];
        for (mine, other) in counts {
            for (mine, other) in mine.iter_mut().zip(other) {
                *mine += other;
            }
        }
        // Without a limit, or the order of the workers would say which of their kinds stay apart.
        for (kind, histogram) in &other.answers {
            self.answers.entry(*kind).or_default().merge(histogram);
        }
        self.other_answers.merge(&other.other_answers);
        let heard = [self.learned, other.learned];
        self.learned = heard.into_iter().flatten().min();
        let ejected = other.standing.ejected.iter().cloned();
        self.standing.ejected.extend(ejected);
    }
}
