//! The Connection field: what is said about the connection a message came on.
//!
//! Owns persistence (RFC 9112, 9.3), how long it is meant to last (Keep-Alive) and nomination
//! (RFC 9110, 7.6.1). Never closes anything.

use super::Version;
use super::fields::{Fields, Known, nominable};
use super::reject::Fault;
use super::text::{decimal, elements, is_token};

/// Most connection options of one head. Each field is compared with each option, so that their
/// product is what a hostile head costs.
const OPTIONS: usize = 32;

/// The connection is not to be used after this message.
#[inline]
pub(super) fn closes(version: Version, fields: &Fields<'_>) -> Result<bool, Fault> {
    match fields.any(Known::Connection.bit()) {
        true => read(version, fields),
        // RFC 9112, 9.3: without a word of it the version decides.
        false => Ok(version == Version::Http10),
    }
}

fn read(version: Version, fields: &Fields<'_>) -> Result<bool, Fault> {
    let mut own = fields.known(Known::Connection);
    let options: usize = own.clone().map(|field| elements(field.value).count()).sum();
    if options > OPTIONS {
        return Err(Fault::TooManyOptions);
    }
    // RFC 9112, 9.3: close wins over keep-alive; without either the version decides.
    let close = own.clone().any(|field| field.names("close"));
    Ok(match version {
        Version::Http11 => close,
        Version::Http10 => close || !own.any(|field| field.names("keep-alive")),
    })
}

/// For how many seconds the sender keeps an idle connection, if it says so: the least that it names.
pub(super) fn idle_hint(fields: &Fields<'_>) -> Option<u16> {
    let own = fields.known(Known::KeepAlive);
    let seconds = own
        .flat_map(|field| elements(field.value))
        .filter_map(timeout);
    seconds.min().map(|s| u16::try_from(s).unwrap_or(u16::MAX))
}

/// `timeout=5` (RFC 2068, 19.7.1.1, and what servers make of it).
fn timeout(element: &[u8]) -> Option<u64> {
    let at = element.iter().position(|byte| *byte == b'=')?;
    let (name, value) = (element[..at].trim_ascii(), element[at + 1..].trim_ascii());
    name.eq_ignore_ascii_case(b"timeout")
        .then(|| decimal(value))
        .flatten()
}

/// The client asks for another protocol, in a way that can be passed on (RFC 9110, 7.8).
///
/// HTTP itself and TLS are not: behind them an origin would speak what nobody here looks at, and
/// requests would pass by every route (a smuggler's way in; RFC 9113, 3.1 has retired h2c).
pub(super) fn upgrades(version: Version, fields: &Fields<'_>) -> bool {
    let asked = version == Version::Http11
        && fields
            .known(Known::Connection)
            .any(|field| field.names("upgrade"));
    let mut names = fields
        .known(Known::Upgrade)
        .flat_map(|field| elements(field.value))
        .filter(|name| !name.is_empty()) // RFC 9110, 5.6.1.2
        .peekable();
    asked && names.peek().is_some() && names.all(|name| !carries_http(name) && is_protocol(name))
}

fn carries_http(name: &[u8]) -> bool {
    let protocol = name.split(|byte| *byte == b'/').next().unwrap_or(name);
    [&b"h2c"[..], b"h2", b"http", b"tls"]
        .iter()
        .any(|known| protocol.eq_ignore_ascii_case(known))
}

/// `token ["/" token]`.
fn is_protocol(name: &[u8]) -> bool {
    let mut parts = name.splitn(2, |byte| *byte == b'/');
    parts.all(is_token)
}

/// A Connection field among `fields` says that `name` goes no further than this connection.
pub(super) fn nominates(fields: &Fields<'_>, name: &str) -> bool {
    // RFC 9110, 7.6.1: a sender must not nominate what all recipients need. One that does would
    // have us change the target or the length of its message.
    let mut own = fields.known(Known::Connection);
    own.any(|field| field.names(name)) && nominable(name)
}
