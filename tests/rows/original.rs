//! The report that started this project (MUSEUM 1.1): a client's FIN that is answered only when a
//! timer of the origin's runs out. With the two wrong rules the core shows exactly that; with the
//! right ones the same script is answered at once.

use crate::stage::{GET, Stage, answer, decoded, head};
use tidegate_core::{
    effect::Effect,
    event::{Event, Head, Want},
    http1::{BodyKind, RequestFacts},
    interest::Read,
    session::{Kind, Setup, Stuck},
    side::Side::{Down, Up},
    time::Span,
    timer::Timer,
    variant::Variant,
};

const CLOSING: RequestFacts = RequestFacts { close: true, ..GET };

/// A slow reader, a chunked answer, a decoder that stops on a boundary when the relay is full;
/// then the client takes everything. The wait-for graph is not walked: it would tell at once.
fn stalled(variant: Option<Variant>) -> Stage {
    let mut setup = Setup::new(Kind::Http, true);
    setup.limits.relay_bytes = 64;
    setup.variant = variant;
    let mut stage = Stage::unchecked(setup);
    stage.ask(CLOSING);
    stage.tell(head(Up, answer(BodyKind::Chunked), 20));
    // The relay is full, and the last chunk is what was read and not understood.
    stage.tell(decoded(Up, Head::None, 44, false, 5, Want::Room));
    assert_eq!(stage.reads(Up), Read::Off);
    stage.wait(Span::from_ms(2_500));
    assert_eq!(stage.takes_all(Down), []);
    stage
}

#[test]
fn the_right_rules_answer_the_fin_at_once() {
    let mut stage = stalled(None);
    // What was read leads back to the decoder, and the client is read all the time.
    assert!(stage.session.interest(Up).decode.is_some());
    assert_eq!(stage.reads(Down), Read::Take(69_632));
    assert_eq!(stage.session.check(), Ok(()));
    stage.tell(Event::CloseNotify(Down));
    stage.tell(Event::Fin(Down));
    stage.tell(decoded(Up, Head::None, 5, true, 0, Want::Turn));
    assert_eq!(stage.takes_all(Down), [Effect::Park, Effect::Finish(Down)]);
    stage.hears_end(Down);
    assert_eq!(stage.now().as_ms(), 2_500, "no time has passed");
    assert!(stage.session.is_closed());
}

#[test]
fn the_wrong_rules_answer_it_when_the_origins_timer_runs_out() {
    let mut stage = stalled(Some(Variant::Original));
    // Nothing leads back to the decoder; the origin is not read; the client's FIN is not seen.
    assert_eq!(stage.session.interest(Up).decode, None);
    assert_eq!((stage.reads(Up), stage.reads(Down)), (Read::Off, Read::Off));
    assert_eq!((stage.writes(Up), stage.writes(Down)), (0, 0));
    // Only this leads on: the origin's time-out, a minute later.
    assert_eq!(stage.expires(Timer::Body), [Effect::Reset(Up)]);
    assert_eq!(stage.now().as_ms(), 62_500);
    // Now the FIN is read, and now something is sent to a client that has long gone.
    assert_eq!(stage.reads(Down), Read::Discard);
    stage.tell(Event::CloseNotify(Down));
    stage.tell(Event::Fin(Down));
    assert_eq!(stage.tell(Event::Acked(Down))[0], Effect::Reset(Down));
}

#[test]
fn either_wrong_rule_alone_is_half_of_it() {
    // A lost wake-up alone: the FIN is seen, but not answered.
    let mut stage = stalled(Some(Variant::LostWakeup));
    assert_ne!(stage.reads(Down), Read::Off);
    assert_eq!(stage.session.check(), Err(Stuck::Inbox(Up)));
    stage.tell(Event::CloseNotify(Down));
    assert_eq!(stage.tell(Event::Fin(Down)), []);
    assert_eq!(stage.expires(Timer::Body), [Effect::Reset(Up)]);
    // A FIN that nobody reads alone: it is found once the answer is through.
    let stage = stalled(Some(Variant::FinUnread));
    assert_eq!(stage.reads(Down), Read::Off);
    assert!(stage.session.interest(Up).decode.is_some());
    assert_eq!(stage.session.check(), Err(Stuck::Unread(Down)));
}
