//! Version 2: twelve bytes that no text begins with, four that say what follows, addresses, and TLVs,
//! which are skipped but for the checksum.

use super::{Fault, Header, MOST_BYTES, Read, crc::Crc};
use alloc::vec::Vec;
use core::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

/// Section 2.2.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// Signature, command, family and length.
const FIXED: usize = 16;

const LOCAL: u8 = 0x20;
const PROXY: u8 = 0x21;

/// The type of the checksum among the TLVs (section 2.2.3), and how long it is.
const CRC32C: u8 = 0x03;
const CRC32C_BYTES: usize = 4;

pub(super) fn read(input: &[u8]) -> Result<Read, Fault> {
    let both = input.len().min(SIGNATURE.len());
    if input[..both] != SIGNATURE[..both] {
        return Err(Fault::Alien);
    }
    if let Some(command) = input.get(12)
        && ![LOCAL, PROXY].contains(command)
    {
        return Err(Fault::Command);
    }
    let Some(&[command, family, high, low]) = input.get(12..FIXED) else {
        return Ok(Read::Partial(FIXED - input.len()));
    };
    let whole = FIXED + usize::from(u16::from_be_bytes([high, low]));
    if whole > MOST_BYTES {
        return Err(Fault::TooLong);
    }
    let addresses = match (command, family) {
        // "The receiver [..] must discard the protocol block, including the family."
        (LOCAL, _) | (_, 0x00) => 0,
        (_, 0x11) => 12,
        (_, 0x21) => 36,
        // A Unix socket's client has no address that we could use.
        (_, 0x31) => 216,
        _ => return Err(Fault::Family),
    };
    if whole < FIXED + addresses {
        return Err(Fault::Length);
    }
    let Some(header) = input.get(..whole) else {
        return Ok(Read::Partial(whole - input.len()));
    };
    if command == LOCAL {
        return Ok(Read::Whole(whole, Header::Local));
    }
    verify(header, FIXED + addresses)?;
    Ok(Read::Whole(whole, proxied(family, &header[FIXED..])))
}

fn proxied(family: u8, from: &[u8]) -> Header {
    let (source, destination) = match family {
        0x11 => (
            Ipv4Addr::from(bytes::<4>(from, 0)).into(),
            Ipv4Addr::from(bytes::<4>(from, 4)).into(),
        ),
        0x21 => (
            Ipv6Addr::from(bytes::<16>(from, 0)).into(),
            Ipv6Addr::from(bytes::<16>(from, 16)).into(),
        ),
        _ => return Header::Local,
    };
    let ports = if family == 0x11 { 8 } else { 32 };
    let port = |at| u16::from_be_bytes(bytes::<2>(from, at));
    Header::Proxied {
        source: SocketAddr::new(source, port(ports)),
        destination: SocketAddr::new(destination, port(ports + 2)),
    }
}

/// The caller has seen that they are there.
fn bytes<const N: usize>(from: &[u8], at: usize) -> [u8; N] {
    core::array::from_fn(|n| from[at + n])
}

/// Walks over the TLVs, which begin at `at`, and verifies the checksum if there is one: it is that of
/// the whole header with zeros in its own place.
fn verify(header: &[u8], mut at: usize) -> Result<(), Fault> {
    let mut sum = None;
    while at < header.len() {
        let Some(&[kind, high, low]) = header.get(at..at + 3) else {
            return Err(Fault::Length);
        };
        let (from, length) = (at + 3, usize::from(u16::from_be_bytes([high, low])));
        at = from + length;
        if at > header.len() {
            return Err(Fault::Length);
        }
        if kind == CRC32C {
            if length != CRC32C_BYTES {
                return Err(Fault::Length);
            }
            if sum.replace(from).is_some() {
                return Err(Fault::Checksum);
            }
        }
    }
    let Some(from) = sum else {
        return Ok(());
    };
    let (before, behind) = (&header[..from], &header[from + CRC32C_BYTES..]);
    let crc = Crc::new().add(before).add(&[0; CRC32C_BYTES]).add(behind);
    match crc.sum() == u32::from_be_bytes(bytes(header, from)) {
        true => Ok(()),
        false => Err(Fault::Checksum),
    }
}

/// Both addresses are of one family.
pub(super) fn write(client: SocketAddr, destination: SocketAddr, out: &mut Vec<u8>) {
    out.extend_from_slice(&SIGNATURE);
    out.push(PROXY);
    match (client, destination) {
        (SocketAddr::V4(client), SocketAddr::V4(destination)) => {
            out.extend_from_slice(&[0x11, 0, 12]);
            out.extend_from_slice(&client.ip().octets());
            out.extend_from_slice(&destination.ip().octets());
        }
        (client, destination) => {
            out.extend_from_slice(&[0x21, 0, 36]);
            for address in [client, destination] {
                let v6 = match super::mapped(address) {
                    SocketAddr::V6(v6) => *v6.ip(),
                    SocketAddr::V4(v4) => v4.ip().to_ipv6_mapped(),
                };
                out.extend_from_slice(&v6.octets());
            }
        }
    }
    out.extend_from_slice(&client.port().to_be_bytes());
    out.extend_from_slice(&destination.port().to_be_bytes());
}
