//! A session on a stage: what the tests tell it, and what they ask of it.

use tidegate_core::{
    effect::Effect,
    ending::{Cause, Ending},
    event::{Call, Decoded, Event, Head, Origin, Want},
    http1::{BodyKind, Method, RequestFacts, ResponseFacts, Version},
    interest::Read,
    leg::WriteEnd,
    session::{Kind, Phase, Session, Setup},
    side::Side,
    time::{Span, Time},
    timer::Timer,
    tls,
};

pub(crate) const GET: RequestFacts = RequestFacts::GET;

pub(crate) const OK: ResponseFacts = ResponseFacts {
    status: 200,
    version: Version::Http11,
    body: BodyKind::None,
    close: false,
    event_stream: false,
};

/// A session, the hour, and the orders so far.
pub(crate) struct Stage {
    pub(crate) session: Session,
    now: Time,
    pub(crate) orders: Vec<Effect>,
    /// Whether the wait-for graph is walked after every event.
    checked: bool,
}

impl Stage {
    pub(crate) fn new(setup: Setup) -> Self {
        Stage::accepted(setup, tls::Version::V13, true)
    }

    /// The same, with the client's version of TLS.
    pub(crate) fn secured(setup: Setup, version: tls::Version) -> Self {
        Stage::accepted(setup, version, true)
    }

    /// A session that may be wrong.
    pub(crate) fn unchecked(setup: Setup) -> Self {
        Stage::accepted(setup, tls::Version::V13, false)
    }

    /// A session that waits for its client.
    pub(crate) fn unaccepted(setup: Setup) -> Self {
        Stage {
            checked: true,
            session: Session::new(setup),
            now: Time(0),
            orders: Vec::new(),
        }
    }

    fn accepted(setup: Setup, version: tls::Version, checked: bool) -> Self {
        let mut stage = Stage::unaccepted(setup);
        stage.checked = checked;
        stage.tell(Event::Accepted);
        if setup.down_tls {
            stage.tell(Event::Secured(Side::Down, version));
        }
        stage
    }

    /// A relay with both legs open, its limit 64 bytes.
    pub(crate) fn relay(tls: bool) -> Self {
        let mut setup = Setup::new(Kind::Tcp, tls);
        setup.limits.relay_bytes = 64;
        Stage::new(setup).connected()
    }

    /// An HTTP session before its first request, its limits 64 bytes.
    pub(crate) fn http(tls: bool) -> Self {
        let mut setup = Setup::new(Kind::Http, tls);
        setup.limits.relay_bytes = 64;
        setup.limits.inbox_bytes = 64;
        Stage::new(setup)
    }

    /// An HTTP session whose origin has the whole of a request.
    pub(crate) fn asked(facts: RequestFacts) -> Self {
        let mut stage = Stage::http(false);
        stage.ask(facts);
        stage
    }

    /// An HTTP session between two requests.
    pub(crate) fn idle(tls: bool) -> Self {
        let mut stage = Stage::http(tls);
        stage.ask(GET);
        stage.tell(whole(Side::Up, Head::Response(OK), 20));
        assert_eq!(stage.tell(Event::Sent(Side::Down, 20)), [Effect::Park]);
        stage.orders.clear();
        stage
    }

    pub(crate) fn connected(mut self) -> Self {
        self.tell(Event::Connected(Origin::Fresh));
        self
    }

    /// A whole request comes and goes to the origin.
    pub(crate) fn ask(&mut self, facts: RequestFacts) {
        let orders = self.tell(whole(Side::Down, Head::Request(facts), 10));
        assert_eq!(orders, [Effect::Connect]);
        self.tell(Event::Connected(Origin::Fresh));
        self.tell(Event::Sent(Side::Up, 10));
    }

    /// Tells of an event; the orders that follow at once.
    pub(crate) fn tell(&mut self, event: Event) -> Vec<Effect> {
        let mut orders = Vec::new();
        self.session.step(self.now, event, &mut orders);
        if self.checked {
            let stuck = self.session.check();
            assert_eq!(stuck, Ok(()), "{event:?}: {:?}", self.session);
        }
        self.orders.extend_from_slice(&orders);
        orders
    }

    pub(crate) fn fails(&mut self, side: Side, call: Call) -> Vec<Effect> {
        self.tell(Event::Failed(side, Cause::Reset, call))
    }

    /// The peer takes everything that waits for it.
    pub(crate) fn takes_all(&mut self, side: Side) -> Vec<Effect> {
        let all = self.session.interest(side).write;
        assert!(all > 0, "nothing waits for {side}");
        self.tell(Event::Sent(side, all))
    }

    /// Our end of the leg is with the peer.
    pub(crate) fn hears_end(&mut self, side: Side) -> Vec<Effect> {
        let mut orders = self.tell(Event::Finished(side));
        orders.extend(self.tell(Event::Acked(side)));
        orders
    }

    /// Time passes.
    pub(crate) fn wait(&mut self, span: Span) {
        self.now = self.now + span;
        let due = self
            .session
            .deadline()
            .is_some_and(|(at, _)| at <= self.now);
        assert!(!due, "{:?} ran out", self.session.deadline());
    }

    /// Time passes until the next deadline, which is `timer`'s.
    pub(crate) fn expires(&mut self, timer: Timer) -> Vec<Effect> {
        let (at, next) = self.session.deadline().unwrap();
        assert_eq!(next, timer);
        self.now = at;
        self.tell(Event::Fired)
    }

    pub(crate) fn now(&self) -> Time {
        self.now
    }

    pub(crate) fn reads(&self, side: Side) -> Read {
        self.session.interest(side).read
    }

    pub(crate) fn writes(&self, side: Side) -> u32 {
        self.session.interest(side).write
    }

    pub(crate) fn is_aborting(&self, side: Side) -> bool {
        let open = self.session.leg(side).open();
        open.is_some_and(|open| open.write == WriteEnd::Flushing)
    }

    pub(crate) fn is_idle(&self) -> bool {
        matches!(self.session.phase(), Phase::Idle(_))
    }

    pub(crate) fn has_finished(&self, side: Side) -> bool {
        self.orders.contains(&Effect::Finish(side))
    }

    pub(crate) fn ending(&self) -> Ending {
        match self.orders.last() {
            Some(Effect::End(ending)) => *ending,
            other => panic!("not over: {other:?}"),
        }
    }

    /// The status of the response of our own, if there was one.
    pub(crate) fn replied(&self) -> Option<u16> {
        self.orders.iter().find_map(|order| match order {
            Effect::Reply(reply) => Some(reply.status),
            _ => None,
        })
    }
}

/// A head, and no more of its message.
pub(crate) fn head(side: Side, head: Head, bytes: u32) -> Event {
    decoded(side, head, bytes, false, 0, Want::Bytes)
}

/// An interim response.
pub(crate) fn interim(side: Side, bytes: u32) -> Event {
    decoded(side, Head::Interim, bytes, false, 0, Want::Turn)
}

/// A part of a body.
pub(crate) fn body(side: Side, bytes: u32) -> Event {
    decoded(side, Head::None, bytes, false, 0, Want::Bytes)
}

/// A message's end, with its head if it is short.
pub(crate) fn whole(side: Side, head: Head, bytes: u32) -> Event {
    decoded(side, head, bytes, true, 0, Want::Turn)
}

/// A part of a head.
pub(crate) fn partial(side: Side, left: u32) -> Event {
    decoded(side, Head::None, 0, false, left, Want::Bytes)
}

pub(crate) fn decoded(
    side: Side,
    head: Head,
    bytes: u32,
    complete: bool,
    left: u32,
    want: Want,
) -> Event {
    let decoded = Decoded {
        head,
        bytes,
        complete,
        left,
        want,
    };
    Event::Decoded(side, decoded)
}

pub(crate) fn post(length: u64) -> RequestFacts {
    RequestFacts {
        method: Method::Post,
        idempotent: false,
        body: BodyKind::Length(length),
        ..GET
    }
}

pub(crate) fn answer(body: BodyKind) -> Head {
    Head::Response(ResponseFacts { body, ..OK })
}
