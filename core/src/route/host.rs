//! The hosts a route is for, and how a request's host is compared with them.

use alloc::{format, string::String};
use core::{
    cmp::{Ordering, Reverse},
    fmt::{self, Write},
    net::Ipv6Addr,
};

/// The longest IPv6 address in its brackets: six groups, and an IPv4 address in place of two.
const ADDRESS_BYTES: usize = 47;

/// The hosts a route is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    /// This one, in lower case, without port and final dot; an IPv6 address in brackets, in its one form
    /// (RFC 5952).
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
        if let Some(address) = address(pattern.as_bytes()) {
            return Host::Exact(format!("[{address}]"));
        }
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

/// The host of a request as hosts are compared, without port and final dot.
#[derive(Clone, Copy)]
pub(super) enum Named<'a> {
    /// As it was sent.
    Sent(&'a [u8]),
    /// An address that has other spellings, in the one that [`Host`] has.
    Address(Address),
}

impl<'a> Named<'a> {
    pub(super) fn of(host: &'a [u8]) -> Self {
        let sent = bare(host);
        let address = address(sent).and_then(Address::of);
        address.map_or(Named::Sent(sent), Named::Address)
    }

    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Named::Sent(host) => host,
            Named::Address(Address { room, used }) => &room[..*used],
        }
    }
}

/// An IPv6 address as it is written in its one form: asks for no memory.
#[derive(Clone, Copy)]
pub(super) struct Address {
    room: [u8; ADDRESS_BYTES],
    used: usize,
}

impl Address {
    fn of(address: Ipv6Addr) -> Option<Address> {
        let mut own = Address {
            room: [0; ADDRESS_BYTES],
            used: 0,
        };
        write!(own, "[{address}]").ok()?;
        Some(own)
    }
}

impl Write for Address {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.used + text.len();
        let room = self.room.get_mut(self.used..end).ok_or(fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.used = end;
        Ok(())
    }
}

/// The address that `host` is, if it is one of IPv6 (RFC 3986, 3.2.2: those stand in brackets).
fn address(host: &[u8]) -> Option<Ipv6Addr> {
    let inside = host.strip_prefix(b"[")?.strip_suffix(b"]")?;
    core::str::from_utf8(inside).ok()?.parse().ok()
}

/// `host` without its port and final dot. The colons of `[::1]` are no port.
#[must_use]
pub fn bare_host(host: &str) -> &str {
    // What is cut off is ASCII: the rest ends with a letter.
    &host[..bare(host.as_bytes()).len()]
}

/// The same of bytes.
fn bare(host: &[u8]) -> &[u8] {
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
