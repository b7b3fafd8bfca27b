//! LIFECYCLE 5.2: TLS that the proxy ends.

use super::{
    After,
    Bound::{AbortFlush, L0},
    Cause,
    Check::{Broken, Clean, Got, Notified},
    Mode, Needs, Scenario, Versions,
};
use crate::probe::{
    step::{
        Pause::{Ms, Reply},
        Payload::{Pattern, Text},
        Step::{
            Close, CloseNotify, Fin, Finish, Hear, Read, ReadClean, ReadEnd, Reset, Stream, Tell,
            Wait, Write,
        },
        Who::{Client, Origin},
    },
    wire::Version,
};

const TLS: &[Mode] = &[Mode::Tls];

const FIN: Option<After> = Some(After(Cause::Fin, L0));
const NOTIFY: Option<After> = Some(After(Cause::Notify, L0));
const FIN_BEHIND_BYTES: Option<After> = Some(After(Cause::Fin, AbortFlush));
const RST_BEHIND_BYTES: Option<After> = Some(After(Cause::Reset, AbortFlush));

const HALF_CLOSE: Scenario = Scenario {
    claim: "a close_notify ends one direction only: the answer still comes, and its own end",
    modes: TLS,
    client: &[Write(Text("ask")), CloseNotify, ReadEnd],
    origin: &[&[ReadEnd, Wait(Reply), Write(Pattern(10_000)), Close]],
    checks: &[
        Got(Origin, &[Text("ask")]),
        Clean(Origin, NOTIFY),
        Got(Client, &[Pattern(10_000)]),
        Clean(Client, FIN),
    ],
    ..Scenario::PLAIN
};

pub(super) const ROWS: &[Scenario] = &[
    Scenario {
        row: "S26",
        name: "tls-clean-end",
        claim: "an origin's FIN is close_notify and FIN for the client, at once",
        modes: TLS,
        client: &[ReadEnd],
        origin: &[&[Write(Pattern(50_000)), Close]],
        checks: &[Got(Client, &[Pattern(50_000)]), Clean(Client, FIN)],
        ..Scenario::PLAIN
    },
    Scenario {
        row: "S27",
        name: "tls-no-laundering",
        claim: "an origin's reset never becomes a close_notify",
        modes: TLS,
        client: &[ReadEnd],
        origin: &[&[Write(Pattern(50_000)), Reset]],
        checks: &[
            Got(Client, &[Pattern(50_000)]),
            Broken(Client, RST_BEHIND_BYTES),
        ],
        ..Scenario::PLAIN
    },
    Scenario {
        row: "S28",
        name: "tls-bare-fin-up",
        claim: "a client's FIN without close_notify is a truncation: reset for the origin",
        modes: TLS,
        client: &[Write(Pattern(50_000)), Fin, ReadEnd],
        origin: &[&[ReadEnd]],
        checks: &[
            Got(Origin, &[Pattern(50_000)]),
            Broken(Origin, FIN_BEHIND_BYTES),
        ],
        ..Scenario::PLAIN
    },
    Scenario {
        row: "S29",
        name: "tls13-half-close",
        versions: Versions::Only(Version::Tls13),
        ..HALF_CLOSE
    },
    Scenario {
        row: "S30",
        name: "tls12-half-close",
        versions: Versions::Only(Version::Tls12),
        ..HALF_CLOSE
    },
    Scenario {
        row: "S31",
        name: "tls-rst-up",
        claim: "the bytes before a client's reset arrive, and then the reset",
        modes: TLS,
        // A reset while the proxy still connects may cost the bytes (R20).
        client: &[Hear(1), Write(Pattern(50_000)), Reset],
        origin: &[&[Tell(1), ReadEnd]],
        checks: &[
            Got(Origin, &[Pattern(50_000)]),
            Broken(Origin, RST_BEHIND_BYTES),
        ],
        ..Scenario::PLAIN
    },
    Scenario {
        row: "S32",
        name: "tls-server-hc-upload",
        claim: "an upload goes on behind the origin's FIN",
        modes: TLS,
        client: &[
            ReadClean,
            Stream {
                bytes: 10_000,
                every: Ms(100),
                beats: 10,
            },
            Finish,
            ReadEnd,
        ],
        origin: &[&[Write(Text("hello")), Finish, ReadEnd]],
        checks: &[
            Got(Client, &[Text("hello")]),
            Notified(Client, After(Cause::Fin, L0)),
            Clean(Client, None),
            Got(Origin, &[Pattern(100_000)]),
            Clean(Origin, FIN),
        ],
        ..Scenario::PLAIN
    },
    Scenario {
        row: "S33",
        name: "reencrypt-bare-fin",
        claim: "an origin's FIN without close_notify never becomes a close_notify",
        modes: TLS,
        needs: Needs::OriginTls,
        client: &[Write(Text("ask")), ReadEnd],
        origin: &[&[Read(3), Write(Pattern(50_000)), Fin, ReadEnd]],
        checks: &[
            Got(Client, &[Pattern(50_000)]),
            Broken(Client, FIN_BEHIND_BYTES),
        ],
        ..Scenario::PLAIN
    },
];
