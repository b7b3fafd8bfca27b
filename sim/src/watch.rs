//! What is seen of the proxy from inside: every step of every session.
//!
//! It owns the trace's hash, the counts of what a batch has reached, and the title's claim: a FIN
//! is ordered in the very moment in which it is due, and no timer is on that way. The peers' view
//! is the oracles' business.

use crate::{
    oracle::{LastWord, report::Told},
    world::Fnv,
};
use std::{
    cell::RefCell,
    collections::BTreeMap,
    hash::{Hash, Hasher},
    rc::Rc,
};
use tidegate::{observe::Record, tap::Tap};
use tidegate_core::{
    effect::Effect,
    ending::End,
    event::Event,
    exchange::{Request, Response},
    leg::{Leg, WriteEnd},
    session::{Phase, Session},
    side::Side,
    time::Time,
    timer::Timer,
    trace::Row,
};

/// Nobody reads more rows than these: a program that spins makes millions.
const MOST_ROWS: usize = 100_000;

/// What has been seen.
#[derive(Debug, Default)]
pub struct Watch {
    hash: Fnv,
    /// The rows, where somebody wants to read them.
    pub rows: Option<Vec<Row>>,
    /// How often each state, event, order and ending was reached.
    pub reached: BTreeMap<String, u64>,
    /// Timers that fired in sessions, but for those that let go of a leg whose FIN is heard.
    pub fired: u64,
    /// FINs passed on.
    pub fins: u64,
    /// FINs that were due in an earlier step than they were ordered in: since when, when, where.
    pub late: Vec<(Time, Time, Side)>,
    /// Events of a leg that is not there (I18).
    pub astray: Vec<(Time, Event)>,
    /// Steps taken.
    pub steps: u64,
    /// What the proxy has told of itself.
    pub told: Told,
}

/// The tap of one session.
#[derive(Debug)]
pub struct WatchTap {
    watch: Rc<RefCell<Watch>>,
    /// By source: since when its sink's FIN has been due.
    due: [Option<Time>; 2],
    /// When its last word was taken, and at what.
    word: Option<LastWord>,
}

impl Watch {
    /// A watch that keeps the rows.
    #[must_use]
    pub fn keeping_rows() -> Watch {
        Watch {
            rows: Some(Vec::new()),
            ..Watch::default()
        }
    }

    /// A tap for the next session.
    #[must_use]
    pub fn tap(watch: &Rc<RefCell<Watch>>) -> WatchTap {
        WatchTap {
            watch: Rc::clone(watch),
            due: [None; 2],
            word: None,
        }
    }

    /// A number that is the same for the same steps, on any machine.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        self.hash.finish()
    }

    fn reach(&mut self, what: impl Into<String>) {
        *self.reached.entry(what.into()).or_default() += 1;
    }
}

impl Tap for WatchTap {
    fn step(
        &mut self,
        now: Time,
        event: Event,
        before: &Session,
        after: &Session,
        effects: &[Effect],
    ) {
        let mut watch = self.watch.borrow_mut();
        watch.steps += 1;
        (now, event, after, effects).hash(&mut watch.hash);
        watch.told.accepted += usize::from(event == Event::Accepted);
        if before.last_word() != after.last_word() {
            let deadline = before.deadline().filter(|_| event == Event::Fired);
            self.word = Some(LastWord {
                at: now,
                event,
                ran_out: deadline,
            });
        }
        if event == Event::Fired && !lets_go(before) {
            watch.fired += 1;
        }
        if is_astray(before, event) {
            watch.astray.push((now, event));
        }
        for (what, name) in [("event", self::event(event)), ("phase", phase(after))] {
            watch.reach(format!("{what} {name}"));
        }
        for how in switches(before, after) {
            watch.reach(how);
        }
        for effect in effects {
            watch.reach(format!("order {}", order(*effect)));
        }
        if let Some(rows) = &mut watch.rows
            && rows.len() < MOST_ROWS
            && !matches!(event, Event::Routed(_))
        {
            rows.push(Row::new(now, event, before, after, effects));
        }
        for source in Side::BOTH {
            let since = self.due[source as usize];
            if effects.contains(&Effect::Finish(source.other())) {
                watch.fins += 1;
                watch
                    .late
                    .extend(since.map(|since| (since, now, source.other())));
            }
            self.due[source as usize] = is_due(after, source).then(|| since.unwrap_or(now));
        }
    }

    fn ended(&mut self, record: &Record) {
        let mut watch = self.watch.borrow_mut();
        if let Some(cause) = record.cause() {
            watch.reach(format!("cause {cause}"));
        }
        watch.told.records.push(record.clone());
        watch.told.words.push(self.word);
    }
}

/// Whether an event speaks of a leg that is not there any more, or not yet. A refusal may: it is the
/// second word on bytes whose first has ended the message.
fn is_astray(before: &Session, event: Event) -> bool {
    let side = match event {
        Event::Secured(side, _)
        | Event::Received(side, _)
        | Event::Piped(side, _)
        | Event::Copied(side)
        | Event::Decoded(side, _)
        | Event::Sent(side, _)
        | Event::CloseNotify(side)
        | Event::Fin(side)
        | Event::Undelivered(side)
        | Event::Failed(side, ..)
        | Event::Hinted(side)
        | Event::Finished(side)
        | Event::Acked(side) => side,
        Event::Unaccepted | Event::Declined(_) => Side::Up,
        Event::Accepted
        | Event::Introduced
        | Event::Rejected(_)
        | Event::Routed(_)
        | Event::Peeked(_)
        | Event::Queued
        | Event::Granted
        | Event::Redialled
        | Event::Connected(_)
        | Event::Unconnected(_)
        | Event::Refused(..)
        | Event::Fired
        | Event::Evicted
        | Event::Drained
        | Event::DrainExpired
        | Event::Killed(_) => return before.is_closed(),
    };
    let leg = before.leg(side);
    leg.open().is_none() && *leg != Leg::Securing
}

/// Whether nothing stands between a sink and its FIN: what it is to be told has been told whole,
/// and its own direction was neither finished nor given up.
fn is_due(session: &Session, source: Side) -> bool {
    let sink = source.other();
    let open = session
        .leg(sink)
        .open()
        .is_some_and(|open| open.write == WriteEnd::Open);
    open && unread(session, source) == 0
        && session.from(source).bytes() == 0
        && has_said_all(session, source)
}

/// Bytes read with a head, which are the first of the tunnel behind it (W1).
fn unread(session: &Session, source: Side) -> u32 {
    match (session.phase(), session.leg(source).open()) {
        (Phase::Tunnel, Some(open)) => open.inbox.left,
        (_, Some(_) | None) => 0,
    }
}

/// How an exchange has become a tunnel: with bytes or an end behind its heads, or without.
fn switches(before: &Session, after: &Session) -> Vec<String> {
    let switched = matches!(before.phase(), Phase::Exchange(_)) && *after.phase() == Phase::Tunnel;
    if !switched {
        return Vec::new();
    }
    let mut how = vec!["switch".to_owned()];
    for side in Side::BOTH {
        if unread(after, side) > 0 {
            how.push(format!("switch with bytes of {side}"));
        }
        if before.leg(side).end().is_some() {
            how.push(format!("switch after the end of {side}"));
        }
    }
    how
}

/// Whether nothing more will come for the sink of `source`: a tunnel's direction that ended clean;
/// in HTTP, the answer to the client's last request, or no request to answer.
fn has_said_all(session: &Session, source: Side) -> bool {
    let client = session.leg(Side::Down);
    let pipelined = client.open().is_some_and(|open| open.inbox.decodable());
    let last = client.end() == Some(End::Clean) && !pipelined;
    match (session.phase(), source) {
        (Phase::Tunnel, _) => session.leg(source).end() == Some(End::Clean),
        (Phase::Idle(_), Side::Up) => last,
        (Phase::Exchange(exchange), Side::Up) => {
            // H13: a request that is still being forwarded goes on behind an early answer.
            let forwarding = matches!(exchange.request, Request::Head | Request::Body);
            let answered = exchange.response == Response::Complete && !forwarding;
            answered && (exchange.close || last)
        }
        (Phase::Closing, Side::Up) => true,
        (Phase::Idle(_) | Phase::Exchange(_) | Phase::Closing, Side::Down)
        | (Phase::New | Phase::ProxyHeader | Phase::Securing | Phase::Peeking | Phase::Closed, _) => {
            false
        }
    }
}

/// Whether the timer that is next is T_linger_ack, and every peer's kernel has our FIN and all before it:
/// then it is on nobody's way, and ends the wait for a peer that says nothing (H12). Its name alone says
/// nothing: a FIN that waits for a timer of that name is late all the same.
fn lets_go(session: &Session) -> bool {
    let heard = |side: Side| {
        let open = session.leg(side).open();
        open.is_none_or(|open| open.write == WriteEnd::Acked)
    };
    let lingers = matches!(session.deadline(), Some((_, Timer::Linger)));
    lingers && Side::BOTH.into_iter().all(heard)
}

fn event(event: Event) -> &'static str {
    match event {
        Event::Accepted => "accepted",
        Event::Introduced => "introduced",
        Event::Rejected(_) => "rejected",
        Event::Secured(..) => "secured",
        Event::Routed(_) => "routed",
        Event::Peeked(_) => "peeked",
        Event::Queued => "queued",
        Event::Granted => "granted",
        Event::Redialled => "redialled",
        Event::Connected(_) => "connected",
        Event::Unconnected(_) => "unconnected",
        Event::Received(..) => "received",
        Event::Piped(..) => "piped",
        Event::Copied(_) => "copied",
        Event::Decoded(..) => "decoded",
        Event::Refused(..) => "refused",
        Event::Declined(_) => "declined",
        Event::Sent(_, 0) => "sent nothing whole",
        Event::Sent(..) => "sent",
        Event::CloseNotify(_) => "close_notify",
        Event::Unaccepted => "unaccepted",
        Event::Fin(_) => "fin",
        Event::Undelivered(_) => "undelivered",
        Event::Failed(..) => "failed",
        Event::Hinted(_) => "hinted",
        Event::Finished(_) => "finished",
        Event::Acked(_) => "acked",
        Event::Fired => "fired",
        Event::Evicted => "evicted",
        Event::Drained => "drained",
        Event::DrainExpired => "drain expired",
        Event::Killed(_) => "killed",
    }
}

fn phase(session: &Session) -> &'static str {
    match session.phase() {
        Phase::New => "new",
        Phase::ProxyHeader => "header",
        Phase::Securing => "securing",
        Phase::Peeking => "peeking",
        Phase::Idle(_) => "idle",
        Phase::Exchange(_) => "exchange",
        Phase::Tunnel => "tunnel",
        Phase::Closing => "closing",
        Phase::Closed => "closed",
    }
}

fn order(effect: Effect) -> String {
    match effect {
        Effect::Connect => "connect".to_string(),
        Effect::Cancel => "cancel".to_string(),
        Effect::Finish(side) => format!("finish {side}"),
        Effect::Reset(side) => format!("reset {side}"),
        Effect::Close(side) => format!("close {side}"),
        Effect::Park => "park".to_string(),
        Effect::Retire(_) => "retire".to_string(),
        Effect::Reply(reply) => format!("reply {}", reply.status),
        Effect::Alert => "alert".to_string(),
        Effect::Probe => "probe".to_string(),
        Effect::LastChunk => "last chunk".to_string(),
        Effect::End(ending) => format!("end {ending}"),
    }
}
