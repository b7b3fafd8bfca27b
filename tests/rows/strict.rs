//! LIFECYCLE T02 by the letter (`tls12_half_close = "strict"`) around an exchange: the client's
//! close_notify is answered at once, and what was pending for it is discarded.

use crate::stage::{GET, OK, Stage, answer, body, head, post, whole};
use tidegate_core::{
    effect::Effect,
    event::{Event, Head, Origin},
    http1::BodyKind,
    session::{Kind, Setup},
    side::Side::{Down, Up},
    tls::{HalfClose, Version},
};

fn strict() -> Stage {
    let mut setup = Setup::new(Kind::Http, true);
    setup.policy.tls12_half_close = HalfClose::Strict;
    setup.limits.relay_bytes = 64;
    Stage::secured(setup, Version::V12)
}

#[test]
fn t02_strict_an_answer_under_way_is_discarded_and_its_origin_reset() {
    let mut stage = strict();
    stage.ask(GET);
    stage.tell(head(Up, answer(BodyKind::Length(30)), 20));
    stage.tell(body(Up, 10));
    let orders = stage.tell(Event::CloseNotify(Down));
    assert_eq!(orders, [Effect::Reset(Up), Effect::Finish(Down)]);
    assert_eq!(stage.writes(Down), 0, "30 bytes are discarded");
}

#[test]
fn t02_strict_an_answer_that_nobody_has_begun_is_not_waited_for() {
    let mut stage = strict();
    stage.ask(GET);
    let orders = stage.tell(Event::CloseNotify(Down));
    assert_eq!(orders, [Effect::Reset(Up), Effect::Finish(Down)]);
}

#[test]
fn t02_strict_a_whole_answer_that_is_still_inside_is_discarded() {
    let mut stage = strict();
    stage.ask(GET);
    stage.tell(whole(Up, Head::Response(OK), 20));
    stage.tell(Event::Sent(Down, 5));
    stage.tell(Event::CloseNotify(Down));
    assert!(stage.has_finished(Down), "{:?}", stage.orders);
    assert_eq!(stage.writes(Down), 0, "15 bytes are discarded");
}

/// What is whole on both ways leaves nothing to discard: the origin's connection stays of use.
#[test]
fn t02_strict_a_client_that_has_heard_all_costs_no_origin() {
    let mut stage = strict();
    stage.ask(GET);
    stage.tell(whole(Up, Head::Response(OK), 20));
    assert_eq!(stage.takes_all(Down), [Effect::Park]);
    assert_eq!(stage.tell(Event::CloseNotify(Down)), [Effect::Finish(Down)]);
}

#[test]
fn t02_h06_strict_a_request_that_was_cut_is_answered_as_such() {
    let mut stage = strict();
    stage.tell(head(Down, Head::Request(post(30)), 10));
    stage.tell(Event::Connected(Origin::Fresh));
    stage.takes_all(Up);
    stage.tell(Event::CloseNotify(Down));
    assert_eq!(stage.replied(), Some(400));
}
