//! Heads: from bytes to a validated request or response.
//!
//! Owns the steps of understanding a head and its limits. It waits for the whole head, but what is
//! wrong in a part of it is refused at once. It never consumes an incomplete head, and never
//! changes a byte of it.

use super::accept::prefers_json;
use super::connection::{closes, idle_hint, upgrades};
use super::fields::{Field, Fields, Known};
use super::framing::{self, Declared, declared};
use super::reject::{Fault, Reject};
use super::target::{self, Target, is_authority};
use super::text::{section_end, size};
use super::{BodyKind, Method, RequestFacts, ResponseFacts, Version, Wording};
use crate::limits::Limits;
use alloc::vec::Vec;
use core::mem::MaybeUninit;
use httparse::Status::{Complete, Partial};

/// The most fields that are looked for without asking for memory.
const INLINE_FIELDS: usize = 128;

/// Where the parser puts what it finds.
struct Found<'a> {
    inline: [MaybeUninit<httparse::Header<'a>>; INLINE_FIELDS],
    beyond: Vec<MaybeUninit<httparse::Header<'a>>>,
}

impl<'a> Found<'a> {
    fn new() -> Self {
        Found {
            inline: [const { MaybeUninit::uninit() }; INLINE_FIELDS],
            beyond: Vec::new(),
        }
    }

    /// Room for so many fields and no more.
    fn most(&mut self, fields: usize) -> &mut [MaybeUninit<httparse::Header<'a>>] {
        if fields > INLINE_FIELDS {
            self.beyond.resize(fields, MaybeUninit::uninit());
            return &mut self.beyond;
        }
        &mut self.inline[..fields]
    }
}

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
    parse_request(input, limits).map_err(Reject::Request)
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
    parse_response(input, to, limits).map_err(Reject::Response)
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
    let mut found = Found::new();
    let fields = found.most(size(limits.head_fields));
    let mut head = httparse::Request::new(&mut []);
    let section = &text[..end.unwrap_or(text.len())];
    let parsed = match head.parse_with_uninit_headers(section, fields) {
        Ok(parsed) => parsed,
        Err(httparse::Error::Version) => return version_fault(text),
        Err(error) => return Err(fault(error, Fault::RequestLine)),
    };
    let (Some(end), Complete(length)) = (end, parsed) else {
        return incomplete(end, parsed, Fault::RequestLine);
    };
    let (Some(method), Some(target), Some(minor)) = (head.method, head.path, head.version) else {
        return Err(Fault::RequestLine);
    };
    if length != end {
        return Err(Fault::RequestLine);
    }
    let fields = Fields::of(head.headers);
    let head = understand_request(method, target, version(minor), fields)?;
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
    let mut found = Found::new();
    let fields = found.most(size(limits.head_fields));
    let mut head = httparse::Response::new(&mut []);
    let section = &input[..end.unwrap_or(input.len())];
    let parsed = httparse::ParserConfig::default()
        .parse_response_with_uninit_headers(&mut head, section, fields)
        .map_err(|error| fault(error, Fault::StatusLine))?;
    let (Some(end), Complete(length)) = (end, parsed) else {
        return incomplete(end, parsed, Fault::StatusLine);
    };
    let (Some(minor), Some(status), Some(reason)) = (head.version, head.code, head.reason) else {
        return Err(Fault::StatusLine);
    };
    // RFC 9110, 15: there is no class below 1. One above 5 is for the client to judge.
    if length != end || status < 100 {
        return Err(Fault::StatusLine);
    }
    let fields = Fields::of(head.headers);
    let version = version(minor);
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
        },
        declared,
        to,
        reason,
        fields,
    };
    Ok(Some((length, head)))
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
fn incomplete<T>(
    end: Option<usize>,
    parsed: httparse::Status<usize>,
    line: Fault,
) -> Result<Option<T>, Fault> {
    match (end, parsed) {
        (None, Partial) => Ok(None),
        (Some(_), _) | (_, Complete(_)) => Err(line),
    }
}

/// 505 is for what is a version (RFC 9112, 2.3), 400 for what is none. `None`: it may become one.
fn version_fault<T>(text: &[u8]) -> Result<Option<T>, Fault> {
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let whole = line.len() < text.len();
    let word = line.splitn(3, |byte| *byte == b' ').nth(2);
    let word = word.unwrap_or_default();
    let word = word.strip_suffix(b"\r").unwrap_or(word);
    let shape = b"HTTP/0.0";
    let alike = |(byte, shape): (&u8, &u8)| match shape {
        b'0' => byte.is_ascii_digit(),
        other => byte == other,
    };
    if word.len() > shape.len() || !word.iter().zip(shape).all(alike) {
        return Err(Fault::RequestLine);
    }
    match (whole, word.len() == shape.len()) {
        // What looks like a version so far may turn out to be none: the line has to end first.
        (false, _) => Ok(None),
        (true, true) => Err(Fault::Version),
        (true, false) => Err(Fault::RequestLine),
    }
}

fn version(minor: u8) -> Version {
    match minor {
        0 => Version::Http10,
        1 => Version::Http11,
        other => panic!("bug: version 1.{other} passed the parser"),
    }
}

fn fault(error: httparse::Error, line: Fault) -> Fault {
    match error {
        httparse::Error::HeaderName => Fault::FieldName,
        httparse::Error::HeaderValue => Fault::FieldValue,
        httparse::Error::TooManyHeaders => Fault::TooManyFields,
        httparse::Error::Version => Fault::Version,
        httparse::Error::NewLine | httparse::Error::Status | httparse::Error::Token => line,
    }
}
