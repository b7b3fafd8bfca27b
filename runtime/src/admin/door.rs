//! The sockets of the admin interface, and who may come in.
//!
//! It owns them. It waits for connections, and has so many at once at most: whoever comes then waits in
//! the kernel's queue, and no worker hears of it.

use super::{
    secure::{Secure, Shaken},
    serve::{Service, Way},
};
use crate::message::{Code, Message};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::process::geteuid;
use socket2::{Domain, SockAddr, SockRef, Socket, Type};
use std::{
    collections::VecDeque,
    fmt::Display,
    fs::{self, Permissions},
    io,
    net::SocketAddr,
    os::unix::fs::{FileTypeExt, PermissionsExt},
    path::{Path, PathBuf},
    pin::pin,
    rc::Rc,
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, UnixListener},
    sync::Semaphore,
    task::AbortHandle,
    time::{sleep, timeout},
};

/// Sockets that listen, and belong to no runtime yet.
pub(super) type Bound = std::os::unix::net::UnixListener;
pub(super) type BoundTcp = std::net::TcpListener;

/// How many may ask at once, of each kind.
const MOST: usize = 64;
/// How many may shake hands at once.
const SHAKING: usize = 32;
/// How long the last answer may take to whoever is to ask no more.
const LAST_ANSWER: Duration = Duration::from_secs(5);
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
    let own = with_pid(path, std::process::id());
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

/// A name beside `path` that no other process has than that of this `pid`.
pub(super) fn with_pid(path: &Path, pid: impl Display) -> PathBuf {
    let mut own = path.as_os_str().to_owned();
    own.push(format!(".{pid}"));
    PathBuf::from(own)
}

/// Whether somebody is asked at `path`: a file that was left behind is nobody. Whoever may not ask there, or
/// finds a queue that is full, knows that there is somebody.
pub(super) fn is_asked(path: &Path) -> bool {
    let connected = Socket::new(Domain::UNIX, Type::STREAM, None).and_then(|socket| {
        // A process that is stuck accepts nobody.
        socket.set_nonblocking(true)?;
        socket.connect(&SockAddr::unix(path)?)
    });
    match connected {
        Ok(()) => true,
        Err(error) => !matches!(
            error.kind(),
            io::ErrorKind::NotFound
                | io::ErrorKind::ConnectionRefused
                | io::ErrorKind::InvalidInput
        ),
    }
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
                        converse(stream, service, (Way::Unix, std::future::pending())).await;
                        drop(place);
                    });
                }
            }
            Err(_) => sleep(PAUSE).await,
        }
    }
}

/// Serves whoever connects by HTTP.
async fn plain(listener: TcpListener, service: Rc<Service>) {
    let places = Arc::new(Semaphore::new(MOST));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let service = Rc::clone(&service);
                tokio::task::spawn_local(async move {
                    converse(stream, service, (Way::Http, std::future::pending())).await;
                    drop(place);
                });
            }
            Err(_) => sleep(PAUSE).await,
        }
    }
}

/// Serves whoever connects by HTTP over TLS. Those who shake hands have places of their own, so that those
/// who never come to an end of it take none of those who ask; if there is none left, the one who has been at
/// it for longest goes.
async fn secured(listener: TcpListener, secure: Secure, service: Rc<Service>) {
    let places = Arc::new(Semaphore::new(MOST));
    let mut shaking: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        let (stream, client) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(_) => {
                sleep(PAUSE).await;
                continue;
            }
        };
        shaking.retain(|one| !one.is_finished());
        if shaking.len() >= SHAKING
            && let Some(oldest) = shaking.pop_front()
        {
            oldest.abort();
        }
        let (service, secure) = (Rc::clone(&service), secure.clone());
        let places = Arc::clone(&places);
        let shakes = tokio::task::spawn_local(async move {
            let Some(Shaken { stream, way, ends }) = secure.accept(stream, client).await else {
                return;
            };
            let Ok(place) = places.acquire_owned().await else {
                return;
            };
            // Nobody takes its place from now on.
            tokio::task::spawn_local(async move {
                converse(stream, service, (way, ends)).await;
                drop(place);
            });
        });
        shaking.push_back(shakes.abort_handle());
    }
}

/// Serves whoever connects by HTTP, over TLS if there is something to secure it.
pub(super) async fn http(bound: BoundTcp, secure: Option<Secure>, service: Rc<Service>) {
    let listener = match TcpListener::from_std(bound) {
        Ok(listener) => listener,
        Err(error) => return cannot_wait(&error),
    };
    match secure {
        None => plain(listener, service).await,
        Some(secure) => secured(listener, secure, service).await,
    }
}

/// Answers until the asker has heard enough; once `ends` is ready, or all is over, no more than what is being
/// answered.
async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    service: Rc<Service>,
    (way, ends): (Way, impl Future<Output = ()>),
) {
    let mut over = service.over.subscribe();
    let answers = service_fn(move |request| {
        let service = Rc::clone(&service);
        async move { service.answer(way, request).await }
    });
    let mut talk = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .serve_connection(TokioIo::new(stream), answers)
    );
    tokio::select! {
        // Whatever becomes of it is the asker's business.
        _done = talk.as_mut() => return,
        () = ends => {}
        _over = over.wait_for(|over| *over) => {}
    }
    talk.as_mut().graceful_shutdown();
    // Some answers go on for ever.
    let _done = timeout(LAST_ANSWER, talk).await;
}
