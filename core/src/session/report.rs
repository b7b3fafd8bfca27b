//! The session's report: what its ends were, written down as they happen (LIFECYCLE 4.14).
//!
//! It looks at every step from beside: at the event, at the state before, and at the orders. It
//! never changes the state, and no rule reads what it has written.

mod kept;
mod noted;
mod read;
mod speaker;

pub(super) use self::kept::Kept;
use self::{
    noted::Noted,
    speaker::{abort, is_finished, peer, speaker},
};
use super::{Phase, Session, quiet::carries, waits};
use crate::{
    close::CloseCause,
    effect::Effect,
    ending::{By, Cause, End},
    event::{Event, Refusal},
    leg::{Leg, Open, ReadEnd, WriteEnd},
    report::{Failure, Heard, Parting, Retry},
    side::Side,
    time::{Moment, Time},
    timer::Timer,
};

/// What is written down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Account {
    began: Time,
    over: Moment,
    first: Option<By>,
    legs: [Noted; 2],
    unread: [u64; 2],
    pub(super) retry: Option<Retry>,
    retries: u32,
    error: Option<&'static str>,
    trouble: Option<CloseCause>,
    /// A connect was ordered: the report of the upstream leg before it may still be asked for, and
    /// makes room with the next event.
    redials: bool,
}

/// The state before a step, as far as its report depends on it.
pub(super) struct Mark {
    /// The legs, if the event may be about an end.
    opens: [Option<Open>; 2],
    /// What was read of each and not understood.
    unread: [u32; 2],
    /// What fires, if the event is a deadline.
    timer: Option<Timer>,
    /// The legs that are being flushed.
    flushes: [bool; 2],
    /// Orders that were given before.
    orders: usize,
}

impl Session {
    /// The request is sent again, by this rule.
    pub(super) fn note_retry(&mut self, rule: Retry) {
        self.account.0.retry = Some(rule);
        self.account.0.retries += 1;
    }

    /// What went wrong with the exchange, by its proxy error type, and in the words of a close: the first
    /// of it.
    pub(super) fn note_error(&mut self, error: Option<&'static str>, why: CloseCause) {
        let account = &mut self.account.0;
        account.error = account.error.or(error);
        self.note_trouble(why);
    }

    /// Why there is no upstream leg, or no whole answer: the first of it.
    pub(super) fn note_trouble(&mut self, why: CloseCause) {
        self.account.0.trouble.get_or_insert(why);
    }

    /// An exchange begins, and nothing is wrong with it yet.
    pub(super) fn forget_trouble(&mut self) {
        self.account.0.trouble = None;
    }

    /// What a report of the step that begins now has to know.
    #[inline]
    pub(super) fn mark(&mut self, event: &Event, now: Time, orders: usize) -> Mark {
        let account = &mut self.account.0;
        if core::mem::take(&mut account.redials) {
            account.legs[Side::Up as usize].renew();
            // A request that is sent again begins with the leg that it gets.
            let down = &account.legs[Side::Down as usize];
            if down.heard.is_none() && down.failed.is_none() {
                account.first = None;
            }
        }
        if matches!(event, Event::Accepted) {
            account.began = now;
            account.legs[Side::Down as usize].begins(now);
        } else if let Event::Connected(_) = event {
            account.legs[Side::Up as usize].begins(now);
        }
        let fires = matches!(event, Event::Fired);
        let left = |side| self.leg(side).open().map_or(0, |open| open.inbox.left);
        Mark {
            opens: match carries(event) {
                true => [const { None }; 2],
                false => Side::BOTH.map(|side| self.leg(side).open().cloned()),
            },
            unread: Side::BOTH.map(left),
            timer: fires
                .then(|| self.timers.next().map(|(_, timer)| timer))
                .flatten(),
            flushes: Side::BOTH.map(|side| fires && self.wants(waits::flush(side)).is_some()),
            orders,
        }
    }

    /// After an event has moved its machine: whose direction has ended, and which leg has failed.
    pub(super) fn note_heard(&mut self, now: Time, event: &Event, mark: &Mark) {
        let speaker = speaker(*event);
        for side in Side::BOTH {
            let by = match speaker {
                Some(spoke) if spoke == side => peer(side),
                Some(_) | None => By::Proxy,
            };
            self.note_read_end(now, side, by);
        }
        if let Event::Fin(side) = *event
            && let Some(open) = &mark.opens[side as usize]
        {
            let bare = open.tls && open.read == ReadEnd::Open;
            if bare {
                self.account.0.legs[side as usize].bare_fin = true;
            }
        }
        self.note_unconnected(now, event, mark);
    }

    #[inline]
    fn note_read_end(&mut self, now: Time, side: Side, by: By) {
        let report = &self.account.0.legs[side as usize];
        let known = report.heard.is_some() || report.failed.is_some();
        let unended = matches!(self.leg(side), Leg::Open(open) if open.read == ReadEnd::Open);
        if report.over().is_none() && (known || !unended) {
            self.note_end_of_reads(now, side, by);
        }
    }

    fn note_end_of_reads(&mut self, now: Time, side: Side, by: By) {
        let (end, cause) = match self.leg(side) {
            Leg::Absent | Leg::Queued | Leg::Connecting | Leg::Securing => (None, None),
            Leg::Open(open) => {
                let cause = match open.read {
                    ReadEnd::Draining(cause) => Some(cause),
                    ReadEnd::Failed(failed) => Some(failed.cause),
                    ReadEnd::Open | ReadEnd::Notified | ReadEnd::Fin(_) => None,
                };
                (open.read.end(), cause)
            }
            // A leg that we closed has heard nothing by that.
            Leg::Gone(_) | Leg::Reset(_) if by == By::Proxy => (None, None),
            Leg::Gone(end) | Leg::Reset(end) => (Some(*end), abort(*end)),
        };
        let account = &mut self.account.0;
        let leg = &mut account.legs[side as usize];
        if let Some(cause) = cause {
            leg.failed.get_or_insert(Failure { cause, at: now, by });
        }
        if let Some(end) = end {
            leg.heard.get_or_insert(Heard { end, at: now, by });
        }
        if leg.heard.is_some() || leg.failed.is_some() {
            account.first.get_or_insert(by);
        }
    }

    /// An upstream leg that never came to be, or a handshake that came to nothing: there is no open
    /// leg to look at.
    fn note_unconnected(&mut self, now: Time, event: &Event, mark: &Mark) {
        let (side, cause, by) = match (*event, mark.timer) {
            (Event::Unconnected(Refusal::Failed(cause)), _) => (Side::Up, cause, By::Origin),
            (Event::Failed(side, cause, _), _) if mark.opens[side as usize].is_none() => {
                (side, cause, peer(side))
            }
            (Event::Fin(side), _) if mark.opens[side as usize].is_none() => {
                (side, Cause::Tls, peer(side))
            }
            (Event::Fired, Some(timer @ (Timer::Queue | Timer::Connect | Timer::TlsUp))) => {
                (Side::Up, Cause::Expired(timer), By::Proxy)
            }
            (Event::Fired, Some(timer @ Timer::Tls)) => {
                (Side::Down, Cause::Expired(timer), By::Proxy)
            }
            _ => return,
        };
        let account = &mut self.account.0;
        let leg = &mut account.legs[side as usize];
        // T14: a client that leaves inside its handshake has not failed: it has only left early.
        if !matches!(event, Event::Fin(Side::Down)) {
            leg.failed.get_or_insert(Failure { cause, at: now, by });
        }
        account.first.get_or_insert(by);
    }

    /// After the rules have run: what was ordered, and how far our own ends are.
    pub(super) fn note_said(&mut self, now: Time, event: &Event, mark: &Mark, effects: &[Effect]) {
        if let Event::Finished(side) = *event {
            let said = &mut self.account.0.legs[side as usize].said;
            said.finished.get_or_insert(now);
        } else if let Event::Acked(side) = *event
            && is_finished(&mark.opens[side as usize])
        {
            self.account.0.legs[side as usize].said.acked = Some(now);
        } else if let Event::Unconnected(refusal) = *event {
            let end = refusal.cause().map(End::Abort);
            self.leave(Side::Up, Parting::Unconnected, end, now);
        }
        for side in Side::BOTH {
            self.note_read_end(now, side, By::Proxy);
            self.note_state(now, side);
            self.note_unread(event, mark, side);
        }
        self.note_orders(now, mark, effects);
        self.forget_exchange();
    }

    /// After a step that carried bytes and ended nothing: what was ordered is all there is to say.
    #[inline]
    pub(super) fn note_quietly(
        &mut self,
        now: Time,
        event: &Event,
        mark: &Mark,
        effects: &[Effect],
    ) {
        self.note_orders(now, mark, effects);
        if cfg!(debug_assertions) {
            let noted = (self.report(), self.account.0.redials);
            self.note_heard(now, event, mark);
            self.note_said(now, event, mark, effects);
            let in_full = (self.report(), self.account.0.redials);
            assert!(in_full == noted, "{event:?}: {self:?}");
        }
    }

    /// What was ordered in this step: mostly nothing.
    #[inline]
    fn note_orders(&mut self, now: Time, mark: &Mark, effects: &[Effect]) {
        if effects.len() > mark.orders {
            self.note_each(now, mark, &effects[mark.orders..]);
        }
    }

    fn note_each(&mut self, now: Time, mark: &Mark, effects: &[Effect]) {
        for effect in effects {
            self.note_order(now, *effect, mark);
        }
    }

    /// What the state says of a leg's write end, and of its wait for the last word.
    fn note_state(&mut self, now: Time, side: Side) {
        let Some(open) = self.leg(side).open() else {
            return;
        };
        let flushes = open.write == WriteEnd::Flushing;
        let told = !flushes && open.write != WriteEnd::Open;
        let useless = self.phase == Phase::Closing || open.read != ReadEnd::Open;
        let account = &mut self.account.0;
        let leg = &mut account.legs[side as usize];
        if flushes {
            leg.said.abort.get_or_insert(now);
            account.first.get_or_insert(By::Proxy);
        }
        if told && useless {
            leg.lingers.begin(now);
        }
    }

    /// What was read of a leg and is not there any more, although nobody has looked at it.
    fn note_unread(&mut self, event: &Event, mark: &Mark, side: Side) {
        let before = mark.unread[side as usize];
        let mut due = before;
        if let Event::Decoded(of, decoded) = *event
            && of == side
        {
            due = decoded.left;
        } else if let Event::Received(of, bytes) = *event
            && of == side
        {
            due = before.saturating_sub(bytes);
        }
        let left = self.leg(side).open().map_or(0, |open| open.inbox.left);
        self.account.0.unread[side as usize] += u64::from(due.saturating_sub(left));
    }

    fn note_order(&mut self, now: Time, order: Effect, mark: &Mark) {
        match order {
            Effect::Finish(side) => {
                self.account.0.legs[side as usize].said.finish = Some(now);
                self.account.0.first.get_or_insert(By::Proxy);
            }
            Effect::Reset(side) => {
                let at = side as usize;
                let expired = match mark.timer {
                    Some(Timer::FlushDown) => side == Side::Down,
                    Some(Timer::FlushUp) => side == Side::Up,
                    Some(Timer::FlushTotal) => mark.flushes[at],
                    _ => false,
                };
                let stalled = matches!(
                    (mark.timer, side),
                    (Some(Timer::WriteDown), Side::Down) | (Some(Timer::WriteUp), Side::Up)
                ) && is_finished(&mark.opens[at]);
                let account = &mut self.account.0;
                account.legs[at].said.abort.get_or_insert(now);
                account.legs[at].flush_expired |= expired;
                account.legs[at].linger_stalled |= stalled;
                account.first.get_or_insert(By::Proxy);
                self.leave(side, Parting::Reset, None, now);
            }
            Effect::Close(side) => self.leave(side, Parting::Closed, None, now),
            Effect::Park => self.leave(Side::Up, Parting::Parked, None, now),
            Effect::Retire(_) => self.leave(Side::Up, Parting::Retired, None, now),
            Effect::Cancel => self.leave(Side::Up, Parting::Recalled, None, now),
            Effect::Connect => self.account.0.redials = true,
            Effect::End(_) => self.account.0.over = Moment::at(now),
            Effect::Reply(_) | Effect::Alert | Effect::Probe | Effect::LastChunk => {}
        }
    }

    /// A leg is the session's no longer.
    fn leave(&mut self, side: Side, parting: Parting, end: Option<End>, now: Time) {
        let told = match self.leg(side) {
            Leg::Gone(end) | Leg::Reset(end) => Some(*end),
            Leg::Absent | Leg::Queued | Leg::Connecting | Leg::Securing | Leg::Open(_) => None,
        };
        let leg = &mut self.account.0.legs[side as usize];
        let seen = leg.heard.map(|heard| heard.end);
        let failed = leg.failed.map(|failed| End::Abort(failed.cause));
        let end = match parting {
            Parting::Closed | Parting::Unconnected => end.or(told).or(seen),
            Parting::Reset => told
                .or(seen)
                .or(failed)
                .or(Some(End::Abort(Cause::Cancelled))),
            Parting::Parked | Parting::Retired => seen,
            Parting::Recalled => failed,
        };
        leg.is_left(parting, end, now);
    }

    /// Between two requests nothing has ended: not as the last origin's leg will this one end.
    fn forget_exchange(&mut self) {
        let down = &self.account.0.legs[Side::Down as usize];
        if matches!(self.phase, Phase::Idle(_)) && down.heard.is_none() && down.failed.is_none() {
            (self.account.0.first, self.account.0.error) = (None, None);
        }
    }
}
