//! The joint rules of what an operator asks for instead of the default (LIFECYCLE 4.12).

use crate::{
    effect::{Effect, Effects},
    ending::{By, Cause, End, How},
    exchange::{Request, Response},
    http1::{PROBE, Version},
    leg::WriteEnd,
    session::{ClientFin, Kind, OnIdle, Phase, Session, TunnelClose},
    side::Side,
};

/// S14 (RFC 9110, 9.3.6; `tunnel_close = "both"`): one side of a tunnel that began as an exchange
/// has ended, and all that it said has left, its end behind it. Once it has got what was read for
/// it until then, it is finished too, and both legs wait for their peers' last word.
pub(super) fn s14_close_both(session: &mut Session, effects: &mut Effects) -> bool {
    let Some(closed) = session.closes_both() else {
        return false;
    };
    if !session.passed_on(closed.other()) {
        return false;
    }
    if session.can_finish(closed)
        && let Some(drained) = session.to(closed).drained(Some(End::Clean))
    {
        session.finish(closed, drained, effects);
    }
    session.phase = Phase::Closing;
    true
}

/// S15 (H07b; `client_fin`): the client has said its last word, and its request waits for an answer.
pub(super) fn s15_client_fin(session: &mut Session, effects: &mut Effects) -> bool {
    let Phase::Exchange(exchange) = &session.phase else {
        return false;
    };
    let ended = matches!(session.down.end(), Some(End::Clean | End::Truncated));
    if exchange.request != Request::Complete || !ended || !session.client_hears() {
        return false;
    }
    match (session.setup.policy.client_fin, exchange.response) {
        (ClientFin::Cancel, Response::Waiting | Response::Body(_)) => {
            session.note(How::Abort(Cause::Cancelled), By::Client);
            if let Some(open) = session.down.open_mut() {
                open.give_up(Cause::Cancelled);
            }
            true
        }
        // Whoever is gone answers the first byte with a reset (K6), and that decides (H08). What
        // has begun is such a byte itself.
        (ClientFin::Probe, Response::Waiting) => session.probe(effects),
        (ClientFin::Deliver, _)
        | (ClientFin::Cancel, Response::Complete | Response::Broken)
        | (ClientFin::Probe, Response::Body(_) | Response::Complete | Response::Broken) => false,
    }
}

impl Session {
    /// RFC 9110, 15.2: a client of HTTP/1.1 reads past an interim response that it did not expect;
    /// HTTP/1.0 has none. One is enough.
    fn probe(&mut self, effects: &mut Effects) -> bool {
        let exchange = self.exchange_mut();
        let knows = exchange
            .facts
            .is_some_and(|facts| facts.version == Version::Http11);
        if exchange.probed || !knows {
            return false;
        }
        exchange.probed = true;
        let bytes = u32::try_from(PROBE.len()).unwrap_or(u32::MAX);
        self.u2d.said(bytes);
        effects.push(Effect::Probe);
        true
    }

    /// The side whose end closes both connections of a tunnel: all of it has been passed on.
    pub(in crate::session) fn closes_both(&self) -> Option<Side> {
        let asked = self.setup.policy.tunnel_close == TunnelClose::Both
            && self.setup.kind == Kind::Http
            && self.phase == Phase::Tunnel;
        let told = |side: Side| {
            self.leg(side).open().is_some_and(|open| {
                matches!(
                    open.write,
                    WriteEnd::Finishing | WriteEnd::Sent | WriteEnd::Acked
                )
            })
        };
        let closed = |side: &Side| {
            self.leg(*side).end() == Some(End::Clean) && self.passed_on(*side) && told(side.other())
        };
        asked.then(|| Side::BOTH.into_iter().find(closed)).flatten()
    }

    /// R24 (`idle = "finish"`): ends a tunnel in which nothing moves as if both peers had; whether
    /// that can be said. Not if bytes are inside: nobody takes them, and no end overtakes them.
    pub(in crate::session) fn finish_idle(&mut self, effects: &mut Effects) -> bool {
        let quiet = Side::BOTH.into_iter().all(|side| {
            let open = self.leg(side).open();
            self.passed_on(side)
                && self.takes(side)
                && open.is_some_and(|open| open.write != WriteEnd::Flushing)
        });
        if self.setup.policy.idle == OnIdle::Abort || !quiet {
            return false;
        }
        for side in Side::BOTH {
            if self.can_finish(side)
                && let Some(drained) = self.to(side).drained(Some(End::Clean))
            {
                self.finish(side, drained, effects);
            }
        }
        self.phase = Phase::Closing;
        true
    }
}
