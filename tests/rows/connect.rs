//! LIFECYCLE 4.1, while the upstream leg of a relay is being dialled.

use crate::stage::Stage;
use tidegate_core::{
    effect::Effect,
    ending::Cause,
    event::{Call, Event, Refusal},
    session::{Kind, Setup},
    side::Side::{Down, Up},
    time::Span,
    timer::Timer,
};

#[test]
fn r19_a_fin_while_connecting_waits_for_the_connect_and_the_bytes() {
    let mut stage = Stage::new(Setup::new(Kind::Tcp, false));
    stage.tell(Event::Received(Down, 1));
    assert_eq!(stage.tell(Event::Fin(Down)), []);
    let mut stage = stage.connected();
    assert_eq!(stage.takes_all(Up), [Effect::Finish(Up)]);
}

#[test]
fn r20_a_reset_while_connecting_cancels_the_connect() {
    let mut stage = Stage::new(Setup::new(Kind::Tcp, false));
    let orders = stage.fails(Down, Call::Read);
    assert!(orders.contains(&Effect::Cancel), "{orders:?}");
    assert!(stage.session.is_closed());
}

#[test]
fn r21_a_connect_that_fails_is_a_reset_and_never_an_empty_clean_end() {
    let mut stage = Stage::new(Setup::new(Kind::Tcp, false));
    stage.tell(Event::Unconnected(Refusal::Failed(Cause::Refused)));
    assert_eq!(stage.tell(Event::Acked(Down))[0], Effect::Reset(Down));
    assert!(!stage.has_finished(Down));
}

#[test]
fn r21_each_try_has_a_time_of_its_own() {
    let mut stage = Stage::new(Setup::new(Kind::Tcp, false));
    let whole = stage.session.setup().timeouts.connect;
    for _ in 0..2 {
        stage.wait(Span(whole.0 - 1));
        assert_eq!(stage.tell(Event::Redialled), []);
    }
    stage.wait(Span(whole.0 - 1));
    assert!(stage.expires(Timer::Connect).contains(&Effect::Cancel));
}
