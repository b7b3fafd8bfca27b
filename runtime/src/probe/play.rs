//! Plays a scenario around a proxy: both peers at once, each in a thread of its own.
//!
//! It owns the threads and the door, and waits for both peers, whose every wait has a limit. It
//! never judges, and speaks to the two addresses it was given and nobody else.

use super::{
    flags::Flags,
    peer::{Around, Peer},
    scenario::{Gate, Mode, Needs, Scenario, Wires},
    socket::{Door, Plain},
    step::{Pace, Step, Who},
    transcript::{Transcript, What},
    wire::{Engines, Heard, Version, Wire},
};
use crate::{clock::Clock, config::CertificateFiles, message::Message};
use std::{
    io,
    net::SocketAddr,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// How long one waits for somebody to be accepted before looking around.
const TICK: Duration = Duration::from_millis(20);

/// How long the door stays open behind a client that has all it wanted.
const GRACE: Duration = Duration::from_millis(200);

/// How long the queue of a slow door stays full. The SYN that was dropped is sent again after 1 s.
const SLOW: Duration = Duration::from_millis(400);

/// What stays the same from play to play.
#[derive(Debug)]
pub struct Stage {
    /// Where the proxy listens.
    pub via: SocketAddr,
    /// Where the probe listens as its origin.
    pub door: Door,
    /// What the proxy under test does.
    pub mode: Mode,
    /// How long the named pauses are.
    pub pace: Pace,
    /// Whom to ask for: `Host`, and the name in TLS.
    pub host: String,
    /// Whether the proxy speaks TLS to its origin.
    pub origin_tls: bool,
    /// How long the proxy lets a silent connection live, if that is known.
    pub idle: Option<Duration>,
    /// How long to wait for one who has vanished, if that is known.
    pub silence: Option<Duration>,
    engines: Engines,
}

/// What both peers did and saw.
#[derive(Clone, Debug, Default)]
pub struct Play {
    /// The client's connection.
    pub client: Transcript,
    /// The origin's, in the order in which they were used.
    pub origins: Vec<Transcript>,
}

impl Play {
    /// Lets go of the bytes that were read, and keeps their number.
    pub fn forget_bytes(&mut self) {
        self.client.forget_bytes();
        self.origins.iter_mut().for_each(Transcript::forget_bytes);
    }

    /// What `who` did and saw, on its first connection.
    #[must_use]
    pub fn of(&self, who: Who) -> Option<&Transcript> {
        match who {
            Who::Client => Some(&self.client),
            Who::Origin => self.origins.first(),
        }
    }
}

impl Stage {
    /// Opens the door at `origin`, around a proxy that is not known yet.
    ///
    /// # Errors
    /// When the probe cannot listen at `origin`, or its certificate cannot be made.
    pub fn open(origin: SocketAddr) -> io::Result<Stage> {
        Ok(Stage {
            via: origin,
            door: Door::open(origin)?,
            mode: Mode::Tcp,
            pace: Pace::SHORT,
            host: "localhost".to_owned(),
            origin_tls: false,
            idle: None,
            silence: None,
            engines: Engines::make()?,
        })
    }

    /// As the origin, shows the certificate of these files from now on.
    ///
    /// # Errors
    /// Names the file and what is wrong with it.
    pub fn show(&mut self, files: &CertificateFiles) -> Result<(), Message> {
        self.engines.show(files)
    }

    /// Plays `scenario`, over `version` where there is TLS.
    ///
    /// # Errors
    /// When the probe's own sockets fail. What the proxy does wrong is in the play.
    pub fn play(&mut self, scenario: &Scenario, version: Option<Version>) -> io::Result<Play> {
        self.door.reopen()?;
        self.door.clear();
        let choke = match scenario.gate {
            Gate::Open => None,
            Gate::Slow => Some(self.door.choke()?),
            Gate::Shut => {
                self.door.shut()?;
                None
            }
        };
        let scene = Scene::new(self, scenario, version);
        let play = thread::scope(|scope| {
            let client = scope.spawn(|| {
                let transcript = scene.client();
                scene.flags.end(Who::Client);
                transcript
            });
            if let Some(choke) = choke {
                thread::sleep(SLOW);
                self.door.release(choke)?;
            }
            let origins = scene.origins();
            scene.flags.end(Who::Origin);
            let client = client
                .join()
                .map_err(|_| io::Error::other("the probe's client panicked"))?;
            Ok::<Play, io::Error>(Play { client, origins })
        });
        self.door.reopen()?;
        play
    }
}

/// One scenario being played.
struct Scene<'a> {
    stage: &'a Stage,
    scenario: &'a Scenario,
    version: Option<Version>,
    clock: Clock,
    flags: Flags,
    limit: Duration,
    /// How many of the origin's scripts have begun.
    begun: AtomicUsize,
    played: Mutex<Vec<(usize, Transcript)>>,
}

impl<'a> Scene<'a> {
    fn new(stage: &'a Stage, scenario: &'a Scenario, version: Option<Version>) -> Scene<'a> {
        let silence = match scenario.needs {
            Needs::Idle => stage.idle.unwrap_or_default(),
            Needs::DeafForLong => stage.silence.unwrap_or_default(),
            Needs::Nothing | Needs::OriginTls | Needs::Deaf => Duration::ZERO,
        };
        Scene {
            stage,
            scenario,
            version,
            clock: Clock::start(),
            flags: Flags::default(),
            limit: scenario.limit(&stage.pace, silence),
            begun: AtomicUsize::new(0),
            played: Mutex::default(),
        }
    }

    fn around(&self, who: Who) -> Around<'_> {
        Around {
            who,
            clock: &self.clock,
            flags: &self.flags,
            pace: &self.stage.pace,
            host: &self.stage.host,
            limit: self.limit,
        }
    }

    fn client(&self) -> Transcript {
        let alpn: &[&[u8]] = if self.stage.mode.is_http() {
            &[b"http/1.1"]
        } else {
            &[]
        };
        let stage = self.stage;
        let engine = self
            .version
            .map(|version| stage.engines.client(version, &stage.host, alpn));
        let connect = || Plain::connect(stage.via, self.scenario.narrow, stage.pace.patience);
        client(
            self.around(Who::Client),
            connect,
            engine,
            self.scenario.client,
        )
    }

    /// Accepts, until nobody is to be expected any more, and plays the scripts.
    fn origins(&self) -> Vec<Transcript> {
        thread::scope(|scope| {
            let mut over_since = None;
            while self.begun.load(Ordering::Acquire) < self.scenario.origin.len() {
                if let Some(plain) = self.stage.door.accept(TICK, self.stage.pace.patience) {
                    over_since = None;
                    scope.spawn(|| self.accepted(plain));
                    continue;
                }
                if !self.flags.is_over(Who::Client) {
                    continue;
                }
                let now = self.around(Who::Origin).now();
                let since = *over_since.get_or_insert(now);
                let begun = self.begun.load(Ordering::Acquire);
                let awaited = self.scenario.dials && begun == 0;
                let grace = if awaited {
                    self.stage.pace.patience
                } else {
                    GRACE
                };
                if now.saturating_sub(since) > grace {
                    break;
                }
            }
        });
        let mut played = self.played.lock().unwrap_or_else(PoisonError::into_inner);
        played.sort_by_key(|(script, _)| *script);
        played.drain(..).map(|(_, transcript)| transcript).collect()
    }

    fn accepted(&self, plain: Plain) {
        let around = self.around(Who::Origin);
        if self.stage.mode.is_http() && !self.is_used(&plain) {
            return;
        }
        let script = self.begun.fetch_add(1, Ordering::AcqRel);
        let Some(steps) = self.scenario.origin.get(script) else {
            return;
        };
        let mut transcript = Transcript::default();
        transcript.note(around.now(), What::Connected);
        let end_to_end = self.scenario.wires == Wires::EndToEnd;
        let transcript = if end_to_end || self.stage.origin_tls {
            let engine = self.stage.engines.origin();
            secured(around, plain, engine, transcript, steps)
        } else {
            Peer::new(around, Wire::plain(plain), transcript).play(steps)
        };
        let mut played = self.played.lock().unwrap_or_else(PoisonError::into_inner);
        played.push((script, transcript));
    }

    /// An HTTP proxy may connect in advance, and look whether the origin is there: a script begins
    /// with the first byte.
    fn is_used(&self, plain: &Plain) -> bool {
        loop {
            match plain.wait(TICK) {
                Some(true) => return true,
                Some(false) if self.flags.is_over(Who::Client) => return false,
                Some(false) => {}
                None => return false,
            }
        }
    }
}

/// Connects, shakes hands if there is an `engine` for it, and plays.
fn client(
    around: Around<'_>,
    connect: impl FnOnce() -> io::Result<Plain>,
    engine: Option<io::Result<rustls::Connection>>,
    steps: &[Step],
) -> Transcript {
    let mut transcript = Transcript::default();
    let plain = match connect() {
        Ok(plain) => plain,
        // A connection that nobody takes is refused; this one was taken and reset at once.
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
            transcript.note(around.now(), What::Connected);
            transcript.note(around.now(), What::GotReset);
            return transcript;
        }
        Err(error) => {
            transcript.note(around.now(), What::Unconnected(error.to_string()));
            return transcript;
        }
    };
    transcript.note(around.now(), What::Connected);
    match engine {
        Some(engine) => secured(around, plain, engine, transcript, steps),
        None => Peer::new(around, Wire::plain(plain), transcript).play(steps),
    }
}

/// Shakes hands and plays; a handshake that fails is the end.
fn secured(
    around: Around<'_>,
    plain: Plain,
    engine: io::Result<rustls::Connection>,
    mut transcript: Transcript,
    steps: &[Step],
) -> Transcript {
    transcript.tls = true;
    let shaken = engine
        .map_err(|error| Heard::Nonsense(error.to_string()))
        .and_then(|engine| Wire::secure(plain, engine, around.pace.patience));
    match shaken {
        Ok((wire, version)) => {
            transcript.note(around.now(), What::Secured(version));
            Peer::new(around, wire, transcript).play(steps)
        }
        Err(instead) => {
            transcript.note(around.now(), instead.what());
            transcript
        }
    }
}

/// A client without an origin of ours: for servers.
#[derive(Debug)]
pub struct Alone {
    /// Where the server listens.
    pub address: SocketAddr,
    /// Over which TLS, if any.
    pub version: Option<Version>,
    /// Whom to ask for.
    pub host: String,
    engines: Engines,
}

impl Alone {
    /// Connects to nobody yet.
    ///
    /// # Errors
    /// When the engine cannot be made.
    pub fn new(address: SocketAddr, version: Option<Version>, host: String) -> io::Result<Alone> {
        let engines = Engines::make()?;
        Ok(Alone {
            address,
            version,
            host,
            engines,
        })
    }

    /// Plays `steps` on a new connection; nothing is waited for longer than `limit`.
    #[must_use]
    pub fn play(&self, steps: &[Step], limit: Duration) -> Transcript {
        let (clock, flags, pace) = (Clock::start(), Flags::default(), Pace::SHORT);
        let around = Around {
            who: Who::Client,
            clock: &clock,
            flags: &flags,
            pace: &pace,
            host: &self.host,
            limit,
        };
        let engine = self
            .version
            .map(|version| self.engines.client(version, &self.host, &[b"http/1.1"]));
        let connect = || Plain::connect(self.address, None, pace.patience);
        client(around, connect, engine, steps)
    }
}
