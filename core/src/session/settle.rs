//! What follows from several ends together: numbered rules, run to a fixed point.
//!
//! Each rule looks at the whole session, does at most one thing, and says whether it did. They
//! may run in any order; a test shuffles them. Where two could speak, one of them asks for what
//! the other brings about.

use super::{Kind, Phase, Session};
use crate::{
    bug,
    effect::{Effect, Effects},
    ending::{By, Cause, End, How},
    exchange::{Request, Response},
    http1::{BodyEncoder, BodyKind, Reply, Version},
    leg::{Leg, ReadEnd, WriteEnd},
    side::Side,
    variant::bad,
};

/// A joint rule: does at most one thing, and says whether it did.
pub type Rule = fn(&mut Session, &mut Effects) -> bool;

/// Every rule. Tunnels: S1, S2. HTTP: S3 to S8. Both: S9 to S11.
pub const RULES: [Rule; 11] = [
    s1_finish,
    s2_abort,
    s3_parted,
    s4_request_cut,
    s5_response_cut,
    s6_upload_over,
    s7_client_gone,
    s8_idle_over,
    s9_failed,
    s10_done,
    s11_closed,
];

/// More than any event can cause: each rule fires at most a few times for a leg.
const ROUNDS: usize = 24;

impl Session {
    /// Runs the rules until none has anything to do.
    pub(super) fn settle(&mut self, rules: &[Rule], effects: &mut Effects) {
        for _ in 0..ROUNDS {
            let before = effects.len();
            let mut moved = false;
            for rule in rules {
                moved |= rule(self, effects);
            }
            if !moved {
                return;
            }
            if effects.len() > before + 2 * ROUNDS {
                break;
            }
        }
        bug!("the settle rules do not come to rest")
    }

    /// R13, T13: the leg failed after everything was said and taken on both sides: nobody lost
    /// anything.
    fn failed_benignly(&self, side: Side) -> bool {
        let Some(open) = self.leg(side).open() else {
            return false;
        };
        let ReadEnd::Failed(failed) = open.read else {
            return false;
        };
        let heard = match open.write {
            WriteEnd::Acked => true,
            WriteEnd::Finishing | WriteEnd::Sent => open.tls,
            WriteEnd::Open | WriteEnd::Flushing => false,
        };
        failed.ended
            && heard
            && self.leg(side.other()).end() == Some(End::Clean)
            && self.to(side).bytes() == 0
    }

    /// Whether the client can still be told anything.
    fn client_hears(&self) -> bool {
        self.down
            .open()
            .is_some_and(|open| !matches!(open.read, ReadEnd::Failed(_)))
    }

    fn finish(&mut self, side: Side, drained: crate::relay::Drained, effects: &mut Effects) {
        let Some(open) = self.leg_mut(side).open_mut() else {
            bug!("a finish without a leg")
        };
        open.finish(drained);
        effects.push(Effect::Finish(side));
    }

    fn can_finish(&self, side: Side) -> bool {
        self.leg(side)
            .open()
            .is_some_and(|open| open.write == WriteEnd::Open)
    }
}

/// S1 (R02, R03, R04, R19, T01, T08): a direction of a tunnel that ended clean and holds nothing
/// finishes its sink, in the step in which both became true.
fn s1_finish(session: &mut Session, effects: &mut Effects) -> bool {
    if !matches!(session.phase, Phase::Tunnel) {
        return false;
    }
    for source in Side::BOTH {
        let sink = source.other();
        if !session.can_finish(sink) {
            continue;
        }
        if let Some(drained) = session.drained(source) {
            session.finish(sink, drained, effects);
            return true;
        }
    }
    false
}

impl Session {
    /// The proof that a tunnel's direction may end; or what a known-bad variant takes for one.
    fn drained(&self, source: Side) -> Option<crate::relay::Drained> {
        #[cfg(feature = "known-bad")]
        {
            let end = self.leg(source).end();
            if bad!(self.setup, FinOnTimer).is_some() && !self.wrong.fired {
                return None;
            }
            if bad!(self.setup, FinForgotten).is_some() && self.wrong.forgotten[source as usize] {
                return None;
            }
            if let (Some(v), Some(End::Clean)) = (bad!(self.setup, FinOvertakes), end) {
                return Some(crate::relay::Drained::forged(v));
            }
            if let (Some(v), Some(End::Abort(_))) = (bad!(self.setup, ResetAsFin), end) {
                return (self.from(source).bytes() == 0).then(|| crate::relay::Drained::forged(v));
            }
            let other = self.leg(source.other()).end();
            if let (Some(v), Some(End::Clean)) = (bad!(self.setup, CloseBoth), other)
                && self.from(source).bytes() == 0
            {
                return Some(crate::relay::Drained::forged(v));
            }
        }
        self.from(source).drained(self.leg(source).end())
    }
}

/// S2 (R09, R10, R12, T05, T06, T09, R21): a direction of a tunnel that did not end clean aborts
/// its sink, behind the bytes that came before.
fn s2_abort(session: &mut Session, _: &mut Effects) -> bool {
    if !matches!(session.phase, Phase::Tunnel) || bad!(session.setup, ResetAsFin).is_some() {
        return false;
    }
    for source in Side::BOTH {
        let unclean = match session.leg(source).end() {
            Some(End::Truncated | End::Abort(_)) => !session.failed_benignly(source),
            Some(End::Clean) | None => false,
        };
        if unclean
            && let Some(open) = session.leg_mut(source.other()).open_mut()
            && open.write != WriteEnd::Flushing
        {
            open.flush();
            return true;
        }
    }
    false
}

/// S3 (H11, H12, U12): the answer to a request has left whole. The legs part: the upstream one to
/// the pool or to its end, the downstream one to the next request or to its end.
fn s3_parted(session: &mut Session, effects: &mut Effects) -> bool {
    let Phase::Exchange(exchange) = &session.phase else {
        return false;
    };
    if !exchange.is_complete() || session.u2d.bytes() > 0 || !session.client_hears() {
        return false;
    }
    // A request that is still on its way although it was answered goes on, unless nobody takes it.
    if session.d2u.bytes() > 0 && session.up.open().is_some() {
        return false;
    }
    let close = exchange.close || session.draining || session.is_last_request();
    session.part(close, effects);
    true
}

/// S4 (H05, H06, H15): the client's direction ended inside a request. It is never completed
/// towards the origin; a client that can still hear is told.
fn s4_request_cut(session: &mut Session, effects: &mut Effects) -> bool {
    let Phase::Exchange(exchange) = &session.phase else {
        return false;
    };
    let Some(open) = session.down.open() else {
        return false;
    };
    let inside = matches!(exchange.request, Request::Head | Request::Body);
    if !inside || open.inbox.decodable() {
        return false;
    }
    match open.read.end() {
        Some(End::Clean) => {
            session.note(How::Truncated, By::Client);
            session.refuse_request(Reply::bad_request(), effects);
            true
        }
        Some(End::Truncated) => {
            // Nobody can say who cut it: no answer (H05), and no clean end either.
            session.drop_origin(effects);
            session.exchange_mut().request = Request::Gone;
            session.exchange_mut().response = Response::Broken;
            true
        }
        Some(End::Abort(_)) | None => false,
    }
}

/// S5 (U05 to U09): the origin's direction ended. What that means is up to the response.
fn s5_response_cut(session: &mut Session, effects: &mut Effects) -> bool {
    let Phase::Exchange(exchange) = &session.phase else {
        return false;
    };
    let (Some(end), Some(open)) = (session.up.end(), session.up.open()) else {
        return false;
    };
    if open.inbox.decodable() || !session.client_hears() {
        return false;
    }
    match (exchange.response, end) {
        (Response::Waiting, _) => {
            session.answer(unanswered(end), effects);
            true
        }
        // RFC 9112, 6.3, 9.8: complete only because its end can be trusted (U07).
        (Response::Body(BodyKind::Close), End::Clean) => {
            session.last_chunk(effects);
            true
        }
        (Response::Body(_), _) => {
            session.note(cut(end), By::Origin);
            session.exchange_mut().response = Response::Broken;
            session.drop_origin(effects);
            true
        }
        // U09: a complete message stays clean, whatever becomes of its leg.
        (Response::Complete | Response::Broken, _) => false,
    }
}

/// U05, U14: what to say of an origin that ended before its answer's head was complete.
const fn unanswered(end: End) -> Reply {
    match end {
        End::Abort(Cause::Expired(_) | Cause::TimedOut) => {
            Reply::gateway_timeout("http_response_timeout")
        }
        End::Abort(Cause::Protocol) => Reply::bad_gateway("http_protocol_error"),
        End::Abort(
            Cause::Reset
            | Cause::Unreachable
            | Cause::Refused
            | Cause::Tls
            | Cause::Cancelled
            | Cause::Local,
        )
        | End::Clean
        | End::Truncated => Reply::bad_gateway("connection_terminated"),
    }
}

const fn cut(end: End) -> How {
    match end {
        End::Clean | End::Truncated => How::Truncated,
        End::Abort(cause) => How::Abort(cause),
    }
}

impl Session {
    /// U07: ends a close-delimited response for the client, as the client can read it.
    fn last_chunk(&mut self, effects: &mut Effects) {
        let exchange = self.exchange_mut();
        exchange.response = Response::Complete;
        let chunked = exchange
            .facts
            .is_some_and(|facts| facts.version == Version::Http11)
            && !exchange.head_only();
        if chunked {
            let bytes = u32::try_from(BodyEncoder::LAST_CHUNK.len()).unwrap_or(u32::MAX);
            self.u2d.received(bytes);
            effects.push(Effect::LastChunk);
        }
        self.u2d.complete();
    }
}

/// S6 (H13, U06, U11): the request's forwarding is over before the request: the origin has
/// answered and left, or it takes nothing any more, or the response broke.
fn s6_upload_over(session: &mut Session, effects: &mut Effects) -> bool {
    let draining = session.is_draining(Side::Up);
    let Phase::Exchange(exchange) = &session.phase else {
        return false;
    };
    let gone = session.up.end().is_some() || session.up.is_over();
    let response = exchange.response;
    match exchange.request {
        // R15: the origin failed while it was written to; what it said before still counts.
        Request::Body | Request::Complete
            if draining && (exchange.request == Request::Body || session.d2u.bytes() > 0) =>
        {
            session.d2u.discard();
            if exchange.request == Request::Body {
                session.exchange_mut().request = Request::Gone;
            }
            true
        }
        Request::Body if response == Response::Complete && gone => {
            session.exchange_mut().request = Request::Gone;
            true
        }
        Request::Complete if response == Response::Complete && gone && session.d2u.bytes() > 0 => {
            session.d2u.discard();
            true
        }
        Request::Gone if response == Response::Complete && session.u2d.bytes() == 0 => {
            if !session.client_hears() {
                return false;
            }
            session.drop_origin(effects);
            session.close_down(effects);
            true
        }
        _ if response == Response::Broken && session.client_hears() => {
            session.drop_origin(effects);
            if let Some(open) = session.down.open_mut() {
                // U06: the bytes that came, then RST: no last chunk, no padding, no close_notify.
                open.flush();
            }
            session.phase = Phase::Closing;
            true
        }
        Request::Head | Request::Body | Request::Complete | Request::Gone => false,
    }
}

/// S7 (H02, H08, H09): the client is gone, so nobody waits for the origin.
fn s7_client_gone(session: &mut Session, effects: &mut Effects) -> bool {
    let gone = !session.client_hears() && session.phase != Phase::Securing;
    match session.setup.kind {
        Kind::Http if gone && !session.up.is_over() => {
            session.drop_origin(effects);
            true
        }
        // R20: an upstream leg that is not there yet is not needed any more.
        Kind::Tcp if session.up == Leg::Connecting => {
            let aborted = matches!(session.down.end(), Some(End::Abort(_)));
            if aborted {
                session.d2u.discard();
                session.up = Leg::Gone(End::Abort(Cause::Cancelled));
                effects.push(Effect::Cancel);
            }
            aborted
        }
        Kind::Http | Kind::Tcp => false,
    }
}

/// S8 (H01, 4.9 G3): between two requests, the client's end or a drain ends the leg.
fn s8_idle_over(session: &mut Session, effects: &mut Effects) -> bool {
    if !matches!(session.phase, Phase::Idle(_)) {
        return false;
    }
    let Some(open) = session.down.open() else {
        return false;
    };
    let ended = match open.read {
        ReadEnd::Notified | ReadEnd::Fin(_) => true,
        ReadEnd::Open | ReadEnd::Draining(_) | ReadEnd::Failed(_) => false,
    };
    if !(ended || session.draining) || open.inbox.decodable() {
        return false;
    }
    session.close_down(effects);
    true
}

/// S9 (R15): a leg that has failed and has nothing left to say is closed, with RST where that
/// still means something. A TLS failure of ours lets its alert leave first.
fn s9_failed(session: &mut Session, effects: &mut Effects) -> bool {
    for side in Side::BOTH {
        let Some(open) = session.leg(side).open() else {
            continue;
        };
        let ReadEnd::Failed(failed) = open.read else {
            continue;
        };
        let http_up = side == Side::Up && session.setup.kind == Kind::Http;
        if http_up && session.down.open().is_some() {
            // The exchange decides (S5, S3).
            continue;
        }
        if open.tls && failed.cause == Cause::Tls {
            if open.write == WriteEnd::Flushing {
                continue;
            }
            session.relay_to_mut(side).discard();
            session.leg_mut(side).spoken_of().flush();
            return true;
        }
        let benign = session.failed_benignly(side);
        session.relay_to_mut(side).discard();
        *session.leg_mut(side) = Leg::Gone(if benign {
            End::Clean
        } else {
            End::Abort(failed.cause)
        });
        effects.push(Effect::Reset(side));
        return true;
    }
    false
}

/// S10 (R08, R26): both ends of a leg are over and acknowledged: its descriptor is closed.
fn s10_done(session: &mut Session, effects: &mut Effects) -> bool {
    for side in Side::BOTH {
        if session.leg(side).open().is_some_and(|open| open.is_done()) {
            session.leg_mut(side).gone(End::Clean);
            effects.push(Effect::Close(side));
            return true;
        }
    }
    false
}

/// S11: both legs are closed; the session says its last word.
fn s11_closed(session: &mut Session, effects: &mut Effects) -> bool {
    let over = session.down.is_over() && session.up.is_over();
    if matches!(session.phase, Phase::New | Phase::Closed) || !over {
        return false;
    }
    session.note(How::Clean, By::Proxy);
    session.phase = Phase::Closed;
    let Some(ending) = session.ending else {
        bug!("a session without a last word")
    };
    effects.push(Effect::End(ending));
    true
}
