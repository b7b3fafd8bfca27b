//! What the kernel is told to watch for (LIFECYCLE section 3, K13, K24 to K26), state by state.

use crate::{
    stage::{GET, Stage},
    tunnel::{UPGRADE, switch},
};
use tidegate_core::{
    event::Event,
    limits::Waits,
    session::{Kind, Setup},
    side::Side::{self, Down, Up},
    time::{Span, Time},
    timer::Timer,
    vigil::Vigil,
};

/// Idle and user timeout of both legs, in seconds.
fn watched(stage: &Stage) -> [Option<(u64, Option<u64>)>; 2] {
    let seconds = |span: Span| span.as_ms() / 1_000;
    [Down, Up].map(|side| {
        let vigil = stage.session.vigil(side)?;
        assert_eq!((seconds(vigil.interval), vigil.probes), (15, 4));
        Some((seconds(vigil.idle), vigil.unacked.map(seconds)))
    })
}

const OPEN: Option<(u64, Option<u64>)> = Some((60, Some(300)));
const HALF: Option<(u64, Option<u64>)> = Some((15, None));

#[test]
fn r06_from_the_first_fin_on_both_legs_are_asked_sooner() {
    for side in Side::BOTH {
        let mut stage = Stage::relay(false);
        assert_eq!(watched(&stage), [OPEN; 2]);
        stage.tell(Event::Fin(side));
        // Ours is on its way on the other leg.
        assert_eq!(watched(&stage)[side as usize], HALF);
        assert_eq!(watched(&stage)[side.other() as usize], OPEN);
        stage.tell(Event::Finished(side.other()));
        assert_eq!(
            watched(&stage)[side.other() as usize],
            Some((15, Some(300)))
        );
        stage.tell(Event::Acked(side.other()));
        assert_eq!(watched(&stage), [HALF; 2]);
        let silence = stage.session.vigil(side).map(Vigil::silence);
        // S22, K26: below what a packet filter waits, and 80 s in all.
        assert_eq!(silence, Some(Span::from_secs(75)));
    }
}

#[test]
fn r06_bytes_for_a_half_closed_peer_may_take_as_long_as_t_write_stall() {
    let mut stage = Stage::relay(false);
    stage.tell(Event::Fin(Down));
    stage.tell(Event::Received(Up, 9));
    assert_eq!(watched(&stage)[0], Some((15, Some(300))), "K24");
    stage.takes_all(Down);
    assert_eq!(watched(&stage)[0], HALF);
}

#[test]
fn r17_a_hint_changes_the_keepalive_and_nothing_else() {
    let mut stage = Stage::relay(false);
    stage.tell(Event::Received(Down, 64));
    assert!(stage.session.observes_hints(Down), "nothing is read");
    assert!(
        !stage.session.observes_hints(Up),
        "a reader sees it by itself"
    );
    let before = stage.session.clone();
    assert_eq!(stage.tell(Event::Hinted(Down)), []);
    assert_eq!(watched(&stage), [HALF, OPEN]);
    assert!(!stage.session.observes_hints(Down), "once is enough");
    for side in Side::BOTH {
        assert_eq!(stage.session.interest(side), before.interest(side));
        assert_eq!(stage.session.leg(side).end(), before.leg(side).end());
    }
    assert_eq!(stage.session.timers(), before.timers());
}

#[test]
fn k24_the_user_timeout_is_never_shorter_than_the_questions_take() {
    // With a user timeout, Linux no longer counts its questions: one lost would be enough.
    let mut stage = Stage::asked(GET);
    assert_eq!(watched(&stage), [Some((60, Some(120))); 2]);
    stage.tell(Event::Fin(Down));
    assert_eq!(watched(&stage)[0], HALF);
}

/// U01, K13: an idle connection of the pool, and one on its way out, are watched over like any other.
#[test]
fn u01_u12_a_spare_leg_is_watched_until_it_is_gone() {
    use tidegate_core::spare::{Event, Spare};
    let mut spare = Spare::parked(Time(0), false, Waits::HTTP.into());
    let seconds = |span: Span| span.as_ms() / 1_000;
    let watched = |spare: &Spare| {
        let vigil = spare.vigil()?;
        Some((seconds(vigil.idle), vigil.unacked.map(seconds)))
    };
    // K24: the questions take longer than an HTTP leg may stall.
    assert_eq!(watched(&spare), Some((60, Some(120))));
    for (event, expected) in [
        (Event::Received, Some((60, Some(120)))),
        (Event::Finished, Some((15, Some(75)))),
        (Event::Acked, HALF),
        (Event::Fin, None),
    ] {
        spare.step(Time(0), event, &mut Vec::new());
        assert_eq!(watched(&spare), expected, "{event:?}");
    }
}

#[test]
fn w9_a_tunnel_that_began_as_an_exchange_stalls_as_a_tunnel() {
    let mut stage = Stage::asked(UPGRADE);
    stage.tell(switch(101, 0));
    // The switch itself is still HTTP's to deliver, and armed anew.
    assert_eq!(watched(&stage), [OPEN; 2]);
    assert_eq!(
        stage.session.bound(Timer::WriteDown),
        Some(Span::from_secs(300))
    );
    stage.takes_all(Down);
    stage.tell(Event::Received(Down, 9));
    assert_eq!(
        stage.session.bound(Timer::WriteUp),
        Some(Span::from_secs(300))
    );
    stage.expires(Timer::WriteUp);
    assert_eq!(stage.now().as_ms(), 300_000);
}

#[test]
fn r06_t_half_idle_bounds_what_has_half_ended() {
    let mut setup = Setup::new(Kind::Tcp, false);
    setup.timeouts = setup
        .timeouts
        .with(|waits| waits.half_idle = Span::from_secs(90));
    let mut stage = Stage::new(setup).connected();
    assert_eq!(
        stage.session.bound(Timer::Tunnel),
        Some(Span::from_secs(3600))
    );
    stage.wait(Span::from_secs(100));
    stage.tell(Event::Fin(Down));
    stage.hears_end(Up);
    stage.wait(Span::from_secs(60));
    // Never absolute: a byte begins it anew.
    stage.tell(Event::Received(Up, 1));
    stage.takes_all(Down);
    let begun = stage.now();
    stage.expires(Timer::Tunnel);
    assert_eq!(stage.now().since(begun), Span::from_secs(90));
}
