//! Why a leg is open: what it waits for, in words. A pure function of the state, for whoever asks.

use super::{Phase, Session};
use crate::{
    exchange::{Exchange, Request, Response},
    leg::{Leg, Open, ReadEnd, WriteEnd},
    side::Side,
};
use core::fmt;

/// What a leg waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wait {
    /// An endpoint that may have one more session.
    Turn,
    /// The answer to a connect.
    Connect,
    /// The PROXY header that it begins with.
    ProxyHeader,
    /// The rest of its TLS handshake.
    Handshake,
    /// The ClientHello by which it is routed.
    Hello,
    /// The client's next request.
    Request,
    /// The rest of a request.
    RestOfRequest,
    /// The beginning of an answer.
    Answer,
    /// The rest of an answer.
    RestOfAnswer,
    /// Bytes of a tunnel, or its peer's end.
    Bytes,
    /// The other leg: everything that this one's peer had to say has been said.
    Other,
    /// Its peer, which does not take the bytes that are inside for it.
    Room,
    /// Its peer, which does not take the last bytes before our FIN, or the close_notify.
    RoomForEnd,
    /// The acknowledgement of our FIN, and of all before it.
    Acknowledgement,
    /// Its peer's FIN.
    LastWord,
    /// The acknowledgement of the last bytes before a reset.
    Flush,
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Wait::Turn => "an endpoint",
            Wait::Connect => "the connect",
            Wait::ProxyHeader => "a PROXY header",
            Wait::Handshake => "the handshake",
            Wait::Hello => "a ClientHello",
            Wait::Request => "a request",
            Wait::RestOfRequest => "the rest of a request",
            Wait::Answer => "an answer",
            Wait::RestOfAnswer => "the rest of an answer",
            Wait::Bytes => "bytes",
            Wait::Other => "the other leg",
            Wait::Room => "its peer to take bytes",
            Wait::RoomForEnd => "its peer to take our end",
            Wait::Acknowledgement => "the acknowledgement of our end",
            Wait::LastWord => "its peer's end",
            Wait::Flush => "the acknowledgement of the bytes before a reset",
        })
    }
}

impl Session {
    /// What a leg waits for, if there is one.
    #[must_use]
    pub fn wait(&self, side: Side) -> Option<Wait> {
        match self.leg(side) {
            Leg::Absent | Leg::Gone(_) | Leg::Reset(_) => None,
            Leg::Queued => Some(Wait::Turn),
            Leg::Connecting => Some(Wait::Connect),
            Leg::Securing if side == Side::Down && self.phase == Phase::ProxyHeader => {
                Some(Wait::ProxyHeader)
            }
            Leg::Securing => Some(Wait::Handshake),
            Leg::Open(open) => Some(match open.write {
                WriteEnd::Finishing => Wait::RoomForEnd,
                WriteEnd::Sent => Wait::Acknowledgement,
                WriteEnd::Flushing => Wait::Flush,
                WriteEnd::Open if self.to(side).bytes() > 0 => Wait::Room,
                WriteEnd::Open | WriteEnd::Acked => self.wait_to_hear(side, open),
            }),
        }
    }

    /// Nothing waits to be said: what is still to be heard?
    fn wait_to_hear(&self, side: Side, open: &Open) -> Wait {
        match open.read {
            ReadEnd::Open => {}
            ReadEnd::Notified if open.write == WriteEnd::Acked => return Wait::LastWord,
            ReadEnd::Notified | ReadEnd::Fin(_) | ReadEnd::Draining(_) | ReadEnd::Failed(_) => {
                return Wait::Other;
            }
        }
        match &self.phase {
            Phase::Peeking => Wait::Hello,
            Phase::Idle(_) => Wait::Request,
            Phase::Exchange(exchange) => wait_of(exchange, side),
            Phase::Tunnel => Wait::Bytes,
            Phase::New | Phase::ProxyHeader | Phase::Securing | Phase::Closing | Phase::Closed => {
                Wait::LastWord
            }
        }
    }
}

const fn wait_of(exchange: &Exchange, side: Side) -> Wait {
    match (side, exchange.request, exchange.response) {
        (Side::Down, Request::Head | Request::Body, _) => Wait::RestOfRequest,
        (Side::Down, Request::Complete | Request::Gone, _) => Wait::Other,
        (Side::Up, _, Response::Waiting) => Wait::Answer,
        (Side::Up, _, Response::Body(_)) => Wait::RestOfAnswer,
        (Side::Up, _, Response::Complete | Response::Broken) => Wait::Other,
    }
}
