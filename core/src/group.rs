//! The endpoints of one cluster as one worker knows them, and who of them is next.
//!
//! It owns their load, their health as it is told, what they have failed at, and the choice. It waits
//! for nothing: time and chance are arguments, and it knows no address. The right to try again is in
//! [`crate::budget`].
//!
//! A member is available if it is a member, enabled, up and not ejected. The choice is among those of
//! the first tier in which there is one. One that has reached its limit is no less available for
//! that: who finds all of a tier at their limits is to wait, and not to burden the next one.
//!
//! An ejection is a guess from failures, and never the last word: the last available member is not
//! ejected, and if all others go, whoever is ejected comes back at once. A check that fails is no
//! guess: where all are down, there is nobody.

mod ejection;
mod maglev;
mod member;
#[cfg(test)]
mod tests;
mod tier;
mod turns;

pub use self::{
    ejection::{Ejection, Outcome},
    maglev::{hash, is_prime},
    member::{Slot, Spec, State},
};
use self::{
    member::Member,
    tier::{Terms, Tier},
};
#[cfg(feature = "known-bad")]
use crate::variant::Variant;
use crate::{
    balance::Balance,
    draws::Draws,
    time::{Span, Time},
    variant::bad,
};
use alloc::vec::Vec;

/// What is configured of a group as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Settings {
    /// How it chooses.
    pub balance: Balance,
    /// When an endpoint is left alone; never if not given.
    pub ejection: Option<Ejection>,
    /// How long an endpoint that comes or comes back gets less than its share; not at all if not given.
    pub slow_start: Option<Span>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            balance: Balance::default(),
            ejection: Some(Ejection::default()),
            slow_start: None,
        }
    }
}

/// The endpoints of one cluster.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Group {
    settings: Settings,
    /// By slot. Those that are gone leave a place for others once nobody holds them.
    members: Vec<Member>,
    /// By number; those without members too, for their turns.
    tiers: Vec<Tier>,
    draws: Draws,
    /// When the first ejection ends.
    ends: Option<Time>,
    /// When the next ejection or slow start ends: then somebody may be chosen sooner than before.
    renews: Option<Time>,
    /// Whether there have been members.
    begun: bool,
    /// The wrong rule, if one is to be caught.
    #[cfg(feature = "known-bad")]
    variant: Option<Variant>,
}

/// Who is next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Choice {
    /// This one.
    Endpoint(Slot),
    /// Nobody now: all that there are have as much to do as they may.
    Busy,
    /// Nobody: there is none, or none that was not tried.
    None,
}

impl Group {
    /// A group without members. `seed` decides what is drawn, and with whom the turns begin: workers
    /// have different ones.
    #[must_use]
    pub fn new(settings: Settings, seed: u64) -> Group {
        Group {
            settings,
            members: Vec::new(),
            tiers: Vec::new(),
            draws: Draws::new(seed),
            ends: None,
            renews: None,
            begun: false,
            #[cfg(feature = "known-bad")]
            variant: None,
        }
    }

    /// Breaks a rule from now on, or none.
    #[cfg(feature = "known-bad")]
    pub fn break_rule(&mut self, variant: Option<Variant>) {
        self.variant = variant;
    }

    /// These are the members now; the slots of each, in the order given. Who was one before, by its
    /// id, keeps its slot, its load, its health and its record. Who is new starts slowly, but not the
    /// first ones. Who comes back while sessions hold it yet is new but for its slot, its load and its
    /// ejections.
    pub fn set(&mut self, now: Time, specs: &[Spec]) -> Vec<Slot> {
        let slow = self.settings.slow_start.filter(|_| self.begun);
        let mut stays = Vec::new();
        stays.resize(self.members.len(), false);
        let known: Vec<_> = specs
            .iter()
            .map(|spec| self.known(spec, &mut stays))
            .collect();
        for (member, stays) in self.members.iter_mut().zip(stays) {
            member.present &= stays;
        }
        let mut slots = Vec::with_capacity(specs.len());
        for (spec, known) in specs.iter().zip(known) {
            let at = known.unwrap_or_else(|| self.place(*spec, now, slow));
            self.members[at].spec = *spec;
            slots.push(Slot(u32::try_from(at).unwrap_or(u32::MAX)));
        }
        self.begun |= !specs.is_empty();
        self.renew_all(now);
        slots
    }

    /// The member that `spec` is about, if there is one that does not stay for another's sake.
    fn known(&self, spec: &Spec, stays: &mut [bool]) -> Option<usize> {
        let same = |at: &usize| {
            let member = &self.members[*at];
            member.present && member.spec.id == spec.id && !stays[*at]
        };
        let at = (0..stays.len()).find(same)?;
        stays[at] = true;
        Some(at)
    }

    /// A slot for a new member: the one it had, if it is held yet, or one that nobody has or holds.
    fn place(&mut self, spec: Spec, now: Time, slow: Option<Span>) -> usize {
        let mut member = Member::new(spec);
        let held = |one: &Member| !one.present && one.load > 0 && one.spec.id == spec.id;
        let free = |one: &Member| !one.present && one.load == 0;
        let at = match self.members.iter().position(held) {
            Some(at) => {
                // What it has yet is part of the most that it may have.
                let before = &self.members[at];
                (member.load, member.record) = (before.load, before.record);
                Some(at)
            }
            None => self.members.iter().position(free),
        };
        member.starts(now, slow);
        match at {
            Some(at) => {
                self.members[at] = member;
                at
            }
            None => {
                self.members.push(member);
                self.members.len() - 1
            }
        }
    }

    /// Who is next. `key`: what the request belongs to, where that decides. `tried`: those that it has
    /// been to, in vain.
    pub fn pick(&mut self, now: Time, key: Option<u64>, tried: &[Slot]) -> Choice {
        if self.renews.is_some_and(|at| now >= at) {
            self.renew(now);
        }
        if bad!(self, PicksOne).is_some()
            && let Some(slot) = self.slots().find(|slot| {
                let member = &self.members[slot.index()];
                member.is_available() && !member.is_full() && !tried.contains(slot)
            })
        {
            return Choice::Endpoint(slot);
        }
        let Settings {
            balance,
            slow_start: slow,
            ..
        } = self.settings;
        let terms = Terms {
            now,
            key,
            tried,
            slow,
        };
        for tier in &mut self.tiers {
            let choice = tier.pick(&mut self.members, &mut self.draws, balance, &terms);
            if choice != Choice::None {
                return choice;
            }
        }
        Choice::None
    }

    /// One more session holds it.
    pub fn begin(&mut self, slot: Slot) {
        self.members[slot.index()].load += 1;
    }

    /// One session holds it no longer.
    pub fn end(&mut self, slot: Slot) {
        self.members[slot.index()].load -= 1;
    }

    /// What came of it. If it is ejected for that: for how long.
    pub fn outcome(&mut self, slot: Slot, now: Time, outcome: Outcome) -> Option<Span> {
        let ejection = self.settings.ejection?;
        let member = &mut self.members[slot.index()];
        match outcome {
            Outcome::Answered => {
                member.record.failures = 0;
                return None;
            }
            // What was under way when it was ejected says nothing new.
            Outcome::Failed if !member.is_available() || !member.failed(&ejection) => return None,
            Outcome::Failed => {}
        }
        if self.ends.is_some_and(|ends| now >= ends) {
            self.renew(now);
        }
        if !self.may_eject(&ejection) {
            return None;
        }
        let span = self.members[slot.index()].record.eject(now, &ejection);
        if bad!(self, EjectedForEver).is_some() {
            self.members[slot.index()].record.until = Some(Time(u64::MAX));
        }
        self.renew(now);
        Some(span)
    }

    /// Whether one more may be ejected: not the last one, and not too many.
    fn may_eject(&self, ejection: &Ejection) -> bool {
        let count = |which: fn(&Member) -> bool| {
            let count = self.members.iter().filter(|member| which(member)).count();
            u64::try_from(count).unwrap_or(u64::MAX)
        };
        let ejected = count(|member| member.is_enabled() && member.record.until.is_some());
        let share = (ejected + 1) * 100 <= count(Member::is_enabled) * u64::from(ejection.percent);
        let last = count(Member::is_available) <= 1;
        share && (!last || bad!(self, EjectsTheLast).is_some())
    }

    /// What its checks say. Who comes up has nothing to its name, and starts slowly.
    pub fn set_health(&mut self, slot: Slot, now: Time, up: bool) {
        let slow = self.settings.slow_start;
        let member = &mut self.members[slot.index()];
        if member.up == up {
            return;
        }
        member.up = up;
        if up {
            member.record.end(now);
            member.starts(now, slow);
        }
        self.renew(now);
    }

    /// How much of the traffic is for it from now on.
    pub fn set_weight(&mut self, slot: Slot, now: Time, weight: u32) {
        self.members[slot.index()].spec.weight = weight.min(Spec::MOST_WEIGHT);
        self.renew_all(now);
    }

    /// Whether it is to get anything new.
    pub fn set_enabled(&mut self, slot: Slot, now: Time, enabled: bool) {
        self.members[slot.index()].enabled = enabled;
        self.renew_all(now);
    }

    /// When the first ejection ends: then somebody may be chosen who may not be now.
    #[must_use]
    pub fn next_end(&self) -> Option<Time> {
        self.ends
    }

    /// Every slot that there is, members' and others'.
    pub fn slots(&self) -> impl Iterator<Item = Slot> + use<> {
        let count = u32::try_from(self.members.len()).unwrap_or(u32::MAX);
        (0..count).map(Slot)
    }

    /// How many sessions hold it.
    #[must_use]
    pub fn load(&self, slot: Slot) -> u32 {
        self.members[slot.index()].load
    }

    /// Whether it may be chosen, and if not, why.
    #[must_use]
    pub fn state(&self, slot: Slot) -> State {
        self.members[slot.index()].state()
    }

    /// How many are available.
    #[must_use]
    pub fn available(&self) -> usize {
        let all = self.members.iter();
        all.filter(|member| member.is_available()).count()
    }

    /// Ends the ejections whose time has come, and all of them if there is nobody else.
    fn expire(&mut self, now: Time) {
        let slow = self.settings.slow_start;
        let nobody = self.available() == 0 && bad!(self, EjectsTheLast).is_none();
        for member in &mut self.members {
            let over = member.record.until.is_some_and(|until| now >= until);
            if over || nobody && member.is_up() && member.record.until.is_some() {
                member.record.end(now);
                member.starts(now, slow);
            }
        }
        let members = || self.members.iter().filter(|member| member.present);
        self.ends = members().filter_map(|member| member.record.until).min();
        let warm = members().map(|member| member.warm_at);
        let next = warm.filter(|at| *at > now).chain(self.ends);
        self.renews = next.min();
    }

    /// Who may be chosen has changed.
    fn renew(&mut self, now: Time) {
        self.expire(now);
        let now = match bad!(self, SlowTurns) {
            Some(_) => Time(0),
            None => now,
        };
        for tier in &mut self.tiers {
            tier.renew(&mut self.members, self.settings.balance, now);
        }
    }

    /// Who takes part has changed.
    fn renew_all(&mut self, now: Time) {
        let members = self.members.iter().filter(|member| member.present);
        for number in members.map(|member| member.spec.tier) {
            let at = self.tiers.binary_search_by_key(&number, |tier| tier.number);
            if let Err(at) = at {
                self.tiers.insert(at, Tier::new(number, &mut self.draws));
            }
        }
        for tier in &mut self.tiers {
            tier.renew_table(&self.members, self.settings.balance);
        }
        self.renew(now);
    }
}
