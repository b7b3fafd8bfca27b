//! What has come of the connections and requests of one listener, in one worker.
//!
//! It owns plain sums. Whatever a label is made of is configured, or one of a closed set, or folded
//! into `_OTHER`: no client can make a series (PRODUCT section 7).

mod text;

use super::{
    histogram::{CONNECTIONS, Histogram, MEETINGS, REQUESTS},
    named::{ByName, Names, Shared},
    staged::{Stage, Stages},
};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
    sync::Arc,
};
use tidegate_core::{close::CloseCause, side::Side, time::Span};

/// Sets of labels that a worker tells apart at most of the requests of a listener; beyond it they are
/// counted as `_OTHER`, and that they were.
pub const REQUEST_SETS: usize = 200;

/// What handshakes can come to: two versions, each resumed or not; and those that fail, by the version
/// that was agreed on until then, if one was.
pub(super) const HANDSHAKES: usize = 2 * 2 + 3;

/// The listener of one worker, as it is counted; every clone is the same one.
#[derive(Clone, Debug, Default)]
pub struct Listened(Rc<State>);

#[derive(Debug, Default)]
struct State {
    accepted: Cell<u64>,
    under_way: Cell<u64>,
    /// Of which leg, how many are half-closed.
    half_closed: [Cell<u64>; 2],
    stages: RefCell<Stages>,
    sums: RefCell<Sums>,
}

/// What has come of it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sums {
    closed: [u64; CloseCause::COUNT],
    durations: Histogram,
    bytes: [u64; 2],
    handshakes: BTreeMap<Handshake, Histogram>,
    requests: Requests,
}

/// How a client's TLS handshake ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Handshake {
    /// Whether it came to a connection.
    pub done: bool,
    /// Which version, if one was agreed on.
    pub version: Option<&'static str>,
    /// Whether it went on with an earlier session.
    pub resumed: bool,
}

/// What a request is counted by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    /// Its method, or `_OTHER`.
    pub method: &'static str,
    /// The status of its answer, if one began.
    pub status: u16,
    /// Its route's name.
    pub route: Arc<str>,
    /// The version that the client speaks.
    pub version: &'static str,
    /// Whether the client speaks TLS.
    pub https: bool,
    /// What went wrong.
    pub error: Option<CloseCause>,
}

/// Requests by what they are counted by: of a worker as many kinds as it may tell apart, of several
/// workers all of theirs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Requests {
    kinds: BTreeMap<Kind, Histogram>,
    others: Histogram,
}

impl Requests {
    /// Where a worker counts requests of this kind.
    fn of(&mut self, kind: Kind) -> &mut Histogram {
        if self.kinds.len() >= REQUEST_SETS && !self.kinds.contains_key(&kind) {
            return &mut self.others;
        }
        self.kinds.entry(kind).or_default()
    }

    /// Adds those of another worker. There is no limit: with one, the order of the workers would say which
    /// kinds stay apart, and a series could be gone from the next scrape.
    fn add(&mut self, other: &Requests) {
        for (kind, histogram) in &other.kinds {
            let mine = self.kinds.entry(kind.clone()).or_default();
            mine.merge(histogram);
        }
        self.others.merge(&other.others);
    }
}

impl Default for Sums {
    fn default() -> Self {
        Sums {
            closed: [0; CloseCause::COUNT],
            durations: Histogram::default(),
            bytes: [0; 2],
            handshakes: BTreeMap::new(),
            requests: Requests::default(),
        }
    }
}

impl Listened {
    /// A connection was accepted.
    pub fn accepted(&self) {
        self.0.accepted.set(self.0.accepted.get() + 1);
    }

    /// A connection is over, after so long; so many bytes were read of its client, and written to it.
    pub fn closed(&self, cause: CloseCause, age: Span, bytes: [u64; 2]) {
        let mut sums = self.0.sums.borrow_mut();
        sums.closed[cause as usize] += 1;
        sums.durations.add(CONNECTIONS, age);
        for (mine, more) in sums.bytes.iter_mut().zip(bytes) {
            *mine += more;
        }
    }

    /// A client's TLS handshake is over, after so long.
    pub fn shook_hands(&self, handshake: Handshake, span: Span) {
        let mut sums = self.0.sums.borrow_mut();
        let spans = sums.handshakes.entry(handshake).or_default();
        spans.add(MEETINGS, span);
    }

    /// A connection is about something else now, after so long.
    pub fn turns(&self, from: Option<Stage>, to: Option<Stage>, span: Span) {
        self.0.stages.borrow_mut().turn(from, to, span);
    }

    /// A leg of its is half-closed now, or is no longer.
    pub(super) fn half_closed(&self, side: Side, is: bool) {
        let count = &self.0.half_closed[side as usize];
        count.set(match is {
            true => count.get() + 1,
            false => count.get().saturating_sub(1),
        });
    }

    /// A request has begun.
    pub fn asked(&self) {
        self.0.under_way.set(self.0.under_way.get() + 1);
    }

    /// A request is over, after so long.
    pub fn answered(&self, kind: Kind, span: Span) {
        self.not_answered();
        let mut sums = self.0.sums.borrow_mut();
        sums.requests.of(kind).add(REQUESTS, span);
    }

    /// A request is over of which nobody can say anything any more.
    pub fn not_answered(&self) {
        self.0
            .under_way
            .set(self.0.under_way.get().saturating_sub(1));
    }
}

impl Shared for Listened {
    fn is_shared(&self) -> bool {
        Rc::strong_count(&self.0) > 1
    }
}

impl Listened {
    fn sum(&self) -> Sum {
        let State {
            accepted,
            under_way,
            half_closed,
            stages,
            sums,
        } = &*self.0;
        Sum {
            accepted: accepted.get(),
            under_way: under_way.get(),
            half_closed: [0, 1].map(|side: usize| half_closed[side].get()),
            stages: stages.borrow().clone(),
            sums: sums.borrow().clone(),
        }
    }
}

/// The listeners of one worker, or of several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listeners(BTreeMap<Box<str>, Sum>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Sum {
    accepted: u64,
    under_way: u64,
    half_closed: [u64; 2],
    stages: Stages,
    sums: Sums,
}

impl Listeners {
    /// Those of one worker.
    pub(super) fn of(all: &ByName<Listened>) -> Self {
        Listeners(all.map(Listened::sum))
    }

    /// Without what was only so as long as there were connections.
    pub(super) fn past(mut self) -> Self {
        for sum in self.0.values_mut() {
            (sum.under_way, sum.half_closed) = (0, [0; 2]);
            sum.stages.now = Default::default();
        }
        self
    }

    pub(super) fn retain(&mut self, names: &Names) {
        self.0.retain(|name, _| names.is_anybodys(name));
    }

    pub(super) fn add(&mut self, other: &Listeners) {
        for (name, other) in &other.0 {
            let mine = self.0.entry(name.clone()).or_default();
            mine.accepted += other.accepted;
            mine.under_way += other.under_way;
            for (mine, other) in mine.half_closed.iter_mut().zip(other.half_closed) {
                *mine += other;
            }
            mine.stages.add(&other.stages);
            let (mine, other) = (&mut mine.sums, &other.sums);
            for (mine, other) in mine.closed.iter_mut().zip(other.closed) {
                *mine += other;
            }
            mine.durations.merge(&other.durations);
            for (mine, other) in mine.bytes.iter_mut().zip(other.bytes) {
                *mine += other;
            }
            for (handshake, spans) in &other.handshakes {
                let mine = mine.handshakes.entry(*handshake).or_default();
                mine.merge(spans);
            }
            mine.requests.add(&other.requests);
        }
    }

    /// How many connections were closed for this cause, at all listeners.
    #[must_use]
    pub fn closed(&self, cause: CloseCause) -> u64 {
        let counts = self.0.values().map(|sum| sum.sums.closed[cause as usize]);
        counts.sum()
    }

    /// How many connections were accepted, and how many of them are not closed, at all listeners.
    #[must_use]
    pub fn accepted(&self) -> (u64, u64) {
        let sums = self.0.values();
        sums.fold((0, 0), |(accepted, active), sum| {
            (accepted + sum.accepted, active + sum.active())
        })
    }
}

impl Sum {
    fn active(&self) -> u64 {
        let closed: u64 = self.sums.closed.iter().sum();
        self.accepted.saturating_sub(closed)
    }
}
