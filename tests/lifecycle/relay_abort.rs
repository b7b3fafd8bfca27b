//! Plain relays: RST, and what must never look like a FIN (LIFECYCLE 4.1, R09 to R24).

use crate::story::Story;
use tidegate_core::{
    event::Call,
    side::Side::{Down, Up},
    time::Span,
    timer::Timer,
};

#[test]
fn r09_client_reset_with_nothing_inside() {
    opened("Client RST with nothing inside: the server is reset as soon as it has what was sent.")
        .at(5)
        .received(Down, 40)
        .sent(Up, 40)
        .at(6)
        .reset(Down, Call::Read)
        .acked(Up)
        .tells("abort_client_reset_idle");
}

// K20.
#[test]
fn r10_client_reset_behind_bytes() {
    opened("Client RST behind bytes: the server gets them, and then a reset, no FIN.")
        .at(5)
        .received(Down, 40)
        .reset(Down, Call::Read)
        .at(6)
        .sent(Up, 40)
        .at(8)
        .acked(Up)
        .tells("abort_client_reset");
}

// K20: everything is with the kernel, and not with the peer.
#[test]
fn r10_server_reset_behind_bytes() {
    opened("Server RST behind bytes: the client gets them, and the reset once outq is 0 (K20).")
        .at(5)
        .received(Up, 40)
        .sent(Down, 40)
        .reset(Up, Call::Read)
        .at(9)
        .acked(Down)
        .tells("abort_server_reset");
}

// K5c: an abort is never hidden by back-pressure.
#[test]
fn r18_r11_reset_behind_a_zero_window() {
    opened("RST while the source is held, limit 64: seen at once, told after T_abort_flush.")
        .at(5)
        .received(Down, 64)
        .sent(Up, 10)
        .at(30)
        .reset(Down, Call::Poll)
        .fired(Timer::FlushUp)
        .tells("abort_zero_window");
}

#[test]
fn r12_reset_after_a_clean_fin() {
    opened("Client RST after its clean FIN: what the server still says is of no use to anyone.")
        .at(5)
        .received(Down, 8)
        .fin(Down)
        .sent(Up, 8)
        .finished(Up)
        .at(6)
        .acked(Up)
        .at(20)
        .received(Up, 30)
        .reset(Down, Call::Write)
        .acked(Up)
        .tells("abort_after_fin");
}

// K6, K9: a write error does not hide what came before it.
#[test]
fn r15_write_fails_before_the_read() {
    opened("A write to the server fails: what it said before is read first and delivered.")
        .at(5)
        .received(Down, 30)
        .reset(Up, Call::Write)
        .received(Up, 25)
        .sent(Down, 25)
        .reset(Up, Call::Read)
        .at(7)
        .acked(Down)
        .tells("abort_write_error_drains");
}

#[test]
fn r20_reset_while_connecting() {
    Story::tcp("Client RST while connecting: the connect is cancelled.")
        .accepted()
        .at(3)
        .reset(Down, Call::Read)
        .tells("abort_while_connecting");
}

// A timeout is not a clean end.
#[test]
fn r24_idle_tunnel() {
    let claim =
        "A silent half-closed relay: both legs are reset by the backstop, none is finished.";
    open(Story::tcp(claim).waits(|waits| {
        (waits.tunnel, waits.half_idle) = (Span::from_secs(30), Span::from_secs(30))
    }))
    .at(5)
    .received(Down, 8)
    .fin(Down)
    .sent(Up, 8)
    .finished(Up)
    .at(6)
    .acked(Up)
    .fired(Timer::Tunnel)
    .tells("abort_idle_tunnel");
}

/// A relay with both legs open.
fn opened(claim: &str) -> Story {
    open(Story::tcp(claim))
}

fn open(story: Story) -> Story {
    story.limit(64).accepted().at(1).connected()
}
