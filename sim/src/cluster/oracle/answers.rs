//! Whether each client that stays gets one answer, in time, and one that fits what has happened.

use super::{Court, Rule};
use crate::cluster::{log::Fact, wire::End};
use tidegate_core::time::{Span, Time};

/// Connects that are tried for one request at most.
const DIALS: usize = 3;

impl<'a> Court<'a> {
    /// The status of a request's answer, and the error that the proxy tells of in it.
    pub(super) fn got(&self, number: usize) -> Option<(u16, Option<&'a str>)> {
        let mut log = self.played.log.iter();
        log.find_map(|entry| {
            if let Fact::Got {
                number: got,
                status,
                error,
                ..
            } = &entry.fact
            {
                return (*got == number).then_some((*status, error.as_deref()));
            }
            None
        })
    }

    pub(super) fn judge_answers(&mut self) {
        for (number, _) in self.requests() {
            let log = self.played.log.iter();
            let got: Vec<_> = log
                .filter(|entry| {
                    let fact = &entry.fact;
                    matches!(fact, Fact::Got { number: got, .. } if *got == number)
                })
                .collect();
            if self.is_left(number) {
                continue;
            }
            let count = got.len();
            self.unless(count == 1, Rule::Answered, || {
                format!("{number} has had {count} answers")
            });
            let Some(entry) = got.first() else { continue };
            let (came, at) = (self.wire.came[&number], self.wire.answered.get(&number));
            let Some(at) = at.copied() else { continue };
            let most = self.most(number);
            let took = at.since(came);
            self.unless(took <= most, Rule::Answered, || {
                format!("{number} was answered after {took}, and {most} is the most")
            });
            if let Fact::Got {
                status,
                error,
                from,
                ..
            } = &entry.fact
            {
                match error {
                    None => self.judge_passed(number, *status, *from),
                    Some(error) => self.judge_own(number, (*status, error), at),
                }
            }
        }
    }

    /// How long a request may take: all that may be waited for, twice.
    fn most(&self, number: usize) -> Span {
        let plan = self.plan;
        let pause_ms = plan.requests().nth(number).map_or(0, |one| one.pause_ms);
        let queue_ms = plan.queue.map_or(0, |queue| queue.timeout_ms);
        // A handshake is a way there and back, and one that is refused too.
        let way_ms = plan.endpoints.iter().map(|one| one.latency_ms).max();
        let ways_ms = way_ms.unwrap_or_default() * 2 * 4;
        let once_ms = queue_ms + plan.response_ms + ways_ms;
        Span::from_ms(u64::from(2 * once_ms + pause_ms))
    }

    /// An endpoint's answer was passed on: that of the last try.
    fn judge_passed(&mut self, number: usize, status: u16, from: Option<(usize, usize)>) {
        let tries = self.tries(number);
        let last = tries.last();
        let said = last.map(|one| (Some((one.endpoint, number)), one.end.map(|(_, end)| end)));
        let fits = said == Some((from, Some(End::Answered(status))));
        self.unless(fits, Rule::Fits, || {
            format!("{number} has got {status} of {from:?}, and its last try was {last:?}")
        });
    }

    /// The proxy's own answer.
    fn judge_own(&mut self, number: usize, (status, error): (u16, &str), at: Time) {
        let last = self.tries(number).last().copied();
        let end = last.and_then(|one| one.end);
        let cause = error.split(';').next().unwrap_or(error);
        let fits = match (status, cause) {
            (502, "connection_terminated") => {
                end.is_some_and(|(ended, end)| end.is_cut() && ended == at)
            }
            (502, "connection_refused") => self.fits_refused(number, at),
            (504, "http_response_timeout") => last.is_some_and(|one| {
                let waited = Span::from_ms(u64::from(self.plan.response_ms));
                one.sent + waited == at && end == Some((at, End::GivenUp))
            }),
            (503, "connection_limit_reached") if error.contains("deadline") => {
                self.fits_deadline(number, at)
            }
            (503, "connection_limit_reached") => self.fits_full(number, at),
            (503, "destination_unavailable") => {
                let up = self.endpoints().find(|one| self.is_up(*one, at));
                self.unless(up.is_none(), Rule::LastOne, || {
                    format!("there was nobody for {number}, and endpoint {up:?} was up")
                });
                true
            }
            _ => false,
        };
        self.unless(fits, Rule::Fits, || {
            format!("{number} has got {status} {error}, which does not fit; last try: {last:?}")
        });
    }

    /// Nobody took the connection: the last that was tried refused it just now, and there was nobody
    /// else to be tried, or as many were as may be.
    fn fits_refused(&mut self, number: usize, at: Time) -> bool {
        let came = self.wire.came[&number];
        let refused = self.wire.vain.iter().filter(|one| one.refused);
        let refused: Vec<_> = refused
            .filter(|one| one.begun >= came && one.end.is_some_and(|end| end <= at))
            .collect();
        let mut those: Vec<usize> = refused.iter().map(|one| one.endpoint).collect();
        those.sort_unstable();
        those.dedup();
        let now = refused.iter().any(|one| one.end == Some(at));
        let other = self.endpoints().find(|one| {
            !those.contains(one)
                && self.is_surely_available(*one, at)
                && self.has_room(*one, at, at)
        });
        let fits = other.is_none() || those.len() >= DIALS;
        self.unless(fits, Rule::Again, || {
            format!("{number} was refused, and endpoint {other:?}, which had room, was not tried")
        });
        now
    }
}
