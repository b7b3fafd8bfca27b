//! Fields: one received line each, and which of them go no further.
//!
//! Owns the lists of names that are ours to write, of one connection only, or barred from
//! trailers. Never changes a value.

pub(super) use super::known::Known;
use super::room::{Block, place};
use super::text::elements;
use alloc::vec::Vec;

/// The fields of a head, in the order they came in.
#[derive(Clone, Debug)]
pub(super) struct Fields<'a> {
    /// What they were found in.
    text: &'a [u8],
    all: All<'a>,
    /// A bit for each of [`Known`] that is among them: most heads lack most of these.
    seen: u16,
    block: Option<Block>,
}

#[derive(Clone, Debug)]
enum All<'a> {
    Lent(&'a [Field<'a>]),
    Kept(Vec<Field<'a>>),
}

impl<'a> Fields<'a> {
    /// There are none.
    pub(super) const NONE: Self = Fields::lent(b"", &[], 0, None);

    /// These, where they are. `seen`: a bit for each of [`Known`] that is among them. `block`: their
    /// lines, if they came as they would be written.
    pub(super) const fn lent(
        text: &'a [u8],
        all: &'a [Field<'a>],
        seen: u16,
        block: Option<Block>,
    ) -> Self {
        let all = All::Lent(all);
        Fields {
            text,
            all,
            seen,
            block,
        }
    }

    /// These, to be kept.
    pub(super) fn kept(
        text: &'a [u8],
        all: Vec<Field<'a>>,
        seen: u16,
        block: Option<Block>,
    ) -> Self {
        let all = All::Kept(all);
        Fields {
            text,
            all,
            seen,
            block,
        }
    }

    /// Their lines, if all of them came as they would be written.
    pub(super) fn block(&self) -> Option<Block> {
        self.block
    }

    /// The same, written one by one.
    #[cfg(test)]
    pub(super) fn apart(self) -> Self {
        Fields {
            block: None,
            ..self
        }
    }

    /// The line of a field, if it came as it would be written: where it begins and ends.
    pub(super) fn line(&self, field: &Field<'_>) -> Option<(usize, usize)> {
        let (name, value) = (field.name.len(), field.value.len());
        let from = place(self.text, field.name.as_bytes())?;
        let line = self.text[from + name..].get(..value + 4)?;
        let same = line.starts_with(b": ")
            && line.ends_with(b"\r\n")
            && (value == 0 || place(self.text, field.value) == Some(from + name + 2));
        same.then_some((from, from + name + value + 4))
    }

    /// What was received.
    pub(super) fn text(&self) -> &'a [u8] {
        self.text
    }

    pub(super) fn all(&self) -> &[Field<'a>] {
        match &self.all {
            All::Lent(all) => all,
            All::Kept(all) => all,
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Field<'a>> + Clone + '_ {
        self.all().iter().copied()
    }

    /// Whether any of these names is among them: a bit for each.
    #[inline]
    pub(super) fn any(&self, names: u16) -> bool {
        self.seen & names != 0
    }

    /// Those that have this name.
    #[inline]
    pub(super) fn known(&self, known: Known) -> impl Iterator<Item = Field<'a>> + Clone + '_ {
        let all = match self.seen & known.bit() {
            0 => &[][..],
            _ => self.all(),
        };
        all.iter()
            .copied()
            .filter(move |field| field.known == known)
    }
}

/// A received field: its name a token, its value free of control bytes and of space around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// The name, in the letters it came in.
    pub name: &'a str,
    /// The value.
    pub value: &'a [u8],
    pub(super) known: Known,
}

impl Field<'_> {
    /// RFC 9110, 5.1: names are case-insensitive.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The elements of the value have `word` among them, in any case.
    pub(super) fn names(&self, word: &str) -> bool {
        elements(self.value).any(|element| element.eq_ignore_ascii_case(word.as_bytes()))
    }
}

impl<'a> From<&httparse::Header<'a>> for Field<'a> {
    #[inline(always)]
    fn from(header: &httparse::Header<'a>) -> Self {
        Field {
            name: header.name,
            value: header.value,
            known: Known::of(header.name),
        }
    }
}

/// RFC 9110, 7.6.1: these belong to one connection, whether Connection names them or not.
/// HTTP2-Settings goes with Upgrade (RFC 7540, 3.2.1).
const HOP_BY_HOP: [&str; 7] = [
    "Connection",
    "Keep-Alive",
    "Proxy-Connection",
    "TE",
    "Transfer-Encoding",
    "Upgrade",
    "HTTP2-Settings",
];

/// What a client says about where it comes from, and we alone may say.
const CLAIMS: [&str; 3] = ["Forwarded", "X-Real-IP", "Proxy"];

/// What Connection cannot take away: it decides where a message goes, or how long it is. Most of
/// these we write ourselves; Expect is forwarded (H14), and Via only grows (RFC 9110, 7.6.3).
const NOT_NOMINATED: [&str; 5] = [
    "Host",
    "Content-Length",
    "Transfer-Encoding",
    "Expect",
    "Via",
];

/// RFC 9110, 6.5.1: no trailer may frame, route, authenticate, modify a request, control a response
/// or say how to read the content. The receiver has decided all that when the trailer arrives.
const NOT_TRAILERS: [&str; 37] = [
    "Age",
    "Authorization",
    "Cache-Control",
    "Content-Encoding",
    "Content-Length",
    "Content-Location",
    "Content-Range",
    "Content-Type",
    "Cookie",
    "Date",
    "Expect",
    "Expires",
    "Forwarded",
    "Host",
    "If-Match",
    "If-Modified-Since",
    "If-None-Match",
    "If-Range",
    "If-Unmodified-Since",
    "Location",
    "Max-Forwards",
    "Pragma",
    "Proxy",
    "Proxy-Authenticate",
    "Proxy-Authentication-Info",
    "Proxy-Authorization",
    "Range",
    "Retry-After",
    "Set-Cookie",
    "Strict-Transport-Security",
    "Trailer",
    "Vary",
    "Via",
    "WWW-Authenticate",
    "Warning",
    "X-Accel-Redirect",
    "X-Real-IP",
];

/// The field belongs to the connection it came on.
fn hop_by_hop(name: &str) -> bool {
    among(name, &HOP_BY_HOP)
}

/// The field belongs to the connection it came on, as far as its name says.
pub(super) fn belongs_to_connection(name: &str) -> bool {
    hop_by_hop(name)
}

/// Whether a field of this name claims what only we, and those whom we trust, may say of a request's
/// way.
#[must_use]
pub fn is_claim(name: &str) -> bool {
    claim(name)
}

/// The field claims what only we may say of the client.
fn claim(name: &str) -> bool {
    among(name, &CLAIMS) || reads_as(name, "X-Real-IP") || x_forwarded(name)
}

/// Many origins read `_` as `-`, wherever it stands.
fn reads_as(name: &str, known: &str) -> bool {
    let same = |(a, b): (u8, u8)| a.eq_ignore_ascii_case(&b) || (a == b'_' && b == b'-');
    name.len() == known.len() && name.bytes().zip(known.bytes()).all(same)
}

/// Connection may name this field as its own.
pub(super) fn nominable(name: &str) -> bool {
    !among(name, &NOT_NOMINATED)
}

/// The field may follow a body.
pub(super) fn may_trail(name: &str) -> bool {
    !hop_by_hop(name) && !claim(name) && !among(name, &NOT_TRAILERS)
}

fn among(name: &str, names: &[&str]) -> bool {
    names.iter().any(|other| name.eq_ignore_ascii_case(other))
}

/// The field is one of X-Forwarded-*, spelled as it should be.
pub(super) fn spells_x_forwarded(name: &str) -> bool {
    x_forwarded(name) && !name.contains('_')
}

#[inline]
pub(super) fn x_forwarded(name: &str) -> bool {
    // The first letter says it of nearly all.
    matches!(name.as_bytes(), [b'x' | b'X', ..]) && begins_x_forwarded(name)
}

fn begins_x_forwarded(name: &str) -> bool {
    let prefix = "x-forwarded-";
    name.get(..prefix.len())
        .is_some_and(|front| reads_as(front, prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc9110_6_5_1_trailers_neither_frame_nor_route() {
        for name in [
            "content-length",
            "TRANSFER-ENCODING",
            "host",
            "Connection",
            "te",
            "Set-Cookie",
            "x-forwarded-for",
        ] {
            assert!(!may_trail(name), "{name}");
        }
        for name in ["grpc-status", "Server-Timing", "ETag", "Digest"] {
            assert!(may_trail(name), "{name}");
        }
    }

    #[test]
    fn rfc9110_7_6_1_what_goes_no_further_is_known() {
        for name in HOP_BY_HOP {
            assert!(Known::of(name).is_hop_by_hop(), "{name}");
        }
        for name in CLAIMS.into_iter().chain(["X_Real_IP", "x-forwarded-for"]) {
            assert_eq!(Known::of(name), Known::Claim, "{name}");
        }
    }

    #[test]
    fn claims_of_the_client_are_known_in_any_spelling() {
        for name in [
            "X-Forwarded-For",
            "x_forwarded_host",
            "X-FORWARDED-PORT",
            "Forwarded",
            "X_Real_IP",
            "x_real-ip",
            "X-Real_IP",
        ] {
            assert!(claim(name), "{name}");
        }
        for name in [
            "X-Forwarded",
            "Forwarded-For",
            "X-Request-Id",
            "X.Forwarded.For",
            "X_F_rwarded_For",
        ] {
            assert!(!claim(name), "{name}");
        }
    }
}
