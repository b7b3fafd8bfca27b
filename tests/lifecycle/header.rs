//! The PROXY header before anything else (LIFECYCLE 4.8).

use crate::story::{
    Story,
    words::{GET, ok, request, whole},
};
use tidegate_core::{
    ending::Rejection,
    event::{Call, Peeked},
    http1::BodyKind,
    side::Side::{Down, Up},
    timer::Timer,
};

#[test]
fn row_4_8_5_introduced_then_secured() {
    Story::https("The header, then the handshake, which has all of its own time; then a request.")
        .introducing()
        .accepted()
        .at(9_000)
        .introduced()
        .at(12_000)
        .secured()
        .decoded(Down, request(GET, 84))
        .at(12_001)
        .connected()
        .all_sent(Up)
        .at(12_002)
        .decoded(Up, whole(ok(BodyKind::None), 100))
        .all_sent(Down)
        .tells("header_then_tls");
}

#[test]
fn row_4_8_5_introduced_passthrough() {
    Story::passthrough("The header, then the ClientHello by which the connection is routed.")
        .introducing()
        .limit(1000)
        .accepted()
        .at(1)
        .introduced()
        .received(Down, 300)
        .peeked(Peeked::Routed)
        .at(2)
        .connected()
        .sent(Up, 300)
        .tells("header_then_hello");
}

#[test]
fn row_4_8_5_nothing_in_time() {
    Story::http("A PROXY header that does not come within T_tls: reset.")
        .introducing()
        .accepted()
        .fired(Timer::Tls)
        .tells("header_silent");
}

#[test]
fn row_4_8_5_fin_inside() {
    Story::tcp("FIN inside the PROXY header: the connection is closed, and nothing was dialled.")
        .introducing()
        .accepted()
        .at(1)
        .fin(Down)
        .tells("header_fin");
}

#[test]
fn row_4_8_5_reset_inside() {
    Story::tls("RST inside the PROXY header: the connection is dropped, and nothing was dialled.")
        .introducing()
        .accepted()
        .at(1)
        .reset(Down, Call::Read)
        .tells("header_reset");
}

#[test]
fn row_4_8_5_no_header() {
    Story::https("What is no PROXY header: reset, no alert and no 400.")
        .introducing()
        .accepted()
        .at(1)
        .rejected(Rejection::ProxyHeaderMissing)
        .tells("header_missing");
}

#[test]
fn row_4_8_5_not_let_in() {
    Story::http("A header whose client is not let in: reset.")
        .introducing()
        .accepted()
        .at(1)
        .rejected(Rejection::AccessDenied)
        .tells("header_denied");
}

#[test]
fn row_4_8_5_drained_inside() {
    Story::http("A drain inside the header: its client gets one request, within T_ka_min.")
        .introducing()
        .accepted()
        .at(1)
        .drained()
        .at(2)
        .introduced()
        .at(3)
        .decoded(Down, request(GET, 84))
        .tells("header_drained");
}
