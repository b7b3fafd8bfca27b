//! Whether an endpoint is fit for work, by what active checks of it say: when the next one is due, and
//! what its result changes. Pure: time and chance are arguments; whoever calls makes the checks.
//!
//! Before the first check nothing is known, and the endpoint counts as [`Plan::initial`] says. The
//! first result decides at once, since there is nothing that it could contradict. From then on it takes
//! `rise` passes in a row to come up and `fall` failures in a row to go down, so that one lost packet
//! takes nobody out and one lucky answer brings nobody back.

use crate::{
    draws::Draws,
    time::{Span, Time},
};

/// The first check is made within so long: at once for one endpoint, but not for a thousand together.
const FIRST: Span = Span::from_secs(1);

/// How an endpoint is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Plan {
    /// From the beginning of one check to that of the next, give or take a tenth.
    pub interval: Span,
    /// The same while the last results contradict the standing.
    pub fast: Span,
    /// A check that takes longer has failed.
    pub timeout: Span,
    /// Passes in a row that bring an endpoint up; not 0.
    pub rise: u32,
    /// Failures in a row that take it down; not 0.
    pub fall: u32,
    /// Whether it gets work before its first check.
    pub initial: Initial,
}

/// What an endpoint counts as before its first check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Initial {
    /// It gets work: a start must not wait for checks.
    #[default]
    Up,
    /// It gets none.
    Down,
}

/// What is known of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Nothing: no check has come to an end.
    Unknown,
    /// It is fit for work.
    Up,
    /// It is not.
    Down,
}

/// What has happened to a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// It has begun.
    Began,
    /// The endpoint did what was expected.
    Passed,
    /// It did not, or not in time.
    Failed,
}

/// What is to be done at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// Begin a check.
    Check,
    /// Give up the one under way: it has failed.
    GiveUp,
}

/// The health of one endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Health {
    plan: Plan,
    standing: Standing,
    /// Results in a row that contradict the standing.
    against: u32,
    stage: Stage,
    draws: Draws,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stage {
    Waiting { until: Time },
    Checking { since: Time },
}

impl Health {
    /// An endpoint of which nothing is known; `seed` decides where between others its checks lie.
    #[must_use]
    pub fn new(plan: Plan, seed: u64, now: Time) -> Health {
        Health::known(plan, Standing::Unknown, seed, now)
    }

    /// The same for one whose standing was found out before, perhaps under another plan.
    #[must_use]
    pub fn known(plan: Plan, standing: Standing, seed: u64, now: Time) -> Health {
        let mut draws = Draws::new(seed);
        let until = now + Span(draws.upto(plan.interval.0.min(FIRST.0)));
        Health {
            plan,
            standing,
            against: 0,
            stage: Stage::Waiting { until },
            draws,
        }
    }

    /// What is known.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// Whether it gets work.
    #[must_use]
    pub fn is_up(&self) -> bool {
        match self.standing {
            Standing::Unknown => self.plan.initial == Initial::Up,
            Standing::Up => true,
            Standing::Down => false,
        }
    }

    /// What is to be done next, and when.
    #[must_use]
    pub fn next(&self) -> (Time, Order) {
        match self.stage {
            Stage::Waiting { until } => (until, Order::Check),
            Stage::Checking { since } => (since + self.plan.timeout, Order::GiveUp),
        }
    }

    /// Takes an event in; the new standing if that has changed it.
    pub fn step(&mut self, now: Time, event: Event) -> Option<Standing> {
        match (self.stage, event) {
            (Stage::Waiting { .. }, Event::Began) => {
                self.stage = Stage::Checking { since: now };
                None
            }
            (Stage::Checking { since }, Event::Passed) => self.judged(since, now, Standing::Up),
            (Stage::Checking { since }, Event::Failed) => self.judged(since, now, Standing::Down),
            // The one under way stands; and what was given up counts once.
            (Stage::Checking { .. }, Event::Began)
            | (Stage::Waiting { .. }, Event::Passed | Event::Failed) => None,
        }
    }

    fn judged(&mut self, since: Time, now: Time, says: Standing) -> Option<Standing> {
        let before = self.standing;
        let needed = match before {
            Standing::Unknown => 1,
            Standing::Up => self.plan.fall,
            Standing::Down => self.plan.rise,
        };
        self.against = if says == before { 0 } else { self.against + 1 };
        if self.against >= needed {
            self.standing = says;
            self.against = 0;
        }
        let interval = match self.against {
            0 => self.plan.interval,
            _ => self.plan.fast,
        };
        // A tenth less to a tenth more: two that began together do not stay together.
        let tenth = interval.0 / 10;
        let wait = Span(interval.0 - tenth + self.draws.upto(2 * tenth));
        let until = (since + wait).max(now);
        self.stage = Stage::Waiting { until };
        (self.standing != before).then_some(self.standing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    const PLAN: Plan = Plan {
        interval: Span::from_secs(5),
        fast: Span::from_secs(1),
        timeout: Span::from_secs(2),
        rise: 2,
        fall: 3,
        initial: Initial::Up,
    };

    /// One check at its time, which takes 10 ms.
    fn checked(health: &mut Health, event: Event) -> Option<Standing> {
        let (at, order) = health.next();
        assert_eq!(order, Order::Check);
        assert_eq!(health.step(at, Event::Began), None);
        health.step(at + Span::from_ms(10), event)
    }

    fn all(health: &mut Health, script: &str) -> Vec<Option<Standing>> {
        let event = |c| {
            if c == '+' {
                Event::Passed
            } else {
                Event::Failed
            }
        };
        script.chars().map(|c| checked(health, event(c))).collect()
    }

    #[test]
    fn before_the_first_check_it_counts_as_the_plan_says() {
        assert!(Health::new(PLAN, 1, Time(0)).is_up());
        let initial = Initial::Down;
        let health = Health::new(Plan { initial, ..PLAN }, 1, Time(0));
        assert!(!health.is_up());
        assert_eq!(health.standing(), Standing::Unknown);
    }

    #[test]
    fn the_first_result_decides_at_once() {
        for (event, standing) in [
            (Event::Passed, Standing::Up),
            (Event::Failed, Standing::Down),
        ] {
            let mut health = Health::new(PLAN, 1, Time(0));
            assert_eq!(checked(&mut health, event), Some(standing));
            assert_eq!(health.is_up(), standing == Standing::Up);
        }
    }

    #[test]
    fn so_many_in_a_row_and_no_fewer() {
        let mut health = Health::known(PLAN, Standing::Up, 1, Time(0));
        assert_eq!(all(&mut health, "--+--"), [None; 5], "not in a row");
        assert!(health.is_up());
        assert_eq!(all(&mut health, "-"), [Some(Standing::Down)]);
        assert_eq!(all(&mut health, "+-+"), [None; 3]);
        assert!(!health.is_up());
        assert_eq!(all(&mut health, "+"), [Some(Standing::Up)]);
        assert_eq!(all(&mut health, "+++"), [None; 3], "told once");
    }

    #[test]
    fn a_check_that_takes_too_long_is_given_up_and_counts_once() {
        let mut health = Health::known(PLAN, Standing::Up, 1, Time(0));
        let (at, _) = health.next();
        assert_eq!(health.step(at, Event::Began), None);
        let (late, order) = health.next();
        assert_eq!((late.since(at), order), (PLAN.timeout, Order::GiveUp));
        assert_eq!(health.step(late, Event::Failed), None);
        let after = health.clone();
        // What it says after all is not heard.
        assert_eq!(health.step(late, Event::Failed), None);
        assert_eq!(health.step(late, Event::Passed), None);
        assert_eq!(health, after);
    }

    #[test]
    fn the_interval_is_kept_give_or_take_a_tenth() {
        let mut health = Health::known(PLAN, Standing::Up, 1, Time(0));
        let mut waits = Vec::new();
        for _ in 0..50 {
            let (at, _) = health.next();
            checked(&mut health, Event::Passed);
            waits.push(health.next().0.since(at).as_ms());
        }
        assert!(
            waits.iter().all(|ms| (4_500..5_500).contains(ms)),
            "{waits:?}"
        );
        waits.sort_unstable();
        waits.dedup();
        assert!(waits.len() > 40, "chance moves them apart: {waits:?}");
    }

    #[test]
    fn in_doubt_it_asks_sooner() {
        let mut health = Health::known(PLAN, Standing::Up, 1, Time(0));
        for (event, most) in [
            (Event::Failed, 1_100),
            (Event::Failed, 1_100),
            (Event::Failed, 5_500),
            (Event::Failed, 5_500),
            (Event::Passed, 1_100),
            (Event::Passed, 5_500),
        ] {
            let (at, _) = health.next();
            checked(&mut health, event);
            let wait = health.next().0.since(at).as_ms();
            assert!((most / 11 * 9..most).contains(&wait), "{event:?}: {wait}");
        }
    }

    #[test]
    fn checks_never_overlap() {
        let timeout = Span::from_secs(60);
        let mut health = Health::new(Plan { timeout, ..PLAN }, 1, Time(0));
        let (at, _) = health.next();
        health.step(at, Event::Began);
        let end = at + Span::from_secs(50);
        health.step(end, Event::Passed);
        assert_eq!(health.next(), (end, Order::Check));
    }

    #[test]
    fn many_that_begin_together_are_spread_over_a_second() {
        let firsts = (0..100).map(|seed| Health::new(PLAN, seed, Time(7)).next().0);
        let mut firsts: Vec<_> = firsts.map(|at| at.since(Time(7)).as_ms()).collect();
        firsts.sort_unstable();
        assert!(firsts[0] < 100 && firsts[99] >= 900 && firsts[99] < 1_000);
        firsts.dedup();
        assert!(firsts.len() > 80);
    }

    #[test]
    fn what_was_known_is_known_again() {
        let health = Health::known(PLAN, Standing::Down, 1, Time(0));
        assert!(!health.is_up());
    }
}
