//! What a route changes among the fields of a message.
//!
//! Owns which fields may be changed at all. Framing, the connection and the way of a message are
//! never a route's: whoever could touch them could make two messages of one.

use super::fields::{belongs_to_connection, is_claim};
use super::text::{is_token, put_field};
use alloc::{string::String, vec::Vec};

/// Changes of a message's fields, in the order of their names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Edits {
    set: Vec<Line>,
    add: Vec<Line>,
    remove: Vec<String>,
}

/// A field line.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Line {
    /// The name, a token.
    pub name: String,
    /// The value, without control bytes and without space around it.
    pub value: String,
}

/// Which messages are changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Of {
    /// Requests.
    Requests,
    /// Responses.
    Responses,
}

/// No changes.
pub static NO_EDITS: Edits = Edits {
    set: Vec::new(),
    add: Vec::new(),
    remove: Vec::new(),
};

impl Edits {
    /// Changes: fields that take the place of all of their name, fields that are added, and names of
    /// fields that are taken away. What may be among them is for [`may_edit`] and [`is_value`] to say.
    #[must_use]
    pub fn new(mut set: Vec<Line>, mut add: Vec<Line>, mut remove: Vec<String>) -> Edits {
        let key = |name: &str| name.to_ascii_lowercase();
        set.sort_by_cached_key(|line| key(&line.name));
        add.sort_by_cached_key(|line| key(&line.name));
        remove.sort_by_cached_key(|name| key(name));
        Edits { set, add, remove }
    }

    /// Fields that take the place of all of their name.
    #[must_use]
    pub fn set(&self) -> &[Line] {
        &self.set
    }

    /// Fields that are added.
    #[must_use]
    pub fn add(&self) -> &[Line] {
        &self.add
    }

    /// Names of fields that are taken away.
    #[must_use]
    pub fn remove(&self) -> &[String] {
        &self.remove
    }

    /// Whether a field of this name does not go on.
    #[inline]
    pub(super) fn drops(&self, name: &str) -> bool {
        if !self.drops_any() {
            return false;
        }
        let same = |other: &str| other.eq_ignore_ascii_case(name);
        self.remove.iter().any(|one| same(one)) || self.set.iter().any(|line| same(&line.name))
    }

    /// Whether some field may not go on.
    #[inline]
    pub(super) fn drops_any(&self) -> bool {
        !self.remove.is_empty() || !self.set.is_empty()
    }

    /// Appends the fields that are set or added.
    #[inline]
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        for line in self.set.iter().chain(&self.add) {
            put_field(&line.name, line.value.as_bytes(), out);
        }
    }

    /// Appends the lines of a response of our own, each with its CRLF: its `own` fields, as far as they
    /// are left, and what is set or added.
    pub fn write(&self, own: &[(&str, &[u8])], out: &mut Vec<u8>) {
        for (name, value) in own {
            if !self.drops(name) {
                put_field(name, value, out);
            }
        }
        self.put(out);
    }
}

/// Whether a route may change fields of this name; `adds`: by adding one.
///
/// # Errors
/// Why not.
pub fn may_edit(name: &str, of: Of, adds: bool) -> Result<(), &'static str> {
    let is = |other: &str| name.eq_ignore_ascii_case(other);
    if !is_token(name.as_bytes()) {
        return Err("a name is one word of letters, digits and `-`");
    }
    if is("Content-Length") || is("Transfer-Encoding") || is("Trailer") {
        return Err("it says where the message ends (RFC 9112, 6)");
    }
    if belongs_to_connection(name) {
        return Err("it belongs to one connection, and never goes on (RFC 9110, 7.6.1)");
    }
    if is("Host") {
        return Err("whom a request is for is changed with the route's `host_header`");
    }
    if is("Via") {
        return Err("it is changed with the listener's `via`");
    }
    if is("Expect") && of == Of::Requests {
        return Err("it says how the content is sent (RFC 9110, 10.1.1)");
    }
    if adds && is_claim(name) && of == Of::Requests {
        return Err("two of them could gainsay each other: use `set`");
    }
    Ok(())
}

/// Whether `text` can be the value of a field (RFC 9110, 5.5).
#[must_use]
pub fn is_value(text: &str) -> bool {
    let visible = |byte: u8| byte == b'\t' || byte == b' ' || byte.is_ascii_graphic();
    text.bytes().all(visible) && text.trim_matches([' ', '\t']) == text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_frames_or_belongs_to_a_connection_is_nobodys_to_change() {
        for name in [
            "connection",
            "Keep-Alive",
            "proxy-connection",
            "TE",
            "Trailer",
            "TRANSFER-ENCODING",
            "Upgrade",
            "HTTP2-Settings",
            "content-length",
            "host",
            "via",
            "",
            "a b",
            "a:",
        ] {
            for of in [Of::Requests, Of::Responses] {
                assert!(may_edit(name, of, false).is_err(), "{name}");
                assert!(may_edit(name, of, true).is_err(), "{name}");
            }
        }
        assert!(may_edit("Expect", Of::Requests, false).is_err());
        assert!(may_edit("X-Forwarded-For", Of::Requests, true).is_err());
        assert!(may_edit("X-Forwarded-For", Of::Requests, false).is_ok());
        for name in ["Set-Cookie", "X-A", "Date", "content-type", "Authorization"] {
            for of in [Of::Requests, Of::Responses] {
                assert!(may_edit(name, of, true).is_ok(), "{name}");
            }
        }
    }

    #[test]
    fn rfc9110_5_5_a_value_is_one_line() {
        for good in ["", "a", "a b", "max-age=1; \"x\"", "a\tb"] {
            assert!(is_value(good), "{good:?}");
        }
        for bad in ["a\r\nX: y", "a\n", "\0", " a", "a ", "\u{7f}", "é"] {
            assert!(!is_value(bad), "{bad:?}");
        }
    }
}
