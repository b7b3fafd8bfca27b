//! I19: which of the ends that were seen a session tells as its last word.

use crate::stage::{GET, OK, Stage, head, partial, post, whole};
use tidegate_core::{
    effect::Effect,
    ending::{By, Cause, During, Ending, How},
    event::{Call, Event, Head},
    side::Side::{Down, Up},
    time::Span,
    timer::Timer,
};

/// What the last word would be now.
fn word(stage: &Stage) -> (How, By, During) {
    let Ending { how, by, during } = stage.session.report().ending.unwrap();
    (how, by, during)
}

#[test]
fn i19_a_close_notify_and_the_fin_behind_it_are_one_peers() {
    let mut stage = Stage::relay(true);
    for event in [Event::CloseNotify(Down), Event::Fin(Down)] {
        stage.tell(event);
        assert_eq!(word(&stage), (How::Clean, By::Client, During::Tunnel));
    }
    stage.tell(Event::Fin(Up));
    assert_eq!(word(&stage), (How::Clean, By::Both, During::Tunnel));
}

#[test]
fn i19_two_clean_ends_are_both_peers_whoever_began() {
    let mut stage = Stage::relay(false);
    stage.tell(Event::Fin(Up));
    assert_eq!(word(&stage), (How::Clean, By::Origin, During::Tunnel));
    stage.tell(Event::Fin(Down));
    assert_eq!(word(&stage), (How::Clean, By::Both, During::Tunnel));
}

#[test]
fn i19_a_session_ages_until_it_is_over() {
    let mut stage = Stage::relay(false);
    stage.wait(Span::from_ms(7));
    let age = |stage: &Stage| stage.session.report().age(stage.now());
    assert_eq!(age(&stage), Span::from_ms(7));
    stage.fails(Down, Call::Read);
    stage.tell(Event::Acked(Up));
    assert!(stage.session.is_closed());
    let later = stage.now() + Span::from_secs(9);
    assert_eq!(stage.session.report().age(later), Span::from_ms(7));
}

/// R11: a flush that its peer acknowledged has not expired, nor has a leg that was given up.
#[test]
fn i19_only_a_flush_that_ran_out_is_told_as_such() {
    let expired = |stage: &Stage| stage.session.report().legs.map(|leg| leg.flush_expired);
    let flushing = || {
        let mut stage = Stage::relay(false);
        stage.tell(Event::Received(Down, 9));
        stage.fails(Down, Call::Read);
        stage
    };
    let mut stage = flushing();
    stage.takes_all(Up);
    stage.tell(Event::Acked(Up));
    assert!(stage.session.is_closed());
    assert_eq!(expired(&stage), [false, false]);
    let mut stage = flushing();
    stage.expires(Timer::FlushUp);
    assert_eq!(expired(&stage), [false, true]);
    let mut stage = Stage::relay(false);
    stage.tell(Event::Received(Down, 9));
    stage.expires(Timer::WriteUp);
    assert_eq!(expired(&stage), [false, false]);
}

#[test]
fn i19_the_first_end_that_is_not_clean_is_told() {
    let mut stage = Stage::relay(false);
    stage.tell(Event::Fin(Down));
    stage.fails(Up, Call::Read);
    let reset = (How::Abort(Cause::Reset), By::Origin, During::Tunnel);
    assert_eq!(word(&stage), reset);
    stage.tell(Event::Failed(Down, Cause::TimedOut, Call::Poll));
    assert_eq!(word(&stage), reset, "the first of them");
}

#[test]
fn i19_the_origin_of_an_exchange_ends_nothing_of_ours() {
    let mut stage = Stage::asked(GET);
    stage.fails(Up, Call::Read);
    assert_eq!(stage.session.report().ending, None, "U09");
    let mut stage = Stage::http(false);
    stage.tell(head(Down, Head::Request(post(500)), 10));
    let mut stage = stage.connected();
    stage.tell(whole(Up, Head::Response(OK), 20));
    stage.takes_all(Down);
    stage.expires(Timer::WriteUp);
    assert_eq!(
        word(&stage).0,
        How::Clean,
        "it has answered, and takes nothing"
    );
    let mut stage = Stage::asked(GET);
    stage.fails(Down, Call::Read);
    let reset = (How::Abort(Cause::Reset), By::Client, During::Exchange);
    assert_eq!(word(&stage), reset);
}

/// G4: in a drain it is not the client that waited too long.
#[test]
fn i19_a_quiet_client_that_a_drain_ends_has_waited_for_nothing() {
    for (mut stage, timer) in [
        (Stage::http(false), Timer::Head),
        (Stage::idle(false), Timer::Idle),
    ] {
        stage.tell(Event::Drained);
        stage.expires(timer);
        let (how, by, _) = word(&stage);
        assert_eq!((how, by), (How::Clean, By::Proxy));
    }
    let mut stage = Stage::idle(false);
    stage.expires(Timer::Idle);
    assert_eq!(word(&stage).0, How::Expired(Timer::Idle));
}

/// H12, G3: our own answer says whether it is the connection's last.
#[test]
fn g3_h07_an_answer_of_our_own_says_whether_it_is_the_last() {
    for (before, close) in [
        (None, false),
        (Some(Event::Drained), true),
        (Some(Event::Fin(Down)), true),
    ] {
        let mut stage = Stage::asked(GET);
        if let Some(event) = before {
            stage.tell(event);
        }
        stage.tell(partial(Up, 5));
        stage.tell(Event::Fin(Up));
        let said = stage.orders.iter().find_map(|order| match order {
            Effect::Reply(reply) => Some(reply.close),
            _ => None,
        });
        assert_eq!(said, Some(close), "{before:?}");
    }
}
