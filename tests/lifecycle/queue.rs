//! Sessions that find all endpoints of their cluster at their limits (PRODUCT section 5).

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

/// A request that waits for its turn.
fn asked(claim: &str) -> Story {
    let story = Story::http(claim).accepted().at(1);
    story.decoded(Down, request(GET, 60)).queued()
}

#[test]
fn row_4_8_7_a_turn_comes() {
    asked("Another exchange is over: the one that waited is connected, and has all of T_connect.")
        .at(700)
        .granted()
        .at(702)
        .connected()
        .all_sent(Up)
        .at(900)
        .decoded(Up, whole(ok(BodyKind::Length(40)), 90))
        .all_sent(Down)
        .tells("queue_turn");
}

#[test]
fn row_4_8_7_no_turn_comes() {
    asked("No endpoint has room within the queue's deadline: 503, and the connection goes on.")
        .fired(Timer::Queue)
        .all_sent(Down)
        .tells("queue_deadline");
}

#[test]
fn row_4_8_7_r21_no_turn_comes_for_a_relay() {
    Story::tcp("The same for a relay, whose client has sent: RST, and never a clean end.")
        .accepted()
        .queued()
        .at(4)
        .received(Down, 20)
        .fired(Timer::Queue)
        .at(1_001)
        .acked(Down)
        .tells("queue_relay_deadline");
}

#[test]
fn h07_a_client_that_ends_while_it_waits() {
    asked("A client's FIN behind a request that waits for its turn: the answer comes first.")
        .at(5)
        .fin(Down)
        .at(300)
        .granted()
        .reused()
        .all_sent(Up)
        .at(320)
        .decoded(Up, whole(ok(BodyKind::Length(40)), 90))
        .all_sent(Down)
        .finished(Down)
        .at(321)
        .acked(Down)
        .tells("queue_client_fin");
}

#[test]
fn row_4_8_8_h08_a_client_that_aborts_while_it_waits() {
    asked("A client that resets while it waits for its turn: it gives its place up at once.")
        .at(5)
        .reset(Down, Call::Read)
        .tells("queue_client_reset");
}

#[test]
fn i15_a_drain_while_it_waits() {
    asked("A drain while a request waits for its turn: it was read, so it is served, and is the last.")
        .at(5)
        .drained()
        .at(400)
        .granted()
        .at(402)
        .connected()
        .all_sent(Up)
        .at(410)
        .decoded(Up, whole(ok(BodyKind::Length(40)), 90))
        .all_sent(Down)
        .finished(Down)
        .at(411)
        .acked(Down)
        .at(412)
        .fin(Down)
        .tells("queue_drain");
}
