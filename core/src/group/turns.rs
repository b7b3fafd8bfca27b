//! Turns: each member in its turn, and one of twice the weight twice as often, evenly spread.
//!
//! It owns the order: a heap by the moment of the next turn, in a time that passes by turns taken
//! (stride scheduling; Waldspurger and Weihl, 1995). Who may not be chosen now keeps its turn, but
//! gathers no more of them.

use super::member::{Member, Slot};
use crate::time::{Span, Time};
use alloc::vec::Vec;

/// Between two turns of a member that weighs 1.
const STRIDE: u64 = 1 << 32;
/// The golden ratio of [`STRIDE`]: multiples of it lie evenly, however many there are.
const APART: u64 = 2_654_435_769;
/// Behind this they are counted from the beginning again. What is left of the numbers is more than any
/// turn is ahead, and hours lie between one time and the next.
const LATEST: u64 = 1 << 62;

/// Who is next.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Turns {
    /// The earliest turn first: a binary heap.
    heap: Vec<(u64, Slot)>,
    /// How far turns have been taken.
    now: u64,
    /// With whom they begin.
    phase: u32,
}

/// Between two turns of this one.
fn stride(member: &Member) -> u64 {
    STRIDE / u64::from(member.spec.weight.max(1))
}

impl Turns {
    pub(super) fn new(phase: u32) -> Turns {
        Turns {
            phase,
            ..Turns::default()
        }
    }

    /// Begins anew with those of `ready`, who keep their turns if they have any to come. Who has started
    /// by `now` waits no longer than its weight asks for: a slow start puts turns off, and ends.
    pub(super) fn renew(&mut self, ready: &[Slot], members: &mut [Member], now: Time) {
        self.heap.clear();
        for slot in ready {
            let member = &mut members[slot.index()];
            if now >= member.warm_at {
                member.turn = member.turn.min(self.now + stride(member));
            }
            if member.turn < self.now || member.turn == 0 {
                let part = (u64::from(slot.0) + 1)
                    .wrapping_mul(APART)
                    .wrapping_add(u64::from(self.phase));
                member.turn =
                    self.now + (part % STRIDE).max(1) / u64::from(member.spec.weight.max(1));
            }
            self.heap.push((member.turn, *slot));
        }
        self.heap.sort_unstable();
    }

    /// Whose turn it is among those that `suits`; none if there is nobody.
    pub(super) fn next(
        &mut self,
        members: &mut [Member],
        (now, slow): (Time, Option<Span>),
        suits: impl Fn(Slot, &Member) -> bool,
    ) -> Option<Slot> {
        if self.now > LATEST {
            self.wind_back(members);
        }
        let fits = |(_, slot): &(u64, Slot)| suits(*slot, &members[slot.index()]);
        let at = match self.heap.first() {
            Some(first) if fits(first) => 0,
            _ => {
                let fitting = self.heap.iter().enumerate().filter(|(_, one)| fits(one));
                fitting.min_by_key(|(_, one)| **one)?.0
            }
        };
        let (turn, slot) = self.heap[at];
        self.now = self.now.max(turn);
        let member = &mut members[slot.index()];
        let (part, whole) = member.part(now, slow);
        member.turn = self.now + stride(member) * whole / part;
        self.heap[at].0 = member.turn;
        self.sink(at);
        Some(slot)
    }

    /// Counts from the beginning again. Turns to come, also of those of the tier who may not be chosen now, are
    /// as far ahead as they were; those that were missed are all as late now.
    fn wind_back(&mut self, members: &mut [Member]) {
        let Some((_, first)) = self.heap.first() else {
            return;
        };
        let tier = members[first.index()].spec.tier;
        // Not from 0, which is the turn of who has none.
        let past = self.now - 1;
        self.now = 1;
        for member in members.iter_mut().filter(|one| one.spec.tier == tier) {
            member.turn = member.turn.saturating_sub(past);
        }
        for (turn, _) in &mut self.heap {
            *turn = turn.saturating_sub(past);
        }
        self.heap.sort_unstable();
    }

    /// Brings what is at `at` down to where it belongs: it has become later.
    fn sink(&mut self, mut at: usize) {
        loop {
            let children = [2 * at + 1, 2 * at + 2];
            let earliest = children
                .into_iter()
                .filter(|child| *child < self.heap.len());
            match earliest.min_by_key(|child| self.heap[*child]) {
                Some(child) if self.heap[child] < self.heap[at] => {
                    self.heap.swap(at, child);
                    at = child;
                }
                Some(_) | None => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::Spec;
    use alloc::vec;

    const NOW: Time = Time(0);

    /// Few turns are left before the last number that there is.
    const LAST: u64 = u64::MAX - 8 * STRIDE;

    /// Members with these weights, and their turns at `now`.
    fn begun(now: u64, weights: &[u32]) -> (Turns, Vec<Slot>, Vec<Member>) {
        let member = |(weight, id): (&u32, u64)| {
            Member::new(Spec {
                weight: *weight,
                ..Spec::new(id)
            })
        };
        let mut members: Vec<_> = weights.iter().zip(1..).map(member).collect();
        let slots: Vec<_> = (0..).map(Slot).take(weights.len()).collect();
        let mut turns = Turns {
            now,
            ..Turns::new(7)
        };
        turns.renew(&slots, &mut members, NOW);
        (turns, slots, members)
    }

    /// How often each is next of `calls`.
    fn shares(turns: &mut Turns, members: &mut [Member], calls: u32) -> Vec<u32> {
        let mut shares = vec![0; members.len()];
        for _ in 0..calls {
            let slot = turns.next(members, (NOW, None), |_, _| true).unwrap();
            shares[slot.index()] += 1;
        }
        shares
    }

    #[test]
    fn turns_do_not_end() {
        let (mut turns, _, mut members) = begun(LAST, &[1, 1]);
        assert_eq!(shares(&mut turns, &mut members, 100), [50, 50]);
        let (mut turns, _, mut members) = begun(LAST, &[1, 3]);
        let shares = shares(&mut turns, &mut members, 100);
        assert!(shares[0].abs_diff(25) <= 1, "{shares:?}");
    }

    /// Nor is anybody far behind for not having been there as they were counted anew, be it that it only
    /// starts then. Another tier counts for itself.
    #[test]
    fn who_may_not_be_chosen_meanwhile_keeps_its_turn() {
        let (mut turns, slots, mut members) = begun(LAST, &[1; 4]);
        members[3].spec.tier = 1;
        let others = members[3].turn;
        turns.renew(&slots[..2], &mut members, NOW);
        assert_eq!(shares(&mut turns, &mut members, 10), [5, 5, 0, 0]);
        assert_eq!(members[3].turn, others);
        members[2].starts(NOW, Some(Span::from_secs(9)));
        turns.renew(&slots[..3], &mut members, NOW);
        let shares = shares(&mut turns, &mut members, 99);
        assert_eq!(shares, [33, 33, 33, 0]);
    }

    /// Who has had no room while they were counted anew is next once it has, and then in its turn.
    #[test]
    fn who_has_missed_turns_meanwhile_is_given_one() {
        let (mut turns, _, mut members) = begun(LATEST - 8 * STRIDE, &[1; 3]);
        for _ in 0..30 {
            turns.next(&mut members, (NOW, None), |slot, _| slot.0 != 1);
        }
        assert!(turns.now < LATEST / 2, "they were");
        assert_eq!(shares(&mut turns, &mut members, 1), [0, 1, 0]);
        assert_eq!(shares(&mut turns, &mut members, 30), [10; 3]);
    }
}
