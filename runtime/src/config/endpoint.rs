//! An endpoint as people write it: an address, a name or a Unix socket.
//!
//! Pure. A name is not looked up here: that it has no address at the moment is no mistake of the file's.

use crate::{
    config::{
        At, Cluster, Endpoint, Share, address,
        read::{Reader, Word},
    },
    message::{Code, Message},
    net::Address,
};
use std::net::SocketAddr;

/// What an endpoint begins with that is a Unix socket.
const UNIX: &str = "unix:";
/// unix(7): what `sun_path` has room for, beside its end.
pub(super) const UNIX_MOST: usize = 107;

/// The Host for an endpoint where a client has sent none: a Unix socket has no name that could be one.
pub(crate) fn host(authority: &str) -> &str {
    match authority.starts_with(UNIX) {
        true => "localhost",
        false => authority,
    }
}

impl Cluster {
    /// The Host of a request whose client has sent none.
    #[must_use]
    pub(crate) fn host(&self) -> &str {
        let first = self.endpoints.first();
        first.map_or("", |one| host(&one.authority))
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
    match read(&word.text) {
        Ok(endpoint) => Some(Endpoint { share, ..endpoint }),
        Err(message) => {
            reader.say(message.at(word.place.clone(), ""));
            None
        }
    }
}

/// Reads `HOST:PORT` or `unix:PATH`.
///
/// # Errors
/// It is not an endpoint.
pub(crate) fn read(text: &str) -> Result<Endpoint, Message> {
    let bad =
        |hint| Message::new(Code::BadEndpoint, format!("`{text}` is not an endpoint")).help(hint);
    let at = match unix(text).map_err(bad)? {
        Some(name) => Address::unix(name).into(),
        None => {
            let authority = address::endpoint(text).map_err(bad)?;
            match authority.host.parse() {
                Ok(ip) => SocketAddr::new(ip, authority.port).into(),
                Err(_) => At::Name(authority),
            }
        }
    };
    Ok(Endpoint {
        authority: text.to_owned(),
        at,
        share: Share::default(),
    })
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
        assert_eq!(host("db1:80"), "db1:80");
        assert_eq!(host("unix:@a"), "localhost");
    }
}
