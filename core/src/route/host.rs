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
    pub(super) fn matches(&self, host: &str) -> bool {
        match self {
            Host::Exact(name) => name.eq_ignore_ascii_case(host),
            Host::Below(name) => {
                let (host, name) = (host.as_bytes(), name.as_bytes());
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
    pub(super) fn beside(&self, host: &str) -> Ordering {
        let Host::Exact(name) = self else {
            return Ordering::Greater;
        };
        let lower = host.bytes().map(|byte| byte.to_ascii_lowercase());
        let length = Reverse(name.len()).cmp(&Reverse(host.len()));
        length.then_with(|| name.bytes().cmp(lower))
    }
}

/// `host` without its port and final dot. The colons of `[::1]` are no port.
#[must_use]
pub fn bare_host(host: &str) -> &str {
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
