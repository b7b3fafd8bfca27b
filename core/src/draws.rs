//! Numbers that follow from a seed: what chance there is in a choice.
//!
//! It owns the position in one sequence, and no meaning of any number.

/// `SplitMix64` (Steele, Lea and Flood, 2014).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Draws(u64);

impl Draws {
    /// The numbers that follow from `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Draws {
        Draws(seed)
    }

    /// The next number: none comes twice before all 2^64 have come.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mixed(self.0)
    }

    /// One of the numbers below `end`, each as likely but for one part in 2^32; 0 if there is none.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u32::try_from(end).unwrap_or(u32::MAX);
        usize::try_from(self.part(end)).unwrap_or_default()
    }

    /// One of the numbers below `end`, however large; 0 if there is none.
    pub(crate) fn upto(&mut self, end: u64) -> u64 {
        let wide = u128::from(self.draw()) * u128::from(end);
        u64::try_from(wide >> 64).unwrap_or_default()
    }

    /// The same of parts of a sum.
    pub(crate) fn part(&mut self, end: u32) -> u32 {
        // The upper half of a product of two numbers below 2^32 is below 2^32.
        u32::try_from(((self.draw() >> 32) * u64::from(end)) >> 32).unwrap_or_default()
    }
}

/// The finisher of `SplitMix64`: every bit of the result hangs on every bit of `word`.
pub(crate) const fn mixed(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn below_nothing_is_nothing() {
        assert_eq!(Draws(1).below(0), 0);
        assert!((0..100).all(|seed| Draws(seed).below(3) < 3));
    }
}
