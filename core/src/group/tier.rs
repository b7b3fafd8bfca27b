//! The members of one tier that may be chosen, and the choice among them.
//!
//! It owns lists that follow from the members' state, made anew when that changes and read at each
//! choice: one of a thousand members costs no more than one of three. It counts nothing.

use super::{
    Choice,
    maglev::Maglev,
    member::{Member, Slot},
    turns::Turns,
};
use crate::{
    balance::Balance,
    draws::Draws,
    time::{Span, Time},
};
use alloc::vec::Vec;

/// How often chance is asked again when it brings a member that is only starting.
const REDRAWS: u32 = 8;

/// One tier.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Tier {
    pub(super) number: u32,
    /// Those that may be chosen.
    ready: Vec<Slot>,
    /// What they weigh, each with all before it; empty if all weigh the same.
    sums: Vec<u32>,
    turns: Turns,
    table: Maglev,
}

/// What a choice is made by.
pub(super) struct Terms<'a> {
    pub(super) now: Time,
    pub(super) key: Option<u64>,
    pub(super) tried: &'a [Slot],
    pub(super) slow: Option<Span>,
}

impl Terms<'_> {
    fn suits(&self, slot: Slot, member: &Member) -> bool {
        !member.is_full() && !self.tried.contains(&slot)
    }
}

impl Tier {
    pub(super) fn new(number: u32, draws: &mut Draws) -> Tier {
        Tier {
            number,
            ready: Vec::new(),
            sums: Vec::new(),
            turns: Turns::new(draws.part(u32::MAX)),
            table: Maglev::default(),
        }
    }

    /// Who may be chosen has changed.
    pub(super) fn renew(&mut self, members: &mut [Member], balance: Balance, now: Time) {
        let mine = |member: &Member| member.spec.tier == self.number && member.is_available();
        self.ready.clear();
        self.ready.extend(slots(members, mine));
        self.sums.clear();
        let weights = self
            .ready
            .iter()
            .map(|slot| members[slot.index()].spec.weight);
        self.sums.extend(weights.scan(0_u32, |sum, weight| {
            *sum = sum.saturating_add(weight);
            Some(*sum)
        }));
        let first = self.sums.first().copied().unwrap_or_default();
        if self.sums.windows(2).all(|pair| pair[1] - pair[0] == first) {
            self.sums.clear();
        }
        if balance == Balance::RoundRobin {
            self.turns.renew(&self.ready, members, now);
        }
    }

    /// Who takes part at all has changed, or what one weighs.
    pub(super) fn renew_table(&mut self, members: &[Member], balance: Balance) {
        if let Balance::Maglev { places } = balance {
            let mine = |member: &Member| member.spec.tier == self.number && member.is_enabled();
            let all: Vec<_> = slots(members, mine).collect();
            self.table = Maglev::new(places, &all, members);
        }
    }

    /// The choice; none if all that may be chosen were tried.
    pub(super) fn pick(
        &mut self,
        members: &mut [Member],
        draws: &mut Draws,
        balance: Balance,
        terms: &Terms<'_>,
    ) -> Choice {
        if self.ready.is_empty() {
            return Choice::None;
        }
        let chosen = match balance {
            Balance::LeastRequest => self.lighter_of_two(members, draws, terms),
            Balance::Random => self.any(members, draws, terms),
            Balance::RoundRobin => {
                self.turns
                    .next(members, (terms.now, terms.slow), |slot, one| {
                        terms.suits(slot, one)
                    })
            }
            Balance::Maglev { .. } => match terms.key {
                Some(key) => self.table.find(key, |slot| {
                    let member = &members[slot.index()];
                    member.is_available() && terms.suits(slot, member)
                }),
                None => self.any(members, draws, terms),
            },
        };
        chosen.map_or_else(|| self.search(members, draws, terms), Choice::Endpoint)
    }

    /// The one that has less to do for its weight, of two that are drawn by weight. Of two that are
    /// equal the first: so those that have nothing to do share by weight too.
    fn lighter_of_two(
        &self,
        members: &[Member],
        draws: &mut Draws,
        terms: &Terms<'_>,
    ) -> Option<Slot> {
        let one = self.drawn(members, draws, terms, |tier, draws| tier.draw(draws));
        let slot = self.ready[one];
        let first = &members[slot.index()];
        if self.ready.len() == 1 {
            return terms.suits(slot, first).then_some(slot);
        }
        let other = self.drawn(members, draws, terms, |tier, draws| {
            tier.draw_beside(one, draws)
        });
        let (beside, second) = (self.ready[other], &members[self.ready[other].index()]);
        match (terms.suits(slot, first), terms.suits(beside, second)) {
            (true, true) if second.is_lighter(first) => Some(beside),
            (true, _) => Some(slot),
            (false, true) => Some(beside),
            (false, false) => None,
        }
    }

    fn any(&self, members: &[Member], draws: &mut Draws, terms: &Terms<'_>) -> Option<Slot> {
        let at = self.drawn(members, draws, terms, |tier, draws| tier.draw(draws));
        let slot = self.ready[at];
        terms.suits(slot, &members[slot.index()]).then_some(slot)
    }

    /// One that chance brings, and that takes it.
    #[inline]
    fn drawn(
        &self,
        members: &[Member],
        draws: &mut Draws,
        terms: &Terms<'_>,
        draw: impl Fn(&Tier, &mut Draws) -> usize,
    ) -> usize {
        let mut at = draw(self, draws);
        for _ in 0..REDRAWS {
            if members[self.ready[at].index()].takes(terms.now, terms.slow, draws) {
                break;
            }
            at = draw(self, draws);
        }
        at
    }

    fn draw(&self, draws: &mut Draws) -> usize {
        match self.sums.last() {
            None => draws.below(self.ready.len()),
            Some(all) => {
                let at = draws.part(*all);
                self.sums.partition_point(|sum| *sum <= at)
            }
        }
    }

    /// As [`Tier::draw`], among all but `one`.
    fn draw_beside(&self, one: usize, draws: &mut Draws) -> usize {
        let Some(all) = self.sums.last() else {
            let other = draws.below(self.ready.len() - 1);
            return other + usize::from(other >= one);
        };
        let before = one.checked_sub(1).map_or(0, |at| self.sums[at]);
        let weight = self.sums[one] - before;
        let at = draws.part(all - weight);
        let at = if at >= before { at + weight } else { at };
        self.sums.partition_point(|sum| *sum <= at)
    }

    /// The one that has least to do for its weight of all that can be had, where chance or a table
    /// brought none.
    fn search(&self, members: &[Member], draws: &mut Draws, terms: &Terms<'_>) -> Choice {
        let begin = draws.below(self.ready.len());
        let (behind, ahead) = self.ready.split_at(begin);
        let mut busy = false;
        let mut best: Option<(Slot, &Member)> = None;
        for slot in ahead.iter().chain(behind) {
            let member = &members[slot.index()];
            if terms.suits(*slot, member) {
                if best.is_none_or(|(_, best)| member.is_lighter(best)) {
                    best = Some((*slot, member));
                }
            } else {
                busy |= !terms.tried.contains(slot);
            }
        }
        match best {
            Some((slot, _)) => Choice::Endpoint(slot),
            None if busy => Choice::Busy,
            None => Choice::None,
        }
    }
}

/// The places of those members that are meant.
fn slots(members: &[Member], which: impl Fn(&Member) -> bool) -> impl Iterator<Item = Slot> {
    let all = members.iter().enumerate();
    all.filter(move |(_, member)| which(member))
        .map(|(at, _)| Slot(u32::try_from(at).unwrap_or(u32::MAX)))
}
