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
use super::start::{self, RequestLine, Start, StatusLine};
use super::target::{self, Target, is_authority};
use super::text::{section_end, size};
use super::{BodyKind, Method, RequestFacts, ResponseFacts, Version, Wording};
use crate::limits::Limits;
use httparse::Status::{Complete, Partial};

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
    parse_request(input, limits).map_err(|fault| {
        let begins = |text: &[u8]| parse_request(text, limits).err();
        Reject::Request(earliest(input, fault, begins))
    })
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
    parse_response(input, to, limits).map_err(|fault| {
        let begins = |text: &[u8]| parse_response(text, to, limits).err();
        Reject::Response(earliest(input, fault, begins))
    })
}

fn parse_request<'a>(
    input: &'a [u8],
    limits: &Limits,
) -> Result<Option<(usize, RequestHead<'a>)>, Fault> {
    // RFC 9112, 2.2: an empty line before the request line is ignored; one, not a stream of them.
    let skipped = if input.starts_with(b"\r\n") { 2 } else { 0 };
    let text = &input[skipped..];
    if text.starts_with(b"\r\n") {
        return Err(Fault::EmptyLines);
    }
    target_fits(text, size(limits.target_bytes))?;
    let end = head_end(text, size(limits.head_bytes).saturating_sub(skipped))?;
    let section = &text[..end.unwrap_or(text.len())];
    let parsed = start::request(section, size(limits.head_fields))?;
    let Some(start) = whole(end, parsed, Fault::RequestLine)? else {
        return Ok(None);
    };
    let Start {
        length,
        version,
        line: RequestLine { method, target },
        fields,
    } = start;
    let head = understand_request(method, target, version, fields)?;
    if matches!(head.facts.body, BodyKind::Length(length) if length > limits.body_bytes) {
        return Err(Fault::BodyTooLong);
    }
    Ok(Some((skipped + length, head)))
}

fn understand_request<'a>(
    method: &'a str,
    target: &'a str,
    version: Version,
    fields: Fields<'a>,
) -> Result<RequestHead<'a>, Fault> {
    let parts = target::parse(method, target)?;
    let host = host(version, &fields)?;
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
        host,
        fields,
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
fn host<'a>(version: Version, fields: &Fields<'a>) -> Result<Option<&'a [u8]>, Fault> {
    let mut hosts = fields.known(Known::Host);
    let Some(field) = hosts.next() else {
        return match version {
            Version::Http11 => Err(Fault::HostMissing),
            Version::Http10 => Ok(None),
        };
    };
    if hosts.next().is_some() {
        return Err(Fault::HostTwice);
    }
    if !is_authority(field.value) {
        return Err(Fault::HostInvalid);
    }
    Ok(Some(field.value))
}

fn parse_response<'a>(
    input: &'a [u8],
    to: Method,
    limits: &Limits,
) -> Result<Option<(usize, ResponseHead<'a>)>, Fault> {
    // RFC 9112, 2.2 forgives an empty line before a request only.
    if input.starts_with(b"\r") {
        return Err(Fault::StatusLine);
    }
    let end = head_end(input, size(limits.head_bytes))?;
    let section = &input[..end.unwrap_or(input.len())];
    let parsed = start::response(section, size(limits.head_fields))?;
    let Some(start) = whole(end, parsed, Fault::StatusLine)? else {
        return Ok(None);
    };
    let Start {
        length,
        version,
        line: StatusLine { status, reason },
        fields,
    } = start;
    // RFC 9110, 15: there is no class below 1. One above 5 is for the client to judge.
    if status < 100 {
        return Err(Fault::StatusLine);
    }
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
        fields,
    };
    Ok(Some((length, head)))
}

/// The type of a stream of server-sent events (WHATWG HTML, 9.2.5), with parameters or without.
/// RFC 9110, 8.3.1: in any case.
fn event_stream(fields: &Fields<'_>) -> bool {
    fields.known(Known::ContentType).any(|field| {
        let essence = field.value.split(|byte| *byte == b';').next();
        essence.is_some_and(|essence| {
            let essence = essence.trim_ascii();
            essence.eq_ignore_ascii_case(b"text/event-stream")
        })
    })
}

/// RFC 9112, 3: 414 as soon as the target, whole or not, is too long.
fn target_fits(text: &[u8], most: usize) -> Result<(), Fault> {
    if text.len() <= most {
        return Ok(());
    }
    let line = text.split(|byte| *byte == b'\n').next();
    let target = line.and_then(|line| line.split(|byte| *byte == b' ').nth(1));
    if target.is_some_and(|target| target.len() > most) {
        return Err(Fault::TargetTooLong);
    }
    Ok(())
}

/// Where the head ends. `None`: not yet, and it may still fit.
fn head_end(text: &[u8], most: usize) -> Result<Option<usize>, Fault> {
    let end = section_end(&text[..text.len().min(most)])?;
    if end.is_none() && text.len() >= most {
        return Err(Fault::HeadTooLong);
    }
    Ok(end)
}

/// Both readers of the head have to find its end at the same byte, or none of it counts.
fn whole<'a, L>(
    end: Option<usize>,
    parsed: httparse::Status<Start<'a, L>>,
    line: Fault,
) -> Result<Option<Start<'a, L>>, Fault> {
    match (end, parsed) {
        (None, Partial) => Ok(None),
        (Some(end), Complete(start)) if start.length == end => Ok(Some(start)),
        (Some(_), _) | (_, Complete(_)) => Err(line),
    }
}
