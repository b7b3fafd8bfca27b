//! Where a message ends, as its head declares it (RFC 9112, 6).
//!
//! Owns the reading of Content-Length and Transfer-Encoding. Never guesses: what two readers
//! could understand in two ways is refused.

use super::fields::{Field, Fields, Known};
use super::reject::Fault;
use super::text::{decimal, elements, is_token};
use super::{BodyKind, Method, Version};

/// What the framing fields of a head say, before method and status are considered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Declared {
    /// There are none.
    Nothing,
    /// Content-Length.
    Length(u64),
    /// Transfer-Encoding: chunked.
    Chunked,
}

/// Reads the framing fields.
#[inline]
pub(super) fn declared(version: Version, fields: &Fields<'_>) -> Result<Declared, Fault> {
    match fields.any(Known::ContentLength.bit() | Known::TransferEncoding.bit()) {
        true => read(version, fields),
        false => Ok(Declared::Nothing),
    }
}

fn read(version: Version, fields: &Fields<'_>) -> Result<Declared, Fault> {
    let mut lengths = fields.known(Known::ContentLength);
    let codings = fields.known(Known::TransferEncoding);
    let length = lengths.next();
    let coded = codings.clone().next().is_some();
    match (length, coded) {
        (None, false) => Ok(Declared::Nothing),
        // RFC 9112, 6.3 rule 3: ought to be handled as an error; it is how messages are smuggled.
        (Some(_), true) => Err(Fault::LengthAndCoding),
        (None, true) => chunked(version, codings),
        (Some(field), false) => {
            // RFC 9112, 6.3 rule 5: a list of equal values may be taken for one. It is refused:
            // whoever sent it may have had a third reader in mind.
            if lengths.next().is_some() {
                return Err(Fault::LengthTwice);
            }
            let length = decimal(field.value).ok_or(Fault::LengthInvalid)?;
            Ok(Declared::Length(length))
        }
    }
}

fn chunked<'a>(
    version: Version,
    codings: impl Iterator<Item = Field<'a>> + Clone,
) -> Result<Declared, Fault> {
    match version {
        // RFC 9112, 6.1: faulty framing, whatever else the head says.
        Version::Http10 => return Err(Fault::CodingTooOld),
        Version::Http11 => {}
    }
    let is_chunked = |coding: &[u8]| coding.eq_ignore_ascii_case(b"chunked");
    let list = codings.flat_map(|field| elements(field.value));
    let last = list.clone().last().is_some_and(is_chunked);
    match list.clone().count() {
        1 if last => Ok(Declared::Chunked),
        // RFC 9112, 6.1: chunked comes last and only once; what is before it we do not know.
        before if last && list.take(before - 1).all(unknown) => Err(Fault::CodingUnknown),
        _ => Err(Fault::CodingInvalid),
    }
}

/// A well-formed coding, perhaps with parameters, that is not chunked.
fn unknown(coding: &[u8]) -> bool {
    let name = coding.split(|byte| *byte == b';').next();
    name.is_some_and(|name| {
        let name = name.trim_ascii();
        is_token(name) && !name.eq_ignore_ascii_case(b"chunked")
    })
}

/// The body of a request.
pub(super) fn of_request(declared: Declared) -> BodyKind {
    match declared {
        // RFC 9112, 6.3 rules 6 and 7: a request without framing fields has no body.
        Declared::Nothing | Declared::Length(0) => BodyKind::None,
        Declared::Length(length) => BodyKind::Length(length),
        Declared::Chunked => BodyKind::Chunked,
    }
}

/// The body of a response with `status` to a request with `method`.
pub(super) fn of_response(declared: Declared, status: u16, method: Method) -> BodyKind {
    if bodyless(status, method) {
        return BodyKind::None;
    }
    match declared {
        Declared::Length(0) => BodyKind::None,
        Declared::Length(length) => BodyKind::Length(length),
        Declared::Chunked => BodyKind::Chunked,
        // RFC 9112, 6.3 rule 8: everything until the close (U07, U08).
        Declared::Nothing => BodyKind::Close,
    }
}

/// U15; RFC 9112, 6.3 rules 1 and 2: no body follows, whatever the framing fields say.
pub(super) fn bodyless(status: u16, method: Method) -> bool {
    let tunnel = method == Method::Connect && (200..300).contains(&status);
    method == Method::Head || matches!(status, 100..=199 | 204 | 304) || tunnel
}
