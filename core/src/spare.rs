//! An upstream leg without a session: idle in the pool, or on its way out.
//!
//! It waits for a session to take it, for its peer's end, or for its own time to be up. It never
//! carries a byte: any byte that arrives here is nobody's, and ends it (U01). Told to finish, it
//! lingers until its peer has heard that and said its own last word, or until it must make room
//! (LIFECYCLE 4.11, 6 and 10).

mod report;

use crate::{
    bug,
    ending::{Cause, End},
    event::Call,
    leg::{Inbox, Leg, Open, ReadEnd, WriteEnd},
    limits::Waits,
    relay::Relay,
    report::{LegReport, aside::Aside},
    time::{Span, Time},
    timer::{Timer, Timers},
    tls::BareFin,
    vigil::Vigil,
};
use alloc::vec::Vec;

/// What has happened on a spare leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// Bytes arrived.
    Received,
    /// close_notify arrived.
    CloseNotify,
    /// FIN arrived.
    Fin,
    /// The connection failed.
    Failed(Cause),
    /// The finish is done.
    Finished,
    /// The peer's kernel took some of what was sent, and not yet all of it: progress (I10).
    Sent,
    /// Everything sent, the FIN included, is acknowledged.
    Acked,
    /// The deadline has passed.
    Fired,
    /// There is no room for it: the idle ones are too many, or none is wanted any more (a drain);
    /// or too many legs linger, and this one has waited longest (LIFECYCLE 4.11, 10).
    Evicted,
    /// The drain has lasted as long as it may (G9).
    DrainExpired,
}

/// An order to the driver of a spare leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Send close_notify if the leg is TLS, then FIN.
    Finish,
    /// Close it with RST.
    Reset,
    /// Close its descriptor.
    Close,
}

/// How long a leg between two exchanges may wait for the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stay {
    /// Its waits.
    pub timeouts: Waits,
    /// After how many seconds its origin closes an idle connection, if it has said so.
    pub hint: Option<u16>,
}

impl Stay {
    /// T_pool_idle.
    #[must_use]
    pub fn span(&self) -> Span {
        self.timeouts.pooled(self.hint)
    }
}

impl From<Waits> for Stay {
    fn from(timeouts: Waits) -> Self {
        Stay {
            timeouts,
            hint: None,
        }
    }
}

/// An upstream leg without a session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Spare {
    leg: Leg,
    stay: Stay,
    timers: Timers,
    /// For its report: no part of the state.
    account: Aside<LegReport>,
}

impl Spare {
    /// A leg between two exchanges.
    #[must_use]
    pub fn parked(now: Time, tls: bool, stay: Stay) -> Self {
        let mut spare = Spare {
            leg: Leg::opened(tls),
            stay,
            timers: Timers::default(),
            account: Aside::default(),
        };
        spare.account.0.began = Some(now);
        spare.bring_waits_into_line(now);
        spare
    }

    /// A leg that a session has done with, its read end as the session left it (U12).
    #[must_use]
    pub fn retired(
        now: Time,
        tls: bool,
        read: ReadEnd,
        timeouts: Waits,
        effects: &mut Vec<Effect>,
    ) -> Self {
        let leg = Leg::Open(Open {
            tls,
            read,
            write: WriteEnd::Open,
            inbox: Inbox::EMPTY,
            hinted: false,
            undelivered: false,
        });
        let mut spare = Spare {
            leg,
            stay: timeouts.into(),
            timers: Timers::default(),
            account: Aside::default(),
        };
        spare.account.0.began = Some(now);
        let mark = spare.mark(None);
        spare.finish(effects);
        spare.settle(effects);
        spare.note(now, None, &mark, effects);
        spare.bring_waits_into_line(now);
        spare
    }

    /// Whether a session may take it: nothing has come, nothing has ended.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.leg
            .open()
            .is_some_and(|open| open.read == ReadEnd::Open && open.write == WriteEnd::Open)
    }

    /// Whether its descriptor is closed.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.leg.is_over()
    }

    /// Whether it was reset.
    #[must_use]
    pub fn was_reset(&self) -> bool {
        matches!(self.leg, Leg::Reset(_))
    }

    /// Whether its peer has acknowledged our FIN.
    #[must_use]
    pub fn is_heard(&self) -> bool {
        self.write() == Some(WriteEnd::Acked)
    }

    /// Whether reading goes on: to see the end, and nothing else.
    #[must_use]
    pub fn reads(&self) -> bool {
        self.leg
            .open()
            .is_some_and(|open| !matches!(open.read, ReadEnd::Fin(_) | ReadEnd::Failed(_)))
    }

    /// Whether it was told to finish, and has not done it yet.
    #[must_use]
    pub fn is_finishing(&self) -> bool {
        self.write() == Some(WriteEnd::Finishing)
    }

    /// Whether it was told to finish and only waits for its peer: it counts among those of whom
    /// there may be so many (4.11, 10).
    #[must_use]
    pub fn is_lingering(&self) -> bool {
        self.write().is_some_and(|write| write != WriteEnd::Open)
    }

    /// Whether to tell when the peer's kernel takes some of what was sent.
    #[must_use]
    pub fn observes_sent(&self) -> bool {
        matches!(self.write(), Some(WriteEnd::Finishing | WriteEnd::Sent))
    }

    /// Whether to tell when everything sent is acknowledged.
    #[must_use]
    pub fn waits_for_ack(&self) -> bool {
        self.write() == Some(WriteEnd::Sent)
    }

    /// What the kernel is to watch for.
    #[must_use]
    pub fn vigil(&self) -> Option<Vigil> {
        let waits = &self.stay.timeouts;
        waits.keepalive_up.over(&self.leg, false, waits.write_up)
    }

    /// The next wait and its reason.
    #[must_use]
    pub fn deadline(&self) -> Option<(Time, Timer)> {
        self.timers.next()
    }

    fn write(&self) -> Option<WriteEnd> {
        self.leg.open().map(|open| open.write)
    }

    /// The way in.
    pub fn step(&mut self, now: Time, event: Event, effects: &mut Vec<Effect>) {
        let (mark, given) = (self.mark(Some(event)), effects.len());
        match event {
            // U01, U10: a byte nobody asked for; the leg is not to be trusted with a request.
            Event::Received => self.finish(effects),
            Event::CloseNotify => {
                self.leg.spoken_of().close_notify();
                self.finish(effects);
            }
            Event::Fin => {
                self.leg.spoken_of().fin(BareFin::Truncated);
                self.finish(effects);
            }
            Event::Failed(cause) => self.leg.spoken_of().failed(cause, Call::Read),
            Event::Sent => {
                self.leg.spoken_of();
                self.timers.restart(Timer::WriteUp);
            }
            Event::Finished => {
                let open = self.leg.spoken_of();
                open.write = open.write.finished();
            }
            Event::Acked => {
                let open = self.leg.spoken_of();
                open.write = open.write.acked();
            }
            Event::Fired => self.fired(now, effects),
            Event::Evicted => self.evicted(effects),
            Event::DrainExpired => self.cut(effects),
        }
        self.settle(effects);
        self.note(now, Some(event), &mark, &effects[given..]);
        self.bring_waits_into_line(now);
    }

    fn finish(&mut self, effects: &mut Vec<Effect>) {
        let Some(open) = self.leg.open_mut() else {
            return;
        };
        if matches!(open.read, ReadEnd::Draining(_) | ReadEnd::Failed(_)) {
            // It will be reset: a finish would only say less.
            return;
        }
        let drained = Relay::new(1).drained(Some(End::Clean));
        if let (WriteEnd::Open, Some(drained)) = (open.write, drained) {
            open.finish(drained);
            effects.push(Effect::Finish);
        }
    }

    /// 4.11, 6: only a leg whose FIN is acknowledged may be closed before its peer's has come.
    fn evicted(&mut self, effects: &mut Vec<Effect>) {
        match self.leg.spoken_of().write {
            WriteEnd::Open => self.finish(effects),
            WriteEnd::Acked => self.close(effects),
            WriteEnd::Finishing | WriteEnd::Sent | WriteEnd::Flushing => {
                self.reset(Cause::Local, effects);
            }
        }
    }

    /// G9, K21: only a leg whose peer has acknowledged our FIN loses nothing.
    fn cut(&mut self, effects: &mut Vec<Effect>) {
        match self.leg.spoken_of().write {
            WriteEnd::Acked => self.close(effects),
            WriteEnd::Open | WriteEnd::Finishing | WriteEnd::Sent | WriteEnd::Flushing => {
                self.reset(Cause::Deadline, effects);
            }
        }
    }

    fn close(&mut self, effects: &mut Vec<Effect>) {
        self.leg.gone(End::Clean);
        effects.push(Effect::Close);
    }

    fn reset(&mut self, cause: Cause, effects: &mut Vec<Effect>) {
        self.leg.reset(End::Abort(cause));
        effects.push(Effect::Reset);
    }

    fn fired(&mut self, now: Time, effects: &mut Vec<Effect>) {
        let Some((at, timer)) = self.timers.next() else {
            bug!("a timer fired that nobody armed")
        };
        if at > now {
            bug!("a timer fired before its time")
        }
        self.timers.restart(timer);
        match timer {
            Timer::Linger => self.close(effects),
            Timer::WriteUp => self.reset(Cause::Expired(timer), effects),
            Timer::Idle => self.finish(effects),
            Timer::Tls
            | Timer::Head
            | Timer::Queue
            | Timer::Connect
            | Timer::TlsUp
            | Timer::Request
            | Timer::Pace
            | Timer::Response
            | Timer::Body
            | Timer::Tunnel
            | Timer::WriteDown
            | Timer::FlushDown
            | Timer::FlushUp
            | Timer::FlushTotal => bug!("a spare leg does not arm {timer}"),
        }
    }

    fn settle(&mut self, effects: &mut Vec<Effect>) {
        let Some(open) = self.leg.open() else { return };
        match open.read {
            // What it might still have said is nobody's: there is nothing to drain for (R15).
            ReadEnd::Draining(cause) => self.reset(cause, effects),
            ReadEnd::Failed(failed) => self.reset(failed.cause, effects),
            ReadEnd::Open | ReadEnd::Notified | ReadEnd::Fin(_) => {
                if open.is_done() {
                    self.close(effects);
                }
            }
        }
    }

    fn bring_waits_into_line(&mut self, now: Time) {
        let (write, waits) = (self.write(), &self.stay.timeouts);
        let idle = (write == Some(WriteEnd::Open)).then(|| self.stay.span());
        let stall = self.observes_sent();
        let linger = write == Some(WriteEnd::Acked);
        self.timers.reconcile(now, Timer::Idle, idle);
        self.timers
            .reconcile(now, Timer::WriteUp, stall.then_some(waits.write_up));
        self.timers
            .reconcile(now, Timer::Linger, linger.then_some(waits.linger));
    }
}
