//! Where a connection goes to: an IP address and port, or a Unix socket of this machine.
//!
//! Small enough to be copied, since the order of the pool is by it.

use std::{
    collections::BTreeSet,
    fmt,
    net::{SocketAddr, SocketAddrV4, SocketAddrV6},
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

/// The same in as little memory as most need: what a connection keeps for as long as it lives.
#[derive(Clone, Debug)]
pub(crate) enum Packed {
    /// IPv4.
    Four(SocketAddrV4),
    /// IPv4, as a socket for both versions tells it (RFC 4291, 2.5.5.2).
    Mapped(SocketAddrV4),
    /// Any other.
    Other(Box<Address>),
}

impl Packed {
    /// The address.
    #[must_use]
    pub(crate) fn get(&self) -> Address {
        match self {
            Packed::Four(four) => Address::Inet((*four).into()),
            Packed::Mapped(four) => {
                let six = four.ip().to_ipv6_mapped();
                Address::Inet(SocketAddrV6::new(six, four.port(), 0, 0).into())
            }
            Packed::Other(address) => **address,
        }
    }

    /// Whether it is a Unix socket's.
    #[must_use]
    pub(crate) fn is_unix(&self) -> bool {
        matches!(self, Packed::Other(address) if matches!(**address, Address::Unix(_)))
    }
}

impl From<Address> for Packed {
    fn from(address: Address) -> Packed {
        match address {
            Address::Inet(SocketAddr::V4(four)) => Packed::Four(four),
            Address::Inet(SocketAddr::V6(six)) => match six.ip().to_ipv4_mapped() {
                Some(ip) if six.flowinfo() == 0 && six.scope_id() == 0 => {
                    Packed::Mapped(SocketAddrV4::new(ip, six.port()))
                }
                Some(_) | None => Packed::Other(Box::new(address)),
            },
            Address::Unix(_) => Packed::Other(Box::new(address)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_comes_out_as_it_went_in() {
        let inet = |text: &str| Address::Inet(text.parse().unwrap());
        let whole = SocketAddrV6::new("::ffff:192.0.2.1".parse().unwrap(), 443, 7, 3);
        for address in [
            inet("192.0.2.1:443"),
            inet("[2001:db8::1]:443"),
            inet("[::ffff:192.0.2.1]:443"),
            inet("[::192.0.2.1]:443"),
            inet("[fe80::1%3]:443"),
            Address::Inet(whole.into()),
            Address::unix("@a"),
        ] {
            let packed = Packed::from(address);
            assert_eq!(packed.get(), address);
            assert_eq!(packed.is_unix(), matches!(address, Address::Unix(_)));
        }
        assert!(size_of::<Packed>() < size_of::<Address>());
    }

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
