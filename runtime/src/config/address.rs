//! Where to listen and where to forward to, as people write it.
//!
//! Pure: names are taken apart here and looked up elsewhere. What is wrong comes with what to
//! write instead.

use crate::config::endpoint::unix;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

/// Reads an address to listen at: `:443` (all of IPv4), `127.0.0.1:443`, `[::]:443`.
///
/// # Errors
/// What to write instead.
pub fn bind(text: &str) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    if let Some(port) = text.strip_prefix(':').filter(|port| !port.contains(':')) {
        return match port_of(port) {
            Some(port) => Ok(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))),
            None => Err("the part after `:` must be a port: 0 to 65535".to_owned()),
        };
    }
    Err(if let Some(port) = port_of(text) {
        format!("write `:{port}` for every IPv4 address, `127.0.0.1:{port}` for this machine only")
    } else if let Ok(ip) = text.parse::<Ipv4Addr>() {
        format!("the port is missing: `{ip}:PORT`")
    } else if let Ok(ip) = text.trim_matches(['[', ']']).parse::<Ipv6Addr>() {
        format!("an IPv6 address stands in brackets, with a port behind: `[{ip}]:PORT`")
    } else {
        match text
            .rsplit_once(':')
            .map(|(host, port)| (host, port_of(port)))
        {
            Some((_, None)) => "the part after the last `:` must be a port: 0 to 65535".to_owned(),
            Some(("*", Some(port))) => format!("write `:{port}` for every IPv4 address"),
            Some(("localhost", Some(port))) => {
                format!("write `127.0.0.1:{port}` or `[::1]:{port}`")
            }
            Some((_, Some(port))) => {
                format!(
                    "listeners take addresses, not names: `IP:{port}`, or `:{port}` for all IPv4"
                )
            }
            None => "write `IP:PORT`, or `:PORT` for every IPv4 address".to_owned(),
        }
    })
}

/// `HOST:PORT`, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// A name or an IP address, without brackets.
    pub host: String,
    /// Not 0.
    pub port: u16,
}

/// Reads what a one-liner forwards to: an endpoint, or one that is spoken to over TLS, as
/// `https://api.example.com` or `tls://db1:5432`. Whether it is, and the endpoint alone.
///
/// # Errors
/// What to write instead.
pub fn target(text: &str) -> Result<(bool, String), String> {
    if unix(text)?.is_some() {
        return Ok((false, text.to_owned()));
    }
    let secure = match (text.strip_prefix("https://"), text.strip_prefix("tls://")) {
        (Some(web), _) => {
            let host = web.strip_suffix('/').unwrap_or(web);
            let bare = !host.rsplit(']').next().unwrap_or_default().contains(':');
            let port = if bare && !host.is_empty() { ":443" } else { "" };
            Some(format!("{host}{port}"))
        }
        (None, other) => other.map(str::to_owned),
    };
    let found = (secure.is_some(), secure.unwrap_or_else(|| text.to_owned()));
    endpoint(&found.1).map(|_| found)
}

/// Reads an endpoint: `db1:5432`, `127.0.0.1:3000`, `[::1]:3000`.
///
/// # Errors
/// What to write instead.
pub fn endpoint(text: &str) -> Result<Authority, String> {
    if let Some((scheme, rest)) = text.split_once("://") {
        let host = rest.split('/').next().unwrap_or(rest);
        let port = match (host.contains(':'), scheme) {
            (true, _) => "",
            (false, "https") => ":443",
            (false, _) => ":80",
        };
        let tls = match scheme {
            "https" | "tls" => ", and tls = \"system\" in its cluster",
            _ => "",
        };
        return Err(format!(
            "write it without scheme and path: `{host}{port}`{tls}"
        ));
    }
    if text.contains('/') {
        return Err("an endpoint has no path".to_owned());
    }
    if let Ok(ip) = text.trim_matches(['[', ']']).parse::<Ipv6Addr>() {
        return Err(format!(
            "an IPv6 address stands in brackets, with a port behind: `[{ip}]:PORT`"
        ));
    }
    let Some((host, port)) = text.rsplit_once(':') else {
        return Err(format!("the port is missing: `{text}:PORT`"));
    };
    let port = match port_of(port) {
        Some(port) if port != 0 => port,
        Some(_) | None => return Err("the port must be 1 to 65535".to_owned()),
    };
    if is_host(host) {
        return Ok(Authority {
            host: in_brackets(host).unwrap_or(host).to_owned(),
            port,
        });
    }
    Err(match host {
        "" => format!("the host is missing: `127.0.0.1:{port}`"),
        _ => "the host must be a name or an IP address".to_owned(),
    })
}

/// The port that `text` is: digits alone, where `parse` would take a sign before them.
pub(super) fn port_of(text: &str) -> Option<u16> {
    let port = text.parse().ok();
    port.filter(|_| text.bytes().all(|c| c.is_ascii_digit()))
}

/// Whether `text` can be the host of a URL: a name, an IPv4 address, or an IPv6 address in brackets.
pub(super) fn is_host(text: &str) -> bool {
    match in_brackets(text) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => text.parse::<Ipv4Addr>().is_ok() || is_name(text),
    }
}

/// What stands between one pair of brackets.
fn in_brackets(text: &str) -> Option<&str> {
    text.strip_prefix('[')?.strip_suffix(']')
}

/// Whether `text` can be a host name: labels of letters, digits, `-` and `_`.
pub(super) fn is_name(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    let label = |label: &str| {
        let inner = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
        !label.is_empty() && label.len() <= 63 && label.bytes().all(inner)
    };
    // A last label of digits only is an address that went wrong.
    let last_is_a_name =
        |last: &str| !last.bytes().all(|c| c.is_ascii_digit()) || !text.contains('.');
    text.len() <= 253
        && text.split('.').all(label)
        && text.rsplit('.').next().is_some_and(last_is_a_name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn places_to_listen_at() {
        for (text, address) in [
            (":8443", "0.0.0.0:8443"),
            (":0", "0.0.0.0:0"),
            ("127.0.0.1:80", "127.0.0.1:80"),
            ("[::]:443", "[::]:443"),
        ] {
            assert_eq!(bind(text), Ok(address.parse().unwrap()), "{text}");
        }
        for (text, hint) in [
            ("443", "write `:443`"),
            ("*:443", "write `:443`"),
            ("localhost:80", "write `127.0.0.1:80`"),
            ("web:80", "not names"),
            ("::1:80", "in brackets, with a port behind: `[::1:80]:PORT`"),
            ("::", "`[::]:PORT`"),
            ("[::1]", "`[::1]:PORT`"),
            ("10.0.0.1", "the port is missing: `10.0.0.1:PORT`"),
            (":http", "must be a port"),
            (":65536", "must be a port"),
            (":+8080", "must be a port"),
            ("[::]:+8080", "must be a port"),
            ("10.0.0.1:http", "must be a port"),
            ("", "write `IP:PORT`"),
        ] {
            let error = bind(text).unwrap_err();
            assert!(error.contains(hint), "{text}: {error}");
        }
    }

    #[test]
    fn targets() {
        for (text, expected) in [
            ("db1:5432", (false, "db1:5432")),
            ("https://api.example.com", (true, "api.example.com:443")),
            (
                "https://api.example.com:8443/",
                (true, "api.example.com:8443"),
            ),
            ("https://[::1]", (true, "[::1]:443")),
            ("tls://db1:5432", (true, "db1:5432")),
            ("unix:/run/app.sock", (false, "unix:/run/app.sock")),
        ] {
            let (tls, endpoint) = target(text).unwrap();
            assert_eq!((tls, endpoint.as_str()), expected, "{text}");
        }
        for text in [
            "http://api",
            "https://",
            "https://api/v1",
            "tls://db1",
            "tls://",
            "unix:app",
        ] {
            target(text).unwrap_err();
        }
    }

    #[test]
    fn endpoints() {
        for (text, host, port) in [
            ("db1:5432", "db1", 5432),
            ("api-1.internal.:8080", "api-1.internal.", 8080),
            ("my_service:1", "my_service", 1),
            ("127.0.0.1:3000", "127.0.0.1", 3000),
            ("[::1]:3000", "::1", 3000),
        ] {
            assert_eq!(
                endpoint(text),
                Ok(Authority {
                    host: host.into(),
                    port
                }),
                "{text}"
            );
        }
        for (text, hint) in [
            ("http://127.0.0.1:3000/x", "`127.0.0.1:3000`"),
            ("https://api.example.com", "`api.example.com:443`"),
            ("http://api", "`api:80`"),
            ("api:80/v1", "no path"),
            ("db1", "the port is missing: `db1:PORT`"),
            ("[::1]", "`[::1]:PORT`"),
            ("::1", "`[::1]:PORT`"),
            ("db1:0", "1 to 65535"),
            ("db1:http", "1 to 65535"),
            ("127.0.0.1:+1", "1 to 65535"),
            ("[[::1]]:80", "a name or an IP address"),
            (":3000", "the host is missing: `127.0.0.1:3000`"),
            ("fe80::1:2:80", "`[fe80::1:2:80]:PORT`"),
            ("1.2.3.400:80", "a name or an IP address"),
            ("a b:80", "a name or an IP address"),
            ("", "the port is missing"),
        ] {
            let error = endpoint(text).unwrap_err();
            assert!(error.contains(hint), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_has_an_answer(text in "[a-z0-9:.\\[\\]/*-]{0,20}") {
            let _ = (bind(&text), endpoint(&text));
        }
    }
}
