//! The names of fields that mean something here.
//!
//! Owns their list, and finds out which of them a name is: once a field, by whole words instead of
//! letter by letter. Never judges a field.

use super::fields::x_forwarded;

/// The names that mean something here, looked up once a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Accept,
    Connection,
    ContentLength,
    ContentType,
    Expect,
    Host,
    KeepAlive,
    MaxForwards,
    RequestId,
    Te,
    Trailer,
    TransferEncoding,
    Upgrade,
    /// One more that belongs to one connection.
    HopByHop,
    /// What a client says of itself, and we alone may say.
    Claim,
    Other,
}

/// A name of 2 to 16 letters, in one case: its first and its last letters, which together are all.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Letters(u64, u64);

impl Letters {
    /// `name` is a token. The bit of case tells letters apart from no other bytes of one but `^`, `~`
    /// and `_`, and where a known name has `_`, what has that bit is no token.
    #[inline(always)]
    const fn of(name: &[u8]) -> Letters {
        let (first, last) = match name.len() {
            0..2 => (0, 0),
            2..4 => match (name.first_chunk(), name.last_chunk()) {
                (Some(first), Some(last)) => (
                    u16::from_le_bytes(*first) as u64,
                    u16::from_le_bytes(*last) as u64,
                ),
                (_, _) => (0, 0),
            },
            4..8 => match (name.first_chunk(), name.last_chunk()) {
                (Some(first), Some(last)) => (
                    u32::from_le_bytes(*first) as u64,
                    u32::from_le_bytes(*last) as u64,
                ),
                (_, _) => (0, 0),
            },
            8.. => match (name.first_chunk(), name.last_chunk()) {
                (Some(first), Some(last)) => {
                    (u64::from_le_bytes(*first), u64::from_le_bytes(*last))
                }
                (_, _) => (0, 0),
            },
        };
        const CASE: u64 = u64::from_le_bytes([0x20; 8]);
        Letters(first | CASE, last | CASE)
    }
}

const TE: Letters = Letters::of(b"TE");
const HOST: Letters = Letters::of(b"Host");
const PROXY: Letters = Letters::of(b"Proxy");
const ACCEPT: Letters = Letters::of(b"Accept");
const EXPECT: Letters = Letters::of(b"Expect");
const UPGRADE: Letters = Letters::of(b"Upgrade");
const TRAILER: Letters = Letters::of(b"Trailer");
const FORWARDED: Letters = Letters::of(b"Forwarded");
const X_REAL_IP: Letters = Letters::of(b"X-Real-IP");
/// Who reads `_` as `-` does so in each place.
const X_REAL_IP_2: Letters = Letters::of(b"X_Real_IP");
const X_REAL_IP_3: Letters = Letters::of(b"X_Real-IP");
const X_REAL_IP_4: Letters = Letters::of(b"X-Real_IP");
const CONNECTION: Letters = Letters::of(b"Connection");
const KEEP_ALIVE: Letters = Letters::of(b"Keep-Alive");
const CONTENT_TYPE: Letters = Letters::of(b"Content-Type");
const MAX_FORWARDS: Letters = Letters::of(b"Max-Forwards");
const X_REQUEST_ID: Letters = Letters::of(b"X-Request-Id");
const CONTENT_LENGTH: Letters = Letters::of(b"Content-Length");
const HTTP2_SETTINGS: Letters = Letters::of(b"HTTP2-Settings");
const PROXY_CONNECTION: Letters = Letters::of(b"Proxy-Connection");
/// Behind its first letter.
const TRANSFER_ENCODING: Letters = Letters::of(b"ransfer-Encoding");

impl Known {
    pub(super) const fn bit(self) -> u16 {
        1 << self as u16
    }

    /// What `name`, a token, is. RFC 9110, 5.1: names are case-insensitive.
    #[inline(always)]
    pub(super) fn of(name: &str) -> Known {
        let text = name.as_bytes();
        match (text.len(), Letters::of(text)) {
            (2, TE) => Known::Te,
            (4, HOST) => Known::Host,
            (5, PROXY) => Known::Claim,
            (6, ACCEPT) => Known::Accept,
            (6, EXPECT) => Known::Expect,
            (7, UPGRADE) => Known::Upgrade,
            (7, TRAILER) => Known::Trailer,
            (9, FORWARDED | X_REAL_IP | X_REAL_IP_2 | X_REAL_IP_3 | X_REAL_IP_4) => Known::Claim,
            (10, CONNECTION) => Known::Connection,
            (10, KEEP_ALIVE) => Known::KeepAlive,
            (12, CONTENT_TYPE) => Known::ContentType,
            (12, MAX_FORWARDS) => Known::MaxForwards,
            (12, X_REQUEST_ID) => Known::RequestId,
            (14, CONTENT_LENGTH) => Known::ContentLength,
            (14, HTTP2_SETTINGS) => Known::HopByHop,
            (16, PROXY_CONNECTION) => Known::HopByHop,
            (17, _) => match text {
                [b't' | b'T', rest @ ..] if Letters::of(rest) == TRANSFER_ENCODING => {
                    Known::TransferEncoding
                }
                _ if x_forwarded(name) => Known::Claim,
                _ => Known::Other,
            },
            (12.., _) if x_forwarded(name) => Known::Claim,
            (_, _) => Known::Other,
        }
    }

    /// The field belongs to the connection it came on.
    pub(super) fn is_hop_by_hop(self) -> bool {
        match self {
            Known::Connection
            | Known::KeepAlive
            | Known::Te
            | Known::TransferEncoding
            | Known::Upgrade
            | Known::HopByHop => true,
            Known::Accept
            | Known::ContentLength
            | Known::ContentType
            | Known::Expect
            | Known::Host
            | Known::MaxForwards
            | Known::RequestId
            | Known::Trailer
            | Known::Claim
            | Known::Other => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fields::{belongs_to_connection, is_claim};
    use super::*;
    use alloc::string::String;

    /// All of them, but for those that only begin alike.
    const NAMES: [(&str, Known); 21] = [
        ("TE", Known::Te),
        ("Host", Known::Host),
        ("Proxy", Known::Claim),
        ("Accept", Known::Accept),
        ("Expect", Known::Expect),
        ("Upgrade", Known::Upgrade),
        ("Trailer", Known::Trailer),
        ("Forwarded", Known::Claim),
        ("X-Real-IP", Known::Claim),
        ("X_Real_IP", Known::Claim),
        ("X_Real-IP", Known::Claim),
        ("X-Real_IP", Known::Claim),
        ("Connection", Known::Connection),
        ("Keep-Alive", Known::KeepAlive),
        ("Content-Type", Known::ContentType),
        ("Max-Forwards", Known::MaxForwards),
        ("X-Request-Id", Known::RequestId),
        ("Content-Length", Known::ContentLength),
        ("HTTP2-Settings", Known::HopByHop),
        ("Proxy-Connection", Known::HopByHop),
        ("Transfer-Encoding", Known::TransferEncoding),
    ];

    /// One name after the other, letter by letter.
    fn naive(name: &str) -> Known {
        let same = NAMES
            .iter()
            .find(|(known, _)| name.eq_ignore_ascii_case(known));
        match same {
            Some((_, known)) => *known,
            None if x_forwarded(name) => Known::Claim,
            None => Known::Other,
        }
    }

    #[test]
    fn rfc9110_5_1_names_are_known_in_any_letters() {
        for (name, known) in NAMES {
            for name in [name.into(), name.to_uppercase(), name.to_lowercase()] {
                assert_eq!(Known::of(&name), known, "{name}");
            }
            assert_eq!(known.is_hop_by_hop(), belongs_to_connection(name), "{name}");
            assert_eq!(known == Known::Claim, is_claim(name), "{name}");
        }
        assert_eq!(Known::of("x-forwarded-for"), Known::Claim);
        for name in ["Via", "Hosts", "Content-Language", "X-Forwarded", "T", ""] {
            assert_eq!(Known::of(name), Known::Other, "{name}");
        }
    }

    /// Each known name with any byte of a token in any place, and a letter more or less.
    #[test]
    fn a_name_is_what_it_is_letter_by_letter() {
        let tokens = (0..=127_u8).filter(|byte| super::super::is_token(&[*byte]));
        for (name, _) in NAMES.into_iter().chain([("X-Forwarded-For", Known::Claim)]) {
            for at in 0..name.len() {
                for byte in tokens.clone() {
                    let (front, rest) = (&name[..at], &name[at + 1..]);
                    let byte = char::from(byte);
                    let changed: [String; 3] = [
                        alloc::format!("{front}{byte}{rest}"),
                        alloc::format!("{front}{byte}{}", &name[at..]),
                        alloc::format!("{front}{rest}"),
                    ];
                    for name in &changed {
                        assert_eq!(Known::of(name), naive(name), "{name}");
                    }
                }
            }
        }
    }
}
