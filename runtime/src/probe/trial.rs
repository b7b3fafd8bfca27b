//! Before any row is played: is there a proxy, and does it lead to the probe's own origin? Where it
//! does not, rows would say nothing of it, and some would pass.
//!
//! It owns one small exchange, in which nothing ends that was not asked to, and waits for it as
//! long as peers are patient.

use super::{
    play::{Play, Stage},
    scenario::{Case, Mode, Scenario, Versions, Wires, tunnel::UPGRADE},
    socket,
    step::{
        Payload::{self, Text},
        Step::{Close, Read, ReadEnd, ReadMessage, Write},
    },
    wire::Version,
};
use std::{net::SocketAddr, thread};

const GET: Payload = Text("GET /probe HTTP/1.1\r\nHost: $HOST\r\nConnection: close\r\n\r\n");
const OK: Payload = Text("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");

/// Who is not connected to when the client has given up need not be waited for.
const TRIAL: Scenario = Scenario {
    dials: false,
    ..Scenario::PLAIN
};

/// One byte, and the end.
const RELAYED: Scenario = Scenario {
    client: &[Write(Text("?")), ReadEnd],
    origin: &[&[Read(1), Close]],
    ..TRIAL
};

/// Inside TLS that the proxy cannot read: it may want to see a name before it connects.
const PASSED: Scenario = Scenario {
    wires: Wires::EndToEnd,
    ..RELAYED
};

const ASKED: Scenario = Scenario {
    client: &[Write(GET), ReadEnd],
    origin: &[&[ReadMessage, Write(OK), Close]],
    ..TRIAL
};

/// An offer that the origin declines: a proxy may know tunnels by their path.
const OFFERED: Scenario = Scenario {
    client: &[Write(UPGRADE), ReadEnd],
    ..ASKED
};

/// Refuses a `via` at which the probe, listening at `origin`, would meet itself.
///
/// # Errors
/// In words.
pub(super) fn apart(via: SocketAddr, origin: SocketAddr) -> Result<(), String> {
    if !socket::is_at(via, origin) {
        return Ok(());
    }
    Err(format!(
        "{via} is where the probe itself listens as the origin ({origin}): --via is where the \
         proxy listens, and --origin where it forwards to"
    ))
}

/// Sends one client through the proxy, to the stage's own door.
///
/// # Errors
/// In words, why nobody comes there.
pub(super) fn reach(stage: &mut Stage, cases: &[Case], tls: Versions) -> Result<(), String> {
    let versions = Version::BOTH.into_iter().filter(|one| tls.have(*one));
    let passed = cases
        .iter()
        .find(|case| case.scenario.wires == Wires::EndToEnd)
        .map(|case| (&PASSED, case.version));
    let tries: Vec<(&Scenario, Option<Version>)> = match stage.mode {
        Mode::Tcp => [(&RELAYED, None)].into_iter().chain(passed).collect(),
        Mode::Tls => versions.map(|one| (&RELAYED, Some(one))).collect(),
        Mode::Http => vec![(&ASKED, None)],
        Mode::Https => versions.map(|one| (&ASKED, Some(one))).collect(),
        Mode::Ws => vec![(&OFFERED, None)],
    };
    let mut first: Option<Play> = None;
    for (scenario, version) in tries {
        let play = stage
            .play(scenario, version)
            .map_err(|error| format!("the proxy cannot be looked at: {error}"))?;
        thread::sleep(super::PAUSE);
        if let Some(why) = play.client.unconnected() {
            return Err(format!("the proxy does not accept at {}: {why}", stage.via));
        }
        if !play.origins.is_empty() {
            return Ok(());
        }
        first.get_or_insert(play);
    }
    Err(unreached(stage, &first.unwrap_or_default()))
}

fn unreached(stage: &Stage, play: &Play) -> String {
    let (via, origin) = (stage.via, stage.door.address());
    let client = match play.client.nonsense() {
        Some(why) => format!("there was no TLS handshake with the client: {why}"),
        None => format!("the client saw: {}", play.client.saw()),
    };
    let mode = stage.mode.name();
    format!(
        "the proxy at {via} does not connect to the origin at {origin}, asked in mode {mode}; \
         {client}"
    )
}
