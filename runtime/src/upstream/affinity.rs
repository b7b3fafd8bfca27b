//! What a request's endpoint follows from, where its cluster asks for that: a field, a cookie, the path
//! or the client.
//!
//! It owns no more than the way from there to a number, which is the same in every process.

use crate::config::Affinity;
use std::net::IpAddr;
use tidegate_core::{group::hash, http1::RequestHead};

/// What a request says of it; nothing if it does not say it.
pub(super) fn of_request(
    affinity: &Affinity,
    head: &RequestHead<'_>,
    client: IpAddr,
) -> Option<u64> {
    match affinity {
        Affinity::Header(name) => {
            let mut fields = head.fields();
            let field = fields.find(|field| field.is(name))?;
            Some(hash(field.value))
        }
        Affinity::Cookie(name) => {
            let fields = head.fields().filter(|field| field.is("cookie"));
            let mut pairs = fields.flat_map(|field| field.value.split(|byte| *byte == b';'));
            let value = pairs.find_map(|pair| value_of(pair, name.as_bytes()))?;
            Some(hash(value))
        }
        Affinity::Path => Some(hash(head.path().as_bytes())),
        Affinity::Source => Some(of_address(client)),
    }
}

/// What a connection says of it that carries nothing we look at.
pub(super) fn of_client(affinity: &Affinity, client: IpAddr) -> Option<u64> {
    match affinity {
        Affinity::Source => Some(of_address(client)),
        Affinity::Header(_) | Affinity::Cookie(_) | Affinity::Path => None,
    }
}

/// An IPv4 address is the same however it came.
fn of_address(client: IpAddr) -> u64 {
    match client.to_canonical() {
        IpAddr::V4(ip) => hash(&ip.octets()),
        IpAddr::V6(ip) => hash(&ip.octets()),
    }
}

/// The value of a `name=value` pair, if that is its name (RFC 6265, 4.2.1).
fn value_of<'a>(pair: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let rest = pair.trim_ascii().strip_prefix(name)?;
    rest.strip_prefix(b"=")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr};
    use tidegate_core::{http1::request_head, limits::Limits};

    const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn key(affinity: &Affinity, fields: &str) -> Option<u64> {
        let text = format!("GET /a?b HTTP/1.1\r\nHost: h\r\n{fields}\r\n");
        let (_, head) = request_head(text.as_bytes(), &Limits::default())
            .unwrap()
            .unwrap();
        of_request(affinity, &head, CLIENT)
    }

    #[test]
    fn a_field_by_its_name() {
        let header = Affinity::Header("x-user".to_owned());
        assert_eq!(
            key(&header, "X-User: joe\r\nx-user: ann\r\n"),
            Some(hash(b"joe"))
        );
        assert_eq!(key(&header, "x-users: joe\r\n"), None);
    }

    #[test]
    fn a_cookie_among_others() {
        let cookie = Affinity::Cookie("sid".to_owned());
        for fields in [
            "Cookie: sid=7\r\n",
            "Cookie: a=1; sid=7; sid=8\r\n",
            "Cookie: asid=3;sid=7\r\n",
            "Cookie: sidx=3\r\nCookie: sid=7\r\n",
        ] {
            assert_eq!(key(&cookie, fields), Some(hash(b"7")), "{fields}");
        }
        assert_eq!(key(&cookie, "Cookie: sidx=3; sid\r\n"), None);
    }

    #[test]
    fn the_path_without_its_query_and_the_client_without_its_port() {
        assert_eq!(key(&Affinity::Path, ""), Some(hash(b"/a")));
        assert_eq!(key(&Affinity::Source, ""), Some(hash(&[127, 0, 0, 1])));
        let mapped = IpAddr::V6(Ipv4Addr::LOCALHOST.to_ipv6_mapped());
        assert_eq!(
            of_client(&Affinity::Source, mapped),
            Some(hash(&[127, 0, 0, 1]))
        );
        let other = IpAddr::V6(Ipv6Addr::LOCALHOST);
        assert_ne!(
            of_client(&Affinity::Source, other),
            Some(hash(&[127, 0, 0, 1]))
        );
        assert_eq!(of_client(&Affinity::Path, other), None);
    }
}
