//! Giving up the rights of root, once all that needs them is done: addresses are bound, certificates read,
//! and nobody is served yet.
//!
//! It owns nothing. What the process opens later, it opens as that user: what is known to be opened then is
//! tried at once.

use crate::{
    config::{Config, Tls},
    log::Place,
    message::{Code, Message},
    sys,
    tls::files::reason,
};
use rustix::process::{getegid, geteuid};
use std::{
    fs::{File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

/// Who the process is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    user: u32,
    group: u32,
}

/// Becomes the user of `config`, if it names one: all threads, without any further group. `admin` is then
/// that user's.
///
/// # Errors
/// There is no such user, we may not, or it could not do what it has to.
pub(super) fn give_up(config: &Config, admin: Option<&Path>) -> Result<(), Message> {
    let Some(name) = &config.user else {
        return Ok(());
    };
    let cannot =
        |why: String| Message::new(Code::CannotBecome, format!("cannot become `{name}`: {why}"));
    let identity = identity(name).map_err(cannot)?;
    let own = (geteuid().as_raw(), getegid().as_raw());
    // One that was started by a process which is that user already.
    if own != (identity.user, identity.group) {
        if own.0 != 0 {
            let message = cannot("only root can become another".to_owned());
            return Err(message.help("start it as root, or leave `user` out"));
        }
        let Identity { user, group } = identity;
        if let Some(path) = admin {
            let given = std::os::unix::fs::chown(path, Some(user), Some(group));
            given.map_err(|error| cannot(format!("{}: {}", path.display(), reason(&error))))?;
        }
        sys::become_user(user, group).map_err(|error| cannot(reason(&error)))?;
        tracing::info!(user, group, "the rights of root were given up");
    }
    if let Some((path, Err(error))) = tried(config) {
        let what = format!("`{name}` cannot open {}", path.display());
        let message = Message::new(Code::CannotBecome, what).note(reason(&error));
        return Err(message.help("it is opened again later: let that user do so"));
    }
    for path in unreadable(config) {
        tracing::warn!(
            "`{name}` cannot read {}: it is served, and a reload will fail",
            path.display()
        );
    }
    Ok(())
}

/// What is opened again while it serves, and cannot be done without: the log.
fn tried(config: &Config) -> Option<(PathBuf, io::Result<File>)> {
    match &config.log.to {
        Place::File(path) => {
            let opened = OpenOptions::new().append(true).open(path);
            Some((path.clone(), opened))
        }
        Place::Stdout | Place::Stderr => None,
    }
}

/// Certificates, keys and authorities that only root could read.
fn unreadable(config: &Config) -> Vec<&Path> {
    let tls = config.listeners.iter().filter_map(|one| one.tls.as_ref());
    let files = tls.flat_map(|tls| match tls {
        Tls::Files(all) => all.as_slice(),
        Tls::Dev(_) => &[],
    });
    let asked = config.admin.tls.iter();
    let files = files.chain(asked.clone().flat_map(|tls| &tls.certificates));
    let paths = files.flat_map(|one| [&*one.cert, &*one.key]);
    let clients = config
        .listeners
        .iter()
        .filter_map(|one| one.clients.as_ref());
    let authorities = clients.map(|clients| &*clients.ca);
    let authorities = authorities.chain(asked.filter_map(|tls| tls.client_ca.as_deref()));
    let paths = paths.chain(authorities);
    paths.filter(|path| File::open(path).is_err()).collect()
}

/// `NAME` or `NAME:GROUP`, each a name or a number.
fn identity(text: &str) -> Result<Identity, String> {
    let (name, group) = match text.split_once(':') {
        Some((name, group)) => (name, Some(group)),
        None => (text, None),
    };
    let known = sys::user(name).map_err(|error| reason(&error))?;
    let (user, own) = match (known, name.parse()) {
        (Some(known), _) => known,
        // Somebody without a name has a group of the same number, if nobody says otherwise.
        (None, Ok(number)) => (number, number),
        (None, Err(_)) => return Err("there is no such user".to_owned()),
    };
    let group = match group {
        None => own,
        Some(group) => match (sys::group(group), group.parse()) {
            (Ok(Some(known)), _) | (Ok(None), Ok(known)) => known,
            (Ok(None), Err(_)) => return Err(format!("there is no group `{group}`")),
            (Err(error), _) => return Err(reason(&error)),
        },
    };
    if user == 0 {
        return Err("that is root".to_owned());
    }
    Ok(Identity { user, group })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, AdminTls, CertificateFiles, ClientAuth, Clients, Listener, testing};

    #[test]
    fn users_are_names_or_numbers_and_never_root() {
        let of = |user, group| Ok(Identity { user, group });
        assert_eq!(identity("12345"), of(12_345, 12_345));
        assert_eq!(identity("12345:54321"), of(12_345, 54_321));
        assert_eq!(identity("12345:root"), of(12_345, 0));
        for wrong in ["root", "0", "no-such-user", "12345:no-such-group", ""] {
            assert!(identity(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn all_that_a_reload_reads_is_tried() {
        let both = |name: &str| CertificateFiles {
            cert: format!("/no/{name}.pem").into(),
            key: format!("/no/{name}.key").into(),
        };
        let config = Config {
            listeners: vec![Listener {
                tls: Some(Tls::Files(vec![both("web")])),
                clients: Some(Clients {
                    ca: "/no/clients.pem".into(),
                    auth: ClientAuth::Optional,
                }),
                ..testing::listener()
            }],
            admin: config::Admin {
                tls: Some(AdminTls {
                    certificates: vec![both("admin")],
                    client_ca: Some("/no/operators.pem".into()),
                }),
                ..config::Admin::default()
            },
            ..Config::default()
        };
        let all = [
            "web.pem",
            "web.key",
            "admin.pem",
            "admin.key",
            "clients.pem",
            "operators.pem",
        ];
        assert_eq!(
            unreadable(&config),
            all.map(|name| Path::new("/no").join(name))
        );
    }
}
