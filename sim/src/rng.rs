//! The only source of chance here: splitmix64, a counter that is mixed well.
//!
//! It owns sixty-four bits of state. Two generators of one seed draw the same for ever, on any
//! machine; streams for different uses come from [`Rng::fork`], so that a new use does not shift
//! the draws of another. It is not for keys outside a simulation.

/// A generator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rng {
    state: u64,
}

impl Rng {
    /// The generator of `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Rng {
        Rng { state: seed }
    }

    /// An independent generator for the use named `label`.
    #[must_use]
    pub fn fork(&self, label: &str) -> Rng {
        let mut forked = self.clone();
        for byte in label.bytes() {
            forked.state ^= u64::from(byte);
            forked.state = forked.draw();
        }
        forked
    }

    /// The next 64 bits.
    pub const fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit` (which is not 0); the bias of the remainder is of no matter here.
    pub fn below(&mut self, limit: u32) -> u32 {
        let drawn = self.draw() % u64::from(limit);
        u32::try_from(drawn).expect("below a number of 32 bits")
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high - low + 1)
    }

    /// Yes in one of `n` cases.
    pub fn one_in(&mut self, n: u32) -> bool {
        self.below(n) == 0
    }

    /// One of `choices` (which are not none).
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        let limit = u32::try_from(choices.len()).expect("a choice is among a few");
        choices[self.below(limit) as usize]
    }

    /// Fills `bytes`.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.draw().to_le_bytes()[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_splitmix64() {
        let mut rng = Rng::new(1_234_567);
        let drawn = [rng.draw(), rng.draw(), rng.draw()];
        let reference = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
        ];
        assert_eq!(drawn, reference);
    }

    #[test]
    fn forks_differ_by_label_and_leave_the_parent_alone() {
        let rng = Rng::new(1);
        let (mut a, mut b) = (rng.fork("client"), rng.fork("origin"));
        assert_ne!(a.draw(), b.draw());
        assert_eq!(rng, Rng::new(1));
    }
}
