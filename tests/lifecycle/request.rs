//! Requests that are cut, answered early, or followed by the next (LIFECYCLE 4.5, H04 to H15).

use crate::story::{
    Story,
    words::{
        GET, and_more, body, interim, last, ok, ok_close, partial, post, request, response, whole,
    },
};
use tidegate_core::{
    event::Call,
    http1::BodyKind,
    side::Side::{Down, Up},
    timer::Timer,
};

#[test]
fn h04_head_too_slow() {
    Story::http("A head that does not come to its end: 408 and the end, no server was dialled.")
        .accepted()
        .at(10)
        .decoded(Down, partial(20))
        .fired(Timer::Head)
        .all_sent(Down)
        .finished(Down)
        .acked(Down)
        .fired(Timer::Linger)
        .tells("request_head_timeout");
}

#[test]
fn h05_fin_in_the_head() {
    Story::http("Client FIN inside a request head: 400, FIN, and no server was dialled.")
        .accepted()
        .at(10)
        .decoded(Down, partial(20))
        .at(11)
        .fin(Down)
        .all_sent(Down)
        .finished(Down)
        .at(12)
        .acked(Down)
        .tells("request_fin_in_head");
}

// Nobody can say who cut it.
#[test]
fn h05_bare_fin_in_the_head() {
    Story::https("A bare FIN inside a request head, over TLS: no answer, and no clean end either.")
        .accepted()
        .at(4)
        .secured()
        .at(10)
        .decoded(Down, partial(20))
        .at(11)
        .fin(Down)
        .acked(Down)
        .tells("request_bare_fin_in_head");
}

// A message that is complete stays so.
#[test]
fn h07_bare_fin_before_the_response() {
    Story::https("A bare FIN behind a complete request, over TLS: the response is delivered.")
        .accepted()
        .at(4)
        .secured()
        .at(5)
        .decoded(Down, request(GET, 84))
        .fin(Down)
        .at(6)
        .connected()
        .sent(Up, 84)
        .at(400)
        .decoded(Up, whole(ok(BodyKind::Length(100)), 200))
        .sent(Down, 200)
        .finished(Down)
        .at(401)
        .acked(Down)
        .tells("request_bare_fin");
}

// A FIN never delimits a request.
#[test]
fn h06_truncated_body() {
    Story::http("Client FIN inside a request body: the server sees a reset, the client a 400.")
        .accepted()
        .at(1)
        .decoded(Down, request(post(100), 90))
        .at(2)
        .connected()
        .sent(Up, 90)
        .at(3)
        .decoded(Down, body(50))
        .sent(Up, 50)
        .at(4)
        .fin(Down)
        .all_sent(Down)
        .finished(Down)
        .at(5)
        .acked(Down)
        .tells("request_truncated");
}

#[test]
fn row_4_8_6_slower_than_anything() {
    Story::http("A byte of the body now and then is progress, and behind T_pace not enough: 408.")
        .accepted()
        .at(1)
        .decoded(Down, request(post(9_000), 90))
        .at(2)
        .connected()
        .sent(Up, 90)
        .opening_left_out()
        .at(25_000)
        .decoded(Down, body(1))
        .sent(Up, 1)
        .at(50_000)
        .decoded(Down, body(1))
        .sent(Up, 1)
        .fired(Timer::Pace)
        .all_sent(Down)
        .finished(Down)
        .acked(Down)
        .tells("request_pace");
}

// 6,500 bytes pay for 65 s at 100 bytes a second, and 10 s of the wait were the origin's.
#[test]
fn row_4_8_6_what_it_is_kept_waiting_for_does_not_count() {
    Story::http("What has come pays for its time; a wait for the origin to take it costs nothing.")
        .limit(10_000)
        .accepted()
        .at(0)
        .decoded(Down, request(post(9_000), 90))
        .connected()
        .sent(Up, 90)
        .at(20_000)
        .decoded(Down, body(6_500))
        .opening_left_out()
        .at(30_000)
        .sent(Up, 6_500)
        .at(55_000)
        .decoded(Down, body(1))
        .sent(Up, 1)
        .fired(Timer::Pace)
        .tells("request_pace_paid");
}

#[test]
fn h07_t02_fin_before_the_response() {
    Story::https("Client FIN before the response, over TLS 1.2: it is delivered, then finished.")
        .accepted()
        .at(4)
        .secured()
        .at(5)
        .decoded(Down, request(GET, 84))
        .close_notify(Down)
        .fin(Down)
        .at(6)
        .connected()
        .sent(Up, 84)
        .at(400)
        .decoded(Up, whole(ok(BodyKind::Length(100)), 200))
        .sent(Down, 200)
        .finished(Down)
        .at(401)
        .acked(Down)
        .tells("request_fin_before_response");
}

#[test]
fn h11_pipelined() {
    Story::http("A second request behind the first: kept, and served in its turn.")
        .accepted()
        .at(1)
        .decoded(Down, and_more(request(GET, 60), 48))
        .at(2)
        .connected()
        .sent(Up, 60)
        .at(9)
        .decoded(Up, whole(ok(BodyKind::Length(10)), 90))
        .sent(Down, 90)
        .decoded(Down, request(GET, 60))
        .reused()
        .sent(Up, 60)
        .at(15)
        .decoded(Up, whole(ok(BodyKind::Length(10)), 90))
        .sent(Down, 90)
        .at(16)
        .fin(Down)
        .finished(Down)
        .at(17)
        .acked(Down)
        .tells("request_pipelined");
}

// The response is never replaced by a 502, and the rest of the upload is drained.
#[test]
fn h13_early_response() {
    Story::http("An early final response: it goes out whole, and the upload is drained behind it.")
        .accepted()
        .at(1)
        .decoded(Down, request(post(500), 90))
        .at(2)
        .connected()
        .sent(Up, 90)
        .at(3)
        .decoded(Down, body(100))
        .sent(Up, 40)
        .at(4)
        .decoded(Up, whole(ok_close(BodyKind::Length(10)), 90))
        .fin(Up)
        .sent(Down, 90)
        .finished(Down)
        .at(5)
        .acked(Down)
        .at(60)
        .fin(Down)
        .tells("request_early_response");
}

// Interim responses pass; the final one decides.
#[test]
fn h14_interim_responses() {
    Story::http("100 Continue is relayed, the body follows, the final response ends the exchange.")
        .accepted()
        .at(1)
        .decoded(Down, request(post(30), 90))
        .at(2)
        .connected()
        .sent(Up, 90)
        .at(5)
        .decoded(Up, interim(25))
        .sent(Down, 25)
        .at(7)
        .decoded(Down, last(30))
        .sent(Up, 30)
        .at(9)
        .decoded(Up, whole(ok(BodyKind::Length(10)), 90))
        .sent(Down, 90)
        .tells("request_interim");
}

#[test]
fn h15_fin_awaiting_100() {
    Story::http("Client FIN while it awaits 100: the request is cut, not complete.")
        .accepted()
        .at(1)
        .decoded(Down, request(post(30), 90))
        .at(2)
        .connected()
        .sent(Up, 90)
        .at(5)
        .fin(Down)
        .all_sent(Down)
        .finished(Down)
        .at(6)
        .acked(Down)
        .tells("request_fin_awaiting_100");
}

#[test]
fn h08_u13_client_reset() {
    Story::http("Client RST mid-response: nobody waits for the server, it is reset at once.")
        .accepted()
        .at(1)
        .decoded(Down, request(GET, 60))
        .at(2)
        .connected()
        .sent(Up, 60)
        .at(5)
        .decoded(Up, response(ok(BodyKind::Length(500)), 90))
        .sent(Down, 70)
        .at(6)
        .reset(Down, Call::Read)
        .tells("request_client_reset");
}
