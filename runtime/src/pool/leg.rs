//! One upstream connection without a session, as a task: readiness into events, effects into calls.
//!
//! It waits for its peer, for its deadline, for a word from the pool, and for its turn to make room
//! for others who linger. It decides nothing, and ends with its connection, or once that is taken.

use super::berth::{Berth, poll_look};
use crate::{
    drain::{Ticket, Word},
    linger::Place,
    net::Network,
    observe::{Halves, Observer, Use},
    variant::bad,
};
use std::{
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};
use tidegate_core::{
    side::Side,
    spare::{Effect, Event, Spare, Stay},
    time::Time,
};

/// Rounds of one wake-up before others get their turn: a peer that floods a connection on its way
/// out starves nobody.
const ROUNDS: usize = 16;

/// One connection's task.
pub(super) struct Leg<N: Network> {
    net: N,
    berth: Rc<Berth<N>>,
    spare: Spare,
    place: Place,
    ear: Ticket,
    observer: Observer,
    halves: Halves,
    now: Time,
    begun: Time,
    /// When something last happened.
    progress: Time,
    /// Bytes that the peer's kernel had not acknowledged at the last look.
    unacked: Option<u32>,
}

impl<N: Network> Leg<N> {
    pub(super) fn new(
        net: N,
        berth: Rc<Berth<N>>,
        spare: Spare,
        (place, ear): (Place, Ticket),
        observer: Observer,
        now: Time,
    ) -> Self {
        Leg {
            net,
            berth,
            spare,
            place,
            ear,
            halves: observer.halves(None),
            observer,
            now,
            begun: now,
            progress: now,
            unacked: None,
        }
    }

    /// Runs it to its end. A panic costs this connection only: it is reset, never finished.
    pub(super) async fn run(mut self) {
        let mut alarm = Alarm {
            until: Time(0),
            sleep: pin!(None),
        };
        poll_fn(|cx| {
            let polled = catch_unwind(AssertUnwindSafe(|| self.poll(cx, &mut alarm)));
            polled.unwrap_or_else(|_| {
                tracing::error!("a spare leg failed inside the proxy; it is reset");
                Poll::Ready(())
            })
        })
        .await;
    }

    fn poll(&mut self, cx: &mut Context<'_>, alarm: &mut Alarm<'_, N>) -> Poll<()> {
        for _ in 0..ROUNDS {
            if self.berth.is_empty() {
                return self.poll_away(cx, alarm);
            }
            if let Some((at, stay)) = self.berth.brought_back() {
                self.begin_anew(at, stay);
            }
            self.now = self.now.max(self.net.now());
            if !self.round(cx, alarm) {
                self.berth.wakes_at(alarm.at());
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// While a session has the connection there is nothing to do. The alarm goes on: it is for a
    /// moment before any that the connection may be back for.
    fn poll_away(&mut self, cx: &Context<'_>, alarm: &mut Alarm<'_, N>) -> Poll<()> {
        if !self.berth.is_leased() {
            return Poll::Ready(());
        }
        let told = self.berth.poll_told(cx);
        debug_assert!(told.is_none(), "nobody tells anything of what is away");
        if alarm.at().is_some_and(|at| at <= self.net.now()) {
            alarm.stop();
            self.berth.wakes_at(None);
        }
        Poll::Pending
    }

    /// A session has brought it back.
    fn begin_anew(&mut self, at: Time, stay: Stay) {
        let secured = self.berth.with(|port| port.version().is_some());
        self.spare = Spare::parked(at, secured == Some(true), stay);
        (self.begun, self.progress, self.unacked) = (at, at, None);
    }

    /// Everything that may have something to tell, in a fixed order; whether anything had.
    fn round(&mut self, cx: &mut Context<'_>, alarm: &mut Alarm<'_, N>) -> bool {
        let mut moved = self.poll_told(cx);
        if self.poll_expired(cx) {
            return true;
        }
        moved |= self.poll_read(cx);
        moved |= self.poll_finish(cx);
        moved |= self.poll_acked(cx);
        moved |= self.look_sent();
        moved |= self.poll_linger(cx);
        moved | self.poll_deadline(cx, alarm)
    }

    fn step(&mut self, event: Event) {
        self.progress = self.now;
        let mut effects = Vec::new();
        let was_idle = self.spare.is_idle();
        self.spare.step(self.now, event, &mut effects);
        if !self.spare.is_idle() {
            self.berth.list(None);
            self.berth.with(|port| port.is_for(Use::Over));
        }
        if was_idle && bad!(IdleUnnotified) && effects == [Effect::Finish] {
            effects = vec![Effect::Close];
        }
        self.berth.perform(&effects);
        if let Some(vigil) = self.spare.vigil() {
            self.berth.with(|port| port.watch(vigil));
        }
        let report = self.spare.report();
        self.halves.say(Side::Up, report.half_closed());
        if report.over.is_some() {
            self.observer.leg_over(Side::Up, report);
        }
    }

    /// Nobody but the pool has anything to tell, and only while the connection is idle.
    fn poll_told(&mut self, cx: &mut Context<'_>) -> bool {
        if !self.spare.is_idle() {
            return false;
        }
        let told = self.berth.poll_told(cx);
        told.map(|event| self.step(event)).is_some()
    }

    /// G9: whatever it waits for, the drain's deadline ends it.
    fn poll_expired(&mut self, cx: &Context<'_>) -> bool {
        if self.ear.poll(cx) != Some(Word::Expired) || self.berth.is_empty() {
            return false;
        }
        let peer = self.berth.with(|port| port.peer());
        let next = self.spare.deadline().map(|(_, timer)| timer);
        let waits_for = match (self.spare.is_idle(), self.spare.is_heard()) {
            (true, _) => "an exchange",
            (false, false) => "its peer to take our end",
            (false, true) => "its peer's end",
        };
        let unacked = self.berth.with(|port| port.unacked().unwrap_or(0));
        self.step(Event::DrainExpired);
        if self.spare.was_reset() {
            tracing::warn!(
                leg = "upstream",
                peer = peer.map(tracing::field::display),
                phase = "no session",
                waits_for,
                timer = next.map(tracing::field::display),
                age = ?Duration::from_micros(self.now.since(self.begun).0),
                unacked,
                "cut: the drain has lasted long enough"
            );
            self.ear.count_cut(1);
        }
        true
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> bool {
        let ignored = bad!(ParkEnded) && self.spare.is_idle();
        if !self.spare.reads() || ignored {
            return false;
        }
        let Some(Poll::Ready(event)) = self.berth.with(|port| poll_look(port, cx)) else {
            return false;
        };
        self.step(event);
        true
    }

    fn poll_finish(&mut self, cx: &mut Context<'_>) -> bool {
        if !self.spare.is_finishing() {
            return false;
        }
        let Some(Poll::Ready(finished)) = self.berth.with(|port| port.poll_finish(cx)) else {
            return false;
        };
        self.step(match finished {
            Ok(()) => Event::Finished,
            Err(fault) => Event::Failed(fault.cause),
        });
        true
    }

    fn poll_acked(&mut self, cx: &mut Context<'_>) -> bool {
        if !self.spare.waits_for_ack() {
            return false;
        }
        let Some(Poll::Ready(acked)) = self.berth.with(|port| port.poll_acked(cx)) else {
            return false;
        };
        self.step(match acked {
            Ok(()) => Event::Acked,
            Err(fault) => Event::Failed(fault.cause),
        });
        true
    }

    /// What the peer's kernel has taken since the last look is progress (T_write_stall, I10). The
    /// wait for the acknowledgement looks often, and the deadline once more before it counts.
    fn look_sent(&mut self) -> bool {
        if !self.spare.observes_sent() {
            return false;
        }
        let Some(Ok(left)) = self.berth.with(|port| port.unacked()) else {
            return false;
        };
        let before = self.unacked.replace(left);
        let taken = before.is_some_and(|before| left < before);
        if taken {
            self.step(Event::Sent);
        }
        taken
    }

    /// 4.11, 10: it may have to make room for somebody who has just begun to linger.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> bool {
        let since = self.spare.is_lingering().then_some(self.progress);
        let evicted = self.place.poll(cx, since);
        if evicted {
            self.step(Event::Evicted);
        }
        evicted
    }

    fn poll_deadline(&mut self, cx: &mut Context<'_>, alarm: &mut Alarm<'_, N>) -> bool {
        let at = self.spare.deadline().map(|(at, _)| at);
        let Poll::Ready(at) = alarm.poll(cx, &self.net, at) else {
            return false;
        };
        self.now = self.now.max(at);
        self.step(Event::Fired);
        true
    }
}

impl<N: Network> Drop for Leg<N> {
    /// Dropped before its end, by a panic or by a process that does not wait, it is reset.
    fn drop(&mut self) {
        self.berth.list(None);
        if !self.berth.is_empty() {
            self.observer.leg_dropped(Side::Up);
        }
    }
}

/// The wait for a deadline that moves. The sleep lies in its task, and costs no memory of its own.
struct Alarm<'a, N: Network> {
    until: Time,
    sleep: Pin<&'a mut Option<N::Sleep>>,
}

impl<N: Network> Alarm<'_, N> {
    /// When it wakes its task, if it does.
    fn at(&self) -> Option<Time> {
        self.sleep.is_some().then_some(self.until)
    }

    fn stop(&mut self) {
        self.sleep.set(None);
    }

    /// Ready when `at` has come. A sleep that ends before it is kept until it does: progress moves
    /// the deadline often, and mostly forward.
    fn poll(&mut self, cx: &mut Context<'_>, net: &N, at: Option<Time>) -> Poll<Time> {
        let Some(at) = at else {
            self.stop();
            return Poll::Pending;
        };
        loop {
            if self.sleep.is_none() || self.until > at {
                self.until = at;
                self.sleep.set(Some(net.sleep_until(at)));
            }
            let asleep = |sleep: Pin<&mut N::Sleep>| sleep.poll(cx).is_pending();
            if self.sleep.as_mut().as_pin_mut().is_none_or(asleep) {
                return Poll::Pending;
            }
            self.sleep.set(None);
            if self.until >= at {
                return Poll::Ready(at);
            }
        }
    }
}
