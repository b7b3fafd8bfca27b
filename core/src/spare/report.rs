//! What becomes of a spare leg, written down as it happens (LIFECYCLE 4.14). It changes nothing,
//! and no rule reads it.

use super::{Effect, Event, Spare};
use crate::{
    ending::{By, Cause, End},
    leg::{Open, ReadEnd},
    report::{Failure, Heard, LegReport, Over, Parting},
    time::{Moment, Time},
    timer::Timer,
};

/// The state before a step, as far as the report depends on it.
pub(super) struct Mark {
    open: Option<Open>,
    timer: Option<Timer>,
}

impl Spare {
    /// What became of it so far.
    #[must_use]
    pub fn report(&self) -> &LegReport {
        &self.account.0
    }

    pub(super) fn mark(&self, event: Option<Event>) -> Mark {
        let next = self.timers.next().map(|(_, timer)| timer);
        Mark {
            open: self.leg.open().cloned(),
            timer: next.filter(|_| event == Some(Event::Fired)),
        }
    }

    /// After a step, and after its first moment, which is no event.
    pub(super) fn note(
        &mut self,
        now: Time,
        event: Option<Event>,
        mark: &Mark,
        effects: &[Effect],
    ) {
        let by = match event {
            Some(Event::CloseNotify | Event::Fin | Event::Failed(_)) | None => By::Origin,
            Some(
                Event::Received
                | Event::Finished
                | Event::Sent
                | Event::Acked
                | Event::Fired
                | Event::Evicted
                | Event::DrainExpired,
            ) => By::Proxy,
        };
        // A leg that we closed has heard nothing by that.
        let ours = by == By::Proxy && self.leg.is_over();
        let end = if ours { None } else { self.leg.end() };
        let report = &mut self.account.0;
        let at = now;
        if let Some(end) = end {
            report.heard.get_or_insert(Heard { end, at, by });
        }
        if let Some(Event::Failed(cause)) = event {
            report.failed.get_or_insert(Failure { cause, at, by });
        }
        let before = mark.open.as_ref();
        let opened = before.is_some_and(|open| open.tls && open.read == ReadEnd::Open);
        report.bare_fin |= event == Some(Event::Fin) && opened;
        if event == Some(Event::Finished) {
            report.said.finished = Some(now);
        }
        if event == Some(Event::Acked) {
            report.said.acked = Some(now);
        }
        for effect in effects {
            self.note_order(now, *effect, mark.timer);
        }
    }

    fn note_order(&mut self, now: Time, order: Effect, timer: Option<Timer>) {
        let end = self.leg.end();
        let report = &mut self.account.0;
        let parting = match order {
            Effect::Finish => {
                report.said.finish = Some(now);
                report.lingers = Moment::at(now);
                return;
            }
            Effect::Close => Parting::Closed,
            Effect::Reset => {
                report.said.abort = Some(now);
                report.linger_stalled |= timer == Some(Timer::WriteUp);
                Parting::Reset
            }
        };
        let end = end.or(Some(End::Abort(Cause::Cancelled)));
        report.over = Some(Over {
            parting,
            end,
            at: now,
        });
    }
}
