//! Origins that cannot be reached, end early, or end the message with the leg (LIFECYCLE 4.5).

use crate::story::{
    Story,
    words::{GET, HEAD, body, ok, ok_close, partial, post, request, response, whole},
};
use tidegate_core::{
    ending::Cause,
    event::Call,
    http1::{BodyKind, RequestFacts},
    side::Side::{Down, Up},
    timer::Timer,
};

#[test]
fn connect_refused() {
    Story::http("Connect refused: the client is told 502, and its connection stays open.")
        .accepted()
        .at(1)
        .decoded(Down, request(GET, 60))
        .at(2)
        .unconnected(Cause::Refused)
        .all_sent(Down)
        .tells("origin_refused");
}

#[test]
fn r21_another_endpoint_is_tried() {
    Story::http("A silent endpoint has its 5 s, and the next one its own: 200.")
        .accepted()
        .at(1)
        .decoded(Down, request(GET, 60))
        .at(5_001)
        .redialled()
        .at(10_000)
        .connected()
        .all_sent(Up)
        .at(10_001)
        .decoded(Up, whole(ok(BodyKind::Length(10)), 90))
        .all_sent(Down)
        .tells("origin_redialled");
}

#[test]
fn u05_fin_in_the_head() {
    asked(
        "Server FIN inside the response head: 502, and the client's connection stays.",
        GET,
    )
    .at(5)
    .decoded(Up, partial(15))
    .fin(Up)
    .all_sent(Down)
    .tells("origin_fin_in_head");
}

#[test]
fn u06_reset_mid_body() {
    asked(
        "Server RST mid-body: the client gets what came, then a reset, no padding.",
        GET,
    )
    .at(5)
    .decoded(Up, response(ok(BodyKind::Length(500)), 90))
    .sent(Down, 90)
    .at(6)
    .decoded(Up, body(70))
    .reset(Up, Call::Read)
    .sent(Down, 70)
    .at(8)
    .acked(Down)
    .tells("origin_reset_mid_body");
}

#[test]
fn u06_r11_reset_while_the_client_stalls() {
    asked(
        "Server RST mid-body, the client takes nothing: it is reset after T_abort_flush.",
        GET,
    )
    .at(5)
    .decoded(Up, response(ok(BodyKind::Length(500)), 90))
    .sent(Down, 20)
    .at(6)
    .reset(Up, Call::Read)
    .fired(Timer::FlushDown)
    .tells("origin_reset_client_stalls");
}

#[test]
fn u11_r15_write_fails_behind_an_answer() {
    asked(
        "A write to the server fails, its answer is there: the answer wins.",
        post(500),
    )
    .at(3)
    .decoded(Down, body(100))
    .reset(Up, Call::Write)
    .decoded(Up, whole(ok_close(BodyKind::Length(10)), 90))
    .reset(Up, Call::Read)
    .sent(Down, 90)
    .finished(Down)
    .at(5)
    .acked(Down)
    .at(9)
    .fin(Down)
    .tells("origin_answer_wins");
}

// A FIN is no better than a reset.
#[test]
fn u06_fin_mid_chunk() {
    asked(
        "Server FIN inside a chunked body: no last chunk, the client sees a reset.",
        GET,
    )
    .at(5)
    .decoded(Up, response(ok(BodyKind::Chunked), 90))
    .sent(Down, 90)
    .at(6)
    .fin(Up)
    .at(7)
    .acked(Down)
    .tells("origin_fin_mid_chunk");
}

#[test]
fn u07_close_delimited_clean() {
    asked(
        "Close-delimited, clean: a last chunk says so, and the client's leg stays.",
        GET,
    )
    .at(5)
    .decoded(Up, response(ok(BodyKind::Close), 90))
    .sent(Down, 90)
    .at(6)
    .decoded(Up, body(25))
    .fin(Up)
    .sent(Down, 30)
    .tells("origin_close_clean");
}

#[test]
fn u08_close_delimited_reset() {
    asked(
        "Close-delimited, reset: no last chunk, for nobody knows what is missing.",
        GET,
    )
    .at(5)
    .decoded(Up, response(ok(BodyKind::Close), 90))
    .sent(Down, 90)
    .at(6)
    .decoded(Up, body(25))
    .reset(Up, Call::Read)
    .sent(Down, 25)
    .at(8)
    .acked(Down)
    .tells("origin_close_reset");
}

#[test]
fn u09_reset_after_the_message() {
    asked(
        "Server RST behind a complete response: the response stays clean.",
        GET,
    )
    .at(5)
    .decoded(Up, whole(ok(BodyKind::Length(30)), 120))
    .reset(Up, Call::Read)
    .sent(Down, 120)
    .tells("origin_reset_after_message");
}

#[test]
fn u12_connection_close() {
    let facts = ok_close(BodyKind::Length(30));
    asked(
        "Connection: close from the server ends its leg alone; the client's stays.",
        GET,
    )
    .at(5)
    .decoded(Up, whole(facts, 120))
    .sent(Down, 120)
    .tells("origin_connection_close");
}

#[test]
fn u15_head() {
    asked(
        "HEAD: complete at the end of the response's head, whatever length it names.",
        HEAD,
    )
    .at(5)
    .decoded(Up, response(ok(BodyKind::None), 90))
    .sent(Down, 90)
    .tells("origin_head");
}

#[test]
fn u14_silent() {
    asked(
        "A silent server: 504 after T_ttfb, and its leg is reset (U13).",
        GET,
    )
    .fired(Timer::Response)
    .all_sent(Down)
    .tells("origin_silent");
}

/// A request that waits for its response.
fn asked(claim: &str, facts: RequestFacts) -> Story {
    Story::http(claim)
        .accepted()
        .at(1)
        .decoded(Down, request(facts, 60))
        .at(2)
        .connected()
        .sent(Up, 60)
}
