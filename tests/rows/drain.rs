//! LIFECYCLE 4.9, as far as one session hears of it.

use crate::stage::{GET, OK, Stage, answer, body, decoded, head, partial, post, whole};
use tidegate_core::{
    effect::Effect,
    ending::{By, Cause, During, Ending, How},
    event::{Call, Event, Head, Origin, Want},
    http1::BodyKind,
    interest::Read,
    session::{Kind, Phase, Session, Setup, Wait},
    side::Side::{Down, Up},
    time::{Span, Time},
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

/// Its client was told that the connection stays, and may have its next request on its way.
#[test]
fn g4_what_was_answered_to_stay_gets_one_more_request_with_close() {
    let mut stage = Stage::asked(GET);
    stage.tell(head(Up, answer(BodyKind::Length(5)), 60));
    assert_eq!(stage.tell(Event::Drained), []);
    stage.tell(body(Up, 5));
    stage.tell(whole(Up, Head::None, 0));
    assert!(!stage.session.interest(Down).last);
    assert_eq!(stage.takes_all(Down), [Effect::Park]);
    let least = Setup::new(Kind::Http, false).timeouts.idle_least;
    assert_eq!(stage.session.bound(Timer::Idle), Some(least));
    stage.ask(GET);
    assert!(stage.session.delivery(&OK).close, "this is the last");
    stage.tell(whole(Up, Head::Response(OK), 20));
    assert_eq!(stage.takes_all(Down), [Effect::Park, Effect::Finish(Down)]);
}

/// A further request whose first bytes are read while the one before it waits for its answer.
fn pipelined(mut stage: Stage) -> Stage {
    stage.tell(decoded(Down, Head::None, 0, false, 40, Want::Turn));
    stage
}

#[test]
fn i15_what_was_read_behind_a_request_is_served_too_and_the_answer_to_the_last_is_the_last() {
    let mut stage = pipelined(Stage::asked(GET));
    stage.tell(Event::Drained);
    assert!(!stage.session.delivery(&OK).close, "more has been read");
    stage.tell(whole(Up, Head::Response(OK), 20));
    assert!(!stage.session.interest(Down).last);
    assert_eq!(stage.takes_all(Down), [Effect::Park]);
    assert!(stage.session.interest(Down).decode.is_some());
    stage.ask(GET);
    assert!(stage.session.delivery(&OK).close, "this is the last");
    stage.tell(whole(Up, Head::Response(OK), 20));
    assert!(stage.session.interest(Down).last);
    assert_eq!(stage.takes_all(Down), [Effect::Park, Effect::Finish(Down)]);
}

#[test]
fn i15_so_is_what_was_read_behind_a_request_that_we_answer_ourselves() {
    let mut stage = pipelined(Stage::asked(GET));
    stage.tell(Event::Drained);
    stage.fails(Up, Call::Read);
    stage.expires(Timer::Connect);
    assert_eq!(stage.replied(), Some(504));
    assert!(!stage.takes_all(Down).contains(&Effect::Finish(Down)));
    assert!(stage.session.interest(Down).decode.is_some());
}

#[test]
fn i15_what_comes_behind_an_answer_that_says_close_is_not() {
    let mut stage = Stage::asked(GET);
    stage.tell(Event::Drained);
    stage.tell(head(Up, answer(BodyKind::Length(500)), 60));
    let mut stage = pipelined(stage);
    stage.tell(body(Up, 500));
    stage.tell(whole(Up, Head::None, 0));
    let orders = stage.takes_all(Down);
    assert!(orders.contains(&Effect::Finish(Down)), "{orders:?}");
    assert_eq!(stage.reads(Down), Read::Discard);
}

#[test]
fn i15_a_request_whose_body_is_still_on_its_way_may_be_the_last() {
    let mut stage = Stage::http(false);
    stage.tell(decoded(
        Down,
        Head::Request(post(500)),
        60,
        false,
        40,
        Want::Room,
    ));
    stage.tell(Event::Drained);
    stage.tell(Event::Connected(Origin::Fresh));
    assert!(stage.session.delivery(&OK).close);
}

/// Between two requests: one was answered, and the next was read behind it and not looked at yet.
pub(crate) fn read_behind() -> Stage {
    let mut setup = Setup::new(Kind::Http, false);
    setup.timeouts = setup
        .timeouts
        .with(|waits| waits.idle_least = Span::from_secs(0));
    let mut stage = Stage::new(setup);
    stage.tell(decoded(Down, Head::Request(GET), 10, true, 40, Want::Turn));
    let mut stage = stage.connected();
    stage.takes_all(Up);
    stage.tell(whole(Up, Head::Response(OK), 20));
    stage.takes_all(Down);
    stage
}

#[test]
fn i15_so_is_what_has_its_turn_when_the_drain_begins() {
    let mut stage = read_behind();
    assert_eq!(stage.tell(Event::Drained), [], "it is looked at first");
    assert!(stage.session.interest(Down).decode.is_some());
}

/// H13: an early answer has been taken, and ended, while its request is still on its way.
#[test]
fn i15_what_comes_behind_our_end_is_not() {
    let mut stage = Stage::http(false);
    stage.tell(head(Down, Head::Request(post(9)), 10));
    let mut stage = stage.connected();
    stage.takes_all(Up);
    stage.tell(Event::Drained);
    stage.tell(whole(Up, Head::Response(OK), 20));
    stage.tell(whole(Down, Head::None, 9));
    assert_eq!(stage.takes_all(Down), [Effect::Finish(Down)]);
    let mut stage = pipelined(stage);
    let orders = stage.takes_all(Up);
    assert!(
        matches!(orders[..], [Effect::Retire(_) | Effect::Park]),
        "{orders:?}"
    );
    assert_eq!(*stage.session.phase(), Phase::Closing);
}

#[test]
fn i15_what_was_read_and_is_no_request_keeps_nobody() {
    let mut stage = pipelined(Stage::asked(GET));
    stage.tell(Event::Drained);
    stage.tell(whole(Up, Head::Response(OK), 20));
    stage.takes_all(Down);
    // An empty line behind the request before (RFC 9112, 2.2).
    let begun = stage.now();
    stage.tell(partial(Down, 0));
    assert_eq!(stage.expires(Timer::Idle), [Effect::Finish(Down)]);
    assert_eq!(stage.now().since(begun), Span::from_secs(1));
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
    setup.timeouts = setup
        .timeouts
        .with(|waits| waits.idle_least = Span::from_secs(20));
    let mut stage = Stage::new(setup);
    stage.tell(Event::Drained);
    stage.expires(Timer::Head);
    assert_eq!(stage.now().as_ms(), 5_000);
}

#[test]
fn g4_who_comes_to_a_session_that_drains_gets_no_longer() {
    for (idle_least, wait) in [(1, 1_000), (20, 5_000)] {
        let mut setup = Setup::new(Kind::Http, true);
        setup.timeouts = setup
            .timeouts
            .with(|waits| waits.idle_least = Span::from_secs(idle_least));
        let mut session = Session::new(setup);
        let secured = Event::Secured(Down, tidegate_core::tls::Version::V13);
        for event in [Event::Accepted, Event::Drained, secured] {
            session.step(Time(0), event, &mut Vec::new());
        }
        assert_eq!(session.deadline(), Some((Time::from_ms(wait), Timer::Head)));
    }
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

/// What the deadline orders, and the session's last word.
fn cut(stage: &mut Stage) -> (Vec<Effect>, Ending) {
    let mut orders = stage.tell(Event::DrainExpired);
    assert!(matches!(orders.pop(), Some(Effect::End(_))), "{orders:?}");
    (orders, stage.ending())
}

fn deadline(during: During) -> Ending {
    Ending {
        how: How::Abort(Cause::Deadline),
        by: By::Proxy,
        during,
    }
}

#[test]
fn g9_the_deadline_resets_every_leg_at_once() {
    let both = vec![Effect::Reset(Down), Effect::Reset(Up)];
    for tls in [false, true] {
        let mut stage = Stage::relay(tls);
        stage.tell(Event::Drained);
        stage.tell(Event::Received(Down, 10));
        assert_eq!(cut(&mut stage), (both.clone(), deadline(During::Tunnel)));
    }
    let mut stage = Stage::asked(GET);
    assert_eq!(cut(&mut stage), (both, deadline(During::Exchange)));
    // I18: what is not there is not reset.
    let mut stage = Stage::new(Setup::new(Kind::Tcp, false));
    let orders = vec![Effect::Reset(Down), Effect::Cancel];
    assert_eq!(cut(&mut stage), (orders, deadline(During::Connect)));
    let mut stage = Stage::idle(false);
    let orders = vec![Effect::Reset(Down)];
    assert_eq!(cut(&mut stage), (orders, deadline(During::Idle)));
}

#[test]
fn g9_half_closed_or_flushing_it_is_the_same() {
    let mut stage = Stage::relay(false);
    stage.tell(Event::Fin(Down));
    stage.hears_end(Up);
    let both = vec![Effect::Reset(Down), Effect::Reset(Up)];
    assert_eq!(cut(&mut stage), (both, deadline(During::Tunnel)));
    let mut stage = Stage::relay(false);
    stage.tell(Event::Received(Down, 10));
    stage.fails(Down, Call::Read);
    let (orders, ending) = cut(&mut stage);
    assert_eq!(orders, [Effect::Reset(Up)]);
    // I19: the reset came first.
    assert_eq!(
        (ending.how, ending.by),
        (How::Abort(Cause::Reset), By::Client)
    );
}

#[test]
fn g8_g9_a_client_that_has_heard_all_loses_nothing_by_a_close() {
    let mut stage = Stage::idle(false);
    stage.wait(Span::from_secs(1));
    stage.tell(Event::Drained);
    stage.tell(Event::Finished(Down));
    let mut early = Stage::idle(false);
    early.wait(Span::from_secs(1));
    early.tell(Event::Drained);
    early.tell(Event::Finished(Down));
    stage.tell(Event::Acked(Down));
    let (orders, ending) = cut(&mut stage);
    assert_eq!(
        (orders, ending.how),
        (vec![Effect::Close(Down)], How::Clean)
    );
    // G8: a FIN that is not acknowledged is pending.
    let (orders, ending) = cut(&mut early);
    assert_eq!(orders, [Effect::Reset(Down)]);
    assert_eq!(ending, deadline(During::Closing));
}

#[test]
fn g9_every_leg_says_what_it_waits_for() {
    let waits = |stage: &Stage| [Down, Up].map(|side| stage.session.wait(side));
    let stage = Stage::new(Setup::new(Kind::Tcp, false));
    assert_eq!(waits(&stage), [Some(Wait::Bytes), Some(Wait::Connect)]);
    let mut stage = Stage::relay(true);
    stage.tell(Event::Received(Down, 10));
    assert_eq!(waits(&stage), [Some(Wait::Bytes), Some(Wait::Room)]);
    stage.takes_all(Up);
    stage.tell(Event::CloseNotify(Down));
    assert_eq!(waits(&stage), [Some(Wait::Other), Some(Wait::RoomForEnd)]);
    stage.tell(Event::Finished(Up));
    assert_eq!(waits(&stage)[1], Some(Wait::Acknowledgement));
    stage.tell(Event::Acked(Up));
    assert_eq!(waits(&stage)[1], Some(Wait::Bytes));
    // A client that has said close_notify still owes its FIN (T03).
    stage.tell(Event::Fin(Up));
    stage.hears_end(Down);
    assert_eq!(waits(&stage), [Some(Wait::LastWord), None]);
    let mut stage = Stage::http(false);
    assert_eq!(waits(&stage), [Some(Wait::Request), None]);
    stage.ask(GET);
    assert_eq!(waits(&stage), [Some(Wait::Other), Some(Wait::Answer)]);
    stage.tell(Event::Drained);
    stage.tell(whole(Up, Head::Response(OK), 20));
    stage.takes_all(Down);
    stage.hears_end(Down);
    assert_eq!(waits(&stage), [Some(Wait::LastWord), None]);
}

/// I15, H04: a drain hastens whoever says nothing; who has begun to ask has the time for a head.
#[test]
fn i15_h04_a_head_that_has_begun_has_its_time_in_a_drain_too() {
    let half_a_minute = Span::from_secs(30);
    for drained_first in [false, true] {
        let mut stage = Stage::new(Setup::new(Kind::Http, false));
        stage.wait(Span::from_ms(100));
        if drained_first {
            stage.tell(Event::Drained);
        }
        stage.tell(partial(Down, 5));
        stage.tell(Event::Drained);
        let begun = stage.now();
        stage.expires(Timer::Head);
        assert_eq!(stage.now().since(begun), half_a_minute);
        assert_eq!(stage.replied(), Some(408));
    }
}

/// G4: a second word hastens nobody once more.
#[test]
fn g4_a_second_word_takes_nothing_of_the_time_that_the_first_has_left() {
    let mut stage = Stage::asked(GET);
    stage.wait(Span::from_secs(50));
    stage.tell(head(Up, answer(BodyKind::Length(5)), 60));
    stage.tell(Event::Drained);
    stage.takes_all(Down);
    stage.wait(Span::from_secs(50));
    stage.tell(body(Up, 5));
    stage.tell(whole(Up, Head::None, 0));
    stage.takes_all(Down);
    let until = stage.session.deadline();
    assert_eq!(stage.tell(Event::Drained), []);
    assert_eq!(stage.session.deadline(), until);
}
