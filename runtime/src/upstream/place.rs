//! Which of the workers one is, and its part of what all may have together.

/// Which of the workers of its process one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// From nought.
    pub index: u32,
    /// Out of so many.
    pub workers: u32,
}

impl Place {
    /// The only one.
    pub const ONLY: Place = Place {
        index: 0,
        workers: 1,
    };

    /// A worker's part of `most`: they know nothing of each other. At least 1, so that nobody is shut
    /// out.
    #[must_use]
    pub const fn part(self, most: u32) -> u32 {
        let Place { index, workers } = self;
        let rest = if index < most % workers { 1 } else { 0 };
        match most / workers + rest {
            0 => 1,
            part => part,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workers_share_what_they_may_have() {
        let parts = |most, workers| -> Vec<u32> {
            let places = (0..workers).map(|index| Place { index, workers });
            places.map(|place| place.part(most)).collect()
        };
        assert_eq!(parts(50, 1), [50]);
        assert_eq!(parts(50, 4), [13, 13, 12, 12]);
        assert_eq!(parts(2, 4), [1, 1, 1, 1]);
    }
}
