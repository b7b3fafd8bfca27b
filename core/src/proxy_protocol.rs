//! The PROXY protocol, versions 1 and 2 (HAProxy's proxy-protocol.txt): what a balancer says of the
//! client it speaks for, before anything else.
//!
//! Pure and strict, and stateless: the reader looks at all that has come so far. It says how many more
//! bytes the header needs at least, so that whoever reads no more than that never takes a byte behind
//! it: nothing has to be given back, be it HTTP, TLS or anything else.

mod crc;
#[cfg(test)]
mod tests;
mod v1;
mod v2;

use alloc::vec::Vec;
use core::{fmt, net::SocketAddr};

/// The most that a header may have: one of version 1 has at most 107 bytes, one of version 2 may carry
/// a certificate or two.
pub const MOST_BYTES: usize = 16 * 1024;

/// The shortest header there is: `PROXY UNKNOWN` and CRLF.
const LEAST_BYTES: usize = 15;

/// Which version is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// A line of text.
    V1,
    /// Binary.
    V2,
}

/// What a header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Header {
    /// The connection is the balancer's own, or it does not say whose it is: both ends are as they are
    /// seen.
    Local,
    /// It is for someone else.
    Proxied {
        /// The client.
        source: SocketAddr,
        /// Where it has connected to.
        destination: SocketAddr,
    },
}

/// What the first bytes of a connection are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Read {
    /// The beginning of a header. At least so many more bytes, one or more, belong to it.
    Partial(usize),
    /// A header of so many bytes.
    Whole(usize, Header),
    /// No header, or a malformed one; nothing that follows can change that.
    Refused(Fault),
}

/// Why it is no header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// It begins like neither version.
    Alien,
    /// Version 1: a protocol that is neither TCP4, TCP6 nor UNKNOWN.
    Protocol,
    /// An address or a port that is not written as it has to be, or not of that protocol.
    Address,
    /// Version 1: no CRLF where the line has to end, or a CR or LF where it must not.
    LineEnd,
    /// It is above the limit: 107 bytes in version 1, [`MOST_BYTES`] in version 2.
    TooLong,
    /// Version 2: neither the command LOCAL nor PROXY, or another version than 2.
    Command,
    /// Version 2: a family or protocol that does not exist, or no stream.
    Family,
    /// Version 2: too short for its addresses, or a TLV that reaches beyond its end.
    Length,
    /// Version 2: the checksum is not the one of its bytes, or there are two.
    Checksum,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::Alien => "no PROXY header",
            Fault::Protocol => "unknown protocol",
            Fault::Address => "malformed address",
            Fault::LineEnd => "malformed end of line",
            Fault::TooLong => "header too long",
            Fault::Command => "unknown version or command",
            Fault::Family => "unknown family or protocol",
            Fault::Length => "length does not fit",
            Fault::Checksum => "wrong checksum",
        })
    }
}

/// Looks at all that has come so far.
#[must_use]
pub fn read(input: &[u8]) -> Read {
    let read = match input.first() {
        None => return Read::Partial(LEAST_BYTES),
        Some(b'P') => v1::read(input),
        Some(_) => v2::read(input),
    };
    read.unwrap_or_else(Read::Refused)
}

/// Appends a header that says: this is for `client`, which has connected to `destination`. What cannot
/// be said in one family is said in IPv6.
pub fn write(version: Version, client: SocketAddr, destination: SocketAddr, out: &mut Vec<u8>) {
    let (client, destination) = match (plain(client), plain(destination)) {
        (SocketAddr::V4(_), SocketAddr::V4(_)) | (SocketAddr::V6(_), SocketAddr::V6(_)) => {
            (plain(client), plain(destination))
        }
        (client, destination) => (mapped(client), mapped(destination)),
    };
    match version {
        Version::V1 => v1::write(client, destination, out),
        Version::V2 => v2::write(client, destination, out),
    }
}

/// An IPv4 address inside an IPv6 one, by itself.
fn plain(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// An IPv4 address, inside an IPv6 one.
fn mapped(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(v4) => SocketAddr::new(v4.ip().to_ipv6_mapped().into(), v4.port()),
        SocketAddr::V6(_) => address,
    }
}
