//! Which endpoint of a cluster is dialled next. Pure: it owns a position and knows no address.

/// Each endpoint in turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct RoundRobin {
    next: usize,
}

impl RoundRobin {
    /// Starts at the endpoint with index `first`, so that workers can start apart.
    #[must_use]
    pub const fn starting_at(first: usize) -> RoundRobin {
        RoundRobin { next: first }
    }

    /// The index of the endpoint to dial, out of `endpoints`; none if there are none. The number
    /// of endpoints may change between calls.
    pub fn pick(&mut self, endpoints: usize) -> Option<usize> {
        let index = self.next.checked_rem(endpoints)?;
        self.next = (index + 1) % endpoints;
        Some(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_in_turn() {
        let mut balance = RoundRobin::default();
        let picks = [0; 5].map(|_| balance.pick(3));
        assert_eq!(picks, [Some(0), Some(1), Some(2), Some(0), Some(1)]);
    }

    #[test]
    fn none_of_none_and_one_of_one() {
        let mut balance = RoundRobin::starting_at(usize::MAX);
        assert_eq!(balance.pick(0), None);
        assert_eq!(balance.pick(1), Some(0));
        assert_eq!(balance.pick(1), Some(0));
    }

    #[test]
    fn the_number_of_endpoints_may_change() {
        let mut balance = RoundRobin::starting_at(3);
        assert_eq!(balance.pick(4), Some(3));
        assert_eq!(balance.pick(2), Some(0));
        assert_eq!(balance.pick(5), Some(1));
    }
}
