//! Plain relays: FIN in every order (LIFECYCLE 4.1, R01 to R08, R19, R21).

use crate::story::Story;
use tidegate_core::{
    ending::Cause,
    side::Side::{Down, Up},
    time::Span,
};

#[test]
fn r03_r04_r07_half_close_with_bytes_pending() {
    let claim = "Half-close with bytes pending, limit 64: the FIN waits its turn, \
                 the answer still comes back.";
    opened(claim)
        .at(2)
        .received(Down, 64)
        .at(9)
        .sent(Up, 36)
        .at(11)
        .fin(Down)
        .at(20)
        .sent(Up, 28)
        .finished(Up)
        .at(21)
        .acked(Up)
        .at(25)
        .received(Up, 9)
        .fin(Up)
        .at(26)
        .sent(Down, 9)
        .finished(Down)
        .at(27)
        .acked(Down)
        .tells("relay_half_close_pending");
}

#[test]
fn r01_r02_r07_server_fin_first() {
    opened("Server FIN first: the client hears it at once and uploads on.")
        .at(5)
        .received(Up, 3)
        .sent(Down, 3)
        .fin(Up)
        .finished(Down)
        .at(6)
        .acked(Down)
        .at(500)
        .received(Down, 40)
        .sent(Up, 40)
        .at(900)
        .received(Down, 40)
        .sent(Up, 40)
        .fin(Down)
        .finished(Up)
        .at(901)
        .acked(Up)
        .tells("relay_server_fin_first");
}

// No deadline is absolute while bytes move.
#[test]
fn r06_r07_half_closed_download() {
    let claim =
        "Half-closed download: after the client's FIN the server streams on, past T_half_idle.";
    open(Story::tcp(claim).waits(|waits| waits.tunnel = Span::from_secs(30)))
        .at(2)
        .received(Down, 8)
        .fin(Down)
        .sent(Up, 8)
        .finished(Up)
        .at(3)
        .acked(Up)
        .at(25_000)
        .received(Up, 50)
        .sent(Down, 50)
        .at(50_000)
        .received(Up, 50)
        .sent(Down, 50)
        .at(75_000)
        .received(Up, 50)
        .sent(Down, 50)
        .fin(Up)
        .finished(Down)
        .at(75_001)
        .acked(Down)
        .tells("relay_half_closed_download");
}

#[test]
fn r08_simultaneous_close() {
    opened("Simultaneous close: both are finished, both acknowledged, no RST on the wire.")
        .at(7)
        .fin(Down)
        .fin(Up)
        .finished(Down)
        .finished(Up)
        .at(8)
        .acked(Up)
        .at(9)
        .acked(Down)
        .tells("relay_simultaneous_close");
}

// Each byte taken is progress.
#[test]
fn r05_r22_r23_slow_reader_with_a_fin_pending() {
    let claim =
        "Slow reader with a FIN pending, limit 64: it waits for the last byte, however long.";
    open(Story::tcp(claim).waits(|waits| waits.write = Span::from_secs(30)))
        .at(2)
        .received(Up, 64)
        .sent(Down, 30)
        .at(3)
        .sent(Down, 4)
        .received(Up, 20)
        .fin(Up)
        .at(28_003)
        .sent(Down, 25)
        .at(56_003)
        .sent(Down, 25)
        .finished(Down)
        .at(56_004)
        .acked(Down)
        .at(56_010)
        .fin(Down)
        .finished(Up)
        .at(56_011)
        .acked(Up)
        .tells("relay_slow_reader_fin_pending");
}

// `nc -N`.
#[test]
fn r19_client_fin_while_connecting() {
    Story::tcp("Client FIN while connecting: the connect goes on, then the data, then the FIN.")
        .accepted()
        .at(1)
        .received(Down, 5)
        .fin(Down)
        .at(900)
        .connected()
        .sent(Up, 5)
        .finished(Up)
        .at(901)
        .acked(Up)
        .at(910)
        .received(Up, 5)
        .fin(Up)
        .sent(Down, 5)
        .finished(Down)
        .at(911)
        .acked(Down)
        .tells("relay_fin_while_connecting");
}

// Never an empty clean close.
#[test]
fn r21_connect_refused() {
    Story::tcp("Connect refused, on a relay: the client sees a reset, never an empty clean close.")
        .accepted()
        .at(1)
        .received(Down, 5)
        .at(2)
        .unconnected(Cause::Refused)
        .acked(Down)
        .tells("relay_connect_refused");
}

/// A relay with both legs open.
fn opened(claim: &str) -> Story {
    open(Story::tcp(claim))
}

fn open(story: Story) -> Story {
    story.limit(64).accepted().at(1).connected()
}
