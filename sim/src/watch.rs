//! What is seen of the proxy from inside: every step of every session.
//!
//! It owns the trace's hash, the counts of what a batch has reached, and the title's claim: a FIN
//! is passed on in the very moment in which its direction has ended and holds nothing, and no
//! timer is on that way. The peers' view is the oracles' business.

use crate::world::Fnv;
use std::{
    cell::RefCell,
    collections::BTreeMap,
    hash::{Hash, Hasher},
    rc::Rc,
};
use tidegate::tap::Tap;
use tidegate_core::{
    effect::Effect,
    ending::End,
    event::Event,
    leg::WriteEnd,
    session::{Phase, Session},
    side::Side,
    time::Time,
    trace::Row,
};

/// What has been seen.
#[derive(Debug, Default)]
pub struct Watch {
    hash: Fnv,
    /// The rows, where somebody wants to read them.
    pub rows: Option<Vec<Row>>,
    /// How often each state, event, order and ending was reached.
    pub reached: BTreeMap<String, u64>,
    /// Timers that fired in sessions.
    pub fired: u64,
    /// FINs passed on.
    pub fins: u64,
    /// FINs that were due in an earlier step than they were ordered in: since when, when, where.
    pub late: Vec<(Time, Time, Side)>,
    /// Steps taken.
    pub steps: u64,
}

/// The tap of one session.
#[derive(Debug)]
pub struct WatchTap {
    watch: Rc<RefCell<Watch>>,
    /// By source: since when its direction has ended clean and held nothing.
    due: [Option<Time>; 2],
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
        if event == Event::Fired {
            watch.fired += 1;
        }
        for (what, name) in [("event", self::event(event)), ("phase", phase(after))] {
            watch.reach(format!("{what} {name}"));
        }
        for effect in effects {
            watch.reach(format!("order {}", order(*effect)));
        }
        if watch.rows.is_some() && !matches!(event, Event::Routed(_)) {
            let row = Row::new(now, event, before, after, effects);
            watch.rows.get_or_insert_default().push(row);
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
}

/// Whether a direction of a tunnel has ended clean, holds nothing, and its sink was told nothing.
fn is_due(session: &Session, source: Side) -> bool {
    matches!(session.phase(), Phase::Tunnel)
        && session.leg(source).end() == Some(End::Clean)
        && session.from(source).bytes() == 0
        && session
            .leg(source.other())
            .open()
            .is_some_and(|open| open.write == WriteEnd::Open)
}

fn event(event: Event) -> &'static str {
    match event {
        Event::Accepted => "accepted",
        Event::Secured => "secured",
        Event::Routed(_) => "routed",
        Event::Connected(_) => "connected",
        Event::Unconnected(_) => "unconnected",
        Event::Received(..) => "received",
        Event::Decoded(..) => "decoded",
        Event::Refused(..) => "refused",
        Event::Sent(_, 0) => "sent nothing whole",
        Event::Sent(..) => "sent",
        Event::CloseNotify(_) => "close_notify",
        Event::Fin(_) => "fin",
        Event::Failed(..) => "failed",
        Event::Hinted(_) => "hinted",
        Event::Finished(_) => "finished",
        Event::Acked(_) => "acked",
        Event::Fired => "fired",
        Event::Evicted => "evicted",
        Event::Drained => "drained",
    }
}

fn phase(session: &Session) -> &'static str {
    match session.phase() {
        Phase::New => "new",
        Phase::Securing => "securing",
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
        Effect::LastChunk => "last chunk".to_string(),
        Effect::End(ending) => format!("end {ending}"),
    }
}
