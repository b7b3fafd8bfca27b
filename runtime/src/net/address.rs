//! Where a connection goes to: an IP address and port, or a Unix socket of this machine.
//!
//! Small enough to be copied, since the order of the pool is by it.

use std::{
    collections::BTreeSet,
    fmt,
    net::SocketAddr,
    sync::{Mutex, PoisonError},
};

/// The address of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// An IP address and a port.
    Inet(SocketAddr),
    /// A Unix socket: its path, or `@` and its name in the abstract namespace.
    Unix(&'static str),
}

impl Address {
    /// A Unix socket. Each name is kept once for all of the process, and as long as it lives: there are
    /// as many as have ever been configured.
    #[must_use]
    pub fn unix(name: &str) -> Address {
        static KNOWN: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
        // A set that is only ever added to is whole, whatever happened to its last holder.
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(same) = known.get(name) {
            return Address::Unix(same);
        }
        let kept: &'static str = name.to_owned().leak();
        known.insert(kept);
        Address::Unix(kept)
    }

    /// The IP address and port; none of a Unix socket.
    #[must_use]
    pub fn inet(self) -> Option<SocketAddr> {
        match self {
            Address::Inet(address) => Some(address),
            Address::Unix(_) => None,
        }
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Address::Inet(address)
    }
}

impl PartialEq<SocketAddr> for Address {
    fn eq(&self, other: &SocketAddr) -> bool {
        self.inet() == Some(*other)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Inet(address) => address.fmt(f),
            Address::Unix(name) => write!(f, "unix:{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_once() {
        let (one, two) = (Address::unix("/run/a.sock"), Address::unix("/run/a.sock"));
        let (Address::Unix(one), Address::Unix(two)) = (one, two) else {
            panic!("they are Unix sockets")
        };
        assert!(std::ptr::eq(one, two));
        assert_ne!(Address::unix("/run/a.sock"), Address::unix("@a"));
        assert_eq!(Address::unix("@a").to_string(), "unix:@a");
    }
}
