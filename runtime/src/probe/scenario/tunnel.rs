//! LIFECYCLE 5.4, the rows of tunnels: a request that upgrades, a 101, and then plain bytes.

use super::{
    After,
    Bound::{AbortFlush, L0},
    Cause,
    Check::{Broken, Clean, GotBehindHead, Upgraded},
    Mode, Scenario,
};
use crate::probe::step::{
    Pause::Ms,
    Payload::{self, Pattern, Text},
    Step::{Close, Finish, Hear, Read, ReadEnd, ReadHead, Reset, Tell, Wait, Write},
    Who::{Client, Origin},
};

const WS: &[Mode] = &[Mode::Ws];

const FIN: Option<After> = Some(After(Cause::Fin, L0));
const RST: Option<After> = Some(After(Cause::Reset, AbortFlush));

/// A request that asks for a tunnel. The key and its answer are those of RFC 6455, 1.3.
pub const UPGRADE: Payload = Text(
    "GET /tunnel HTTP/1.1\r\nHost: $HOST\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
     Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
);
/// The answer that opens it.
pub const SWITCHING: Payload = Text(
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
     Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
);

pub(super) const ROWS: &[Scenario] = &[
    Scenario {
        row: "S55",
        name: "ws-client-hc",
        claim: "a client's FIN in a tunnel ends one direction only",
        modes: WS,
        client: &[
            Write(UPGRADE),
            ReadHead,
            Write(Text("ask")),
            Finish,
            ReadEnd,
        ],
        origin: &[&[
            ReadHead,
            Write(SWITCHING),
            ReadEnd,
            Wait(Ms(300)),
            Write(Pattern(1_000)),
            Close,
        ]],
        checks: &[
            Upgraded,
            GotBehindHead(Origin, &[Text("ask")]),
            Clean(Origin, FIN),
            GotBehindHead(Client, &[Pattern(1_000)]),
            Clean(Client, FIN),
        ],
        ..Scenario::PLAIN
    },
    Scenario {
        row: "S56",
        name: "ws-server-hc",
        claim: "an origin's FIN in a tunnel ends one direction only",
        modes: WS,
        client: &[
            Write(UPGRADE),
            ReadHead,
            ReadEnd,
            Write(Pattern(2_000)),
            Finish,
        ],
        origin: &[&[
            ReadHead,
            Write(SWITCHING),
            Write(Text("bye")),
            Finish,
            ReadEnd,
        ]],
        checks: &[
            Upgraded,
            GotBehindHead(Client, &[Text("bye")]),
            Clean(Client, FIN),
            GotBehindHead(Origin, &[Pattern(2_000)]),
            Clean(Origin, FIN),
        ],
        ..Scenario::PLAIN
    },
    Scenario {
        row: "S57",
        variant: "down",
        name: "ws-rst",
        claim: "an origin's reset of a tunnel is a reset for the client",
        modes: WS,
        client: &[Write(UPGRADE), ReadHead, Tell(1), ReadEnd],
        origin: &[&[ReadHead, Write(SWITCHING), Hear(1), Reset]],
        checks: &[Upgraded, GotBehindHead(Client, &[]), Broken(Client, RST)],
        ..Scenario::PLAIN
    },
    Scenario {
        row: "S57",
        variant: "up",
        name: "ws-rst",
        claim: "a client's reset of a tunnel is a reset for the origin",
        modes: WS,
        client: &[Write(UPGRADE), ReadHead, Write(Text("ask")), Hear(1), Reset],
        origin: &[&[ReadHead, Write(SWITCHING), Read(3), Tell(1), ReadEnd]],
        checks: &[
            Upgraded,
            GotBehindHead(Origin, &[Text("ask")]),
            Broken(Origin, RST),
        ],
        ..Scenario::PLAIN
    },
];
