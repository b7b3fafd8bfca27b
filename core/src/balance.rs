//! Which endpoint of a cluster comes next. Pure: it owns a position and a seed, and knows no address.
//!
//! A choice asks for the load of two endpoints at most, however many there are.

/// How a cluster chooses the next endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Balance {
    /// The less loaded one of two that are drawn: as good as asking all, and workers that do not
    /// know of each other's load never all choose the same.
    #[default]
    LeastRequest,
    /// Each in turn.
    RoundRobin,
    /// Any.
    Random,
}

/// The choice of one cluster in one worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Balancer {
    balance: Balance,
    next: usize,
    draws: Draws,
}

impl Balancer {
    /// `seed` decides what is drawn, and with whom the turns begin: workers have different ones.
    #[must_use]
    pub fn new(balance: Balance, seed: u64) -> Balancer {
        let mut draws = Draws(seed);
        let next = draws.below(usize::from(u16::MAX));
        Balancer {
            balance,
            next,
            draws,
        }
    }

    /// The index of the endpoint to use, out of `endpoints`; none if there are none. Their number may
    /// change between calls. `load`: what the endpoint with an index has to do at the moment.
    pub fn pick(&mut self, endpoints: usize, load: impl Fn(usize) -> u32) -> Option<usize> {
        if endpoints < 2 {
            return endpoints.checked_sub(1);
        }
        Some(match self.balance {
            Balance::LeastRequest => {
                let one = self.draws.below(endpoints);
                let other = self.draws.below(endpoints - 1);
                let other = other + usize::from(other >= one);
                // Of two that are equal, either has been drawn first as often.
                if load(other) < load(one) { other } else { one }
            }
            Balance::RoundRobin => {
                let index = self.next % endpoints;
                self.next = index + 1;
                index
            }
            Balance::Random => self.draws.below(endpoints),
        })
    }
}

/// Numbers that follow from a seed: `SplitMix64` (Steele, Lea and Flood, 2014).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Draws(u64);

impl Draws {
    /// The numbers that follow from `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Draws {
        Draws(seed)
    }

    /// One of the numbers below `end`, however large; 0 if there is none.
    pub(crate) fn upto(&mut self, end: u64) -> u64 {
        let wide = u128::from(self.draw()) * u128::from(end);
        u64::try_from(wide >> 64).unwrap_or_default()
    }

    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// One of the numbers below `end`, each as likely but for one part in 2^32; 0 if there is none.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX).min(1 << 32);
        usize::try_from(((self.draw() >> 32) * end) >> 32).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{vec, vec::Vec};

    const ALL: [Balance; 3] = [Balance::LeastRequest, Balance::RoundRobin, Balance::Random];

    /// How often each of `endpoints` is chosen of `calls`.
    fn shares(balance: Balance, endpoints: usize, calls: usize, load: &[u32]) -> Vec<usize> {
        let mut balancer = Balancer::new(balance, 7);
        let mut shares = vec![0; endpoints];
        for _ in 0..calls {
            shares[balancer.pick(endpoints, |at| load[at]).unwrap()] += 1;
        }
        shares
    }

    #[test]
    fn none_of_none_and_one_of_one() {
        for balance in ALL {
            let mut balancer = Balancer::new(balance, u64::MAX);
            assert_eq!(balancer.pick(0, |_| 0), None);
            assert_eq!(balancer.pick(1, |_| 9), Some(0));
        }
    }

    #[test]
    fn each_in_turn_from_wherever_the_turns_begin() {
        let mut balancer = Balancer::new(Balance::RoundRobin, 3);
        let picks = [0; 7].map(|_| balancer.pick(3, |_| 0).unwrap());
        for (at, pick) in picks.iter().enumerate() {
            assert_eq!(*pick, (picks[0] + at) % 3);
        }
        // Their number may change.
        assert!(balancer.pick(2, |_| 0).unwrap() < 2);
        assert!(balancer.pick(5, |_| 0).unwrap() < 5);
        let begins = (0..20).map(|seed| Balancer::new(Balance::RoundRobin, seed));
        let begins = begins.map(|mut one| one.pick(4, |_| 0).unwrap());
        let mut begins: Vec<_> = begins.collect();
        begins.sort_unstable();
        begins.dedup();
        assert_eq!(begins, [0, 1, 2, 3], "workers begin apart");
    }

    #[test]
    fn no_endpoint_starves_where_all_have_as_much_to_do() {
        for balance in ALL {
            for endpoints in [2, 3, 10] {
                let shares = shares(balance, endpoints, 1_000 * endpoints, &[5; 10]);
                let fair = shares.iter().all(|share| (850..1_150).contains(share));
                assert!(fair, "{balance:?}: {shares:?}");
            }
        }
    }

    #[test]
    fn the_busiest_gets_nothing_and_the_idle_one_most() {
        let shares = shares(Balance::LeastRequest, 3, 3_000, &[9, 4, 0]);
        assert_eq!(shares[0], 0, "whoever it is compared with has less to do");
        assert!((900..1_100).contains(&shares[1]), "{shares:?}");
        assert!((1_900..2_100).contains(&shares[2]), "{shares:?}");
    }

    #[test]
    fn of_two_that_are_equal_the_first_one_drawn() {
        let mut balancer = Balancer::new(Balance::LeastRequest, 5);
        let mut draws = balancer.draws;
        for _ in 0..20 {
            let first = draws.below(7);
            draws.draw();
            assert_eq!(balancer.pick(7, |_| 3), Some(first));
        }
    }

    /// The numbers that others publish for these seeds.
    #[test]
    fn the_draws_are_those_of_splitmix64() {
        let mut draws = Draws(0);
        let first = [0; 3].map(|_| draws.draw());
        let published = [
            0xE220_A839_7B1D_CDAF,
            0x6E78_9E6A_A1B9_65F4,
            0x06C4_5D18_8009_454F,
        ];
        assert_eq!(first, published);
        assert_eq!(Draws(1_234_567).draw(), 6_457_827_717_110_365_317);
    }

    /// Requests that stay: the loads of all endpoints stay close together.
    #[test]
    fn loads_stay_level() {
        let mut balancer = Balancer::new(Balance::LeastRequest, 1);
        let mut loads = [0_u32; 16];
        for _ in 0..16_000 {
            let at = balancer.pick(16, |at| loads[at]).unwrap();
            loads[at] += 1;
        }
        let (least, most) = (loads.iter().min(), loads.iter().max());
        assert!(most.unwrap() - least.unwrap() <= 5, "{loads:?}");
    }

    #[test]
    fn the_same_seed_chooses_the_same() {
        for balance in ALL {
            let picks = |seed| {
                let mut balancer = Balancer::new(balance, seed);
                [0; 32].map(|_| balancer.pick(7, |_| 0))
            };
            assert_eq!(picks(5), picks(5));
            assert_ne!(picks(5), picks(6), "{balance:?}");
        }
    }
}
