//! Who waits for an endpoint, by cluster: how many there are, and how long they have waited.

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
    /// So many wait now.
    pub fn depth(&self, depth: usize) {
        self.0.depth.set(u64::try_from(depth).unwrap_or(u64::MAX));
    }

    /// Somebody has waited for so long, and waits no longer.
    pub fn waited(&self, span: Span) {
        let mut waits = self.0.waits.borrow_mut();
        let class = BOUNDS.iter().position(|(_, bound)| span <= *bound);
        waits.classes[class.unwrap_or(BOUNDS.len())] += 1;
        waits.micros = waits.micros.saturating_add(span.0);
    }
}

/// The queues of one worker's clusters, by name.
#[derive(Debug, Default)]
pub(super) struct ByCluster(RefCell<BTreeMap<Box<str>, Queued>>);

impl ByCluster {
    pub(super) fn of(&self, cluster: &str) -> Queued {
        let mut all = self.0.borrow_mut();
        all.entry(cluster.into()).or_default().clone()
    }

    /// Keeps those that anybody has.
    pub(super) fn forget_gone(&self) {
        let mut all = self.0.borrow_mut();
        all.retain(|_, one| Rc::strong_count(&one.0) > 1);
    }

    pub(super) fn sums(&self) -> Queues {
        let all = self.0.borrow();
        let sums = all.iter().map(|(cluster, one)| {
            let (depth, waits) = (one.0.depth.get(), one.0.waits.borrow().clone());
            (cluster.clone(), Sum { depth, waits })
        });
        // A cluster that nobody has ever waited for has nothing to tell.
        Queues(sums.filter(|(_, sum)| *sum != Sum::default()).collect())
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
