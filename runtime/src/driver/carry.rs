//! HTTP across the proxy: what was read becomes facts for the session and bytes for the other leg.
//!
//! It owns the decoder and encoder of the message under way in each direction. It waits for
//! nothing, and decides nothing that the session or `tidegate_core::http1` could decide.

use super::{
    Service,
    blank::Blank,
    body::{Body, Written, carry},
    decoded::{INTERIM, alone, partial, whole},
    id::{Id, Space},
    queue::Queue,
    routed::{self, Answer},
    wire::count,
};
use crate::{
    config::Forwarding,
    log::Ink,
    net::Network,
    observe::request::{self, Request},
    upstream::Routed,
};
use std::{net::IpAddr, sync::Arc};
use tidegate_core::{
    event::{Decoded, Event, Head, Want},
    http1::{
        BodyDecoder, BodyEncoder, BodyKind, Forwarded, Method, Reject, Reply, RequestFacts,
        RequestHead, ResponseFacts, Room, Version, request_head_in, response_head_in,
        write_request, write_response,
    },
    session::Session,
    side::Side,
};

/// At most two: what was understood, and that what followed was not.
pub(super) type Events = [Option<Event>; 2];

/// What one look at a leg's unread bytes came to.
#[derive(Debug)]
pub(super) struct Look {
    /// So many of them were understood, and are passed on or of no use any more.
    pub(super) taken: usize,
    /// What the request's cluster asks for; it comes first.
    pub(super) routed: Option<Event>,
    /// What to tell of it.
    pub(super) events: Events,
}

impl Look {
    pub(super) fn refused(side: Side, reject: Reject) -> Look {
        tracing::debug!(%side, %reject, "refused");
        Look::told(0, Event::Refused(side, Reply::refusing(reject)))
    }

    fn told(taken: usize, event: Event) -> Look {
        Look {
            taken,
            routed: None,
            events: [Some(event), None],
        }
    }
}

/// Both directions.
#[derive(Debug)]
pub(super) struct Carry {
    client: IpAddr,
    https: bool,
    /// The client is a proxy whose word is taken.
    trusted: bool,
    /// Where a connection goes that is not routed by requests; or where the last request went of one that was
    /// put away, until the next.
    cluster: Option<usize>,
    /// The way of the last request.
    pub(super) routed: Option<Routed>,
    /// What its route answers by itself.
    pub(super) answer: Answer,
    /// What will be told of it, while it is under way.
    pub(super) asked: Option<Box<Request>>,
    /// What it is called.
    pub(super) id: Id,
    /// What the endpoint of the last request follows from, if it does.
    pub(super) key: Option<u64>,
    blank: Blank,
    /// The version that the client speaks: HTTP/1.0 knows no interim responses.
    version: Version,
    request: Option<Body>,
    response: Option<Body>,
    /// After how many seconds the origin closes its connection if it is idle, as its last response
    /// says.
    pub(super) hint: Option<u16>,
    /// Bytes that had been sent before the request in flight, on a leg that was idle (K23).
    pub(super) sent_before: Option<u64>,
}

impl Carry {
    pub(super) fn new(client: IpAddr, https: bool, trusted: bool) -> Self {
        Carry {
            client,
            https,
            trusted,
            cluster: None,
            routed: None,
            answer: Answer::default(),
            asked: None,
            key: None,
            blank: Blank::None,
            id: Id::default(),
            version: Version::Http11,
            request: None,
            response: None,
            hint: None,
            sent_before: None,
        }
    }

    /// A PROXY header has said whose connection it is.
    pub(super) fn is_for(&mut self, client: IpAddr, trusted: bool) {
        (self.client, self.trusted) = (client, trusted);
    }

    /// The cluster that the last request's route names, or that the connection is for.
    pub(super) fn cluster(&self) -> Option<usize> {
        match &self.routed {
            Some(routed) => routed.target().map(|target| target.cluster),
            None => self.cluster,
        }
    }

    /// The cluster that a connection is for, found without a request.
    pub(super) fn goes_to(&mut self, cluster: usize) {
        self.cluster = Some(cluster);
    }

    /// How much of a body under way passes as it comes, to be looked at by nobody: its length is
    /// known, and it is sent on in the same way.
    pub(super) fn passes(&self, side: Side) -> Option<u64> {
        self.body(side)?.plain()
    }

    /// So many bytes of it have passed.
    pub(super) fn passed(&mut self, side: Side, bytes: usize) -> Event {
        let body = match side {
            Side::Down => &mut self.request,
            Side::Up => &mut self.response,
        };
        let complete = body.as_mut().is_some_and(|Body { decoder, encoder }| {
            decoder.pass(bytes as u64);
            encoder.pass(bytes as u64);
            decoder.done()
        });
        if complete && side == Side::Down {
            self.request = None;
        }
        let understood = Decoded {
            head: Head::None,
            bytes: count(bytes),
            complete,
            left: 0,
            want: if complete { Want::Turn } else { Want::Bytes },
        };
        Event::Decoded(side, understood)
    }

    fn body(&self, side: Side) -> Option<&Body> {
        match side {
            Side::Down => self.request.as_ref(),
            Side::Up => self.response.as_ref(),
        }
    }

    /// Whether nothing of a request is here but what the next one replaces, and the cluster that it went to.
    pub(super) fn is_idle(&self) -> bool {
        let forgotten = self.asked.is_none() && self.answer.is_forgotten();
        self.request.is_none() && forgotten && self.blank == Blank::None
    }

    /// As a new one, but for the memory of an id.
    pub(super) fn renew(&mut self, client: IpAddr, https: bool, trusted: bool) {
        let mut id = std::mem::take(&mut self.id);
        id.forget();
        *self = Carry {
            id,
            ..Carry::new(client, https, trusted)
        };
    }

    /// Whether the client's word is taken.
    pub(super) fn trusts(&self) -> bool {
        self.trusted
    }

    /// The next response starts afresh.
    pub(super) fn next_response(&mut self) {
        self.response = None;
        // What one origin's connection was said to have is nothing to another.
        self.hint = None;
    }

    /// What an origin is told of the client where no route says anything else.
    fn told<'a>(&self, forwarding: &'a Forwarding) -> Forwarded<'a> {
        Forwarded {
            trusted: self.trusted,
            tells: forwarding.tells,
            via: &forwarding.via,
            ..Forwarded::new(self.client, self.https, "")
        }
    }

    /// What will be told of a request whose route is known.
    fn begun<N: Network>(&self, service: &Service<N>, head: &RequestHead<'_>) -> Box<Request> {
        let mut asked = request::begun();
        asked.is(head, service.ink.as_ref().map(Ink::settings));
        if let Some(routed) = &self.routed {
            asked.route = Some(Arc::clone(&routed.way.name));
            asked.cluster = routed.target().map(|target| Arc::clone(&target.name));
        }
        asked
    }

    /// What the session is told of a request, and what is kept of it here.
    fn noted(&mut self, session: &Session, mut facts: RequestFacts) -> RequestFacts {
        if session.setup().id_bytes > 0 {
            facts.wording.id_bytes = self.id.bytes();
        }
        self.version = facts.version;
        facts
    }

    /// The way of a request: where the one before it went is nothing to one that no route has.
    fn finds_way<N: Network>(&mut self, service: &Service<N>, head: &RequestHead<'_>) {
        self.routed = service.upstreams.routes().route(head, self.trusted);
        self.cluster = None;
        let target = self.routed.as_ref().and_then(Routed::target);
        self.key =
            target.and_then(|target| service.upstreams.key(target.cluster, head, self.client));
    }

    /// Looks at what the client sent.
    pub(super) fn request<N: Network>(
        &mut self,
        session: &Session,
        service: &Service<N>,
        input: &[u8],
        out: &mut Queue,
        room: u32,
    ) -> Look {
        let limits = &session.setup().limits;
        let before = out.len();
        let (mut head, mut taken, mut routed) = (Head::None, 0, None);
        if self.request.is_none() {
            self.id.forget();
            let (mut space, mut room) = (Space::default(), Room::default());
            let blank = match self.blank.take(input) {
                Err(fault) => return Look::refused(Side::Down, Reject::Request(fault)),
                Ok(taken) => taken,
            };
            let facts = match request_head_in(&input[blank..], limits, &mut room) {
                Err(reject) => return Look::refused(Side::Down, reject),
                Ok(None) => return Look::told(blank, partial(Side::Down, &input[blank..])),
                Ok(Some((length, parsed))) => {
                    taken = blank + length;
                    self.blank = Blank::None;
                    if let Some(fault) = service.forwarding.paths.fault(parsed.path()) {
                        return Look::refused(Side::Down, Reject::Request(fault));
                    }
                    self.finds_way(service, &parsed);
                    let prepared = self
                        .answer
                        .prepare(self.routed.as_ref(), &parsed, self.https);
                    if let Err(fault) = prepared {
                        return Look::refused(Side::Down, Reject::Request(fault));
                    }
                    self.asked = Some(self.begun(service, &parsed));
                    let target = self.routed.as_ref().and_then(Routed::target);
                    routed = target.map(|target| Event::Routed(target.destination));
                    self.id
                        .begin(service.forwarding.ids, &parsed, &service.numbers);
                    let told = Forwarded {
                        id: self.id.told(&service.numbers, &mut space),
                        ..self.told(&service.forwarding)
                    };
                    let forwarded = routed::forwarded(self.routed.as_ref(), &parsed, told);
                    write_request(&parsed, &forwarded, out.tail());
                    parsed.facts
                }
            };
            let facts = self.noted(session, facts);
            if facts.body == BodyKind::None {
                // Most requests are over with their heads.
                let bytes = out.len() - before;
                let whole = whole(Head::Request(facts), bytes, &input[taken..]);
                return Look {
                    routed,
                    ..Look::told(taken, whole)
                };
            }
            self.request = Some(Body::of_request(&facts, limits));
            head = Head::Request(facts);
        }
        let side = Side::Down;
        let written = Written { head, before };
        let (more, events) = carry(side, &mut self.request, written, &input[taken..], out, room);
        Look {
            taken: taken + more,
            routed,
            events,
        }
    }

    /// What to tell of an answer of which nothing is passed on: the request's cluster asks to have it from
    /// somebody else, or it is none.
    fn unwanted<N: Network>(
        &self,
        session: &Session,
        service: &Service<N>,
        facts: &ResponseFacts,
    ) -> Option<Event> {
        let declines = |cluster| service.upstreams.declines(cluster, facts.status);
        if session.may_retry() && self.cluster().is_some_and(declines) {
            return Some(Event::Declined(facts.status));
        }
        // No Upgrade was forwarded, so nobody can switch (RFC 9110, 7.8).
        let unasked = facts.status == 101 && !session.switches(facts);
        unasked.then(|| Event::Refused(Side::Up, Reply::bad_gateway("http_upgrade_failed")))
    }

    /// Looks at what the origin sent.
    pub(super) fn response<N: Network>(
        &mut self,
        session: &Session,
        service: &Service<N>,
        input: &[u8],
        out: &mut Queue,
        room: u32,
    ) -> Look {
        let limits = &session.setup().limits;
        let before = out.len();
        let side = Side::Up;
        let returned = routed::returned(self.routed.as_ref(), &service.forwarding);
        let (mut head, mut taken) = (Head::None, 0);
        if self.response.is_none() {
            let method = session.method().unwrap_or(Method::Other);
            let mut room = Room::default();
            let (length, parsed) = match response_head_in(input, method, limits, &mut room) {
                Err(reject) => return Look::refused(side, reject),
                Ok(None) => return Look::told(0, partial(side, input)),
                Ok(Some(head)) => head,
            };
            let facts = parsed.facts;
            if facts.interim() {
                // What a route changes is the answer.
                let interim = routed::returned(None, &service.forwarding);
                if self.version == Version::Http11 {
                    write_response(&parsed, &INTERIM, &interim, out.tail());
                }
                let head = match facts.status {
                    100 => Head::Continue,
                    _ => Head::Interim,
                };
                return Look::told(length, alone(head, out.len() - before, &input[length..]));
            }
            if let Some(event) = self.unwanted(session, service, &facts) {
                // Nobody looks at the rest.
                return Look::told(input.len(), event);
            }
            let switches = session.switches(&facts);
            let delivery = session.delivery(&facts);
            self.hint = parsed.idle_hint();
            write_response(&parsed, &delivery, &returned, out.tail());
            head = Head::Response(facts);
            if switches {
                return Look::told(length, alone(head, out.len() - before, &input[length..]));
            }
            taken = length;
            self.response = Some(Body {
                decoder: BodyDecoder::bounded(facts.body, limits),
                encoder: BodyEncoder::new(delivery.framing),
            });
        }
        let written = Written { head, before };
        let (more, events) = carry(
            side,
            &mut self.response,
            written,
            &input[taken..],
            out,
            room,
        );
        // What is complete stays, so that nothing behind it is taken for another response.
        Look {
            taken: taken + more,
            routed: None,
            events,
        }
    }
}
