//! LIFECYCLE U02 to U04: what is sent again, and what is not (I13).

use crate::stage::{GET, OK, Stage, head, partial, post, whole};
use tidegate_core::{
    effect::Effect,
    ending::Cause,
    event::{Call, Event, Head, Origin, Refusal},
    http1::{Reply, RequestFacts},
    leg::ReadEnd,
    report::Retry,
    side::Side::{Down, Up},
    timer::Timer,
};

const POST: RequestFacts = RequestFacts {
    idempotent: false,
    ..GET
};

/// What the origin's end leads to: is the request sent again?
fn again(orders: &[Effect]) -> bool {
    let resets = orders.contains(&Effect::Reset(Up));
    assert!(resets || !orders.contains(&Effect::Connect), "{orders:?}");
    orders.contains(&Effect::Connect)
}

fn asked(facts: RequestFacts, origin: Origin) -> Stage {
    let mut stage = Stage::http(false);
    assert_eq!(
        stage.tell(whole(Down, Head::Request(facts), 10)),
        [Effect::Connect]
    );
    stage.tell(Event::Connected(origin));
    stage.takes_all(Up);
    stage
}

#[test]
fn u02_any_method_if_an_end_of_file_proves_that_nothing_was_accepted() {
    for facts in [GET, POST] {
        let mut stage = asked(facts, Origin::Reused);
        assert!(stage.session.asks_if_accepted());
        stage.tell(Event::Unaccepted);
        assert!(again(&stage.tell(Event::Fin(Up))));
        assert!(stage.session.is_retrying());
        stage.tell(Event::Connected(Origin::Fresh));
        assert_eq!(stage.writes(Up), 10, "all of it, once more");
    }
}

#[test]
fn u03_where_too_many_have_been_sent_again_the_end_is_answered_for() {
    let mut stage = asked(GET, Origin::Reused);
    assert!(again(&stage.tell(Event::Fin(Up))));
    stage.tell(Event::Unconnected(Refusal::NoRetry));
    assert_eq!(stage.replied(), Some(502));
    assert_eq!(stage.session.report().error, Some("connection_terminated"));
}

#[test]
fn u02_a_reset_is_never_proof() {
    let mut stage = asked(POST, Origin::Reused);
    stage.tell(Event::Unaccepted);
    assert!(!again(&stage.fails(Up, Call::Read)));
    assert_eq!(stage.replied(), Some(502));
}

#[test]
fn u03_only_what_is_idempotent_otherwise() {
    for origin in [Origin::Reused, Origin::Fresh] {
        for (facts, expected) in [(GET, true), (POST, false)] {
            assert_eq!(again(&asked(facts, origin).tell(Event::Fin(Up))), expected);
            let reset = asked(facts, origin).fails(Up, Call::Read);
            assert_eq!(again(&reset), expected);
        }
    }
}

#[test]
fn u02_only_a_request_on_a_used_leg_asks_whether_it_was_accepted() {
    for (origin, asks) in [(Origin::Fresh, false), (Origin::Reused, true)] {
        let mut stage = asked(POST, origin);
        assert_eq!(stage.session.asks_if_accepted(), asks, "{origin:?}");
        stage.tell(partial(Up, 5));
        assert!(!stage.session.asks_if_accepted(), "an answer has begun");
    }
    assert!(!Stage::idle(false).session.asks_if_accepted());
}

#[test]
fn u03_what_is_sent_again_wants_a_fresh_leg() {
    let mut stage = asked(GET, Origin::Reused);
    assert!(!stage.session.is_retrying());
    assert!(again(&stage.tell(Event::Fin(Up))));
    assert!(stage.session.is_retrying());
    assert!(!Stage::idle(false).session.is_retrying());
}

#[test]
fn u03_once() {
    let mut stage = asked(GET, Origin::Reused);
    assert!(again(&stage.tell(Event::Fin(Up))));
    stage.tell(Event::Connected(Origin::Fresh));
    stage.takes_all(Up);
    assert!(!again(&stage.tell(Event::Fin(Up))));
    assert_eq!(stage.replied(), Some(502));
}

#[test]
fn u03_only_what_is_still_here() {
    let mut stage = Stage::http(false);
    let put = RequestFacts {
        idempotent: true,
        ..post(500)
    };
    stage.tell(head(Down, Head::Request(put), 40));
    let mut stage = stage.connected();
    stage.takes_all(Up);
    assert!(stage.session.keeps_request());
    stage.tell(crate::stage::body(Down, 30));
    stage.takes_all(Up);
    assert!(
        !stage.session.keeps_request(),
        "70 bytes, where 64 are kept"
    );
    assert!(!again(&stage.tell(Event::Fin(Up))));
    assert_eq!(stage.replied(), Some(502));
}

#[test]
fn u05_not_behind_a_byte_of_an_answer() {
    for answer in [partial(Up, 5), crate::stage::interim(Up, 20)] {
        let mut stage = asked(GET, Origin::Reused);
        stage.tell(answer);
        assert!(!again(&stage.tell(Event::Fin(Up))));
        assert_eq!(stage.replied(), Some(502));
    }
}

/// What its first bytes will come to nobody knows: somebody else may be asked once its head is there.
#[test]
fn u05_the_front_of_a_head_leaves_the_request_where_it_is() {
    let mut stage = asked(GET, Origin::Reused);
    stage.tell(partial(Up, 5));
    assert!(stage.session.keeps_request() && stage.session.may_retry());
    let orders = stage.tell(Event::Declined(503));
    assert!(orders.contains(&Effect::Connect), "{orders:?}");
    let mut stage = asked(GET, Origin::Reused);
    stage.tell(crate::stage::interim(Up, 20));
    assert!(!stage.session.keeps_request(), "an answer has left");
}

/// A leg that has failed while it was written to is given up in the middle of a head.
#[test]
fn u05_not_behind_the_front_of_a_head_whose_rest_never_comes() {
    let mut stage = asked(GET, Origin::Reused);
    stage.tell(partial(Up, 5));
    stage.fails(Up, Call::Write);
    assert!(!again(&stage.expires(Timer::Response)));
}

#[test]
fn u05_not_behind_bytes_that_are_no_answer() {
    // The leg had failed before they were read.
    let mut stage = asked(GET, Origin::Reused);
    stage.tell(Event::Failed(Up, Cause::Reset, Call::Write));
    let reply = Reply::bad_gateway("http_protocol_error");
    assert!(!again(&stage.tell(Event::Refused(Up, reply))));
    assert_eq!(stage.replied(), Some(502));
}

#[test]
fn u14_not_for_an_origin_that_was_silent() {
    let mut stage = asked(GET, Origin::Reused);
    assert!(!again(&stage.expires(Timer::Response)));
    assert_eq!(stage.replied(), Some(504));
}

#[test]
fn u11_a_complete_answer_wins_over_the_failed_write() {
    let mut stage = asked(GET, Origin::Reused);
    stage.tell(Event::Failed(Up, Cause::Reset, Call::Poll));
    stage.tell(whole(Up, Head::Response(OK), 20));
    assert!(!again(&stage.tell(Event::Fin(Up))));
    assert_eq!(stage.replied(), None);
}

#[test]
fn u03_nobody_retries_for_a_client_that_is_gone() {
    let mut stage = asked(GET, Origin::Reused);
    assert!(!again(&stage.fails(Down, Call::Read)));
    assert!(stage.orders.contains(&Effect::Reset(Up)));
}

#[test]
fn u03_what_was_given_up_is_not_kept() {
    let mut stage = Stage::http(false);
    stage.tell(head(Down, Head::Request(post(5)), 40));
    let mut stage = stage.connected();
    stage.fails(Up, Call::Write);
    assert_eq!(stage.session.from(Down).bytes(), 0);
    assert!(!stage.session.keeps_request(), "nobody will send it");
}

/// The answer is thrown away, and the request sent again: what becomes of the leg that answered.
fn declined(facts: RequestFacts, is_whole: bool) -> (Stage, Vec<Effect>) {
    let mut stage = Stage::http(false);
    stage.tell(if is_whole {
        whole(Down, Head::Request(facts), 10)
    } else {
        head(Down, Head::Request(facts), 10)
    });
    stage.tell(Event::Connected(Origin::Fresh));
    stage.takes_all(Up);
    assert!(stage.session.may_retry());
    let orders = stage.tell(Event::Declined(503));
    (stage, orders)
}

#[test]
fn a_status_that_is_declined_leaves_the_leg_to_end_by_itself() {
    let (mut stage, orders) = declined(GET, true);
    assert_eq!(orders, [Effect::Retire(ReadEnd::Open), Effect::Connect]);
    assert!(stage.session.is_retrying());
    stage.tell(Event::Connected(Origin::Fresh));
    assert_eq!(stage.writes(Up), 10, "all of it, once more");
    let report = stage.session.report();
    assert_eq!((report.retry, report.retries), (Some(Retry::Declined), 1));
    stage.takes_all(Up);
    assert!(!stage.session.may_retry(), "once");
    stage.tell(whole(Up, Head::Response(OK), 20));
    assert_eq!(stage.writes(Down), 20);
}

#[test]
fn u13_a_status_that_is_declined_before_the_request_is_whole_resets_the_leg() {
    let put = RequestFacts {
        idempotent: true,
        ..post(500)
    };
    let (_, orders) = declined(put, false);
    assert_eq!(orders, [Effect::Reset(Up), Effect::Connect]);
}

#[test]
fn i13_no_status_has_a_request_sent_again_that_is_not_idempotent_or_not_here_any_more() {
    assert!(!asked(POST, Origin::Fresh).session.may_retry());
    let mut stage = asked(GET, Origin::Fresh);
    assert!(stage.session.may_retry());
    stage.tell(crate::stage::interim(Up, 5));
    assert!(
        !stage.session.may_retry(),
        "something of an answer is on its way"
    );
    assert!(!Stage::idle(false).session.may_retry());
}
