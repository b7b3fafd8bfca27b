//! LIFECYCLE 4.14: what a report says of a leg that never came to be, and of one that only left.

use crate::stage::{self, Stage};
use tidegate_core::{
    effect::Effect,
    ending::{By, Cause, End},
    event::{Call, Event, Head, Origin, Refusal},
    leg::ReadEnd,
    report::LegReport,
    session::{Kind, Session, Setup},
    side::Side::{self, Down, Up},
    time::Time,
    timer::Timer,
    tls::Version,
};

fn failure(leg: &LegReport) -> Option<(Cause, By)> {
    leg.failed.map(|failed| (failed.cause, failed.by))
}

fn heard(leg: &LegReport) -> Option<(End, By)> {
    leg.heard.map(|heard| (heard.end, heard.by))
}

/// What is told of a leg after some events, from the first on.
fn told(setup: Setup, side: Side, events: &[Event]) -> LegReport {
    let mut session = Session::new(setup);
    session.step(Time(0), Event::Accepted, &mut Vec::new());
    for event in events {
        let now = match event {
            Event::Fired => session.deadline().unwrap().0,
            _ => Time(0),
        };
        session.step(now, *event, &mut Vec::new());
    }
    session.leg_report(side)
}

#[test]
fn r21_i19_a_connect_that_came_to_nothing_is_the_origins_failure() {
    let refused = Event::Unconnected(Refusal::Failed(Cause::Refused));
    for kind in [Kind::Tcp, Kind::Http] {
        let events: &[Event] = match kind {
            Kind::Tcp => &[refused],
            Kind::Http => {
                let request = Head::Request(stage::GET);
                &[stage::whole(Down, request, 10), refused]
            }
        };
        let leg = told(Setup::new(kind, false), Up, events);
        assert_eq!(failure(&leg), Some((Cause::Refused, By::Origin)));
    }
}

#[test]
fn t14_i19_a_handshake_of_ours_that_came_to_nothing_is_the_origins_failure() {
    let request = stage::whole(Down, Head::Request(stage::GET), 10);
    let connected = Event::Connected(Origin::Fresh);
    let cases = [
        (
            Event::Failed(Up, Cause::Certificate, Call::Read),
            Cause::Certificate,
            By::Origin,
        ),
        (Event::Fin(Up), Cause::Tls, By::Origin),
        (Event::Fired, Cause::Expired(Timer::TlsUp), By::Proxy),
    ];
    for (event, cause, by) in cases {
        for (kind, before) in [
            (Kind::Tcp, &[connected][..]),
            (Kind::Http, &[request, connected]),
        ] {
            let mut setup = Setup::new(kind, false);
            setup.up_tls = true;
            let leg = told(setup, Up, &[before, &[event]].concat());
            assert_eq!(failure(&leg), Some((cause, by)), "{kind:?}: {event:?}");
        }
    }
}

#[test]
fn t14_i19_a_client_that_leaves_its_handshake_has_not_failed_and_one_that_sleeps_has() {
    let setup = Setup::new(Kind::Http, true);
    let leg = told(setup, Down, &[Event::Fin(Down)]);
    assert_eq!(heard(&leg), Some((End::Truncated, By::Client)));
    assert_eq!(failure(&leg), None);
    let leg = told(setup, Down, &[Event::Fired]);
    let expired = Cause::Expired(Timer::Tls);
    assert_eq!(failure(&leg), Some((expired, By::Proxy)));
}

#[test]
fn p1_i19_a_client_that_resets_before_it_is_routed_has_failed() {
    let mut setup = Setup::new(Kind::Tcp, false);
    setup.passthrough = true;
    let leg = told(
        setup,
        Down,
        &[Event::Failed(Down, Cause::TimedOut, Call::Read)],
    );
    assert_eq!(failure(&leg), Some((Cause::TimedOut, By::Client)));
}

#[test]
fn i19_a_clean_end_is_no_failure() {
    for side in Side::BOTH {
        let mut stage = Stage::relay(false);
        stage.tell(Event::Fin(side));
        let leg = stage.session.leg_report(side);
        assert_eq!(leg.failed, None);
        assert_eq!(leg.heard.map(|heard| heard.end), Some(End::Clean));
    }
}

/// T14: a client that fails inside its handshake is reset at once, whichever call told of it: only an
/// alert of ours would have to leave first.
#[test]
fn t14_a_handshake_that_fails_is_over_at_once_unless_an_alert_is_to_leave() {
    for (cause, over) in [(Cause::Reset, true), (Cause::Tls, false)] {
        for call in [Call::Read, Call::Poll] {
            let mut session = Session::new(Setup::new(Kind::Tcp, true));
            let mut orders = Vec::new();
            session.step(Time(0), Event::Accepted, &mut orders);
            session.step(Time(0), Event::Failed(Down, cause, call), &mut orders);
            assert_eq!(session.is_closed(), over, "{cause:?} {call:?}: {orders:?}");
            assert_eq!(orders.contains(&Effect::Reset(Down)), over);
        }
    }
}

/// T09: an alert on one leg says nothing of the other.
#[test]
fn t09_a_tls_failure_of_an_origin_leaves_the_clients_end_as_it_is() {
    let mut setup = Setup::new(Kind::Tcp, false);
    setup.up_tls = true;
    let mut stage = Stage::new(setup).connected();
    stage.tell(Event::Secured(Up, Version::V13));
    stage.tell(Event::Received(Up, 9));
    stage.tell(Event::Fin(Down));
    stage.tell(Event::Failed(Up, Cause::Tls, Call::Read));
    let client = stage.session.leg(Down).open().unwrap();
    assert!(!client.tls);
    assert_eq!(client.read, ReadEnd::Fin(End::Clean));
    assert!(stage.is_aborting(Down));
}
