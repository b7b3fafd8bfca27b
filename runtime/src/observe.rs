//! What a worker's connections come to: counters, the half-closed legs by age, and one record of
//! each session (LIFECYCLE 4.14).
//!
//! It owns sums of one worker, on one thread: plain integers, and no lock on any path. They are
//! added up when somebody asks. It waits for nothing, decides nothing and touches no connection.

mod clustered;
mod counters;
mod half_closed;
mod histogram;
mod life;
mod listened;
mod named;
pub mod names;
mod queued;
mod record;
pub mod request;
pub mod sockets;
mod staged;
#[cfg(test)]
mod tests;
mod traced;
mod usage;
pub mod whole;

use self::named::ByName;
pub(crate) use self::record::{cause, is_normal};
pub use self::{
    clustered::{Clustered, Clusters, Ejected, Outcome, Pooled, Standing, Stands},
    counters::{Counters, Kind, LegEnd},
    half_closed::{Ages, HalfClosed, Halves},
    histogram::Histogram,
    life::{Life, Moments, Use},
    listened::{Handshake, Kind as RequestKind, Listened, Listeners, REQUEST_SETS},
    named::{Named, Names},
    queued::{Queued, Queues},
    record::{Record, Wired},
    request::Around,
    staged::Stage,
    usage::Usage,
    whole::Whole,
};
use crate::log::Ink;
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    fmt,
    num::NonZeroU64,
    rc::Rc,
};
use tidegate_core::{
    ending::Rejection,
    report::LegReport,
    side::Side,
    time::{Span, Time},
};

/// The observer of one worker; every clone is the same one.
#[derive(Clone, Debug, Default)]
pub struct Observer(Rc<State>);

#[derive(Debug, Default)]
struct State {
    worker: usize,
    sessions: Cell<u64>,
    counters: RefCell<Counters>,
    half_closed: HalfClosed,
    queues: ByName<Queued>,
    listeners: ByName<Listened>,
    clusters: ByName<Clustered>,
    lag: RefCell<Histogram>,
    /// Connections by the configuration that they began under.
    generations: RefCell<BTreeMap<u64, Generation>>,
    /// What the worker's lines are written with.
    ink: RefCell<Option<Ink>>,
}

/// How many connections there are that began under one configuration; every clone is the same count.
#[derive(Clone, Debug, Default)]
pub struct Generation(Rc<Cell<u64>>);

impl Generation {
    /// One more.
    pub fn begins(&self) {
        self.0.set(self.0.get() + 1);
    }

    /// One less.
    pub fn ends(&self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

/// The name of a connection, as logs have it: the worker, and which of its connections it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conn(NonZeroU64);

/// Bits of a name that count the worker's connections; those above them are the worker's.
const COUNT: u32 = 48;

impl std::str::FromStr for Conn {
    type Err = ();

    fn from_str(text: &str) -> Result<Conn, ()> {
        let (worker, session) = text.split_once('-').ok_or(())?;
        let worker: u16 = worker.parse().map_err(drop)?;
        let session: u64 = session.parse().map_err(drop)?;
        if session >> COUNT > 0 {
            return Err(());
        }
        Conn::of(worker.into(), session).ok_or(())
    }
}

impl Conn {
    /// Connections are counted from 1 on.
    fn of(worker: usize, session: u64) -> Option<Conn> {
        let worker = u64::try_from(worker).unwrap_or_default();
        NonZeroU64::new(worker << COUNT | session).map(Conn)
    }

    /// A number that no other connection of the process has.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for Conn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, count) = (self.number(), (1 << COUNT) - 1);
        write!(f, "{}-{}", number >> COUNT, number & count)
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

    /// The same, of a process whose workers forget together what is nobody's any more.
    #[must_use]
    pub fn among(worker: usize, named: &Named) -> Self {
        Observer(Rc::new(State {
            worker,
            queues: ByName::among(&named.clusters),
            listeners: ByName::among(&named.listeners),
            clusters: ByName::among(&named.clusters),
            ..State::default()
        }))
    }

    /// The name of the next connection.
    #[must_use]
    pub fn next(&self) -> Conn {
        let session = self.0.sessions.get() + 1;
        self.0.sessions.set(session);
        Conn::of(self.0.worker, session).expect("bug: a connection that is not counted")
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

    /// Where a session of a listener, or a spare leg, says which of its legs are half-closed.
    #[must_use]
    pub fn halves(&self, listened: Option<Listened>) -> Halves {
        self.0.half_closed.halves(listened)
    }

    /// Where connections are counted that begin under the configuration of this number.
    #[must_use]
    pub fn generation(&self, number: u64) -> Generation {
        let mut all = self.0.generations.borrow_mut();
        all.retain(|known, one| *known == number || one.0.get() > 0);
        all.entry(number).or_default().clone()
    }

    /// Forgets the listeners and clusters that are nobody's any more, configured or with a connection: their
    /// series would outlive them, and many reloads have many names.
    pub fn forget_gone(&self) {
        self.0.listeners.forget_gone();
        let is_counted = |listener: &str| self.0.listeners.has(listener);
        self.0.counters.borrow_mut().forget_gone(is_counted);
        self.0.clusters.forget_gone();
        self.0.queues.forget_gone();
    }

    /// The worker came so much too late to a moment that it waited for.
    pub fn lags(&self, span: Span) {
        self.0.lag.borrow_mut().add(histogram::MEETINGS, span);
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
        self.0.counters.borrow_mut().begin(name);
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
        let generations = self.0.generations.borrow();
        let counts = generations
            .iter()
            .map(|(number, one)| (*number, one.0.get()));
        let lag = *self.0.lag.borrow();
        Metrics {
            lags: BTreeMap::from([(self.0.worker, lag)]),
            generations: counts.collect(),
            counters: self.0.counters.borrow().clone(),
            half_closed: self.0.half_closed.ages(now),
            queues: Queues::of(&self.0.queues),
            listeners: Listeners::of(&self.0.listeners),
            clusters: Clusters::of(&self.0.clusters, now),
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
    /// By how much workers come too late, by worker.
    pub lags: BTreeMap<usize, Histogram>,
    /// Connections by the configuration that they began under.
    pub generations: BTreeMap<u64, u64>,
    /// Lines of the log that were dropped, of the whole process.
    pub dropped: u64,
}

impl Metrics {
    /// What is left of them when the worker is over: what has happened, and nothing that is.
    #[must_use]
    pub fn past(self) -> Self {
        Metrics {
            half_closed: Ages::default(),
            queues: self.queues.past(),
            listeners: self.listeners.past(),
            clusters: self.clusters.past(),
            generations: BTreeMap::new(),
            ..self
        }
    }

    /// Leaves out what nobody has any more.
    pub fn retain(&mut self, named: &Named) {
        self.listeners.retain(&named.listeners);
        let is_anybodys = |listener: &str| named.listeners.is_anybodys(listener);
        self.counters.forget_gone(is_anybodys);
        self.clusters.retain(&named.clusters);
        self.queues.retain(&named.clusters);
    }

    /// Adds those of another worker.
    pub fn add(&mut self, other: &Metrics) {
        self.counters.add(&other.counters);
        self.half_closed.add(&other.half_closed);
        self.queues.add(&other.queues);
        self.listeners.add(&other.listeners);
        self.clusters.add(&other.clusters);
        for (worker, lag) in &other.lags {
            self.lags.entry(*worker).or_default().merge(lag);
        }
        for (generation, count) in &other.generations {
            *self.generations.entry(*generation).or_default() += count;
        }
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
    pub fn render(&self, whole: &Whole) -> String {
        let mut text = self.to_string();
        let out = &mut text;
        whole.write(out, self);
        let lag = &names::Family::LAG;
        lag.head(out);
        for (worker, spans) in &self.lags {
            let labels = format!("worker=\"{worker}\"");
            spans.write(out, lag.name, &labels, histogram::MEETINGS);
        }
        let overflow = &names::Family::OVERFLOW;
        overflow.head(out);
        for (family, count) in [
            (names::Family::REQUEST_DURATION, self.listeners.overflow()),
            (names::Family::CLIENT_DURATION, self.clusters.overflow()),
        ] {
            overflow.sample(out, &format!("metric=\"{}\"", family.name), count);
        }
        names::Family::LOG_DROPPED.alone(out, self.dropped);
        let version = format!("version=\"{}\"", env!("CARGO_PKG_VERSION"));
        names::Family::BUILD.head(out);
        names::Family::BUILD.sample(out, &version, 1);
        let series = out.lines().filter(|line| !line.starts_with('#')).count() + 1;
        names::Family::SERIES.alone(out, series);
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
