//! One direction by itself: what it asks of its source and how its sink takes (LIFECYCLE R22, R23),
//! what is sent once more (U02), and what becomes of it when a message is over (W1, I16, I20).

use tidegate_core::{
    relay::{Relay, Sink, Source},
    report::Loss,
};

/// A relay with a limit of 64 bytes that holds some.
fn holding(bytes: u32) -> Relay {
    let mut relay = Relay::new(64);
    relay.received(bytes);
    relay
}

#[test]
fn r22_r23_a_source_is_held_at_the_limit_and_resumed_at_half_of_it() {
    let mut relay = holding(63);
    assert_eq!((relay.source(), relay.room()), (Source::Open, 1));
    relay.received(1);
    assert_eq!((relay.source(), relay.room()), (Source::Held, 0));
    relay.sent(31);
    assert_eq!((relay.source(), relay.room()), (Source::Held, 0));
    relay.sent(1);
    assert_eq!((relay.source(), relay.room()), (Source::Open, 32));
}

#[test]
fn r22_a_sink_is_blocked_while_it_has_taken_a_part() {
    let mut relay = holding(9);
    assert_eq!(relay.sink(), Sink::Open);
    relay.sent(4);
    assert_eq!(relay.sink(), Sink::Blocked);
    relay.sent(5);
    assert_eq!(relay.sink(), Sink::Open);
}

#[test]
fn r22_nothing_more_is_asked_of_a_message_that_is_complete() {
    let mut relay = holding(9);
    relay.complete();
    assert_eq!((relay.source(), relay.room()), (Source::Complete, 0));
    relay.sent(9);
    assert_eq!((relay.source(), relay.room()), (Source::Complete, 0));
}

#[test]
fn u02_what_is_sent_once_more_counts_like_what_has_come() {
    for (sent, source) in [(63, Source::Open), (64, Source::Held)] {
        let mut relay = holding(sent);
        relay.sent(sent);
        assert_eq!(relay.source(), Source::Open);
        relay.unsend(sent);
        assert_eq!((relay.bytes(), relay.source()), (sent, source));
    }
    let mut relay = holding(64);
    relay.complete();
    relay.sent(60);
    relay.unsend(60);
    assert_eq!((relay.bytes(), relay.source()), (64, Source::Complete));
    assert_eq!(relay.sink(), Sink::Open, "it is another one");
}

#[test]
fn w1_a_message_that_became_a_tunnel_has_more_to_say() {
    for (bytes, source) in [(63, Source::Open), (64, Source::Held), (90, Source::Held)] {
        let mut relay = holding(bytes);
        relay.complete();
        relay.reopen();
        assert_eq!(relay.source(), source, "{bytes}");
    }
}

#[test]
fn i20_losses_are_told_by_reason_and_only_where_there_are_any() {
    let mut relay = holding(9);
    assert_eq!(relay.tally().losses().count(), 0);
    relay.discard(Loss::GaveUp);
    relay.received(1);
    relay.discard(Loss::Letter);
    let losses: Vec<_> = relay.tally().losses().collect();
    assert_eq!(losses, [(Loss::GaveUp, 9), (Loss::Letter, 1)]);
    assert_eq!(relay.tally().discarded(), 10);
}

#[test]
fn i20_what_cannot_be_counted_does_not_balance() {
    let mut relay = Relay::new(u32::MAX);
    relay.received(u32::MAX);
    assert!(relay.balances());
    relay.received(1);
    assert!(!relay.balances());
}

#[test]
fn i20_what_is_discarded_is_counted_and_holds_nobody() {
    let mut relay = holding(64);
    relay.sent(10);
    assert_eq!(relay.discard(Loss::Unwanted), 54);
    assert_eq!((relay.bytes(), relay.sink()), (0, Sink::Open));
    assert_eq!(relay.source(), Source::Open);
    relay.complete();
    assert_eq!(relay.discard(Loss::Unwanted), 0);
    assert_eq!(relay.source(), Source::Complete);
    relay.renew();
    assert_eq!((relay.source(), relay.room()), (Source::Open, 64));
}
