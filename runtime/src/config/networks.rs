//! Lists of networks, as people write them: who is trusted, who is let in.
//!
//! Pure: addresses and prefixes, never names. What is wrong comes with what to write instead.

use crate::{
    config::read::{Node, Reader},
    message::{Code, Message},
};
use ipnet::{IpNet, Ipv4Net};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A list of networks; it may be empty, and then nobody is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Networks(Vec<IpNet>);

impl Networks {
    /// The list of `networks`, in any order.
    #[must_use]
    pub fn new(mut networks: Vec<IpNet>) -> Networks {
        networks.sort_unstable();
        networks.dedup();
        Networks(networks)
    }

    /// Whether `address` is in one of them. An IPv4 address that a socket for both families shows as
    /// IPv6 (`::ffff:192.0.2.1`) is the IPv4 address.
    #[must_use]
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Whether nobody is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As it is written in a file: `["10.0.0.0/8"]`. A network of one address is written as that.
    #[must_use]
    pub fn show(&self) -> String {
        let show = |network: &IpNet| match network.prefix_len() == network.max_prefix_len() {
            true => format!("\"{}\"", network.addr()),
            false => format!("\"{network}\""),
        };
        let all: Vec<_> = self.0.iter().map(show).collect();
        format!("[{}]", all.join(", "))
    }
}

/// Reads a network: `10.0.0.0/8`, `2001:db8::/32`, or an address, which stands for itself alone.
///
/// # Errors
/// What to write instead.
pub fn network(text: &str) -> Result<IpNet, String> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().map_err(|_| no_address(address, bits))?;
    let most: u8 = if address.is_ipv4() { 32 } else { 128 };
    let bits = match bits {
        None => most,
        Some(bits) => prefix(bits, address, most)?,
    };
    let network = IpNet::new(address, bits).map_err(|error| error.to_string())?;
    if let Some(meant) = mapped(network) {
        return Err(format!(
            "clients of IPv4 are compared as IPv4: write `{meant}`"
        ));
    }
    let whole = network.trunc();
    if whole != network {
        return Err(format!(
            "the bits behind the first {bits} must be 0: write `{whole}`, or `{address}` for this address alone"
        ));
    }
    Ok(network)
}

/// How many bits of `address` count.
fn prefix(bits: &str, address: IpAddr, most: u8) -> Result<u8, String> {
    if let (Ok(mask), IpAddr::V4(address)) = (bits.parse::<Ipv4Addr>(), address)
        && let Ok(network) = Ipv4Net::with_netmask(address, mask)
    {
        let network = network.trunc();
        return Err(format!("write how many bits count: `{network}`"));
    }
    // Digits first: the parser of numbers takes a sign.
    let number = bits.bytes().all(|byte| byte.is_ascii_digit());
    let number = number.then(|| bits.parse::<u8>().ok()).flatten();
    number
        .filter(|bits| *bits <= most)
        .ok_or_else(|| format!("behind the `/` stands how many bits count: 0 to {most}"))
}

/// The IPv4 network that an IPv6 one stands for.
fn mapped(network: IpNet) -> Option<Ipv4Net> {
    let (IpAddr::V6(address), bits) = (network.addr(), network.prefix_len()) else {
        return None;
    };
    let network = Ipv4Net::new(address.to_ipv4_mapped()?, bits.checked_sub(96)?).ok()?;
    Some(network.trunc())
}

/// What to write in place of what is no address.
fn no_address(text: &str, bits: Option<&str>) -> String {
    let bits = bits.map_or_else(String::new, |bits| format!("/{bits}"));
    let bare = text.trim_matches(['[', ']']);
    if bare != text && bare.parse::<Ipv6Addr>().is_ok() {
        return format!("write it without brackets: `{bare}{bits}`");
    }
    if let Ok(socket) = text.parse::<std::net::SocketAddr>() {
        return format!("leave out the port: `{}{bits}`", socket.ip());
    }
    if matches!(text, "*" | "all" | "any") {
        return "write `0.0.0.0/0` for all of IPv4, `::/0` for all of IPv6".to_owned();
    }
    if text == "localhost" {
        return "networks are addresses, not names: `127.0.0.0/8` and `::1`".to_owned();
    }
    if let Some(meant) = short(text) {
        return format!("write all four numbers, and how many bits count: `{meant}`");
    }
    "write an address and how many of its bits count: `10.0.0.0/8`, `2001:db8::/32`".to_owned()
}

/// `10`, `10.1.` or `10.1.*`: the network that is meant.
fn short(text: &str) -> Option<Ipv4Net> {
    let parts = text.trim_end_matches(['*', '.']).split('.');
    let parts: Vec<u8> = parts.map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let mut octets = [0; 4];
    octets.get_mut(..parts.len())?.copy_from_slice(&parts);
    let bits = u8::try_from(8 * parts.len()).ok()?;
    Ipv4Net::new(octets.into(), bits).ok()
}

/// The networks of the list at `node`, which is not empty. Those that are not good are left out.
pub(super) fn read(reader: &mut Reader<'_>, key: &str, node: &Node<'_>) -> Networks {
    let mut networks = Vec::new();
    for word in reader.words(key, node) {
        match network(&word.text) {
            Ok(network) => networks.push(network),
            Err(hint) => {
                let what = format!("`{}` is not a network", word.text);
                let message = Message::new(Code::BadNetwork, what).at(word.place, "");
                reader.say(message.help(hint));
            }
        }
    }
    Networks::new(networks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(all: &[&str]) -> Networks {
        Networks::new(all.iter().map(|text| network(text).unwrap()).collect())
    }

    #[test]
    fn an_address_is_in_a_network_or_not() {
        let list = networks(&["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]);
        for inside in ["10.255.0.1", "192.0.2.7", "2001:db8:1::", "::ffff:10.0.0.1"] {
            assert!(list.contain(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["11.0.0.0", "192.0.2.8", "2001:db9::", "::ffff:11.0.0.1"] {
            assert!(!list.contain(outside.parse().unwrap()), "{outside}");
        }
        assert!(!Networks::default().contain("10.0.0.1".parse().unwrap()));
        let six = networks(&["::/0"]);
        assert!(!six.contain("10.0.0.1".parse().unwrap()));
        assert!(!six.contain("::ffff:10.0.0.1".parse().unwrap()));
    }

    #[test]
    fn what_is_shown_is_read_back() {
        let list = networks(&["2001:db8::/32", "10.0.0.0/8", "192.0.2.7", "10.0.0.0/8"]);
        let shown = r#"["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]"#;
        assert_eq!(list.show(), shown);
        assert_eq!(networks(&["192.0.2.7/32"]), networks(&["192.0.2.7"]));
    }

    #[test]
    fn each_mistake_has_its_advice() {
        for (text, advice) in [
            ("10.0.0.1/8", "write `10.0.0.0/8`, or `10.0.0.1`"),
            ("10.0.0.0/33", "0 to 32"),
            ("::/129", "0 to 128"),
            ("10.0.0.0/+8", "0 to 32"),
            ("10.0.0.0/", "0 to 32"),
            ("10.0.0.0/255.0.0.0", "`10.0.0.0/8`"),
            ("10.0.0", "`10.0.0.0/24`"),
            ("10.1.*", "`10.1.0.0/16`"),
            ("[::1]/128", "`::1/128`"),
            ("10.0.0.1:80", "leave out the port: `10.0.0.1`"),
            ("localhost", "not names"),
            ("*", "0.0.0.0/0"),
            ("db1", "an address and how many"),
            ("", "an address and how many"),
            ("::ffff:10.0.0.0/104", "write `10.0.0.0/8`"),
        ] {
            let said = network(text).unwrap_err();
            assert!(said.contains(advice), "{text}: {said}");
        }
    }
}
