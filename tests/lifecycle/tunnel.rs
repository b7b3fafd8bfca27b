//! Exchanges that leave HTTP: Upgrade and CONNECT become tunnels (LIFECYCLE 4.6).

use crate::story::{
    Story,
    words::{CONNECT, GET, UPGRADE, and_more, body, events, ok, request, response, switch, whole},
};
use tidegate_core::{
    event::Call,
    http1::{BodyKind, RequestFacts},
    side::Side::{Down, Up},
    time::Span,
    timer::Timer,
};

/// A client has asked, and its origin has the request.
fn asked(claim: &str, facts: RequestFacts) -> Story {
    Story::http(claim)
        .accepted()
        .at(1)
        .decoded(Down, request(facts, 120))
        .at(2)
        .connected()
        .sent(Up, 120)
}

/// Both sides have left HTTP.
fn switched(claim: &str) -> Story {
    asked(claim, UPGRADE)
        .at(4)
        .decoded(Up, switch(101, 100))
        .sent(Down, 100)
}

#[test]
fn w1_bytes_behind_both_heads_go_first() {
    asked(
        "Bytes read with the heads of an upgrade are the tunnel's first, before any other.",
        UPGRADE,
    )
    .at(3)
    .decoded(Down, and_more(body(0), 7))
    .at(4)
    .decoded(Up, and_more(switch(101, 100), 5))
    .received(Down, 7)
    .received(Up, 5)
    .sent(Up, 7)
    .sent(Down, 105)
    .at(5)
    .received(Down, 30)
    .sent(Up, 30)
    .tells("tunnel_first_bytes");
}

#[test]
fn w2_client_ends_first() {
    switched("Client FIN in a WebSocket's tunnel: forwarded, and the server goes on.")
        .at(5)
        .received(Down, 3)
        .fin(Down)
        .sent(Up, 3)
        .finished(Up)
        .at(6)
        .acked(Up)
        .at(300)
        .received(Up, 1000)
        .sent(Down, 1000)
        .fin(Up)
        .finished(Down)
        .at(301)
        .acked(Down)
        .tells("tunnel_client_fin");
}

#[test]
fn w3_w7_server_ends_first() {
    switched("Server FIN in a WebSocket's tunnel, as RFC 6455 has it: the upload goes on.")
        .at(5)
        .received(Up, 3)
        .fin(Up)
        .sent(Down, 3)
        .finished(Down)
        .at(6)
        .acked(Down)
        .at(300)
        .received(Down, 2000)
        .sent(Up, 2000)
        .fin(Down)
        .finished(Up)
        .at(301)
        .acked(Up)
        .tells("tunnel_server_fin");
}

#[test]
fn w4_server_resets() {
    switched("Server RST in a WebSocket's tunnel: its last bytes, then RST.")
        .at(5)
        .received(Up, 3)
        .reset(Up, Call::Read)
        .sent(Down, 3)
        .at(6)
        .acked(Down)
        .tells("tunnel_server_reset");
}

#[test]
fn w5_server_ends_before_its_answer() {
    asked(
        "Server FIN before it answers a CONNECT: an HTTP error, and the last: what follows is no HTTP.",
        CONNECT,
    )
    .at(4)
    .fin(Up)
    .all_sent(Down)
    .tells("tunnel_refused_by_end");
}

#[test]
fn w5_server_answers_without_switching() {
    asked(
        "A server that does not want to switch answers in HTTP, and both legs go on in it.",
        UPGRADE,
    )
    .at(4)
    .decoded(Up, whole(ok(BodyKind::Length(10)), 90))
    .sent(Down, 90)
    .tells("tunnel_not_wanted");
}

#[test]
fn w9b_event_stream() {
    Story::http(
        "An event stream may be silent for as long as a tunnel, not as a body; then it breaks off.",
    )
    .waits(|waits| waits.tunnel = Span::from_secs(90))
    .accepted()
    .at(1)
    .decoded(Down, request(GET, 120))
    .at(2)
    .connected()
    .sent(Up, 120)
    .at(4)
    .decoded(Up, response(events(), 90))
    .sent(Down, 90)
    .at(9_000)
    .decoded(Up, body(30))
    .sent(Down, 30)
    .at(99_000)
    .fired(Timer::Body)
    .tells("event_stream");
}

#[test]
fn w6_client_ends_before_the_answer() {
    asked(
        "Client FIN between its CONNECT and the answer: kept, and forwarded behind the switch.",
        CONNECT,
    )
    .at(3)
    .decoded(Down, and_more(body(0), 7))
    .fin(Down)
    .at(4)
    .decoded(Up, switch(200, 60))
    .received(Down, 7)
    .sent(Down, 60)
    .sent(Up, 7)
    .finished(Up)
    .at(5)
    .acked(Up)
    .received(Up, 40)
    .sent(Down, 40)
    .fin(Up)
    .finished(Down)
    .at(6)
    .acked(Down)
    .tells("tunnel_fin_before_the_switch");
}

#[test]
fn w9_nothing_else_bounds_it() {
    let claim = "Nothing moves in a tunnel: T_tunnel_idle alone ends it, and not as a clean end.";
    Story::http(claim)
        .waits(|waits| waits.tunnel = Span::from_secs(80))
        .accepted()
        .at(1)
        .decoded(Down, request(UPGRADE, 120))
        .at(2)
        .connected()
        .sent(Up, 120)
        .at(4)
        .decoded(Up, switch(101, 100))
        .sent(Down, 100)
        .at(5)
        .received(Up, 3)
        .sent(Down, 3)
        .fired(Timer::Tunnel)
        .tells("tunnel_idle");
}
