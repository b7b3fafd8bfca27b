//! How a response goes to the client: the one place of that decision.
//!
//! Owns the choice of framing and of the connection's fate. Never writes a byte.

use super::{BodyKind, Framing, RequestFacts, ResponseFacts, Version};

/// How a response is sent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Delivery {
    /// How the body is delimited.
    pub framing: Framing,
    /// The connection closes behind the response, and the response says so.
    pub close: bool,
    /// The response says `Connection: keep-alive`: to an HTTP/1.0 client that asked for it, and to
    /// every client that is told how long it may wait.
    pub keep_alive: bool,
    /// How many seconds the client may wait before its next request, as the response says; 0 for not
    /// a word of it.
    pub announced: u64,
    /// The version that the client speaks: HTTP/1.0 is not told of transfer codings.
    pub version: Version,
}

/// Decides how `response` goes to the client that sent `request`. `close`: the connection has to
/// close for a reason of the session's (a drain, an unread body, a client's FIN). `announced`: how
/// many seconds it stays open otherwise, as far as the client is to know; 0 for nothing.
///
/// The session itself keeps interim responses from an HTTP/1.0 client (RFC 9110, 15.2).
#[must_use]
pub fn deliver(
    request: &RequestFacts,
    response: &ResponseFacts,
    close: bool,
    announced: u64,
) -> Delivery {
    let version = request.version;
    if response.interim() || response.switches(request) {
        // RFC 9110, 15.2: the final response decides about the connection. Behind one that
        // switches nothing of HTTP is left to decide about.
        return Delivery {
            framing: Framing::None,
            close: false,
            keep_alive: false,
            announced: 0,
            version,
        };
    }
    let framing = match (response.body, version) {
        (BodyKind::None, Version::Http10 | Version::Http11) => Framing::None,
        (BodyKind::Length(length), Version::Http10 | Version::Http11) => Framing::Length(length),
        // U07: a close upstream is a last chunk downstream, and the connection stays.
        (BodyKind::Chunked | BodyKind::Close, Version::Http11) => Framing::Chunked,
        // RFC 9112, 6.1: never chunks to HTTP/1.0; the close delimits.
        (BodyKind::Chunked | BodyKind::Close, Version::Http10) => Framing::Close,
    };
    // RFC 9112, 9.3 and 9.6.
    let close = close || request.close || framing == Framing::Close;
    Delivery {
        framing,
        close,
        // RFC 9112, C.2.2: HTTP/1.0 stays only if both say so. RFC 9110, 7.6.1: and Connection names
        // what belongs to the connection.
        keep_alive: !close && (version == Version::Http10 || announced > 0),
        announced: if close { 0 } else { announced },
        version,
    }
}
