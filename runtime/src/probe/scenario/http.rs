//! LIFECYCLE 5.3: HTTP/1.1, in the clear and over TLS that the proxy ends.

use super::{
    After,
    Bound::{AbortFlush, L0},
    Cause,
    Check::{
        Asked, Body, Broken, Clean, Ended, Got, NeverComplete, Released, Statuses, VisiblyCut,
    },
    Mode, Needs, Scenario,
};
use crate::probe::step::{
    Pause::Ms,
    Payload::{self, Pattern, Text},
    Step::{
        AwaitBytes, AwaitLoss, Close, Deafen, Finish, Hear, ReadEnd, ReadHead, ReadMessage, ReadOn,
        Reset, Tell, Undeafen, Wait, Write,
    },
    Who::{Client, Origin},
};

const HTTP: &[Mode] = &[Mode::Http, Mode::Https];

const RST: Option<After> = Some(After(Cause::Reset, AbortFlush));

const GET: Payload = Text("GET /probe HTTP/1.1\r\nHost: $HOST\r\n\r\n");
const GET_10: Payload = Text("GET /probe HTTP/1.0\r\nHost: $HOST\r\n\r\n");
const LAST_GET: Payload = Text("GET /probe HTTP/1.1\r\nHost: $HOST\r\nConnection: close\r\n\r\n");
const POST_100K: Payload =
    Text("POST /probe HTTP/1.1\r\nHost: $HOST\r\nContent-Length: 100000\r\n\r\n");
const POST_20M: Payload =
    Text("POST /probe HTTP/1.1\r\nHost: $HOST\r\nContent-Length: 20000000\r\n\r\n");
const POST_SHORT: Payload =
    Text("POST /probe HTTP/1.1\r\nHost: $HOST\r\nContent-Length: 2\r\n\r\nhi");
const POST_CHUNKED: Payload =
    Text("POST /probe HTTP/1.1\r\nHost: $HOST\r\nTransfer-Encoding: chunked\r\n\r\n");
const POST_EXPECT: Payload = Text(
    "POST /probe HTTP/1.1\r\nHost: $HOST\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n",
);
/// The size line of a chunk of 50 000 bytes.
const CHUNK_50K: Payload = Text("c350\r\n");
const CHUNK_END: Payload = Text("\r\n");

const OK_SHORT: Payload = Text("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
const OK_10K: Payload = Text("HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n");
const OK_30K: Payload = Text("HTTP/1.1 200 OK\r\nContent-Length: 30000\r\n\r\n");
const OK_1500K: Payload = Text("HTTP/1.1 200 OK\r\nContent-Length: 1500000\r\n\r\n");
/// With the size line of a first chunk of 50 000 bytes.
const OK_CHUNK_50K: Payload = Text("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nc350\r\n");
const OK_CLOSE: Payload = Text("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
const TOO_LARGE: Payload =
    Text("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno\n");
const FAILED: Payload =
    Text("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno\n");

const CUT_REQUEST: Scenario = Scenario {
    row: "S39",
    name: "h1-truncated-request",
    modes: HTTP,
    dials: false,
    origin: &[&[ReadEnd]],
    checks: &[NeverComplete, Statuses(&[400]), Clean(Client, None)],
    ..Scenario::PLAIN
};

const CUT_RESPONSE: Scenario = Scenario {
    row: "S40",
    name: "h1-truncated-chunked",
    modes: HTTP,
    client: &[Write(GET), ReadEnd],
    ..Scenario::PLAIN
};

const CUT_UNMEASURED: Scenario = Scenario {
    row: "S41",
    name: "h1-close-delimited-rst",
    modes: HTTP,
    origin: &[&[ReadMessage, Write(OK_CLOSE), Write(Pattern(50_000)), Reset]],
    ..Scenario::PLAIN
};

/// The client reads late, and little at a time. The probe cannot configure the proxy to close, so
/// its first request asks for it.
const LATE: Scenario = Scenario {
    row: "S43",
    name: "h1-linger-legal",
    modes: HTTP,
    narrow: Some(4_096),
    client: &[
        Write(LAST_GET),
        Wait(Ms(1_000)),
        Write(GET),
        Wait(Ms(300)),
        ReadEnd,
    ],
    ..Scenario::PLAIN
};

/// An answer in the middle of an upload.
const EARLY: Scenario = Scenario {
    modes: HTTP,
    client: &[Write(POST_20M), Write(Pattern(20_000_000)), ReadEnd],
    checks: &[Statuses(&[413])],
    ..Scenario::PLAIN
};

/// A FIN that is late would meet the second request. The proxy's view is the same when the origin
/// closes with the request in its hands, and that is never a race.
const RACE: Scenario = Scenario {
    row: "S48",
    name: "ka-race-get",
    modes: HTTP,
    client: &[Write(GET), ReadMessage, Write(GET), ReadMessage],
    checks: &[Statuses(&[200, 200])],
    ..Scenario::PLAIN
};

const EXPECT: Scenario = Scenario {
    row: "S52",
    name: "expect-final",
    modes: HTTP,
    client: &[Write(POST_EXPECT), ReadEnd],
    checks: &[Statuses(&[417]), Clean(Client, None)],
    ..Scenario::PLAIN
};

pub(super) const ROWS: &[Scenario] = &[
    Scenario {
        row: "S38",
        name: "h1-hc-get",
        claim: "a client that says FIN behind its request still gets the response",
        modes: HTTP,
        client: &[Write(GET), Finish, ReadEnd],
        origin: &[&[
            ReadMessage,
            Wait(Ms(400)),
            Write(OK_10K),
            Write(Pattern(10_000)),
            ReadOn,
        ]],
        checks: &[
            Statuses(&[200]),
            Body(&[Pattern(10_000)]),
            Clean(Client, None),
        ],
        ..Scenario::PLAIN
    },
    Scenario {
        variant: "length",
        claim: "a request cut short is never completed: 400 for the client, reset for the origin",
        client: &[
            Write(POST_100K),
            Write(Pattern(50_000)),
            Wait(Ms(100)),
            Finish,
            ReadEnd,
        ],
        ..CUT_REQUEST
    },
    Scenario {
        variant: "chunked",
        claim: "a request cut between two chunks is never completed either",
        client: &[
            Write(POST_CHUNKED),
            Write(CHUNK_50K),
            Write(Pattern(50_000)),
            Write(CHUNK_END),
            Wait(Ms(100)),
            Finish,
            ReadEnd,
        ],
        ..CUT_REQUEST
    },
    Scenario {
        variant: "fin",
        claim: "a response that breaks off with FIN gets no last chunk",
        origin: &[&[
            ReadMessage,
            Write(OK_CHUNK_50K),
            Write(Pattern(50_000)),
            Write(CHUNK_END),
            Finish,
        ]],
        checks: &[
            Statuses(&[200]),
            VisiblyCut,
            Ended(Client, After(Cause::Fin, AbortFlush)),
        ],
        ..CUT_RESPONSE
    },
    Scenario {
        variant: "rst",
        claim: "a response that breaks off with RST gets no last chunk",
        origin: &[&[
            ReadMessage,
            Write(OK_CHUNK_50K),
            Write(Pattern(50_000)),
            Write(CHUNK_END),
            Reset,
        ]],
        checks: &[
            Statuses(&[200]),
            VisiblyCut,
            Ended(Client, After(Cause::Reset, AbortFlush)),
        ],
        ..CUT_RESPONSE
    },
    Scenario {
        variant: "1.1",
        claim: "a response without a length that is reset stays visibly cut off",
        client: &[Write(GET), ReadEnd],
        checks: &[Statuses(&[200]), VisiblyCut],
        ..CUT_UNMEASURED
    },
    Scenario {
        variant: "1.0",
        claim: "a client of HTTP/1.0 can learn of it by a reset only",
        client: &[Write(GET_10), ReadEnd],
        checks: &[Statuses(&[200]), VisiblyCut, Broken(Client, RST)],
        ..CUT_UNMEASURED
    },
    Scenario {
        variant: "long",
        claim: "a request that comes while a last response is still sent does not destroy it",
        origin: &[&[
            ReadMessage,
            Write(OK_1500K),
            Write(Pattern(1_500_000)),
            ReadOn,
        ]],
        checks: &[
            Statuses(&[200]),
            Body(&[Pattern(1_500_000)]),
            Clean(Client, None),
        ],
        ..LATE
    },
    // Short enough for the send buffer of a proxy, which may think that it is done.
    Scenario {
        variant: "short",
        claim: "a request that comes when the proxy has written all of a last response does not destroy it",
        origin: &[&[ReadMessage, Write(OK_30K), Write(Pattern(30_000)), ReadOn]],
        checks: &[
            Statuses(&[200]),
            Body(&[Pattern(30_000)]),
            Clean(Client, None),
        ],
        ..LATE
    },
    Scenario {
        row: "S45",
        name: "h1-early-413-linger",
        claim: "a response that comes before the upload is over is delivered",
        origin: &[&[ReadHead, Write(TOO_LARGE), Finish, ReadEnd]],
        ..EARLY
    },
    Scenario {
        row: "S46",
        name: "h1-early-413-close",
        claim: "the same when the origin closes, and its kernel resets what is still to come",
        origin: &[&[ReadHead, Write(TOO_LARGE), Close]],
        ..EARLY
    },
    Scenario {
        variant: "fin",
        claim: "a request that meets the FIN of an idle connection is tried again",
        origin: &[
            &[ReadMessage, Write(OK_SHORT), AwaitBytes, Finish, ReadOn],
            &[ReadMessage, Write(OK_SHORT), ReadOn],
        ],
        ..RACE
    },
    Scenario {
        variant: "rst",
        claim: "a request that meets the reset of an idle connection is tried again",
        origin: &[
            &[ReadMessage, Write(OK_SHORT), AwaitBytes, Reset],
            &[ReadMessage, Write(OK_SHORT), ReadOn],
        ],
        ..RACE
    },
    // The origin's kernel drops the request, as a lost segment would be, and its FIN comes: so the
    // proxy can know that nobody has seen it. A request that arrives later is executed twice.
    Scenario {
        row: "S49",
        name: "ka-race-post-unaccepted",
        claim: "a POST that the origin's TCP never took before its FIN is sent again, and executed once",
        modes: HTTP,
        needs: Needs::Deaf,
        client: &[
            Write(GET),
            ReadMessage,
            Hear(1),
            Write(POST_SHORT),
            ReadMessage,
            Wait(Ms(500)),
        ],
        origin: &[
            &[
                ReadMessage,
                Write(OK_SHORT),
                Deafen,
                Tell(1),
                AwaitLoss,
                Finish,
                Wait(Ms(50)),
                Undeafen,
                ReadOn,
            ],
            &[ReadMessage, Write(OK_SHORT), ReadOn],
        ],
        checks: &[Statuses(&[200, 200]), Asked(2)],
        ..Scenario::PLAIN
    },
    Scenario {
        row: "S51",
        name: "pool-evict",
        claim: "an idle connection that the origin has closed is closed too, and not used again",
        modes: HTTP,
        client: &[
            Write(GET),
            ReadMessage,
            Hear(1),
            Wait(Ms(10)),
            Write(GET),
            ReadMessage,
        ],
        origin: &[
            &[
                ReadMessage,
                Write(OK_SHORT),
                Wait(Ms(100)),
                Finish,
                Tell(1),
                ReadEnd,
            ],
            &[ReadMessage, Write(OK_SHORT), ReadOn],
        ],
        checks: &[Statuses(&[200, 200]), Released],
        ..Scenario::PLAIN
    },
    Scenario {
        claim: "a final answer to `Expect: 100-continue` is not preceded by an invented 100",
        origin: &[&[ReadHead, Write(FAILED), Finish, ReadOn]],
        ..EXPECT
    },
    Scenario {
        variant: "open",
        claim: "behind it the connection is closed, even if the origin keeps its own open",
        origin: &[&[ReadHead, Write(FAILED), ReadOn]],
        ..EXPECT
    },
    Scenario {
        row: "S53",
        name: "client-abort-cancel",
        claim: "a client that gives up is told to the origin at once",
        modes: HTTP,
        client: &[Write(GET), Hear(1), Reset],
        origin: &[&[ReadMessage, Tell(1), ReadEnd]],
        checks: &[Ended(Origin, After(Cause::Reset, L0))],
        ..Scenario::PLAIN
    },
    Scenario {
        row: "S54",
        name: "idle-no-408",
        claim: "a connection that never asked is closed without a word",
        modes: HTTP,
        needs: Needs::Idle,
        dials: false,
        client: &[ReadEnd],
        checks: &[Statuses(&[]), Got(Client, &[]), Clean(Client, None)],
        ..Scenario::PLAIN
    },
    Scenario {
        row: "S54",
        variant: "begun",
        name: "idle-no-408",
        claim: "one that began to ask is told 408",
        modes: HTTP,
        needs: Needs::Idle,
        dials: false,
        client: &[Write(Text("GET /pro")), ReadEnd],
        checks: &[Statuses(&[408]), Clean(Client, None)],
        ..Scenario::PLAIN
    },
];
