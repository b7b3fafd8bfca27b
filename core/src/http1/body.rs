//! What a body is handed on as: pieces of data, and an end with its trailers.
//!
//! Owns the reading of a trailer section. Never forwards a trailer that frames, routes or
//! authenticates.

use super::fields::may_trail;
use super::reject::{Fault, earliest};
use super::text::{put_field, section_end, size};
use crate::limits::Limits;
use alloc::vec;
use alloc::vec::Vec;

/// One piece of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Bytes of the body. Empty only if the caller had no room for any.
    Data(&'a [u8]),
    /// The message is complete.
    End {
        /// What may be forwarded of its trailers.
        trailers: Trailers,
    },
}

/// Trailer fields, validated and ready to be sent on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Trailers {
    lines: Vec<u8>,
}

impl Trailers {
    /// There are none.
    #[must_use]
    pub const fn none() -> Self {
        Trailers { lines: Vec::new() }
    }

    /// The field lines, each with its CRLF, without the empty line that ends them.
    #[must_use]
    pub fn lines(&self) -> &[u8] {
        &self.lines
    }
}

/// The limits of a trailer section: those of a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Bounds {
    bytes: u32,
    fields: u32,
}

impl Bounds {
    pub(super) fn of(limits: &Limits) -> Self {
        Bounds {
            bytes: limits.head_bytes,
            fields: limits.head_fields,
        }
    }
}

/// Reads a trailer section with the empty line that ends it. `None`: more bytes are needed.
pub(super) fn trailers(input: &[u8], bounds: Bounds) -> Result<Option<(usize, Trailers)>, Fault> {
    parse(input, bounds).map_err(|fault| {
        let begins = |text: &[u8]| parse(text, bounds).err();
        earliest(input, fault, begins)
    })
}

fn parse(input: &[u8], bounds: Bounds) -> Result<Option<(usize, Trailers)>, Fault> {
    if input.starts_with(b"\r\n") {
        return Ok(Some((2, Trailers::none())));
    }
    let most = size(bounds.bytes);
    let end = section_end(&input[..input.len().min(most)])?;
    if end.is_none() && input.len() >= most {
        return Err(Fault::TrailerTooLong);
    }
    let mut fields = vec![httparse::EMPTY_HEADER; size(bounds.fields)];
    let section = &input[..end.unwrap_or(input.len())];
    let parsed = match httparse::parse_headers(section, &mut fields) {
        Ok(parsed) => parsed,
        Err(httparse::Error::TooManyHeaders) => return Err(Fault::TrailerTooLong),
        Err(_) => return Err(Fault::Trailer),
    };
    match (end, parsed) {
        (None, httparse::Status::Partial) => Ok(None),
        (Some(end), httparse::Status::Complete((length, fields))) if length == end => {
            let mut lines = Vec::new();
            // RFC 9110, 6.5.1: the others are dropped, silently as it allows.
            for field in fields.iter().filter(|field| may_trail(field.name)) {
                put_field(field.name, field.value, &mut lines);
            }
            Ok(Some((end, Trailers { lines })))
        }
        // Two readers, two ends: none of it counts.
        (Some(_) | None, _) => Err(Fault::Trailer),
    }
}
