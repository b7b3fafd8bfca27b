//! The scenarios of LIFECYCLE section 5, as data: what each peer does, and what both must see.
//!
//! It owns the table. It waits for nothing; `play` performs a scenario and `judge` looks at what
//! came of it. One file a family, so that the rows stand beside each other.

pub mod absent;
mod http;
mod tcp;
mod tls;
pub mod tunnel;

use super::{
    step::{Pace, Payload, Step, Who},
    transcript::What,
    wire::Version,
};
use std::time::Duration;

/// What the proxy under test does with the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It relays TCP.
    Tcp,
    /// It ends TLS and relays what is inside.
    Tls,
    /// It forwards HTTP/1.1.
    Http,
    /// It ends TLS and forwards HTTP/1.1.
    Https,
    /// It forwards HTTP/1.1 and lets a request upgrade to a tunnel.
    Ws,
}

impl Mode {
    /// Every one.
    pub const ALL: [Mode; 5] = [Mode::Tcp, Mode::Tls, Mode::Http, Mode::Https, Mode::Ws];

    /// As it is given.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Mode::Tcp => "tcp",
            Mode::Tls => "tls",
            Mode::Http => "http",
            Mode::Https => "https",
            Mode::Ws => "ws",
        }
    }

    /// Whether the client speaks TLS to the proxy.
    #[must_use]
    pub const fn is_secure(self) -> bool {
        matches!(self, Mode::Tls | Mode::Https)
    }

    /// Whether the proxy reads messages.
    #[must_use]
    pub const fn is_http(self) -> bool {
        matches!(self, Mode::Http | Mode::Https | Mode::Ws)
    }
}

/// What a scenario needs besides its mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Nothing.
    Nothing,
    /// The proxy's limit for silence must be known.
    Idle,
    /// The proxy must speak TLS to its origin.
    OriginTls,
    /// The probe's kernel must let it make a socket deaf.
    Deaf,
    /// The same, and somebody must be willing to wait: [`VANISHED`].
    DeafForLong,
}

/// How long a peer that has vanished may keep both connections: half-closed keepalive, 15 s and
/// four times 15 s, and some slack (S22).
pub const VANISHED: Duration = Duration::from_secs(80);

/// Which peers speak TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wires {
    /// As the mode says.
    ByMode,
    /// Both, with each other: the proxy relays what it cannot read.
    EndToEnd,
}

/// Which versions of TLS a scenario is about, where there is TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Versions {
    /// Each.
    Both,
    /// This one.
    Only(Version),
}

impl Versions {
    pub(super) fn have(self, version: Version) -> bool {
        [Versions::Both, Versions::Only(version)].contains(&self)
    }
}

/// How the probe's own door stands when the client comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Open.
    Open,
    /// Nobody listens.
    Shut,
    /// The SYN is not answered for about a second.
    Slow,
}

/// How soon an effect must follow its cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// At once.
    L0,
    /// At once, or when the proxy gives up flushing: T_abort_flush.
    AbortFlush,
    /// Within [`VANISHED`].
    Vanished,
    /// Within the peers' patience.
    Patience,
}

/// What the other peer did before, and how soon the effect must follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct After(pub Cause, pub Bound);

/// What an end follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The other peer's FIN.
    Fin,
    /// Its close_notify.
    Notify,
    /// Its reset.
    Reset,
}

impl Cause {
    /// As it stands in a transcript.
    #[must_use]
    pub const fn what(self) -> What {
        match self {
            Cause::Fin => What::SentFin,
            Cause::Notify => What::SentNotify,
            Cause::Reset => What::SentReset,
        }
    }

    /// As it is called in a sentence.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Cause::Fin => "FIN",
            Cause::Notify => "close_notify",
            Cause::Reset => "RST",
        }
    }
}

/// One thing that must be so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// It read these bytes, and no others.
    Got(Who, &'static [Payload]),
    /// The same behind the first HTTP head.
    GotBehindHead(Who, &'static [Payload]),
    /// The tunnel was opened; without it nothing else is looked at.
    Upgraded,
    /// close_notify came.
    Notified(Who, After),
    /// What it read ended as its transport ends: FIN, over TLS with close_notify before it.
    Clean(Who, Option<After>),
    /// What it read broke off: RST, and no close_notify.
    Broken(Who, Option<After>),
    /// What it read ended, one way or the other.
    Ended(Who, After),
    /// Its half-closed connection reported an error without being written to.
    Error(Who, After),
    /// The client read responses with these statuses and nothing else.
    Statuses(&'static [u16]),
    /// The origins read so many complete requests, all connections together.
    Asked(usize),
    /// The body of the client's last response is this, and the response complete.
    Body(&'static [Payload]),
    /// The client's last response is visibly cut off: its framing, or the connection's end says so.
    VisiblyCut,
    /// The origin never had a complete request, and what it had was reset.
    NeverComplete,
    /// The connection that the origin finished was given back at once.
    Released,
}

/// A scenario.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Its row in LIFECYCLE section 5.
    pub row: &'static str,
    /// Which of the row's variants; empty if there is one only.
    pub variant: &'static str,
    /// The row's name.
    pub name: &'static str,
    /// What is claimed.
    pub claim: &'static str,
    /// Where it applies.
    pub modes: &'static [Mode],
    /// Over which versions of TLS.
    pub versions: Versions,
    /// Who speaks TLS.
    pub wires: Wires,
    /// What else it needs.
    pub needs: Needs,
    /// Whether the origin can be reached.
    pub gate: Gate,
    /// The client's receive buffer in bytes, if it is to be small.
    pub narrow: Option<usize>,
    /// Whether the proxy must connect to the origin.
    pub dials: bool,
    /// What the client does, once it is connected.
    pub client: &'static [Step],
    /// What the origin does, connection by connection.
    pub origin: &'static [&'static [Step]],
    /// What must be so in the end.
    pub checks: &'static [Check],
}

impl Scenario {
    /// The most common one, to be changed.
    pub const PLAIN: Scenario = Scenario {
        row: "",
        variant: "",
        name: "",
        claim: "",
        modes: &[],
        versions: Versions::Both,
        wires: Wires::ByMode,
        needs: Needs::Nothing,
        gate: Gate::Open,
        narrow: None,
        dials: true,
        client: &[],
        origin: &[],
        checks: &[],
    };
}

impl Scenario {
    /// How long a peer waits for anything, where the proxy may let `silence` pass: for all that the
    /// two do on purpose, and then as long as patience lasts.
    #[must_use]
    pub fn limit(&self, pace: &Pace, silence: Duration) -> Duration {
        let scripts = self.origin.iter().chain([&self.client]);
        let pauses: Duration = scripts.map(|steps| pace.pauses(steps)).sum();
        pauses + silence + pace.patience
    }
}

/// Every scenario, in the order of the rows.
pub fn all() -> impl Iterator<Item = &'static Scenario> {
    let families = [tcp::ROWS, tls::ROWS, http::ROWS, tunnel::ROWS];
    families.into_iter().flatten()
}

/// A scenario as it is played: in one mode, over one version of TLS.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// What is played.
    pub scenario: &'static Scenario,
    /// Over which TLS, if any.
    pub version: Option<Version>,
}

impl Case {
    /// Row, variant and version: `S39-chunked@1.3`.
    #[must_use]
    pub fn key(&self) -> String {
        let Scenario { row, variant, .. } = self.scenario;
        let dash = if variant.is_empty() { "" } else { "-" };
        match self.version {
            Some(version) => format!("{row}{dash}{variant}@{}", version.name()),
            None => format!("{row}{dash}{variant}"),
        }
    }
}

/// What there is to play in `mode`, over `versions` of TLS where there is TLS.
#[must_use]
pub fn cases(mode: Mode, versions: Versions) -> Vec<Case> {
    let mut cases = Vec::new();
    for scenario in all().filter(|scenario| scenario.modes.contains(&mode)) {
        if !mode.is_secure() && scenario.wires == Wires::ByMode {
            cases.push(Case {
                scenario,
                version: None,
            });
            continue;
        }
        for version in Version::BOTH {
            if scenario.versions.have(version) && versions.have(version) {
                cases.push(Case {
                    scenario,
                    version: Some(version),
                });
            }
        }
    }
    cases
}
