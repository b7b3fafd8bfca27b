//! LIFECYCLE 4.1: the raw TCP relay. It is symmetric; so are most tests.

use crate::stage::{GET, OK, Stage, whole};
use tidegate_core::{
    effect::Effect,
    ending::{By, Cause, During, Ending, How},
    event::{Call, Event, Head},
    interest::Read,
    session::Phase,
    side::Side::{self, Down, Up},
    time::Span,
    timer::Timer,
};

#[test]
fn r01_bytes_are_offered_to_the_sink_in_the_step_that_brings_them() {
    for source in Side::BOTH {
        let sink = source.other();
        let mut stage = Stage::relay(false);
        stage.tell(Event::Received(source, 9));
        assert_eq!(stage.writes(sink), 9);
        stage.tell(Event::Sent(sink, 4));
        stage.tell(Event::Received(source, 1));
        assert_eq!(
            (stage.writes(sink), stage.reads(source)),
            (6, Read::Take(58))
        );
    }
}

#[test]
fn r02_a_fin_with_nothing_inside_is_passed_on_in_the_same_step() {
    for source in Side::BOTH {
        let mut stage = Stage::relay(false);
        assert_eq!(
            stage.tell(Event::Fin(source)),
            [Effect::Finish(source.other())]
        );
    }
}

#[test]
fn r03_a_fin_waits_for_the_bytes_before_it_and_for_nothing_else() {
    for source in Side::BOTH {
        let sink = source.other();
        let mut stage = Stage::relay(false);
        stage.tell(Event::Received(source, 9));
        assert_eq!(stage.tell(Event::Fin(source)), []);
        assert_eq!(stage.tell(Event::Sent(sink, 8)), []);
        assert_eq!(stage.tell(Event::Sent(sink, 1)), [Effect::Finish(sink)]);
    }
}

#[test]
fn r04_bytes_and_fin_of_one_turn_leave_in_one_turn() {
    let mut stage = Stage::relay(false);
    for source in Side::BOTH {
        stage.tell(Event::Received(source, 9));
        stage.tell(Event::Fin(source));
    }
    for source in Side::BOTH {
        let sink = source.other();
        assert_eq!(stage.takes_all(sink), [Effect::Finish(sink)]);
    }
    assert_eq!(stage.now().as_ms(), 0);
}

#[test]
fn r05_a_fin_behind_a_closed_window_waits_while_the_other_direction_flows() {
    let mut stage = Stage::relay(false);
    stage.tell(Event::Received(Down, 9));
    stage.tell(Event::Fin(Down));
    for _ in 0..5 {
        stage.wait(Span::from_secs(50));
        stage.tell(Event::Received(Up, 5));
        assert_eq!(stage.takes_all(Down), []);
    }
    // The bound is the sink's stall alone, and it is an abort for both.
    let orders = stage.expires(Timer::WriteUp);
    assert_eq!(stage.now().as_ms(), 300_000);
    assert!(orders.contains(&Effect::Reset(Up)), "{orders:?}");
    assert!(stage.is_aborting(Down) && !stage.has_finished(Up));
}

#[test]
fn r06_after_a_fin_a_silent_peer_is_kept_until_the_idle_backstop() {
    let mut stage = Stage::relay(false);
    stage.tell(Event::Fin(Down));
    assert_eq!(stage.hears_end(Up), []);
    stage.wait(Span::from_secs(3_599));
    assert_eq!(stage.reads(Up), Read::Take(64));
    let orders = stage.expires(Timer::Tunnel);
    assert_eq!(orders[..2], [Effect::Reset(Down), Effect::Reset(Up)]);
}

#[test]
fn r07_after_a_fin_the_answer_comes_back_without_a_time_limit() {
    let mut stage = Stage::relay(false);
    stage.tell(Event::Fin(Down));
    stage.hears_end(Up);
    for _ in 0..24 {
        stage.wait(Span::from_secs(3_000));
        stage.tell(Event::Received(Up, 7));
        assert_eq!(stage.takes_all(Down), []);
    }
    // A reader as slow as may be is not cut off either.
    stage.tell(Event::Received(Up, 40));
    for left in (0..40).rev() {
        stage.wait(Span::from_secs(299));
        stage.tell(Event::Sent(Down, 1));
        assert_eq!(stage.writes(Down), left);
    }
    assert_eq!(
        stage.tell(Event::Fin(Up)),
        [Effect::Finish(Down), Effect::Close(Up)]
    );
}

#[test]
fn r08_two_fins_in_any_order_close_both_legs_once_acknowledged() {
    for first in Side::BOTH {
        let mut stage = Stage::relay(false);
        stage.tell(Event::Fin(first));
        stage.tell(Event::Fin(first.other()));
        for side in Side::BOTH {
            assert_eq!(stage.tell(Event::Finished(side)), []);
        }
        assert_eq!(stage.tell(Event::Acked(first)), [Effect::Close(first)]);
        stage.tell(Event::Acked(first.other()));
        let clean = Ending {
            how: How::Clean,
            by: By::Both,
            during: During::Tunnel,
        };
        assert_eq!(stage.ending(), clean);
        assert!(
            !stage
                .orders
                .iter()
                .any(|order| matches!(order, Effect::Reset(_)))
        );
    }
}

#[test]
fn r09_a_reset_with_nothing_inside_resets_the_other_leg() {
    for source in Side::BOTH {
        let sink = source.other();
        let mut stage = Stage::relay(false);
        assert_eq!(stage.fails(source, Call::Read), [Effect::Reset(source)]);
        assert!(stage.is_aborting(sink) && stage.session.interest(sink).acked);
        let orders = stage.tell(Event::Acked(sink));
        assert_eq!(orders[0], Effect::Reset(sink));
        assert_eq!(stage.ending().how, How::Abort(Cause::Reset));
        assert!(!stage.has_finished(sink));
    }
}

#[test]
fn r10_a_reset_leaves_behind_the_bytes_before_it() {
    let mut stage = Stage::relay(false);
    stage.tell(Event::Received(Down, 9));
    stage.fails(Down, Call::Read);
    assert!(!stage.session.interest(Up).acked && stage.writes(Up) == 9);
    assert_eq!(stage.takes_all(Up), []);
    assert_eq!(stage.tell(Event::Acked(Up))[0], Effect::Reset(Up));
}

#[test]
fn r11_a_reset_does_not_wait_longer_than_the_flush_may_take() {
    let mut stage = Stage::relay(false);
    stage.tell(Event::Received(Down, 9));
    stage.fails(Down, Call::Read);
    assert_eq!(stage.expires(Timer::FlushUp)[0], Effect::Reset(Up));
    assert_eq!(stage.now().as_ms(), 1_000);
}

#[test]
fn r12_a_reset_after_a_clean_end_is_still_a_reset_for_the_other_leg() {
    let mut stage = Stage::relay(false);
    stage.tell(Event::Fin(Down));
    stage.hears_end(Up);
    assert_eq!(stage.fails(Down, Call::Poll), [Effect::Reset(Down)]);
    assert_eq!(stage.tell(Event::Acked(Up))[0], Effect::Reset(Up));
}

#[test]
fn r13_a_reset_after_everything_was_said_and_heard_is_nothing() {
    let mut stage = Stage::relay(true);
    stage.tell(Event::Received(Down, 9));
    stage.tell(Event::CloseNotify(Down));
    stage.tell(Event::Fin(Up));
    stage.hears_end(Down);
    assert_eq!(stage.fails(Down, Call::Read), [Effect::Reset(Down)]);
    // What it had said still leaves, and ends clean.
    assert_eq!(stage.takes_all(Up), [Effect::Finish(Up)]);
    stage.hears_end(Up);
    assert_eq!(stage.ending().how, How::Clean);
}

#[test]
fn r14_a_reset_before_our_end_was_acknowledged_is_an_abort() {
    let mut stage = Stage::relay(false);
    stage.tell(Event::Fin(Up));
    stage.tell(Event::Finished(Down));
    stage.tell(Event::Fin(Down));
    assert_eq!(stage.fails(Down, Call::Poll), [Effect::Reset(Down)]);
    assert!(stage.is_aborting(Up));
}

#[test]
fn r15_a_failed_write_lets_the_peers_last_words_be_read_first() {
    for source in Side::BOTH {
        let sink = source.other();
        let mut stage = Stage::relay(false);
        stage.tell(Event::Received(sink, 5));
        assert_eq!(stage.fails(source, Call::Write), []);
        assert_eq!(
            (stage.writes(source), stage.reads(source)),
            (0, Read::Take(64))
        );
        stage.tell(Event::Received(source, 7));
        // K9: the kernel has given its error, and ends with a FIN that is none.
        assert_eq!(stage.tell(Event::Fin(source)), [Effect::Reset(source)]);
        assert_eq!(stage.takes_all(sink), []);
        assert_eq!(stage.tell(Event::Acked(sink))[0], Effect::Reset(sink));
        assert!(!stage.has_finished(sink));
    }
}

#[test]
fn r15_two_legs_that_failed_do_not_wait_for_each_other() {
    let mut stage = Stage::relay(false);
    for side in Side::BOTH {
        stage.tell(Event::Received(side, 64));
    }
    for side in Side::BOTH {
        stage.fails(side, Call::Write);
        assert_eq!(
            stage.session.to(side).bytes(),
            0,
            "it will never leave (I20)"
        );
    }
    for side in Side::BOTH {
        assert_eq!(stage.reads(side), Read::Discard);
        stage.fails(side, Call::Read);
    }
    assert!(stage.session.is_closed());
}

#[test]
fn r16_whatever_ends_a_transport_is_an_abort() {
    for cause in [Cause::TimedOut, Cause::Unreachable] {
        let mut stage = Stage::relay(false);
        stage.tell(Event::Failed(Down, cause, Call::Poll));
        stage.tell(Event::Failed(Down, cause, Call::Read));
        assert!(stage.is_aborting(Up));
        stage.tell(Event::Acked(Up));
        assert_eq!(stage.ending().how, How::Abort(cause));
    }
}

#[test]
fn r18_a_failure_is_seen_while_nothing_is_read() {
    let mut stage = Stage::relay(false);
    stage.tell(Event::Received(Down, 64));
    assert!(stage.reads(Down) == Read::Off && stage.session.observes_faults(Down));
    stage.fails(Down, Call::Poll);
    assert!(!stage.session.observes_faults(Down), "told once");
    stage.takes_all(Up);
    // What the kernel holds comes first, then the abort.
    stage.tell(Event::Received(Down, 3));
    stage.fails(Down, Call::Read);
    stage.takes_all(Up);
    assert_eq!(stage.tell(Event::Acked(Up))[0], Effect::Reset(Up));
}

#[test]
fn r18_a_hang_up_without_an_error_is_read_to_its_end() {
    let mut stage = Stage::relay(false);
    stage.tell(Event::Received(Down, 64));
    stage.tell(Event::Hinted(Down));
    stage.takes_all(Up);
    assert_eq!(stage.tell(Event::Fin(Down)), [Effect::Finish(Up)]);
}

#[test]
fn r22_a_full_relay_holds_its_own_source_and_nothing_else() {
    let mut stage = Stage::relay(false);
    stage.tell(Event::Received(Down, 63));
    assert_eq!(stage.reads(Down), Read::Take(1));
    stage.tell(Event::Received(Down, 1));
    assert_eq!(
        (stage.reads(Down), stage.reads(Up)),
        (Read::Off, Read::Take(64))
    );
    assert!(stage.session.observes_faults(Down));
}

#[test]
fn r23_half_of_it_gone_resumes_the_source_and_a_fin_waits_for_no_mark() {
    let mut stage = Stage::relay(false);
    stage.tell(Event::Received(Down, 64));
    stage.tell(Event::Sent(Up, 31));
    assert_eq!(stage.reads(Down), Read::Off);
    stage.tell(Event::Sent(Up, 1));
    assert_eq!(stage.reads(Down), Read::Take(32));
    stage.tell(Event::Received(Down, 32));
    stage.tell(Event::Sent(Up, 40));
    assert_eq!(stage.tell(Event::Fin(Down)), []);
    assert_eq!(stage.tell(Event::Sent(Up, 24)), [Effect::Finish(Up)]);
}

#[test]
fn r24_the_idle_backstop_aborts_both_legs() {
    let mut stage = Stage::relay(false);
    stage.wait(Span::from_secs(3_000));
    stage.tell(Event::Received(Down, 1));
    stage.takes_all(Up);
    stage.wait(Span::from_secs(3_000));
    let orders = stage.expires(Timer::Tunnel);
    assert_eq!(orders[..2], [Effect::Reset(Down), Effect::Reset(Up)]);
    let expired = Ending {
        how: How::Expired(Timer::Tunnel),
        by: By::Proxy,
        during: During::Tunnel,
    };
    assert_eq!(stage.ending(), expired);
    assert!(!stage.has_finished(Up) && !stage.has_finished(Down));
}

#[test]
fn r26_unread_input_is_drained_before_a_leg_is_closed() {
    let mut stage = Stage::asked(tidegate_core::http1::RequestFacts { close: true, ..GET });
    stage.tell(whole(Up, Head::Response(OK), 20));
    stage.takes_all(Down);
    assert_eq!(stage.reads(Down), Read::Discard);
    assert_eq!(stage.hears_end(Down), [], "the client may still be sending");
    assert_eq!(stage.reads(Down), Read::Discard);
    assert_eq!(stage.tell(Event::Fin(Down))[0], Effect::Close(Down));
}

/// There is no order to shut the read side of a leg: every order is named here. What is left to
/// see is that a leg whose own end was given is read on.
#[test]
fn r27_no_order_shuts_a_read_side() {
    let shuts_reading = |order: &Effect| match order {
        Effect::Connect
        | Effect::Cancel
        | Effect::Finish(_)
        | Effect::Park
        | Effect::Retire(_)
        | Effect::Reply(_)
        | Effect::Alert
        | Effect::Probe
        | Effect::LastChunk
        | Effect::End(_) => false,
        // These let go of the whole descriptor.
        Effect::Reset(_) | Effect::Close(_) => true,
    };
    let mut stage = Stage::relay(false);
    stage.tell(Event::Fin(Down));
    stage.hears_end(Up);
    assert!(!stage.orders.iter().any(shuts_reading));
    assert_eq!(stage.reads(Up), Read::Take(64));
    assert_eq!(stage.session.phase(), &Phase::Tunnel);
}
