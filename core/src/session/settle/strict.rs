//! The joint rule of TLS 1.2 by the letter (RFC 5246, 7.2.1; T02, `tls12_half_close = "strict"`).

use crate::{
    effect::Effects,
    ending::End,
    exchange::{Request, Response},
    leg::{ReadEnd, WriteEnd},
    report::Loss,
    session::{Phase, Session},
    side::Side,
    tls::HalfClose,
};

/// S13 (T02, strict): the client's close_notify is answered at once, and what was pending for it is
/// discarded. What it had said before still reaches the origin, and its end does (R12); then the
/// origin hears that nobody listens.
pub(super) fn s13_by_the_letter(session: &mut Session, effects: &mut Effects) -> bool {
    if !session.is_over_by_the_letter() {
        return false;
    }
    match &session.phase {
        Phase::Tunnel => end_tunnel(session, effects),
        Phase::Exchange(exchange) => {
            // S4 answers a request that was cut.
            let over = matches!(exchange.request, Request::Complete | Request::Gone);
            // A client that has heard all leaves by S3.
            let heard = exchange.response == Response::Complete && session.u2d.bytes() == 0;
            if !over || heard || !session.can_finish(Side::Down) {
                return false;
            }
            session.drop_origin(effects);
            session.u2d.discard(Loss::Letter);
            session.close_down(effects);
            true
        }
        // Nothing is pending, and S8 answers.
        Phase::Idle(_) | Phase::Closing => false,
        Phase::New | Phase::ProxyHeader | Phase::Securing | Phase::Peeking | Phase::Closed => false,
    }
}

fn end_tunnel(session: &mut Session, effects: &mut Effects) -> bool {
    if session.u2d.bytes() > 0 {
        session.u2d.discard(Loss::Letter);
        return true;
    }
    if session.can_finish(Side::Down)
        && let Some(drained) = session.u2d.drained(Some(End::Clean))
    {
        session.finish(Side::Down, drained, effects);
        return true;
    }
    let Some(open) = session.up.open_mut() else {
        return false;
    };
    let heard = matches!(open.write, WriteEnd::Sent | WriteEnd::Acked);
    let speaks = matches!(open.read, ReadEnd::Open | ReadEnd::Notified);
    if heard && speaks {
        open.flush();
    }
    heard && speaks
}

impl Session {
    /// Whether the client has ended a TLS 1.2 connection whose letter is followed.
    pub(in crate::session) fn is_over_by_the_letter(&self) -> bool {
        self.setup.policy.tls12_half_close == HalfClose::Strict
            && self.down.open().is_some_and(|open| {
                open.tls && matches!(open.read, ReadEnd::Notified | ReadEnd::Fin(End::Clean))
            })
    }
}
