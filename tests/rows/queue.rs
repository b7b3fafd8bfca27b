//! PRODUCT section 5 (4.8.7 and 4.8.8 of the rows): a session whose cluster's endpoints are all at
//! their limits. It waits for its turn as it would for a connect, and not longer than it may.

use crate::stage::{GET, OK, Stage, head, post, whole};
use tidegate_core::{
    effect::Effect,
    ending::{By, Cause, During, End, Ending, How},
    event::{Call, Event, Head, Origin},
    http1::{Detail, Reply},
    interest::Read,
    leg::Leg,
    session::{Kind, Setup, Wait},
    side::Side::{Down, Up},
    time::Span,
    timer::Timer,
};

/// A request that waits for its turn.
fn asked() -> Stage {
    let mut stage = Stage::http(false);
    stage.tell(whole(Down, Head::Request(GET), 10));
    assert_eq!(stage.tell(Event::Queued), []);
    stage
}

/// A relay that does.
fn relay() -> Stage {
    let mut stage = Stage::new(Setup::new(Kind::Tcp, false));
    assert_eq!(stage.tell(Event::Queued), []);
    stage
}

fn reply(stage: &Stage) -> Reply {
    let reply = stage.orders.iter().find_map(|order| match order {
        Effect::Reply(reply) => Some(*reply),
        _ => None,
    });
    reply.expect("an answer of our own")
}

#[test]
fn row_4_8_7_a_turn_has_a_deadline_of_its_own_and_the_connect_behind_it_all_of_its_time() {
    for mut stage in [asked(), relay()] {
        let (queue, connect) = (Span::from_secs(1), Span::from_secs(5));
        assert_eq!(stage.session.bound(Timer::Queue), Some(queue));
        assert!(!stage.session.timers().armed(Timer::Connect));
        stage.wait(Span::from_ms(900));
        assert_eq!(stage.tell(Event::Granted), []);
        assert!(!stage.session.timers().armed(Timer::Queue));
        let at = stage.session.timers().at(Timer::Connect);
        assert_eq!(at, Some(stage.now() + connect));
    }
}

#[test]
fn row_4_8_7_whose_turn_has_come_is_served() {
    for origin in [Origin::Fresh, Origin::Reused] {
        let mut stage = asked();
        stage.tell(Event::Granted);
        stage.tell(Event::Connected(origin));
        assert_eq!(stage.takes_all(Up), []);
        stage.tell(whole(Up, Head::Response(OK), 20));
        assert_eq!(stage.takes_all(Down), [Effect::Park]);
        assert!(stage.is_idle());
    }
}

#[test]
fn row_4_8_7_a_turn_that_does_not_come_is_a_503_that_says_why_and_when_to_come_back() {
    let mut stage = asked();
    let orders = stage.expires(Timer::Queue);
    assert_eq!(orders[0], Effect::Cancel, "the place is given up");
    let reply = reply(&stage);
    assert_eq!(reply.status, 503);
    assert_eq!(reply.cause, Some("connection_limit_reached"));
    assert_eq!(reply.detail, Some(Detail::QueueDeadline));
    assert_eq!(reply.retry_after, 1);
    assert!(!reply.close);
    let mut text = Vec::new();
    reply.write(&Default::default(), &mut text);
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("\r\nRetry-After: 1\r\n"), "{text}");
    let status = "Proxy-Status: tidegate; error=connection_limit_reached; \
                  details=\"no endpoint had room within the queue's deadline\"\r\n";
    assert!(text.contains(status), "{text}");
    stage.takes_all(Down);
    assert!(stage.is_idle(), "the connection goes on");
}

#[test]
fn row_4_8_7_r21_a_relay_whose_turn_does_not_come_is_reset() {
    let mut stage = relay();
    stage.tell(Event::Received(Down, 10));
    assert_eq!(stage.expires(Timer::Queue)[0], Effect::Cancel);
    assert_eq!(stage.tell(Event::Acked(Down))[0], Effect::Reset(Down));
    assert!(!stage.has_finished(Down));
    let (how, by) = (How::Abort(Cause::Expired(Timer::Queue)), By::Proxy);
    let during = During::Connect;
    assert_eq!(stage.ending(), Ending { how, by, during });
    assert_eq!(
        *stage.session.leg(Up),
        Leg::Reset(End::Abort(Cause::Expired(Timer::Queue)))
    );
    let failed = stage.session.report().legs[1].failed.unwrap();
    assert_eq!(
        (failed.cause, failed.by),
        (Cause::Expired(Timer::Queue), By::Proxy)
    );
}

#[test]
fn row_4_8_7_the_next_turn_of_a_session_has_all_of_its_time() {
    let mut stage = asked();
    stage.wait(Span::from_ms(900));
    stage.tell(Event::Granted);
    stage.tell(Event::Connected(Origin::Reused));
    stage.takes_all(Up);
    assert_eq!(
        stage.tell(Event::Fin(Up)),
        [Effect::Reset(Up), Effect::Connect]
    );
    stage.tell(Event::Queued);
    let at = stage.session.timers().at(Timer::Queue);
    assert_eq!(
        at,
        Some(stage.now() + Span::from_secs(1)),
        "U03: sent again"
    );
    stage.tell(Event::Granted);
    stage.tell(Event::Connected(Origin::Fresh));
    assert_eq!(stage.writes(Up), 10);
}

#[test]
fn row_4_8_7_who_waits_for_its_turn_says_so() {
    for stage in [asked(), relay()] {
        assert_eq!(stage.session.wait(Up), Some(Wait::Turn));
        assert!(stage.session.waits().any(|timer| timer == Timer::Queue));
        assert_eq!(Wait::Turn.to_string(), "an endpoint");
    }
}

#[test]
fn r19_a_fin_while_waiting_for_a_turn_waits_for_it_and_the_bytes() {
    let mut stage = relay();
    stage.tell(Event::Received(Down, 1));
    assert_eq!(stage.tell(Event::Fin(Down)), []);
    assert_eq!(stage.tell(Event::Granted), []);
    let mut stage = stage.connected();
    assert_eq!(stage.takes_all(Up), [Effect::Finish(Up)]);
}

#[test]
fn h07_a_fin_while_waiting_for_a_turn_is_answered_first() {
    let mut stage = asked();
    assert_eq!(stage.tell(Event::Fin(Down)), []);
    stage.tell(Event::Granted);
    stage.tell(Event::Connected(Origin::Fresh));
    stage.takes_all(Up);
    stage.tell(whole(Up, Head::Response(OK), 20));
    assert_eq!(stage.takes_all(Down), [Effect::Park, Effect::Finish(Down)]);

    let mut stage = asked();
    stage.tell(Event::Fin(Down));
    stage.expires(Timer::Queue);
    assert_eq!(stage.replied(), Some(503));
    assert!(stage.takes_all(Down).contains(&Effect::Finish(Down)));
}

#[test]
fn row_4_8_8_r20_h08_a_client_that_aborts_gives_its_place_up_at_once() {
    for mut stage in [asked(), relay()] {
        let orders = stage.fails(Down, Call::Read);
        assert!(orders.contains(&Effect::Cancel), "{orders:?}");
        assert!(stage.session.is_closed());
        assert!(!stage.orders.contains(&Effect::Reset(Up)), "there is none");
    }
}

#[test]
fn row_4_8_8_h06_so_does_a_request_that_is_cut_short() {
    let mut stage = Stage::http(false);
    stage.tell(head(Down, Head::Request(post(500)), 64));
    stage.tell(Event::Queued);
    assert_eq!(stage.reads(Down), Read::Off, "R22: there is no room");
    let mut stage = Stage::http(false);
    stage.tell(head(Down, Head::Request(post(500)), 40));
    stage.tell(Event::Queued);
    let orders = stage.tell(Event::Fin(Down));
    assert!(orders.contains(&Effect::Cancel), "{orders:?}");
    assert_eq!(stage.replied(), Some(400));
}

/// It was read, so it is served.
#[test]
fn i15_a_request_that_waits_for_its_turn_is_served_in_a_drain() {
    let mut stage = asked();
    assert_eq!(stage.tell(Event::Drained), []);
    stage.tell(Event::Granted);
    stage.tell(Event::Connected(Origin::Fresh));
    stage.takes_all(Up);
    stage.tell(whole(Up, Head::Response(OK), 20));
    assert!(stage.takes_all(Down).contains(&Effect::Finish(Down)));
}

#[test]
fn row_4_8_8_g9_the_end_of_a_drain_takes_the_place_too() {
    for mut stage in [asked(), relay()] {
        stage.tell(Event::Drained);
        let orders = stage.tell(Event::DrainExpired);
        assert!(orders.contains(&Effect::Cancel), "{orders:?}");
        assert!(orders.contains(&Effect::Reset(Down)), "{orders:?}");
        assert!(stage.session.is_closed());
    }
}

#[test]
#[should_panic(expected = "who does not wait for one")]
fn an_endpoint_that_nobody_waits_for_is_a_mistake_of_ours() {
    let mut stage = Stage::http(false);
    stage.tell(whole(Down, Head::Request(GET), 10));
    stage.tell(Event::Granted);
}

#[test]
#[should_panic(expected = "that nobody asked for")]
fn so_is_a_place_in_a_queue_that_nobody_asked_for() {
    Stage::http(false).tell(Event::Queued);
}
