//! Where a timeline may begin: at a session's first event, or at a moment at which all that a session
//! is follows from a few facts. From these it is built by events, as any session is.
//!
//! It owns the list of those events. That they lead to the very same session is held, in tests, against
//! every moment that is marked.

use super::{
    entry::{Entry, Small},
    tag::MARK,
    waits::Table,
};
use crate::{
    effect::Effects,
    event::{Decoded, Event, Head, Origin, Peeked, Refusal, Want},
    http1::{BodyKind, RequestFacts, ResponseFacts, Version},
    relay::Lane,
    session::{Kind, Rest, Session, Setup},
    side::Side,
    time::Time,
    tls::{self, HalfClose},
};

/// A session between two requests, or a tunnel with nothing inside, in which nothing has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) rest: Rest,
    pub(super) facts: Facts,
}

/// What such a session does not have from its setup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    /// The place of its waits.
    pub(super) waits: u16,
    pub(super) up_tls: bool,
    pub(super) tls12_half_close: HalfClose,
    /// What understanding the client's next byte would wait for.
    pub(super) want: Want,
    /// What a pipe of each direction's holds; 0 for none.
    pub(super) down_pipe: u32,
    pub(super) up_pipe: u32,
}

impl Mark {
    /// Of a session that rests so.
    pub(super) fn of(session: &Session, rest: Rest, waits: &mut Table) -> Option<Self> {
        let setup = session.setup();
        let pipe = |side| match session.from(side).lane() {
            Lane::Copied => 0,
            Lane::Piped(most) => most,
        };
        let open = session.leg(Side::Down).open()?;
        Some(Mark {
            rest,
            facts: Facts {
                waits: u16::try_from(waits.place(setup.timeouts)).ok()?,
                up_tls: setup.up_tls,
                tls12_half_close: setup.policy.tls12_half_close,
                want: open.inbox.want,
                down_pipe: pipe(Side::Down),
                up_pipe: pipe(Side::Up),
            },
        })
    }

    pub(super) fn entry(self) -> Entry {
        let Facts {
            waits,
            up_tls,
            tls12_half_close,
            want,
            down_pipe,
            up_pipe,
        } = self.facts;
        let small = Small::NONE.with(self.rest).with(waits).with(up_tls);
        let small = small.with(tls12_half_close).with(want);
        Entry::new(MARK, small, down_pipe, up_pipe)
    }

    /// The mark of an entry, if it is one's.
    pub(super) fn of_entry(entry: Entry) -> Option<Self> {
        if entry.tag() != MARK {
            return None;
        }
        let mut small = entry.small();
        Some(Mark {
            rest: small.take()?,
            facts: Facts {
                waits: small.take()?,
                up_tls: small.take()?,
                tls12_half_close: small.take()?,
                want: small.take()?,
                down_pipe: entry.x(),
                up_pipe: entry.y(),
            },
        })
    }

    /// The session at this mark, which was made with `setup`; nothing if its waits are not known.
    pub(super) fn session(self, setup: Setup, waits: &Table, now: Time) -> Option<Session> {
        let facts = self.facts;
        let mut setup = Setup {
            timeouts: waits.at(facts.waits.into())?,
            up_tls: facts.up_tls,
            ..setup
        };
        setup.policy.tls12_half_close = facts.tls12_half_close;
        let mut told = Told {
            session: Session::new(setup),
            now,
            effects: Effects::default(),
        };
        told.opening(setup);
        match (self.rest, setup.kind) {
            (Rest::Idle, _) => told.exchange(facts.want),
            (Rest::Tunnel, Kind::Tcp) => told.relay(setup.passthrough),
            (Rest::Tunnel, Kind::Http) => told.tunnel(),
        }
        for (side, most) in Side::BOTH.into_iter().zip([facts.down_pipe, facts.up_pipe]) {
            if most > 0 {
                told.of(Event::Piped(side, most));
            }
        }
        Some(told.session)
    }
}

/// A session that is told of events, all at one moment.
struct Told {
    session: Session,
    now: Time,
    effects: Effects,
}

impl Told {
    fn of(&mut self, event: Event) {
        self.effects.clear();
        self.session.step(self.now, event, &mut self.effects);
    }

    fn opening(&mut self, setup: Setup) {
        self.of(Event::Accepted);
        if setup.proxy_header {
            self.of(Event::Introduced);
        }
        if setup.down_tls {
            // 1.2 leaves the policy as it is; the version is in it already.
            self.of(Event::Secured(Side::Down, tls::Version::V12));
        }
    }

    /// A request that was answered, by whomever.
    fn exchange(&mut self, want: Want) {
        self.message(Side::Down, Head::Request(RequestFacts::GET), want);
        self.of(Event::Unconnected(Refusal::Configured {
            status: 200,
            fields: 0,
            content: 0,
        }));
        let bytes = self.session.to(Side::Down).bytes();
        self.of(Event::Sent(Side::Down, bytes));
    }

    fn relay(&mut self, passthrough: bool) {
        if passthrough {
            self.of(Event::Received(Side::Down, 1));
            self.of(Event::Peeked(Peeked::Routed));
        }
        self.of(Event::Connected(Origin::Reused));
        if passthrough {
            self.of(Event::Sent(Side::Up, 1));
        }
    }

    /// An exchange that has left HTTP.
    fn tunnel(&mut self) {
        let request = RequestFacts {
            upgrade: true,
            ..RequestFacts::GET
        };
        self.message(Side::Down, Head::Request(request), Want::Turn);
        self.of(Event::Connected(Origin::Reused));
        self.of(Event::Sent(Side::Up, 1));
        let response = ResponseFacts {
            status: 101,
            version: Version::Http11,
            body: BodyKind::None,
            close: false,
            event_stream: false,
        };
        self.message(Side::Up, Head::Response(response), Want::Turn);
        self.of(Event::Sent(Side::Down, 1));
    }

    fn message(&mut self, side: Side, head: Head, want: Want) {
        self.of(Event::Decoded(
            side,
            Decoded {
                head,
                bytes: 1,
                complete: side == Side::Down,
                left: 0,
                want,
            },
        ));
    }
}
