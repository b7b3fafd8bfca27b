//! The wait-for graph (I2, I3, I4, I11, I16): every test asks it after every step, so that it must
//! tell of what is stuck, and of nothing else. Here a rule or a driver is wrong on purpose.

use crate::stage::{GET, Stage, decoded, head, post, whole};
use tidegate_core::{
    event::{Event, Head, Want},
    interest::Read,
    session::{Kind, Session, Setup, Stuck},
    side::Side::{self, Down, Up},
    tls::hello::MOST_BYTES,
    variant::Variant,
};

fn setup(kind: Kind, tls: bool, variant: Option<Variant>) -> Setup {
    let mut setup = Setup::new(kind, tls);
    setup.limits.relay_bytes = 64;
    setup.variant = variant;
    setup
}

/// A relay with both legs open and one wrong rule.
fn wrong(tls: bool, variant: Variant) -> Stage {
    Stage::unchecked(setup(Kind::Tcp, tls, Some(variant))).connected()
}

#[test]
fn a_session_before_its_first_event_waits_for_nobody() {
    let session = Session::new(Setup::new(Kind::Http, true));
    assert_eq!(session.check(), Ok(()));
}

#[test]
fn i16_a_relay_holds_no_more_than_its_limit() {
    for side in Side::BOTH {
        let mut stage = Stage::unchecked(setup(Kind::Tcp, false, None)).connected();
        stage.tell(Event::Received(side, 64));
        assert_eq!(stage.session.check(), Ok(()));
        stage.tell(Event::Received(side, 1));
        assert_eq!(stage.session.check(), Err(Stuck::Overfull(side)));
    }
}

#[test]
fn i16_a_head_may_go_beyond_the_limit_by_what_it_grows() {
    let most = 64 + 2 * setup(Kind::Http, false, None).limits.head_bytes;
    for (bytes, verdict) in [(most, Ok(())), (most + 1, Err(Stuck::Overfull(Down)))] {
        let mut stage = Stage::unchecked(setup(Kind::Http, false, None));
        stage.tell(whole(Down, Head::Request(GET), bytes));
        assert_eq!(stage.session.check(), verdict, "{bytes}");
    }
}

#[test]
fn p3_i16_first_words_have_the_limit_of_a_client_hello() {
    let passed = |relay_bytes| {
        let mut setup = setup(Kind::Tcp, false, None);
        setup.passthrough = true;
        setup.limits.relay_bytes = relay_bytes;
        Stage::unchecked(setup)
    };
    let mut stage = passed(64);
    stage.tell(Event::Received(Down, MOST_BYTES));
    assert_eq!(stage.session.check(), Ok(()));
    stage.tell(Event::Received(Down, 1));
    assert_eq!(stage.session.check(), Err(Stuck::Overfull(Down)));
    let mut stage = passed(2 * MOST_BYTES);
    stage.tell(Event::Received(Down, 2 * MOST_BYTES));
    assert_eq!(stage.session.check(), Ok(()), "a relay's own limit holds");
}

#[test]
fn i2_bytes_that_a_fin_has_overtaken_are_stuck() {
    for side in Side::BOTH {
        let mut stage = wrong(false, Variant::FinOvertakes);
        stage.tell(Event::Received(side, 9));
        assert_eq!(stage.session.check(), Ok(()));
        stage.tell(Event::Fin(side));
        assert_eq!(stage.session.check(), Err(Stuck::Bytes(side.other())));
    }
}

#[test]
fn i3_an_end_that_was_not_passed_on_is_stuck_once_its_bytes_have_left() {
    let mut stage = wrong(false, Variant::FinForgotten);
    stage.tell(Event::Received(Down, 9));
    stage.tell(Event::Fin(Down));
    assert_eq!(stage.session.check(), Ok(()), "it waits for its bytes");
    stage.takes_all(Up);
    assert_eq!(stage.session.check(), Err(Stuck::Fin(Down)));
}

#[test]
fn i4_a_truncation_that_was_not_passed_on_is_stuck() {
    let mut stage = wrong(true, Variant::ResetAsFin);
    stage.tell(Event::Fin(Down));
    assert_eq!(stage.session.check(), Err(Stuck::Abort(Down)));
}

/// MUSEUM 2: bytes of a body that are taken for a want of room are read no further; before there are
/// any, nothing is wrong.
#[test]
fn r22_a_body_that_nobody_reads_on_is_stuck() {
    let variant = Some(Variant::BytesTakenForRoom);
    let mut stage = Stage::unchecked(setup(Kind::Http, false, variant));
    stage.tell(head(Down, Head::Request(post(500)), 10));
    let mut stage = stage.connected();
    stage.takes_all(Up);
    assert!(matches!(stage.reads(Down), Read::Take(_)));
    assert_eq!(stage.session.check(), Ok(()));
    let wants_bytes = decoded(Down, Head::None, 0, false, 3, Want::Bytes);
    stage.tell(wants_bytes);
    assert_eq!(stage.reads(Down), Read::Off);
    assert_eq!(stage.session.check(), Err(Stuck::Unread(Down)));
}
