//! LIFECYCLE 4.6, W1: what makes an exchange a tunnel, and what was read with either head.

use crate::{
    stage::{GET, OK, Stage, whole},
    tunnel::{CONNECT, UPGRADE, kept, switch},
};
use tidegate_core::{
    effect::Effect,
    ending::{Cause, How},
    event::{Call, Event, Head, Origin, Refusal},
    http1::ResponseFacts,
    interest::Read,
    session::{Kind, Phase, Setup},
    side::Side::{Down, Up},
    timer::Timer,
    tls::Version,
};

#[test]
fn w1_101_and_2xx_to_connect_leave_http_and_nothing_else_does() {
    for (facts, status, leaves) in [
        (UPGRADE, 101, true),
        (CONNECT, 200, true),
        (CONNECT, 204, true),
        (UPGRADE, 200, false),
        (CONNECT, 407, false),
        (GET, 200, false),
    ] {
        let mut stage = Stage::asked(facts);
        let response = ResponseFacts { status, ..OK };
        assert_eq!(stage.session.switches(&response), leaves, "{status}");
        if leaves {
            assert_eq!(stage.tell(switch(status, 0)), []);
            assert_eq!(stage.session.phase(), &Phase::Tunnel);
            assert_eq!((stage.writes(Down), stage.reads(Up)), (20, Read::Take(44)));
            assert_eq!(stage.reads(Down), Read::Take(64));
        } else {
            stage.tell(kept(7));
            stage.tell(whole(Up, Head::Response(response), 20));
            let orders = stage.takes_all(Down);
            assert_eq!(orders[0], Effect::Park);
            // What a CONNECT's client sent at once is not taken for a request.
            let ends = orders.contains(&Effect::Finish(Down));
            assert_eq!(
                (ends, stage.is_idle()),
                (facts == CONNECT, facts != CONNECT)
            );
        }
    }
}

#[test]
fn w1_bytes_read_with_either_head_go_before_any_other() {
    let mut stage = Stage::asked(UPGRADE);
    stage.tell(kept(7));
    stage.tell(switch(101, 5));
    for (source, first) in [(Down, 7), (Up, 5)] {
        assert_eq!(stage.reads(source), Read::Off);
        assert!(stage.session.interest(source).decode >= Some(first));
        stage.tell(Event::Received(source, first));
        assert_eq!(stage.session.interest(source).decode, None);
    }
    assert_eq!((stage.writes(Up), stage.writes(Down)), (7, 25));
    assert_eq!(
        (stage.reads(Down), stage.reads(Up)),
        (Read::Take(57), Read::Take(39))
    );
}

#[test]
fn w1_bytes_read_with_a_head_wait_for_room_like_any_other() {
    let mut stage = Stage::asked(UPGRADE);
    stage.tell(switch(101, 60));
    assert_eq!(stage.session.interest(Up).decode, Some(44));
    stage.tell(Event::Received(Up, 44));
    assert_eq!(stage.session.interest(Up).decode, None);
    assert_eq!(stage.reads(Up), Read::Off);
    // R23: half of what is inside has left.
    stage.tell(Event::Sent(Down, 32));
    assert_eq!(stage.session.interest(Up).decode, Some(32));
    stage.tell(Event::Received(Up, 16));
    assert_eq!(stage.reads(Up), Read::Take(16));
}

/// More behind the client's head than there is room for, its FIN, and an origin that has said all
/// and takes nothing.
fn both_over() -> Stage {
    let mut stage = Stage::asked(UPGRADE);
    stage.tell(kept(60));
    stage.tell(Event::Fin(Down));
    stage.tell(switch(101, 0));
    stage.tell(Event::Received(Down, 40));
    stage.takes_all(Down);
    stage.tell(Event::Fin(Up));
    stage
}

#[test]
fn w1_a_leg_stays_for_what_was_read_with_its_head_even_if_both_its_ends_are_over() {
    let mut stage = both_over();
    assert_eq!(stage.hears_end(Down), [], "20 bytes are its client's");
    stage.takes_all(Up);
    stage.tell(Event::Received(Down, 20));
    assert_eq!(stage.orders.last(), Some(&Effect::Close(Down)));
    assert_eq!(stage.takes_all(Up), [Effect::Finish(Up)]);
}

#[test]
fn w1_a_leg_that_stays_for_such_bytes_is_reset_if_nobody_takes_them() {
    let mut stage = both_over();
    stage.hears_end(Down);
    // R14: both had ended clean, but the client's bytes are lost, and its leg is still there.
    assert_eq!(stage.fails(Up, Call::Poll)[0], Effect::Reset(Up));
    assert!(stage.is_aborting(Down));
    assert_eq!(stage.tell(Event::Acked(Down))[0], Effect::Reset(Down));
    assert_eq!(stage.ending().how, How::Abort(Cause::Reset));
}

/// An origin over TLS that ends without close_notify, and a client that has said all; 20 bytes of
/// what it said were read with its head.
fn cut_off_behind_a_head() -> Stage {
    let mut setup = Setup::new(Kind::Http, false);
    setup.up_tls = true;
    setup.limits.relay_bytes = 64;
    setup.limits.inbox_bytes = 64;
    let mut stage = Stage::new(setup);
    stage.tell(whole(Down, Head::Request(UPGRADE), 10));
    stage.tell(Event::Connected(Origin::Fresh));
    stage.tell(Event::Secured(Up, Version::V13));
    stage.takes_all(Up);
    stage.tell(kept(60));
    stage.tell(Event::Fin(Down));
    stage.tell(switch(101, 0));
    stage.tell(Event::Received(Down, 40));
    stage.takes_all(Down);
    stage.tell(Event::Fin(Up));
    assert!(stage.is_aborting(Down));
    stage
}

#[test]
fn w1_an_abort_of_a_leg_waits_for_what_was_read_with_its_head() {
    let mut stage = cut_off_behind_a_head();
    assert!(!stage.session.interest(Down).acked, "20 bytes are inside");
    stage.takes_all(Up);
    stage.tell(Event::Received(Down, 20));
    assert!(stage.session.interest(Down).acked);
    assert_eq!(stage.tell(Event::Acked(Down))[0], Effect::Reset(Down));
    assert_eq!(
        stage.takes_all(Up),
        [Effect::Finish(Up)],
        "whole, and clean"
    );
}

#[test]
fn w1_what_is_lost_with_a_leg_is_no_clean_end_of_what_it_said() {
    let mut stage = cut_off_behind_a_head();
    // R11: T_abort_flush waits for nobody.
    stage.expires(Timer::FlushDown);
    assert!(stage.orders.contains(&Effect::Reset(Down)));
    stage.takes_all(Up);
    assert!(stage.is_aborting(Up) && !stage.has_finished(Up), "I1");
}

#[test]
fn w1_connect_goes_where_its_cluster_takes_it() {
    let mut stage = Stage::http(false);
    let orders = stage.tell(whole(Down, Head::Request(CONNECT), 10));
    assert_eq!(orders, [Effect::Connect]);
    stage.tell(Event::Unconnected(Refusal::NoConnect));
    assert_eq!(stage.replied(), Some(501));
    // Its client may have sent more at once: none of it is a request.
    assert_eq!(stage.takes_all(Down), [Effect::Finish(Down)]);
}
