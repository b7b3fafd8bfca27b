//! What a worker's connections come to: counters, the half-closed legs by age, and one record of
//! each session (LIFECYCLE 4.14).
//!
//! It owns sums of one worker, on one thread: plain integers, and no lock on any path. They are
//! added up when somebody asks. It waits for nothing, decides nothing and touches no connection.

mod clustered;
mod counters;
mod half_closed;
mod histogram;
mod listened;
pub mod names;
mod queued;
mod record;
pub mod request;
#[cfg(test)]
mod tests;

pub use self::{
    clustered::{Clustered, Clusters, Pooled},
    counters::{Counters, Kind, LegEnd},
    half_closed::{Ages, HalfClosed, Halves},
    histogram::Histogram,
    listened::{Handshake, Kind as RequestKind, Listened, Listeners, REQUEST_SETS},
    queued::{Queued, Queues},
    record::{Record, Wired},
    request::Around,
};
use crate::log::Ink;
use std::{
    cell::{Cell, RefCell},
    fmt,
    rc::Rc,
};
use tidegate_core::{ending::Rejection, report::LegReport, side::Side, time::Time};

/// The observer of one worker; every clone is the same one.
#[derive(Clone, Debug, Default)]
pub struct Observer(Rc<State>);

#[derive(Debug, Default)]
struct State {
    worker: usize,
    sessions: Cell<u64>,
    counters: RefCell<Counters>,
    half_closed: HalfClosed,
    queues: queued::ByCluster,
    listeners: listened::ByListener,
    clusters: clustered::ByCluster,
    /// What the worker's lines are written with.
    ink: RefCell<Option<Ink>>,
}

/// The name of a connection, as logs have it: the worker, and which of its connections it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conn {
    worker: usize,
    session: u64,
}

impl std::str::FromStr for Conn {
    type Err = ();

    fn from_str(text: &str) -> Result<Conn, ()> {
        let (worker, session) = text.split_once('-').ok_or(())?;
        let (worker, session) = (
            worker.parse().map_err(drop)?,
            session.parse().map_err(drop)?,
        );
        Ok(Conn { worker, session })
    }
}

impl fmt::Display for Conn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.worker, self.session)
    }
}

impl Observer {
    /// The observer of the worker with this number.
    #[must_use]
    pub fn new(worker: usize) -> Self {
        Observer(Rc::new(State {
            worker,
            ..State::default()
        }))
    }

    /// The name of the next connection.
    #[must_use]
    pub fn next(&self) -> Conn {
        let session = self.0.sessions.get() + 1;
        self.0.sessions.set(session);
        Conn {
            worker: self.0.worker,
            session,
        }
    }

    /// A leg is nobody's any more, or never came to be: how it ended is counted.
    pub fn leg_over(&self, side: Side, leg: &LegReport) {
        self.0.counters.borrow_mut().count(side, leg);
    }

    /// A leg was dropped as it was: by a panic, or by a process that does not wait.
    pub fn leg_dropped(&self, side: Side) {
        self.0.counters.borrow_mut().count_dropped(side);
    }

    /// A connection was not let in at the listener of this name.
    pub fn rejected(&self, listener: &str, why: Rejection) {
        self.0
            .counters
            .borrow_mut()
            .count_rejected(listener, why, 1);
    }

    /// The machine had nothing to accept a connection with.
    pub fn accept_failed(&self) {
        self.0.counters.borrow_mut().accept_failures += 1;
    }

    /// Where a session, or a spare leg, says which of its legs are half-closed.
    #[must_use]
    pub fn halves(&self) -> Halves {
        self.0.half_closed.halves()
    }

    /// Where the cluster of this name says who waits for an endpoint.
    #[must_use]
    pub fn queued(&self, cluster: &str) -> Queued {
        self.0.queues.of(cluster)
    }

    /// What the worker's lines are written with, and so where the dropped ones are counted.
    pub fn writes_with(&self, ink: Ink) {
        *self.0.ink.borrow_mut() = Some(ink);
    }

    /// Where the listener of this name counts.
    #[must_use]
    pub fn listener(&self, name: &str) -> Listened {
        self.0.listeners.of(name)
    }

    /// Where the connects to the cluster of this name are counted.
    #[must_use]
    pub fn cluster(&self, name: &str) -> Clustered {
        self.0.clusters.of(name)
    }

    /// The sums as they are now.
    #[must_use]
    pub fn metrics(&self, now: Time) -> Metrics {
        Metrics {
            counters: self.0.counters.borrow().clone(),
            half_closed: self.0.half_closed.ages(now),
            queues: self.0.queues.sums(),
            listeners: self.0.listeners.sums(),
            clusters: self.0.clusters.sums(),
            dropped: self.0.ink.borrow().as_ref().map_or(0, Ink::dropped),
        }
    }
}

/// The sums of one worker, or of several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// What has happened.
    pub counters: Counters,
    /// What is.
    pub half_closed: Ages,
    /// Who waits for an endpoint, and has.
    pub queues: Queues,
    /// What has come of connections and requests, by listener.
    pub listeners: Listeners,
    /// What has come of connects, by cluster.
    pub clusters: Clusters,
    /// Lines of the log that were dropped, of the whole process.
    pub dropped: u64,
}

impl Metrics {
    /// Adds those of another worker.
    pub fn add(&mut self, other: &Metrics) {
        self.counters.add(&other.counters);
        self.half_closed.add(&other.half_closed);
        self.queues.add(&other.queues);
        self.listeners.add(&other.listeners);
        self.clusters.add(&other.clusters);
        // Every worker tells the same sum, one a little later than the other.
        self.dropped = self.dropped.max(other.dropped);
    }

    /// Tells the log, once all is over: as long as there is no other way to ask, its last line.
    pub fn log(&self) {
        let counters = self.in_a_line();
        if !counters.is_empty() {
            tracing::info!(%counters, "what became of all connections");
        }
    }

    /// What a scrape is answered with: the text format of Prometheus.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = self.to_string();
        names::Family::LOG_DROPPED.head(&mut text);
        let name = names::Family::LOG_DROPPED.name;
        histogram::line(&mut text, format_args!("{name} {}", self.dropped));
        names::Family::BUILD.head(&mut text);
        let (name, version) = (names::Family::BUILD.name, env!("CARGO_PKG_VERSION"));
        histogram::line(&mut text, format_args!("{name}{{version=\"{version}\"}} 1"));
        let series = text.lines().filter(|line| !line.starts_with('#')).count() + 1;
        names::Family::SERIES.head(&mut text);
        let name = names::Family::SERIES.name;
        histogram::line(&mut text, format_args!("{name} {series}"));
        text
    }

    /// Every counter that is not 0, in one line; nothing if none is.
    #[must_use]
    pub fn in_a_line(&self) -> String {
        let text = self.to_string();
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        // The classes of a histogram are for somebody who asks.
        let samples = samples.filter(|line| !line.contains("_bucket{"));
        let told = samples.filter(|line| !line.ends_with(" 0") && !line.ends_with(" 0.000000"));
        told.collect::<Vec<_>>().join(", ")
    }
}

impl fmt::Display for Metrics {
    /// The text format of Prometheus.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.counters.fmt(f)?;
        self.half_closed.fmt(f)?;
        self.queues.fmt(f)?;
        let mut text = String::new();
        self.listeners.write(&mut text);
        self.clusters.write(&mut text);
        f.write_str(&text)
    }
}

/// The word for a leg that labels have.
const fn label(side: Side) -> &'static str {
    match side {
        Side::Down => "downstream",
        Side::Up => "upstream",
    }
}
