//! What has come of the connects and requests to one cluster, in one worker: plain sums.

use super::{
    histogram::{Histogram, MEETINGS, line},
    names::{Family, label_value},
};
use std::{cell::RefCell, collections::BTreeMap, rc::Rc};
use tidegate_core::{close::CloseCause, report::Retry, time::Span};

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

/// The cluster of one worker, as it is counted; every clone is the same one.
#[derive(Clone, Debug, Default)]
pub struct Clustered(Rc<RefCell<Sum>>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Sum {
    connects: Histogram,
    errors: [u64; ERRORS.len()],
    pool: [u64; POOL.len()],
    retries: [u64; RETRIES.len()],
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

impl Clustered {
    /// An endpoint took the connection after so long.
    pub fn connected(&self, span: Span) {
        self.0.borrow_mut().connects.add(MEETINGS, span);
    }

    /// There is no upstream connection, for this reason.
    pub fn unconnected(&self, why: CloseCause) {
        let at = ERRORS.iter().position(|one| *one == why);
        if let Some(at) = at {
            self.0.borrow_mut().errors[at] += 1;
        }
    }

    /// The pool was asked.
    pub fn pooled(&self, what: Pooled) {
        self.0.borrow_mut().pool[what as usize] += 1;
    }

    /// A request is sent again, by this rule.
    pub fn retried(&self, rule: Retry) {
        let at = RETRIES.iter().position(|one| *one == rule);
        if let Some(at) = at {
            self.0.borrow_mut().retries[at] += 1;
        }
    }
}

/// The clusters of one worker, by name.
#[derive(Debug, Default)]
pub(super) struct ByCluster(RefCell<BTreeMap<Box<str>, Clustered>>);

impl ByCluster {
    pub(super) fn of(&self, cluster: &str) -> Clustered {
        let mut all = self.0.borrow_mut();
        all.entry(cluster.into()).or_default().clone()
    }

    pub(super) fn sums(&self) -> Clusters {
        let all = self.0.borrow();
        let sums = all
            .iter()
            .map(|(name, one)| (name.clone(), one.0.borrow().clone()));
        Clusters(sums.collect())
    }
}

/// The clusters of one worker, or of several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clusters(BTreeMap<Box<str>, Sum>);

impl Clusters {
    pub(super) fn add(&mut self, other: &Clusters) {
        for (name, other) in &other.0 {
            let mine = self.0.entry(name.clone()).or_default();
            mine.connects.merge(&other.connects);
            let sums = [
                (&mut mine.errors[..], &other.errors[..]),
                (&mut mine.pool[..], &other.pool[..]),
                (&mut mine.retries[..], &other.retries[..]),
            ];
            for (mine, other) in sums {
                for (mine, other) in mine.iter_mut().zip(other) {
                    *mine += other;
                }
            }
        }
    }

    pub(super) fn write(&self, out: &mut String) {
        let family = &Family::CONNECTS;
        family.head(out);
        for (name, sum) in &self.0 {
            let labels = format!("cluster=\"{}\"", label_value(name));
            sum.connects.write(out, family.name, &labels, MEETINGS);
        }
        let words = |causes: [CloseCause; ERRORS.len()]| causes.map(CloseCause::word);
        let rules = RETRIES.map(|rule| rule.to_string());
        let rules: Vec<_> = rules.iter().map(String::as_str).collect();
        self.counts(out, &Family::CONNECT_ERRORS, &words(ERRORS), |sum| {
            &sum.errors
        });
        self.counts(out, &Family::POOL_REQUESTS, &POOL, |sum| &sum.pool);
        self.counts(out, &Family::RETRIES, &rules, |sum| &sum.retries);
    }

    fn counts(&self, out: &mut String, family: &Family, words: &[&str], of: fn(&Sum) -> &[u64]) {
        family.head(out);
        let (metric, label) = (
            family.name,
            family.labels.last().copied().unwrap_or_default(),
        );
        for (name, sum) in &self.0 {
            let name = label_value(name);
            for (word, count) in words.iter().zip(of(sum)) {
                line(
                    out,
                    format_args!("{metric}{{cluster=\"{name}\",{label}=\"{word}\"}} {count}"),
                );
            }
        }
    }
}
