//! The name in a client's first words: as much of a ClientHello as routing needs (RFC 8446, 4.1.2;
//! RFC 6066, 3), and no more.
//!
//! It looks at bytes and keeps none: what was looked at goes to the origin as it came (P3). It
//! never judges what the origin may like: versions, suites and extensions are not ours.

use alloc::{string::String, vec::Vec};

/// A ClientHello may be spread over so many bytes on the wire; RFC 8446 needs far fewer.
pub const MOST_BYTES: u32 = 64 * 1024;

/// The fatal alert `unrecognized_name`, as a record of its own (RFC 6066, 3).
pub const UNRECOGNIZED_NAME: [u8; 7] = [21, 3, 3, 0, 2, 2, 112];

/// What the first bytes of a connection are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hello {
    /// The beginning of a ClientHello.
    Partial,
    /// A ClientHello, and the host it names, in lower case; it need not name any.
    Whole(Option<String>),
    /// Nothing that can become one within the limit.
    Alien,
}

/// Bytes that are not a ClientHello.
struct Alien;

const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const SERVER_NAME: u16 = 0;
const HOST_NAME: u8 = 0;
const RECORD_BYTES: usize = 1 << 14;

/// Looks at all that a client has said so far.
#[must_use]
pub fn read(said: &[u8]) -> Hello {
    match message(said).and_then(|message| message.map(name).transpose()) {
        Ok(Some(name)) => Hello::Whole(name),
        Ok(None) if said.len() < MOST_BYTES as usize => Hello::Partial,
        Ok(None) | Err(Alien) => Hello::Alien,
    }
}

/// The body of the handshake message that the records begin with, once it is whole.
fn message(mut said: &[u8]) -> Result<Option<Vec<u8>>, Alien> {
    let mut message = Vec::new();
    while let Some((&kind, rest)) = said.split_first() {
        // SSL 3.0 and TLS 1.x all say 3 here; the second byte is not to be looked at.
        if kind != HANDSHAKE || rest.first().is_some_and(|major| *major != 3) {
            return Err(Alien);
        }
        let Some((length, rest)) = rest.get(2..).and_then(take_u16) else {
            return Ok(None);
        };
        let length = usize::from(length);
        if length == 0 || length > RECORD_BYTES {
            return Err(Alien);
        }
        message.extend_from_slice(&rest[..length.min(rest.len())]);
        if let Some(whole) = body(&message)? {
            return Ok(Some(whole.to_vec()));
        }
        said = rest.get(length..).unwrap_or_default();
    }
    Ok(None)
}

/// The body of the message that `bytes` begin with, if it is all there.
fn body(bytes: &[u8]) -> Result<Option<&[u8]>, Alien> {
    let Some((&kind, rest)) = bytes.split_first() else {
        return Ok(None);
    };
    if kind != CLIENT_HELLO {
        return Err(Alien);
    }
    let Some(&[a, b, c]) = rest.get(..3) else {
        return Ok(None);
    };
    let length = u32::from_be_bytes([0, a, b, c]);
    if length >= MOST_BYTES {
        return Err(Alien);
    }
    Ok(rest.get(3..).and_then(|rest| rest.get(..length as usize)))
}

/// The host that a ClientHello names.
fn name(message: Vec<u8>) -> Result<Option<String>, Alien> {
    let mut rest = message.get(2 + 32..).ok_or(Alien)?;
    let _session = vector_u8(&mut rest)?;
    let _suites = vector_u16(&mut rest)?;
    let _compressions = vector_u8(&mut rest)?;
    if rest.is_empty() {
        // Before TLS 1.3 a client need not have extensions.
        return Ok(None);
    }
    let mut extensions = vector_u16(&mut rest)?;
    if !rest.is_empty() {
        return Err(Alien);
    }
    let mut host = None;
    while !extensions.is_empty() {
        let kind = u16_of(&mut extensions)?;
        let mut data = vector_u16(&mut extensions)?;
        if kind == SERVER_NAME {
            // RFC 8446, 4.2: none comes twice.
            if host.is_some() {
                return Err(Alien);
            }
            host = Some(host_name(&mut data)?);
        }
    }
    Ok(host)
}

/// RFC 6066, 3: a list of one host name.
fn host_name(data: &mut &[u8]) -> Result<String, Alien> {
    let mut list = vector_u16(data)?;
    let (&kind, rest) = list.split_first().ok_or(Alien)?;
    list = rest;
    let host = vector_u16(&mut list)?;
    let known = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.');
    if kind != HOST_NAME || !list.is_empty() || !data.is_empty() || host.is_empty() {
        return Err(Alien);
    }
    if host.len() > 255 || !host.iter().all(known) {
        return Err(Alien);
    }
    Ok(host
        .iter()
        .map(|c| char::from(c.to_ascii_lowercase()))
        .collect())
}

fn take_u16(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let (two, rest) = bytes.split_first_chunk::<2>()?;
    Some((u16::from_be_bytes(*two), rest))
}

fn u16_of(bytes: &mut &[u8]) -> Result<u16, Alien> {
    let (value, rest) = take_u16(bytes).ok_or(Alien)?;
    *bytes = rest;
    Ok(value)
}

fn vector_u8<'a>(bytes: &mut &'a [u8]) -> Result<&'a [u8], Alien> {
    let (&length, rest) = bytes.split_first().ok_or(Alien)?;
    *bytes = rest;
    vector(bytes, usize::from(length))
}

fn vector_u16<'a>(bytes: &mut &'a [u8]) -> Result<&'a [u8], Alien> {
    let length = u16_of(bytes)?;
    vector(bytes, usize::from(length))
}

fn vector<'a>(bytes: &mut &'a [u8], length: usize) -> Result<&'a [u8], Alien> {
    let (inside, rest) = bytes.split_at_checked(length).ok_or(Alien)?;
    *bytes = rest;
    Ok(inside)
}

#[cfg(test)]
#[path = "tests_hello.rs"]
mod tests_hello;
