//! Which paths are served at all.
//!
//! Owns what a path must not have in it: what some origins resolve, and others do not.

use super::path::encoded;
use crate::http1::Fault;

/// Which paths are served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Paths {
    /// Those that every origin takes for the same: without `.` and `..` as segments, backslashes and
    /// NUL, encoded or not. They are how a request leaves its route behind a proxy's back.
    #[default]
    Strict,
    /// All of them. Whoever writes the routes knows what the origins make of them.
    AsSent,
}

impl Paths {
    /// Why `path`, which has no query, is not served.
    #[must_use]
    pub fn fault(self, path: &str) -> Option<Fault> {
        let path = path.as_bytes();
        match self {
            Paths::AsSent => return None,
            Paths::Strict => {}
        }
        memchr::memchr3(b'.', b'%', b'\\', path)?;
        let mut rest = path;
        loop {
            let (end, separator) = segment_end(rest);
            let segment = &rest[..end];
            if is_dots(segment) {
                return Some(Fault::PathDots);
            }
            match separator {
                Separator::None => return None,
                Separator::Slash(length) => rest = &rest[end + length..],
                Separator::Forbidden => return Some(Fault::PathByte),
            }
        }
    }
}

/// What is behind a segment.
enum Separator {
    None,
    /// A slash in so many bytes: an origin that decodes before it looks takes `%2F` for one.
    Slash(usize),
    Forbidden,
}

fn segment_end(path: &[u8]) -> (usize, Separator) {
    for (at, byte) in path.iter().enumerate() {
        let separator = match (byte, encoded(&path[at..])) {
            (b'/', _) => Separator::Slash(1),
            (_, Some(b'/')) => Separator::Slash(3),
            // Some origins take it for a slash, and a NUL for the end.
            (b'\\', _) | (_, Some(b'\\' | 0)) => Separator::Forbidden,
            (_, _) => continue,
        };
        return (at, separator);
    }
    (path.len(), Separator::None)
}

/// `.` or `..`, encoded or not, and with parameters behind it, which some origins cut off first.
fn is_dots(mut segment: &[u8]) -> bool {
    let mut dots = 0;
    loop {
        let (byte, length) = match encoded(segment) {
            Some(byte) => (Some(byte), 3),
            None => (segment.first().copied(), 1),
        };
        match byte {
            None | Some(b';') => return (1..=2).contains(&dots),
            Some(b'.') => dots += 1,
            Some(_) => return false,
        }
        segment = &segment[length..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leaves_a_route_is_refused() {
        for path in [
            "/..",
            "/../x",
            "/a/../x",
            "/a/./x",
            "/a/.",
            "/%2e%2e/x",
            "/a/.%2E",
            "/a/%2e",
            "/a/..%2fx",
            "/a/%2f../x",
            "/a/..;/x",
            "/a/..;v=1/x",
            "/a/.%3b/x",
        ] {
            assert_eq!(Paths::Strict.fault(path), Some(Fault::PathDots), "{path}");
            assert_eq!(Paths::AsSent.fault(path), None, "{path}");
        }
        for path in ["/a\\b", "/a%5cb", "/a%5C", "/a%00b", "/..\\x"] {
            let fault = Paths::Strict.fault(path);
            assert!(
                matches!(fault, Some(Fault::PathByte | Fault::PathDots)),
                "{path}: {fault:?}"
            );
        }
    }

    #[test]
    fn what_real_clients_send_is_served() {
        for path in [
            "",
            "*",
            "/",
            "//",
            "/a//b",
            "/.well-known/x",
            "/a..b",
            "/...",
            "/a/..b",
            "/a.b/c.html",
            "/x/group%2Fproject",
            "/a;v=1/b",
            "/100%",
            "/%zz",
            "/%252e%252e/",
            "/a/;.",
        ] {
            assert_eq!(Paths::Strict.fault(path), None, "{path}");
        }
    }
}
