//! LIFECYCLE 4.9, as far as one session hears of it.

use crate::stage::{GET, OK, Stage, whole};
use tidegate_core::{
    effect::Effect,
    event::{Event, Head},
    session::{Kind, Phase, Setup},
    side::Side::{Down, Up},
    time::Span,
    timer::Timer,
};

#[test]
fn g3_what_is_in_flight_is_finished_and_is_the_last() {
    let mut stage = Stage::asked(GET);
    assert_eq!(stage.tell(Event::Drained), []);
    stage.tell(whole(Up, Head::Response(OK), 20));
    let orders = stage.takes_all(Down);
    assert!(orders.contains(&Effect::Finish(Down)), "{orders:?}");
}

#[test]
fn g4_who_was_quiet_for_longer_than_t_ka_min_is_closed_at_once() {
    for mut stage in [Stage::http(false), Stage::idle(false)] {
        stage.wait(Span::from_ms(1_000));
        assert_eq!(stage.tell(Event::Drained), [Effect::Finish(Down)]);
    }
}

#[test]
fn g4_who_was_not_gets_the_rest_of_t_ka_min() {
    for (mut stage, timer) in [
        (Stage::http(false), Timer::Head),
        (Stage::idle(false), Timer::Idle),
    ] {
        stage.wait(Span::from_ms(400));
        let begun = stage.now();
        assert_eq!(stage.tell(Event::Drained), []);
        assert_eq!(stage.expires(timer), [Effect::Finish(Down)]);
        assert_eq!(stage.now().since(begun), Span::from_ms(600));
    }
}

#[test]
fn g4_nobody_who_is_quiet_outlives_the_drain_by_more_than_5_s() {
    let mut setup = Setup::new(Kind::Http, false);
    setup.timeouts.idle_least = Span::from_secs(20);
    let mut stage = Stage::new(setup);
    stage.tell(Event::Drained);
    stage.expires(Timer::Head);
    assert_eq!(stage.now().as_ms(), 5_000);
}

#[test]
fn g4_a_request_that_was_on_its_way_is_the_last() {
    for mut stage in [Stage::http(false), Stage::idle(true)] {
        stage.tell(Event::Drained);
        stage.ask(GET);
        stage.tell(whole(Up, Head::Response(OK), 20));
        let orders = stage.takes_all(Down);
        assert!(orders.contains(&Effect::Finish(Down)), "{orders:?}");
    }
}

#[test]
fn g6_a_relay_is_left_alone() {
    let mut stage = Stage::relay(false);
    assert_eq!(stage.tell(Event::Drained), []);
    stage.tell(Event::Received(Up, 10));
    stage.takes_all(Down);
    assert_eq!(stage.tell(Event::Fin(Down)), [Effect::Finish(Up)]);
    assert_eq!(stage.session.phase(), &Phase::Tunnel);
}
