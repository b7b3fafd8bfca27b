//! An origin's RST reaches the client as RST, whatever the two were doing: six phases, each in
//! clear text and over TLS (MUSEUM 1: none of them did).
//!
//! Both peers are the probe's, the scripts are scenarios of this file, and the probe judges.

use crate::{
    harness::{PATIENCE, Proxy},
    probe::stage,
};
use std::net::SocketAddr;
use tidegate::probe::{
    judge::{Terms, judge},
    scenario::{
        After,
        Bound::AbortFlush,
        Cause,
        Check::{self, Broken, Got, GotBehindHead, Statuses, Upgraded, VisiblyCut},
        Mode, Scenario, tunnel,
    },
    step::{
        Pace,
        Payload::{Pattern, Text},
        Step::{self, Hear, Read, ReadEnd, ReadHead, ReadMessage, Reset, Tell, Write},
        Who::{Client, Origin},
    },
    wire::Version,
};

const RST: Check = Broken(Client, Some(After(Cause::Reset, AbortFlush)));

struct Phase {
    name: &'static str,
    http: bool,
    client: &'static [Step],
    origin: &'static [&'static [Step]],
    checks: &'static [Check],
}

const PHASES: [Phase; 6] = [
    Phase {
        name: "TCP idle",
        http: false,
        client: &[Tell(1), ReadEnd],
        origin: &[&[Hear(1), Reset]],
        checks: &[Got(Client, &[]), RST],
    },
    Phase {
        name: "TCP download",
        http: false,
        client: &[Read(1), Tell(1), ReadEnd],
        origin: &[&[Write(Pattern(200_000)), Hear(1), Reset]],
        checks: &[Got(Client, &[Pattern(200_000)]), RST],
    },
    Phase {
        name: "TCP upload",
        http: false,
        client: &[Write(Pattern(100_000)), Tell(1), ReadEnd],
        // Most of it is unread, and some of it may still be inside the proxy.
        origin: &[&[Read(10_000), Hear(1), Reset]],
        checks: &[Got(Client, &[]), RST],
    },
    Phase {
        name: "TCP tunnel",
        http: false,
        client: &[
            Write(Text("ask")),
            Read(1_000),
            Write(Text("ask again")),
            ReadEnd,
        ],
        origin: &[&[Read(3), Write(Pattern(1_000)), Read(9), Reset]],
        checks: &[
            Got(Origin, &[Text("ask"), Text("ask again")]),
            Got(Client, &[Pattern(1_000)]),
            RST,
        ],
    },
    Phase {
        name: "HTTP download",
        http: true,
        client: &[
            Write(Text("GET /a HTTP/1.1\r\nHost: $HOST\r\n\r\n")),
            ReadHead,
            Tell(1),
            ReadEnd,
        ],
        origin: &[&[
            ReadMessage,
            Write(Text("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")),
            Write(Pattern(50_000)),
            Hear(1),
            Reset,
        ]],
        checks: &[
            Statuses(&[200]),
            GotBehindHead(Client, &[Pattern(50_000)]),
            VisiblyCut,
            RST,
        ],
    },
    Phase {
        name: "HTTP tunnel",
        http: true,
        client: &[
            Write(tunnel::UPGRADE),
            ReadHead,
            Write(Text("ask")),
            Read(1_000),
            ReadEnd,
        ],
        origin: &[&[
            ReadHead,
            Write(tunnel::SWITCHING),
            Read(3),
            Write(Pattern(1_000)),
            Reset,
        ]],
        checks: &[
            Upgraded,
            GotBehindHead(Origin, &[Text("ask")]),
            GotBehindHead(Client, &[Pattern(1_000)]),
            RST,
        ],
    },
];

/// What is wrong in this phase, over each of these versions.
fn faults(phase: &Phase, versions: &[Option<Version>]) -> Vec<String> {
    let start: fn(SocketAddr) -> Proxy = match (phase.http, versions) {
        (false, [None]) => Proxy::tcp,
        (false, _) => Proxy::tls,
        (true, [None]) => Proxy::http,
        (true, _) => Proxy::https,
    };
    let mut stage = stage();
    let proxy = start(stage.door.address());
    stage.via = proxy.address;
    stage.mode = if phase.http { Mode::Ws } else { Mode::Tcp };
    let scenario = Scenario {
        client: phase.client,
        origin: phase.origin,
        checks: phase.checks,
        ..Scenario::PLAIN
    };
    let terms = Terms {
        slack: PATIENCE,
        pace: &Pace::SHORT,
        host: "localhost",
    };
    let play = |version: &Option<Version>| {
        let play = stage.play(&scenario, *version).unwrap();
        judge(&scenario, &play, terms).faults
    };
    versions.iter().flat_map(play).collect()
}

#[test]
fn r09_r10_t09_u06_w4_an_origins_reset_reaches_the_client_in_12_of_12_phases() {
    let clear: &[Option<Version>] = &[None];
    let secure: &[Option<Version>] = &Version::BOTH.map(Some);
    let (mut reached, mut wrong) = (0, Vec::new());
    for phase in &PHASES {
        for (carrier, versions) in [("clear", clear), ("TLS", secure)] {
            let faults = faults(phase, versions);
            if faults.is_empty() {
                reached += 1;
            } else {
                wrong.push(format!("{}, {carrier}: {}", phase.name, faults.join("; ")));
            }
        }
    }
    assert_eq!(reached, 12, "of 12 phases\n{}", wrong.join("\n"));
}
