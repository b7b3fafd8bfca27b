//! The timers of LIFECYCLE section 3 that two legs, or two states of one, do not share; and what we
//! say and hear of how long an idle connection lives.

use crate::stage::{GET, OK, Stage, answer, body, head, whole};
use tidegate_core::{
    event::{Event, Head, Origin},
    http1::{BodyKind, RequestFacts, ResponseFacts},
    limits::{Timeouts, Waits},
    session::{Kind, Setup},
    side::Side::{self, Down, Up},
    spare::{Spare, Stay},
    time::{Span, Time},
    timer::Timer,
    vigil::{Keepalive, Vigil},
};

/// A session with these waits.
fn waiting(kind: Kind, change: impl FnOnce(&mut Timeouts)) -> Stage {
    let mut setup = Setup::new(kind, false);
    setup.timeouts = setup.timeouts.with(change);
    Stage::new(setup)
}

/// When the next timer fires, and which; nothing has happened later than at 0.
fn next(stage: &Stage) -> Option<(u64, Timer)> {
    let (at, timer) = stage.session.deadline()?;
    Some((at.as_ms() / 1_000, timer))
}

#[test]
fn write_stall_each_leg_has_its_own() {
    for (to, expected) in [(Down, (9, Timer::WriteDown)), (Up, (5, Timer::WriteUp))] {
        let stage = waiting(Kind::Tcp, |waits| {
            (waits.write, waits.write_up) = (Span::from_secs(9), Span::from_secs(5));
        });
        let mut stage = stage.connected();
        stage.tell(Event::Received(to.other(), 10));
        assert_eq!(next(&stage), Some(expected));
        // TCP_USER_TIMEOUT follows: no shorter than the questions take.
        let unacked = |side: Side| stage.session.vigil(side).and_then(|vigil| vigil.unacked);
        assert_eq!([Down, Up].map(unacked), [Some(Span::from_secs(120)); 2]);
    }
    let stage = waiting(Kind::Tcp, |waits| {
        (waits.write, waits.write_up) = (Span::from_secs(900), Span::from_secs(500));
    });
    let stage = stage.connected();
    let unacked = |side: Side| stage.session.vigil(side).and_then(|vigil| vigil.unacked);
    let expected = [900, 500].map(|secs| Some(Span::from_secs(secs)));
    assert_eq!([Down, Up].map(unacked), expected);
}

/// The last bytes of an answer, and our FIN, towards a client that takes nothing.
#[test]
fn h16_linger_stall_bounds_what_a_client_does_not_take_of_the_last_answer() {
    for (write, linger, expected) in [(60, 60, 60), (60, 7, 7), (7, 60, 60)] {
        let mut stage = waiting(Kind::Http, |waits| {
            waits.write = Span::from_secs(write);
            waits.linger_stall = Span::from_secs(linger);
        });
        let last = RequestFacts { close: true, ..GET };
        stage.ask(last);
        stage.tell(head(Up, answer(BodyKind::Length(100)), 20));
        assert_eq!(next(&stage), Some((write, Timer::WriteDown)));
        stage.takes_all(Down);
        stage.tell(whole(Up, Head::None, 100));
        stage.takes_all(Down);
        stage.tell(Event::Finished(Down));
        assert_eq!(next(&stage), Some((expected, Timer::WriteDown)), "{write}");
    }
}

/// And what ends it is told as any body's end is (U06, U14).
#[test]
fn w9b_an_event_stream_may_be_silent_for_as_long_as_a_tunnel() {
    for (event_stream, secs) in [(false, 60), (true, 3_600)] {
        let mut stage = Stage::http(false);
        stage.ask(GET);
        let facts = ResponseFacts {
            event_stream,
            body: BodyKind::Chunked,
            ..OK
        };
        stage.tell(head(Up, Head::Response(facts), 20));
        stage.takes_all(Down);
        assert_eq!(next(&stage), Some((secs, Timer::Body)));
        // What comes begins it anew, and the next answer on the leg is another one.
        stage.wait(Span::from_secs(secs - 1));
        stage.tell(body(Up, 10));
        stage.takes_all(Down);
        assert_eq!(next(&stage), Some((2 * secs - 1, Timer::Body)));
        stage.tell(whole(Up, Head::None, 5));
        stage.takes_all(Down);
        assert!(stage.is_idle());
        stage.ask(GET);
        stage.tell(head(Up, answer(BodyKind::Chunked), 20));
        stage.takes_all(Down);
        assert_eq!(next(&stage), Some((secs - 1 + 60, Timer::Body)));
    }
}

#[test]
fn user_timeout_is_as_long_as_it_is_given() {
    let keepalive = Keepalive {
        user_timeout: Some(Span::from_secs(200)),
        ..Keepalive::DEFAULT
    };
    let unacked = |keepalive: Keepalive, stall| keepalive.open(Span::from_secs(stall)).unacked;
    assert_eq!(unacked(keepalive, 900), Some(Span::from_secs(200)));
    assert_eq!(unacked(keepalive, 9), Some(Span::from_secs(200)));
    // K24: the kernel would give up before it has asked as often as it was told to.
    let short = Keepalive {
        user_timeout: Some(Span::from_secs(9)),
        ..keepalive
    };
    assert_eq!(unacked(short, 900), Some(keepalive.silence()));
    let silence: fn(Vigil) -> Span = Vigil::silence;
    assert_eq!(silence(keepalive.open(Span(0))), Span::from_secs(120));
}

#[test]
fn pool_idle_is_shorter_than_what_the_origin_says() {
    let waits = Waits::HTTP;
    let own = waits.with(|waits| {
        waits.pool_idle = Span::from_secs(9);
        waits.pool_idle_most = Span::from_secs(9);
    });
    for (timeouts, hint, expected) in [
        (waits, None, 4),
        (waits, Some(5), 3),
        (waits, Some(30), 28),
        (waits, Some(57), 55),
        (waits, Some(600), 55),
        (waits, Some(2), 0),
        (waits, Some(1), 0),
        (own, None, 9),
        (own, Some(600), 9),
        (own, Some(5), 3),
    ] {
        let spare = Spare::parked(Time(0), false, Stay { timeouts, hint });
        let due = Time(0) + Span::from_secs(expected);
        assert_eq!(spare.deadline(), Some((due, Timer::Idle)), "{hint:?}");
    }
}

#[test]
fn ka_idle_a_client_is_told_of_less_than_it_gets() {
    let announced = |idle, facts: RequestFacts| {
        let mut stage = waiting(Kind::Http, |waits| waits.idle = Span::from_ms(idle));
        stage.tell(whole(Down, Head::Request(facts), 10));
        stage.tell(Event::Connected(Origin::Fresh));
        stage.session.delivery(&OK).announced
    };
    let last = RequestFacts { close: true, ..GET };
    for (idle, facts, expected) in [
        (75_000, GET, 70),
        (75_999, GET, 70),
        (6_000, GET, 1),
        (5_999, GET, 0),
        (1_000, GET, 0),
        (75_000, last, 0),
    ] {
        assert_eq!(announced(idle, facts), expected, "{idle}");
    }
    // G3: a drain answers what it has, and that is the last.
    let mut stage = Stage::asked(GET);
    stage.tell(Event::Drained);
    assert_eq!(stage.session.delivery(&OK).announced, 0);
}

/// A relay may be silent for longer than an exchange.
#[test]
fn write_stall_a_relay_has_five_minutes_and_an_exchange_one() {
    for (timeouts, expected) in [(Timeouts::tcp(), 300), (Timeouts::http(), 60)] {
        let waits = [timeouts.write, timeouts.write_up, timeouts.linger_stall];
        assert_eq!(waits, [Span::from_secs(expected); 3]);
        let tunnels = [timeouts.tunnel_write, timeouts.tunnel_write_up];
        assert_eq!(tunnels, [Span::from_secs(300); 2]);
    }
}
