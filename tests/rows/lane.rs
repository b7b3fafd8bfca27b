//! SIMULATION 5.4: what a direction's bytes are held in. Memory for whatever somebody looks at,
//! writes anew or may have to repeat; a pipe of the kernel's for the rest, and then all or nothing:
//! R22 and R23 know no half of a pipe.

use crate::{
    stage::{GET, Stage, answer, body, decoded, head, post, whole},
    tunnel::{UPGRADE, kept, switch},
};
use tidegate_core::{
    effect::Effect,
    event::{Event, Head, Want},
    http1::{BodyKind, RequestFacts},
    interest::Read,
    relay::Lane,
    side::Side::{self, Down, Up},
};

/// Which legs' words may go through a pipe.
fn may_pipe(stage: &Stage) -> [bool; 2] {
    [Down, Up].map(|side| stage.session.may_pipe(side))
}

/// The head of a request, with its origin, which has taken it.
fn uploading(facts: RequestFacts) -> Stage {
    let mut stage = Stage::http(false);
    stage.tell(head(Down, Head::Request(facts), 10));
    let mut stage = stage.connected();
    stage.takes_all(Up);
    stage
}

/// The same, with more of its body than is kept for another attempt.
fn uploading_much(facts: RequestFacts) -> Stage {
    let mut stage = uploading(facts);
    stage.tell(body(Down, 64));
    stage.takes_all(Up);
    stage
}

/// An answer has begun, and its client has taken what there is.
fn answering(kind: BodyKind) -> Stage {
    let mut stage = Stage::asked(GET);
    stage.tell(head(Up, answer(kind), 20));
    stage.takes_all(Down);
    stage
}

#[test]
fn r01_both_ways_of_a_tunnel_may_be_piped_while_nothing_is_inside() {
    for side in Side::BOTH {
        let mut stage = Stage::relay(false);
        assert_eq!(may_pipe(&stage), [true; 2]);
        stage.tell(Event::Received(side, 9));
        assert!(!stage.session.may_pipe(side), "9 bytes are in memory");
        assert!(stage.session.may_pipe(side.other()), "each by itself");
        stage.takes_all(side.other());
        assert_eq!(may_pipe(&stage), [true; 2]);
    }
}

#[test]
fn w1_a_tunnel_is_piped_only_behind_what_was_read_with_its_heads() {
    let mut stage = Stage::asked(UPGRADE);
    stage.tell(kept(7));
    stage.tell(switch(101, 5));
    stage.takes_all(Down);
    assert_eq!(may_pipe(&stage), [false; 2]);
    for (side, bytes) in [(Down, 7), (Up, 5)] {
        stage.tell(Event::Received(side, bytes));
        stage.takes_all(side.other());
        assert!(stage.session.may_pipe(side));
    }
}

/// U02: what may have to be sent once more is kept.
#[test]
fn u02_a_request_is_piped_only_once_it_cannot_be_repeated() {
    assert_eq!(may_pipe(&Stage::http(false)), [false; 2], "no head");
    assert_eq!(may_pipe(&uploading(post(500))), [false; 2], "it is kept");
    assert_eq!(may_pipe(&uploading_much(post(500))), [true, false]);
    let mut stage = uploading_much(post(500));
    stage.tell(whole(Down, Head::None, 9));
    stage.takes_all(Up);
    assert_eq!(may_pipe(&stage), [false; 2], "it is complete");
}

#[test]
fn i1_an_answer_is_piped_only_if_nothing_of_it_is_framing() {
    let of = |kind| may_pipe(&answering(kind));
    assert_eq!(of(BodyKind::Length(500)), [false, true]);
    assert_eq!(of(BodyKind::Close), [false, true]);
    assert_eq!(of(BodyKind::Chunked), [false; 2]);
    assert_eq!(may_pipe(&Stage::asked(GET)), [false; 2], "no head");
    let mut stage = Stage::asked(GET);
    stage.tell(head(Up, answer(BodyKind::Length(500)), 20));
    assert_eq!(may_pipe(&stage), [false; 2], "its head is in memory");
    assert_eq!(may_pipe(&Stage::idle(false)), [false; 2]);
}

#[test]
fn r22_r23_a_pipe_takes_as_much_as_it_holds_and_then_nothing_before_it_is_empty() {
    for side in Side::BOTH {
        let sink = side.other();
        let mut stage = Stage::relay(false);
        assert_eq!(stage.reads(side), Read::Take(64));
        assert_eq!(stage.tell(Event::Piped(side, 256)), []);
        let relay = |stage: &Stage| stage.session.from(side).clone();
        assert_eq!(relay(&stage).lane(), Lane::Piped(256));
        assert_eq!(stage.reads(side), Read::Take(256));
        assert_eq!(stage.reads(sink), Read::Take(64), "each by itself");
        stage.tell(Event::Received(side, 10));
        assert_eq!(stage.reads(side), Read::Off, "no second piece beside it");
        stage.tell(Event::Sent(sink, 9));
        assert_eq!(stage.reads(side), Read::Off, "nor beside its last byte");
        stage.tell(Event::Sent(sink, 1));
        assert_eq!(stage.reads(side), Read::Take(256));
        assert_eq!(stage.tell(Event::Copied(side)), []);
        assert_eq!(relay(&stage).lane(), Lane::Copied);
        assert_eq!(stage.reads(side), Read::Take(64));
        stage.tell(Event::Received(side, 10));
        assert_eq!(stage.reads(side), Read::Take(54));
    }
}

/// R03: a FIN behind piped bytes waits for them as for any others.
#[test]
fn r03_a_fin_behind_piped_bytes_waits_for_the_last_of_them() {
    let mut stage = Stage::relay(false);
    stage.tell(Event::Piped(Down, 256));
    stage.tell(Event::Received(Down, 200));
    assert_eq!(stage.tell(Event::Fin(Down)), []);
    assert_eq!(stage.tell(Event::Sent(Up, 199)), []);
    assert_eq!(stage.tell(Event::Sent(Up, 1)), [Effect::Finish(Up)]);
}

/// H11: the lane of one message is not the next one's.
#[test]
fn h11_the_next_exchange_is_copied_again() {
    let mut stage = answering(BodyKind::Length(200));
    stage.tell(Event::Piped(Up, 256));
    stage.tell(body(Up, 150));
    stage.takes_all(Down);
    stage.tell(whole(Up, Head::None, 50));
    stage.takes_all(Down);
    assert!(stage.is_idle());
    stage.ask(GET);
    assert_eq!(stage.session.from(Up).lane(), Lane::Copied);
}

/// W1: the request before a tunnel was piped; what follows the switch comes at once.
#[test]
fn w1_a_tunnel_behind_a_piped_request_is_read() {
    let mut stage = uploading_much(RequestFacts {
        upgrade: true,
        ..post(164)
    });
    stage.tell(Event::Piped(Down, 256));
    stage.tell(whole(Down, Head::None, 100));
    stage.takes_all(Up);
    stage.tell(switch(101, 0));
    assert_eq!(stage.reads(Down), Read::Take(256));
}

#[test]
#[should_panic(expected = "a pipe where somebody has to look")]
fn i1_a_chunked_answer_is_never_piped() {
    answering(BodyKind::Chunked).tell(Event::Piped(Up, 256));
}

#[test]
#[should_panic(expected = "a pipe where somebody has to look")]
fn i16_a_pipe_that_holds_nothing_is_none() {
    Stage::relay(false).tell(Event::Piped(Down, 0));
}

#[test]
#[should_panic(expected = "a lane that is switched under the bytes in it")]
fn r01_bytes_in_a_pipe_do_not_become_memory() {
    let mut stage = Stage::relay(false);
    stage.tell(Event::Piped(Down, 256));
    stage.tell(Event::Received(Down, 9));
    stage.tell(Event::Copied(Down));
}

#[test]
#[should_panic(expected = "a lane that is switched under the bytes in it")]
fn r01_a_complete_message_needs_no_lane() {
    let mut stage = Stage::asked(GET);
    assert_eq!(stage.session.from(Down).bytes(), 0);
    stage.tell(Event::Copied(Down));
}

/// What is inside in pieces of any size counts for itself.
#[test]
fn i20_piped_bytes_are_counted_like_any_others() {
    let mut stage = answering(BodyKind::Length(300));
    stage.tell(Event::Piped(Up, 256));
    stage.tell(decoded(Up, Head::None, 256, false, 0, Want::Bytes));
    stage.takes_all(Down);
    stage.tell(whole(Up, Head::None, 44));
    stage.takes_all(Down);
    let tally = &stage.session.report().tallies[Up as usize];
    assert_eq!((tally.received, tally.delivered), (320, 320));
}
