//! I20: what was received was delivered or discarded, and for what reason.

use crate::stage::{GET, OK, Stage, answer, body, decoded, head, post};
use tidegate_core::{
    ending::By,
    event::{Call, Event, Head, Origin, Want},
    http1::BodyKind,
    report::Loss,
    side::Side,
};

#[test]
fn i20_what_we_say_ourselves_is_nobodys_word() {
    let mut stage = Stage::asked(GET);
    stage.tell(Event::Fin(Side::Up));
    stage.tell(Event::Connected(Origin::Fresh));
    stage.takes_all(Side::Up);
    stage.tell(Event::Fin(Side::Up));
    assert_eq!(stage.replied(), Some(502));
    let reply = u64::from(stage.writes(Side::Down));
    stage.takes_all(Side::Down);
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
    stage.tell(head(Side::Down, Head::Request(post(100)), 10));
    stage.tell(Event::Connected(Origin::Fresh));
    stage.takes_all(Side::Up);
    stage.tell(body(Side::Down, 30));
    stage.fails(Side::Down, Call::Read);
    let [request, _] = stage.session.report().tallies;
    assert_eq!(
        (request.discarded(), request.discarded_for(Loss::Unwanted)),
        (30, 30)
    );
}

#[test]
fn i20_what_was_read_and_never_looked_at_is_counted() {
    // H11: a request behind the last one.
    let mut stage = Stage::http(false);
    let last = tidegate_core::http1::RequestFacts { close: true, ..GET };
    stage.tell(decoded(
        Side::Down,
        Head::Request(last),
        10,
        true,
        33,
        Want::Turn,
    ));
    stage.tell(Event::Connected(Origin::Fresh));
    stage.takes_all(Side::Up);
    // U10: an answer with more behind it.
    stage.tell(decoded(
        Side::Up,
        Head::Response(OK),
        20,
        true,
        5,
        Want::Turn,
    ));
    stage.takes_all(Side::Down);
    assert_eq!(stage.session.report().unread, [33, 5]);
    // A body that is passed on bit by bit is read, all of it.
    let mut stage = Stage::asked(GET);
    let bulky = answer(BodyKind::Length(80));
    stage.tell(decoded(Side::Up, bulky, 64, false, 40, Want::Room));
    stage.takes_all(Side::Down);
    stage.tell(decoded(Side::Up, Head::None, 40, true, 0, Want::Turn));
    stage.takes_all(Side::Down);
    assert_eq!(stage.session.report().unread, [0, 0]);
}

#[test]
fn i20_what_a_drain_cuts_off_is_counted_as_its_deadlines() {
    let mut stage = Stage::relay(false);
    stage.tell(Event::Received(Side::Down, 9));
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
