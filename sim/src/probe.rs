//! The probe's scenarios (LIFECYCLE section 5) on simulated networks: its scripts, played by two
//! simulated peers around the worker that ships, and its verdict on what they saw.
//!
//! It owns the way from a scenario to a world. Scripts, transcripts and judge are the probe's; a
//! bound of "at once" is an equality here, for a way takes as long as it is said to (`ways`).

mod flags;
mod peer;
mod ways;

pub use tidegate::probe::scenario::{Case, Mode, Needs, Versions, cases};

use self::{
    flags::Flags,
    peer::{Around, Peer, what},
};
use crate::{
    fault::Timers,
    peer::{Begun, Line, Log, SharedLog},
    proxy::Production,
    schedule::{BufferBytes, Carrier, Link, LinkAct, LinkEvent, Schedule, SocketBytes, Traffic},
    simulated::Simulated,
    tls::{self, Party, Version},
    watch::Watch,
    world::{self, Backstage, Cast, Net, Options, Player},
};
use std::{cell::RefCell, future::poll_fn, io::ErrorKind, rc::Rc, task::Poll, time::Duration};
use tidegate::{
    crowd::Crowd,
    net::{Listener, Network, Stream},
    probe::{
        play::Play,
        scenario::{Gate, Scenario, Wires},
        step::{Pace, Step, Who},
        transcript::{Transcript, What},
        wire,
    },
};
use tidegate_core::variant::Variant;

/// How long nobody answers at a slow door.
const SLOW_MS: u32 = 1_000;

/// The defaults of a proxy's patience: with a silent relay, and with a request that does not come.
const TUNNEL_IDLE: Duration = Duration::from_secs(3_600);
const HEAD: Duration = Duration::from_secs(30);

const HOST: &str = "localhost";

/// Why `case` cannot be played on `net`, if it cannot.
#[must_use]
pub fn unplayable(net: Net, mode: Mode, case: &Case) -> Option<&'static str> {
    match (case.scenario.needs, net) {
        (Needs::Deaf | Needs::DeafForLong, _) => Some("no packet is lost on these networks"),
        (Needs::Idle, Net::Turmoil) if !mode.is_http() => {
            Some("an hour, millisecond by millisecond")
        }
        (Needs::Nothing | Needs::Idle | Needs::OriginTls, _) => None,
    }
}

/// Plays `case` of `mode` and tells what is wrong; nothing, if it passes.
#[must_use]
pub fn play(
    net: Net,
    mode: Mode,
    case: &Case,
    timers: Timers,
    variant: Option<Variant>,
) -> Vec<String> {
    let (schedule, pace) = (schedule(mode, case), pace(net));
    let silence = match case.scenario.needs {
        Needs::Idle if mode.is_http() => HEAD,
        Needs::Idle => TUNNEL_IDLE,
        Needs::Nothing | Needs::OriginTls | Needs::Deaf | Needs::DeafForLong => Duration::ZERO,
    };
    let limit = case.scenario.limit(&pace, silence);
    let company = Company {
        scenario: case.scenario,
        limit,
        pace,
        schedule: &schedule,
        version: case.version.map(version),
        seen: Rc::default(),
    };
    let options = Options {
        timers,
        budget_ms: u64::try_from(limit.as_millis() * 2).unwrap_or(u64::MAX),
    };
    let watch = Rc::new(RefCell::new(Watch::default()));
    let proxy = Production {
        schedule: &schedule,
        variant,
        watch: &watch,
        crowd: Crowd::new(0),
    };
    let outcome = world::run_with(net, &schedule, &company, options, proxy);
    let seen = company.seen.take();
    let play = Play {
        client: seen.client,
        origins: seen.origins.into_iter().map(|(_, one)| one).collect(),
    };
    let mut faults = ways::judged(case.scenario, &play, &pace, net);
    faults.extend(outcome.panic.clone());
    if !outcome.is_over() {
        faults.push(format!(
            "{} of the proxy's connections were left behind",
            outcome.proxy_sockets
        ));
    }
    faults
}

/// Where time costs nothing, as LIFECYCLE section 5 has it.
fn pace(net: Net) -> Pace {
    match net {
        Net::Fast => Pace::LONG,
        Net::Turmoil => Pace::SHORT,
    }
}

fn version(version: wire::Version) -> Version {
    match version {
        wire::Version::Tls12 => Version::Tls12,
        wire::Version::Tls13 => Version::Tls13,
    }
}

/// The network, and what the proxy is to do.
fn schedule(mode: Mode, case: &Case) -> Schedule {
    let Scenario {
        wires,
        needs,
        gate,
        narrow,
        ..
    } = *case.scenario;
    let tls = |spoken: bool| match case.version {
        Some(one) if spoken => Carrier::Tls(version(one)),
        Some(_) | None => Carrier::Tcp,
    };
    let mut buffers = BufferBytes::default();
    if let Some(bytes) = narrow {
        buffers.client = SocketBytes {
            recv: u32::try_from(bytes).unwrap_or(u32::MAX),
            ..buffers.client
        };
    }
    let slow = |at_ms, act| LinkEvent {
        at_ms,
        link: Link::ProxyOrigin,
        act,
    };
    Schedule {
        carrier: tls(wires == Wires::ByMode),
        upstream: tls(needs == Needs::OriginTls),
        traffic: if mode.is_http() {
            Traffic::Http {
                exchanges: Vec::new(),
                pipelined: false,
            }
        } else {
            Traffic::Relay
        },
        buffers,
        links: match gate {
            Gate::Open | Gate::Shut => Vec::new(),
            Gate::Slow => vec![slow(0, LinkAct::Hold), slow(SLOW_MS, LinkAct::Release)],
        },
        ..Schedule::default()
    }
}

/// What both peers have written down, the origin's with the number of the script.
#[derive(Debug, Default)]
struct Seen {
    client: Transcript,
    origins: Vec<(usize, Transcript)>,
}

/// The peers of a scenario.
struct Company<'a> {
    scenario: &'static Scenario,
    limit: Duration,
    pace: Pace,
    schedule: &'a Schedule,
    version: Option<Version>,
    seen: Rc<RefCell<Seen>>,
}

impl Cast for Company<'_> {
    fn players<N: Simulated>(&self, stage: Backstage<N>) -> [Player; 2] {
        let flags = Rc::new(Flags::default());
        let [client, origin] = stage.nets;
        let own = |net, who| Own {
            net,
            who,
            scenario: self.scenario,
            limit: self.limit,
            pace: self.pace,
            flags: Rc::clone(&flags),
            seen: Rc::clone(&self.seen),
        };
        let (to, bytes) = (stage.places.listen, self.schedule.buffers.client);
        let client = own(client, Who::Client).client(to, bytes, self.version, stage.client);
        let end_to_end = self.scenario.wires == Wires::EndToEnd;
        let spoken = if end_to_end || self.schedule.upstream != Carrier::Tcp {
            self.version
        } else {
            None
        };
        let at = (stage.places.origin, self.schedule.buffers.origin);
        let origin = own(origin, Who::Origin).origin(at, spoken, stage.origins);
        [Box::pin(client), Box::pin(origin)]
    }
}

/// What one of the peers has.
struct Own<N> {
    net: N,
    who: Who,
    scenario: &'static Scenario,
    limit: Duration,
    pace: Pace,
    flags: Rc<Flags>,
    seen: Rc<RefCell<Seen>>,
}

impl<N: Network> Own<N> {
    fn around(&self) -> Around<'_, N> {
        Around {
            net: &self.net,
            who: self.who,
            flags: &self.flags,
            pace: &self.pace,
            host: HOST,
            limit: self.limit,
        }
    }

    async fn client(
        self,
        to: std::net::SocketAddr,
        bytes: SocketBytes,
        spoken: Option<Version>,
        log: SharedLog,
    ) {
        let around = self.around();
        let mut transcript = Transcript::default();
        let stream = self.net.connect(to, bytes.into()).await;
        let line = stream.map(|stream| match spoken {
            None => Line::plain(stream),
            Some(version) => Line::tls(stream, tls::client_config(Party::Client, version)),
        });
        transcript = match line {
            Ok(line) => {
                transcript.note(around.now(), What::Connected);
                played(around, line, spoken, transcript, self.scenario.client).await
            }
            Err(error) => {
                // A connection that nobody takes is refused; this one was taken and reset.
                if error.kind() == ErrorKind::ConnectionReset {
                    transcript.note(around.now(), What::Connected);
                    transcript.note(around.now(), What::GotReset);
                } else {
                    transcript.note(around.now(), What::Unconnected(error.to_string()));
                }
                transcript
            }
        };
        self.seen.borrow_mut().client = transcript;
        self.flags.end(Who::Client);
        done(&self.net, &log);
    }

    /// Accepts for ever, and plays a script on each connection while there are scripts.
    async fn origin(
        self,
        (at, bytes): (std::net::SocketAddr, SocketBytes),
        spoken: Option<Version>,
        logs: Rc<RefCell<Vec<SharedLog>>>,
    ) {
        if self.scenario.gate == Gate::Shut {
            return;
        }
        let listener = self.net.listen(at, bytes.into());
        let mut listener = listener.expect("the origin's port is free");
        let mut scripts = self.scenario.origin.iter().enumerate();
        let mut played = Vec::new();
        poll_fn(|cx| {
            while let Poll::Ready(accepted) = listener.poll_accept(cx) {
                let stream = accepted.expect("the origin's kernel accepts");
                let Some((number, steps)) = scripts.next() else {
                    stream.close();
                    continue;
                };
                let log = SharedLog::default();
                logs.borrow_mut().push(Rc::clone(&log));
                played.push(Box::pin(self.accepted(stream, spoken, number, steps, log)));
            }
            let before = played.len();
            played.retain_mut(|one| one.as_mut().poll(cx).is_pending());
            if before > 0 && played.is_empty() && scripts.len() == 0 {
                self.flags.end(Who::Origin);
            }
            Poll::<()>::Pending
        })
        .await;
    }

    async fn accepted(
        &self,
        stream: N::Stream,
        spoken: Option<Version>,
        number: usize,
        steps: &[Step],
        log: SharedLog,
    ) {
        let around = self.around();
        let mut transcript = Transcript::default();
        transcript.note(around.now(), What::Connected);
        let line = match spoken {
            None => Line::plain(stream),
            Some(version) => Line::server(stream, tls::server_config(Party::Origin, &[version])),
        };
        let transcript = played(around, line, spoken, transcript, steps).await;
        let mut seen = self.seen.borrow_mut();
        seen.origins.push((number, transcript));
        seen.origins.sort_by_key(|(number, _)| *number);
        done(&self.net, &log);
    }
}

/// Shakes hands, where that is spoken, and plays; a handshake that fails is the end.
async fn played<N: Network>(
    around: Around<'_, N>,
    mut line: Line<N::Stream>,
    spoken: Option<Version>,
    mut transcript: Transcript,
    steps: &[Step],
) -> Transcript {
    let Some(version) = spoken else {
        return Peer::new(around, line, transcript).play(steps).await;
    };
    transcript.tls = true;
    let patience = around.pace.patience;
    let shaken = around.within(patience, |cx| line.poll_secure(cx)).await;
    let instead = match shaken {
        Some(Ok(())) => {
            let name = match version {
                Version::Tls12 => "TLS 1.2",
                Version::Tls13 => "TLS 1.3",
            };
            transcript.note(around.now(), What::Secured(name));
            return Peer::new(around, line, transcript).play(steps).await;
        }
        Some(Err(end)) => what(end),
        None => What::Waited,
    };
    transcript.note(around.now(), instead);
    line.close();
    transcript
}

/// The world knows by its log that a connection is over.
fn done<N: Network>(net: &N, log: &SharedLog) {
    let now = net.now();
    *log.borrow_mut() = Log {
        begun: Some(Begun::Open(now)),
        done_at: Some(now),
        ..Log::default()
    };
}
