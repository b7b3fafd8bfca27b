//! LIFECYCLE 4.3: TLS ended here, the origin in plain.

use crate::stage::Stage;
use tidegate_core::{
    effect::Effect,
    ending::{Cause, How},
    event::{Call, Event},
    interest::Read,
    session::{Kind, Setup},
    side::Side::{Down, Up},
    time::Span,
    timer::Timer,
    tls::BareFin,
};

#[test]
fn t01_a_close_notify_ends_one_direction_behind_its_plaintext() {
    let mut stage = Stage::relay(true);
    stage.tell(Event::Received(Down, 9));
    assert_eq!(stage.tell(Event::CloseNotify(Down)), []);
    assert_eq!(stage.takes_all(Up), [Effect::Finish(Up)]);
    // Our own direction stays open, and no close_notify answers by itself.
    stage.tell(Event::Received(Up, 5));
    assert_eq!(stage.writes(Down), 5);
    assert!(!stage.has_finished(Down));
}

#[test]
fn t02_what_waits_for_a_client_that_has_said_close_notify_is_delivered() {
    let mut stage = Stage::relay(true);
    stage.tell(Event::Received(Up, 5));
    assert_eq!(stage.tell(Event::CloseNotify(Down)), [Effect::Finish(Up)]);
    assert_eq!(stage.writes(Down), 5);
    stage.takes_all(Down);
    assert_eq!(stage.tell(Event::Fin(Up)), [Effect::Finish(Down)]);
}

#[test]
fn t03_a_fin_behind_a_close_notify_says_nothing_more() {
    let mut stage = Stage::relay(true);
    stage.tell(Event::CloseNotify(Down));
    assert_eq!(stage.tell(Event::Fin(Down)), []);
    assert!(!stage.is_aborting(Up) && stage.has_finished(Up));
}

#[test]
fn t04_what_follows_a_close_notify_is_read_and_thrown_away() {
    let mut stage = Stage::relay(true);
    stage.tell(Event::CloseNotify(Down));
    assert_eq!(stage.reads(Down), Read::Discard);
}

#[test]
fn t05_a_bare_fin_is_a_truncation() {
    let mut stage = Stage::relay(true);
    stage.tell(Event::Received(Down, 9));
    assert_eq!(stage.tell(Event::Fin(Down)), []);
    assert!(stage.is_aborting(Up));
    assert_eq!(stage.takes_all(Up), []);
    assert_eq!(stage.tell(Event::Acked(Up)), [Effect::Reset(Up)]);
    stage.tell(Event::Acked(Down));
    assert_eq!(stage.ending().how, How::Truncated);
    assert!(!stage.has_finished(Up));
}

#[test]
fn t05_a_listener_may_take_a_bare_fin_for_an_end() {
    let mut setup = Setup::new(Kind::Tcp, true);
    setup.policy.bare_fin = BareFin::Clean;
    let mut stage = Stage::new(setup).connected();
    assert_eq!(stage.tell(Event::Fin(Down)), [Effect::Finish(Up)]);
}

#[test]
fn t05_the_other_direction_goes_on_until_the_reset() {
    let mut stage = Stage::relay(true);
    stage.tell(Event::Received(Down, 9));
    stage.tell(Event::Fin(Down));
    assert_eq!(stage.reads(Up), Read::Take(64));
    stage.tell(Event::Received(Up, 5));
    assert_eq!(stage.writes(Down), 5);
}

#[test]
fn t06_a_broken_record_aborts_behind_the_plaintext_before_it() {
    for cause in [Cause::Tls, Cause::Reset] {
        let mut stage = Stage::relay(true);
        stage.tell(Event::Received(Down, 9));
        stage.tell(Event::Failed(Down, cause, Call::Read));
        assert!(stage.is_aborting(Up));
        assert_eq!(stage.takes_all(Up), []);
        assert_eq!(stage.tell(Event::Acked(Up))[0], Effect::Reset(Up));
        assert!(!stage.has_finished(Up));
    }
}

#[test]
fn t06_our_alert_leaves_before_the_reset_unless_the_transport_fails_too() {
    let broken = Event::Failed(Down, Cause::Tls, Call::Read);
    let mut stage = Stage::relay(true);
    stage.tell(broken);
    assert!(stage.is_aborting(Down));
    assert_eq!(stage.tell(Event::Acked(Down)), [Effect::Reset(Down)]);
    let mut stage = Stage::relay(true);
    stage.tell(broken);
    assert_eq!(stage.fails(Down, Call::Poll), [Effect::Reset(Down)]);
}

#[test]
fn t08_the_origins_fin_is_one_order_and_the_client_is_read_on() {
    let mut stage = Stage::relay(true);
    stage.tell(Event::Received(Up, 5));
    stage.tell(Event::Fin(Up));
    assert_eq!(stage.takes_all(Down), [Effect::Finish(Down)]);
    assert_eq!(stage.hears_end(Down), []);
    assert_eq!(stage.reads(Down), Read::Take(64));
    stage.tell(Event::Received(Down, 3));
    assert_eq!(stage.writes(Up), 3);
}

#[test]
fn t09_the_origins_reset_is_passed_on_without_close_notify() {
    let mut stage = Stage::relay(true);
    stage.tell(Event::Received(Up, 5));
    stage.fails(Up, Call::Read);
    assert_eq!(stage.takes_all(Down), []);
    assert_eq!(stage.tell(Event::Acked(Down))[0], Effect::Reset(Down));
    assert!(!stage.has_finished(Down));
}

#[test]
fn t12_a_close_notify_that_does_not_fit_is_bounded_by_the_stall() {
    let mut stage = Stage::relay(true);
    stage.tell(Event::Fin(Up));
    stage.wait(Span::from_secs(299));
    let orders = stage.expires(Timer::WriteDown);
    assert!(orders.contains(&Effect::Reset(Down)), "{orders:?}");
}

#[test]
fn t13_a_close_notify_is_owed_to_a_client_that_has_closed_and_its_reset_is_nothing() {
    let mut stage = Stage::relay(true);
    stage.tell(Event::CloseNotify(Down));
    stage.tell(Event::Fin(Down));
    stage.hears_end(Up);
    assert_eq!(
        stage.tell(Event::Fin(Up)),
        [Effect::Finish(Down), Effect::Close(Up)]
    );
    stage.fails(Down, Call::Finish);
    assert_eq!(stage.ending().how, How::Clean);
}

#[test]
fn t17_plaintext_inside_the_engine_is_not_yet_sent() {
    let mut stage = Stage::relay(true);
    stage.tell(Event::Received(Up, 5));
    stage.tell(Event::Fin(Up));
    stage.wait(Span::from_secs(200));
    assert_eq!(stage.tell(Event::Sent(Down, 0)), []);
    assert_eq!(stage.writes(Down), 5);
    // A part of a record is progress all the same (I10).
    stage.wait(Span::from_secs(200));
    assert_eq!(stage.takes_all(Down), [Effect::Finish(Down)]);
}

#[test]
fn t06_a_leg_that_fails_before_its_alert_has_left_is_reset() {
    for call in [Call::Poll, Call::Write] {
        let mut stage = Stage::relay(true);
        stage.tell(Event::Failed(Down, Cause::Tls, Call::Read));
        assert!(stage.is_aborting(Down));
        // Nobody acknowledges anything on it any more: to ask again would be to ask for ever.
        assert_eq!(stage.fails(Down, call)[0], Effect::Reset(Down));
        assert!(!stage.session.interest(Down).acked);
    }
}

/// R08, T03: nothing can come of a client any more that has said close_notify, and has acknowledged ours: its FIN
/// is waited for as everywhere else, and not for an hour.
#[test]
fn r08_t03_a_client_that_keeps_its_fin_is_let_go_of() {
    let mut stage = Stage::relay(true);
    stage.tell(Event::CloseNotify(Down));
    stage.hears_end(Up);
    stage.tell(Event::Fin(Up));
    stage.hears_end(Down);
    let heard = stage.now();
    assert!(stage.session.is_lingering());
    let orders = stage.expires(Timer::Linger);
    assert_eq!(orders[0], Effect::Close(Down));
    assert_eq!(stage.now().since(heard), Span::from_secs(2));
    assert_eq!(stage.ending().how, How::Clean);
}

/// G8: and a drain's deadline takes nothing from it.
#[test]
fn g8_a_client_that_keeps_its_fin_is_closed_at_the_deadline_and_not_reset() {
    let mut stage = Stage::relay(true);
    stage.tell(Event::CloseNotify(Down));
    stage.hears_end(Up);
    stage.tell(Event::Fin(Up));
    stage.hears_end(Down);
    assert_eq!(stage.tell(Event::DrainExpired)[0], Effect::Close(Down));
}
