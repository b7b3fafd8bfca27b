//! HTTP/1.x: bytes to facts, and back (RFC 9110, RFC 9112).
//!
//! Owns the reading of heads and bodies, the decision how a response is framed towards the client,
//! and every byte of HTTP that leaves. What leaves is written from what was understood, never
//! copied through; an ambiguous message is refused with a reason. It waits for nothing: whoever
//! calls brings the bytes. It never sees a session, a socket or a clock.
//!
//! [`request_head`] and [`response_head`] read a head; its *facts*, a few `Copy` words, are all a
//! session may know of it. [`BodyDecoder`] finds the end of a body, [`deliver`] decides how it is
//! sent on, [`write_request`], [`write_response`] and [`BodyEncoder`] send it, [`Reply`] is what we
//! say ourselves.

mod accept;
mod body;
mod check;
mod connection;
mod decode;
mod delivery;
mod edit;
mod encode;
mod extension;
mod fields;
mod framing;
mod head;
mod hops;
mod id;
mod known;
mod origin;
mod reject;
mod reply;
mod room;
mod routed;
mod run;
mod section;
mod start;
mod target;
mod text;
mod write;

#[cfg(test)]
mod tests_body;
#[cfg(test)]
mod tests_edit;
#[cfg(test)]
mod tests_encode;
#[cfg(test)]
mod tests_head;
#[cfg(test)]
mod tests_origin;
#[cfg(test)]
mod tests_random;
#[cfg(test)]
mod tests_refuse;
#[cfg(test)]
mod tests_reply;
#[cfg(test)]
mod tests_run;
#[cfg(test)]
mod tests_tunnel;
#[cfg(test)]
mod tests_write;

pub use body::{Piece, Trailers};
pub use check::write_check;
pub use decode::BodyDecoder;
pub use delivery::{Delivery, deliver};
pub use edit::{Edits, Line, NO_EDITS, Of, is_value, may_edit};
pub use encode::{BodyEncoder, Framing};
pub use fields::{Field, is_claim};
pub use head::{
    RequestHead, ResponseHead, request_head, request_head_in, response_head, response_head_in,
};
pub use hops::ALLOW;
pub use id::{ID_BYTES, request_id};
pub use origin::Tells;
pub use reject::{Fault, Reject};
pub use reply::{Added, Content, Detail, PROBE, Reply, Wording};
pub use room::Room;
pub use routed::Routable;
pub use text::is_token;
pub use write::{Forwarded, Returned, write_request, write_response};

/// The version that a message is read in. A later minor version is read as the latest here (RFC
/// 9110, 2.5); another major version is refused (505).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// HTTP/1.0: closes unless asked to stay, knows no chunks and no interim responses.
    Http10,
    /// HTTP/1.1.
    Http11,
}

/// A request method, as far as framing and the session tell methods apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// GET.
    Get,
    /// HEAD: its response has no body (U15).
    Head,
    /// POST: never sent twice (U03).
    Post,
    /// CONNECT: asks for a tunnel.
    Connect,
    /// Every other one.
    Other,
}

impl Method {
    /// RFC 9110, 9.1: a method is case-sensitive.
    pub(crate) fn of(name: &str) -> Method {
        match name {
            "GET" => Method::Get,
            "HEAD" => Method::Head,
            "POST" => Method::Post,
            "CONNECT" => Method::Connect,
            _ => Method::Other,
        }
    }
}

/// How a received message is delimited (RFC 9112, 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BodyKind {
    /// The message ends with its head. A length of 0 is this too.
    None,
    /// So many bytes follow; never 0.
    Length(u64),
    /// Chunks follow, up to the last one and the trailers.
    Chunked,
    /// Bytes follow until the transport ends. Responses only.
    Close,
}

/// What a session may know of a request head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestFacts {
    /// The version that the client speaks.
    pub version: Version,
    /// The method.
    pub method: Method,
    /// How the body is delimited; never `Close`.
    pub body: BodyKind,
    /// The client wants the connection closed afterwards: it said so, or it speaks HTTP/1.0 and
    /// did not ask for keep-alive.
    pub close: bool,
    /// The client may wait for `100 Continue` before it sends the body (H14). Only with a body,
    /// and never from HTTP/1.0 (RFC 9110, 10.1.1).
    pub expect_continue: bool,
    /// A request like this may be sent twice (RFC 9110, 9.2.2; U03).
    pub idempotent: bool,
    /// The client asks for another protocol on this connection, and we pass that on (W1).
    pub upgrade: bool,
    /// How it wants a response of ours worded. The driver adds the length of the request's id.
    pub wording: Wording,
}

impl RequestFacts {
    /// A GET as most are: HTTP/1.1, nothing behind it, and the connection stays.
    pub const GET: RequestFacts = RequestFacts {
        version: Version::Http11,
        method: Method::Get,
        body: BodyKind::None,
        close: false,
        expect_continue: false,
        idempotent: true,
        upgrade: false,
        wording: Wording::TEXT,
    };

    /// How the body is sent upstream: always as it was received.
    ///
    /// # Panics
    /// On a request delimited by close, which [`request_head`] never returns.
    #[must_use]
    pub fn framing(&self) -> Framing {
        match self.body {
            BodyKind::None => Framing::None,
            BodyKind::Length(length) => Framing::Length(length),
            BodyKind::Chunked => Framing::Chunked,
            // RFC 9112, 6.3: a request's end is never told by a FIN (H06).
            BodyKind::Close => panic!("bug: a request delimited by close"),
        }
    }
}

/// What a session may know of a response head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ResponseFacts {
    /// The status code, 100 to 999.
    pub status: u16,
    /// The version that the origin speaks.
    pub version: Version,
    /// How the body is delimited, the method of the request considered (U15).
    pub body: BodyKind,
    /// The origin's connection is not to be used again (U12).
    pub close: bool,
    /// It is an event stream, in which silence is no fault (W9b).
    pub event_stream: bool,
}

impl ResponseFacts {
    /// Another response to the same request follows this one (RFC 9110, 15.2). 101 is not
    /// interim: after it the connection has left HTTP.
    #[must_use]
    pub fn interim(&self) -> bool {
        (100..200).contains(&self.status) && self.status != 101
    }

    /// The connection has left HTTP (W1): 101 to a request that asked for it, or 2xx to CONNECT
    /// (RFC 9110, 7.8 and 9.3.6).
    #[must_use]
    pub fn switches(&self, request: &RequestFacts) -> bool {
        let tunnel = request.method == Method::Connect && (200..300).contains(&self.status);
        self.status == 101 && request.upgrade || tunnel
    }
}
