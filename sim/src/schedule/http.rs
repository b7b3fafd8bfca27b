//! What an HTTP client asks and an origin answers.
//!
//! It owns shapes, not bytes: how a message is written out belongs to the peers, and their text to `http_text`.

use super::MAX_MS;

/// A method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Safe, idempotent, usually without a body.
    Get,
    /// A response without a body.
    Head,
    /// Never sent twice.
    Post,
    /// Idempotent, with a body.
    Put,
    /// Idempotent.
    Delete,
    /// Asks for a tunnel.
    Connect,
}

/// A version of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpVersion {
    /// HTTP/1.0.
    V10,
    /// HTTP/1.1.
    V11,
}

/// A message's body: how many bytes, in writes (or chunks) of how many, and what ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// None; a response says `content-length: 0`.
    Empty,
    /// Ended by its length.
    Length {
        /// All of it.
        total: u32,
        /// One write.
        by: u32,
    },
    /// Ended by the last chunk.
    Chunked {
        /// All of it.
        total: u32,
        /// One chunk.
        by: u32,
        /// Two trailer fields follow.
        trailers: bool,
    },
    /// Ended by the end of the connection (responses only).
    UntilClose {
        /// All of it.
        total: u32,
        /// One write.
        by: u32,
    },
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its method.
    pub method: Method,
    /// Its target.
    pub path: String,
    /// Its version.
    pub version: HttpVersion,
    /// Whether the client means to ask again on this connection.
    pub keep: bool,
    /// Its body.
    pub body: Body,
    /// It waits for a 100 before its body.
    pub expect: bool,
    /// It asks for another protocol.
    pub upgrade: bool,
    /// It is cut short, or its client ends right behind it.
    pub cut: Option<Cut>,
}

/// How a message is cut short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CutBy {
    /// By a FIN.
    Fin,
    /// By an RST.
    Reset,
}

/// A message that ends too early; at its last byte, a connection that ends right behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// After this many bytes, the head's included.
    pub at: u32,
    /// By what.
    pub by: CutBy,
}

/// A response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Its final status.
    pub status: u16,
    /// Its version.
    pub version: HttpVersion,
    /// Whether the origin keeps the connection.
    pub keep: bool,
    /// Its body.
    pub body: Body,
    /// An interim response that goes first.
    pub interim: Option<u16>,
    /// It does not wait for the request's body.
    pub early: bool,
    /// It waits this long.
    pub delay_ms: u32,
    /// It is cut short.
    pub cut: Option<Cut>,
}

/// A request and the response the origin has for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// What is asked.
    pub request: Request,
    /// What is answered.
    pub response: Response,
}

impl Method {
    pub(super) const ALL: [Method; 6] = [
        Method::Get,
        Method::Head,
        Method::Post,
        Method::Put,
        Method::Delete,
        Method::Connect,
    ];

    /// As in a request line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
            Method::Connect => "CONNECT",
        }
    }
}

impl Request {
    /// Whether the client would leave HTTP.
    #[must_use]
    pub fn leaves(&self) -> bool {
        self.upgrade || self.method == Method::Connect
    }
}

impl Response {
    /// Whether it comes later than any other thing in a schedule may: nobody waits so long (U14).
    #[must_use]
    pub fn is_overdue(&self) -> bool {
        self.delay_ms > MAX_MS
    }
}

impl Exchange {
    /// Whether nothing behind it is HTTP: the origin has agreed.
    #[must_use]
    pub fn switches(&self) -> bool {
        match self.response.status {
            101 => self.request.upgrade,
            200..300 => self.request.method == Method::Connect,
            _ => false,
        }
    }
}

impl Body {
    /// How many bytes of content it has.
    #[must_use]
    pub fn total(self) -> u32 {
        match self {
            Body::Empty => 0,
            Body::Length { total, .. }
            | Body::Chunked { total, .. }
            | Body::UntilClose { total, .. } => total,
        }
    }
}
