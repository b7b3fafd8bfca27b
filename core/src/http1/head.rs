//! Heads: from bytes to a validated request or response.
//!
//! Owns the steps of understanding a head and its limits. It waits for the whole head, but what is
//! wrong in a part of it is refused at once. It never consumes an incomplete head, and never
//! changes a byte of it.

use super::accept::prefers_json;
use super::connection::{closes, idle_hint, upgrades};
use super::fields::{Field, Fields, Known};
use super::framing::{self, Declared, declared};
use super::reject::{Fault, Reject, earliest};
use super::room::Room;
use super::section::{head_end, target_fits, whole};
use super::start::{self, RequestLine, Start, StatusLine};
use super::target::{self, Target, is_authority};
use super::text::size;
use super::{BodyKind, Method, RequestFacts, ResponseFacts, Version, Wording};
use crate::limits::Limits;
use httparse::Status::Complete;

/// A request head. It borrows the bytes it was read from.
#[derive(Clone, Debug)]
pub struct RequestHead<'a> {
    /// What a session may know of it.
    pub facts: RequestFacts,
    pub(super) declared: Declared,
    pub(super) parts: Target<'a>,
    method: &'a str,
    target: &'a str,
    host: Option<&'a [u8]>,
    pub(super) fields: Fields<'a>,
}

impl<'a> RequestHead<'a> {
    /// The method, a token.
    #[must_use]
    pub fn method(&self) -> &'a str {
        self.method
    }

    /// The target as received.
    #[must_use]
    pub fn target(&self) -> &'a str {
        self.target
    }

    /// The path, without the query: of the origin form, or of the absolute form reduced to it.
    /// `*` for OPTIONS of the whole server, empty for CONNECT.
    #[must_use]
    pub fn path(&self) -> &'a str {
        self.parts.path
    }

    /// What follows the first `?` of the target.
    #[must_use]
    pub fn query(&self) -> Option<&'a str> {
        self.parts.query
    }

    /// Whom the request is for, host and perhaps port. Only an HTTP/1.0 request may do without.
    #[must_use]
    pub fn host(&self) -> Option<&'a [u8]> {
        // RFC 9112, 3.2.2: the authority of the target wins over Host.
        self.parts.authority.map(str::as_bytes).or(self.host)
    }

    /// The fields in the order they came in.
    pub fn fields(&self) -> impl Iterator<Item = Field<'a>> + Clone + '_ {
        self.fields.iter()
    }
}

/// A response head. It borrows the bytes it was read from.
#[derive(Clone, Debug)]
pub struct ResponseHead<'a> {
    /// What a session may know of it.
    pub facts: ResponseFacts,
    pub(super) declared: Declared,
    pub(super) to: Method,
    reason: &'a str,
    pub(super) fields: Fields<'a>,
}

impl<'a> ResponseHead<'a> {
    /// After how many seconds the origin closes this connection if it is idle, as it says
    /// (T_pool_idle).
    #[must_use]
    pub fn idle_hint(&self) -> Option<u16> {
        idle_hint(&self.fields)
    }

    /// The reason phrase; empty if there is none, or if it is not ASCII.
    #[must_use]
    pub fn reason(&self) -> &'a str {
        self.reason
    }

    /// The fields in the order they came in.
    pub fn fields(&self) -> impl Iterator<Item = Field<'a>> + Clone + '_ {
        self.fields.iter()
    }
}

/// Reads a request head, and tells how many bytes it took. `None`: there is no fault in the bytes
/// so far, and more are needed.
///
/// # Errors
/// The head is malformed, ambiguous or above a limit.
pub fn request_head<'a>(
    input: &'a [u8],
    limits: &Limits,
) -> Result<Option<(usize, RequestHead<'a>)>, Reject> {
    let mut room = Room::default();
    let parsed = parse_request(input, limits, &mut room);
    let parsed = parsed.map_err(|fault| earliest_of_request(input, limits, fault))?;
    Ok(parsed.map(|(length, head)| {
        let fields = room.into_fields();
        (length, RequestHead { fields, ..head })
    }))
}

/// As [`request_head`], with the fields in `room`: they are not moved, and cost no memory.
///
/// # Errors
/// The head is malformed, ambiguous or above a limit.
#[inline]
pub fn request_head_in<'r, 'a: 'r>(
    input: &'a [u8],
    limits: &Limits,
    room: &'r mut Room<'a>,
) -> Result<Option<(usize, RequestHead<'r>)>, Reject> {
    match parse_request(input, limits, room) {
        Ok(None) => Ok(None),
        Ok(Some((length, head))) => {
            let fields = room.lend();
            Ok(Some((length, RequestHead { fields, ..head })))
        }
        Err(fault) => Err(earliest_of_request(input, limits, fault)),
    }
}

#[cold]
fn earliest_of_request(input: &[u8], limits: &Limits, fault: Fault) -> Reject {
    let begins = |text: &[u8]| parse_request(text, limits, &mut Room::default()).err();
    Reject::Request(earliest(input, fault, begins))
}

/// Reads the head of a response to a request with method `to`, and tells how many bytes it took.
/// `None`: there is no fault in the bytes so far, and more are needed.
///
/// # Errors
/// The head is malformed, ambiguous or above a limit.
pub fn response_head<'a>(
    input: &'a [u8],
    to: Method,
    limits: &Limits,
) -> Result<Option<(usize, ResponseHead<'a>)>, Reject> {
    let mut room = Room::default();
    let parsed = parse_response(input, to, limits, &mut room);
    let parsed = parsed.map_err(|fault| earliest_of_response(input, to, limits, fault))?;
    Ok(parsed.map(|(length, head)| {
        let fields = room.into_fields();
        (length, ResponseHead { fields, ..head })
    }))
}

/// As [`response_head`], with the fields in `room`: they are not moved, and cost no memory.
///
/// # Errors
/// The head is malformed, ambiguous or above a limit.
#[inline]
pub fn response_head_in<'r, 'a: 'r>(
    input: &'a [u8],
    to: Method,
    limits: &Limits,
    room: &'r mut Room<'a>,
) -> Result<Option<(usize, ResponseHead<'r>)>, Reject> {
    match parse_response(input, to, limits, room) {
        Ok(None) => Ok(None),
        Ok(Some((length, head))) => {
            let fields = room.lend();
            Ok(Some((length, ResponseHead { fields, ..head })))
        }
        Err(fault) => Err(earliest_of_response(input, to, limits, fault)),
    }
}

#[cold]
fn earliest_of_response(input: &[u8], to: Method, limits: &Limits, fault: Fault) -> Reject {
    let begins = |text: &[u8]| parse_response(text, to, limits, &mut Room::default()).err();
    Reject::Response(earliest(input, fault, begins))
}

/// All of a head but its fields, which are in `room`.
fn parse_request<'a>(
    input: &'a [u8],
    limits: &Limits,
    room: &mut Room<'a>,
) -> Result<Option<(usize, RequestHead<'a>)>, Fault> {
    // RFC 9112, 2.2: an empty line before the request line is ignored; one at a time, not a stream of them.
    let skipped = if input.starts_with(b"\r\n") { 2 } else { 0 };
    let text = &input[skipped..];
    if text.starts_with(b"\r\n") {
        return Err(Fault::EmptyLines);
    }
    target_fits(text, size(limits.target_bytes))?;
    let most = size(limits.head_bytes).saturating_sub(skipped);
    let fields = size(limits.head_fields);
    let start = match start::request(text, fields, room) {
        Ok(Complete(start)) if start.length <= most && room.is_section(start.length) => start,
        // Whatever is wrong with it, or lacks, is to be said in the order in which it came.
        Ok(_) | Err(_) => {
            let end = head_end(text, most)?;
            let section = &text[..end.unwrap_or(text.len())];
            let parsed = start::request(section, fields, room)?;
            match whole(end, parsed, Fault::RequestLine)? {
                Some(start) => start,
                None => return Ok(None),
            }
        }
    };
    let Start {
        length,
        version,
        line: RequestLine { method, target },
    } = start;
    let head = understand_request(method, target, version, room)?;
    if matches!(head.facts.body, BodyKind::Length(length) if length > limits.body_bytes) {
        return Err(Fault::BodyTooLong);
    }
    Ok(Some((skipped + length, head)))
}

fn understand_request<'a>(
    method: &'a str,
    target: &'a str,
    version: Version,
    room: &Room<'a>,
) -> Result<RequestHead<'a>, Fault> {
    let parts = target::parse(method, target)?;
    let fields = room.lend();
    check_host(version, &fields)?;
    let declared = declared(version, &fields)?;
    let close = closes(version, &fields)?;
    let body = framing::of_request(declared);
    // RFC 9110, 9.3.6: it has none. Whether what follows is content or the tunnel's first bytes
    // would be each reader's guess.
    if Method::of(method) == Method::Connect && body != BodyKind::None {
        return Err(Fault::ConnectContent);
    }
    // RFC 9110, 10.1.1: ignored from HTTP/1.0, and without content there is nothing to wait for.
    let expect_continue = version == Version::Http11
        && body != BodyKind::None
        && fields
            .known(Known::Expect)
            .any(|field| field.names("100-continue"));
    // What switches ends with its head (RFC 9110, 7.8): behind a body nobody could tell where the
    // other protocol begins.
    let upgrade = body == BodyKind::None && upgrades(version, &fields);
    let facts = RequestFacts {
        version,
        method: Method::of(method),
        body,
        close,
        expect_continue,
        idempotent: idempotent(method),
        upgrade,
        wording: Wording {
            json: prefers_json(&fields),
            id_bytes: 0,
        },
    };
    Ok(RequestHead {
        facts,
        declared,
        parts,
        method,
        target,
        host: room.first(Known::Host).map(|field| field.value),
        fields: Fields::NONE,
    })
}

/// RFC 9110, 9.2.2. What is not known is not.
fn idempotent(method: &str) -> bool {
    matches!(
        method,
        "GET" | "HEAD" | "PUT" | "DELETE" | "OPTIONS" | "TRACE"
    )
}

/// RFC 9112, 3.2: exactly one valid Host; HTTP/1.0 may have none.
fn check_host(version: Version, fields: &Fields<'_>) -> Result<(), Fault> {
    let mut hosts = fields.known(Known::Host);
    let Some(field) = hosts.next() else {
        return match version {
            Version::Http11 => Err(Fault::HostMissing),
            Version::Http10 => Ok(()),
        };
    };
    if hosts.next().is_some() {
        return Err(Fault::HostTwice);
    }
    if !is_authority(field.value) {
        return Err(Fault::HostInvalid);
    }
    Ok(())
}

fn parse_response<'a>(
    input: &'a [u8],
    to: Method,
    limits: &Limits,
    room: &mut Room<'a>,
) -> Result<Option<(usize, ResponseHead<'a>)>, Fault> {
    // RFC 9112, 2.2 forgives an empty line before a request only.
    if input.starts_with(b"\r") {
        return Err(Fault::StatusLine);
    }
    let (most, fields) = (size(limits.head_bytes), size(limits.head_fields));
    let start = match start::response(input, fields, room) {
        Ok(Complete(start)) if start.length <= most && room.is_section(start.length) => start,
        // Whatever is wrong with it, or lacks, is to be said in the order in which it came.
        Ok(_) | Err(_) => {
            let end = head_end(input, most)?;
            let section = &input[..end.unwrap_or(input.len())];
            let parsed = start::response(section, fields, room)?;
            match whole(end, parsed, Fault::StatusLine)? {
                Some(start) => start,
                None => return Ok(None),
            }
        }
    };
    let Start {
        length,
        version,
        line: StatusLine { status, reason },
    } = start;
    // RFC 9110, 15: there is no class below 1. One above 5 is for the client to judge.
    if status < 100 {
        return Err(Fault::StatusLine);
    }
    let fields = room.lend();
    let declared = declared(version, &fields)?;
    let body = framing::of_response(declared, status, to);
    // RFC 9112, 9.3: and a body that the close delimits leaves nothing to keep.
    let close = closes(version, &fields)? || body == BodyKind::Close;
    let head = ResponseHead {
        facts: ResponseFacts {
            status,
            version,
            body,
            close,
            event_stream: event_stream(&fields),
        },
        declared,
        to,
        reason,
        fields: Fields::NONE,
    };
    Ok(Some((length, head)))
}

/// The type of a stream of server-sent events (WHATWG HTML, 9.2.5), with parameters or without.
/// RFC 9110, 8.3.1: in any case.
fn event_stream(fields: &Fields<'_>) -> bool {
    fields.known(Known::ContentType).any(|field| {
        if !matches!(field.value, [b't' | b'T', ..]) {
            return false;
        }
        let essence = field.value.split(|byte| *byte == b';').next();
        essence.is_some_and(|essence| {
            let essence = essence.trim_ascii();
            essence.eq_ignore_ascii_case(b"text/event-stream")
        })
    })
}
