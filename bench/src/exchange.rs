//! A session's decisions: one keep-alive exchange as its driver tells it, and what follows.

use crate::Repeated;
use std::hint::black_box;
use tidegate_core::{
    effect::Effects,
    event::{Decoded, Event, Head, Origin, Want},
    http1::{BodyKind, RequestFacts, ResponseFacts, Version},
    record::Recorder,
    session::{Kind, Session, Setup},
    side::Side,
    time::Time,
    trace::Row,
};

const REQUEST: RequestFacts = RequestFacts::GET;

const RESPONSE: ResponseFacts = ResponseFacts {
    status: 200,
    version: Version::Http11,
    body: BodyKind::Length(64),
    close: false,
    event_stream: false,
};

/// A head, and the whole message with it.
const fn message(head: Head, bytes: u32) -> Decoded {
    Decoded {
        head,
        bytes,
        complete: true,
        left: 0,
        want: Want::Turn,
    }
}

/// A request and its response over a pooled connection.
const EXCHANGE: [Event; 5] = [
    Event::Decoded(Side::Down, message(Head::Request(REQUEST), 250)),
    Event::Connected(Origin::Reused),
    Event::Sent(Side::Up, 250),
    Event::Decoded(Side::Up, message(Head::Response(RESPONSE), 220)),
    Event::Sent(Side::Down, 220),
];

/// How large a session is.
#[must_use]
pub fn session_bytes() -> usize {
    size_of::<Session>()
}

/// A session that has had one exchange.
fn open() -> Session {
    let mut session = Session::new(Setup::new(Kind::Http, false));
    let mut effects = Effects::new();
    session.step(Time(0), Event::Accepted, &mut effects);
    exchange(&mut session, Time(1), &mut effects);
    assert_eq!(session.check(), Ok(()));
    session
}

/// What a driver does with each event: the step, and a look at what may be read, at what is to be
/// written, and at the next deadline.
fn exchange(session: &mut Session, now: Time, effects: &mut Effects) {
    for event in EXCHANGE {
        session.step(now, event, effects);
        black_box(&mut *effects).clear();
        black_box(session.interest(Side::Down));
        black_box(session.interest(Side::Up));
        black_box(session.deadline());
    }
}

/// So many open sessions, of which another has its exchange each time, far apart in memory, as
/// requests come on real connections.
pub struct Sessions {
    all: Vec<Session>,
    effects: Effects,
    at: usize,
    now: Time,
}

impl Sessions {
    /// Opens them.
    #[must_use]
    pub fn open(count: usize) -> Sessions {
        Sessions {
            all: (0..count).map(|_| open()).collect(),
            effects: Effects::with_capacity(16),
            at: 0,
            now: Time(2),
        }
    }

    /// The next one's exchange.
    pub fn next(&mut self) {
        // A prime, so that every session has its turn.
        const STRIDE: usize = 7_919;
        self.at = (self.at + STRIDE) % self.all.len();
        self.now = Time(self.now.0 + 1);
        exchange(&mut self.all[self.at], self.now, &mut self.effects);
    }
}

pub(super) fn keep_alive() -> Repeated {
    let mut sessions = Sessions::open(1);
    Box::new(move || sessions.next())
}

/// With the recorder that every session of the proxy has.
pub(super) fn recorded() -> Repeated {
    let (mut session, mut effects) = (open(), Effects::with_capacity(16));
    let mut recorder = Recorder::new(Time(1), session.setup().timeouts);
    let mut now = Time(2);
    Box::new(move || {
        now = Time(now.0 + 1);
        for event in EXCHANGE {
            recorder.begins(now, &event, &session);
            session.step(now, event, &mut effects);
            recorder.ends(now, &session);
            black_box(&mut effects).clear();
            black_box(session.interest(Side::Down));
            black_box(session.interest(Side::Up));
            black_box(session.deadline());
        }
    })
}

/// Without what a driver asks after each step.
pub(super) fn steps_only() -> Repeated {
    let (mut session, mut effects) = (open(), Effects::with_capacity(16));
    let mut now = Time(2);
    Box::new(move || {
        now = Time(now.0 + 1);
        for event in EXCHANGE {
            session.step(now, event, &mut effects);
            black_box(&mut effects).clear();
        }
    })
}

/// A whole connection with one exchange, from accept to its end.
pub(super) fn connection() -> Repeated {
    let mut effects = Effects::with_capacity(16);
    let end = [
        Event::Fin(Side::Down),
        Event::Finished(Side::Down),
        Event::Acked(Side::Down),
    ];
    Box::new(move || {
        let mut session = Session::new(Setup::new(Kind::Http, false));
        session.step(Time(0), Event::Accepted, &mut effects);
        exchange(&mut session, Time(1), &mut effects);
        for event in end {
            session.step(Time(2), event, &mut effects);
        }
        assert!(session.is_closed());
        black_box(&mut effects).clear();
    })
}

/// The line of a step in a trace, which is written only when someone listens.
pub(super) fn trace_line() -> Repeated {
    let before = open();
    let mut after = before.clone();
    let mut effects = Effects::new();
    after.step(Time(2), EXCHANGE[0], &mut effects);
    Box::new(move || {
        let row = Row::new(Time(2), EXCHANGE[0], &before, &after, black_box(&effects));
        black_box(row.to_string());
    })
}
