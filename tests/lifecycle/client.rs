//! Clients that take nothing, and what a drain says to them (LIFECYCLE H10, H12, G3).

use crate::story::{
    Story,
    words::{GET, and_more, body, last, no_room, ok, request, response, whole},
};
use tidegate_core::{
    event::Call,
    http1::BodyKind,
    side::Side::{Down, Up},
    time::Span,
    timer::Timer,
};

#[test]
fn h10_write_stall() {
    opened("A client that takes nothing, limit 64: after T_write_stall both legs are reset.")
        .at(5)
        .decoded(Up, no_room(response(ok(BodyKind::Length(500)), 90), 40))
        .sent(Down, 10)
        .fired(Timer::WriteDown)
        .tells("client_write_stall");
}

#[test]
fn h09_write_fails() {
    opened("A write to the client fails mid-response, limit 64: the server is reset at once.")
        .at(5)
        .decoded(Up, response(ok(BodyKind::Length(500)), 90))
        .sent(Down, 10)
        .at(6)
        .reset(Down, Call::Write)
        .tells("client_write_fails");
}

// Progress, however slow, is never cut.
#[test]
fn h12_slow_client() {
    let claim = "A client that takes a little every 25 s, limit 64: it gets everything.";
    asked(Story::http(claim).waits(|waits| waits.write = Span::from_secs(30)))
        .at(5)
        .decoded(Up, no_room(response(ok(BodyKind::Length(20)), 90), 20))
        .sent(Down, 30)
        .at(25_005)
        .sent(Down, 30)
        .decoded(Up, last(20))
        .at(50_005)
        .sent(Down, 30)
        .at(75_005)
        .sent(Down, 20)
        .tells("client_slow");
}

#[test]
fn g3_drain_in_flight() {
    opened("A drain with a response in flight: it is finished, says close, and the leg ends.")
        .at(5)
        .drained()
        .at(9)
        .decoded(Up, response(ok(BodyKind::Length(40)), 90))
        .sent(Down, 90)
        .at(20)
        .decoded(Up, last(40))
        .sent(Down, 40)
        .finished(Down)
        .at(21)
        .acked(Down)
        .at(22)
        .fin(Down)
        .tells("drain_in_flight");
}

#[test]
fn i15_drain_behind_pipelined_requests() {
    asked(Story::http(
        "A drain when a second request was read: both are served, the last says close.",
    ))
    .at(4)
    .decoded(Down, and_more(body(0), 60))
    .at(5)
    .drained()
    .at(9)
    .decoded(Up, whole(ok(BodyKind::Length(10)), 90))
    .sent(Down, 90)
    .decoded(Down, request(GET, 60))
    .reused()
    .sent(Up, 60)
    .at(15)
    .decoded(Up, whole(ok(BodyKind::Length(10)), 110))
    .sent(Down, 110)
    .finished(Down)
    .at(16)
    .acked(Down)
    .at(17)
    .fin(Down)
    .tells("drain_pipelined");
}

/// A request that waits for its response.
fn opened(claim: &str) -> Story {
    asked(Story::http(claim))
}

fn asked(story: Story) -> Story {
    story
        .limit(64)
        .accepted()
        .at(1)
        .decoded(Down, request(GET, 60))
        .at(2)
        .connected()
        .sent(Up, 60)
}
