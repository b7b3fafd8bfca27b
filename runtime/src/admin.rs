//! Where an operator asks: a Unix socket, and HTTP on the loopback.
//!
//! It owns a thread and a runtime of its own, so that a stuck worker cannot hide itself, and no question
//! costs a request anything but its answer. It never touches a connection: it asks the process and the
//! workers, which answer in their own turn. Its own connections are none of the proxy's, and nobody waits
//! for them.

pub mod client;
mod door;
mod events;
mod json;
pub mod query;
pub mod recorded;
mod serve;
mod told;
mod top;

use crate::{
    config::{self, Door},
    message::{Code, Message},
    server::{Process, Readiness, Workers},
};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    rc::Rc,
    sync::mpsc,
    thread,
};
use tokio::{runtime::Builder, sync::oneshot, task::LocalSet};

/// Whom it asks.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The process.
    pub process: Process,
    /// Its workers.
    pub workers: Workers,
    /// Whether it wants more connections.
    pub readiness: Readiness,
}

/// The interface, for as long as it is kept.
#[derive(Debug, Default)]
pub struct Admin {
    /// The Unix socket, if there is one.
    pub unix: Option<PathBuf>,
    /// Where HTTP is spoken, if it is.
    pub http: Option<SocketAddr>,
    /// Its end is the word.
    _stop: Option<oneshot::Sender<()>>,
}

impl Admin {
    /// Where it is asked, in the words of the banner.
    #[must_use]
    pub fn places(&self) -> Vec<String> {
        let http = self.http.map(|address| format!("http://{address}"));
        let unix = self.unix.as_ref();
        let unix = unix.map(|path| format!("unix {}", path.display()));
        http.into_iter().chain(unix).collect()
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        if let Some(path) = &self.unix {
            // Whoever comes now finds nobody; one that is gone already is no worse.
            let _gone = std::fs::remove_file(path);
        }
    }
}

/// Opens what `config` asks for, and answers there.
///
/// # Errors
/// What was asked for by name and cannot be opened; a usual place that is taken is only said.
pub fn start(config: &config::Admin, asked: Asked) -> Result<Admin, Message> {
    let token = config.token.as_deref().map(token).transpose()?;
    let (told, tells) = mpsc::sync_channel(1);
    let (stop, stopped) = oneshot::channel();
    let doors = config.clone();
    thread::Builder::new()
        .name("admin".to_owned())
        .spawn(move || {
            let runtime = match Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => {
                    // Whoever started us waits for one answer, and it is this one.
                    let _heard = told.send(Err(cannot_start(&error)));
                    return;
                }
            };
            let local = LocalSet::new();
            local.block_on(&runtime, async move {
                let opened = open(&doors);
                let (unix, http) = match opened {
                    Ok(opened) => opened,
                    Err(message) => {
                        let _heard = told.send(Err(message));
                        return;
                    }
                };
                let places = (
                    unix.as_ref().map(|(path, _)| path.clone()),
                    http.as_ref().map(|(address, _)| *address),
                );
                let _heard = told.send(Ok(places));
                let events = events::Events::new();
                let service = Rc::new(serve::Service {
                    asked,
                    token,
                    events,
                });
                let sampled = Rc::clone(&service);
                tokio::task::spawn_local(async move {
                    sampled.events.sample(&sampled.asked).await;
                });
                if let Some((_, listener)) = unix {
                    tokio::task::spawn_local(door::unix(listener, Rc::clone(&service)));
                }
                if let Some((_, listener)) = http {
                    tokio::task::spawn_local(door::http(listener, service));
                }
                // Nothing is ever sent: its end is the word.
                let _ended = stopped.await;
            });
        })
        .map_err(|error| cannot_start(&error))?;
    let answer = tells.recv();
    let (unix, http) = answer.unwrap_or_else(|_| {
        Err(Message::new(
            Code::WorkerFailed,
            "the admin thread has failed",
        ))
    })?;
    Ok(Admin {
        unix,
        http,
        _stop: Some(stop),
    })
}

type Opened = (
    Option<(PathBuf, door::Unix)>,
    Option<(SocketAddr, door::Tcp)>,
);

fn open(doors: &config::Admin) -> Result<Opened, Message> {
    let unix = match &doors.unix {
        Door::Off => None,
        Door::At(path) => Some(door::bind_unix(path)?),
        Door::Usual => usually(door::bind_unix(&usual_path())),
    };
    let http = match doors.http {
        Door::Off => None,
        Door::At(address) => Some(door::bind_tcp(address)?),
        Door::Usual => usually(door::bind_tcp(USUAL)),
    };
    Ok((unix, http))
}

/// Where HTTP is usually spoken.
pub const USUAL: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9901);

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

/// A usual place that is taken, or out of reach, stops nothing: nobody asked for it by name.
fn usually<T>(opened: Result<T, Message>) -> Option<T> {
    match opened {
        Ok(opened) => Some(opened),
        Err(message) => {
            tracing::info!("{}; see [admin] of the file", message.line());
            None
        }
    }
}

fn token(path: &Path) -> Result<String, Message> {
    let wrong = |why: String| {
        let what = format!("cannot use the token in {}", path.display());
        Message::new(Code::NoToken, what).note(why)
    };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    match text.trim() {
        "" => Err(wrong("it is empty".to_owned())),
        token => Ok(token.to_owned()),
    }
}

fn cannot_start(error: &std::io::Error) -> Message {
    Message::new(Code::WorkerFailed, "cannot start the admin thread").note(error.to_string())
}
