//! Where an operator asks: a Unix socket, and HTTP, in the clear or over TLS.
//!
//! It owns a thread and a runtime of its own, so that a stuck worker cannot hide itself, and no question
//! costs a request anything but its answer. It never touches a connection: it asks the process and the
//! workers, which answer in their own turn. Its own connections are none of the proxy's, and no drain waits
//! for them; only what is being answered when all is over is still said.

mod allowed;
pub(crate) mod certificates;
pub mod changed;
pub mod client;
mod door;
mod events;
mod joined;
mod json;
mod kept;
mod look;
pub mod query;
mod reach;
pub mod recorded;
mod secure;
mod serve;
mod told;
mod top;
mod upgrade;
mod usual;
mod watched;

pub use secure::{Secure, With};
pub use usual::{USUAL, usual_path};

use self::usual::usually;

use crate::{
    config::{self, Door},
    message::{Code, Message},
    server::{Facts, Process, Readiness, Workers},
};
use std::{
    net::SocketAddr,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    rc::Rc,
    sync::mpsc,
    thread,
    time::Duration,
};
use tokio::{
    runtime::Builder,
    sync::{
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
        oneshot, watch,
    },
    task::{JoinSet, LocalSet},
    time::timeout,
};

/// How long what is being answered may take once all is over.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// Whom it asks.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The process.
    pub process: Process,
    /// Its workers.
    pub workers: Workers,
    /// What is known without asking.
    pub facts: Facts,
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
    /// By what that is secured, if it is.
    pub secure: Option<Secure>,
    /// The same sockets, for another process.
    given: Given,
    /// Which of them were given to us.
    was_given: (bool, bool),
    /// Where it listens from now on, and nowhere else; its end is the last word.
    elsewhere: Option<UnboundedSender<Option<door::Bound>>>,
    /// Ready when the last word has been said.
    over: Option<oneshot::Receiver<()>>,
}

/// Sockets that an operator asks at, for another process: with the path of the one, and where the other was
/// configured to be.
#[derive(Debug, Default)]
pub struct Given {
    /// The Unix socket.
    pub unix: Option<(PathBuf, OwnedFd)>,
    /// HTTP.
    pub http: Option<(SocketAddr, OwnedFd)>,
}

impl Given {
    fn again(&self) -> Given {
        fn again<T: Clone>(one: Option<&(T, OwnedFd)>) -> Option<(T, OwnedFd)> {
            let (place, fd) = one?;
            // Without a descriptor to spare, the other has to find its own.
            Some((place.clone(), fd.try_clone().ok()?))
        }
        Given {
            unix: again(self.unix.as_ref()),
            http: again(self.http.as_ref()),
        }
    }
}

impl Admin {
    /// Where it is asked, in the words of the banner.
    #[must_use]
    pub fn places(&self) -> Vec<String> {
        let scheme = match self.secure {
            Some(_) => "https",
            None => "http",
        };
        let http = self.http.map(|address| format!("{scheme}://{address}"));
        let unix = self.unix.as_ref();
        let unix = unix.map(|path| format!("unix {}", path.display()));
        http.into_iter().chain(unix).collect()
    }

    /// Its sockets, for another process.
    #[must_use]
    pub fn given(&self) -> Given {
        self.given.again()
    }

    /// Which of its sockets, the Unix one and that of HTTP, another process had before.
    #[must_use]
    pub fn was_given(&self) -> (bool, bool) {
        self.was_given
    }

    /// What was given is ours from now on.
    pub fn takes_over(&mut self) {
        self.was_given = (false, false);
    }

    /// Another process is asked from now on, at those of our sockets that it has: `(unix, http)`. This one is
    /// asked at a Unix socket of its own, if there is to be one; says where that is.
    pub fn hand_over(&mut self, (unix, _http): (bool, bool)) -> Option<PathBuf> {
        self.given = Given::default();
        self.http = None;
        let usual = self.unix.take();
        let own = usual.as_ref().and_then(|usual| {
            let bound = door::bind_unix(&door::with_pid(usual, std::process::id()));
            bound
                .inspect_err(|message| tracing::warn!("{}", message.line()))
                .ok()
        });
        if let Some(usual) = usual.filter(|_| !unix) {
            let _gone = std::fs::remove_file(usual);
        }
        let (path, bound) = own.unzip();
        if let Some(elsewhere) = &self.elsewhere {
            // A thread that has failed has said so.
            let _heard = elsewhere.send(bound);
        }
        self.unix.clone_from(&path);
        path
    }

    /// Answers nobody new, and waits until whoever is being answered has heard it: an operator whose word
    /// has ended the process is told so. Nobody who is slow to hear is waited for.
    pub async fn finish(mut self) {
        self.elsewhere = None;
        if let Some(over) = self.over.take() {
            // Its end is the word; a thread that has failed has said so.
            let _over = over.await;
        }
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        // One that was given is that of whoever serves, until that is us.
        if let (Some(path), false) = (&self.unix, self.was_given.0) {
            // Whoever comes now finds nobody; one that is gone already is no worse.
            let _gone = std::fs::remove_file(path);
        }
    }
}

/// Opens what `config` asks for, or goes on at what was `given`, and answers there.
///
/// # Errors
/// What was asked for by name and cannot be opened, or read; a usual place that is taken is only said.
pub fn start(
    config: &config::Admin,
    given: Given,
    asked: Asked,
    with: With<'_>,
) -> Result<Admin, Message> {
    let token = config.token.as_deref().map(token).transpose()?;
    let secure = config.tls.as_ref().map(|tls| Secure::load(tls, with));
    let secure = secure.transpose()?;
    let (told, tells) = mpsc::sync_channel(1);
    let (elsewhere, orders) = unbounded_channel();
    let (last, over) = oneshot::channel();
    let opened = open(config, given)?;
    let admin = Admin {
        unix: opened.unix.as_ref().map(|(path, _)| path.clone()),
        http: opened
            .http
            .as_ref()
            .and_then(|(_, bound)| bound.local_addr().ok()),
        secure: secure.clone(),
        given: opened.again(),
        was_given: opened.was_given,
        elsewhere: Some(elsewhere),
        over: Some(over),
    };
    thread::Builder::new()
        .name("admin".to_owned())
        .spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build();
            let runtime = match runtime {
                Ok(runtime) => runtime,
                Err(error) => {
                    // Whoever started us waits for one answer, and it is this one.
                    let _heard = told.send(Err(cannot_start(&error)));
                    return;
                }
            };
            let _heard = told.send(Ok(()));
            let local = LocalSet::new();
            local.block_on(&runtime, answer(asked, (token, secure), opened, orders));
            drop(last);
        })
        .map_err(|error| cannot_start(&error))?;
    let failed = |_| Message::new(Code::WorkerFailed, "the admin thread has failed");
    tells.recv().map_err(failed).and_then(|told| told)?;
    Ok(admin)
}

/// The life of the thread.
async fn answer(
    mut asked: Asked,
    (token, secure): (Option<String>, Option<Secure>),
    opened: Opened,
    mut orders: UnboundedReceiver<Option<door::Bound>>,
) {
    // Until then another process may answer at the same sockets.
    asked.readiness.begun().await;
    let service = Rc::new(serve::Service {
        asked,
        token,
        secure: secure.clone(),
        events: events::Events::new(),
        sockets: look::Sockets::new(),
        over: watch::Sender::new(false),
    });
    sample(&service, opened.unix.is_some() || opened.http.is_some());
    let mut doors = JoinSet::new();
    if let Some((_, bound)) = opened.unix {
        doors.spawn_local(door::unix(bound, Rc::clone(&service)));
    }
    if let Some((_, bound)) = opened.http {
        doors.spawn_local(door::http(bound, secure, Rc::clone(&service)));
    }
    while let Some(elsewhere) = orders.recv().await {
        doors.shutdown().await;
        if let Some(bound) = elsewhere {
            doors.spawn_local(door::unix(bound, Rc::clone(&service)));
        }
    }
    doors.shutdown().await;
    service.over.send_replace(true);
    service.events.end();
    // Who takes longer is somebody that does not read.
    let _all = timeout(LAST_ANSWERS, service.over.closed()).await;
}

/// Looks after what is told to many: events, and sockets if there is anybody to be told.
fn sample(service: &Rc<serve::Service>, is_open: bool) {
    let (looks, sampled) = (Rc::clone(service), Rc::clone(service));
    if is_open {
        tokio::task::spawn_local(async move {
            looks.sockets.watch(&looks.asked).await;
        });
    }
    tokio::task::spawn_local(async move {
        let (asked, sockets) = (&sampled.asked, &sampled.sockets);
        sampled.events.sample(asked, sockets).await;
    });
}

struct Opened {
    unix: Option<(PathBuf, door::Bound)>,
    http: Option<(SocketAddr, door::BoundTcp)>,
    was_given: (bool, bool),
}

impl Opened {
    /// The same for another process.
    fn again(&self) -> Given {
        let unix = self.unix.as_ref();
        let http = self.http.as_ref();
        Given {
            unix: unix
                .and_then(|(path, bound)| Some((path.clone(), bound.try_clone().ok()?.into()))),
            http: http.and_then(|(at, bound)| Some((*at, bound.try_clone().ok()?.into()))),
        }
    }
}

fn open(doors: &config::Admin, given: Given) -> Result<Opened, Message> {
    let mut was_given = (false, false);
    let (mut had_unix, mut had_http) = (given.unix, given.http);
    let mut at_path = |path: &Path| match had_unix.take_if(|(had, _)| had == path) {
        Some((path, fd)) => {
            was_given.0 = true;
            Ok((path, fd.into()))
        }
        None => door::bind_unix(path),
    };
    let unix = match &doors.unix {
        Door::Off => None,
        Door::At(path) => Some(at_path(path)?),
        Door::Usual => usually(at_path(&usual_path())),
    };
    let mut at = |address: SocketAddr| match had_http.take_if(|(had, _)| *had == address) {
        Some((_, fd)) => {
            was_given.1 = true;
            Ok((address, fd.into()))
        }
        None => Ok((address, door::bind_tcp(address)?)),
    };
    let http = match doors.http {
        Door::Off => None,
        Door::At(address) => Some(at(address)?),
        Door::Usual => usually(at(USUAL)),
    };
    Ok(Opened {
        unix,
        http,
        was_given,
    })
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
