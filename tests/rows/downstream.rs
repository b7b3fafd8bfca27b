//! LIFECYCLE 4.5, the client's leg.

use crate::stage::{GET, OK, Stage, answer, body, decoded, head, partial, post, whole};
use tidegate_core::{
    effect::Effect,
    ending::How,
    event::{Call, Event, Head, Want},
    http1::{BodyKind, RequestFacts, ResponseFacts},
    interest::Read,
    leg::Inbox,
    side::Side::{Down, Up},
    time::Span,
    timer::Timer,
};

#[test]
fn h01_a_clients_end_between_requests_ends_its_leg_and_nothing_else() {
    for tls in [false, true] {
        let mut stage = Stage::idle(tls);
        let end = if tls {
            Event::CloseNotify(Down)
        } else {
            Event::Fin(Down)
        };
        assert_eq!(stage.tell(end), [Effect::Finish(Down)]);
        assert_eq!(
            stage.hears_end(Down).is_empty(),
            tls,
            "it lingers for the FIN"
        );
    }
}

#[test]
fn h02_a_clients_reset_between_requests_drops_its_leg() {
    let mut stage = Stage::idle(false);
    assert_eq!(stage.fails(Down, Call::Read)[0], Effect::Reset(Down));
    assert!(stage.session.is_closed() && !stage.has_finished(Down));
}

#[test]
fn h03_a_quiet_client_is_finished_without_a_word_and_lingers() {
    let mut stage = Stage::idle(false);
    assert_eq!(stage.expires(Timer::Idle), [Effect::Finish(Down)]);
    assert_eq!(stage.now().as_ms(), 75_000);
    assert_eq!(stage.reads(Down), Read::Discard);
    assert_eq!(stage.hears_end(Down), []);
    assert_eq!(stage.expires(Timer::Linger)[0], Effect::Close(Down));
    // The same for one that has never said a byte.
    let mut stage = Stage::http(false);
    assert_eq!(stage.expires(Timer::Head), [Effect::Finish(Down)]);
    assert_eq!(stage.replied(), None);
}

#[test]
fn h03_a_look_that_finds_nothing_begins_no_request() {
    for mut stage in [Stage::http(false), Stage::idle(false)] {
        assert_eq!(stage.tell(partial(Down, 0)), []);
        assert!(stage.is_idle());
        stage.tell(partial(Down, 1));
        assert!(!stage.is_idle());
    }
}

#[test]
fn h04_a_head_that_does_not_come_to_its_end_is_answered_408() {
    let mut stage = Stage::http(false);
    stage.tell(partial(Down, 5));
    stage.wait(Span::from_secs(20));
    stage.tell(partial(Down, 6));
    // From the head's first byte on, whatever trickles in.
    stage.expires(Timer::Head);
    assert_eq!((stage.now().as_ms(), stage.replied()), (30_000, Some(408)));
    assert_eq!(stage.takes_all(Down), [Effect::Finish(Down)]);
}

#[test]
fn h05_a_fin_inside_a_head_is_answered_400() {
    let mut stage = Stage::http(false);
    stage.tell(partial(Down, 5));
    stage.tell(Event::Fin(Down));
    assert_eq!(stage.replied(), Some(400));
    assert_eq!(stage.takes_all(Down), [Effect::Finish(Down)]);
}

#[test]
fn h05_a_reset_or_a_bare_fin_inside_a_head_is_not_answered() {
    let mut stage = Stage::http(false);
    stage.tell(partial(Down, 5));
    stage.fails(Down, Call::Read);
    assert!(stage.session.is_closed() && stage.replied().is_none());
    let mut stage = Stage::http(true);
    stage.tell(partial(Down, 5));
    stage.tell(Event::Fin(Down));
    assert!(stage.replied().is_none() && !stage.has_finished(Down));
    assert!(stage.is_aborting(Down));
}

#[test]
fn h06_a_fin_inside_a_body_cancels_the_request_and_is_answered_400() {
    let mut stage = Stage::http(false);
    stage.tell(head(Down, Head::Request(post(50)), 30));
    let mut stage = stage.connected();
    stage.takes_all(Up);
    stage.tell(body(Down, 20));
    let orders = stage.tell(Event::Fin(Down));
    assert_eq!(orders[0], Effect::Reset(Up));
    assert_eq!((stage.replied(), stage.writes(Up)), (Some(400), 0));
    assert_eq!(stage.takes_all(Down), [Effect::Finish(Down)]);
}

#[test]
fn h07_a_client_that_has_asked_and_finished_gets_its_answer() {
    let mut stage = Stage::asked(GET);
    assert_eq!(stage.tell(Event::Fin(Down)), []);
    assert!(
        stage.session.delivery(&OK).close,
        "the answer says that it is the last"
    );
    stage.wait(Span::from_secs(59));
    stage.tell(whole(Up, Head::Response(OK), 20));
    // In the step in which the last byte leaves; and the origin's connection is as good as ever.
    assert_eq!(stage.takes_all(Down), [Effect::Park, Effect::Finish(Down)]);
}

#[test]
fn h07_the_client_is_finished_also_while_its_request_is_still_on_its_way() {
    let mut stage = Stage::http(false);
    stage.tell(whole(Down, Head::Request(post(50)), 60));
    let mut stage = stage.connected();
    stage.tell(Event::Fin(Down));
    stage.tell(whole(Up, Head::Response(OK), 20));
    assert_eq!(stage.takes_all(Down), [Effect::Finish(Down)]);
    assert_eq!(stage.hears_end(Down), [Effect::Close(Down)]);
    assert_eq!(stage.writes(Up), 60, "the request goes on");
    assert_eq!(stage.takes_all(Up)[0], Effect::Park);
    assert!(stage.session.is_closed());
}

#[test]
fn h08_a_client_that_resets_cancels_its_request() {
    let mut stage = Stage::asked(GET);
    let orders = stage.fails(Down, Call::Read);
    assert!(orders.contains(&Effect::Reset(Up)), "{orders:?}");
}

#[test]
fn h09_a_failed_write_to_the_client_cancels_its_request() {
    let mut stage = Stage::asked(GET);
    stage.tell(head(Up, answer(BodyKind::Length(500)), 60));
    let orders = stage.fails(Down, Call::Write);
    assert!(orders.contains(&Effect::Reset(Up)) && orders.contains(&Effect::Reset(Down)));
    assert!(stage.session.is_closed());
}

#[test]
fn h10_a_client_that_takes_nothing_is_reset_and_its_request_cancelled() {
    let mut stage = Stage::asked(GET);
    stage.tell(head(Up, answer(BodyKind::Length(500)), 60));
    stage.wait(Span::from_secs(50));
    stage.tell(Event::Sent(Down, 1));
    stage.wait(Span::from_secs(50));
    let orders = stage.expires(Timer::WriteDown);
    assert!(orders.contains(&Effect::Reset(Up)) && orders.contains(&Effect::Reset(Down)));
    assert_eq!(stage.ending().how, How::Expired(Timer::WriteDown));
}

#[test]
fn h11_requests_that_come_early_are_kept_up_to_a_limit_and_served_in_order() {
    let mut stage = Stage::asked(GET);
    assert!(!stage.session.is_turn(Down));
    stage.tell(decoded(Down, Head::None, 0, false, 40, Want::Turn));
    assert_eq!(stage.reads(Down), Read::Take(24));
    stage.tell(decoded(Down, Head::None, 0, false, 64, Want::Turn));
    assert_eq!(stage.reads(Down), Read::Off);
    assert!(stage.session.observes_faults(Down));
    assert_eq!(
        (stage.session.interest(Down).decode, stage.writes(Up)),
        (None, 0)
    );
    stage.tell(whole(Up, Head::Response(OK), 20));
    assert_eq!(stage.takes_all(Down), [Effect::Park]);
    assert!(stage.session.interest(Down).decode.is_some() && stage.session.is_turn(Down));
}

#[test]
fn h11_requests_that_come_early_are_drained_if_the_connection_closes() {
    let mut stage = Stage::asked(RequestFacts { close: true, ..GET });
    stage.tell(decoded(Down, Head::None, 0, false, 64, Want::Turn));
    stage.tell(whole(Up, Head::Response(OK), 20));
    assert_eq!(stage.takes_all(Down), [Effect::Park, Effect::Finish(Down)]);
    assert_eq!(stage.session.leg(Down).open().unwrap().inbox, Inbox::EMPTY);
    assert_eq!(stage.reads(Down), Read::Discard);
}

#[test]
fn h12_a_last_response_is_followed_by_the_end_and_the_leg_is_kept_for_its_peer() {
    let mut stage = Stage::asked(RequestFacts { close: true, ..GET });
    stage.tell(whole(Up, Head::Response(OK), 20));
    assert_eq!(stage.takes_all(Down), [Effect::Park, Effect::Finish(Down)]);
    stage.tell(Event::Finished(Down));
    // A client that takes the last bytes slowly has all the time it needs.
    for _ in 0..10 {
        stage.wait(Span::from_secs(50));
        assert_eq!(stage.tell(Event::Sent(Down, 0)), []);
    }
    assert_eq!(stage.tell(Event::Acked(Down)), []);
    assert_eq!(stage.expires(Timer::Linger)[0], Effect::Close(Down));
}

#[test]
fn h12_only_a_peer_that_takes_nothing_is_reset() {
    let mut stage = Stage::asked(RequestFacts { close: true, ..GET });
    stage.tell(whole(Up, Head::Response(OK), 20));
    stage.takes_all(Down);
    stage.tell(Event::Finished(Down));
    assert_eq!(stage.expires(Timer::WriteDown)[0], Effect::Reset(Down));
    assert_eq!(stage.now().as_ms(), 60_000);
}

#[test]
fn row_4_11_6_a_leg_whose_end_is_heard_makes_room_by_a_close() {
    let mut stage = Stage::asked(RequestFacts { close: true, ..GET });
    stage.tell(whole(Up, Head::Response(OK), 20));
    stage.takes_all(Down);
    stage.hears_end(Down);
    assert_eq!(stage.tell(Event::Evicted)[0], Effect::Close(Down));
    assert!(stage.session.is_closed());
}

#[test]
fn a_leg_that_lingers_makes_room_by_a_reset() {
    let mut stage = Stage::asked(RequestFacts { close: true, ..GET });
    assert!(!stage.session.is_lingering(), "an answer is owed");
    stage.tell(whole(Up, Head::Response(OK), 20));
    stage.takes_all(Down);
    stage.tell(Event::Finished(Down));
    assert!(stage.session.is_lingering());
    assert_eq!(stage.tell(Event::Evicted)[0], Effect::Reset(Down));
    assert!(stage.session.is_closed());
}

#[test]
fn h13_an_upload_may_pause_while_its_answer_flows() {
    let mut stage = Stage::http(false);
    stage.tell(head(Down, Head::Request(post(500)), 64));
    let mut stage = stage.connected();
    stage.takes_all(Up);
    let answer = ResponseFacts {
        body: BodyKind::Length(900),
        ..OK
    };
    stage.tell(head(Up, Head::Response(answer), 20));
    stage.takes_all(Down);
    for _ in 0..4 {
        stage.wait(Span::from_secs(20));
        stage.tell(body(Up, 10));
        assert_eq!(stage.takes_all(Down), []);
    }
    assert_eq!(stage.expires(Timer::Request)[0], Effect::Reset(Up));
}

#[test]
fn h13_an_early_answer_is_passed_on_and_never_replaced() {
    let mut stage = Stage::http(false);
    stage.tell(head(Down, Head::Request(post(500)), 64));
    let mut stage = stage.connected();
    stage.takes_all(Up);
    stage.tell(body(Down, 30));
    let refusal = ResponseFacts {
        status: 413,
        close: true,
        ..OK
    };
    assert!(stage.session.delivery(&refusal).close);
    stage.tell(whole(Up, Head::Response(refusal), 20));
    assert_eq!(stage.writes(Down), 20);
    // The origin goes, with what it did not take: the client is read on, and hears the answer.
    stage.fails(Up, Call::Write);
    stage.tell(Event::Fin(Up));
    assert_eq!(stage.reads(Down), Read::Discard);
    let orders = stage.takes_all(Down);
    assert!(orders.contains(&Effect::Finish(Down)), "{orders:?}");
    assert_eq!((stage.replied(), stage.reads(Down)), (None, Read::Discard));
}

#[test]
fn h13_an_origin_that_answers_and_leaves_takes_the_rest_of_the_request_with_it() {
    let mut stage = Stage::http(false);
    stage.tell(head(Down, Head::Request(post(500)), 64));
    let mut stage = stage.connected();
    stage.takes_all(Up);
    let refusal = ResponseFacts {
        status: 413,
        close: true,
        ..OK
    };
    stage.tell(whole(Up, Head::Response(refusal), 20));
    stage.tell(Event::Fin(Up));
    assert_eq!(stage.reads(Down), Read::Discard);
    let orders = stage.takes_all(Down);
    assert!(orders.contains(&Effect::Finish(Down)), "{orders:?}");
}

/// A client that waits for a 100 before it sends 50 bytes.
fn expecting() -> Stage {
    let mut stage = Stage::http(false);
    let facts = RequestFacts {
        expect_continue: true,
        ..post(50)
    };
    stage.tell(head(Down, Head::Request(facts), 40));
    let mut stage = stage.connected();
    stage.takes_all(Up);
    stage
}

#[test]
fn h14_a_final_response_before_the_body_ends_the_connection() {
    let mut stage = expecting();
    let refusal = ResponseFacts { status: 417, ..OK };
    assert!(stage.session.delivery(&refusal).close, "nobody can tell");
    stage.tell(whole(Up, Head::Response(refusal), 20));
    let orders = stage.takes_all(Down);
    assert!(orders.contains(&Effect::Finish(Down)), "{orders:?}");
    assert_eq!(stage.reads(Down), Read::Discard, "H12");
}

#[test]
fn h14_nothing_bounds_a_client_that_waits_for_the_origin() {
    let mut stage = expecting();
    assert_eq!(stage.expires(Timer::Response)[0], Effect::Reset(Up));
    assert_eq!(stage.replied(), Some(504));
}

#[test]
fn h14_nor_one_that_gets_a_final_head_instead() {
    let mut stage = expecting();
    stage.tell(head(Up, Head::Response(OK), 20));
    stage.takes_all(Down);
    assert_eq!(stage.expires(Timer::Body)[0], Effect::Reset(Up), "W9b");
}

#[test]
fn h14_once_the_body_may_come_it_is_a_request_like_any_other() {
    let goes_on = [
        decoded(Up, Head::Continue, 25, false, 0, Want::Turn),
        body(Down, 10),
    ];
    for event in goes_on {
        let mut stage = expecting();
        stage.tell(event);
        assert!(!stage.session.delivery(&OK).close);
        while stage.writes(Up) > 0 {
            stage.takes_all(Up);
        }
        while stage.writes(Down) > 0 {
            stage.takes_all(Down);
        }
        stage.expires(Timer::Request);
        assert_eq!(stage.replied(), Some(408), "it was the client's turn");
    }
}

#[test]
fn h15_a_fin_while_100_continue_is_awaited_cuts_the_request() {
    let mut stage = Stage::http(false);
    let facts = RequestFacts {
        expect_continue: true,
        idempotent: true,
        ..post(50)
    };
    stage.tell(head(Down, Head::Request(facts), 30));
    let mut stage = stage.connected();
    stage.takes_all(Up);
    assert_eq!(stage.tell(Event::Fin(Down))[0], Effect::Reset(Up));
    assert_eq!(stage.replied(), Some(400));
}

#[test]
fn h11_pipelined_bytes_are_no_progress_of_the_request_before_them() {
    let mut stage = Stage::asked(GET);
    let asked = stage.now();
    stage.wait(Span::from_secs(50));
    stage.tell(decoded(Down, Head::None, 0, false, 5, Want::Turn));
    stage.expires(Timer::Response);
    assert_eq!(stage.now(), asked + Span::from_secs(60));
    assert_eq!(stage.replied(), Some(504));
}
