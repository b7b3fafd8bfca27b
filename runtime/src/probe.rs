//! `tidegate probe`: how a proxy or a server ends connections, seen from outside.
//!
//! Around a proxy it is both neighbours at once, its client and its origin, and plays the
//! scenarios of LIFECYCLE section 5; a server it asks a few questions as a client. It owns its
//! sockets and threads, waits for both peers within limits, and speaks to nobody but the addresses
//! it was given.
//!
//! A peer is a list of [`step`]s, and what it did and saw is a [`transcript`]: both are data, so
//! that tests can write scripts of their own.

mod flags;
pub mod judge;
pub mod message;
mod peer;
pub mod play;
pub mod report;
mod run;
pub mod scenario;
pub mod select;
pub mod server;
pub mod socket;
pub mod step;
pub mod transcript;
mod trial;
pub mod wire;

pub use run::run;

use crate::config::CertificateFiles;
use judge::{Terms, judge};
use play::{Play, Stage};
use scenario::{Case, Mode, Needs, VANISHED, Versions, absent};
use std::{
    io,
    net::{SocketAddr, ToSocketAddrs},
    thread,
    time::Duration,
};
use step::Pace;

/// How late "at once" may be, unless the user says otherwise: LIFECYCLE's L0.
pub const SLACK: Duration = Duration::from_millis(50);

/// Between two scenarios: an HTTP proxy has the time to notice that idle connections are gone.
const PAUSE: Duration = Duration::from_millis(20);

/// `tidegate probe proxy`: what to look at, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Where the proxy listens.
    pub via: SocketAddr,
    /// Where the probe listens as its origin.
    pub origin: SocketAddr,
    /// What the proxy does.
    pub mode: Mode,
    /// Which rows; none is all.
    pub only: Vec<String>,
    /// How often each is played.
    pub repeat: u32,
    /// How late "at once" may be.
    pub slack: Duration,
    /// How long the named pauses are.
    pub pace: Pace,
    /// How long the proxy lets a silent connection live, if that is known.
    pub idle: Option<Duration>,
    /// Whether the proxy speaks TLS to its origin.
    pub origin_tls: bool,
    /// What the probe shows it there; without it, a certificate that nobody vouches for.
    pub origin_cert: Option<CertificateFiles>,
    /// Whom to ask for.
    pub host: String,
    /// Over which versions of TLS.
    pub tls: Versions,
    /// Whether somebody waits for what takes more than a minute.
    pub long: bool,
}

impl Asked {
    /// How long to wait for a peer that has vanished, if that is asked for.
    fn silence(&self) -> Option<Duration> {
        match self.idle {
            Some(idle) => Some(idle.min(VANISHED)),
            None => self.long.then_some(VANISHED),
        }
    }

    /// Everything that applies to `mode`, once.
    #[must_use]
    pub fn new(via: SocketAddr, origin: SocketAddr, mode: Mode) -> Asked {
        Asked {
            via,
            origin,
            mode,
            only: Vec::new(),
            repeat: 1,
            slack: SLACK,
            pace: Pace::SHORT,
            idle: None,
            origin_tls: false,
            origin_cert: None,
            host: "localhost".to_owned(),
            tls: Versions::Both,
            long: false,
        }
    }
}

/// What came of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything was as it must be, every time.
    Passed,
    /// Something was not; what, of the first time.
    Failed(Vec<String>),
    /// It was not played; why.
    Skipped(String),
}

/// A row of the report.
#[derive(Clone, Debug)]
pub struct Row {
    /// Row, variant and version: `S39-chunked@1.3`.
    pub key: String,
    /// The row's name.
    pub name: &'static str,
    /// What is claimed.
    pub claim: &'static str,
    /// What came of it.
    pub outcome: Outcome,
    /// How often it was played, and how often it passed.
    pub plays: u32,
    /// How often it passed.
    pub passes: u32,
    /// The measured reactions, one a play, in order of length.
    pub latencies: Vec<Duration>,
    /// The play that the outcome is about.
    pub play: Play,
}

impl Row {
    fn new(case: &Case, outcome: Outcome) -> Row {
        Row {
            key: case.key(),
            name: case.scenario.name,
            claim: case.scenario.claim,
            outcome,
            plays: 0,
            passes: 0,
            latencies: Vec::new(),
            play: Play::default(),
        }
    }

    /// The reaction that so many per cent of the plays do not exceed.
    #[must_use]
    pub fn latency(&self, per_cent: usize) -> Option<Duration> {
        let last = self.latencies.len().checked_sub(1)?;
        self.latencies.get((last * per_cent).div_ceil(100)).copied()
    }
}

/// How far a run has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// Which row, from 1.
    pub at: usize,
    /// Of how many.
    pub of: usize,
    /// The row.
    pub key: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Which of its plays, from 1.
    pub play: u32,
}

/// Looks at a proxy. `heed` is told what is played before each play.
///
/// # Errors
/// When it cannot be looked at: in words, what is missing.
pub fn proxy(asked: &Asked, heed: &mut dyn FnMut(Progress<'_>)) -> Result<Vec<Row>, String> {
    trial::apart(asked.via, asked.origin)?;
    let mut stage = Stage::open(asked.origin)
        .map_err(|error| format!("cannot listen as the origin at {}: {error}", asked.origin))?;
    proxy_at(asked, &mut stage, heed)
}

/// The same, with a door that is open already: a proxy may have to know where it is before it can
/// be started.
///
/// # Errors
/// As [`proxy`].
pub fn proxy_at(
    asked: &Asked,
    stage: &mut Stage,
    heed: &mut dyn FnMut(Progress<'_>),
) -> Result<Vec<Row>, String> {
    trial::apart(asked.via, stage.door.address())?;
    let cases = selected(asked)?;
    if let Some(files) = &asked.origin_cert {
        let shown = stage.show(files);
        shown.map_err(|message| message.what().to_owned())?;
    }
    stage.via = asked.via;
    stage.mode = asked.mode;
    stage.pace = asked.pace;
    stage.host.clone_from(&asked.host);
    stage.origin_tls = asked.origin_tls;
    stage.idle = asked.idle;
    stage.silence = asked.silence();
    let mut rows = Vec::new();
    if cases
        .iter()
        .any(|case| unplayable(case, asked, stage).is_none())
    {
        trial::reach(stage, &cases, asked.tls)?;
    }
    for (at, case) in cases.iter().enumerate() {
        if let Some(reason) = unplayable(case, asked, stage) {
            rows.push(Row::new(case, Outcome::Skipped(reason)));
            continue;
        }
        let (key, of) = (case.key(), cases.len());
        let mut heed = |play| {
            heed(Progress {
                at: at + 1,
                of,
                key: &key,
                name: case.scenario.name,
                play,
            });
        };
        let row = repeated(case, asked, stage, &mut heed)
            .map_err(|error| format!("{} cannot be played: {error}", case.key()))?;
        rows.push(row);
    }
    rows.extend(absentees(asked));
    rows.sort_by(|one, other| order(&one.key).cmp(order(&other.key)));
    Ok(rows)
}

/// Rows stand in the order of their numbers, variants as they were.
fn order(key: &str) -> &str {
    key.get(..3).unwrap_or(key)
}

fn selected(asked: &Asked) -> Result<Vec<Case>, String> {
    let mut cases = scenario::cases(asked.mode, asked.tls);
    for pattern in &asked.only {
        let known = cases
            .iter()
            .map(|case| (case.key(), case.scenario.name))
            .chain(
                absent::ROWS
                    .iter()
                    .map(|row| (row.row.to_owned(), row.name)),
            );
        let mut known = known.filter(|(key, name)| select::selects(pattern, key, name));
        if known.next().is_none() {
            return Err(format!(
                "no row of mode {} is called `{pattern}`; `tidegate probe list` names them",
                asked.mode.name()
            ));
        }
    }
    cases.retain(|case| is_asked_for(asked, &case.key(), case.scenario.name));
    Ok(cases)
}

fn is_asked_for(asked: &Asked, key: &str, name: &str) -> bool {
    let mut only = asked.only.iter();
    asked.only.is_empty() || only.any(|pattern| select::selects(pattern, key, name))
}

fn unplayable(case: &Case, asked: &Asked, stage: &Stage) -> Option<String> {
    let deaf = || {
        let why = stage.door.can_deafen().err()?;
        Some(format!(
            "the kernel does not let the probe drop what comes ({why})"
        ))
    };
    match case.scenario.needs {
        Needs::Idle if asked.idle.is_none() => {
            Some("the proxy's limit for silence is not known: --idle SECS".to_owned())
        }
        Needs::OriginTls if !asked.origin_tls => {
            Some("for a proxy that speaks TLS to its origin: --origin-tls".to_owned())
        }
        Needs::DeafForLong if asked.silence().is_none() => Some(format!(
            "takes up to {} s: --long, or --idle SECS",
            VANISHED.as_secs()
        )),
        Needs::Deaf | Needs::DeafForLong => deaf(),
        Needs::Nothing | Needs::Idle | Needs::OriginTls => None,
    }
}

/// The rows of this mode that are not played at all.
fn absentees(asked: &Asked) -> impl Iterator<Item = Row> {
    let rows = absent::ROWS
        .iter()
        .filter(|row| row.modes.contains(&asked.mode) && is_asked_for(asked, row.row, row.name));
    rows.map(|row| Row {
        key: row.row.to_owned(),
        name: row.name,
        claim: "",
        outcome: Outcome::Skipped(row.reason.to_owned()),
        plays: 0,
        passes: 0,
        latencies: Vec::new(),
        play: Play::default(),
    })
}

fn repeated(
    case: &Case,
    asked: &Asked,
    stage: &mut Stage,
    heed: &mut dyn FnMut(u32),
) -> io::Result<Row> {
    let terms = Terms {
        slack: asked.slack,
        pace: &asked.pace,
        host: &asked.host,
    };
    let mut row = Row::new(case, Outcome::Passed);
    for number in 1..=asked.repeat.max(1) {
        heed(number);
        let mut play = stage.play(case.scenario, case.version)?;
        thread::sleep(PAUSE);
        let verdict = judge(case.scenario, &play, terms);
        row.plays += 1;
        row.latencies.extend(verdict.latency);
        let first = row.outcome == Outcome::Passed;
        if verdict.faults.is_empty() {
            row.passes += 1;
        } else if first {
            row.outcome = Outcome::Failed(verdict.faults);
        }
        if first {
            // A report needs their number only, and some rows have twenty million.
            play.forget_bytes();
            row.play = play;
        }
        if row.play.client.unconnected().is_some() {
            break;
        }
    }
    row.latencies.sort_unstable();
    Ok(row)
}

/// The first address of `authority`, a `HOST:PORT`.
///
/// # Errors
/// In words, that there is none.
pub fn address(authority: &str) -> Result<SocketAddr, String> {
    let mut found = authority
        .to_socket_addrs()
        .map_err(|error| format!("{authority}: {error}"))?;
    found
        .next()
        .ok_or_else(|| format!("{authority}: no address"))
}
