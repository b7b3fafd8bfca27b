//! To which of several clusters a route's next request goes, by their weights.

use crate::draws::Draws;
use alloc::vec::Vec;

/// Clusters and their weights, in the order of the clusters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Split {
    shares: Vec<Share>,
}

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Share {
    /// The index of the cluster.
    pub cluster: usize,
    /// How many of the sum of all weights; 0 for none.
    pub weight: u32,
}

impl Split {
    /// The most that a weight may be: sums of them stay far below what a draw can tell apart.
    pub const MOST: u32 = 1_000_000;

    /// All to one.
    #[must_use]
    pub fn all(cluster: usize) -> Split {
        Split::new(Vec::from([Share { cluster, weight: 1 }]))
    }

    /// Each as often as its weight says.
    #[must_use]
    pub fn new(mut shares: Vec<Share>) -> Split {
        shares.sort_unstable();
        Split { shares }
    }

    /// What each gets.
    #[must_use]
    pub fn shares(&self) -> &[Share] {
        &self.shares
    }

    /// The same, with the clusters' indices changed.
    #[must_use]
    pub fn moved(&self, moved: impl Fn(usize) -> usize) -> Split {
        let moved = |share: &Share| Share {
            cluster: moved(share.cluster),
            ..*share
        };
        Split::new(self.shares.iter().map(moved).collect())
    }

    /// The place of the next one among [`shares`](Self::shares): drawn, where there is more than one.
    /// None if nobody has a weight.
    pub fn pick(&self, draws: &mut Draws) -> Option<usize> {
        let weights = || self.shares.iter().map(|share| u64::from(share.weight));
        let sum: u64 = weights().sum();
        let mut left = match self.shares.len() {
            0 | 1 => 0,
            _ => draws.below(usize::try_from(sum).unwrap_or(usize::MAX)) as u64,
        };
        weights().position(|weight| match left < weight {
            true => true,
            false => {
                left -= weight;
                false
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn counts(weights: &[u32], seed: u64, calls: usize) -> Vec<usize> {
        let share = |(cluster, weight): (usize, &u32)| Share {
            cluster,
            weight: *weight,
        };
        let split = Split::new(weights.iter().enumerate().map(share).collect());
        let mut draws = Draws::new(seed);
        let mut counts = vec![0; weights.len()];
        for _ in 0..calls {
            counts[split.pick(&mut draws).unwrap()] += 1;
        }
        counts
    }

    #[test]
    fn each_gets_its_share() {
        let counts = counts(&[900, 0, 100], 7, 10_000);
        assert_eq!(counts[1], 0, "no weight, no request");
        assert!((8_900..9_100).contains(&counts[0]), "{counts:?}");
        assert_eq!(counts.iter().sum::<usize>(), 10_000);
    }

    #[test]
    fn the_same_seed_draws_the_same() {
        assert_eq!(counts(&[1, 1, 1], 3, 50), counts(&[1, 1, 1], 3, 50));
        assert_ne!(counts(&[1, 1, 1], 3, 50), counts(&[1, 1, 1], 4, 50));
    }

    #[test]
    fn one_alone_is_not_drawn() {
        let mut draws = Draws::new(1);
        let before = draws;
        assert_eq!(Split::all(9).pick(&mut draws), Some(0));
        assert_eq!(draws, before);
    }

    #[test]
    fn nobody_of_nobody() {
        assert_eq!(Split::new(vec![]).pick(&mut Draws::new(1)), None);
    }

    #[test]
    fn the_order_of_clusters_is_that_of_the_shares() {
        let share = |cluster, weight| Share { cluster, weight };
        let split = Split::new(vec![share(1, 5), share(0, 9)]);
        let swapped = split.moved(|cluster| 1 - cluster);
        assert_eq!(swapped.shares(), [share(0, 5), share(1, 9)]);
    }
}
