//! Where a process is asked that was told nothing of it, and where whoever asks finds it.
//!
//! It owns nothing, and waits for nothing: it looks who is there.

use super::door;
use crate::message::Message;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

/// Where HTTP is usually spoken.
pub const USUAL: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9901);

/// Where the Unix socket of the packaged service is, in its `RuntimeDirectory=`.
const SERVICE: &str = "/run/tidegate/admin.sock";

/// Where the Unix socket usually is: in the directory that the system gives a service, or a user.
#[must_use]
pub fn usual_path() -> PathBuf {
    let directory = |name: &str| {
        let value = std::env::var_os(name)?;
        (!value.is_empty()).then(|| PathBuf::from(value))
    };
    match (directory("RUNTIME_DIRECTORY"), directory("XDG_RUNTIME_DIR")) {
        (Some(own), _) => own.join("admin.sock"),
        (None, Some(users)) => users.join("tidegate.sock"),
        (None, None) => Path::new("/run/tidegate.sock").to_owned(),
    }
}

/// Where one that was started as usual is asked: in the directory of whoever asks, or else the service's, if
/// there is one.
pub(super) fn asked_path() -> PathBuf {
    or_service(usual_path(), Path::new(SERVICE))
}

fn or_service(usual: PathBuf, service: &Path) -> PathBuf {
    // Neither is there: the usual place is what is said not to be.
    match !door::is_asked(&usual) && door::is_asked(service) {
        true => service.to_owned(),
        false => usual,
    }
}

/// A usual place that is taken, or out of reach, stops nothing: nobody asked for it by name.
pub(super) fn usually<T>(opened: Result<T, Message>) -> Option<T> {
    match opened {
        Ok(opened) => Some(opened),
        Err(message) => {
            tracing::info!("{}; see [admin] of the file", message.line());
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::testing::Scratch;
    use std::time::Duration;

    #[test]
    fn the_service_is_asked_where_nobody_else_is_there() {
        let scratch = Scratch::new("admin-asked");
        let [here, there, stale] = ["here", "there", "stale"].map(|name| scratch.path(name));
        let listen = |path| door::Bound::bind(path).unwrap();
        let _held = (listen(&here), listen(&there));
        drop(listen(&stale));
        assert!(stale.exists(), "whoever listened has left it behind");
        // A program that somebody starts meanwhile has every descriptor, for a moment.
        let left = |_: &u32| {
            std::thread::sleep(Duration::from_millis(1));
            !door::is_asked(&stale)
        };
        assert!((0..5_000).find(left).is_some());
        let nowhere = Path::new("/no/such/socket");
        let asked = |usual: &Path, service| or_service(usual.to_owned(), service);
        assert_eq!(asked(&here, &there), here);
        assert_eq!(asked(nowhere, &there), there);
        assert_eq!(asked(nowhere, nowhere), nowhere);
        assert_eq!(asked(&stale, &there), there);
        assert_eq!(asked(&here, &stale), here);
    }
}
