//! The events of a session: what has happened, told in the past tense.
//!
//! An event carries lengths, facts and verdicts, never payload. It names the leg it happened on.

use crate::{
    ending::{Cause, Rejection},
    http1::{Reply, RequestFacts, ResponseFacts},
    limits::Waits,
    lookup::Unresolved,
    side::Side,
    tls::Version,
};

/// What has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The downstream connection was accepted; always the first event.
    Accepted,
    /// The PROXY header is complete, and whom it speaks for is let in.
    Introduced,
    /// What came is no PROXY header, or whom it speaks for is not let in.
    Rejected(Rejection),
    /// A leg's TLS handshake is complete.
    Secured(Side, Version),
    /// The client's first words were looked at, and say where its connection goes (P1 to P3).
    Peeked(Peeked),
    /// The request's route is known, and with it what its cluster asks for.
    Routed(Destination),
    /// All endpoints have as many sessions as they may: the session has taken a place among those who
    /// wait for one (PRODUCT section 5).
    Queued,
    /// Its turn has come: an endpoint is kept for it, and it is being connected to.
    Granted,
    /// The upstream leg is there: dialled, or taken from the pool. A dialled TLS leg shakes hands.
    Connected(Origin),
    /// The endpoint that was being connected to cannot be reached, and another one is being.
    Redialled,
    /// There is no upstream leg to be had.
    Unconnected(Refusal),
    /// A tunnel's bytes arrived.
    Received(Side, u32),
    /// From now on a pipe of the kernel's holds what this leg says, at most so many bytes at once;
    /// nothing is inside.
    Piped(Side, u32),
    /// From now on it is copied again; nothing is inside.
    Copied(Side),
    /// Bytes of an HTTP message arrived and were understood as far as they go.
    Decoded(Side, Decoded),
    /// What arrived is not HTTP as we accept it; the response that says so to a client.
    Refused(Side, Reply),
    /// The origin has answered with a status for which its cluster has requests sent again; nothing of
    /// the answer was passed on, and nothing will be.
    Declined(u16),
    /// The transport took bytes; `0` is progress inside a TLS record.
    Sent(Side, u32),
    /// close_notify arrived, behind every byte before it.
    CloseNotify(Side),
    /// The origin's kernel has acknowledged no byte of the request (K23a); told just before the FIN
    /// that this is about, or the close_notify that came with one.
    Unaccepted,
    /// FIN arrived, behind every byte before it.
    Fin(Side),
    /// Not all that was said before our last word is acknowledged; told just before the failure, or
    /// the deadline, that this is about (R14).
    Undelivered(Side),
    /// The connection failed: the first error of any call.
    Failed(Side, Cause, Call),
    /// The kernel says that a FIN has arrived behind unread bytes (EPOLLRDHUP): a hint (R17).
    Hinted(Side),
    /// `finish` is done: close_notify and FIN are with the kernel.
    Finished(Side),
    /// Everything sent on this leg, the FIN included, is acknowledged.
    Acked(Side),
    /// The deadline that [`crate::session::Session::deadline`] named has passed.
    Fired,
    /// Too many legs linger for their peers' last word, and this session's have waited longest
    /// (LIFECYCLE 4.11, 10).
    Evicted,
    /// The listener or the process drains: no more requests than those begun (LIFECYCLE 4.9).
    Drained,
    /// The drain has lasted as long as it may (G9): whatever is left is cut.
    DrainExpired,
    /// An operator ends the session (G10).
    Killed(Kill),
}

/// How an operator ends a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kill {
    /// A request under way is answered and is the last one, an idle client is shown out; what has no end
    /// of its own is reset.
    Last,
    /// Everything is reset at once.
    Reset,
}

/// What a client's first words came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Peeked {
    /// A ClientHello, and there is a route for it.
    Routed,
    /// A ClientHello, and there is none.
    Unroutable,
    /// No ClientHello, nor the beginning of one.
    Alien,
}

/// What a session is told of the cluster that its route names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Destination {
    /// The waits that it asks for.
    pub timeouts: Waits,
    /// Whether its legs are TLS (LIFECYCLE 4.4).
    pub tls: bool,
}

/// Where an upstream leg came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// A connection of its own.
    Fresh,
    /// An idle connection of the pool.
    Reused,
}

/// Why there is no upstream leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// No route matches the request.
    NoRoute,
    /// The cluster has no endpoint.
    NoEndpoint,
    /// The cluster has none because the names of its endpoints have no address.
    NoAddress(Unresolved),
    /// All endpoints that there are have as many sessions as they may, and as many wait for one.
    Busy,
    /// The request is a CONNECT, and its cluster takes none (LIFECYCLE 4.6).
    NoConnect,
    /// The request is to be sent again, and too many have been already.
    NoRetry,
    /// The route answers by itself, with so many bytes of field lines and of content.
    Configured {
        /// The status code, 200 to 599.
        status: u16,
        /// Bytes of whole field lines.
        fields: u32,
        /// Bytes of content.
        content: u32,
    },
    /// The client asks too often: it may ask again after so many seconds.
    TooMany(u32),
    /// The connect failed.
    Failed(Cause),
}

impl Refusal {
    /// What went wrong with the connect, if there was one.
    #[must_use]
    pub const fn cause(self) -> Option<Cause> {
        match self {
            Refusal::Failed(cause) => Some(cause),
            Refusal::NoRoute
            | Refusal::NoEndpoint
            | Refusal::NoAddress(_)
            | Refusal::Busy
            | Refusal::NoConnect
            | Refusal::NoRetry
            | Refusal::Configured { .. }
            | Refusal::TooMany(_) => None,
        }
    }
}

/// Which call told of a failure: after a failed read nothing is left to be read (R15).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// The read itself: everything before the failure has been read.
    Read,
    /// A write.
    Write,
    /// Readiness: EPOLLERR, or EPOLLHUP with `SO_ERROR` (R18).
    Poll,
    /// The finish.
    Finish,
}

/// What one look at a leg's unread bytes came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Decoded {
    /// The head that was completed, if any.
    pub head: Head,
    /// Bytes that are now ready for the other leg, re-serialised.
    pub bytes: u32,
    /// Whether the message is complete.
    pub complete: bool,
    /// Bytes read from the leg and not yet understood.
    pub left: u32,
    /// What understanding more of them waits for.
    pub want: Want,
}

/// The head among decoded bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Head {
    /// None was completed.
    None,
    /// A request's.
    Request(RequestFacts),
    /// An interim (1xx) response's; more heads follow.
    Interim,
    /// The interim response 100: the client may send its body (H14).
    Continue,
    /// A final response's.
    Response(ResponseFacts),
}

/// What a decoder waits for. To confuse the first two is the lost wake-up of MUSEUM 1.1, so they
/// are two words and not one flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Want {
    /// More bytes from the leg.
    Bytes,
    /// Room towards the other leg: what was read is not used up.
    Room,
    /// The next message's turn.
    Turn,
}
