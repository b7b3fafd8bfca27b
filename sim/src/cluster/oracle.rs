//! The judge of a run: what the peers have written down and what was on the wire, held against the plan.
//!
//! It owns the rules' names and what they have in common: when an endpoint could surely be chosen, and
//! how much it had to do. It knows nothing of how the proxy decides, and reads none of its counters but
//! to hold them against the wire (`rest`). Where the wire leaves a doubt, the doubt is the proxy's.

mod answers;
mod causes;
mod queue;
mod rest;
mod retries;
mod shares;

use super::{
    log::Fact,
    plan::{Leave, Method, Plan},
    play::{CALM, Played},
    wire::{End, Try, Wire},
};
use std::fmt;
use tidegate_core::time::{Span, Time};

/// A rule that can be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// No request is read whole more often than may be, and none is sent again against the rules.
    Once,
    /// What can be sent again is, and elsewhere if there is somewhere else.
    Again,
    /// No more is sent again than may be.
    Budget,
    /// Whoever stays gets one answer, in time.
    Answered,
    /// The answer fits what has happened.
    Fits,
    /// While an endpoint is up, there is somebody to ask.
    LastOne,
    /// No endpoint has more to do than it may.
    Limit,
    /// No more wait than may, and none for longer.
    Bounded,
    /// Who came first goes first.
    InOrder,
    /// Nobody waits while there is room.
    NoneIdle,
    /// Each gets its share.
    Share,
    /// Nothing is left, and the proxy's own counts agree.
    Rest,
    /// Each connection was closed for one cause, and for what its client did.
    Cause,
    /// The same seed, the same run.
    Same,
}

/// A rule that was broken, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub rule: Rule,
    /// How.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.rule, self.what)
    }
}

/// Everything there is to know of a run.
struct Court<'a> {
    plan: &'a Plan,
    played: &'a Played,
    wire: &'a Wire,
    violations: Vec<Violation>,
    /// By endpoint: when something spoke against it.
    blames: Vec<Vec<Time>>,
}

/// What is wrong with a run; nothing if it is good.
#[must_use]
pub fn judge(plan: &Plan, played: &Played, wire: &Wire) -> Vec<Violation> {
    let mut court = Court::new(plan, played, wire);
    if let Some(panic) = &played.panic {
        court.complain(Rule::Rest, panic.clone());
        return court.violations;
    }
    court.judge_retries();
    court.judge_answers();
    court.judge_queue();
    court.judge_shares();
    court.judge_rest();
    court.judge_causes();
    court.violations
}

/// How many requests have surely waited for an endpoint with room.
pub(super) fn waited(plan: &Plan, played: &Played, wire: &Wire) -> usize {
    Court::new(plan, played, wire).waited()
}

impl<'a> Court<'a> {
    fn new(plan: &'a Plan, played: &'a Played, wire: &'a Wire) -> Court<'a> {
        let mut blames = vec![Vec::new(); plan.endpoints.len()];
        for one in &wire.tries {
            match one.end {
                None | Some((_, End::Answered(200))) => {}
                Some((at, _)) => blames[one.endpoint].push(at),
            }
        }
        for one in &wire.vain {
            blames[one.endpoint].extend(one.end);
        }
        Court {
            plan,
            played,
            wire,
            violations: Vec::new(),
            blames,
        }
    }

    fn complain(&mut self, rule: Rule, what: String) {
        self.violations.push(Violation { rule, what });
    }

    fn unless(&mut self, good: bool, rule: Rule, what: impl FnOnce() -> String) {
        if !good {
            self.complain(rule, what());
        }
    }

    /// The numbers of all requests, those of the calm too, and their methods.
    fn requests(&self) -> Vec<(usize, Method)> {
        let planned = self.plan.requests().map(|request| request.method);
        let calm = std::iter::repeat(CALM.method);
        let asked = |number: &usize| self.wire.came.contains_key(number);
        let all = (0..).zip(planned.chain(calm));
        let most = self.wire.came.keys().last().map_or(0, |last| last + 1);
        all.take(most).filter(|(number, _)| asked(number)).collect()
    }

    /// Whether the client has reset the connection by then.
    fn is_left(&self, number: usize) -> bool {
        self.played
            .log
            .iter()
            .any(|entry| entry.fact == Fact::Left(number, Leave::Reset))
    }

    fn tries(&self, number: usize) -> Vec<&'a Try> {
        self.wire.of_request(number).collect()
    }

    /// Whether the endpoint counted as up, as the proxy was told: at that moment, and just before.
    fn is_up(&self, endpoint: usize, at: Time) -> bool {
        let told = &self.played.told;
        let now = told.iter().filter(|(since, _)| *since == at);
        let before = told.iter().rfind(|(since, _)| *since < at);
        now.chain(before).all(|(_, ups)| ups[endpoint])
    }

    /// Whether it could be chosen at that moment, whatever is thought of its failures: it was up, and
    /// had none for as long as anybody is ejected.
    fn is_surely_available(&self, endpoint: usize, at: Time) -> bool {
        let blamed = self.plan.ejection.is_some_and(|ejection| {
            let most = Span::from_ms(u64::from(ejection.most_ms));
            let recent = |blame: &&Time| **blame <= at && **blame + most >= at;
            self.blames[endpoint].iter().any(|blame| recent(&blame))
        });
        self.is_up(endpoint, at) && !blamed
    }

    /// How many had the endpoint from `from` to `to` at least, all of that time.
    fn throughout(&self, endpoint: usize, from: Time, to: Time) -> u64 {
        let last = self.played.took;
        let tries = self.wire.tries.iter();
        let tries = tries.filter(|one| one.endpoint == endpoint);
        let tries = tries.map(|one| (one.begun, one.end.map_or(last, |(at, _)| at)));
        tries
            .filter(|(begun, end)| *begun <= from && *end >= to)
            .count() as u64
    }

    /// How many may have had it at some moment from `from` to `to`.
    fn at_most(&self, endpoint: usize, from: Time, to: Time) -> u64 {
        let last = self.played.took;
        let tries = self.wire.tries.iter();
        let tries = tries.map(|one| (one.endpoint, one.begun, one.end.map(|(at, _)| at)));
        let vain = self.wire.vain.iter();
        let vain = vain.map(|one| (one.endpoint, one.begun, one.end));
        let all = tries.chain(vain).filter(|(one, ..)| *one == endpoint);
        all.filter(|(_, begun, end)| *begun <= to && end.unwrap_or(last) >= from)
            .count() as u64
    }

    /// Whether it surely had room for one more from `from` to `to`.
    fn has_room(&self, endpoint: usize, from: Time, to: Time) -> bool {
        let most = self.plan.endpoints[endpoint].most;
        most.is_none_or(|most| self.at_most(endpoint, from, to) < u64::from(most.get()))
    }

    /// Whether somebody connected in vain between the two: it may have been any request.
    fn is_dialled(&self, from: Time, to: Time) -> bool {
        let last = self.played.took;
        let mut all = self.wire.vain.iter();
        all.any(|one| one.begun <= to && one.end.unwrap_or(last) >= from)
    }

    fn endpoints(&self) -> std::ops::Range<usize> {
        0..self.plan.endpoints.len()
    }
}
