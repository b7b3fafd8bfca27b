//! Who waits for an endpoint while all of a cluster's have as much to do as they may, in what order
//! (PRODUCT section 5).
//!
//! It owns the order and its limit. It waits for nothing: how long a place may be held is for the
//! session that has it (`Timer::Queue`), and whether there is room for the first is asked of its
//! cluster. Any endpoint of the cluster is as good as another, so whoever is first is next.

use alloc::collections::VecDeque;

/// A place in a queue. No two are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(u64);

/// Places in the order in which they were taken.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Queue<T> {
    waiting: VecDeque<(Ticket, T)>,
    depth: usize,
    next: u64,
}

impl<T> Queue<T> {
    /// An empty one of so many places at most; without any, everybody is turned away.
    #[must_use]
    pub const fn new(depth: usize) -> Queue<T> {
        Queue {
            waiting: VecDeque::new(),
            depth,
            next: 0,
        }
    }

    /// Takes the last place.
    ///
    /// # Errors
    /// There are as many as there may be; whoever was to take it.
    pub fn join(&mut self, who: T) -> Result<Ticket, T> {
        if self.waiting.len() >= self.depth {
            return Err(who);
        }
        let ticket = Ticket(self.next);
        self.next += 1;
        self.waiting.push_back((ticket, who));
        Ok(ticket)
    }

    /// Gives a place up, wherever it is; what was left there, unless it was served.
    pub fn leave(&mut self, ticket: Ticket) -> Option<T> {
        // Tickets are in the order of their numbers.
        let at = self
            .waiting
            .binary_search_by_key(&ticket, |(ticket, _)| *ticket);
        let (_, who) = self.waiting.remove(at.ok()?)?;
        Some(who)
    }

    /// Who is next.
    #[must_use]
    pub fn first(&self) -> Option<&T> {
        self.waiting.front().map(|(_, who)| who)
    }

    /// Whether this is the place of who is next.
    #[must_use]
    pub fn is_first(&self, ticket: Ticket) -> bool {
        self.waiting.front().is_some_and(|(one, _)| *one == ticket)
    }

    /// Serves who is next: its place is given up.
    pub fn serve(&mut self) -> Option<T> {
        self.waiting.pop_front().map(|(_, who)| who)
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    #[test]
    fn who_came_first_is_served_first() {
        let mut queue = Queue::new(3);
        let tickets = ["a", "b", "c", "d"].map(|who| queue.join(who));
        assert_eq!(tickets[3], Err("d"), "there are three places");
        let second = tickets[1].unwrap();
        assert_eq!(queue.leave(second), Some("b"));
        assert_eq!(queue.leave(second), None, "once");
        assert_eq!(queue.first(), Some(&"a"));
        assert!(queue.is_first(tickets[0].unwrap()) && !queue.is_first(second));
        assert_eq!([queue.serve(), queue.serve()], [Some("a"), Some("c")]);
        assert!(queue.is_empty());
    }

    #[test]
    fn without_places_nobody_waits() {
        let mut queue = Queue::new(0);
        assert_eq!(queue.join(()), Err(()));
    }

    proptest! {
        /// Against a list: nobody is lost, nobody is served twice, and the depth holds.
        #[test]
        fn like_a_list(
            depth in 0..5_usize,
            acts in prop::collection::vec((0..3_u8, 0..8_usize), 0..60),
        ) {
            let mut queue = Queue::new(depth);
            let mut list: Vec<(Ticket, usize)> = Vec::new();
            let mut all = Vec::new();
            for (n, (act, at)) in acts.into_iter().enumerate() {
                match act {
                    0 => {
                        let ticket = queue.join(n);
                        prop_assert_eq!(ticket.is_ok(), list.len() < depth);
                        list.extend(ticket.map(|ticket| (ticket, n)));
                        all.extend(ticket);
                    }
                    1 => {
                        let Some(ticket) = all.get(at).copied() else { continue };
                        let known = list.iter().position(|(one, _)| *one == ticket);
                        prop_assert_eq!(queue.is_first(ticket), known == Some(0));
                        let known = known.map(|at| list.remove(at).1);
                        prop_assert_eq!(queue.leave(ticket), known);
                    }
                    _ => {
                        let first = (!list.is_empty()).then(|| list.remove(0).1);
                        prop_assert_eq!(queue.first().copied(), first);
                        prop_assert_eq!(queue.serve(), first);
                    }
                }
                prop_assert_eq!(queue.len(), list.len());
                prop_assert_eq!(queue.is_empty(), list.is_empty());
            }
        }
    }
}
