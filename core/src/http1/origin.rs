//! Where a request came from: the fields that tell the next server, and Via.
//!
//! Owns X-Forwarded-For, -Proto and -Host, Forwarded (RFC 7239) and Via (RFC 9110, 7.6.3). What
//! others say of it counts only if they are trusted, and then it is added to, never replaced.

use super::fields::{Field, Fields, Known, spells_x_forwarded};
use super::text::{is_token, put_address};
use super::{Forwarded, Version};
use alloc::vec::Vec;
use core::net::IpAddr;

/// Which fields tell an origin where a request came from. None of the others goes on, whoever sent it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tells {
    /// X-Forwarded-For, -Proto and -Host.
    #[default]
    XForwarded,
    /// Forwarded (RFC 7239).
    Forwarded,
    /// All of them.
    Both,
    /// None of them.
    Nothing,
}

impl Tells {
    fn x_forwarded(self) -> bool {
        matches!(self, Tells::XForwarded | Tells::Both)
    }

    fn forwarded(self) -> bool {
        matches!(self, Tells::Forwarded | Tells::Both)
    }
}

/// Which fields this writer writes itself.
const WRITTEN: [&str; 4] = [FOR, PROTO, HOST, FORWARDED];
const FOR: &str = "X-Forwarded-For";
const PROTO: &str = "X-Forwarded-Proto";
const HOST: &str = "X-Forwarded-Host";
const FORWARDED: &str = "Forwarded";

/// Whether a trusted peer's claim goes on as it is. Only as X-Real-IP and X-Forwarded-*: many origins
/// read `_` as `-`, so that one spelling could gainsay the other, and `Proxy` is nobody's to say.
pub(super) fn claim_goes_on(field: Field<'_>, forwarded: &Forwarded<'_>) -> bool {
    let x = field.is("X-Real-IP") || spells_x_forwarded(field.name);
    let written = WRITTEN.iter().any(|name| field.is(name));
    forwarded.trusted && forwarded.tells.x_forwarded() && x && !written
}

/// Appends what tells where a request came from. `host`: whom the client asked for.
pub(super) fn put_origin(
    fields: &Fields<'_>,
    forwarded: &Forwarded<'_>,
    host: &[u8],
    out: &mut Vec<u8>,
) {
    let client = forwarded.client.to_canonical();
    let scheme: &[u8] = if forwarded.https { b"https" } else { b"http" };
    let tells = forwarded.tells;
    // Most clients are not trusted, and most routes drop nothing.
    let said = forwarded.trusted && fields.any(Known::Claim.bit());
    if tells == Tells::XForwarded && !said && !forwarded.edits.drops_any() {
        return put_all(client, forwarded.https, host, out);
    }
    if tells.x_forwarded() {
        // A trusted proxy knows how the client came to it; we know only how the proxy came to us.
        if !forwarded.edits.drops(FOR) {
            if begin(FOR, fields, forwarded, out) {
                out.extend_from_slice(b", ");
            }
            put_address(client, out);
            out.extend_from_slice(b"\r\n");
        }
        for (name, ours) in [(PROTO, scheme), (HOST, host)] {
            if forwarded.edits.drops(name) {
                continue;
            }
            if !begin(name, fields, forwarded, out) {
                out.extend_from_slice(ours);
            }
            out.extend_from_slice(b"\r\n");
        }
    }
    if tells.forwarded() && !forwarded.edits.drops(FORWARDED) {
        if begin(FORWARDED, fields, forwarded, out) {
            out.extend_from_slice(b", ");
        }
        put_element(client, host, scheme, out);
        out.extend_from_slice(b"\r\n");
    }
}

/// Appends X-Forwarded-For, -Proto and -Host, where nobody has said anything and nothing is dropped.
fn put_all(client: IpAddr, https: bool, host: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"X-Forwarded-For: ");
    put_address(client, out);
    out.extend_from_slice(match https {
        true => b"\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: ",
        false => b"\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: ",
    });
    out.extend_from_slice(host);
    out.extend_from_slice(b"\r\n");
}

/// Begins a field with what a trusted peer has said in fields of that name. Whether it has.
fn begin(name: &str, fields: &Fields<'_>, forwarded: &Forwarded<'_>, out: &mut Vec<u8>) -> bool {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    let start = out.len();
    let said = fields
        .iter()
        .filter(|field| forwarded.trusted && field.is(name) && !field.value.is_empty());
    for field in said {
        if out.len() > start {
            out.extend_from_slice(b", ");
        }
        out.extend_from_slice(field.value);
    }
    out.len() > start
}

/// RFC 7239, 4 and 6: addresses of IPv6 stand in brackets, and what is no token in quotes.
fn put_element(client: IpAddr, host: &[u8], scheme: &[u8], out: &mut Vec<u8>) {
    match client {
        IpAddr::V4(_) => {
            out.extend_from_slice(b"for=");
            put_address(client, out);
        }
        IpAddr::V6(_) => {
            out.extend_from_slice(b"for=\"[");
            put_address(client, out);
            out.extend_from_slice(b"]\"");
        }
    }
    if !host.is_empty() {
        // No authority has a quote or a backslash in it.
        let quote: &[u8] = if is_token(host) { b"" } else { b"\"" };
        for part in [b";host=", quote, host, quote] {
            out.extend_from_slice(part);
        }
    }
    out.extend_from_slice(b";proto=");
    out.extend_from_slice(scheme);
}

/// RFC 9110, 7.6.3: the version received, and who received it. Earlier ones went before. No name, no
/// field.
#[inline]
pub(super) fn put_via(received: Version, name: &str, out: &mut Vec<u8>) {
    if name.is_empty() {
        return;
    }
    let version: &[u8] = match received {
        Version::Http10 => b"Via: 1.0 ",
        Version::Http11 => b"Via: 1.1 ",
    };
    out.extend_from_slice(version);
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\r\n");
}
