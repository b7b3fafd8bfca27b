//! Latencies in buckets of at most 1.6 %, so that a quantile costs nothing while it is measured.

/// Buckets for each power of two.
const FINE: u64 = 64;
const FINE_BITS: u32 = 6;

/// How often which latency was seen, in nanoseconds.
pub(crate) struct Histogram {
    buckets: Vec<u64>,
    count: u64,
    max: u64,
}

impl Histogram {
    pub(crate) fn new() -> Histogram {
        Histogram {
            buckets: vec![0; (64 - FINE_BITS as usize) * 64 + 64],
            count: 0,
            max: 0,
        }
    }

    pub(crate) fn add(&mut self, nanos: u64) {
        self.buckets[index(nanos)] += 1;
        self.count += 1;
        self.max = self.max.max(nanos);
    }

    pub(crate) fn max(&self) -> u64 {
        self.max
    }

    /// The latency that `share` of all did not exceed, to the width of a bucket.
    pub(crate) fn quantile(&self, per_mille: u64) -> u64 {
        let rank = (self.count * per_mille).div_ceil(1000).max(1);
        let mut seen = 0;
        for (at, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return middle(at as u64).min(self.max);
            }
        }
        self.max
    }

    /// Quantiles as fields of JSON, in microseconds.
    pub(crate) fn json(&self, prefix: &str) -> String {
        let micros = |nanos: u64| format!("{}.{:03}", nanos / 1000, nanos % 1000);
        format!(
            "\"{prefix}p50_us\":{},\"{prefix}p90_us\":{},\"{prefix}p99_us\":{},\"{prefix}p999_us\":{},\"{prefix}max_us\":{}",
            micros(self.quantile(500)),
            micros(self.quantile(900)),
            micros(self.quantile(990)),
            micros(self.quantile(999)),
            micros(self.max()),
        )
    }
}

fn index(nanos: u64) -> usize {
    let at = if nanos < FINE {
        nanos
    } else {
        let power = 63 - nanos.leading_zeros();
        let fine = (nanos >> (power - FINE_BITS)) & (FINE - 1);
        u64::from(power - FINE_BITS + 1) * FINE + fine
    };
    usize::try_from(at).unwrap_or(usize::MAX)
}

fn middle(index: u64) -> u64 {
    if index < FINE {
        return index;
    }
    let power = index / FINE - 1;
    let width = 1 << power;
    (FINE + index % FINE) * width + width / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_holds_its_middle_and_little_else() {
        for nanos in [0, 1, 63, 64, 65, 127, 128, 1_000, 123_456_789, u64::MAX / 3] {
            let middle = middle(index(nanos) as u64);
            assert_eq!(index(middle), index(nanos), "{nanos}");
            assert!(
                middle.abs_diff(nanos) <= nanos / 64 + 1,
                "{nanos}: {middle}"
            );
        }
    }

    #[test]
    fn quantiles_are_ranks() {
        let mut seen = Histogram::new();
        (1..=1000).for_each(|nanos| seen.add(nanos * 1000));
        let near = |value: u64, wanted: u64| value.abs_diff(wanted) <= wanted / 64;
        assert!(near(seen.quantile(500), 500_000));
        assert!(near(seen.quantile(990), 990_000));
        assert_eq!(seen.max(), 1_000_000);
    }
}
