//! The request that is asked about, as people write it.

use std::net::IpAddr;
use tidegate_core::http1::{is_token, is_value};

/// A request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// It comes over TLS.
    pub(super) https: bool,
    /// Whom it is for: Host, or the authority of the URL.
    pub(super) authority: String,
    /// The port that it comes to.
    pub(super) port: u16,
    /// The path, as it is sent.
    pub(super) path: String,
    /// What follows `?`.
    pub(super) query: Option<String>,
    /// The method.
    pub(super) method: String,
    /// Names and values.
    pub(super) fields: Vec<(String, String)>,
    /// The client's address, if that was said.
    pub(super) from: Option<IpAddr>,
}

impl Request {
    /// Reads what was asked.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn new(
        url: &str,
        method: &str,
        headers: &[String],
        from: Option<IpAddr>,
    ) -> Result<Request, String> {
        let (https, rest) = match (url.strip_prefix("http://"), url.strip_prefix("https://")) {
            (Some(rest), _) => (false, rest),
            (None, Some(rest)) => (true, rest),
            (None, None) => {
                return Err(format!(
                    "`{url}` is not a URL: write http://HOST/PATH or https://"
                ));
            }
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (host, target) = rest.split_at(end);
        // A fragment stays with the client (RFC 9110, 4.2.5).
        let target = target.split('#').next().unwrap_or_default();
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (target, None),
        };
        if !target.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(format!(
                "`{target}` is not sent like this: percent-encode it"
            ));
        }
        let port = port_of(host, https)?;
        if !is_token(method.as_bytes()) {
            return Err(format!("`{method}` is not a method"));
        }
        let mut authority = host.to_owned();
        let mut fields = Vec::new();
        for header in headers {
            let (name, value) = field(header)?;
            match name.eq_ignore_ascii_case("host") {
                true => authority = value,
                false => fields.push((name, value)),
            }
        }
        Ok(Request {
            https,
            authority,
            port,
            path: if path.is_empty() { "/" } else { path }.to_owned(),
            query,
            method: method.to_owned(),
            fields,
            from,
        })
    }
}

fn port_of(host: &str, https: bool) -> Result<u16, String> {
    let name = tidegate_core::route::bare_host(host);
    if name.is_empty() || host.contains('@') {
        return Err(format!("`{host}` is not a host"));
    }
    match host.rsplit_once(':') {
        Some((_, port)) if !port.ends_with(']') => match port.parse() {
            Ok(port) => Ok(port),
            Err(_) => Err(format!("`{port}` is not a port")),
        },
        Some(_) | None => Ok(if https { 443 } else { 80 }),
    }
}

fn field(header: &str) -> Result<(String, String), String> {
    let (name, value) = header
        .split_once(':')
        .ok_or_else(|| format!("`{header}` is not a header: write 'NAME: VALUE'"))?;
    let value = value.trim_matches([' ', '\t']);
    if !is_token(name.as_bytes()) || !is_value(value) {
        return Err(format!("`{header}` is not a header: write 'NAME: VALUE'"));
    }
    Ok((name.to_owned(), value.to_owned()))
}
