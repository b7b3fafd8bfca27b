//! Bytes that come and leave at once, and a FIN behind which nothing waits: what a tunnel does most of the time.
//! The driver may pass them on before it tells of them.
//!
//! It owns nothing. Bytes are told as one step: it is [`Event::Received`] and then [`Event::Sent`] of all of
//! it, and no more. Every debug build holds the one against the two.
//!
//! [`Event::Received`]: crate::event::Event::Received
//! [`Event::Sent`]: crate::event::Event::Sent

use super::{Phase, Session, TunnelClose};
use crate::{side::Side, time::Time, timer::Timer};

impl Session {
    /// Whether what comes from `source` may be passed on before it is told of ([`Session::passed`]): in a tunnel
    /// in which nothing has ended, in a direction that holds nothing.
    #[inline]
    #[must_use]
    pub fn passes(&self, source: Side) -> bool {
        let open = self.leg(source).open();
        self.phase == Phase::Tunnel
            && self.from(source).is_bare()
            && open.is_some_and(|open| open.inbox.left == 0)
            && self.is_quiet()
    }

    /// So many bytes have come from `source`, no more than there was room for, and all of them have left.
    #[inline]
    pub fn passed(&mut self, now: Time, source: Side, bytes: u32) {
        #[cfg(debug_assertions)]
        let in_steps = self.passed_in_steps(now, source, bytes);
        self.relay_from_mut(source).passed(bytes);
        self.timers
            .arm(Timer::Tunnel, now + self.setup.timeouts.tunnel);
        #[cfg(debug_assertions)]
        {
            debug_assert_eq!(*self, in_steps);
            debug_assert_eq!(self.report(), in_steps.report());
        }
    }

    /// Whether a FIN of `source`, now, finishes the other leg and orders nothing else (R02): then it may be passed
    /// on before it is told of.
    #[must_use]
    pub fn ends_at_once(&self, source: Side) -> bool {
        let plain = self.leg(source).open().is_some_and(|open| !open.tls);
        let independent = self.setup.policy.tunnel_close == TunnelClose::Independent;
        let ends = plain && independent && self.passes(source);
        #[cfg(debug_assertions)]
        debug_assert!(!ends || self.ends_in_a_step(source), "{self:?}");
        ends
    }

    #[cfg(debug_assertions)]
    fn ends_in_a_step(&self, source: Side) -> bool {
        use crate::{
            effect::{Effect, Effects},
            event::Event,
        };
        let mut effects = Effects::default();
        self.clone().step(Time(0), Event::Fin(source), &mut effects);
        effects == [Effect::Finish(source.other())]
    }

    #[cfg(debug_assertions)]
    fn passed_in_steps(&self, now: Time, source: Side, bytes: u32) -> Session {
        use crate::{effect::Effects, event::Event};
        debug_assert!(self.passes(source), "{self:?}");
        let mut session = self.clone();
        let mut effects = Effects::default();
        session.step(now, Event::Received(source, bytes), &mut effects);
        session.step(now, Event::Sent(source.other(), bytes), &mut effects);
        debug_assert!(effects.is_empty(), "{effects:?}");
        session
    }
}
