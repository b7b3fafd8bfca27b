//! Every metric by its name: its type, its labels, its help, and how many series of it there can be
//! with a configuration (PRODUCT section 7).
//!
//! The one place where a name is spelled. It owns no sum.

mod asked;
mod served;
mod whole;

use super::histogram::line;
use crate::config::{Config, Tls};
use std::{
    fmt::{Display, Write},
    num::NonZeroUsize,
    thread,
};

/// One metric.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// Its name, unit and all.
    pub name: &'static str,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// What tells its series apart.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
    most: Most,
}

/// How many series there can be.
#[derive(Clone, Copy, Debug)]
enum Most {
    One(usize),
    Listener(usize),
    Cluster(usize),
    /// For a listener: sets of labels that each worker tells apart, and the series of a set.
    ListenerSets(usize, usize),
    /// The same for a cluster.
    ClusterSets(usize, usize),
    /// For a listener or a cluster.
    Scope(usize),
    Worker(usize),
    /// One for each certificate of each listener.
    Certificate,
}

/// How many there are of what series are counted by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counts {
    pub(super) listeners: usize,
    pub(super) clusters: usize,
    pub(super) workers: usize,
    pub(super) certificates: usize,
}

impl Counts {
    /// One of each.
    pub(super) const ONE: Counts = Counts {
        listeners: 1,
        clusters: 1,
        workers: 1,
        certificates: 1,
    };

    fn of(config: &Config) -> Counts {
        let cores = || thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let certificates = config.listeners.iter().map(|one| match &one.tls {
            None => 0,
            Some(Tls::Dev(_)) => 1,
            Some(Tls::Files(files)) => files.len(),
        });
        Counts {
            listeners: config.listeners.len(),
            clusters: config.clusters.len(),
            workers: config.workers.map_or_else(cores, NonZeroUsize::get),
            certificates: certificates.sum(),
        }
    }

    /// How many sets of labels there are if each worker tells so many apart; the rest is one more.
    const fn sets(&self, each: usize) -> usize {
        each * self.workers + 1
    }
}

const fn family(
    name: &'static str,
    kind: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
    most: Most,
) -> Family {
    Family {
        name,
        kind,
        labels,
        help,
        most,
    }
}

impl Family {
    /// All there are.
    pub const ALL: [Family; 52] = [
        Family::REQUEST_DURATION,
        Family::REQUESTS_ACTIVE,
        Family::ACCEPTED,
        Family::ACTIVE,
        Family::REJECTED,
        Family::CLOSED,
        Family::DURATION,
        Family::PHASE_DURATION,
        Family::HALF,
        Family::BYTES,
        Family::HANDSHAKES,
        Family::HANDSHAKE_DURATION,
        Family::CERTIFICATE,
        Family::CLIENT_DURATION,
        Family::CLIENT_OPEN,
        Family::CLIENT_AGE,
        Family::CONNECTS,
        Family::CONNECT_ERRORS,
        Family::ENDPOINTS,
        Family::EJECTIONS,
        Family::CHECKS,
        Family::POOL_REQUESTS,
        Family::LEARNED,
        Family::QUEUE_DEPTH,
        Family::QUEUE_DURATION,
        Family::RETRIES,
        Family::BUDGET,
        Family::SOCKETS,
        Family::OLDEST,
        Family::ENDS,
        Family::HALF_CLOSED,
        Family::ACCEPT_FAILURES,
        Family::FLUSH,
        Family::BARE_FIN,
        Family::LINGER_STALL,
        Family::GENERATION,
        Family::GENERATION_CONNECTIONS,
        Family::RELOADS,
        Family::RELOADED,
        Family::REMAINING,
        Family::LAG,
        Family::LOG_DROPPED,
        Family::OVERFLOW,
        Family::SERIES,
        Family::BUILD,
        Family::CPU,
        Family::RESIDENT,
        Family::VIRTUAL,
        Family::OPEN_FDS,
        Family::MAX_FDS,
        Family::STARTED,
        Family::THREADS,
    ];

    /// How many series of it there can be with this configuration; without one, for each listener, each
    /// cluster, each worker and each certificate.
    #[must_use]
    pub fn most(&self, config: Option<&Config>) -> usize {
        self.most_of(config.map_or(Counts::ONE, Counts::of))
    }

    /// The same with so many of each.
    pub(super) fn most_of(&self, counts: Counts) -> usize {
        match self.most {
            Most::One(most) => most,
            Most::Listener(each) => each * counts.listeners,
            Most::Cluster(each) => each * counts.clusters,
            Most::ListenerSets(sets, each) => counts.sets(sets) * each * counts.listeners,
            Most::ClusterSets(sets, each) => counts.sets(sets) * each * counts.clusters,
            Most::Scope(each) => each * (counts.listeners + counts.clusters),
            Most::Worker(each) => each * counts.workers,
            Most::Certificate => counts.certificates,
        }
    }

    /// What stands above its lines.
    pub(super) fn head(&self, out: &mut String) {
        line(out, format_args!("# HELP {} {}", self.name, self.help));
        line(out, format_args!("# TYPE {} {}", self.name, self.kind));
    }

    /// A line of it; `labels` are without braces.
    pub(super) fn sample(&self, out: &mut String, labels: &str, value: impl Display) {
        let name = self.name;
        match labels {
            "" => line(out, format_args!("{name} {value}")),
            labels => line(out, format_args!("{name}{{{labels}}} {value}")),
        }
    }

    /// The whole of a family that has one series.
    pub(super) fn alone(&self, out: &mut String, value: impl Display) {
        self.head(out);
        self.sample(out, "", value);
    }
}

/// The value of a label, as it stands between quotes in the text format.
pub(super) fn label_value(text: &str) -> String {
    let mut value = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '\\' => value.push_str("\\\\"),
            '"' => value.push_str("\\\""),
            '\n' => value.push_str("\\n"),
            sign => value.push(sign),
        }
    }
    value
}

/// A table of all of them: name, type, series at most, labels, help.
#[must_use]
pub fn list(config: Option<&Config>) -> String {
    let mut text = String::new();
    let mut sum = 0;
    for family in Family::ALL {
        let most = family.most(config);
        sum += most;
        let labels = family.labels.join(",");
        let (name, kind, help) = (family.name, family.kind, family.help);
        let _ = writeln!(text, "{name}  {kind}  {most}  {{{labels}}}\n    {help}");
    }
    let whose = match config {
        Some(_) => "",
        None => ", for one listener, cluster, worker and certificate each",
    };
    let _ = writeln!(text, "\nat most {sum} series{whose}");
    text
}

/// The same as JSON.
#[must_use]
pub fn list_json(config: Option<&Config>) -> String {
    let mut rows = Vec::new();
    let mut sum = 0;
    for family in Family::ALL {
        let most = family.most(config);
        sum += most;
        let labels: Vec<_> = family.labels.iter().map(|one| format!("{one:?}")).collect();
        rows.push(format!(
            "{{\"name\":{:?},\"type\":{:?},\"labels\":[{}],\"help\":{:?},\"series\":{most}}}",
            family.name,
            family.kind,
            labels.join(","),
            family.help
        ));
    }
    format!("{{\"metrics\":[{}],\"series\":{sum}}}\n", rows.join(","))
}

#[cfg(test)]
mod tests;
