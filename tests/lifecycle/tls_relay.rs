//! Relays that end TLS downstream (LIFECYCLE 4.3).

use crate::story::Story;
use tidegate_core::{
    event::Call,
    side::Side::{Down, Up},
    time::Span,
    timer::Timer,
};

#[test]
fn t01_t03_t10_t08_close_notify_is_a_half_close() {
    opened("close_notify on a TLS relay ends one direction: the answer still comes, then T08.")
        .at(6)
        .received(Down, 20)
        .close_notify(Down)
        .sent(Up, 20)
        .finished(Up)
        .at(7)
        .acked(Up)
        .fin(Down)
        .at(400)
        .received(Up, 60)
        .fin(Up)
        .sent(Down, 60)
        .finished(Down)
        .at(401)
        .acked(Down)
        .tells("tls_close_notify");
}

#[test]
fn t05_bare_fin() {
    opened("Bare FIN on a TLS relay: the server gets the bytes and a reset, for they may be cut.")
        .at(6)
        .received(Down, 50)
        .fin(Down)
        .sent(Up, 50)
        .at(7)
        .acked(Up)
        .at(8)
        .acked(Down)
        .tells("tls_bare_fin");
}

// No laundering.
#[test]
fn t09_server_reset() {
    opened("Server RST under a TLS client: the bytes, then a reset without close_notify.")
        .at(6)
        .received(Up, 50)
        .reset(Up, Call::Read)
        .sent(Down, 0)
        .sent(Down, 50)
        .at(8)
        .acked(Down)
        .tells("tls_server_reset");
}

#[test]
fn t12_close_notify_behind_a_zero_window() {
    let claim =
        "A client that takes no close_notify: it is waited for as for any byte, then reset.";
    open(Story::tls(claim).waits(|waits| waits.write = Span::from_secs(30)))
        .at(6)
        .fin(Up)
        .at(400)
        .received(Down, 12)
        .sent(Up, 12)
        .fired(Timer::WriteDown)
        .acked(Up)
        .tells("tls_close_notify_stalls");
}

// The client has had everything, and did not wait for our word.
#[test]
fn t13_r13_benign_reset() {
    opened("RST from a client that had closed before our close_notify: nobody lost anything.")
        .at(6)
        .received(Down, 20)
        .close_notify(Down)
        .fin(Down)
        .sent(Up, 20)
        .finished(Up)
        .at(7)
        .acked(Up)
        .at(9)
        .fin(Up)
        .finished(Down)
        .at(10)
        .reset(Down, Call::Poll)
        .tells("tls_benign_reset");
}

// The same reset, but the answer itself is among what the client's kernel never acknowledged.
#[test]
fn r14_t13_a_reset_that_takes_the_answer_with_it() {
    opened("RST from a TLS client that had closed, and not all of the answer was acknowledged.")
        .at(6)
        .received(Down, 20)
        .close_notify(Down)
        .fin(Down)
        .sent(Up, 20)
        .finished(Up)
        .at(9)
        .received(Up, 60)
        .fin(Up)
        .sent(Down, 60)
        .finished(Down)
        .at(10)
        .undelivered(Down)
        .at(12)
        .acked(Up)
        .tells("tls_undelivered");
}

#[test]
fn t14_handshake_cut() {
    Story::tls("An RST inside the handshake ends the session; no server was dialled.")
        .accepted()
        .at(3)
        .reset(Down, Call::Read)
        .tells("tls_handshake_cut");
}

/// A TLS relay with both legs open.
fn opened(claim: &str) -> Story {
    open(Story::tls(claim))
}

fn open(story: Story) -> Story {
    story.limit(64).accepted().at(3).secured().at(4).connected()
}
