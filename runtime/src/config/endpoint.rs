//! An endpoint as people write it, and its address.
//!
//! Pure, but for the one question that `Outside` answers: which addresses a name has.

use crate::{
    config::{
        Cluster, Endpoint, Outside, Share, address,
        read::{Reader, Word},
    },
    message::{Code, Message},
    net::Address,
    tls::files::reason,
};

/// What an endpoint begins with that is a Unix socket.
const UNIX: &str = "unix:";
/// unix(7): what `sun_path` has room for, beside its end.
const UNIX_MOST: usize = 107;

/// The Host for an endpoint where a client has sent none: a Unix socket has no name that could be one.
pub(crate) fn host(authority: &str, address: Address) -> &str {
    match address {
        Address::Inet(_) => authority,
        Address::Unix(_) => "localhost",
    }
}

impl Cluster {
    /// The Host of a request whose client has sent none.
    #[must_use]
    pub(crate) fn host(&self) -> &str {
        let first = self.endpoints.first();
        first.map_or("", |one| host(&one.authority, one.address))
    }
}

/// The name of a Unix socket, if `text` speaks of one.
///
/// # Errors
/// What to write instead.
pub(crate) fn unix(text: &str) -> Result<Option<&str>, String> {
    let Some(name) = text.strip_prefix(UNIX) else {
        return Ok(None);
    };
    if name.starts_with("//") {
        let name = name.trim_start_matches('/');
        return Err(format!("write one slash: `unix:/{name}`"));
    }
    if !name.starts_with(['/', '@']) || name.len() < 2 {
        return Err(
            "write `unix:` and the whole path, `unix:/run/app.sock`; or `unix:@NAME` for the abstract namespace"
                .to_owned(),
        );
    }
    if name.len() > UNIX_MOST || name.contains('\0') {
        return Err(format!(
            "a path has at most {UNIX_MOST} bytes here, and no NUL"
        ));
    }
    Ok(Some(name))
}

pub(super) fn endpoint(reader: &mut Reader<'_>, word: &Word, share: Share) -> Option<Endpoint> {
    match resolve(&word.text, reader.outside) {
        Ok(endpoint) => Some(Endpoint { share, ..endpoint }),
        Err(message) => {
            reader.say(message.at(word.place.clone(), ""));
            None
        }
    }
}

/// Reads `HOST:PORT` or `unix:PATH`, and finds its address. Of several addresses the first IPv4 one is taken:
/// there is one dial for each attempt, and IPv4 is what works where only one of them does.
///
/// # Errors
/// It is not an endpoint, or the name has no address.
pub(crate) fn resolve(text: &str, outside: &dyn Outside) -> Result<Endpoint, Message> {
    let bad =
        |hint| Message::new(Code::BadEndpoint, format!("`{text}` is not an endpoint")).help(hint);
    if let Some(name) = unix(text).map_err(bad)? {
        return Ok(Endpoint {
            authority: text.to_owned(),
            address: Address::unix(name),
            share: Share::default(),
        });
    }
    let authority = address::endpoint(text).map_err(bad)?;
    let found = match authority.host.parse() {
        Ok(ip) => Ok(vec![std::net::SocketAddr::new(ip, authority.port)]),
        Err(_) => outside.addresses(&authority),
    };
    let why = match found {
        Ok(all) => match all.iter().find(|one| one.is_ipv4()).or(all.first()) {
            Some(address) => {
                return Ok(Endpoint {
                    authority: text.to_owned(),
                    address: (*address).into(),
                    share: Share::default(),
                });
            }
            None => "it has no address".to_owned(),
        },
        Err(error) => reason(&error),
    };
    let what = format!("cannot look up `{}`", authority.host);
    Err(Message::new(Code::Unresolved, what)
        .note(why)
        .help("names are looked up once, at the start; give an IP address if there is no resolver"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unix_sockets() {
        assert_eq!(unix("db1:80"), Ok(None));
        assert_eq!(unix("unix:/run/a b.sock"), Ok(Some("/run/a b.sock")));
        assert_eq!(unix("unix:@app"), Ok(Some("@app")));
        for (text, hint) in [
            ("unix:", "the whole path"),
            ("unix:app.sock", "the whole path"),
            ("unix:@", "the whole path"),
            ("unix:///run/app.sock", "`unix:/run/app.sock`"),
        ] {
            let error = unix(text).unwrap_err();
            assert!(error.contains(hint), "{text}: {error}");
        }
        let long = format!("unix:/{}", "a".repeat(107));
        assert!(unix(&long).unwrap_err().contains("107"));
        assert!(unix(&long[..long.len() - 1]).is_ok());
    }

    #[test]
    fn a_unix_socket_is_no_host() {
        assert_eq!(
            host("db1:80", Address::Inet(([127, 0, 0, 1], 80).into())),
            "db1:80"
        );
        assert_eq!(host("unix:@a", Address::unix("@a")), "localhost");
    }
}
