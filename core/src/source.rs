//! Where a connection comes from, as limits count it: an IPv4 address, or the /64 of an IPv6 one,
//! which is what one subscriber has.

use core::net::IpAddr;

/// One source, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source(u64);

/// IPv4 lies in a part of 0000::/8 from which nobody speaks (RFC 4291, 2.4).
const IPV4: u64 = 1 << 32;

impl Source {
    /// The source that `address` belongs to. An IPv4 address inside an IPv6 one is an IPv4 address
    /// (RFC 4291, 2.5.5.2).
    #[must_use]
    pub fn of(address: IpAddr) -> Source {
        match address.to_canonical() {
            IpAddr::V4(v4) => Source(IPV4 | u64::from(u32::from(v4))),
            IpAddr::V6(v6) => Source(
                v6.segments()[..4]
                    .iter()
                    .fold(0, |bits, segment| bits << 16 | u64::from(*segment)),
            ),
        }
    }

    /// A number that nobody who does not know `seed` can foresee well enough to meet others in: the
    /// finaliser of SplitMix64.
    #[must_use]
    pub const fn mixed(self, seed: u64) -> u64 {
        let mut z = (self.0 ^ seed).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Source {
        Source::of(text.parse().expect("an address"))
    }

    #[test]
    fn an_ipv4_address_is_a_source_and_so_is_a_64_of_ipv6() {
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_ne!(of("::1"), of("0.0.0.1"));
    }

    #[test]
    fn a_seed_mixes_otherwise() {
        let (a, b) = (of("192.0.2.1"), of("192.0.2.2"));
        assert_ne!(a.mixed(1), b.mixed(1));
        assert_ne!(a.mixed(1), a.mixed(2));
    }
}
