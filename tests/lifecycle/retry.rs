//! Requests whose leg ends before a byte of an answer (LIFECYCLE U02 to U04, U11).

use crate::story::{
    Story,
    words::{GET, last, ok, post, request, whole},
};
use tidegate_core::{
    event::Call,
    http1::{BodyKind, RequestFacts},
    side::Side::{Down, Up},
};

/// A client has asked, on an origin's connection that was idle.
fn reused(claim: &str, facts: RequestFacts) -> Story {
    Story::http(claim)
        .accepted()
        .at(1)
        .decoded(Down, request(facts, 60))
        .reused()
        .sent(Up, 60)
}

/// The origin answers, over a connection of its own.
fn answered(story: Story) -> Story {
    story
        .at(3)
        .connected()
        .all_sent(Up)
        .at(5)
        .decoded(Up, whole(ok(BodyKind::Length(10)), 90))
        .sent(Down, 90)
}

#[test]
fn u02_a_post_that_nobody_accepted() {
    let claim = "The origin's FIN crossed a POST, its kernel took none of it: sent again, fresh.";
    answered(
        reused(
            claim,
            RequestFacts {
                body: BodyKind::None,
                ..post(0)
            },
        )
        .at(2)
        .unaccepted(),
    )
    .tells("retry_unaccepted");
}

#[test]
fn u03_a_post_that_may_have_been_executed() {
    let claim = "The origin ends behind a POST that it may have executed: 502, the client stays.";
    reused(
        claim,
        RequestFacts {
            body: BodyKind::None,
            ..post(0)
        },
    )
    .at(2)
    .fin(Up)
    .all_sent(Down)
    .tells("retry_not_a_post");
}

#[test]
fn u03_a_get_that_was_reset() {
    let claim = "The origin resets behind a GET: sent again, once, on a fresh connection.";
    let story = reused(claim, GET).at(2).reset(Up, Call::Read);
    story
        .at(3)
        .connected()
        .sent(Up, 60)
        .at(4)
        .reset(Up, Call::Read)
        .all_sent(Down)
        .tells("retry_once");
}

#[test]
fn u04_a_fresh_connection_that_ends() {
    let claim = "A fresh connection ends before an answer to a GET: sent again, on another one.";
    answered(
        Story::http(claim)
            .accepted()
            .at(1)
            .decoded(Down, request(GET, 60))
            .at(2)
            .connected()
            .sent(Up, 60)
            .fin(Up),
    )
    .tells("retry_fresh");
}

#[test]
fn u11_a_write_fails_and_nothing_was_answered() {
    let claim = "A write of a GET fails, and nothing comes from the origin: sent again, whole.";
    answered(
        Story::http(claim)
            .accepted()
            .at(1)
            .decoded(Down, request(GET, 60))
            .reused()
            .sent(Up, 20)
            .at(2)
            .reset(Up, Call::Write)
            .fin(Up),
    )
    .tells("retry_write_failed");
}

#[test]
fn a_status_that_asks_for_another_endpoint() {
    let claim = "503 to a GET, of a cluster that has it asked elsewhere: the client hears 200.";
    answered(reused(claim, GET).at(2).declined(503)).tells("retry_by_status");
}

#[test]
fn a_status_that_comes_before_the_request_is_whole() {
    let claim =
        "503 while a PUT is under way: that leg is reset, and what was sent of it is sent again.";
    let put = RequestFacts {
        idempotent: true,
        ..post(20)
    };
    // What waits for its rest cannot be left to end by itself.
    Story::http(claim)
        .accepted()
        .at(1)
        .decoded(Down, request(put, 60))
        .reused()
        .sent(Up, 60)
        .at(2)
        .declined(503)
        .at(3)
        .connected()
        .sent(Up, 60)
        .at(4)
        .decoded(Down, last(20))
        .sent(Up, 20)
        .at(5)
        .decoded(Up, whole(ok(BodyKind::Length(10)), 90))
        .sent(Down, 90)
        .tells("retry_by_status_of_a_put");
}
