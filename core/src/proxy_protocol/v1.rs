//! Version 1: one line of text, `PROXY TCP4 192.0.2.1 198.51.100.1 56324 443` and CRLF.

use super::{Fault, Header, LEAST_BYTES, Read};
use alloc::{format, vec::Vec};
use core::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    str,
};

/// The longest line, with its CRLF: section 2.1.
const MOST: usize = 107;

const PROXY: &[u8] = b"PROXY ";
/// The protocols, as long as their beginnings are told apart by: each with what follows it.
const TCP4: &[u8] = b"TCP4 ";
const TCP6: &[u8] = b"TCP6 ";
const UNKNOWN: &[u8] = b"UNKNOWN";
/// Spaces of a whole line that names addresses.
const SPACES: usize = 5;

pub(super) fn read(input: &[u8]) -> Result<Read, Fault> {
    if !begins(input, PROXY) {
        return Err(Fault::Alien);
    }
    let rest = input.get(PROXY.len()..).unwrap_or_default();
    if ![TCP4, TCP6, UNKNOWN].iter().any(|word| begins(rest, word)) {
        return Err(Fault::Protocol);
    }
    let line = &input[..input.len().min(MOST)];
    let Some(end) = line.iter().position(|byte| matches!(byte, b'\r' | b'\n')) else {
        return match input.len() < MOST {
            true => Ok(Read::Partial(missing(input))),
            false => Err(Fault::TooLong),
        };
    };
    match &line[end..] {
        [b'\r', b'\n', ..] => {}
        [b'\r'] if input.len() < MOST => return Ok(Read::Partial(1)),
        [b'\r'] => return Err(Fault::TooLong),
        _ => return Err(Fault::LineEnd),
    }
    let words = &line[PROXY.len()..end];
    let header = match words.strip_prefix(UNKNOWN) {
        // Section 2.1: whatever stands before the CRLF is to be ignored.
        Some([] | [b' ', ..]) => Header::Local,
        Some(_) => return Err(Fault::Protocol),
        None => addresses(words)?,
    };
    Ok(Read::Whole(end + 2, header))
}

/// Whether one of them is the beginning of the other.
fn begins(input: &[u8], word: &[u8]) -> bool {
    let both = input.len().min(word.len());
    input[..both] == word[..both]
}

/// How many bytes a line without an end needs at least: for each field that is to come a space and a
/// byte, and CRLF.
fn missing(input: &[u8]) -> usize {
    let known = input.len() > PROXY.len() && input[PROXY.len()] == b'T';
    if !known {
        return LEAST_BYTES.saturating_sub(input.len()).max(2);
    }
    let spaces = input.iter().filter(|byte| **byte == b' ').count();
    let begun = usize::from(input.last() == Some(&b' '));
    2 * SPACES.saturating_sub(spaces) + begun + 2
}

fn addresses(words: &[u8]) -> Result<Header, Fault> {
    let mut words = words.split(|byte| *byte == b' ');
    let mut next = || words.next().ok_or(Fault::Address);
    let family = next()?;
    let (source, destination) = (ip(family, next()?)?, ip(family, next()?)?);
    let (source_port, destination_port) = (port(next()?)?, port(next()?)?);
    match words.next() {
        Some(_) => Err(Fault::Address),
        None => Ok(Header::Proxied {
            source: SocketAddr::new(source, source_port),
            destination: SocketAddr::new(destination, destination_port),
        }),
    }
}

fn ip(family: &[u8], word: &[u8]) -> Result<IpAddr, Fault> {
    let text = str::from_utf8(word).map_err(|_| Fault::Address)?;
    let ip = match family {
        b"TCP4" => text.parse::<Ipv4Addr>().map(IpAddr::V4),
        _ => text.parse::<Ipv6Addr>().map(IpAddr::V6),
    };
    ip.map_err(|_| Fault::Address)
}

/// One to five digits, no sign and no leading zero.
fn port(word: &[u8]) -> Result<u16, Fault> {
    let digits = word.iter().all(u8::is_ascii_digit);
    if !digits || word.len() > 1 && word[0] == b'0' {
        return Err(Fault::Address);
    }
    let text = str::from_utf8(word).map_err(|_| Fault::Address)?;
    text.parse().map_err(|_| Fault::Address)
}

/// Both addresses are of one family.
pub(super) fn write(client: SocketAddr, destination: SocketAddr, out: &mut Vec<u8>) {
    let family = if client.is_ipv4() { "TCP4" } else { "TCP6" };
    let line = format!(
        "PROXY {family} {} {} {} {}\r\n",
        client.ip(),
        destination.ip(),
        client.port(),
        destination.port()
    );
    out.extend_from_slice(line.as_bytes());
}
