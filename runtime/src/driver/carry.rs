//! HTTP across the proxy: what was read becomes facts for the session and bytes for the other leg.
//!
//! It owns the decoder and encoder of the message under way in each direction. It waits for
//! nothing, and decides nothing that the session or `tidegate_core::http1` could decide.

use super::wire::{Queue, count};
use crate::{net::Network, upstream::Upstreams};
use std::net::IpAddr;
use tidegate_core::{
    event::{Decoded, Event, Head, Want},
    http1::{
        BodyDecoder, BodyEncoder, Delivery, Forwarded, Framing, Method, Piece, Reject, Reply,
        Version, request_head, response_head, write_request, write_response,
    },
    session::Session,
    side::Side,
};

/// At most two: what was understood, and that what followed was not.
pub(super) type Events = [Option<Event>; 2];

/// Both directions.
#[derive(Debug)]
pub(super) struct Carry {
    client: IpAddr,
    https: bool,
    /// Where the last request goes.
    cluster: Option<usize>,
    /// The version that the client speaks: HTTP/1.0 knows no interim responses.
    version: Version,
    request: Option<Body>,
    response: Option<Body>,
}

/// A body under way.
#[derive(Debug)]
struct Body {
    decoder: BodyDecoder,
    encoder: BodyEncoder,
}

impl Carry {
    pub(super) fn new(client: IpAddr, https: bool) -> Self {
        Carry {
            client,
            https,
            cluster: None,
            version: Version::Http11,
            request: None,
            response: None,
        }
    }

    /// The cluster that the last request's route names.
    pub(super) fn cluster(&self) -> Option<usize> {
        self.cluster
    }

    /// The cluster that a connection is for, found without a request.
    pub(super) fn goes_to(&mut self, cluster: usize) {
        self.cluster = Some(cluster);
    }

    /// The next response starts afresh.
    pub(super) fn next_response(&mut self) {
        self.response = None;
    }

    /// Looks at what the client sent; the route's waits, if it names any, come first.
    pub(super) fn request<N: Network>(
        &mut self,
        session: &Session,
        upstreams: &Upstreams<N>,
        inbox: &mut Queue,
        out: &mut Queue,
        room: u32,
    ) -> (Option<Event>, Events) {
        let limits = session.setup().limits;
        let before = out.len();
        let mut head = Head::None;
        let mut routed = None;
        if self.request.is_none() {
            let (taken, facts) = match request_head(inbox.front(), &limits) {
                Err(reject) => return (None, refused(Side::Down, reject)),
                Ok(None) => return (None, [Some(partial(Side::Down, inbox)), None]),
                Ok(Some((taken, parsed))) => {
                    let route = upstreams.route(&parsed);
                    self.cluster = route.cluster;
                    routed = route.destination;
                    let forwarded = Forwarded {
                        client: self.client,
                        https: self.https,
                        authority: &route.authority,
                    };
                    write_request(&parsed, &forwarded, out.tail());
                    (taken, parsed.facts)
                }
            };
            inbox.take(taken);
            self.version = facts.version;
            self.request = Some(Body {
                decoder: BodyDecoder::bounded(facts.body, &limits),
                encoder: BodyEncoder::new(facts.framing()),
            });
            head = Head::Request(facts);
        }
        let (events, over) = carry(
            Side::Down,
            &mut self.request,
            head,
            inbox,
            out,
            before,
            room,
        );
        if over {
            self.request = None;
        }
        (routed.map(Event::Routed), events)
    }

    /// Looks at what the origin sent.
    pub(super) fn response(
        &mut self,
        session: &Session,
        inbox: &mut Queue,
        out: &mut Queue,
        room: u32,
    ) -> Events {
        let limits = session.setup().limits;
        let before = out.len();
        let mut head = Head::None;
        if self.response.is_none() {
            let method = session.method().unwrap_or(Method::Other);
            let (taken, facts) = match response_head(inbox.front(), method, &limits) {
                Err(reject) => return refused(Side::Up, reject),
                Ok(None) => return [Some(partial(Side::Up, inbox)), None],
                Ok(Some((taken, parsed))) if parsed.facts.interim() => {
                    if self.version == Version::Http11 {
                        let delivery = Delivery {
                            framing: Framing::None,
                            close: false,
                            keep_alive: false,
                            version: self.version,
                        };
                        write_response(&parsed, &delivery, out.tail());
                    }
                    let head = match parsed.facts.status {
                        100 => Head::Continue,
                        _ => Head::Interim,
                    };
                    inbox.take(taken);
                    let bytes = count(out.len() - before);
                    return [Some(decoded(Side::Up, head, bytes, false, inbox)), None];
                }
                Ok(Some((taken, parsed))) if session.switches(&parsed.facts) => {
                    let delivery = session.delivery(&parsed.facts);
                    write_response(&parsed, &delivery, out.tail());
                    let head = Head::Response(parsed.facts);
                    inbox.take(taken);
                    let bytes = count(out.len() - before);
                    return [Some(decoded(Side::Up, head, bytes, false, inbox)), None];
                }
                Ok(Some((_, parsed))) if parsed.facts.status == 101 => {
                    // No Upgrade was forwarded, so nobody can switch (RFC 9110, 7.8).
                    let reply = Reply::bad_gateway("http_upgrade_failed");
                    return [Some(Event::Refused(Side::Up, reply)), None];
                }
                Ok(Some((taken, parsed))) => {
                    let delivery = session.delivery(&parsed.facts);
                    write_response(&parsed, &delivery, out.tail());
                    self.response = Some(Body {
                        decoder: BodyDecoder::bounded(parsed.facts.body, &limits),
                        encoder: BodyEncoder::new(delivery.framing),
                    });
                    (taken, parsed.facts)
                }
            };
            inbox.take(taken);
            head = Head::Response(facts);
        }
        carry(Side::Up, &mut self.response, head, inbox, out, before, room).0
    }
}

/// Carries as much of a body as there is room for, and tells it as one event, with the head that
/// came with it; and whether the message is over.
fn carry(
    side: Side,
    body: &mut Option<Body>,
    head: Head,
    inbox: &mut Queue,
    out: &mut Queue,
    before: usize,
    room: u32,
) -> (Events, bool) {
    let Some(Body { decoder, encoder }) = body else {
        return ([None, None], true);
    };
    let mut room = usize::try_from(room).unwrap_or(usize::MAX);
    loop {
        let (taken, piece) = match decoder.next(inbox.front(), room) {
            Ok(next) => next,
            Err(reject) => {
                let bytes = count(out.len() - before);
                let understood = Decoded {
                    head,
                    bytes,
                    complete: false,
                    left: 0,
                    want: Want::Bytes,
                };
                let [refusal, _] = refused(side, reject);
                return ([Some(Event::Decoded(side, understood)), refusal], true);
            }
        };
        let (want, complete) = match piece {
            Some(Piece::Data(data)) if !data.is_empty() => {
                encoder.data(data, out.tail());
                room -= data.len();
                inbox.take(taken);
                continue;
            }
            // MUSEUM 1.1: no room is not the want of bytes.
            Some(Piece::Data(_)) => (Want::Room, false),
            Some(Piece::End { trailers }) => {
                encoder.end(&trailers, out.tail());
                (Want::Turn, true)
            }
            None => (Want::Bytes, false),
        };
        inbox.take(taken);
        let understood = Decoded {
            head,
            bytes: count(out.len() - before),
            complete,
            left: count(inbox.len()),
            want,
        };
        return ([Some(Event::Decoded(side, understood)), None], complete);
    }
}

fn decoded(side: Side, head: Head, bytes: u32, complete: bool, inbox: &Queue) -> Event {
    let left = count(inbox.len());
    Event::Decoded(
        side,
        Decoded {
            head,
            bytes,
            complete,
            left,
            want: Want::Turn,
        },
    )
}

/// What was read belongs to a message whose turn has not come.
pub(super) fn kept(side: Side, inbox: &Queue) -> Event {
    decoded(side, Head::None, 0, false, inbox)
}

/// A head that is not complete: more bytes, nothing else, can complete it.
fn partial(side: Side, inbox: &Queue) -> Event {
    let left = count(inbox.len());
    let head = Head::None;
    Event::Decoded(
        side,
        Decoded {
            head,
            bytes: 0,
            complete: false,
            left,
            want: Want::Bytes,
        },
    )
}

fn refused(side: Side, reject: Reject) -> Events {
    tracing::debug!(%side, %reject, "refused");
    [Some(Event::Refused(side, Reply::refusing(reject))), None]
}
