//! The sockets of the admin interface, and who may come in.
//!
//! It owns them. It waits for connections, and has so many at once at most: whoever comes then waits in
//! the kernel's queue, and no worker hears of it.

use super::{
    secure::Secure,
    serve::{Service, Way},
};
use crate::message::{Code, Message};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::process::geteuid;
use socket2::SockRef;
use std::{
    fs::{self, Permissions},
    io,
    net::SocketAddr,
    os::unix::fs::{FileTypeExt, PermissionsExt},
    path::{Path, PathBuf},
    rc::Rc,
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, UnixListener},
    sync::Semaphore,
    time::sleep,
};

/// Sockets that listen, and belong to no runtime yet.
pub(super) type Bound = std::os::unix::net::UnixListener;
pub(super) type BoundTcp = std::net::TcpListener;

/// How many may ask at once, of each kind.
const MOST: usize = 64;
/// How long the head of a question may take.
const HEAD: Duration = Duration::from_secs(10);
/// How long somebody who asked may take nothing of the answer: the place is another's then.
const DEAF: Duration = Duration::from_secs(30);
/// How long to leave a socket alone that the machine cannot accept from.
const PAUSE: Duration = Duration::from_millis(200);

/// Listens at `path`, for the same user and root alone.
pub(super) fn bind_unix(path: &Path) -> Result<(PathBuf, Bound), Message> {
    let cannot = |error: &io::Error| {
        let what = format!("cannot open the admin socket {}", path.display());
        Message::new(Code::CannotBind, what).note(crate::tls::files::reason(error))
    };
    if fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket()) {
        // Whoever left it behind is gone if nobody answers; the file goes when the new one takes its name.
        if std::os::unix::net::UnixStream::connect(path).is_ok() {
            return Err(cannot(&io::ErrorKind::AddrInUse.into()));
        }
    } else if path.exists() {
        return Err(cannot(&io::Error::other("there is a file of that name")));
    }
    let own = with_pid(path);
    let listener = Bound::bind(&own).map_err(|error| cannot(&error))?;
    // Nobody knows it by this name, so nobody is in before it is closed to others.
    let renamed = listener
        .set_nonblocking(true)
        .and_then(|()| fs::set_permissions(&own, Permissions::from_mode(0o600)))
        .and_then(|()| fs::rename(&own, path));
    if let Err(error) = renamed {
        let _gone = fs::remove_file(&own);
        return Err(cannot(&error));
    }
    Ok((path.to_owned(), listener))
}

/// A name beside `path` that no other process has.
pub(super) fn with_pid(path: &Path) -> PathBuf {
    let mut own = path.as_os_str().to_owned();
    own.push(format!(".{}", std::process::id()));
    PathBuf::from(own)
}

/// Listens at `address`.
pub(super) fn bind_tcp(address: SocketAddr) -> Result<BoundTcp, Message> {
    let bound = BoundTcp::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        // Every connection has it from its listener: the kernel ends one that takes nothing.
        SockRef::from(&listener).set_tcp_user_timeout(Some(DEAF))?;
        Ok(listener)
    });
    bound.map_err(|error| {
        let what = format!("cannot open the admin interface at {address}");
        Message::new(Code::CannotBind, what).note(crate::tls::files::reason(&error))
    })
}

/// Why nobody is answered at a socket of ours.
fn cannot_wait(error: &io::Error) {
    tracing::error!(%error, "nobody is answered at a socket of the admin interface");
}

/// Serves whoever connects to the Unix socket, and is the same user or root.
pub(super) async fn unix(bound: Bound, service: Rc<Service>) {
    let listener = match UnixListener::from_std(bound) {
        Ok(listener) => listener,
        Err(error) => return cannot_wait(&error),
    };
    let places = Arc::new(Semaphore::new(MOST));
    let own = geteuid().as_raw();
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let known = stream.peer_cred().is_ok_and(|peer| {
                    let user = peer.uid();
                    user == own || user == 0
                });
                if known {
                    let service = Rc::clone(&service);
                    tokio::task::spawn_local(async move {
                        converse(stream, service, Way::Unix).await;
                        drop(place);
                    });
                }
            }
            Err(_) => sleep(PAUSE).await,
        }
    }
}

/// Serves whoever connects by HTTP, over TLS if there is something to secure it. A handshake has its place
/// among the others, so that those who shake hands and no more are not more than those who ask.
pub(super) async fn http(bound: BoundTcp, secure: Option<Secure>, service: Rc<Service>) {
    let listener = match TcpListener::from_std(bound) {
        Ok(listener) => listener,
        Err(error) => return cannot_wait(&error),
    };
    let places = Arc::new(Semaphore::new(MOST));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, client)) => {
                let (service, secure) = (Rc::clone(&service), secure.clone());
                tokio::task::spawn_local(async move {
                    match secure {
                        None => converse(stream, service, Way::Http).await,
                        Some(secure) => {
                            if let Some((stream, way)) = secure.accept(stream, client).await {
                                converse(stream, service, way).await;
                            }
                        }
                    }
                    drop(place);
                });
            }
            Err(_) => sleep(PAUSE).await,
        }
    }
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    service: Rc<Service>,
    way: Way,
) {
    let answers = service_fn(move |request| {
        let service = Rc::clone(&service);
        async move { service.answer(way, request).await }
    });
    // Whatever becomes of it is the asker's business.
    let _over = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(stream), answers)
        .await;
}
