//! What the driver is told to do on a leg, and when (LIFECYCLE 4.11, 9; I10; 3).

use crate::{
    stage::{GET, OK, Stage, answer, body, decoded, head, interim, post, whole},
    tunnel::{UPGRADE, switch},
};
use tidegate_core::{
    effect::Effect,
    event::{Call, Event, Head, Want},
    http1::{BodyKind, RequestFacts},
    interest::Read,
    session::{Kind, Session, Setup},
    side::Side::{self, Down, Up},
    time::Span,
    timer::Timer,
};

fn last(stage: &Stage, side: Side) -> bool {
    stage.session.interest(side).last
}

#[test]
fn row_4_11_9_the_last_bytes_of_a_relay_are_told_as_such() {
    let mut stage = Stage::relay(false);
    stage.tell(Event::Received(Down, 9));
    assert!(!last(&stage, Up));
    stage.tell(Event::Fin(Down));
    assert!(last(&stage, Up) && !last(&stage, Down));
    stage.tell(Event::Sent(Up, 4));
    assert!(last(&stage, Up));
    stage.takes_all(Up);
    assert!(!last(&stage, Up), "nothing is left");
}

#[test]
fn row_4_11_9_no_fin_rides_with_bytes_before_an_abort() {
    let mut stage = Stage::relay(false);
    stage.tell(Event::Received(Down, 9));
    stage.fails(Down, Call::Read);
    assert_eq!((stage.writes(Up), last(&stage, Up)), (9, false));
    // Nor with none, on a leg that has failed.
    let mut stage = Stage::relay(false);
    stage.fails(Up, Call::Poll);
    stage.tell(Event::Fin(Down));
    assert_eq!((stage.writes(Up), last(&stage, Up)), (0, false));
}

#[test]
fn w2_row_4_11_9_what_was_read_with_a_head_is_before_the_last_bytes() {
    let mut stage = Stage::asked(UPGRADE);
    stage.tell(switch(101, 7));
    stage.tell(Event::Fin(Up));
    assert!(stage.writes(Down) > 0 && !last(&stage, Down));
    stage.tell(Event::Received(Up, 7));
    assert!(last(&stage, Down));
    assert_eq!(stage.session.report().unread, [0, 0]);
}

#[test]
fn h12_row_4_11_9_the_last_bytes_of_the_last_answer_are_told_as_such() {
    for close in [false, true] {
        let mut stage = Stage::asked(RequestFacts { close, ..GET });
        stage.tell(whole(Up, Head::Response(OK), 20));
        assert_eq!(last(&stage, Down), close);
        let mut stage = Stage::asked(RequestFacts { close, ..GET });
        stage.tell(head(Up, answer(BodyKind::Length(30)), 20));
        assert!(!last(&stage, Down), "the body is to come");
        stage.takes_all(Down);
        stage.tell(body(Up, 10));
        assert!(!last(&stage, Down), "and more of it");
    }
}

/// R22, R23, MUSEUM 1.1: what was read leads back to the decoder as soon as there is room for it.
#[test]
fn r23_what_was_read_of_a_body_is_looked_at_again_once_there_is_room() {
    let wants_room = |side, bytes| decoded(side, Head::None, bytes, false, 5, Want::Room);
    let decode = |stage: &Stage, side| stage.session.interest(side).decode;
    let mut stage = Stage::http(false);
    stage.tell(head(Down, Head::Request(post(500)), 10));
    let mut stage = stage.connected();
    stage.tell(wants_room(Down, 54));
    assert_eq!(decode(&stage, Down), None);
    stage.tell(Event::Sent(Up, 40));
    assert_eq!(decode(&stage, Down), Some(40));
    stage.tell(Event::Sent(Up, 24));
    stage.tell(head(Up, answer(BodyKind::Length(500)), 10));
    stage.tell(wants_room(Up, 54));
    assert_eq!(decode(&stage, Up), None);
    stage.tell(Event::Sent(Down, 40));
    assert_eq!(decode(&stage, Up), Some(40));
}

#[test]
fn i10_the_time_for_an_answer_begins_anew_with_what_the_origin_takes_of_the_request() {
    let mut stage = Stage::http(false);
    stage.tell(whole(Down, Head::Request(GET), 10));
    let mut stage = stage.connected();
    stage.wait(Span::from_secs(50));
    stage.takes_all(Up);
    let taken = stage.now();
    stage.tell(interim(Up, 15));
    stage.wait(Span::from_secs(50));
    stage.takes_all(Down);
    stage.expires(Timer::Response);
    assert_eq!(stage.now().since(taken), Span::from_secs(60));
}

#[test]
fn i11_the_time_for_what_a_state_waits_for_can_be_asked() {
    let stage = Stage::relay(false);
    let hour = Some(Span::from_secs(3_600));
    assert_eq!(stage.session.bound(Timer::Tunnel), hour);
    assert_eq!(stage.session.bound(Timer::Idle), None);
}

#[test]
fn r11_a_flush_is_bounded_as_a_whole_and_only_once_there_is_something_to_flush() {
    for (from, to) in [(Down, Up), (Up, Down)] {
        let mut stage = Stage::relay(false);
        stage.fails(from, Call::Poll);
        let flushes = |stage: &Stage| stage.session.timers().armed(Timer::FlushTotal);
        assert!(!flushes(&stage), "it is still read");
        stage.tell(Event::Received(from, 60));
        assert!(flushes(&stage));
        let begun = stage.now();
        for _ in 0..11 {
            stage.wait(Span::from_ms(900));
            stage.tell(Event::Sent(to, 1));
        }
        let orders = stage.expires(Timer::FlushTotal);
        assert!(orders.contains(&Effect::Reset(to)), "{orders:?}");
        assert_eq!(stage.now().since(begun), Span::from_secs(10));
        assert!(stage.session.leg_report(to).flush_expired);
        let source = stage.session.leg_report(from);
        assert!(!source.flush_expired, "nothing was to leave on {from}");
    }
}

/// A timer that is late is one; a timer before its time is the driver's mistake.
#[test]
fn a_timer_may_be_late() {
    let mut stage = Stage::idle(false);
    let (at, timer) = stage.session.deadline().unwrap();
    assert_eq!(timer, Timer::Idle);
    let mut orders = Vec::new();
    let late = at + Span::from_secs(1);
    stage.session.step(late, Event::Fired, &mut orders);
    assert_eq!(orders, [Effect::Finish(Down)]);
}

#[test]
#[should_panic(expected = "before its time")]
fn a_timer_is_never_early() {
    Stage::idle(false).tell(Event::Fired);
}

/// R14: asked just before a leg fails, or is given up: whether what it was told before our last word
/// matters.
#[test]
fn r14_what_was_delivered_is_asked_of_a_tls_leg_that_was_told_to_finish_and_whose_sink_is_clean() {
    let asks = |stage: &Stage| [Down, Up].map(|side| stage.session.asks_if_delivered(side));
    for tls in [false, true] {
        let mut stage = Stage::relay(tls);
        assert_eq!(asks(&stage), [false; 2]);
        stage.tell(Event::Received(Up, 9));
        stage.tell(Event::Fin(Up));
        assert_eq!(
            asks(&stage),
            [false; 2],
            "9 bytes come before our last word"
        );
        stage.takes_all(Down);
        assert!(stage.has_finished(Down));
        assert_eq!(asks(&stage), [tls, false], "a plain leg owes nothing (T13)");
        stage.tell(Event::Finished(Down));
        assert_eq!(asks(&stage), [tls, false]);
        let mut failed = stage;
        failed.fails(Down, Call::Poll);
        assert_eq!(asks(&failed), [false; 2], "too late");
    }
    let mut stage = Stage::relay(true);
    stage.tell(Event::Fin(Up));
    stage.hears_end(Down);
    assert_eq!(asks(&stage), [false; 2], "all of it was heard");
}

/// R14: the same before a deadline that gives the leg up; any other leaves it alone.
#[test]
fn r14_a_leg_is_about_to_be_given_up_by_its_own_stall_and_by_the_tunnels_idle_time() {
    let last = |stage: &Stage| [Down, Up].map(|side| stage.session.is_about_to_give_up(side));
    let mut stage = Stage::relay(false);
    assert_eq!(stage.session.deadline().unwrap().1, Timer::Tunnel);
    assert_eq!(last(&stage), [true; 2]);
    for side in Side::BOTH {
        let mut stage = Stage::relay(false);
        stage.tell(Event::Received(side.other(), 9));
        assert_eq!(last(&stage), [side == Down, side == Up]);
    }
    stage.fails(Down, Call::Read);
    assert_eq!(stage.session.deadline().unwrap().1, Timer::FlushUp);
    assert_eq!(last(&stage), [false; 2], "a flush gives up bytes");
    assert_eq!(last(&Stage::idle(false)), [false; 2]);
    let session = Session::new(Setup::new(Kind::Tcp, false));
    assert!(!session.is_about_to_give_up(Down), "it waits for nothing");
}

/// 4.11: there is a finish to be gone on with while it was ordered, is not done, and can be.
#[test]
fn r02_a_finish_is_asked_for_until_it_is_done_or_cannot_be() {
    let asks = |stage: &Stage| [Down, Up].map(|side| stage.session.asks(side).finish);
    let mut stage = Stage::relay(false);
    assert_eq!(asks(&stage), [false; 2]);
    stage.tell(Event::Received(Up, 9));
    stage.tell(Event::Fin(Up));
    assert_eq!(asks(&stage), [false; 2], "bytes come first");
    stage.takes_all(Down);
    assert_eq!(asks(&stage), [true, false]);
    let mut failed = Stage::relay(false);
    failed.tell(Event::Fin(Up));
    assert_eq!(asks(&failed), [true, false]);
    failed.fails(Down, Call::Poll);
    assert_eq!(asks(&failed), [false; 2], "nothing can be said any more");
    stage.tell(Event::Finished(Down));
    assert_eq!(asks(&stage), [false; 2]);
}

/// R22, MUSEUM 2: what waits for bytes is read on, however much of it there is.
#[test]
fn r22_a_body_that_waits_for_bytes_is_read_beside_what_it_has() {
    let wants_bytes = |side, left| decoded(side, Head::None, 0, false, left, Want::Bytes);
    let mut stage = Stage::http(false);
    stage.tell(head(Down, Head::Request(post(500)), 10));
    let mut stage = stage.connected();
    stage.takes_all(Up);
    stage.tell(wants_bytes(Down, 3));
    assert_eq!(stage.reads(Down), Read::Take(61));
    stage.tell(head(Up, answer(BodyKind::Chunked), 10));
    stage.tell(wants_bytes(Up, 4));
    assert_eq!(stage.reads(Up), Read::Take(60));
}
