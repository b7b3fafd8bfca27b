//! LIFECYCLE 4.12: what an operator may ask for instead of the default, and 4.8's idle backstop.

use crate::{
    stage::{GET, OK, Stage, answer, body, head, whole},
    tunnel::{UPGRADE, switch},
};
use tidegate_core::{
    effect::Effect,
    ending::{By, Cause, During, How},
    event::{Call, Event, Head},
    exchange::Response,
    http1::{BodyKind, PROBE, RequestFacts, Version},
    interest::Read,
    session::{ClientFin, Kind, OnIdle, Phase, Policy, Setup, TunnelClose},
    side::Side::{self, Down, Up},
    timer::Timer,
};

const OLD: RequestFacts = RequestFacts {
    version: Version::Http10,
    close: true,
    ..GET
};

fn with(kind: Kind, policy: Policy) -> Stage {
    let mut setup = Setup::new(kind, false);
    setup.policy = policy;
    setup.limits.relay_bytes = 64;
    Stage::new(setup)
}

/// A request is with its origin, and the client has said its last word.
fn fin_in_flight(client_fin: ClientFin, facts: RequestFacts) -> (Stage, Vec<Effect>) {
    let mut stage = with(
        Kind::Http,
        Policy {
            client_fin,
            ..Policy::default()
        },
    );
    stage.ask(facts);
    let orders = stage.tell(Event::Fin(Down));
    (stage, orders)
}

#[test]
fn h07_deliver_waits_for_the_answer() {
    let (mut stage, orders) = fin_in_flight(ClientFin::Deliver, GET);
    assert_eq!(orders, []);
    stage.tell(whole(Up, Head::Response(OK), 20));
    assert_eq!(stage.takes_all(Down), [Effect::Park, Effect::Finish(Down)]);
}

#[test]
fn h07b_cancel_is_as_if_the_client_were_gone() {
    let (stage, orders) = fin_in_flight(ClientFin::Cancel, GET);
    assert_eq!(orders.len(), 3, "{orders:?}");
    for order in [Effect::Reset(Up), Effect::Reset(Down)] {
        assert!(orders.contains(&order), "{orders:?}");
    }
    let ending = stage.ending();
    assert_eq!(
        (ending.how, ending.by),
        (How::Abort(Cause::Cancelled), By::Client)
    );
    assert_eq!(ending.during, During::Exchange);
}

#[test]
fn h07b_cancel_recalls_a_connect_and_cuts_an_answer() {
    let policy = Policy {
        client_fin: ClientFin::Cancel,
        ..Policy::default()
    };
    let mut stage = with(Kind::Http, policy);
    stage.tell(whole(Down, Head::Request(GET), 10));
    let orders = stage.tell(Event::Fin(Down));
    assert!(orders.contains(&Effect::Cancel), "{orders:?}");
    let mut stage = with(Kind::Http, policy);
    stage.ask(GET);
    stage.tell(head(Up, answer(BodyKind::Length(100)), 20));
    stage.tell(body(Up, 10));
    let orders = stage.tell(Event::Fin(Down));
    assert!(orders.contains(&Effect::Reset(Up)), "{orders:?}");
    assert!(orders.contains(&Effect::Reset(Down)), "{orders:?}");
    // An answer that the origin has given whole is the client's (I14).
    let mut stage = with(Kind::Http, policy);
    stage.ask(GET);
    stage.tell(whole(Up, Head::Response(OK), 20));
    assert_eq!(stage.tell(Event::Fin(Down)), []);
    assert_eq!(stage.takes_all(Down), [Effect::Park, Effect::Finish(Down)]);
}

#[test]
fn h07b_a_probe_is_sent_once_and_the_answer_behind_it() {
    let (mut stage, orders) = fin_in_flight(ClientFin::Probe, GET);
    assert_eq!(orders, [Effect::Probe]);
    assert_eq!(stage.writes(Down) as usize, PROBE.len());
    assert_eq!(stage.takes_all(Down), []);
    stage.tell(Event::Hinted(Down));
    stage.tell(crate::stage::interim(Up, 5));
    stage.takes_all(Down);
    stage.tell(whole(Up, Head::Response(OK), 20));
    assert_eq!(stage.takes_all(Down), [Effect::Park, Effect::Finish(Down)]);
    assert_eq!(
        stage
            .orders
            .iter()
            .filter(|it| **it == Effect::Probe)
            .count(),
        1
    );
}

#[test]
fn h07b_h08_the_reset_that_answers_a_probe_cancels() {
    let (mut stage, _) = fin_in_flight(ClientFin::Probe, GET);
    stage.takes_all(Down);
    let orders = stage.fails(Down, Call::Poll);
    assert!(orders.contains(&Effect::Reset(Up)), "{orders:?}");
    assert_eq!(stage.ending().how, How::Abort(Cause::Reset));
}

#[test]
fn h07b_who_cannot_be_probed_is_waited_for() {
    let (_, orders) = fin_in_flight(ClientFin::Probe, OLD);
    assert_eq!(orders, [], "HTTP/1.0 knows no interim response");
    let policy = Policy {
        client_fin: ClientFin::Probe,
        ..Policy::default()
    };
    let mut stage = with(Kind::Http, policy);
    stage.ask(GET);
    stage.tell(head(Up, answer(BodyKind::Length(100)), 20));
    assert_eq!(
        stage.tell(Event::Fin(Down)),
        [],
        "what has begun is probe enough"
    );
    let Phase::Exchange(exchange) = stage.session.phase() else {
        panic!("{:?}", stage.session.phase());
    };
    assert_eq!(exchange.response, Response::Body(BodyKind::Length(100)));
}

/// A tunnel that began as an exchange, where one end is the end of both connections.
fn both() -> Stage {
    let mut stage = with(
        Kind::Http,
        Policy {
            tunnel_close: TunnelClose::Both,
            ..Policy::default()
        },
    );
    stage.ask(UPGRADE);
    stage.tell(switch(101, 0));
    stage.takes_all(Down);
    stage.orders.clear();
    stage
}

#[test]
fn w2_w3_both_finishes_both_legs_behind_what_was_said() {
    for closed in Side::BOTH {
        let other = closed.other();
        let mut stage = both();
        stage.tell(Event::Received(closed, 9));
        stage.tell(Event::Received(other, 7));
        stage.tell(Event::Fin(closed));
        assert_eq!(stage.takes_all(other), [Effect::Finish(other)]);
        // RFC 9110, 9.3.6: what comes from now on is discarded, and what was there is sent.
        assert_eq!(stage.reads(other), Read::Discard);
        assert!(stage.session.interest(closed).last);
        assert_eq!(stage.takes_all(closed), [Effect::Finish(closed)]);
        assert_eq!(stage.session.phase(), &Phase::Closing);
        assert_eq!(stage.hears_end(closed), [Effect::Close(closed)]);
        stage.hears_end(other);
        let orders = stage.expires(Timer::Linger);
        assert_eq!(orders[0], Effect::Close(other));
        assert_eq!(stage.ending().how, How::Clean);
    }
}

/// RFC 9110, 9.3.6: the end that closes both is one that was passed on, and no other.
#[test]
fn w2_w3_both_reads_on_until_the_end_has_been_passed_on() {
    for closed in Side::BOTH {
        let other = closed.other();
        let mut stage = both();
        stage.tell(Event::Received(closed, 9));
        stage.tell(Event::Fin(closed));
        assert_eq!(stage.reads(other), Read::Take(64), "9 bytes and an end");
        stage.takes_all(other);
        assert_eq!(stage.reads(other), Read::Discard);
    }
}

#[test]
fn w3_independent_is_the_default_and_a_relay_has_nothing_else() {
    let policy = Policy {
        tunnel_close: TunnelClose::Both,
        ..Policy::default()
    };
    let mut stage = with(Kind::Tcp, policy).connected();
    assert_eq!(stage.tell(Event::Fin(Up)), [Effect::Finish(Down)]);
    assert_eq!(stage.reads(Down), Read::Take(64));
    assert_eq!(Policy::default().tunnel_close, TunnelClose::Independent);
}

fn idle(policy: OnIdle) -> Stage {
    let policy = Policy {
        idle: policy,
        ..Policy::default()
    };
    with(Kind::Tcp, policy).connected()
}

#[test]
fn r24_abort_resets_both() {
    let mut stage = idle(OnIdle::Abort);
    let orders = stage.expires(Timer::Tunnel);
    assert_eq!(orders[..2], [Effect::Reset(Down), Effect::Reset(Up)]);
    assert_eq!(stage.ending().how, How::Expired(Timer::Tunnel));
}

#[test]
fn r24_finish_ends_both_and_waits_for_their_last_word() {
    let mut stage = idle(OnIdle::Finish);
    let orders = stage.expires(Timer::Tunnel);
    assert_eq!(orders, [Effect::Finish(Down), Effect::Finish(Up)]);
    for side in Side::BOTH {
        assert_eq!(stage.reads(side), Read::Discard);
        stage.hears_end(side);
    }
    // One peer answers, the other one never does.
    assert_eq!(stage.tell(Event::Fin(Up)), [Effect::Close(Up)]);
    assert_eq!(stage.expires(Timer::Linger)[0], Effect::Close(Down));
    assert_eq!(stage.ending().how, How::Expired(Timer::Tunnel));
}

/// I11: whose peer has failed by then is not kept for that.
#[test]
fn r24_finish_closes_a_leg_that_is_done_whatever_became_of_the_other() {
    let mut stage = idle(OnIdle::Finish);
    stage.expires(Timer::Tunnel);
    assert_eq!(stage.fails(Up, Call::Read), [Effect::Reset(Up)]);
    stage.hears_end(Down);
    assert_eq!(stage.tell(Event::Fin(Down))[0], Effect::Close(Down));
    assert_eq!(stage.ending().how, How::Expired(Timer::Tunnel));
}

#[test]
fn r24_finish_of_a_half_closed_relay_ends_the_other_half() {
    let mut stage = idle(OnIdle::Finish);
    stage.tell(Event::Fin(Down));
    stage.hears_end(Up);
    assert_eq!(stage.expires(Timer::Tunnel), [Effect::Finish(Down)]);
    assert_eq!(stage.hears_end(Down), [Effect::Close(Down)]);
    assert_eq!(stage.expires(Timer::Linger)[0], Effect::Close(Up));
}

#[test]
fn r24_no_end_overtakes_bytes_that_nobody_takes() {
    let mut stage = idle(OnIdle::Finish);
    let mut setup = *stage.session.setup();
    setup.timeouts = setup
        .timeouts
        .with(|waits| waits.tunnel = tidegate_core::time::Span::from_secs(1));
    stage = Stage::new(setup).connected();
    stage.tell(Event::Received(Down, 9));
    let orders = stage.expires(Timer::Tunnel);
    assert_eq!(orders[..2], [Effect::Reset(Down), Effect::Reset(Up)]);
}
