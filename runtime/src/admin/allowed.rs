//! Who may ask what: by the Unix socket everything; by HTTP one may look, and change nothing without the
//! token, or a certificate that stands for it.
//!
//! Pure.

use super::serve::Way;
use hyper::{
    Method, Request, StatusCode,
    header::{AUTHORIZATION, AsHeaderName, HOST, HeaderValue, ORIGIN},
};
use std::net::IpAddr;

/// Whether whoever came this way may have this done.
///
/// # Errors
/// The status that says no, and why.
pub(super) fn lets_in<B>(
    way: Way,
    token: Option<&str>,
    request: &Request<B>,
) -> Result<(), (StatusCode, &'static str)> {
    let looks = matches!(*request.method(), Method::GET | Method::HEAD);
    match way {
        Way::Unix => return Ok(()),
        // A browser shows its user's certificate for any page that has it ask here; but it says which.
        Way::Certified if !looks && is_from_elsewhere(request) => {
            return Err((StatusCode::FORBIDDEN, "a page of another has asked"));
        }
        Way::Certified => return Ok(()),
        Way::Http => {}
    }
    let header = |name| text(request, name);
    let said = header(AUTHORIZATION).and_then(|said| said.strip_prefix("Bearer "));
    if let (Some(token), Some(said)) = (token, said) {
        return match same(token, said) {
            true => Ok(()),
            false => Err((StatusCode::UNAUTHORIZED, "that is not the token")),
        };
    }
    if !looks {
        let why = "changes need the token of [admin], or the Unix socket";
        return Err((StatusCode::FORBIDDEN, why));
    }
    if token.is_none() && !header(HOST).is_some_and(is_own_name) {
        let why = "it is asked by the name of another";
        return Err((StatusCode::MISDIRECTED_REQUEST, why));
    }
    if token.is_some() {
        return Err((StatusCode::UNAUTHORIZED, "the token is asked for"));
    }
    Ok(())
}

fn text<B>(request: &Request<B>, name: impl AsHeaderName) -> Option<&str> {
    let value: Option<&HeaderValue> = request.headers().get(name);
    value.and_then(|value| value.to_str().ok())
}

/// Whether a browser asks for a page that is not ours: fetch's `Sec-Fetch-Site` says so, and where a
/// browser does not know that, `Origin`. Whoever is no browser says neither.
fn is_from_elsewhere<B>(request: &Request<B>) -> bool {
    match (text(request, "sec-fetch-site"), text(request, ORIGIN)) {
        (Some(site), _) => !matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            let page = origin.split_once("://").map(|(_, page)| page);
            page.is_none() || page != text(request, HOST)
        }
        (None, None) => false,
    }
}

/// In a time that tells nothing of where they differ.
fn same(token: &str, said: &str) -> bool {
    let bytes = token.bytes().zip(said.bytes());
    let differ = bytes.fold(0, |differ, (one, other)| differ | (one ^ other));
    token.len() == said.len() && differ == 0
}

/// Whether it is the loopback that was asked for, by any of its names.
fn is_own_name(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_loopback_has_our_name() {
        for own in [
            "localhost",
            "LOCALHOST:9901",
            "127.0.0.1:9901",
            "[::1]:9901",
            "[::1]",
            "127.8.8.8",
        ] {
            assert!(is_own_name(own), "{own}");
        }
        for others in [
            "localhost.example.com",
            "example.com:9901",
            "10.0.0.1",
            "",
            ":",
            "[2001:db8::1]:1",
        ] {
            assert!(!is_own_name(others), "{others}");
        }
    }

    #[test]
    fn a_certificate_is_for_everything_that_no_page_of_another_has_asked_for() {
        let own = ("host", "proxy.internal:9901");
        let asks = |method: Method, fields: &[(&str, &str)]| {
            let mut request = Request::builder().method(method);
            for (name, value) in fields {
                request = request.header(*name, *value);
            }
            let request = request.body(()).unwrap();
            lets_in(Way::Certified, None, &request).is_ok()
        };
        for good in [
            &[own][..],
            &[own, ("sec-fetch-site", "same-origin")],
            &[own, ("sec-fetch-site", "none")],
            &[own, ("origin", "https://proxy.internal:9901")],
        ] {
            assert!(asks(Method::POST, good), "{good:?}");
        }
        for bad in [
            &[own, ("sec-fetch-site", "cross-site")][..],
            &[own, ("sec-fetch-site", "same-site")],
            &[own, ("origin", "https://evil.example")],
            &[own, ("origin", "https://proxy.internal")],
            &[own, ("origin", "null")],
            &[("origin", "null")],
        ] {
            assert!(!asks(Method::POST, bad), "{bad:?}");
            assert!(!asks(Method::DELETE, bad), "{bad:?}");
            // What is answered is nothing that such a page may read.
            assert!(asks(Method::GET, bad), "{bad:?}");
        }
    }

    #[test]
    fn a_token_is_the_whole_of_it() {
        assert!(same("abc", "abc"));
        for other in ["", "ab", "abd", "abcd"] {
            assert!(!same("abc", other), "{other}");
        }
    }
}
