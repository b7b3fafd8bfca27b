//! Who waits for an endpoint, by cluster: how many there are, and how long they have waited.

use super::named::{ByName, Names, Shared};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    fmt,
    rc::Rc,
};
use tidegate_core::time::Span;

/// How long somebody has waited at most who is counted where; the last class has no bound.
const BOUNDS: [(&str, Span); 10] = [
    ("0.001", Span::from_ms(1)),
    ("0.005", Span::from_ms(5)),
    ("0.01", Span::from_ms(10)),
    ("0.025", Span::from_ms(25)),
    ("0.05", Span::from_ms(50)),
    ("0.1", Span::from_ms(100)),
    ("0.25", Span::from_ms(250)),
    ("0.5", Span::from_ms(500)),
    ("1", Span::from_secs(1)),
    ("2.5", Span::from_ms(2_500)),
];

/// The queue of one cluster of one worker, as it is counted; every clone is the same one.
#[derive(Clone, Debug, Default)]
pub struct Queued(Rc<State>);

#[derive(Debug, Default)]
struct State {
    depth: Cell<u64>,
    waits: RefCell<Waits>,
}

/// How long those have waited who wait no longer, whatever has become of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Waits {
    classes: [u64; BOUNDS.len() + 1],
    micros: u64,
}

impl Queued {
    /// One more waits. A cluster that a reload has changed goes on with a queue of its own as long as
    /// somebody waits there.
    pub fn joined(&self) {
        self.0.depth.set(self.0.depth.get() + 1);
    }

    /// One less.
    pub fn left(&self) {
        self.0.depth.set(self.0.depth.get().saturating_sub(1));
    }

    /// Somebody has waited for so long, and waits no longer.
    pub fn waited(&self, span: Span) {
        let mut waits = self.0.waits.borrow_mut();
        let class = BOUNDS.iter().position(|(_, bound)| span <= *bound);
        waits.classes[class.unwrap_or(BOUNDS.len())] += 1;
        waits.micros = waits.micros.saturating_add(span.0);
    }
}

impl Shared for Queued {
    fn is_shared(&self) -> bool {
        Rc::strong_count(&self.0) > 1
    }
}

/// The queues of one worker, or of several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Queues(BTreeMap<Box<str>, Sum>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Sum {
    depth: u64,
    waits: Waits,
}

impl Queues {
    /// How many wait for an endpoint of this cluster, and how many have waited.
    #[must_use]
    pub fn counts(&self, cluster: &str) -> (u64, u64) {
        let sum = self.0.get(cluster);
        sum.map_or((0, 0), |sum| (sum.depth, sum.waits.classes.iter().sum()))
    }

    /// Those of one worker.
    pub(super) fn of(all: &ByName<Queued>) -> Self {
        let sums = all.map(|one| Sum {
            depth: one.0.depth.get(),
            waits: one.0.waits.borrow().clone(),
        });
        // A cluster that nobody has ever waited for has nothing to tell.
        let some = sums.into_iter().filter(|(_, sum)| *sum != Sum::default());
        Queues(some.collect())
    }

    /// Without who waited.
    pub(super) fn past(mut self) -> Self {
        self.0.values_mut().for_each(|sum| sum.depth = 0);
        self
    }

    pub(super) fn retain(&mut self, names: &Names) {
        self.0.retain(|name, _| names.is_anybodys(name));
    }

    pub(super) fn add(&mut self, other: &Queues) {
        for (cluster, other) in &other.0 {
            let mine = self.0.entry(cluster.clone()).or_default();
            mine.depth += other.depth;
            mine.waits.micros = mine.waits.micros.saturating_add(other.waits.micros);
            let classes = mine.waits.classes.iter_mut();
            for (mine, other) in classes.zip(other.waits.classes) {
                *mine += other;
            }
        }
    }
}

impl fmt::Display for Queues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        let name = "tidegate_cluster_queue_depth";
        writeln!(f, "# HELP {name} Requests that wait for an endpoint.")?;
        writeln!(f, "# TYPE {name} gauge")?;
        for (cluster, sum) in &self.0 {
            writeln!(f, "{name}{{cluster={cluster:?}}} {}", sum.depth)?;
        }
        let name = "tidegate_cluster_queue_duration_seconds";
        writeln!(f, "# HELP {name} How long requests have waited for one.")?;
        writeln!(f, "# TYPE {name} histogram")?;
        for (cluster, Sum { waits, .. }) in &self.0 {
            let mut count = 0;
            let bounds = BOUNDS.iter().map(|(bound, _)| *bound).chain(["+Inf"]);
            for (bound, class) in bounds.zip(waits.classes) {
                count += class;
                writeln!(
                    f,
                    r#"{name}_bucket{{cluster={cluster:?},le="{bound}"}} {count}"#
                )?;
            }
            let (whole, rest) = (waits.micros / 1_000_000, waits.micros % 1_000_000);
            writeln!(f, "{name}_sum{{cluster={cluster:?}}} {whole}.{rest:06}")?;
            writeln!(f, "{name}_count{{cluster={cluster:?}}} {count}")?;
        }
        Ok(())
    }
}
