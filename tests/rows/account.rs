//! I20: what was received was delivered or discarded, and for what reason.

use crate::{
    stage::{GET, OK, Stage, answer, body, decoded, head, post, whole},
    tunnel::{UPGRADE, switch},
};
use tidegate_core::{
    close::CloseCause,
    effect::Effect,
    ending::By,
    event::{Call, Event, Head, Origin, Want},
    http1::{BodyKind, Reply, RequestFacts},
    interest::Read,
    report::Loss,
    side::Side::{Down, Up},
    timer::Timer,
};

#[test]
fn i20_what_we_say_ourselves_is_nobodys_word() {
    let mut stage = Stage::asked(GET);
    stage.tell(Event::Fin(Up));
    stage.tell(Event::Connected(Origin::Fresh));
    stage.takes_all(Up);
    stage.tell(Event::Fin(Up));
    assert_eq!(stage.replied(), Some(502));
    let reply = u64::from(stage.writes(Down));
    stage.takes_all(Down);
    let [request, response] = stage.session.report().tallies;
    assert_eq!(
        (response.received, response.own, response.delivered),
        (0, reply, reply)
    );
    assert_eq!(
        (request.received, request.repeated, request.delivered),
        (10, 10, 20)
    );
}

#[test]
fn i20_a_request_that_nobody_wants_is_counted_as_lost() {
    let mut stage = Stage::http(false);
    stage.tell(head(Down, Head::Request(post(100)), 10));
    stage.tell(Event::Connected(Origin::Fresh));
    stage.takes_all(Up);
    stage.tell(body(Down, 30));
    stage.fails(Down, Call::Read);
    let [request, _] = stage.session.report().tallies;
    assert_eq!(
        (request.discarded(), request.discarded_for(Loss::Unwanted)),
        (30, 30)
    );
}

/// U13: whoever cancels a request, what had not left of it is lost for one reason, and what had left
/// is the origin's; what its kernel had not acknowledged, the driver says.
#[test]
fn u13_i20_what_has_not_left_of_a_cancelled_request_is_discarded_as_unwanted() {
    let uploading = || {
        let mut stage = Stage::http(false);
        stage.tell(head(Down, Head::Request(post(100)), 10));
        stage.tell(Event::Connected(Origin::Fresh));
        stage.takes_all(Up);
        stage.tell(body(Down, 30));
        stage.tell(Event::Sent(Up, 12));
        stage
    };
    let reset_by = |cancel: fn(&mut Stage) -> Vec<Effect>| {
        let mut stage = uploading();
        let orders = cancel(&mut stage);
        assert!(orders.contains(&Effect::Reset(Up)), "{orders:?}");
        let [request, _] = stage.session.report().tallies;
        assert_eq!((request.received, request.delivered), (40, 22));
        assert_eq!(request.discarded_for(Loss::Unwanted), 18);
        assert!(request.balances(0));
    };
    reset_by(|stage| stage.tell(Event::Fin(Down)));
    reset_by(|stage| stage.fails(Down, Call::Read));
    reset_by(|stage| stage.tell(Event::Refused(Down, Reply::bad_request())));
    reset_by(|stage| {
        stage.tell(Event::Refused(
            Up,
            Reply::bad_gateway("http_protocol_error"),
        ))
    });
}

#[test]
fn i20_what_was_read_and_never_looked_at_is_counted() {
    // H11: a request behind the last one.
    let mut stage = Stage::http(false);
    let last = RequestFacts { close: true, ..GET };
    stage.tell(decoded(Down, Head::Request(last), 10, true, 33, Want::Turn));
    stage.tell(Event::Connected(Origin::Fresh));
    stage.takes_all(Up);
    // U10: an answer with more behind it.
    stage.tell(decoded(Up, Head::Response(OK), 20, true, 5, Want::Turn));
    stage.takes_all(Down);
    assert_eq!(stage.session.report().unread, [33, 5]);
    // A body that is passed on bit by bit is read, all of it.
    let mut stage = Stage::asked(GET);
    let bulky = answer(BodyKind::Length(80));
    stage.tell(decoded(Up, bulky, 64, false, 40, Want::Room));
    stage.takes_all(Down);
    stage.tell(decoded(Up, Head::None, 40, true, 0, Want::Turn));
    stage.takes_all(Down);
    assert_eq!(stage.session.report().unread, [0, 0]);
}

#[test]
fn i20_what_a_drain_cuts_off_is_counted_as_its_deadlines() {
    let mut stage = Stage::relay(false);
    stage.tell(Event::Received(Down, 9));
    stage.tell(Event::DrainExpired);
    let report = stage.session.report();
    let [from_client, _] = report.tallies;
    assert_eq!(
        (
            from_client.discarded(),
            from_client.discarded_for(Loss::Deadline)
        ),
        (9, 9)
    );
    assert_eq!(report.first, Some(By::Proxy));
}

/// H13, U11: what an origin does not take is lost with its reason, and the exchange goes on.
#[test]
fn i20_what_an_origin_leaves_of_a_complete_request_is_discarded_at_once() {
    let half_sent = || {
        let mut stage = Stage::http(false);
        let post = RequestFacts {
            idempotent: false,
            ..GET
        };
        stage.tell(whole(Down, Head::Request(post), 60));
        let mut stage = stage.connected();
        stage.tell(Event::Sent(Up, 10));
        stage
    };
    let lost = |stage: &Stage, loss| stage.session.report().tallies[0].discarded_for(loss);
    let mut stage = half_sent();
    stage.tell(whole(Up, Head::Response(OK), 20));
    assert_eq!(lost(&stage, Loss::Unwanted), 0, "it may still take it");
    stage.tell(Event::Fin(Up));
    assert_eq!(lost(&stage, Loss::Unwanted), 50);
    stage.takes_all(Down);
    assert!(stage.is_idle());
    let mut stage = half_sent();
    stage.fails(Up, Call::Poll);
    assert_eq!(lost(&stage, Loss::SinkFailed), 50);
}

#[test]
fn r15_the_rest_of_a_body_for_an_origin_that_has_failed_is_thrown_away() {
    let mut stage = Stage::http(false);
    stage.tell(head(Down, Head::Request(post(500)), 10));
    let mut stage = stage.connected();
    stage.takes_all(Up);
    stage.fails(Up, Call::Poll);
    assert_eq!(stage.reads(Down), Read::Discard);
}

/// I19: a leg that failed before its request was sent again is no end of what the request became.
#[test]
fn i19_who_was_first_is_asked_of_the_leg_that_serves() {
    let mut stage = Stage::http(false);
    stage.tell(whole(Down, Head::Request(UPGRADE), 10));
    stage.tell(Event::Connected(Origin::Reused));
    stage.takes_all(Up);
    assert!(stage.tell(Event::Fin(Up)).contains(&Effect::Connect));
    stage.tell(Event::Connected(Origin::Fresh));
    assert_eq!(stage.session.report().first, None);
    stage.takes_all(Up);
    stage.tell(switch(101, 0));
    stage.takes_all(Down);
    stage.expires(Timer::Tunnel);
    let cause = CloseCause::of(&stage.session.report());
    assert_eq!(cause, Some(CloseCause::TunnelIdle));
}

/// H13, I19: the client has its answer; that its upload comes to nothing is no trouble with that.
#[test]
fn i19_an_upload_that_stalls_behind_its_answer_is_no_trouble() {
    let mut stage = Stage::http(false);
    stage.tell(whole(Down, Head::Request(post(30)), 40));
    stage.tell(Event::Connected(Origin::Fresh));
    stage.tell(Event::Sent(Up, 10));
    stage.tell(whole(Up, Head::Response(OK), 20));
    stage.takes_all(Down);
    stage.expires(Timer::WriteUp);
    assert_eq!(stage.session.report().trouble, None);
}
