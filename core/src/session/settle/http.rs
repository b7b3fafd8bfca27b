//! The joint rules of exchanges (LIFECYCLE 4.5): what the two messages and the two legs of an
//! exchange mean for each other.

use crate::{
    close::CloseCause,
    effect::{Effect, Effects},
    ending::{By, Cause, End, How},
    exchange::{Request, Response},
    http1::{BodyEncoder, BodyKind, Reject, Reply, Version},
    leg::{Leg, ReadEnd},
    report::Loss,
    session::{Kind, Phase, Session},
    side::Side,
    timer::Timer,
    variant::bad,
};

/// S3 (H11, H12, U12): the answer to a request has left whole. The legs part: the upstream one to
/// the pool or to its end, the downstream one to the next request or to its end.
pub(super) fn s3_parted(session: &mut Session, effects: &mut Effects) -> bool {
    let Phase::Exchange(exchange) = &session.phase else {
        return false;
    };
    let heard = session.client_hears() || session.client_has_heard_all();
    if !exchange.is_complete() || session.u2d.bytes() > 0 || !heard {
        return false;
    }
    let close = session.closes_after(exchange);
    // A request that is still on its way although it was answered goes on, unless nobody takes
    // it; but the client does not wait for that.
    if session.d2u.bytes() > 0 && session.up.open().is_some() {
        return close && session.finish_down(effects);
    }
    session.part(close, effects);
    true
}

/// S4 (H05, H06, H15): the client's direction ended inside a request. It is never completed
/// towards the origin; a client that can still hear is told.
pub(super) fn s4_request_cut(session: &mut Session, effects: &mut Effects) -> bool {
    let Phase::Exchange(exchange) = &session.phase else {
        return false;
    };
    let Some(open) = session.down.open() else {
        return false;
    };
    let inside = matches!(exchange.request, Request::Head | Request::Body);
    let unread = open.inbox.decodable() && bad!(session.setup, EndBeforeBuffered).is_none();
    if !inside || unread {
        return false;
    }
    match open.read.end() {
        Some(End::Clean) => {
            session.note(How::Truncated, By::Client);
            session.refuse_request(Reply::bad_request(), CloseCause::ClientFin, effects);
            true
        }
        Some(End::Truncated) => {
            // Nobody can say who cut it: no answer (H05), and no clean end either.
            session.note_trouble(CloseCause::ClientTlsTruncated);
            session.drop_origin(effects);
            session.exchange_mut().request = Request::Gone;
            session.exchange_mut().response = Response::Broken;
            true
        }
        Some(End::Abort(_)) | None => false,
    }
}

/// S5 (U05 to U09): the origin's direction ended. What that means is up to the response.
pub(super) fn s5_response_cut(session: &mut Session, effects: &mut Effects) -> bool {
    let Phase::Exchange(exchange) = &session.phase else {
        return false;
    };
    let (Some(end), Some(open)) = (session.up.end(), session.up.open()) else {
        return false;
    };
    let unread = open.inbox.decodable()
        && !session.is_lost(Side::Up)
        && bad!(session.setup, EndBeforeBuffered).is_none();
    if unread || !session.client_hears() {
        return false;
    }
    let bare = session.leg_report(Side::Up).bare_fin;
    match (exchange.response, end) {
        (Response::Waiting, _) => {
            let (begun, fault) = (open.inbox.left > 0, exchange.fault);
            // U05: an answer has begun, and is the answer.
            if begun || !session.retry(end, effects) {
                let reply = match (end, fault) {
                    (End::Abort(Cause::Protocol), Some(fault)) => {
                        Reply::refusing(Reject::Response(fault))
                    }
                    (_, _) => unanswered(end, begun),
                };
                session.answer(reply, CloseCause::of_end(end, bare), effects);
            }
            true
        }
        (Response::Body(BodyKind::Close), _) if bad!(session.setup, LastChunkAnyway).is_some() => {
            session.last_chunk(effects);
            true
        }
        (Response::Body(BodyKind::Chunked), _)
            if bad!(session.setup, TruncatedTerminated).is_some() =>
        {
            session.last_chunk(effects);
            true
        }
        // RFC 9112, 6.3, 9.8: complete only because its end can be trusted (U07).
        (Response::Body(BodyKind::Close), End::Clean) => {
            session.last_chunk(effects);
            true
        }
        (Response::Body(_), _) => {
            session.note(cut(end), By::Origin);
            session.note_error(Some(incomplete(end)), CloseCause::of_end(end, bare));
            session.exchange_mut().response = Response::Broken;
            session.drop_origin(effects);
            true
        }
        // U09: a complete message stays clean, whatever becomes of its leg.
        (Response::Complete | Response::Broken, _) => false,
    }
}

/// U05, U14: what to say of an origin that ended before its answer's head was complete, and whether
/// some of it had come. Interim responses are no part of it.
const fn unanswered(end: End, begun: bool) -> Reply {
    match end {
        End::Abort(Cause::Expired(Timer::WriteUp)) => {
            Reply::gateway_timeout("connection_write_timeout")
        }
        End::Abort(Cause::Expired(_) | Cause::TimedOut) => {
            Reply::gateway_timeout("http_response_timeout")
        }
        End::Abort(Cause::Protocol) => Reply::bad_gateway("http_protocol_error"),
        End::Abort(Cause::Tls) => Reply::bad_gateway("tls_protocol_error"),
        End::Abort(Cause::Certificate) => Reply::bad_gateway("tls_certificate_error"),
        End::Abort(
            Cause::Reset
            | Cause::Unreachable
            | Cause::Refused
            | Cause::Cancelled
            | Cause::Deadline
            | Cause::Killed
            | Cause::Rejected(_)
            | Cause::Local,
        )
        | End::Clean
        | End::Truncated => Reply::bad_gateway(if begun {
            "http_response_incomplete"
        } else {
            "connection_terminated"
        }),
    }
}

/// What to tell the log of a response that was cut behind its head (RFC 9209, 2.3). The client can
/// only see that it was.
const fn incomplete(end: End) -> &'static str {
    match end {
        End::Abort(Cause::Expired(Timer::WriteUp)) => "connection_write_timeout",
        End::Abort(Cause::Expired(_) | Cause::TimedOut) => "connection_read_timeout",
        End::Abort(Cause::Protocol) => "http_protocol_error",
        End::Abort(Cause::Tls) => "tls_protocol_error",
        End::Abort(
            Cause::Reset
            | Cause::Unreachable
            | Cause::Refused
            | Cause::Certificate
            | Cause::Cancelled
            | Cause::Deadline
            | Cause::Killed
            | Cause::Rejected(_)
            | Cause::Local,
        )
        | End::Clean
        | End::Truncated => "http_response_incomplete",
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
            self.u2d.said(bytes);
            effects.push(Effect::LastChunk);
        }
        self.u2d.complete();
    }
}

/// S6 (H13, U06, U11): the request's forwarding is over before the request: the origin has
/// answered and left, or it takes nothing any more, or the response broke.
pub(super) fn s6_upload_over(session: &mut Session, effects: &mut Effects) -> bool {
    let draining = session.is_draining(Side::Up);
    let Phase::Exchange(exchange) = &session.phase else {
        return false;
    };
    let gone = session.up.end().is_some() || session.up.is_over();
    let response = exchange.response;
    match exchange.request {
        // R15: the origin failed while it was written to; what it said before still counts.
        Request::Body | Request::Complete
            if draining
                && !session.may_retry()
                && (exchange.request == Request::Body || session.d2u.bytes() > 0) =>
        {
            let cut = exchange.request == Request::Body;
            session.discard_request(Loss::SinkFailed);
            if cut {
                session.exchange_mut().request = Request::Gone;
            }
            true
        }
        // H14: the final response was not the 100 that the body waits for.
        Request::Body if response == Response::Complete && (gone || exchange.expects) => {
            session.exchange_mut().request = Request::Gone;
            true
        }
        Request::Complete if response == Response::Complete && gone && session.d2u.bytes() > 0 => {
            session.discard_request(Loss::Unwanted);
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
pub(super) fn s7_client_gone(session: &mut Session, effects: &mut Effects) -> bool {
    let gone = !session.client_hears() && session.phase != Phase::Securing;
    let gone = gone && !session.client_has_heard_all();
    match session.kind() {
        Kind::Http if gone && !session.up.is_over() => {
            session.drop_origin(effects);
            true
        }
        // R20: an upstream leg that is not there yet is not needed any more.
        Kind::Tcp if session.up.is_coming() => {
            let failed = session.is_draining(Side::Down);
            let aborted = failed || matches!(session.down.end(), Some(End::Abort(_)));
            let ended = session.down.end().is_some();
            let aborted = aborted || ended && bad!(session.setup, FinCancelsDial).is_some();
            if aborted {
                session.discard_request(Loss::Unwanted);
                let there = session.up == Leg::Securing;
                effects.push(if there {
                    Effect::Reset(Side::Up)
                } else {
                    Effect::Cancel
                });
                session.up = Leg::Reset(End::Abort(Cause::Cancelled));
            }
            aborted
        }
        Kind::Http | Kind::Tcp => false,
    }
}

/// S8 (H01): between two requests, the client's end ends the leg.
pub(super) fn s8_idle_over(session: &mut Session, effects: &mut Effects) -> bool {
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
    let unread = open.inbox.decodable() && bad!(session.setup, EndBeforeBuffered).is_none();
    if !ended || unread {
        return false;
    }
    session.close_down(effects);
    true
}
