//! The settle rules may run in any order, also where one of them leaves a state to another: S13 to S3
//! and S4, S14 to S2, S10 to S2. The walk shuffles them in its own worlds; here are the others.

use crate::{
    stage::{GET, OK, Stage, decoded, head, interim, post, whole},
    tunnel::{UPGRADE, kept, switch},
};
use tidegate_core::{
    effect::{Effect, Effects},
    ending::Cause,
    event::{Call, Event, Head, Origin, Want},
    http1::RequestFacts,
    session::{Kind, RULES, Setup, TunnelClose},
    side::Side::{self, Down, Up},
    tls::{HalfClose, Version},
};

/// Tells of an event in every rotation of the rules, forwards and backwards: the same follows.
fn tell(stage: &mut Stage, event: Event) -> Vec<Effect> {
    let before = stage.session.clone();
    let orders = stage.tell(event);
    for first in 0..RULES.len() {
        let mut rules = RULES;
        rules.rotate_left(first);
        for _ in 0..2 {
            rules.reverse();
            let (mut session, mut effects) = (before.clone(), Effects::new());
            session.step_in_order(stage.now(), event, &rules, &mut effects);
            assert_eq!(session, stage.session, "S{} first", first + 1);
            for side in [Down, Up] {
                assert_eq!(
                    of(&effects, side),
                    of(&orders, side),
                    "S{} first",
                    first + 1
                );
            }
        }
    }
    orders
}

/// What was ordered of a leg, in its order.
fn of(orders: &[Effect], side: Side) -> Vec<Effect> {
    let about = |order: &&Effect| match order {
        Effect::Finish(of) | Effect::Reset(of) | Effect::Close(of) => *of == side,
        Effect::Park | Effect::Retire(_) | Effect::Connect | Effect::Cancel => side == Up,
        _ => side == Down,
    };
    orders.iter().filter(about).copied().collect()
}

fn strict() -> Stage {
    let mut setup = Setup::new(Kind::Http, true);
    setup.policy.tls12_half_close = HalfClose::Strict;
    setup.limits.relay_bytes = 64;
    setup.limits.inbox_bytes = 64;
    Stage::secured(setup, Version::V12)
}

/// S3 before S13: its answer has left whole, and what is left of its request goes on.
#[test]
fn t02_h13_strict_a_client_that_has_heard_all_cuts_no_request() {
    let mut stage = strict();
    stage.tell(whole(Down, Head::Request(post(30)), 40));
    stage.tell(Event::Connected(Origin::Fresh));
    stage.tell(Event::Sent(Up, 10));
    stage.tell(whole(Up, Head::Response(OK), 20));
    stage.takes_all(Down);
    assert_eq!(stage.writes(Up), 30, "the origin has not taken all");
    let orders = tell(&mut stage, Event::CloseNotify(Down));
    assert_eq!(orders, [Effect::Finish(Down)]);
    assert_eq!(stage.writes(Up), 30);
}

/// The same for a client that says FIN alone behind its complete request: it has heard all, and has said all.
#[test]
fn h13_t05_a_client_that_has_heard_all_cuts_no_request_by_a_bare_fin() {
    let mut stage = Stage::http(true);
    let last = RequestFacts {
        close: true,
        ..post(30)
    };
    stage.tell(whole(Down, Head::Request(last), 40));
    stage.tell(Event::Connected(Origin::Fresh));
    stage.tell(Event::Sent(Up, 10));
    stage.tell(whole(Up, Head::Response(OK), 20));
    assert_eq!(stage.takes_all(Down), [Effect::Finish(Down)]);
    stage.hears_end(Down);
    assert_eq!(tell(&mut stage, Event::Fin(Down)), [Effect::Close(Down)]);
    assert_eq!(stage.writes(Up), 30);
}

/// S4 before S13: a request is not cut while there is more of it to be understood.
#[test]
fn t02_h06_strict_what_was_read_of_a_request_is_understood_first() {
    let mut stage = strict();
    stage.tell(head(Down, Head::Request(post(64)), 10));
    stage.tell(Event::Connected(Origin::Fresh));
    stage.tell(decoded(Down, Head::None, 54, false, 10, Want::Room));
    assert_eq!(tell(&mut stage, Event::CloseNotify(Down)), []);
    stage.takes_all(Up);
    let orders = tell(&mut stage, whole(Down, Head::None, 10));
    assert_eq!(orders, [Effect::Reset(Up), Effect::Finish(Down)]);
}

/// S2 before S14: an end that is taken back by a failure closes nothing cleanly.
#[test]
fn w4_both_a_failure_behind_the_end_is_still_a_failure() {
    let mut setup = Setup::new(Kind::Http, false);
    setup.policy.tunnel_close = TunnelClose::Both;
    setup.limits.relay_bytes = 64;
    let mut stage = Stage::new(setup);
    stage.ask(UPGRADE);
    stage.tell(switch(101, 0));
    stage.takes_all(Down);
    stage.tell(Event::Received(Up, 7));
    assert_eq!(tell(&mut stage, Event::Fin(Down)), [Effect::Finish(Up)]);
    let orders = tell(&mut stage, Event::Failed(Down, Cause::Reset, Call::Poll));
    assert_eq!(orders, [Effect::Reset(Down)]);
    assert!(stage.is_aborting(Up));
}

/// S2 before S10: both ends of the client's leg are over, and what it said is lost with its origin.
#[test]
fn r14_w1_a_leg_that_is_done_is_aborted_if_what_it_said_is_lost() {
    let mut stage = Stage::asked(UPGRADE);
    stage.tell(kept(60));
    stage.tell(Event::Fin(Down));
    stage.tell(switch(101, 0));
    stage.tell(Event::Received(Down, 40));
    stage.takes_all(Down);
    stage.tell(Event::Fin(Up));
    stage.hears_end(Down);
    let orders = tell(&mut stage, Event::Failed(Up, Cause::Reset, Call::Poll));
    assert_eq!(orders, [Effect::Reset(Up)]);
    assert!(stage.is_aborting(Down));
}

/// H08: an answer that is whole and has not left keeps no client that is gone, nor its origin.
#[test]
fn h08_a_client_that_fails_before_it_has_heard_all_costs_its_origin() {
    let mut stage = Stage::asked(GET);
    stage.tell(interim(Up, 5));
    stage.takes_all(Down);
    stage.tell(whole(Up, Head::Response(OK), 20));
    let orders = tell(&mut stage, Event::Failed(Down, Cause::Reset, Call::Read));
    for order in [Effect::Reset(Up), Effect::Reset(Down)] {
        assert!(orders.contains(&order), "{orders:?}");
    }
}
