//! PRODUCT 7: a connection has one cause for its close, out of a closed set; every one of them is
//! reached, or is named as not built; and each has its section in docs/CAUSES.md.

use crate::stage::{GET, Stage, answer, body, head, partial, post, whole};
use std::{collections::BTreeSet, path::Path};
use tidegate_core::{
    close::CloseCause,
    effect::Effect,
    ending::{Cause, Rejection},
    event::{Call, Event, Head, Kill, Origin, Peeked, Refusal},
    http1::{BodyKind, Reply},
    report::Report,
    session::{Kind, Setup},
    side::Side,
    timer::Timer,
};

/// Why the session was closed, once whatever is left of it has come to its end.
fn closed(mut stage: Stage) -> (CloseCause, String) {
    for _ in 0..32 {
        if let Some(Effect::End(_)) = stage.orders.last() {
            let report = stage.session.report();
            let cause = CloseCause::of(&report).expect("it is over");
            return (cause, row(cause, &report));
        }
        let waiting = Side::BOTH.into_iter().find(|side| stage.writes(*side) > 0);
        let unfinished = |side: &Side| {
            let said = stage.session.leg_report(*side).said;
            said.finish.is_some() && said.finished.is_none()
        };
        if let Some(side) = waiting {
            stage.takes_all(side);
        } else if let Some(side) = Side::BOTH.into_iter().find(unfinished) {
            stage.hears_end(side);
        } else if let Some((_, timer)) = stage.session.deadline() {
            stage.expires(timer);
        }
    }
    panic!("it does not end: {:?}", stage.session);
}

/// What it came of, as people review it.
fn row(cause: CloseCause, report: &Report) -> String {
    let ending = report.ending.map(|ending| ending.to_string());
    let first = report.first.map(|first| format!("first {first}"));
    let trouble = report.trouble.map(|trouble| format!("trouble {trouble}"));
    let parts: Vec<_> = ending.into_iter().chain(first).chain(trouble).collect();
    format!("{:<26} {}", cause.word(), parts.join(", "))
}

/// What the exchange came to whose answer of ours is on its way.
fn trouble(stage: &Stage) -> CloseCause {
    stage.session.report().trouble.expect("something is wrong")
}

fn told(mut stage: Stage, events: &[Event]) -> Stage {
    for event in events {
        stage.tell(*event);
    }
    stage
}

fn fails(side: Side, cause: Cause) -> Event {
    Event::Failed(side, cause, Call::Read)
}

fn expired(mut stage: Stage, timer: Timer) -> Stage {
    stage.expires(timer);
    stage
}

/// An exchange whose answer has begun.
fn answering() -> Stage {
    let mut stage = Stage::asked(GET);
    stage.tell(head(Side::Up, answer(BodyKind::Length(100)), 20));
    stage.takes_all(Side::Down);
    stage
}

/// A relay whose client has ended, and whose origin has heard of it.
fn half_closed() -> Stage {
    let mut stage = told(Stage::relay(false), &BOTH[..1]);
    stage.hears_end(Side::Up);
    stage
}

/// A request whose body is under way.
fn uploading() -> Stage {
    let mut stage = Stage::http(false);
    stage.tell(head(Side::Down, Head::Request(post(100)), 10));
    stage.tell(Event::Connected(Origin::Fresh));
    stage.takes_all(Side::Up);
    stage
}

/// A connection that waits for its upstream leg, of a relay.
fn connecting() -> Stage {
    Stage::new(Setup::new(Kind::Tcp, false))
}

fn unconnected(refusal: Refusal) -> Stage {
    told(connecting(), &[Event::Unconnected(refusal)])
}

fn introduced(why: Rejection) -> Stage {
    let mut setup = Setup::new(Kind::Tcp, false);
    setup.proxy_header = true;
    told(Stage::new(setup), &[Event::Rejected(why)])
}

/// A relay whose legs are both TLS.
fn tls_relay() -> Stage {
    let mut setup = Setup::new(Kind::Tcp, true);
    setup.up_tls = true;
    let version = tidegate_core::tls::Version::V13;
    let mut stage = Stage::new(setup).connected();
    stage.tell(Event::Secured(Side::Up, version));
    stage
}

fn handshaking() -> Stage {
    let mut stage = connecting_tls();
    stage.tell(Event::Accepted);
    stage
}

fn connecting_tls() -> Stage {
    Stage::unaccepted(Setup::new(Kind::Tcp, true))
}

fn peeking() -> Stage {
    let mut setup = Setup::new(Kind::Tcp, false);
    setup.passthrough = true;
    told(Stage::new(setup), &[Event::Received(Side::Down, 9)])
}

/// Each direction's end, the client's first.
const BOTH: [Event; 2] = [Event::Fin(Side::Down), Event::Fin(Side::Up)];

/// A story for each cause that is the client's.
fn clients() -> Vec<(CloseCause, Stage)> {
    let relay = || Stage::relay(false);
    let mut deaf = answering();
    deaf.tell(body(Side::Up, 64));
    vec![
        (CloseCause::ClientFin, told(Stage::idle(false), &BOTH[..1])),
        (
            CloseCause::ClientReset,
            told(relay(), &[fails(Side::Down, Cause::Reset)]),
        ),
        (CloseCause::ClientIdle, Stage::idle(false)),
        (CloseCause::ClientIdle, Stage::http(false)),
        (
            CloseCause::ClientHeaderTimeout,
            told(Stage::http(false), &[partial(Side::Down, 9)]),
        ),
        (
            CloseCause::ClientBodyStalled,
            expired(uploading(), Timer::Request),
        ),
        (
            CloseCause::ClientWriteStalled,
            expired(deaf, Timer::WriteDown),
        ),
        (
            CloseCause::ClientTlsError,
            told(handshaking(), &[fails(Side::Down, Cause::Tls)]),
        ),
        (
            CloseCause::ClientTlsError,
            expired(handshaking(), Timer::Tls),
        ),
        (
            CloseCause::ClientTlsTruncated,
            told(tls_relay(), &BOTH[..1]),
        ),
        (CloseCause::ClientFin, told(handshaking(), &BOTH[..1])),
        (
            CloseCause::ClientProtocolError,
            told(
                Stage::http(false),
                &[Event::Refused(Side::Down, Reply::bad_request())],
            ),
        ),
        (
            CloseCause::ClientProtocolError,
            told(peeking(), &[Event::Peeked(Peeked::Alien)]),
        ),
    ]
}

/// The same of those that are the origin's.
fn origins() -> Vec<(CloseCause, Stage)> {
    let relay = || Stage::relay(false);
    vec![
        (CloseCause::UpstreamFin, told(answering(), &BOTH[1..])),
        (
            CloseCause::UpstreamReset,
            told(relay(), &[fails(Side::Up, Cause::Reset)]),
        ),
        (
            CloseCause::UpstreamRefused,
            unconnected(Refusal::Failed(Cause::Refused)),
        ),
        (
            CloseCause::UpstreamConnectTimeout,
            expired(connecting(), Timer::Connect),
        ),
        (
            CloseCause::UpstreamConnectTimeout,
            unconnected(Refusal::Failed(Cause::TimedOut)),
        ),
        (
            CloseCause::UpstreamUnreachable,
            unconnected(Refusal::Failed(Cause::Unreachable)),
        ),
        (
            CloseCause::UpstreamTlsError,
            unconnected(Refusal::Failed(Cause::Certificate)),
        ),
        (
            CloseCause::UpstreamTlsTruncated,
            told(tls_relay(), &BOTH[1..]),
        ),
        (
            CloseCause::UpstreamBodyStalled,
            expired(answering(), Timer::Body),
        ),
        (
            CloseCause::UpstreamProtocolError,
            told(
                answering(),
                &[Event::Refused(
                    Side::Up,
                    Reply::bad_gateway("http_protocol_error"),
                )],
            ),
        ),
    ]
}

/// The same of all others.
fn others() -> Vec<(CloseCause, Stage)> {
    let relay = || Stage::relay(false);
    let mut draining = Stage::idle(false);
    draining.tell(Event::Drained);
    vec![
        (CloseCause::Completed, told(relay(), &BOTH)),
        (
            CloseCause::HalfCloseTimeout,
            expired(half_closed(), Timer::Tunnel),
        ),
        (CloseCause::TunnelIdle, expired(relay(), Timer::Tunnel)),
        (
            CloseCause::PeerDead,
            told(relay(), &[fails(Side::Down, Cause::TimedOut)]),
        ),
        (
            CloseCause::PeerDead,
            told(relay(), &[fails(Side::Up, Cause::TimedOut)]),
        ),
        (CloseCause::DrainIdle, draining),
        (
            CloseCause::DrainDeadline,
            told(relay(), &[Event::Drained, Event::DrainExpired]),
        ),
        (
            CloseCause::AdminKill,
            told(relay(), &[Event::Killed(Kill::Reset)]),
        ),
        (
            CloseCause::LimitConnections,
            introduced(Rejection::LimitConnections),
        ),
        (CloseCause::LimitConnections, unconnected(Refusal::Busy)),
        (
            CloseCause::QueueTimeout,
            expired(told(connecting(), &[Event::Queued]), Timer::Queue),
        ),
        (
            CloseCause::NoRoute,
            told(peeking(), &[Event::Peeked(Peeked::Unroutable)]),
        ),
        (CloseCause::NoEndpoints, unconnected(Refusal::NoEndpoint)),
        (
            CloseCause::ProxyHeaderMissing,
            introduced(Rejection::ProxyHeaderMissing),
        ),
        (
            CloseCause::ProxyHeaderUntrusted,
            introduced(Rejection::ProxyHeaderUntrusted),
        ),
        (
            CloseCause::AccessDenied,
            introduced(Rejection::AccessDenied),
        ),
        (
            CloseCause::Internal,
            told(relay(), &[fails(Side::Down, Cause::Local)]),
        ),
    ]
}

/// The same of requests, whose connections go on.
fn requests() -> Vec<(CloseCause, Stage)> {
    let refused = |refusal| {
        let mut stage = Stage::http(false);
        stage.tell(whole(Side::Down, Head::Request(GET), 10));
        told(stage, &[Event::Unconnected(refusal)])
    };
    let mut cut = uploading();
    cut.tell(Event::Fin(Side::Down));
    vec![
        (CloseCause::LimitRate, refused(Refusal::TooMany(3))),
        (CloseCause::NoRoute, refused(Refusal::NoRoute)),
        (CloseCause::NoEndpoints, refused(Refusal::NoEndpoint)),
        (
            CloseCause::UpstreamRefused,
            refused(Refusal::Failed(Cause::Refused)),
        ),
        (
            CloseCause::UpstreamHeaderTimeout,
            expired(Stage::asked(GET), Timer::Response),
        ),
        (
            CloseCause::UpstreamFin,
            told(Stage::asked(post(0)), &[Event::Fin(Side::Up)]),
        ),
        (CloseCause::ClientFin, cut),
    ]
}

#[test]
fn every_cause_is_reached_or_is_named_as_not_built() {
    let (mut reached, mut rows) = (BTreeSet::new(), Vec::new());
    for (cause, stage) in requests() {
        assert_eq!(trouble(&stage), cause);
        reached.insert(cause);
    }
    let sessions = clients().into_iter().chain(origins()).chain(others());
    for (cause, stage) in sessions {
        let before = format!("{:?}", stage.session);
        let (found, row) = closed(stage);
        assert_eq!(found, cause, "{before}");
        reached.insert(cause);
        rows.push(row);
    }
    insta::with_settings!({snapshot_path => "../../snapshots/rows", prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::assert_snapshot!("causes", rows.join("\n"));
    });
    for cause in CloseCause::ALL {
        // That another process serves is the wire's to show.
        let built =
            !CloseCause::NOT_YET.contains(&cause) && !CloseCause::OF_THE_PROCESS.contains(&cause);
        assert_eq!(reached.contains(&cause), built, "{cause}");
    }
}

#[test]
fn a_session_that_is_not_over_has_no_cause() {
    assert_eq!(CloseCause::of(&Stage::idle(false).session.report()), None);
}

#[test]
fn an_exchange_that_goes_well_forgets_the_trouble_of_the_one_before() {
    let mut stage = Stage::asked(post(0));
    stage.tell(Event::Fin(Side::Up));
    assert_eq!(trouble(&stage), CloseCause::UpstreamFin);
    stage.takes_all(Side::Down);
    stage.ask(GET);
    assert_eq!(stage.session.report().trouble, None);
}

#[test]
fn every_cause_has_its_section_and_no_other_has() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/CAUSES.md");
    let text = std::fs::read_to_string(path).expect("the pages of the causes");
    let sections: Vec<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .collect();
    let words: Vec<_> = CloseCause::ALL.map(CloseCause::word).to_vec();
    assert_eq!(sections, words);
    for section in text.split("\n## ").skip(1) {
        for part in [
            "**Means**",
            "**Whose**",
            "**Look at**",
            "**Do**",
            "**Rows**",
        ] {
            let times = section.matches(part).count();
            assert_eq!(times, 1, "{part} in {section}");
        }
    }
}
