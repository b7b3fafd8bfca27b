//! Whatever happens to a group in whatever order, and what holds after each step.

use super::*;
use proptest::prelude::*;

/// What can happen.
#[derive(Clone, Debug)]
enum Act {
    Pick(Option<u64>, Vec<usize>),
    End(usize),
    Outcome(usize, bool),
    Health(usize, bool),
    Enable(usize, bool),
    Weight(usize, u32),
    Wait(u64),
    Set(Vec<(u8, u32, u32, u32)>),
}

fn act() -> impl Strategy<Value = Act> {
    let at = 0..8_usize;
    let spec = (1..10_u8, 0..4_u32, 0..3_u32, 1..4_u32);
    prop_oneof![
        6 => (any::<Option<u64>>(), prop::collection::vec(0..8_usize, 0..3))
            .prop_map(|(key, tried)| Act::Pick(key, tried)),
        3 => at.clone().prop_map(Act::End),
        8 => (at.clone(), prop::bool::weighted(0.15)).prop_map(|(at, well)| Act::Outcome(at, well)),
        2 => (at.clone(), any::<bool>()).prop_map(|(at, up)| Act::Health(at, up)),
        1 => (at.clone(), any::<bool>()).prop_map(|(at, on)| Act::Enable(at, on)),
        1 => (at, 0..4_u32).prop_map(|(at, weight)| Act::Weight(at, weight)),
        2 => (0..30_000_u64).prop_map(Act::Wait),
        1 => prop::collection::vec(spec, 0..8).prop_map(Act::Set),
    ]
}

/// A group and what it has been told.
struct Model {
    group: Group,
    now: Time,
    slots: Vec<Slot>,
    specs: Vec<Spec>,
    held: Vec<Slot>,
}

impl Model {
    fn set(&mut self, specs: &[(u8, u32, u32, u32)]) {
        let specs = specs.iter().map(|(id, weight, tier, most)| Spec {
            id: hash(&[*id]),
            weight: *weight,
            tier: *tier,
            most: *most,
        });
        self.specs = specs.collect();
        self.slots = self.group.set(self.now, &self.specs);
    }

    fn slot(&self, at: usize) -> Option<Slot> {
        self.slots.get(at).copied()
    }

    fn can_be_had(&self, at: usize) -> bool {
        self.group.state(self.slots[at]) == State::Up
    }

    fn act(&mut self, act: &Act) -> Result<(), TestCaseError> {
        match act {
            Act::Pick(key, tried) => {
                let tried: Vec<_> = tried.iter().filter_map(|at| self.slot(*at)).collect();
                self.pick(*key, &tried)?;
            }
            Act::End(at) => {
                if *at < self.held.len() {
                    let slot = self.held.swap_remove(*at);
                    self.group.end(slot);
                }
            }
            Act::Outcome(at, well) => {
                let outcome = if *well {
                    Outcome::Answered
                } else {
                    Outcome::Failed
                };
                if let Some(slot) = self.slot(*at) {
                    self.group.outcome(slot, self.now, outcome);
                }
            }
            Act::Health(at, up) => {
                if let Some(slot) = self.slot(*at) {
                    self.group.set_health(slot, self.now, *up);
                }
            }
            Act::Enable(at, on) => {
                if let Some(slot) = self.slot(*at) {
                    self.group.set_enabled(slot, self.now, *on);
                }
            }
            Act::Weight(at, weight) => {
                if let Some(slot) = self.slot(*at) {
                    self.specs[*at].weight = *weight;
                    self.group.set_weight(slot, self.now, *weight);
                }
            }
            Act::Wait(ms) => self.now = self.now + Span::from_ms(*ms),
            Act::Set(specs) => self.set(specs),
        }
        Ok(())
    }

    /// The choice is one that may be made, and none is only made if there is none.
    fn pick(&mut self, key: Option<u64>, tried: &[Slot]) -> Result<(), TestCaseError> {
        let choice = self.group.pick(self.now, key, tried);
        let all = (0..self.slots.len()).filter(|at| self.can_be_had(*at));
        let left: Vec<_> = all.filter(|at| !tried.contains(&self.slots[*at])).collect();
        let first = left.iter().map(|at| self.specs[*at].tier).min();
        let tier: Vec<_> = left
            .into_iter()
            .filter(|at| Some(self.specs[*at].tier) == first)
            .collect();
        let full = |at: &usize| self.group.load(self.slots[*at]) >= self.specs[*at].most;
        match choice {
            Choice::Endpoint(slot) => {
                let at = tier.iter().find(|at| self.slots[**at] == slot);
                prop_assert!(at.is_some(), "{slot:?} is none of {tier:?}");
                prop_assert!(!at.is_some_and(full), "over its limit");
                prop_assert!(self.specs[*at.unwrap()].weight > 0);
                self.group.begin(slot);
                self.held.push(slot);
            }
            Choice::Busy => prop_assert!(!tier.is_empty() && tier.iter().all(full)),
            Choice::None => prop_assert!(tier.is_empty(), "{tier:?} can be had"),
        }
        Ok(())
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let states: Vec<_> = self
            .slots
            .iter()
            .map(|slot| self.group.state(*slot))
            .collect();
        let ejected = |state: &State| matches!(state, State::Ejected(_));
        let up = states.iter().filter(|state| **state == State::Up).count();
        prop_assert_eq!(up, self.group.available());
        // The last endpoint is never ejected.
        prop_assert!(up > 0 || !states.iter().any(ejected), "{:?}", states);
        for slot in &self.slots {
            let held = self.held.iter().filter(|held| *held == slot).count();
            prop_assert_eq!(self.group.load(*slot), u32::try_from(held).unwrap());
        }
        Ok(())
    }
}

fn holds(balance: Balance, percent: u32, acts: &[Act]) -> Result<(), TestCaseError> {
    let ejection = Ejection {
        failures: 2,
        percent,
        ..Ejection::default()
    };
    let settings = Settings {
        balance,
        ejection: Some(ejection),
        slow_start: Some(Span::from_secs(20)),
    };
    let mut model = Model {
        group: Group::new(settings, 5),
        now: NOW,
        slots: vec![],
        specs: vec![],
        held: vec![],
    };
    model.set(&[(1, 1, 0, 3), (2, 2, 0, 3), (3, 1, 1, 3)]);
    for act in acts {
        model.act(act)?;
        model.check()?;
    }
    Ok(())
}

proptest! {
    #[test]
    fn whatever_happens(
        balance in prop::sample::select(&ALL[..]),
        percent in prop::sample::select(vec![50_u32, 100]),
        acts in prop::collection::vec(act(), 1..120),
    ) {
        holds(balance, percent, &acts)?;
    }
}
