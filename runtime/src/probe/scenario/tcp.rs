//! LIFECYCLE 5.1: relays of TCP, and what of them holds over TLS as well.

use super::{
    After,
    Bound::{AbortFlush, L0, Patience, Vanished},
    Cause,
    Check::{Broken, Clean, Error, Got},
    Gate, Mode, Needs, Scenario, Wires,
};
use crate::probe::step::{
    Pause::{Gap, Ms, Think},
    Payload::{Beats, Pattern, Text},
    Step::{
        AwaitError, Close, Deafen, Echo, Finish, Hear, Meet, ReadClean, ReadEnd, ReadSlowly, Reset,
        Stream, Tell, Wait, Write, WriteLast,
    },
    Who::{Client, Origin},
};

const RELAYS: &[Mode] = &[Mode::Tcp, Mode::Tls];
const TCP: &[Mode] = &[Mode::Tcp];

const FIN: Option<After> = Some(After(Cause::Fin, L0));
const RST: Option<After> = Some(After(Cause::Reset, L0));
const RST_BEHIND_BYTES: Option<After> = Some(After(Cause::Reset, AbortFlush));

pub(super) const ROWS: &[Scenario] = &[
    Scenario {
        row: "S01",
        name: "hc-fast-reply",
        claim: "a client that says FIN behind its question still gets the answer",
        modes: RELAYS,
        client: &[Write(Text("ask")), Finish, ReadEnd],
        origin: &[&[ReadEnd, Wait(Ms(50)), Write(Pattern(10_000)), Close]],
        checks: &[
            Got(Origin, &[Text("ask")]),
            Clean(Origin, FIN),
            Got(Client, &[Pattern(10_000)]),
            Clean(Client, FIN),
        ],
        ..Scenario::PLAIN
    },
    Scenario {
        row: "S02",
        name: "hc-slow-think",
        claim: "a half-closed client gets its answer however long the origin thinks",
        modes: RELAYS,
        client: &[Write(Text("ask")), Finish, ReadEnd],
        origin: &[&[ReadEnd, Wait(Think), Write(Pattern(10_000)), Close]],
        checks: &[
            Clean(Origin, FIN),
            Got(Client, &[Pattern(10_000)]),
            Clean(Client, FIN),
        ],
        ..Scenario::PLAIN
    },
    Scenario {
        row: "S03",
        name: "hc-long-stream",
        claim: "a half-closed client gets a long answer whole, whatever the gaps in it",
        modes: RELAYS,
        client: &[Write(Text("ask")), Finish, ReadEnd],
        origin: &[&[
            ReadEnd,
            Stream {
                bytes: 50_000,
                every: Gap,
                beats: 0,
            },
            Close,
        ]],
        checks: &[
            Clean(Origin, FIN),
            Got(Client, &[Beats(50_000)]),
            Clean(Client, FIN),
        ],
        ..Scenario::PLAIN
    },
    Scenario {
        row: "S04",
        name: "server-hc-upload",
        claim: "an upload goes on behind the origin's FIN",
        modes: TCP,
        client: &[
            ReadEnd,
            Stream {
                bytes: 10_000,
                every: Ms(100),
                beats: 20,
            },
            Finish,
        ],
        origin: &[&[Write(Text("hello")), Finish, ReadEnd]],
        checks: &[
            Got(Client, &[Text("hello")]),
            Clean(Client, FIN),
            Got(Origin, &[Pattern(200_000)]),
            Clean(Origin, FIN),
        ],
        ..Scenario::PLAIN
    },
    Scenario {
        row: "S05",
        name: "data-plus-fin",
        claim: "a FIN in the segment of the last bytes is not lost, in either direction",
        modes: RELAYS,
        client: &[WriteLast(Pattern(1_000)), ReadEnd],
        origin: &[&[ReadEnd, WriteLast(Pattern(1_000))]],
        checks: &[
            Got(Origin, &[Pattern(1_000)]),
            Clean(Origin, FIN),
            Got(Client, &[Pattern(1_000)]),
            Clean(Client, FIN),
        ],
        ..Scenario::PLAIN
    },
    Scenario {
        row: "S06",
        name: "rst-idle-down",
        claim: "an origin's reset of a silent connection is a reset for the client",
        modes: RELAYS,
        client: &[ReadEnd],
        origin: &[&[Wait(Ms(100)), Reset]],
        checks: &[Got(Client, &[]), Broken(Client, RST)],
        ..Scenario::PLAIN
    },
    Scenario {
        row: "S07",
        name: "rst-after-data",
        claim: "the bytes before an origin's reset arrive, and then the reset",
        modes: TCP,
        client: &[ReadEnd],
        origin: &[&[Write(Pattern(100_000)), Wait(Ms(300)), Reset]],
        checks: &[
            Got(Client, &[Pattern(100_000)]),
            Broken(Client, RST_BEHIND_BYTES),
        ],
        ..Scenario::PLAIN
    },
    Scenario {
        row: "S09",
        name: "rst-up",
        claim: "the bytes before a client's reset arrive, and then the reset",
        modes: TCP,
        // A reset while the proxy still connects may cost the bytes (R20).
        client: &[Hear(1), Write(Pattern(100_000)), Reset],
        origin: &[&[Tell(1), ReadEnd]],
        checks: &[
            Got(Origin, &[Pattern(100_000)]),
            Broken(Origin, RST_BEHIND_BYTES),
        ],
        ..Scenario::PLAIN
    },
    Scenario {
        row: "S11",
        name: "rst-after-client-fin",
        claim: "a client's reset behind its FIN reaches an origin that writes nothing",
        modes: RELAYS,
        client: &[Write(Text("ask")), Finish, Hear(1), Reset],
        origin: &[&[ReadEnd, Tell(1), AwaitError]],
        checks: &[
            Got(Origin, &[Text("ask")]),
            Clean(Origin, FIN),
            Error(Origin, After(Cause::Reset, AbortFlush)),
        ],
        ..Scenario::PLAIN
    },
    Scenario {
        row: "S13",
        name: "simultaneous-fin",
        claim: "two FINs that cross each other both arrive, and no reset before them",
        modes: RELAYS,
        client: &[Meet(1), Finish, ReadEnd],
        origin: &[&[Meet(1), Finish, ReadEnd]],
        checks: &[Clean(Client, FIN), Clean(Origin, FIN)],
        ..Scenario::PLAIN
    },
    Scenario {
        row: "S14",
        name: "slow-reader-fin",
        claim: "a FIN waits behind the bytes that a slow reader has not taken",
        modes: RELAYS,
        client: &[Wait(Ms(2_000)), ReadEnd],
        origin: &[&[Write(Pattern(8_000_000)), Close]],
        checks: &[Got(Client, &[Pattern(8_000_000)]), Clean(Client, None)],
        ..Scenario::PLAIN
    },
    Scenario {
        row: "S16",
        name: "fire-and-forget",
        claim: "what a client wrote before it closed arrives whole",
        modes: RELAYS,
        client: &[Write(Pattern(5_000_000)), Close],
        origin: &[&[ReadSlowly(64 * 1024)]],
        checks: &[Got(Origin, &[Pattern(5_000_000)]), Clean(Origin, None)],
        ..Scenario::PLAIN
    },
    Scenario {
        row: "S18",
        name: "refused",
        claim: "a client whose origin cannot be reached is reset, never just closed",
        modes: RELAYS,
        gate: Gate::Shut,
        dials: false,
        client: &[Write(Text("ask")), ReadEnd],
        checks: &[Got(Client, &[]), Broken(Client, None)],
        ..Scenario::PLAIN
    },
    Scenario {
        row: "S19",
        name: "fin-during-connect",
        claim: "a FIN that comes while the origin is still being connected to is kept",
        modes: RELAYS,
        gate: Gate::Slow,
        client: &[WriteLast(Text("x")), ReadEnd],
        origin: &[&[ReadEnd, Echo, Finish]],
        checks: &[
            Got(Origin, &[Text("x")]),
            Clean(Origin, Some(After(Cause::Fin, Patience))),
            Got(Client, &[Text("x")]),
            Clean(Client, FIN),
        ],
        ..Scenario::PLAIN
    },
    Scenario {
        row: "S22",
        name: "vanish-half-closed",
        claim: "a client that vanishes behind its FIN is noticed, and the origin told by a reset",
        modes: RELAYS,
        needs: Needs::DeafForLong,
        client: &[Write(Text("ask")), Finish, Hear(1), Deafen, Hear(2)],
        origin: &[&[ReadEnd, Tell(1), AwaitError, Tell(2)]],
        checks: &[
            Got(Origin, &[Text("ask")]),
            Clean(Origin, FIN),
            Error(Origin, After(Cause::Fin, Vanished)),
        ],
        ..Scenario::PLAIN
    },
    Scenario {
        row: "S24",
        name: "idle-is-abort",
        claim: "a connection given up for silence is reset on both sides",
        modes: RELAYS,
        needs: Needs::Idle,
        client: &[Write(Text("ask")), ReadEnd],
        origin: &[&[ReadEnd]],
        checks: &[Broken(Client, None), Broken(Origin, None)],
        ..Scenario::PLAIN
    },
    Scenario {
        row: "S37",
        name: "passthrough-half-close",
        claim: "TLS that the proxy cannot read ends as if it were not there",
        modes: TCP,
        wires: Wires::EndToEnd,
        client: &[Write(Text("ask")), Finish, ReadEnd],
        origin: &[&[
            ReadClean,
            Wait(Ms(300)),
            Write(Pattern(1_000)),
            Finish,
            ReadEnd,
        ]],
        checks: &[
            Got(Origin, &[Text("ask")]),
            Clean(Origin, None),
            Got(Client, &[Pattern(1_000)]),
            Clean(Client, FIN),
        ],
        ..Scenario::PLAIN
    },
];
