//! The exchange that started this project (MUSEUM 1): an HTTPS response, and the FIN behind it.

use crate::story::{
    Story,
    words::{GET, GET_CLOSE, body, last, no_room, ok, request, response, whole},
};
use tidegate_core::{
    http1::BodyKind,
    side::Side::{Down, Up},
    timer::Timer,
    variant::Variant,
};

#[test]
fn h01_client_fin_after_the_response_tls_1_3() {
    let claim = "Client FIN after the response, over TLS 1.3: it costs no upstream connection.";
    exchange(claim).tells("original_tls_1_3");
}

// `deliver`; the two versions are one machine.
#[test]
fn h01_t02_client_fin_after_the_response_tls_1_2() {
    let claim = "Client FIN after the response, over TLS 1.2: the same, step by step (T02).";
    exchange(claim).tells("original_tls_1_2");
}

#[test]
fn client_fin_in_the_stall() {
    let claim = "Client FIN in the stall: no room is not the end, the FIN is seen at once.";
    stalled(Story::https(claim).limit(64))
        .close_notify(Down)
        .fin(Down)
        .at(2_500)
        .sent(Down, 44)
        .decoded(Up, last(37))
        .sent(Down, 37)
        .finished(Down)
        .at(2_502)
        .acked(Down)
        .tells("original_stall");
}

#[test]
fn the_original_mistake() {
    let claim = "Known-bad Original: the FIN is seen and answered when the origin's timer fires.";
    stalled(Story::https(claim).limit(64).wrong(Variant::Original))
        .hinted(Down)
        .at(2_500)
        .sent(Down, 44)
        .fired(Timer::Body)
        .close_notify(Down)
        .fin(Down)
        .acked(Down)
        .tells("original_known_bad");
}

fn exchange(claim: &str) -> Story {
    opened(Story::https(claim))
        .decoded(Down, request(GET, 84))
        .opening_left_out()
        .at(6)
        .connected()
        .sent(Up, 84)
        .at(30)
        .decoded(Up, whole(ok(BodyKind::Length(1_400)), 1_500))
        .sent(Down, 1_500)
        .at(31)
        .close_notify(Down)
        .finished(Down)
        .at(32)
        .fin(Down)
        .acked(Down)
}

/// A chunked response stops exactly where the relay is full, and the client takes a little of it.
fn stalled(story: Story) -> Story {
    opened(story)
        .decoded(Down, request(GET_CLOSE, 84))
        .opening_left_out()
        .at(6)
        .connected()
        .sent(Up, 84)
        .at(10)
        .decoded(Up, response(ok(BodyKind::Chunked), 40))
        .sent(Down, 40)
        .at(11)
        .decoded(Up, no_room(body(64), 37))
        .sent(Down, 20)
        .at(13)
}

fn opened(story: Story) -> Story {
    story.accepted().at(4).secured().at(5)
}
