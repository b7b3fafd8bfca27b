//! Paths: which of them a route covers.
//!
//! Owns the one form in which paths are compared: `%61` is `a` (RFC 3986, 6.2.2.2: unreserved
//! letters mean the same either way) and `%40` is `@`, which may stand in a segment as it is; `%2f` is
//! `%2F` and not `/`, and several slashes in a row are one. So a route covers every spelling that an
//! origin may take for its path. Never changes a path: what is forwarded is what was sent.

use alloc::string::String;
use core::cmp::Reverse;

/// The paths a route is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Path {
    /// This one alone, in the form that paths are compared in.
    Exact(String),
    /// This one and everything under it, in that form and without its final slash: the empty string
    /// stands for all paths.
    Under(String),
}

impl Path {
    /// `path` alone.
    #[must_use]
    pub fn exact(path: &str) -> Path {
        Path::Exact(spelled(path))
    }

    /// `path` and everything under it, with a final slash or without.
    #[must_use]
    pub fn under(path: &str) -> Path {
        Path::Under(spelled(path.trim_end_matches('/')))
    }

    /// The order in which paths are tried, the most specific first.
    pub(super) fn rank(&self) -> (u8, Reverse<usize>) {
        match self {
            Path::Exact(path) => (0, Reverse(path.len())),
            Path::Under(path) => (1, Reverse(path.len())),
        }
    }

    /// Whether it covers `path`, and then how much of it, in bytes as they were sent: the prefix
    /// without a slash behind it, or all of it.
    #[must_use]
    pub fn covers(&self, path: &Sent<'_>) -> Option<usize> {
        match self {
            Path::Exact(exact) if path.plain => (path.text == exact).then_some(path.text.len()),
            Path::Exact(exact) => {
                let rest = behind(Spelling::of(path.text), Spelling::of(exact))?;
                rest.is_over().then_some(path.text.len())
            }
            Path::Under(prefix) if path.plain => {
                let rest = path.text.strip_prefix(prefix.as_str())?;
                // The prefix ends at the end of a segment: `/v1` covers `/v1` and `/v1/x`, not `/v10`.
                let whole = prefix.is_empty() || rest.is_empty() || rest.starts_with('/');
                whole.then_some(prefix.len())
            }
            Path::Under(prefix) if prefix.is_empty() => Some(0),
            Path::Under(prefix) => {
                let rest = behind(Spelling::of(path.text), Spelling::of(prefix))?;
                let whole = rest.is_over() || rest.0.starts_with(b"/");
                whole.then_some(path.text.len() - rest.0.len())
            }
        }
    }
}

/// A path as it was sent, without its query.
#[derive(Clone, Copy, Debug)]
pub struct Sent<'a> {
    text: &'a str,
    /// It is in the form that paths are compared in.
    plain: bool,
}

impl<'a> Sent<'a> {
    /// The path of `target`, which may have a query.
    #[must_use]
    pub fn of(target: &'a str) -> Self {
        let (mut end, mut plain, mut before) = (target.len(), true, 0);
        for (at, byte) in target.bytes().enumerate() {
            match byte {
                b'?' | b'#' => {
                    end = at;
                    break;
                }
                b'%' => plain = false,
                b'/' if before == b'/' => plain = false,
                _ => {}
            }
            before = byte;
        }
        let text = &target[..end];
        Sent { text, plain }
    }
}

/// What is left of `path` behind all of `front`.
fn behind<'a>(mut path: Spelling<'a>, front: Spelling<'_>) -> Option<Spelling<'a>> {
    for letter in front {
        if path.next() != Some(letter) {
            return None;
        }
    }
    Some(path)
}

/// The rest of a path, letter by letter.
#[derive(Clone, Copy)]
struct Spelling<'a>(&'a [u8]);

/// One letter of the form that paths are compared in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Letter {
    Plain(u8),
    /// What means something else if it is not encoded.
    Encoded(u8),
}

impl<'a> Spelling<'a> {
    fn of(text: &'a str) -> Self {
        Spelling(text.as_bytes())
    }

    fn is_over(self) -> bool {
        self.0.is_empty()
    }
}

impl Iterator for Spelling<'_> {
    type Item = Letter;

    fn next(&mut self) -> Option<Letter> {
        let (&first, mut rest) = self.0.split_first()?;
        let letter = match (first, encoded(self.0)) {
            (_, Some(byte)) => {
                rest = &self.0[3..];
                match is_either_way(byte) {
                    true => Letter::Plain(byte),
                    false => Letter::Encoded(byte),
                }
            }
            (b'/', None) => {
                while let [b'/', more @ ..] = rest {
                    rest = more;
                }
                Letter::Plain(b'/')
            }
            (byte, None) => Letter::Plain(byte),
        };
        self.0 = rest;
        Some(letter)
    }
}

/// The byte that `text` begins with, if it is percent-encoded (RFC 3986, 2.1).
pub(super) fn encoded(text: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = text else {
        return None;
    };
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

/// Whether `byte` may stand in a segment as it is (RFC 3986, 3.3), so that an origin that decodes before
/// it looks takes the encoded one for the same. Not so `;`: to some it ends the segment.
fn is_either_way(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,=:@".contains(&byte)
}

/// `path` in the form that paths are compared in.
fn spelled(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for letter in Spelling::of(path) {
        match letter {
            Letter::Plain(byte) => text.push(char::from(byte)),
            Letter::Encoded(byte) => {
                text.push('%');
                for digit in [byte >> 4, byte & 15] {
                    text.push(char::from(b"0123456789ABCDEF"[usize::from(digit)]));
                }
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    fn covers(path: &Path, sent: &str) -> Option<usize> {
        path.covers(&Sent::of(sent))
    }

    #[test]
    fn a_prefix_ends_with_a_segment() {
        let path = Path::under("/v1/");
        for (sent, taken) in [
            ("/v1", Some(3)),
            ("/v1/", Some(3)),
            ("/v1/x", Some(3)),
            ("/v1?q=/", Some(3)),
            ("/v10", None),
            ("/V1", None),
            ("/", None),
            ("*", None),
            ("", None),
        ] {
            assert_eq!(covers(&path, sent), taken, "{sent}");
        }
        assert_eq!(covers(&Path::under("/"), "*"), Some(0));
        assert_eq!(covers(&Path::under("/"), ""), Some(0));
    }

    #[test]
    fn a_path_ends_before_its_query_and_is_plain_if_nothing_else_is_its_spelling() {
        let letters = ["/", "a", "%", "?", "#", "\u{e9}"];
        for number in 0..letters.len().pow(5) {
            let letter = |place: u32| letters[number / letters.len().pow(place) % letters.len()];
            let target: String = (0..5).map(letter).collect();
            let sent = Sent::of(&target);
            let text = target.split(['?', '#']).next().unwrap();
            assert_eq!(sent.text, text, "{target}");
            let plain = !text.contains('%') && !text.contains("//");
            assert_eq!(sent.plain, plain, "{target}");
        }
    }

    #[test]
    fn an_exact_path_is_itself_alone() {
        let path = Path::exact("/x");
        assert_eq!(covers(&path, "/x"), Some(2));
        assert_eq!(covers(&path, "/x?y"), Some(2));
        for other in ["/x/", "/xy", "/", "/X", "/x%2F"] {
            assert_eq!(covers(&path, other), None, "{other}");
        }
        assert_eq!(covers(&Path::exact("/"), "//"), Some(2));
    }

    #[test]
    fn rfc3986_6_2_2_every_spelling_of_a_path_is_covered() {
        let path = Path::under("/admin");
        for (sent, taken) in [
            ("/%61dmin", 8),
            ("/%61%64min/x", 10),
            ("//admin", 7),
            ("///admin//x", 8),
            ("/admin//x", 6),
            ("/admin/%2e", 6),
        ] {
            assert_eq!(covers(&path, sent), Some(taken), "{sent}");
        }
        for other in ["/admin%2Fx", "%2Fadmin", "/%2561dmin", "/admi%", "/admi%6"] {
            assert_eq!(covers(&path, other), None, "{other}");
        }
        // 3.3: what may stand in a segment as it is.
        for byte in *b"!$&'()*+,=:@" {
            let [plain, coded] = [
                format!("/{}in", char::from(byte)),
                format!("/%{byte:02x}in"),
            ];
            assert_eq!(covers(&Path::under(&plain), &coded), Some(6), "{coded}");
            assert_eq!(covers(&Path::exact(&coded), &plain), Some(4), "{coded}");
        }
        for byte in *b"/;%?#" {
            let path = Path::under(&format!("/%{byte:02x}in"));
            let plain = format!("/{}in", char::from(byte));
            assert_eq!(covers(&path, &plain), None, "{plain}");
            assert_eq!(covers(&path, &format!("/%{byte:02X}in/x")), Some(6));
        }
        let exact = Path::exact("/%7euser%2f");
        assert_eq!(exact, Path::Exact("/~user%2F".into()));
        assert_eq!(covers(&exact, "/~%75ser%2f"), Some(11));
        assert_eq!(covers(&exact, "/~user/"), None);
    }
}
