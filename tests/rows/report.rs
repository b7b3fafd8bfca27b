//! LIFECYCLE 4.14, I19, I20: what a session's report says of each leg and each direction.

use crate::stage::{GET, OK, Stage, post, whole};
use tidegate_core::{
    ending::{By, Cause, End},
    event::{Call, Event, Head, Origin, Refusal},
    report::{Last, LegReport, Loss, Parting, Report, Retry},
    session::{Kind, Setup},
    side::Side,
    time::{Span, Time},
    timer::Timer,
    tls::BareFin,
};

fn leg(report: &Report, side: Side) -> LegReport {
    report.legs[side as usize]
}

/// The cause of a leg's failure, and whose it was.
fn failure(report: &Report, side: Side) -> Option<(Cause, By)> {
    let failed = leg(report, side).failed?;
    Some((failed.cause, failed.by))
}

fn parting(report: &Report, side: Side) -> Option<(Parting, Option<End>)> {
    let over = leg(report, side).over?;
    Some((over.parting, over.end))
}

/// What was lost for one reason and no other.
fn lost(report: &Report, source: Side, loss: Loss) -> u64 {
    let tally = &report.tallies[source as usize];
    assert_eq!(tally.discarded(), tally.discarded_for(loss), "{tally:?}");
    tally.discarded()
}

fn ms(ms: u64) -> Span {
    Span::from_ms(ms)
}

/// An HTTP client whose last answer has left, so that it was told to finish.
fn answered() -> Stage {
    let mut stage = Stage::http(false);
    let last = tidegate_core::http1::RequestFacts { close: true, ..GET };
    stage.ask(last);
    stage.tell(whole(Side::Up, Head::Response(OK), 20));
    stage.takes_all(Side::Down);
    stage
}

#[test]
fn i19_a_relay_that_ends_clean_is_told_by_direction() {
    let mut stage = Stage::relay(false);
    stage.wait(ms(2));
    stage.tell(Event::Received(Side::Down, 40));
    stage.tell(Event::Fin(Side::Down));
    stage.wait(ms(3));
    stage.takes_all(Side::Up);
    stage.hears_end(Side::Up);
    stage.wait(ms(5));
    stage.tell(Event::Received(Side::Up, 9));
    stage.takes_all(Side::Down);
    stage.wait(ms(1));
    stage.tell(Event::Fin(Side::Up));
    stage.tell(Event::Finished(Side::Down));
    stage.wait(ms(4));
    stage.tell(Event::Acked(Side::Down));

    let report = stage.session.report();
    assert_eq!(
        (report.first, report.ending),
        (Some(By::Client), Some(stage.ending()))
    );
    assert_eq!(
        (report.began, report.over),
        (Time(0), Some(Time::from_ms(15)))
    );
    let down = leg(&report, Side::Down);
    let heard = down.heard.unwrap();
    assert_eq!(
        (heard.end, heard.by, heard.at),
        (End::Clean, By::Client, Time::from_ms(2))
    );
    assert_eq!(down.last(), Last::Acked);
    assert_eq!(
        parting(&report, Side::Down),
        Some((Parting::Closed, Some(End::Clean)))
    );
    let up = leg(&report, Side::Up);
    assert_eq!(up.heard.unwrap().by, By::Origin);
    assert_eq!(
        (up.said.finish, up.said.finished),
        (Some(Time::from_ms(5)), Some(Time::from_ms(5)))
    );
    // The FIN waited 3 ms for the origin to take the bytes before it, and the other for nobody.
    assert_eq!(report.latency(Side::Down), Some(ms(3)));
    assert_eq!(report.latency(Side::Up), Some(ms(0)));
    // The client's leg waited for an acknowledgement, the origin's for nothing.
    assert_eq!(down.lingering(stage.now()), Some(ms(4)));
    assert_eq!(up.lingering(stage.now()), None);
    let [from_client, from_origin] = report.tallies;
    assert_eq!((from_client.received, from_client.delivered), (40, 40));
    assert_eq!((from_origin.received, from_origin.delivered), (9, 9));
    assert_eq!(from_client.discarded() + from_origin.discarded(), 0);
}

#[test]
fn i19_an_abort_is_told_with_its_cause_and_what_it_cost() {
    let mut stage = Stage::relay(false);
    stage.tell(Event::Received(Side::Down, 25));
    stage.tell(Event::Received(Side::Up, 30));
    stage.wait(ms(7));
    stage.fails(Side::Up, Call::Read);
    stage.wait(ms(2));
    stage.takes_all(Side::Down);
    stage.tell(Event::Acked(Side::Down));

    let report = stage.session.report();
    assert_eq!(report.first, Some(By::Origin));
    assert_eq!(failure(&report, Side::Up), Some((Cause::Reset, By::Origin)));
    assert_eq!(leg(&report, Side::Down).last(), Last::Aborted);
    assert_eq!(failure(&report, Side::Down), None);
    assert_eq!(
        leg(&report, Side::Down).heard,
        None,
        "the client never ended"
    );
    let cancelled = End::Abort(Cause::Cancelled);
    assert_eq!(
        parting(&report, Side::Down),
        Some((Parting::Reset, Some(cancelled)))
    );
    assert_eq!(report.latency(Side::Up), Some(ms(2)));
    assert_eq!(lost(&report, Side::Down, Loss::SinkFailed), 25);
    assert_eq!(lost(&report, Side::Up, Loss::SinkFailed), 0);
    assert!(!leg(&report, Side::Down).flush_expired);
}

#[test]
fn i19_a_flush_that_runs_out_is_told() {
    let mut stage = Stage::relay(false);
    stage.tell(Event::Received(Side::Up, 30));
    stage.fails(Side::Up, Call::Read);
    stage.tell(Event::Sent(Side::Down, 10));
    stage.expires(Timer::FlushDown);
    let report = stage.session.report();
    assert!(leg(&report, Side::Down).flush_expired);
    assert!(!leg(&report, Side::Up).flush_expired);
    assert_eq!(lost(&report, Side::Up, Loss::FlushExpired), 20);
    assert_eq!(report.latency(Side::Up), Some(ms(1_000)));
}

#[test]
fn i19_a_failure_behind_a_clean_end_keeps_both() {
    let mut stage = Stage::relay(false);
    stage.tell(Event::Fin(Side::Down));
    stage.hears_end(Side::Up);
    stage.tell(Event::Received(Side::Up, 12));
    stage.wait(ms(3));
    stage.fails(Side::Down, Call::Poll);
    let report = stage.session.report();
    let down = leg(&report, Side::Down);
    assert_eq!(down.heard.unwrap().end, End::Clean);
    assert_eq!(
        failure(&report, Side::Down),
        Some((Cause::Reset, By::Client))
    );
    assert_eq!(down.failed.unwrap().at, Time::from_ms(3));
    assert_eq!(lost(&report, Side::Up, Loss::SinkFailed), 12);
}

#[test]
fn i19_a_failure_that_leaves_words_is_heard_behind_them() {
    let mut stage = Stage::relay(false);
    stage.fails(Side::Up, Call::Write);
    assert_eq!(leg(&stage.session.report(), Side::Up).heard, None);
    stage.wait(ms(2));
    stage.tell(Event::Received(Side::Up, 5));
    stage.fails(Side::Up, Call::Read);
    let up = leg(&stage.session.report(), Side::Up);
    assert_eq!(up.failed.unwrap().at, Time(0));
    assert_eq!(up.heard.unwrap().at, Time::from_ms(2));
}

#[test]
fn i19_our_own_patience_is_told_as_ours() {
    let mut stage = Stage::relay(false);
    stage.tell(Event::Received(Side::Down, 7));
    stage.expires(Timer::WriteUp);
    let report = stage.session.report();
    let cause = Cause::Expired(Timer::WriteUp);
    assert_eq!(failure(&report, Side::Up), Some((cause, By::Proxy)));
    assert_eq!(report.first, Some(By::Proxy));
    assert_eq!(lost(&report, Side::Down, Loss::GaveUp), 7);
    assert!(
        !leg(&report, Side::Up).linger_stalled,
        "it was not told to finish"
    );
}

#[test]
fn i19_a_bare_fin_is_told_whatever_it_means() {
    for policy in [BareFin::Truncated, BareFin::Clean] {
        let mut setup = Setup::new(Kind::Tcp, true);
        setup.policy.bare_fin = policy;
        let mut stage = Stage::new(setup).connected();
        stage.tell(Event::Fin(Side::Down));
        assert!(
            leg(&stage.session.report(), Side::Down).bare_fin,
            "{policy:?}"
        );
    }
    let mut stage = Stage::relay(true);
    stage.tell(Event::CloseNotify(Side::Down));
    stage.tell(Event::Fin(Side::Down));
    stage.tell(Event::Fin(Side::Up));
    let report = stage.session.report();
    assert!(!leg(&report, Side::Down).bare_fin && !leg(&report, Side::Up).bare_fin);
}

#[test]
fn i19_lingering_is_told_and_so_is_its_stall() {
    let mut stage = answered();
    stage.hears_end(Side::Down);
    stage.wait(ms(300));
    stage.tell(Event::Fin(Side::Down));
    let down = leg(&stage.session.report(), Side::Down);
    assert_eq!(
        (down.lingering(stage.now()), down.linger_stalled),
        (Some(ms(300)), false)
    );
    assert_eq!(down.over.unwrap().parting, Parting::Closed);

    let mut stalled = answered();
    stalled.tell(Event::Finished(Side::Down));
    stalled.expires(Timer::WriteDown);
    let report = stalled.session.report();
    assert!(leg(&report, Side::Down).linger_stalled);
    let cause = Cause::Expired(Timer::WriteDown);
    assert_eq!(failure(&report, Side::Down), Some((cause, By::Proxy)));
}

#[test]
fn i19_a_leg_that_is_closed_without_its_peers_end_has_heard_none() {
    let mut stage = Stage::idle(false);
    stage.expires(Timer::Idle);
    stage.hears_end(Side::Down);
    stage.expires(Timer::Linger);
    let report = stage.session.report();
    assert_eq!(leg(&report, Side::Down).heard, None);
    assert_eq!(report.first, Some(By::Proxy));
    assert_eq!(parting(&report, Side::Down).unwrap().0, Parting::Closed);
}

#[test]
fn i19_the_rule_of_a_retry_is_told() {
    let retried = |origin: Origin, facts, unaccepted: bool| {
        let mut stage = Stage::http(false);
        stage.tell(whole(Side::Down, Head::Request(facts), 10));
        stage.tell(Event::Connected(origin));
        stage.tell(Event::Sent(Side::Up, 10));
        if unaccepted {
            stage.tell(Event::Unaccepted);
        }
        stage.tell(Event::Fin(Side::Up));
        let report = stage.session.report();
        // The leg that was given up can still be asked for.
        assert_eq!(
            parting(&report, Side::Up),
            Some((Parting::Reset, Some(End::Clean)))
        );
        assert_eq!(report.tallies[Side::Down as usize].repeated, 10);
        (report.retry, report.retries)
    };
    assert_eq!(
        retried(Origin::Reused, post(5), true),
        (Some(Retry::Unaccepted), 1)
    );
    assert_eq!(
        retried(Origin::Reused, GET, false),
        (Some(Retry::Reused), 1)
    );
    assert_eq!(retried(Origin::Fresh, GET, false), (Some(Retry::Fresh), 1));
}

#[test]
fn i19_a_connect_that_came_to_nothing_is_told() {
    let mut stage = Stage::new(Setup::new(Kind::Tcp, false));
    stage.tell(Event::Received(Side::Down, 6));
    stage.tell(Event::Unconnected(Refusal::Failed(Cause::Refused)));
    let report = stage.session.report();
    let refused = Some(End::Abort(Cause::Refused));
    assert_eq!(
        parting(&report, Side::Up),
        Some((Parting::Unconnected, refused))
    );
    assert_eq!(
        failure(&report, Side::Up),
        Some((Cause::Refused, By::Origin))
    );
    assert_eq!(lost(&report, Side::Down, Loss::NoUpstream), 6);

    let mut stage = Stage::new(Setup::new(Kind::Tcp, false));
    stage.expires(Timer::Connect);
    let expired = (Cause::Expired(Timer::Connect), By::Proxy);
    assert_eq!(failure(&stage.session.report(), Side::Up), Some(expired));
}

#[test]
fn i19_between_two_requests_nothing_has_ended() {
    let mut stage = Stage::asked(GET);
    stage.tell(whole(Side::Up, Head::Response(OK), 20));
    stage.tell(Event::Fin(Side::Up));
    assert_eq!(stage.session.report().first, Some(By::Origin));
    stage.takes_all(Side::Down);
    let report = stage.session.report();
    assert_eq!(report.first, None);
    assert_eq!(
        parting(&report, Side::Up),
        Some((Parting::Retired, Some(End::Clean)))
    );
    stage.tell(Event::Fin(Side::Down));
    assert_eq!(stage.session.report().first, Some(By::Client));
}

/// The report of an origin's leg makes room for the next one's, and is never both.
#[test]
fn i19_the_next_exchange_has_an_upstream_leg_of_its_own() {
    let mut stage = Stage::idle(false);
    let parked = stage.session.leg_report(Side::Up);
    assert_eq!(parked.over.unwrap().parting, Parting::Parked);
    stage.wait(ms(3));
    stage.ask(GET);
    let next = stage.session.leg_report(Side::Up);
    assert_eq!((next.began, next.over), (Some(Time::from_ms(3)), None));
}

#[test]
fn i19_half_closed_is_one_end_and_not_the_other() {
    let mut stage = Stage::relay(false);
    let half = |stage: &Stage, side| stage.session.leg_report(side).half_closed();
    assert_eq!(half(&stage, Side::Down), None);
    stage.wait(ms(4));
    stage.tell(Event::Fin(Side::Down));
    assert_eq!(half(&stage, Side::Down), Some(Time::from_ms(4)));
    assert_eq!(
        half(&stage, Side::Up),
        None,
        "its FIN is not with the kernel"
    );
    stage.wait(ms(1));
    stage.tell(Event::Finished(Side::Up));
    assert_eq!(half(&stage, Side::Up), Some(Time::from_ms(5)));
    stage.tell(Event::Fin(Side::Up));
    assert_eq!(half(&stage, Side::Up), None);
    stage.tell(Event::Finished(Side::Down));
    assert_eq!(half(&stage, Side::Down), None);
}

#[test]
fn i19_a_report_tells_no_two_states_apart() {
    let mut early = Stage::relay(false);
    let mut late = Stage::relay(false);
    for stage in [&mut early, &mut late] {
        stage.tell(Event::Received(Side::Down, 9));
    }
    late.takes_all(Side::Up);
    late.tell(Event::Received(Side::Down, 9));
    assert_ne!(early.session.report(), late.session.report());
    assert_eq!(
        early.session.from(Side::Down),
        late.session.from(Side::Down)
    );
}
