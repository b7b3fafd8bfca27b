//! The hosts a route is for, and how a request's host is compared with them.

use alloc::string::String;
use core::cmp::{Ordering, Reverse};

/// The hosts a route is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    /// This one, in lower case, without port and final dot.
    Exact(String),
    /// Every name below this one, however deep, and not the name itself: `example.com` stands
    /// for `*.example.com`. In lower case, without port and final dot.
    Below(String),
    /// Every host, and requests that name none.
    Any,
}

impl Host {
    /// Reads `name`, `*.name` or `*`, of any case.
    #[must_use]
    pub fn new(pattern: &str) -> Host {
        let pattern = bare_host(pattern).to_ascii_lowercase();
        match pattern.strip_prefix("*.") {
            Some(below) => Host::Below(below.into()),
            None if pattern == "*" => Host::Any,
            None => Host::Exact(pattern),
        }
    }

    /// The order in which hosts are tried, the most specific first.
    pub(super) fn rank(&self) -> (u8, Reverse<usize>) {
        match self {
            Host::Exact(name) => (0, Reverse(name.len())),
            Host::Below(name) => (1, Reverse(name.len())),
            Host::Any => (2, Reverse(0)),
        }
    }

    /// Whether it covers `host`, which has neither port nor final dot.
    #[inline]
    pub(super) fn matches(&self, host: &[u8]) -> bool {
        match self {
            Host::Exact(name) => name.as_bytes().eq_ignore_ascii_case(host),
            Host::Below(name) => {
                let name = name.as_bytes();
                let Some(cut) = host.len().checked_sub(name.len() + 1) else {
                    return false;
                };
                cut > 0 && host[cut] == b'.' && host[cut + 1..].eq_ignore_ascii_case(name)
            }
            Host::Any => true,
        }
    }

    /// Where it stands among the exact hosts, beside that of `host`, which has neither port nor final
    /// dot. All others stand behind them.
    pub(super) fn beside(&self, host: &[u8]) -> Ordering {
        let Host::Exact(name) = self else {
            return Ordering::Greater;
        };
        let lower = host.iter().map(u8::to_ascii_lowercase);
        let length = Reverse(name.len()).cmp(&Reverse(host.len()));
        length.then_with(|| name.bytes().cmp(lower))
    }
}

/// `host` without its port and final dot. The colons of `[::1]` are no port.
#[must_use]
pub fn bare_host(host: &str) -> &str {
    // What is cut off is ASCII: the rest ends with a letter.
    &host[..bare(host.as_bytes()).len()]
}

/// The same of bytes.
pub(super) fn bare(host: &[u8]) -> &[u8] {
    let name = match memchr::memchr(b':', host) {
        None => host,
        Some(_) => {
            // The first colon behind the last bracket.
            let behind = memchr::memrchr(b']', host).map_or(0, |bracket| bracket + 1);
            let colon = memchr::memchr(b':', &host[behind..]);
            &host[..colon.map_or(host.len(), |colon| behind + colon)]
        }
    };
    name.strip_suffix(b".").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Backwards, letter by letter.
    fn naive(host: &str) -> &str {
        let mut end = host.len();
        for (at, byte) in host.bytes().enumerate().rev() {
            match byte {
                b']' => break,
                b':' => end = at,
                _ => {}
            }
        }
        let name = &host[..end];
        name.strip_suffix('.').unwrap_or(name)
    }

    #[test]
    fn a_host_is_bare_without_port_and_final_dot() {
        let letters = [":", "]", ".", "a", "[", "\u{e9}"];
        for number in 0..letters.len().pow(5) {
            let letter = |place: u32| letters[number / letters.len().pow(place) % letters.len()];
            for length in 0..=5 {
                let host: String = (0..length).map(letter).collect();
                assert_eq!(bare_host(&host), naive(&host), "{host}");
            }
        }
    }
}
