//! Every state of a session that a few events lead to: breadth first, all in one moment.
//!
//! Both peers are the least that tells the phases apart: a request with and without a body, an answer, a
//! change to a tunnel, a byte or two either way, every end. What a driver would tell, given interest and
//! orders, is told, and nothing else.

use super::{Bounds, Effort, Way, alone, stage};
use std::{
    collections::{BTreeSet, VecDeque},
    hash::{DefaultHasher, Hash, Hasher},
};
use tidegate_core::{
    effect::{Effect, Effects},
    ending::Cause,
    event::{Call, Decoded, Event, Head, Origin, Peeked, Refusal, Want},
    http1::{BodyKind, Method, Reply, RequestFacts, ResponseFacts, Version},
    interest::Read,
    leg::{Leg, WriteEnd},
    session::{Kind, Phase, Session},
    side::Side,
    time::Time,
    tls,
};

/// What both peers say in one walk, in letters: `h` part of a head, `H` the whole of it, `i` an interim
/// head, `b` a byte of a body. A tunnel's bytes are counted.
#[derive(Clone, Copy, Debug)]
struct Talk {
    client: &'static [u8],
    request: RequestFacts,
    origin: &'static [u8],
    response: ResponseFacts,
}

const OK: ResponseFacts = ResponseFacts {
    status: 200,
    version: Version::Http11,
    body: BodyKind::Length(2),
    close: false,
    event_stream: false,
};

const TALKS: [Talk; 4] = [
    // The second request never comes to its end.
    Talk {
        client: b"hHh",
        request: RequestFacts::GET,
        origin: b"iHbb",
        response: OK,
    },
    Talk {
        client: b"Hbb",
        request: RequestFacts {
            method: Method::Post,
            idempotent: false,
            body: BodyKind::Length(2),
            ..RequestFacts::GET
        },
        origin: b"Hb",
        response: ResponseFacts {
            body: BodyKind::Length(1),
            ..OK
        },
    },
    // W9b.
    Talk {
        client: b"H",
        request: RequestFacts::GET,
        origin: b"Hbb",
        response: ResponseFacts {
            event_stream: true,
            ..OK
        },
    },
    Talk {
        client: b"H",
        request: RequestFacts {
            upgrade: true,
            ..RequestFacts::GET
        },
        origin: b"H",
        response: ResponseFacts {
            status: 101,
            body: BodyKind::None,
            ..OK
        },
    },
];

/// Bytes that each peer says in a tunnel.
const fn tunnelled(effort: Effort) -> u8 {
    match effort {
        Effort::Whole => 2,
        Effort::Clients => 1,
    }
}

/// A session, and what its peers may still do.
#[derive(Clone, Debug, Hash)]
pub(super) struct State {
    pub(super) session: Session,
    pub(super) dialing: bool,
    dials: u8,
    waited: bool,
    /// Whether anything was ever said to a peer, by side: otherwise nothing can be owed to it, nor be in its
    /// way.
    pub(super) said: [bool; 2],
    /// Letters that were read, by side.
    read: [u8; 2],
    /// Bytes of a tunnel that are still to come, by side.
    left: [u8; 2],
}

/// Walks over what a way may come to, and adds the worst of each stage.
pub(super) fn walk(way: &Way, effort: Effort, bounds: &mut Bounds) {
    let talks: &[Talk] = match way.setup.kind {
        Kind::Http => &TALKS,
        Kind::Tcp => &TALKS[..1],
    };
    let (mut known, mut looked) = (BTreeSet::new(), BTreeSet::new());
    for (number, talk) in talks.iter().enumerate() {
        let first = State {
            session: Session::new(way.setup),
            dialing: false,
            dials: 0,
            waited: false,
            said: [false; 2],
            read: [0; 2],
            left: [tunnelled(effort); 2],
        };
        let mut queue = VecDeque::from([first]);
        while let Some(state) = queue.pop_front() {
            for event in state.events(way, talk, effort) {
                let mut next = state.clone();
                next.step(event);
                if next.session.is_closed() || !known.insert(key(&(&next, number))) {
                    continue;
                }
                bounds.states += 1;
                // What time alone does follows from no more than this.
                let new = looked.insert(key(&(&next.session, next.dialing, next.said)));
                if let (true, Some(stage)) = (new, stage(&next.session)) {
                    alone::worst(way, &next, stage, effort, bounds);
                }
                queue.push_back(next);
            }
        }
    }
}

/// 128 bits stand for a state.
fn key(state: &impl Hash) -> (u64, u64) {
    let of = |salt: u64| {
        let mut hasher = DefaultHasher::new();
        (salt, state).hash(&mut hasher);
        hasher.finish()
    };
    (of(0), of(1))
}

impl State {
    /// Tells the session at the one moment of the walk.
    fn step(&mut self, event: Event) {
        self.tell(Time(0), event);
    }

    /// Tells the session, and does what it orders.
    pub(super) fn tell(&mut self, now: Time, event: Event) {
        match event {
            Event::Decoded(side, _) => self.read[side as usize] += 1,
            Event::Received(side, bytes) => {
                let left = &mut self.left[side as usize];
                *left = left.saturating_sub(u8::try_from(bytes).unwrap_or(u8::MAX));
            }
            Event::Sent(side, _) | Event::Finished(side) | Event::Secured(side, _) => {
                self.said[side as usize] = true;
            }
            Event::Queued => self.waited = true,
            Event::Connected(_) => {
                self.dialing = false;
                self.dials += 1;
                self.said[Side::Up as usize] = false;
                self.read[Side::Up as usize] = 0;
            }
            Event::Unconnected(_) => self.dialing = false,
            Event::Accepted
            | Event::Introduced
            | Event::Rejected(_)
            | Event::Peeked(_)
            | Event::Routed(_)
            | Event::Granted
            | Event::Redialled
            | Event::Piped(..)
            | Event::Copied(_)
            | Event::Refused(..)
            | Event::Declined(_)
            | Event::CloseNotify(_)
            | Event::Unaccepted
            | Event::Fin(_)
            | Event::Undelivered(_)
            | Event::Failed(..)
            | Event::Hinted(_)
            | Event::Acked(_)
            | Event::Fired
            | Event::Evicted
            | Event::Drained
            | Event::DrainExpired
            | Event::Killed(_) => {}
        }
        let mut effects = Effects::new();
        self.session.step(now, event, &mut effects);
        for effect in effects {
            match effect {
                Effect::Connect => self.dialing = true,
                Effect::Cancel => self.dialing = false,
                Effect::Finish(_)
                | Effect::Reset(_)
                | Effect::Close(_)
                | Effect::Park
                | Effect::Retire(_)
                | Effect::Reply(_)
                | Effect::Alert
                | Effect::Probe
                | Effect::LastChunk
                | Effect::End(_) => {}
            }
        }
    }

    fn events(&self, way: &Way, talk: &Talk, effort: Effort) -> Vec<Event> {
        let session = &self.session;
        let fails = effort == Effort::Whole;
        let mut out = Vec::new();
        match session.phase() {
            Phase::New => return vec![Event::Accepted],
            Phase::ProxyHeader => out.push(Event::Introduced),
            Phase::Securing => {
                out.push(Event::Secured(Side::Down, tls::Version::V12));
                out.push(Event::Secured(Side::Down, tls::Version::V13));
            }
            Phase::Peeking if session.from(Side::Down).bytes() > 0 => {
                out.extend([Peeked::Routed, Peeked::Unroutable].map(Event::Peeked));
            }
            Phase::Peeking
            | Phase::Idle(_)
            | Phase::Exchange(_)
            | Phase::Tunnel
            | Phase::Closing
            | Phase::Closed => {}
        }
        if *session.leg(Side::Up) == Leg::Securing {
            out.push(Event::Secured(Side::Up, tls::Version::V13));
            out.extend(fails.then_some(Event::Failed(Side::Up, Cause::Reset, Call::Read)));
        }
        if *session.leg(Side::Up) == Leg::Queued {
            out.push(Event::Granted);
        } else if self.dialing {
            if way.queues && !self.waited {
                out.push(Event::Queued);
            }
            match way.answers {
                Some(refusal) => out.push(Event::Unconnected(refusal)),
                // A request is sent again once at most.
                None if self.dials < 2 => {
                    out.push(Event::Connected(Origin::Fresh));
                    let refused = Event::Unconnected(Refusal::Failed(Cause::Refused));
                    out.extend(fails.then_some(refused));
                }
                None => {}
            }
        }
        for side in Side::BOTH {
            if session.leg(side).open().is_some() {
                self.reads(talk, side, fails, &mut out);
                self.writes(side, &mut out);
            }
        }
        out
    }

    /// What a peer may say now.
    fn reads(&self, talk: &Talk, side: Side, fails: bool, out: &mut Vec<Event>) {
        let session = &self.session;
        let interest = session.interest(side);
        match interest.read {
            Read::Off => {
                if fails && session.observes_faults(side) {
                    out.push(Event::Failed(side, Cause::Reset, Call::Poll));
                }
                return;
            }
            Read::Take(_) => {
                let phase = session.phase();
                let raw = matches!(phase, Phase::Tunnel | Phase::Peeking);
                let spoken = matches!(phase, Phase::Idle(_) | Phase::Exchange(_));
                if raw && self.left[side as usize] > 0 {
                    out.push(Event::Received(side, 1));
                } else if spoken && session.is_turn(side) {
                    out.extend(self.letter(talk, side));
                    if fails && side == Side::Down {
                        out.push(Event::Refused(side, Reply::bad_request()));
                    }
                }
            }
            Read::Discard => {}
        }
        let open = session.leg(side).open();
        let Some(open) = open else { return };
        if open.tls && open.read == tidegate_core::leg::ReadEnd::Open {
            out.push(Event::CloseNotify(side));
        }
        out.push(Event::Fin(side));
        out.extend(fails.then_some(Event::Failed(side, Cause::Reset, Call::Read)));
    }

    /// The next letter that a peer says, as it is understood.
    fn letter(&self, talk: &Talk, side: Side) -> Option<Event> {
        let at = usize::from(self.read[side as usize]);
        let (script, body) = match side {
            Side::Down => (talk.client, talk.request.body),
            Side::Up => (talk.origin, talk.response.body),
        };
        let letter = *script.get(at)?;
        let last = !script[at + 1..].contains(&b'b');
        let whole = Decoded {
            head: Head::None,
            bytes: 1,
            complete: false,
            left: 0,
            want: Want::Bytes,
        };
        let decoded = match (letter, side) {
            (b'h', _) => Decoded {
                bytes: 0,
                left: 1,
                ..whole
            },
            (b'i', _) => Decoded {
                head: Head::Interim,
                want: Want::Turn,
                ..whole
            },
            (b'H', Side::Up) if talk.response.status == 101 => {
                if !self.session.switches(&talk.response) {
                    return Some(Event::Refused(
                        side,
                        Reply::bad_gateway("http_protocol_error"),
                    ));
                }
                Decoded {
                    head: Head::Response(talk.response),
                    want: Want::Turn,
                    ..whole
                }
            }
            (b'H', _) => Decoded {
                head: match side {
                    Side::Down => Head::Request(talk.request),
                    Side::Up => Head::Response(talk.response),
                },
                complete: body == BodyKind::None,
                want: match body {
                    BodyKind::None => Want::Turn,
                    BodyKind::Length(_) | BodyKind::Chunked | BodyKind::Close => Want::Bytes,
                },
                ..whole
            },
            _ => Decoded {
                complete: last,
                want: if last { Want::Turn } else { Want::Bytes },
                ..whole
            },
        };
        Some(Event::Decoded(side, decoded))
    }

    /// What a transport may take now, and acknowledge.
    fn writes(&self, side: Side, out: &mut Vec<Event>) {
        let session = &self.session;
        let interest = session.interest(side);
        match interest.write {
            0 => {}
            1 => out.push(Event::Sent(side, 1)),
            n => out.extend([n, n - 1].map(|bytes| Event::Sent(side, bytes))),
        }
        let open = session.leg(side).open();
        let finishing = open.is_some_and(|open| open.write == WriteEnd::Finishing);
        if finishing && session.observes_writes(side) {
            out.push(Event::Finished(side));
        }
        if interest.acked {
            out.push(Event::Acked(side));
        }
    }
}
