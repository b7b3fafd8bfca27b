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
