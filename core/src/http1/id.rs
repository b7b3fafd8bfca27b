//! The id of a request: what its origin, its client and a log call it alike.
//!
//! Owns the letters of an id. Never decides anything by one: whoever sends a request may call it what
//! it likes.

use super::RequestHead;
use super::fields::Known;

/// How many bytes an id of ours has.
pub const ID_BYTES: u8 = 32;
/// The longest id of a client's that is kept.
const MOST: usize = 128;

/// An id of two numbers: whose it is, and which.
#[must_use]
pub fn request_id(whose: u64, which: u64) -> [u8; ID_BYTES as usize] {
    let digits = b"0123456789abcdef";
    let number = (u128::from(whose) << 64) | u128::from(which);
    let mut text = [b'0'; ID_BYTES as usize];
    for (pair, byte) in text.chunks_exact_mut(2).zip(number.to_be_bytes()) {
        pair[0] = digits[usize::from(byte >> 4)];
        pair[1] = digits[usize::from(byte & 15)];
    }
    text
}

impl<'a> RequestHead<'a> {
    /// What the client calls its request, if it is one id that can stand in a field, in JSON and in a
    /// log without an escape.
    #[must_use]
    pub fn id(&self) -> Option<&'a [u8]> {
        let mut all = self.fields.known(Known::RequestId);
        let id = all.next()?.value;
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/=:@".contains(byte);
        let usable = (1..=MOST).contains(&id.len()) && id.iter().all(plain);
        (usable && all.next().is_none()).then_some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http1::request_head;
    use crate::limits::Limits;
    use alloc::{format, string::String};

    #[test]
    fn an_id_is_its_numbers_in_hexadecimal() {
        let id = request_id(0x0123_4567_89ab_cdef, 0xf0);
        assert_eq!(&id, b"0123456789abcdef00000000000000f0");
        assert_eq!(
            &request_id(0, u64::MAX),
            b"0000000000000000ffffffffffffffff"
        );
    }

    #[test]
    fn an_id_of_a_client_needs_no_escape_and_is_bounded() {
        let longest = "a".repeat(128);
        for (fields, id) in [
            ("X-Request-Id: 7f-1", Some("7f-1")),
            ("x-request-id: AZaz09-._~+/=:@", Some("AZaz09-._~+/=:@")),
            (&format!("X-Request-Id: {longest}"), Some(longest.as_str())),
            (&format!("X-Request-Id: {longest}a"), None),
            ("X-Request-Id:", None),
            ("X-Request-Id: a b", None),
            ("X-Request-Id: a\"", None),
            ("X-Request-Id: a\\", None),
            ("X-Request-Id: a,b", None),
            ("X-Request-Id: \u{e9}", None),
            ("X-Request-Id: a\r\nX-Request-Id: b", None),
            ("X-Request: a", None),
        ] {
            let text: String = format!("GET / HTTP/1.1\r\nHost: h\r\n{fields}\r\n\r\n");
            let head = request_head(text.as_bytes(), &Limits::default());
            let (_, head) = head.unwrap().unwrap();
            assert_eq!(head.id(), id.map(str::as_bytes), "{fields}");
        }
    }
}
