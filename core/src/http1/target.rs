//! The request target and the authority: what the client wants, and of whom.
//!
//! Owns their grammar (RFC 9112, 3.2; RFC 3986). Never decodes, normalises or resolves: a path is
//! routed and forwarded in the letters it came in.

use super::reject::Fault;

/// A request target, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Target<'a> {
    /// Of the absolute and the authority form.
    pub(super) authority: Option<&'a str>,
    /// `/…`, or `*`; empty in the authority form.
    pub(super) path: &'a str,
    /// What follows the first `?`.
    pub(super) query: Option<&'a str>,
}

/// Takes `target` apart.
pub(super) fn parse<'a>(method: &str, target: &'a str) -> Result<Target<'a>, Fault> {
    // RFC 9112, 3.2: no white space, no fragment; RFC 3986, 2: nothing but ASCII.
    let printable = |byte: u8| byte.is_ascii_graphic() & (byte != b'#');
    // All of them are looked at, many at once.
    if target.is_empty() || !target.bytes().fold(true, |all, byte| all & printable(byte)) {
        return Err(Fault::Target);
    }
    if method == "CONNECT" {
        return of_connect(target);
    }
    if target.starts_with('/') {
        let (path, query) = halves(target);
        return Ok(Target {
            authority: None,
            path,
            query,
        });
    }
    if target == "*" && method == "OPTIONS" {
        return Ok(Target {
            authority: None,
            path: "*",
            query: None,
        });
    }
    absolute(method, target)
}

/// RFC 9112, 3.2.3: CONNECT names host and port, both.
fn of_connect(target: &str) -> Result<Target<'_>, Fault> {
    let port = target.rsplit_once(':').map(|(_, port)| port);
    if !is_authority(target.as_bytes()) || !port.is_some_and(is_port) {
        return Err(Fault::Target);
    }
    Ok(Target {
        authority: Some(target),
        path: "",
        query: None,
    })
}

/// RFC 9112, 3.2.2: every server has to accept the absolute form.
fn absolute<'a>(method: &str, target: &'a str) -> Result<Target<'a>, Fault> {
    let (scheme, rest) = target.split_once("://").ok_or(Fault::Target)?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return Err(Fault::Target);
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    if !is_authority(authority.as_bytes()) {
        return Err(Fault::Target);
    }
    let (path, query) = halves(rest);
    let path = match (path, query) {
        // RFC 9112, 3.2.4: OPTIONS of a whole server, sent on as such.
        ("", None) if method == "OPTIONS" => "*",
        // RFC 9112, 3.2.1: an empty path is sent as "/".
        ("", _) => "/",
        (path, _) => path,
    };
    Ok(Target {
        authority: Some(authority),
        path,
        query,
    })
}

fn halves(target: &str) -> (&str, Option<&str>) {
    match memchr::memchr(b'?', target.as_bytes()) {
        Some(at) => (&target[..at], Some(&target[at + 1..])),
        None => (target, None),
    }
}

/// `host [":" port]` (RFC 9110, 7.2). The host is not empty (RFC 9110, 4.2.1), there is no user
/// (4.2.4), and no comma, which RFC 3986 allows but which only a merged pair of Hosts has.
pub(super) fn is_authority(text: &[u8]) -> bool {
    // Most are a name or four numbers, and perhaps a port.
    let name = text.iter().take_while(|byte| NAME[usize::from(**byte)]);
    match text.split_at(name.count()) {
        ([_, ..], []) => return true,
        ([_, ..], [b':', port @ ..]) if port.len() < 5 && port.iter().all(u8::is_ascii_digit) => {
            return true;
        }
        (_, _) => {}
    }
    let Ok(text) = core::str::from_utf8(text) else {
        return false;
    };
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port),
        Some(_) | None => (text, ""),
    };
    is_host(host) && (port.is_empty() || is_port(port))
}

fn is_host(host: &str) -> bool {
    if let Some(literal) = host.strip_prefix('[') {
        return literal.strip_suffix(']').is_some_and(is_literal);
    }
    !host.is_empty() && is_reg_name(host.as_bytes())
}

/// RFC 3986, 3.2.2: IPv6. IPvFuture has not come.
fn is_literal(address: &str) -> bool {
    address.parse::<core::net::Ipv6Addr>().is_ok()
}

/// Bytes of a name that stand for themselves (RFC 3986, 3.2.2), but for the comma.
const NAME: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_alphanumeric();
        byte += 1;
    }
    let (signs, mut at) = (b"-._~!$&'()*+;=", 0);
    while at < signs.len() {
        table[signs[at] as usize] = true;
        at += 1;
    }
    table
};

fn is_reg_name(mut name: &[u8]) -> bool {
    while let [first, rest @ ..] = name {
        name = match (first, rest) {
            (b'%', [high, low, rest @ ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                rest
            }
            (b'%', _) => return false,
            (byte, rest) if NAME[usize::from(*byte)] => rest,
            (_, _) => return false,
        };
    }
    true
}

fn is_port(port: &str) -> bool {
    // Digits first: the parser of numbers takes a sign.
    port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reduced(method: &str, target: &str) -> Option<(&'static str, &'static str)> {
        // Leaks a few bytes of a test, to keep the table below readable.
        let target = alloc::string::String::from(target).leak();
        let target = parse(method, target).ok()?;
        Some((target.authority.unwrap_or("-"), target.path))
    }

    #[test]
    fn rfc9112_3_2_the_four_forms() {
        assert_eq!(reduced("GET", "/a/b?c"), Some(("-", "/a/b")));
        assert_eq!(reduced("GET", "//a"), Some(("-", "//a")));
        assert_eq!(reduced("GET", "http://h"), Some(("h", "/")));
        assert_eq!(reduced("GET", "HTTPS://h:1/x?y"), Some(("h:1", "/x")));
        assert_eq!(reduced("GET", "http://h?y"), Some(("h", "/")));
        assert_eq!(reduced("OPTIONS", "*"), Some(("-", "*")));
        assert_eq!(reduced("OPTIONS", "http://h"), Some(("h", "*")));
        assert_eq!(reduced("OPTIONS", "http://h/"), Some(("h", "/")));
        assert_eq!(reduced("CONNECT", "h:443"), Some(("h:443", "")));
    }

    #[test]
    fn rfc9112_3_2_no_other_form() {
        for target in [
            "",
            "*",
            "h",
            "h:443",
            "a/b",
            "/a#b",
            "/\u{e9}",
            "/a\u{1}",
            "ftp://h/",
            "http:/h",
            "http://",
            "http:///x",
            "http://u@h/",
            "http://h:x/",
            "http://h\\/",
        ] {
            assert_eq!(reduced("GET", target), None, "{target:?}");
        }
        for target in ["/", "h", "h:", "http://h:1/", "*", "h:99999"] {
            assert_eq!(reduced("CONNECT", target), None, "{target:?}");
        }
    }

    #[test]
    fn rfc9110_7_2_host_and_port() {
        for good in [
            "h",
            "h:",
            "h:80",
            "1.2.3.4:5",
            "[::1]",
            "[::1]:80",
            "a%20b",
            "a_b",
        ] {
            assert!(is_authority(good.as_bytes()), "{good}");
        }
        for bad in [
            "", ":80", "h:65536", "h:-1", "h:+1", "h:8 0", "a b", "a,b", "u@h", "h/", "[::1",
            "[g]", "::1", "%zz", "%2", "%2z", "%z2", "h:1:2", "[::1]x", "\u{e9}",
        ] {
            assert!(!is_authority(bad.as_bytes()), "{bad}");
        }
        assert!(!is_authority(b"\xff"));
    }
}
