//! LIFECYCLE G10: what an operator ends, and how.

use crate::{
    drain::read_behind,
    stage::{GET, OK, Stage, answer, body, decoded, head, whole},
    tunnel::{CONNECT, UPGRADE, switch},
};
use tidegate_core::{
    effect::Effect,
    ending::{By, Cause, During, Ending, How},
    event::{Event, Head, Kill, Want},
    http1::BodyKind,
    side::Side::{Down, Up},
};

/// An operator's word, and the session's last one.
fn killed(stage: &mut Stage, kill: Kill) -> Vec<Effect> {
    stage.tell(Event::Killed(kill))
}

#[test]
fn g10_an_operator_resets_every_leg_at_once() {
    for (mut stage, during) in [
        (Stage::relay(false), During::Tunnel),
        (Stage::asked(GET), During::Exchange),
    ] {
        let mut orders = killed(&mut stage, Kill::Reset);
        assert!(matches!(orders.pop(), Some(Effect::End(_))), "{orders:?}");
        assert_eq!(orders, [Effect::Reset(Down), Effect::Reset(Up)]);
        let ending = Ending {
            how: How::Abort(Cause::Killed),
            by: By::Proxy,
            during,
        };
        assert_eq!(stage.ending(), ending);
    }
}

#[test]
fn g10_what_has_no_end_of_its_own_is_reset() {
    let mut stage = Stage::relay(false);
    stage.tell(Event::Received(Up, 10));
    let mut orders = killed(&mut stage, Kill::Last);
    assert!(matches!(orders.pop(), Some(Effect::End(_))), "{orders:?}");
    assert_eq!(orders, [Effect::Reset(Down), Effect::Reset(Up)]);
}

#[test]
fn g10_an_idle_client_is_shown_out_and_a_request_under_way_is_the_last() {
    let mut stage = Stage::http(false);
    assert_eq!(killed(&mut stage, Kill::Last), [Effect::Finish(Down)]);
    assert_eq!(killed(&mut stage, Kill::Last), [], "it is on its way out");
    let mut stage = Stage::asked(GET);
    assert_eq!(killed(&mut stage, Kill::Last), []);
    stage.tell(whole(Up, Head::Response(OK), 20));
    let orders = stage.takes_all(Down);
    assert!(orders.contains(&Effect::Finish(Down)), "{orders:?}");
}

#[test]
fn g10_i15_a_request_that_was_read_before_the_word_is_served_and_is_the_last() {
    let mut stage = read_behind();
    assert_eq!(killed(&mut stage, Kill::Last), [], "it is looked at first");
    stage.ask(GET);
    assert!(stage.session.delivery(&OK).close);
    stage.tell(whole(Up, Head::Response(OK), 20));
    let orders = stage.takes_all(Down);
    assert!(orders.contains(&Effect::Finish(Down)), "{orders:?}");
    let word = stage.session.last_word().map(|word| (word.how, word.by));
    assert_eq!(word, Some((How::Abort(Cause::Killed), By::Proxy)));
}

/// The client was told that the connection stays: an operator does not wait for what it makes of that.
#[test]
fn g10_an_answer_that_is_under_way_is_the_last() {
    let mut stage = Stage::asked(GET);
    stage.tell(head(Up, answer(BodyKind::Length(5)), 60));
    assert_eq!(killed(&mut stage, Kill::Last), []);
    stage.tell(body(Up, 5));
    stage.tell(whole(Up, Head::None, 0));
    let orders = stage.takes_all(Down);
    assert!(orders.contains(&Effect::Finish(Down)), "{orders:?}");
}

/// A request under way that becomes a tunnel has no answer to end behind.
#[test]
fn g10_what_becomes_a_tunnel_is_reset() {
    for (facts, status) in [(UPGRADE, 101), (CONNECT, 200)] {
        let mut stage = Stage::asked(facts);
        assert_eq!(killed(&mut stage, Kill::Last), []);
        let mut orders = stage.tell(switch(status, 5));
        assert!(matches!(orders.pop(), Some(Effect::End(_))), "{orders:?}");
        assert_eq!(orders, [Effect::Reset(Down), Effect::Reset(Up)]);
        assert_eq!(stage.ending().how, How::Abort(Cause::Killed));
    }
}

/// I15 is for what was on its way when the word came: a client that goes on without end is not.
#[test]
fn g10_what_begins_behind_the_word_is_the_last_whatever_follows_it() {
    let more = || decoded(Down, Head::None, 0, false, 10, Want::Turn);
    let mut stage = Stage::asked(GET);
    assert_eq!(killed(&mut stage, Kill::Last), []);
    stage.tell(more());
    stage.tell(whole(Up, Head::Response(OK), 20));
    stage.takes_all(Down);
    stage.ask(GET);
    stage.tell(more());
    assert!(stage.session.delivery(&OK).close);
}

/// What the session's last word will be was known before: the operator's holds all the same.
#[test]
fn g10_what_becomes_a_tunnel_is_reset_also_behind_a_bare_fin() {
    let mut stage = Stage::http(true);
    stage.ask(UPGRADE);
    stage.tell(Event::Fin(Down));
    assert_eq!(killed(&mut stage, Kill::Last), []);
    let mut orders = stage.tell(switch(101, 5));
    assert!(matches!(orders.pop(), Some(Effect::End(_))), "{orders:?}");
    assert_eq!(orders, [Effect::Reset(Down), Effect::Reset(Up)]);
}
