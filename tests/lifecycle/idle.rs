//! Between two requests: keep-alive, its end, and the pool (LIFECYCLE H01 to H03, U01).

use crate::story::{
    Story,
    words::{GET, ok, request, whole},
};
use tidegate_core::{
    event::Call,
    http1::BodyKind,
    side::Side::{Down, Up},
    timer::Timer,
};

// MUSEUM 13: close_notify too when nobody waits for it.
#[test]
fn h03_keep_alive_timeout() {
    exchanged("Keep-alive idle timeout, over TLS: close_notify and FIN, no 408, a short linger.")
        .fired(Timer::Idle)
        .finished(Down)
        .at(75_031)
        .acked(Down)
        .fired(Timer::Linger)
        .tells("idle_timeout");
}

#[test]
fn h02_client_reset() {
    exchanged("Client RST between two requests: the leg is dropped, the pool untouched.")
        .at(40)
        .reset(Down, Call::Read)
        .tells("idle_client_reset");
}

#[test]
fn pool_reuse() {
    exchanged("A second request on the same connection takes the parked upstream leg.")
        .at(40)
        .decoded(Down, request(GET, 84))
        .reused()
        .sent(Up, 84)
        .at(50)
        .decoded(Up, whole(ok(BodyKind::Length(10)), 90))
        .sent(Down, 90)
        .tells("idle_pool_reuse");
}

/// One exchange is over.
fn exchanged(claim: &str) -> Story {
    Story::https(claim)
        .accepted()
        .at(4)
        .secured()
        .at(5)
        .decoded(Down, request(GET, 84))
        .opening_left_out()
        .at(6)
        .connected()
        .sent(Up, 84)
        .at(30)
        .decoded(Up, whole(ok(BodyKind::Length(10)), 90))
        .sent(Down, 90)
}
