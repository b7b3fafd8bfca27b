//! The table of the museum: one line a kind of mistake, in the order of MUSEUM.

use super::{Evidence, Kept, Level, Row};
use crate::{generate::Kind, schedule::Carrier, tls::Version};
use tidegate_core::variant::Variant;

const TCP: Kind = Kind::Relay(Carrier::Tcp);
const TLS: Kind = Kind::Relay(Carrier::Tls(Version::Tls13));
const TO_TLS: Kind = Kind::RelayTo(Carrier::Tcp, Version::Tls13);
const HTTP: Kind = Kind::Http(Carrier::Tcp);
const HTTP_TO_TLS: Kind = Kind::HttpTo(Carrier::Tcp, Version::Tls13);

/// Wrong rules of the core that the walk and the random scripts catch as well.
pub const WALKED: [Variant; 17] = [
    Variant::LostWakeup,
    Variant::FinUnread,
    Variant::Original,
    Variant::FinOnTimer,
    Variant::FinOvertakes,
    Variant::FinForgotten,
    Variant::CloseBoth,
    Variant::ResetAsFin,
    Variant::BareFinAsClean,
    Variant::ResetOvertakes,
    Variant::CloseUnread,
    Variant::ParkEnded,
    Variant::LastChunkAnyway,
    Variant::FaultUnseen,
    Variant::RetryAlways,
    Variant::BehindForgotten,
    Variant::FinOvertakesBuffered,
];

const fn row(number: u8, shape: &'static str, evidence: &'static [Evidence]) -> Row {
    Row {
        number,
        shape,
        kept: Kept::Caught(evidence),
    }
}

const fn absent(number: u8, shape: &'static str, why: &'static str) -> Row {
    Row {
        number,
        shape,
        kept: Kept::Absent(why),
    }
}

const fn seeds(variant: Variant, kind: Kind, most: u64) -> Evidence {
    Evidence {
        variant,
        level: Level::Seeds(kind, most),
    }
}

const fn file(variant: Variant) -> Evidence {
    Evidence {
        variant,
        level: Level::File,
    }
}

const fn walk(variant: Variant) -> Evidence {
    Evidence {
        variant,
        level: Level::Walk,
    }
}

const fn model(variant: Variant) -> Evidence {
    Evidence {
        variant,
        level: Level::Model,
    }
}

const fn clusters(variant: Variant, most: u64) -> Evidence {
    Evidence {
        variant,
        level: Level::Clusters(most),
    }
}

/// Every row of MUSEUM, and behind them what is not there.
pub const ROWS: &[Row] = &[
    row(
        1,
        "a decoder without room does not say so, and nothing wakes it; the client's FIN is not read meanwhile",
        &[
            seeds(Variant::LostWakeup, HTTP, 10),
            seeds(Variant::Original, HTTP, 10),
            walk(Variant::FinUnread),
        ],
    ),
    row(
        2,
        "a decoder that wants bytes says that it waits for room",
        &[seeds(Variant::BytesTakenForRoom, HTTP, 10)],
    ),
    row(
        3,
        "the half-closed timer is armed only while bytes are inside",
        &[seeds(Variant::HalfClosedUntimed, TCP, 30)],
    ),
    row(
        4,
        "a timer runs on a direction that is shut, and nobody consumes its expiry: a spin",
        &[seeds(Variant::ExpiryUnconsumed, TCP, 10)],
    ),
    row(
        5,
        "the peer's last FIN never comes, and is waited for",
        &[seeds(Variant::LastFinAwaited, HTTP, 40)],
    ),
    row(
        6,
        "a close passed on before the bytes, without a limit, or before the connect",
        &[
            seeds(Variant::FinOvertakes, TCP, 10),
            seeds(Variant::StallIgnored, TCP, 30),
            seeds(Variant::FinCancelsDial, TCP, 10),
        ],
    ),
    row(
        7,
        "a leg that nobody reads any more is not shut either",
        &[seeds(Variant::FinishUnsubscribed, TCP, 10)],
    ),
    row(
        8,
        "no FIN, because a close is to follow: it never does",
        &[seeds(Variant::CloseFollows, TCP, 10)],
    ),
    row(
        9,
        "no FIN, because the leg will be reset anyway",
        &[seeds(Variant::ResetFollows, TCP, 10)],
    ),
    row(
        10,
        "a connection that has ended is kept in the pool, and used",
        &[file(Variant::ParkEnded)],
    ),
    row(
        11,
        "FIN without close_notify is no end of a TLS leg, and is waited for again",
        &[seeds(Variant::BareFinIgnored, TLS, 30)],
    ),
    row(
        12,
        "what the TLS engine wanted once is taken for progress: a spin",
        &[seeds(Variant::StaleWants, TLS, 30)],
    ),
    row(
        13,
        "an idle connection is released without close_notify",
        &[seeds(Variant::IdleUnnotified, HTTP_TO_TLS, 10)],
    ),
    row(
        14,
        "the error is looked at before the answer that came before it",
        &[file(Variant::ErrorBeforeData)],
    ),
    absent(
        15,
        "the error of a send is forgotten, or kept back for nobody",
        "an error is latched where it is met, and every later call tells it again (4.11, 2): whoever forgets it once hears it the next time",
    ),
    row(
        16,
        "the fast path does not see an end in a closing state",
        &[seeds(Variant::PipedEndUnseen, TCP, 100)],
    ),
    row(
        17,
        "the consumer is gone, so the producer's end is never read",
        &[seeds(Variant::ConsumerGone, TCP, 300)],
    ),
    row(
        18,
        "output that will never leave has no timer",
        &[seeds(Variant::FlushUntimed, TCP, 3_000)],
    ),
    row(
        19,
        "an end is looked at before what is buffered",
        &[seeds(Variant::EndBeforeBuffered, HTTP, 30)],
    ),
    absent(
        20,
        "clearing the news of a write hides the shutdown that the write caused",
        "an ordered finish is a state of its leg, not news: it is there until it is done",
    ),
    row(
        21,
        "`no half-open` outlives the switch to a tunnel",
        &[seeds(Variant::NoHalfOpenKept, HTTP, 30)],
    ),
    row(
        22,
        "a close with unread input destroys what was sent",
        &[seeds(Variant::CloseUnread, TCP, 10)],
    ),
    absent(
        23,
        "whoever closes first runs out of ports",
        "a policy, not a rule; neither network has TIME_WAIT",
    ),
    absent(
        24,
        "an option that is set late does not begin to read again",
        "no option is set late, and what is read follows from the state alone",
    ),
    absent(
        25,
        "a hang-up during the connect is taken for a close",
        "the network trait has no hang-up: readiness tells of errors only, and the end is a read (K17; `tests/parity`)",
    ),
    row(
        26,
        "an early return leaves `do not wake` behind",
        &[seeds(Variant::WakeForgotten, TCP, 1_000)],
    ),
    row(
        27,
        "a stage holds bytes, and the FIN goes round it",
        &[seeds(Variant::FinOvertakesBuffered, HTTP, 30)],
    ),
    row(
        28,
        "an absolute deadline behind a half-close cuts an answer that moves",
        &[seeds(Variant::HalfCloseDeadline, TCP, 10)],
    ),
    row(
        29,
        "the first FIN closes both directions",
        &[seeds(Variant::CloseBoth, TCP, 10)],
    ),
    row(
        30,
        "a TLS leg is shut below TLS: FIN alone",
        &[seeds(Variant::FinAlone, TLS, 10)],
    ),
    row(
        31,
        "a reset that is passed on drops what came before it",
        &[seeds(Variant::ResetOvertakes, TLS, 100)],
    ),
    row(
        32,
        "bytes and FIN in one event: the FIN is forgotten",
        &[seeds(Variant::FinForgotten, TCP, 10)],
    ),
    row(
        33,
        "an error that is met elsewhere than by reading hides the complete answer that lies unread",
        &[file(Variant::WriteErrorFirst)],
    ),
    row(
        34,
        "the end that the last chunk carries leads to no FIN",
        &[seeds(Variant::LastChunkIsEnd, HTTP, 10)],
    ),
    row(
        35,
        "close_notify is made while closing, and never flushed",
        &[seeds(Variant::NotifyUnflushed, TO_TLS, 30)],
    ),
    row(
        36,
        "FIN and RST are one flag",
        &[seeds(Variant::FinAsReset, TLS, 10)],
    ),
    row(
        37,
        "FIN and close_notify are one flag",
        &[seeds(Variant::BareFinAsClean, TLS, 30)],
    ),
    row(
        38,
        "a chunked answer that was cut off is completed",
        &[seeds(Variant::TruncatedTerminated, HTTP, 300)],
    ),
    row(
        39,
        "a POST that was executed is sent again",
        &[seeds(Variant::RetryAlways, HTTP, 100)],
    ),
    row(
        40,
        "as a TLS client: closed although the server may still say something (session tickets)",
        &[seeds(Variant::TicketsUnread, TO_TLS, 30)],
    ),
    row(
        41,
        "a close while bytes are under way, in either direction",
        &[seeds(Variant::CloseOnFin, TCP, 10)],
    ),
    row(
        42,
        "a reset behind a zero window is not looked for",
        &[seeds(Variant::FaultUnseen, TCP, 3_000)],
    ),
    row(
        43,
        "a reset is passed on as a FIN",
        &[seeds(Variant::ResetAsFin, TCP, 10)],
    ),
    row(
        44,
        "a drain drops the request that was just read",
        &[seeds(Variant::DrainDropsRequest, HTTP, 100)],
    ),
    row(
        45,
        "an end that is seen while discarding is forgotten",
        &[seeds(Variant::FinDiscarded, TLS, 10)],
    ),
    absent(
        46,
        "a half-closed pair outlives its NAT entry, for want of keepalive",
        "no network forgets a connection on its way; `runtime/src/net/kernel/tests/sockets.rs` (`r06_half_closed_probes_sooner`) sees the socket options",
    ),
    row(
        0,
        "a FIN waits for a timer",
        &[seeds(Variant::FinOnTimer, TCP, 10)],
    ),
    row(
        0,
        "what was read with the head that leaves HTTP is forgotten",
        &[seeds(Variant::BehindForgotten, HTTP, 10)],
    ),
    row(
        0,
        "an answer without a length that was cut off is completed",
        &[seeds(Variant::LastChunkAnyway, HTTP, 100)],
    ),
    row(
        0,
        "a pipe is filled beside what is in it, and its socket taken for empty when it takes no more",
        &[seeds(Variant::PipeRefilled, TCP, 100)],
    ),
    row(
        0,
        "what was kept back for more to come (`MSG_MORE`) stays so when none does, until the kernel gives up",
        &[seeds(Variant::MoreAwaited, TCP, 100)],
    ),
    row(
        0,
        "whoever looks whether there is something to read, and finds nothing, is not woken when there is",
        &[seeds(Variant::LookForgotten, TCP, 10)],
    ),
    row(
        0,
        "who waits for an endpoint is not told of room, overtaken, or kept from what another has left",
        &[
            model(Variant::QueueUnserved),
            model(Variant::NewcomerOvertakes),
            model(Variant::GrantLost),
        ],
    ),
    row(
        0,
        "more wait than may, or get an endpoint than it takes",
        &[
            clusters(Variant::QueueEndless, 300),
            clusters(Variant::LimitIgnored, 100),
        ],
    ),
    row(
        0,
        "too many requests are sent again, one is not though that is safe, or it goes to who has failed",
        &[
            clusters(Variant::ProofIgnored, 100),
            clusters(Variant::SameAgain, 100),
            clusters(Variant::BudgetIgnored, 100),
        ],
    ),
    row(
        0,
        "an endpoint gets nothing that could be used: another gets everything, or it has failed, for too long",
        &[
            clusters(Variant::PicksOne, 100),
            clusters(Variant::EjectedForEver, 100),
            clusters(Variant::EjectsTheLast, 100),
            clusters(Variant::SlowTurns, 300),
        ],
    ),
    row(
        0,
        "the cause of a close names the other peer",
        &[seeds(Variant::BlamesTheOther, TCP, 100)],
    ),
];
