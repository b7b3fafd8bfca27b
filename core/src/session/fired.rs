//! What each timer does when it runs out (LIFECYCLE section 3). Timers only bound peers that have
//! stopped making progress; no end waits for one.

use super::{Kind, Phase, Session, waits};
use crate::{
    bug,
    close::CloseCause,
    effect::{Effect, Effects},
    ending::{By, Cause, End, How},
    event::Refusal,
    exchange::{Exchange, Response},
    http1::Reply,
    leg::{Inbox, Leg},
    report::Loss,
    side::Side,
    time::Time,
    timer::Timer,
};

impl Session {
    /// The deadline has passed.
    pub(super) fn fired(&mut self, now: Time, effects: &mut Effects) {
        let Some((at, timer)) = self.timers.next() else {
            bug!("a timer fired that nobody armed")
        };
        if at > now {
            bug!("a timer fired before its time")
        }
        #[cfg(feature = "known-bad")]
        if timer == Timer::Tunnel
            && self.is_cut_short()
            && crate::variant::bad!(self.setup, ExpiryUnconsumed).is_some()
        {
            return;
        }
        self.timers.restart(timer);
        match timer {
            Timer::Tls => {
                self.note(How::Expired(timer), By::Proxy);
                self.drop_unrouted(Cause::Expired(timer), effects);
            }
            Timer::Head => self.head_expired(timer, effects),
            // H03: no request was begun, so there is nothing to answer.
            Timer::Idle => self.idle_expired(timer, effects),
            Timer::Queue | Timer::Connect => {
                effects.push(Effect::Cancel);
                self.no_upstream(Refusal::Failed(Cause::Expired(timer)), effects);
            }
            Timer::TlsUp => self.unsecured(Cause::Expired(timer), effects),
            Timer::Request | Timer::Pace => {
                self.note(How::Expired(timer), By::Proxy);
                let why = CloseCause::ClientBodyStalled;
                self.refuse_request(Reply::request_timeout(), why, effects);
            }
            Timer::Response | Timer::Body => {
                if let Some(open) = self.up.open_mut() {
                    open.give_up(Cause::Expired(timer));
                    // Nothing will complete what was read of it.
                    let inbox = core::mem::replace(&mut open.inbox, Inbox::EMPTY);
                    if inbox.left > 0 {
                        self.exchange_mut().lose();
                    }
                }
            }
            Timer::Tunnel => self.tunnel_expired(timer, effects),
            Timer::WriteDown => self.stalled(Side::Down, timer),
            Timer::WriteUp => self.stalled(Side::Up, timer),
            #[cfg(feature = "known-bad")]
            Timer::Linger if self.finish_is_owed() => {
                self.wrong.fired = true;
                self.finish_down(effects);
            }
            Timer::Linger => {
                for side in Side::BOTH {
                    if self.leg(side).open().is_some() {
                        self.leg_mut(side).gone(End::Clean);
                        effects.push(Effect::Close(side));
                    }
                }
            }
            Timer::FlushDown => self.flush_expired(Side::Down, effects),
            Timer::FlushUp => self.flush_expired(Side::Up, effects),
            Timer::FlushTotal => {
                for side in Side::BOTH {
                    if self.wants(waits::flush(side)).is_some() {
                        self.flush_expired(side, effects);
                    }
                }
            }
        }
    }

    fn idle_expired(&mut self, timer: Timer, effects: &mut Effects) {
        // G4: in a drain it is not the client that waited too long.
        if !self.draining {
            self.note(How::Expired(timer), By::Proxy);
        }
        self.close_down(effects);
    }

    /// H04: 408 once a byte of a request has come; H03: silence before.
    fn head_expired(&mut self, timer: Timer, effects: &mut Effects) {
        match &self.phase {
            Phase::Idle(_) => self.idle_expired(timer, effects),
            Phase::Exchange(_) => {
                self.note(How::Expired(timer), By::Proxy);
                let why = CloseCause::ClientHeaderTimeout;
                self.refuse_request(Reply::request_timeout(), why, effects);
            }
            Phase::New
            | Phase::ProxyHeader
            | Phase::Securing
            | Phase::Peeking
            | Phase::Tunnel
            | Phase::Closing
            | Phase::Closed => {
                bug!("a head timer without a head to wait for")
            }
        }
    }

    /// R24: a timeout is not a clean end; both legs are aborted, unless a listener is told otherwise.
    fn tunnel_expired(&mut self, timer: Timer, effects: &mut Effects) {
        #[cfg(feature = "known-bad")]
        if crate::variant::bad!(self.setup, FinOnTimer).is_some() && self.fin_is_due() {
            self.wrong.fired = true;
            return;
        }
        self.note(How::Expired(timer), By::Proxy);
        if self.finish_idle(effects) {
            return;
        }
        for side in Side::BOTH {
            if let Some(open) = self.leg_mut(side).open_mut() {
                open.give_up(Cause::Expired(timer));
            }
        }
    }

    /// The leg's peer takes nothing: it is given up, and that is an abort for the other side.
    fn stalled(&mut self, side: Side, timer: Timer) {
        if side == Side::Down || self.kind() == Kind::Tcp {
            self.note(How::Expired(timer), By::Proxy);
        }
        // H13: what is left of a request that was answered is nobody's loss.
        let answered = |exchange: &Exchange| exchange.response == Response::Complete;
        let matters = |exchange: &Exchange| side == Side::Down || !answered(exchange);
        if self.exchange().is_some_and(matters) {
            let why = match side {
                Side::Down => CloseCause::ClientWriteStalled,
                Side::Up => CloseCause::UpstreamBodyStalled,
            };
            self.note_error(Some("connection_write_timeout"), why);
        }
        if let Some(open) = self.leg_mut(side).open_mut() {
            open.give_up(Cause::Expired(timer));
        }
    }

    /// R11: the bytes before an abort do not get through; the abort does.
    fn flush_expired(&mut self, side: Side, effects: &mut Effects) {
        if let Some(open) = self.leg_mut(side.other()).open_mut()
            && let crate::leg::ReadEnd::Draining(cause) = open.read
        {
            open.give_up(cause);
        }
        if matches!(self.leg(side), Leg::Open(_)) {
            self.relay_to_mut(side).discard(Loss::FlushExpired);
            self.reset(side, Cause::Cancelled, effects);
        }
    }
}
