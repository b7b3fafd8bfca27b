//! R01 in one step: what comes into a tunnel that holds nothing, and leaves as it comes, is told as one
//! (`Session::passed`). It is the two steps that it stands for, and nothing else.

use crate::{
    stage::{GET, Stage, answer, head},
    tunnel::{UPGRADE, kept, switch},
};
use tidegate_core::{
    effect::Effect,
    event::Event,
    http1::BodyKind,
    session::{Kind, Setup, TunnelClose},
    side::Side::{self, Down, Up},
    time::Span,
    timer::Timer,
};

fn passes(stage: &Stage) -> [bool; 2] {
    [Down, Up].map(|side| stage.session.passes(side))
}

#[test]
fn r01_bytes_that_leave_as_they_come_are_two_steps_in_one() {
    for side in Side::BOTH {
        let mut stage = Stage::relay(false);
        let later = stage.now() + Span::from_secs(7);
        let mut at_once = stage.session.clone();
        at_once.passed(later, side, 64);
        stage.wait(Span::from_secs(7));
        stage.tell(Event::Received(side, 64));
        stage.takes_all(side.other());
        assert_eq!(at_once, stage.session);
        // Its sums and times are no part of the state.
        assert_eq!(at_once.report(), stage.session.report());
        let idle = stage.session.setup().timeouts.tunnel;
        assert_eq!(at_once.deadline(), Some((later + idle, Timer::Tunnel)));
    }
}

#[test]
fn r01_nothing_passes_beside_bytes_that_wait_or_an_end() {
    for side in Side::BOTH {
        let mut stage = Stage::relay(false);
        assert_eq!(passes(&stage), [true; 2]);
        stage.tell(Event::Received(side, 9));
        assert!(!stage.session.passes(side), "9 bytes are before it");
        assert!(stage.session.passes(side.other()), "each by itself");
        stage.takes_all(side.other());
        stage.tell(Event::Piped(side, 256));
        assert!(!stage.session.passes(side), "a pipe takes it");
        stage.tell(Event::Copied(side));
        assert_eq!(passes(&stage), [true; 2]);
        stage.tell(Event::Fin(side));
        assert_eq!(
            passes(&stage),
            [false; 2],
            "R02: its end is to be passed on"
        );
    }
}

#[test]
fn r01_nothing_passes_outside_a_tunnel_nor_before_its_first_words() {
    assert_eq!(passes(&Stage::idle(false)), [false; 2]);
    let mut stage = Stage::asked(GET);
    stage.tell(head(Up, answer(BodyKind::Length(9)), 20));
    stage.takes_all(Down);
    assert_eq!(passes(&stage), [false; 2], "a body is counted");
    // W1: what was read with the head is first.
    let mut stage = Stage::asked(UPGRADE);
    stage.tell(kept(5));
    stage.tell(switch(101, 0));
    stage.takes_all(Down);
    assert!(!stage.session.passes(Down));
    assert!(stage.session.passes(Up));
}

#[test]
fn r02_a_fin_behind_which_nothing_waits_finishes_the_other_leg_and_nothing_else() {
    let ends = |stage: &Stage| [Down, Up].map(|side| stage.session.ends_at_once(side));
    for side in Side::BOTH {
        let mut stage = Stage::relay(false);
        assert_eq!(ends(&stage), [true; 2]);
        stage.tell(Event::Received(side, 9));
        assert!(!stage.session.ends_at_once(side), "R03: it waits for them");
        stage.takes_all(side.other());
        assert_eq!(stage.tell(Event::Fin(side)), [Effect::Finish(side.other())]);
        assert_eq!(ends(&stage), [false; 2]);
    }
    // T05: without a close_notify it is no end.
    assert_eq!(ends(&Stage::relay(true)), [false, true]);
    assert_eq!(ends(&Stage::idle(false)), [false; 2]);
    let mut setup = Setup::new(Kind::Http, false);
    setup.policy.tunnel_close = TunnelClose::Both;
    let mut stage = Stage::new(setup);
    stage.ask(UPGRADE);
    stage.tell(switch(101, 0));
    stage.takes_all(Down);
    assert_eq!(passes(&stage), [true; 2]);
    assert_eq!(ends(&stage), [false; 2], "RFC 9110, 9.3.6: both are closed");
}
