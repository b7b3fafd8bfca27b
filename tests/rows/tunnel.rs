//! LIFECYCLE 4.6: an exchange that leaves HTTP. What follows the switch is 4.1 again; here is what
//! comes with it: bytes read with the heads, ends before it, and who still bounds what.

use crate::stage::{GET, OK, Stage, decoded, whole};
use tidegate_core::{
    effect::Effect,
    ending::{By, Cause, During, Ending, How},
    event::{Call, Event, Head, Origin, Want},
    http1::{Method, Reply, RequestFacts, ResponseFacts},
    interest::Read,
    side::Side::{self, Down, Up},
    time::Span,
    timer::Timer,
};

pub(crate) const UPGRADE: RequestFacts = RequestFacts {
    upgrade: true,
    ..GET
};

pub(crate) const CONNECT: RequestFacts = RequestFacts {
    method: Method::Connect,
    idempotent: false,
    ..GET
};

/// The head that switches, in 20 bytes, with `left` more behind it.
pub(crate) fn switch(status: u16, left: u32) -> Event {
    let head = Head::Response(ResponseFacts { status, ..OK });
    decoded(Up, head, 20, false, left, Want::Turn)
}

/// Bytes of the client's that nobody has looked at, because its request is complete.
pub(crate) fn kept(left: u32) -> Event {
    decoded(Down, Head::None, 0, false, left, Want::Turn)
}

/// An exchange that became a tunnel, both of its heads delivered.
fn switched() -> Stage {
    let mut stage = Stage::asked(UPGRADE);
    stage.tell(switch(101, 0));
    stage.takes_all(Down);
    stage.orders.clear();
    stage
}

#[test]
fn w2_a_clients_fin_is_passed_on_and_the_origin_goes_on() {
    let mut stage = switched();
    stage.tell(Event::Received(Down, 3));
    stage.tell(Event::Fin(Down));
    assert_eq!(stage.takes_all(Up), [Effect::Finish(Up)]);
    stage.hears_end(Up);
    stage.tell(Event::Received(Up, 30));
    assert_eq!(stage.takes_all(Down), []);
    assert_eq!(stage.tell(Event::Fin(Up))[0], Effect::Finish(Down));
    stage.hears_end(Down);
    assert_eq!(stage.ending(), ending(How::Clean, By::Both));
}

#[test]
fn w2_an_end_waits_for_what_was_read_with_the_head() {
    for source in Side::BOTH {
        let sink = source.other();
        let mut stage = Stage::asked(UPGRADE);
        stage.tell(kept(7));
        if source == Down {
            stage.tell(Event::Fin(Down));
        }
        stage.tell(switch(101, 7));
        stage.takes_all(Down);
        assert_eq!(stage.orders.len(), 1, "{:?}", stage.orders);
        if source == Up {
            assert_eq!(stage.reads(Up), Read::Off, "its end comes behind them");
        }
        stage.tell(Event::Received(source, 7));
        if source == Up {
            stage.tell(Event::Fin(Up));
        }
        assert!(stage.session.interest(sink).last);
        assert_eq!(stage.takes_all(sink), [Effect::Finish(sink)]);
    }
}

#[test]
fn w3_w7_a_servers_fin_is_passed_on_without_a_frame_and_the_upload_goes_on() {
    let mut stage = switched();
    assert_eq!(stage.tell(Event::Fin(Up)), [Effect::Finish(Down)]);
    assert_eq!(stage.writes(Down), 0, "nothing is said in its place");
    stage.hears_end(Down);
    for _ in 0..3 {
        stage.tell(Event::Received(Down, 64));
        assert_eq!(stage.takes_all(Up), []);
    }
    assert_eq!(stage.tell(Event::Fin(Down))[0], Effect::Finish(Up));
}

#[test]
fn w4_a_reset_is_passed_on_behind_the_bytes_before_it() {
    for source in Side::BOTH {
        let sink = source.other();
        let mut stage = switched();
        stage.tell(Event::Received(source, 3));
        assert_eq!(stage.fails(source, Call::Read), [Effect::Reset(source)]);
        assert!(stage.is_aborting(sink) && !stage.has_finished(sink));
        stage.takes_all(sink);
        assert_eq!(stage.tell(Event::Acked(sink))[0], Effect::Reset(sink));
        let by = [By::Client, By::Origin][source as usize];
        assert_eq!(stage.ending(), ending(How::Abort(Cause::Reset), by));
    }
}

#[test]
fn w4_a_reset_waits_for_what_was_read_with_the_head() {
    for source in Side::BOTH {
        let sink = source.other();
        let mut stage = Stage::asked(UPGRADE);
        stage.tell(kept(7));
        stage.tell(switch(101, 7));
        stage.takes_all(Down);
        stage.fails(source, Call::Poll);
        stage.tell(Event::Received(source, 7));
        stage.fails(source, Call::Read);
        assert!(stage.is_aborting(sink));
        assert_eq!(stage.takes_all(sink), []);
        assert_eq!(stage.tell(Event::Acked(sink))[0], Effect::Reset(sink));
    }
}

#[test]
fn w4_what_was_read_for_a_leg_that_has_failed_is_let_go_of() {
    for sink in Side::BOTH {
        let source = sink.other();
        let mut stage = Stage::asked(UPGRADE);
        stage.tell(kept(7));
        stage.tell(switch(101, 7));
        stage.fails(sink, Call::Write);
        assert_eq!(stage.session.interest(source).decode, None);
        // What the failed one has said is still delivered (R15).
        stage.tell(Event::Received(sink, 7));
        assert!(stage.writes(source) >= 7);
    }
}

/// R11: the abort does not wait for longer than a reset with nothing behind a head would.
#[test]
fn w4_an_abort_behind_bytes_read_with_the_head_is_bounded_like_any_other() {
    // The client leaves without close_notify before the switch, with more behind its head than
    // there is room for; the origin takes nothing.
    let mut stage = Stage::http(true);
    stage.tell(whole(Down, Head::Request(UPGRADE), 10));
    stage.tell(Event::Connected(Origin::Fresh));
    stage.tell(kept(60));
    stage.tell(Event::Fin(Down));
    stage.tell(switch(101, 0));
    stage.tell(Event::Received(Down, 54));
    assert_eq!(stage.session.interest(Down).decode, None);
    assert!(!stage.is_aborting(Up), "more is to go first");
    let orders = stage.expires(Timer::FlushUp);
    assert_eq!(stage.now().as_ms(), 1_000);
    assert!(orders.contains(&Effect::Reset(Up)), "{orders:?}");
    assert!(!stage.has_finished(Up));
    // An origin that takes nothing is given up; the client takes nothing of what it said.
    let mut stage = Stage::asked(UPGRADE);
    stage.tell(switch(101, 60));
    stage.tell(Event::Received(Up, 44));
    stage.tell(Event::Received(Down, 9));
    stage.wait(Span::from_secs(9));
    stage.tell(Event::Sent(Down, 1));
    let given_up = stage.expires(Timer::WriteUp);
    assert_eq!(given_up, [], "its last words are still inside");
    let orders = stage.expires(Timer::FlushDown);
    assert!(orders.contains(&Effect::Reset(Down)), "{orders:?}");
}

#[test]
fn w5_an_origin_that_ends_before_it_answers_is_an_http_error() {
    // What may be sent again is, first (U03).
    let once = RequestFacts {
        idempotent: false,
        ..UPGRADE
    };
    for facts in [once, CONNECT] {
        let ends: [fn(&mut Stage); 3] = [
            |stage| drop(stage.tell(Event::Fin(Up))),
            |stage| drop(stage.fails(Up, Call::Read)),
            // 101 to whom has not asked is no answer either.
            |stage| {
                let reply = Reply::bad_gateway("http_upgrade_failed");
                stage.tell(Event::Refused(Up, reply));
            },
        ];
        for end in ends {
            let mut stage = Stage::asked(facts);
            end(&mut stage);
            assert_eq!(stage.replied(), Some(502));
            stage.takes_all(Down);
            assert_eq!(stage.is_idle(), facts == once);
        }
        let mut stage = Stage::asked(facts);
        stage.expires(Timer::Response);
        assert_eq!(stage.replied(), Some(504));
    }
}

#[test]
fn w5_what_was_kept_behind_a_declined_upgrade_is_the_next_request() {
    let mut stage = Stage::asked(UPGRADE);
    stage.tell(kept(7));
    stage.tell(whole(Up, Head::Response(OK), 20));
    assert_eq!(stage.takes_all(Down), [Effect::Park]);
    assert!(stage.is_idle() && stage.session.interest(Down).decode.is_some());
}

#[test]
fn w6_a_fin_before_the_switch_is_kept_and_passed_on_with_it() {
    let mut stage = Stage::asked(CONNECT);
    assert_eq!(stage.tell(Event::Fin(Down)), []);
    assert_eq!(stage.tell(switch(200, 0)), [Effect::Finish(Up)]);
    assert_eq!(stage.takes_all(Down), [], "the answer does not end it");
    stage.hears_end(Up);
    stage.tell(Event::Received(Up, 9));
    assert_eq!(stage.takes_all(Down), []);
    stage.tell(Event::Fin(Up));
    stage.hears_end(Down);
    assert_eq!(stage.ending(), ending(How::Clean, By::Both));
}

#[test]
fn w6_a_bare_fin_before_the_switch_aborts_the_origin_behind_it() {
    let mut stage = Stage::http(true);
    stage.ask(UPGRADE);
    stage.tell(Event::Fin(Down));
    stage.tell(switch(101, 0));
    assert!(stage.is_aborting(Up) && !stage.has_finished(Up));
    assert_eq!(stage.tell(Event::Acked(Up))[0], Effect::Reset(Up));
}

#[test]
fn w6_a_failure_of_the_origin_before_the_switch_is_the_tunnels_last_word() {
    // Interim responses fill the relay, so that the origin is not read when it fails.
    let mut stage = Stage::asked(UPGRADE);
    stage.tell(decoded(Up, Head::Interim, 64, false, 30, Want::Turn));
    stage.fails(Up, Call::Poll);
    stage.takes_all(Down);
    stage.tell(switch(101, 0));
    // The client takes nothing more, so that nobody comes to read the failure once more.
    stage.expires(Timer::FlushDown);
    let reset = How::Abort(Cause::Reset);
    assert_eq!(stage.ending(), ending(reset, By::Origin));
}

#[test]
fn w9_only_the_tunnels_idle_time_bounds_a_tunnel() {
    let mut stage = Stage::asked(UPGRADE);
    assert!(stage.session.waits().any(|timer| timer == Timer::Response));
    stage.tell(switch(101, 0));
    stage.takes_all(Down);
    let armed = |stage: &Stage| stage.session.waits().collect::<Vec<_>>();
    assert_eq!(armed(&stage), [Timer::Tunnel]);
    // Half-closed, or in the middle of a drain, it is bounded by nothing else (G6).
    stage.tell(Event::Drained);
    stage.tell(Event::Fin(Down));
    stage.hears_end(Up);
    assert_eq!(armed(&stage), [Timer::Tunnel]);
    stage.expires(Timer::Tunnel);
    assert_eq!(stage.now().as_ms(), 3_600_000);
    let expired = How::Expired(Timer::Tunnel);
    assert_eq!(stage.ending(), ending(expired, By::Proxy));
    assert!(!stage.has_finished(Down), "a timeout is no clean end (R24)");
}

#[test]
fn w9_a_byte_either_way_begins_the_idle_time_anew() {
    for (source, first) in [(Down, Event::Received(Down, 1)), (Up, switch(101, 1))] {
        let mut stage = Stage::asked(UPGRADE);
        if source == Down {
            stage.tell(switch(101, 0));
        }
        stage.tell(first);
        let before = stage.session.timers().at(Timer::Tunnel);
        stage.wait(Span::from_secs(30));
        stage.tell(Event::Received(source, 1));
        assert!(stage.session.timers().at(Timer::Tunnel) > before);
    }
}

fn ending(how: How, by: By) -> Ending {
    Ending {
        how,
        by,
        during: During::Tunnel,
    }
}
