//! What a route makes of a path: as it was, or with another front.

use alloc::string::String;

/// What takes the place of the prefix that a route covers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Front {
    /// The prefix itself.
    #[default]
    Kept,
    /// This, which begins with a slash and does not end with one, or nothing.
    Replaced(String),
}

impl Front {
    /// `prefix`, with a final slash or without, in the prefix's place.
    #[must_use]
    pub fn replaced(prefix: &str) -> Front {
        Front::Replaced(prefix.trim_end_matches('/').into())
    }

    /// `path`, of which the route covers so many bytes, in two parts: neither is changed, and nothing
    /// is between them.
    #[must_use]
    pub fn apply<'a>(&'a self, path: &'a str, covered: usize) -> (&'a str, &'a str) {
        let front = match self {
            Front::Kept => return ("", path),
            Front::Replaced(front) => front.as_str(),
        };
        if !path.starts_with('/') {
            // `*`: no path at all.
            return ("", path);
        }
        let rest = path.get(covered..).unwrap_or_default();
        if front.is_empty() {
            // Nothing else is a path, and two slashes would be a host to some.
            return ("/", rest.trim_start_matches('/'));
        }
        (front, rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    fn applied(front: &Front, path: &str, covered: usize) -> String {
        let (front, rest) = front.apply(path, covered);
        format!("{front}{rest}")
    }

    #[test]
    fn a_prefix_is_kept_taken_away_or_replaced() {
        let strip = Front::replaced("/");
        let new = Front::replaced("/new/");
        for (path, covered, stripped, replaced) in [
            ("/v1/x", 3, "/x", "/new/x"),
            ("/v1", 3, "/", "/new"),
            ("/v1/", 3, "/", "/new/"),
            ("/v1//x", 3, "/x", "/new//x"),
            ("/x", 0, "/x", "/new/x"),
            ("/", 0, "/", "/new/"),
            ("*", 0, "*", "*"),
        ] {
            assert_eq!(applied(&Front::Kept, path, covered), path);
            assert_eq!(applied(&strip, path, covered), stripped, "{path}");
            assert_eq!(applied(&new, path, covered), replaced, "{path}");
        }
    }
}
