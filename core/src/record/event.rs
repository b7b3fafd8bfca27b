//! Events as entries, and entries as events.
//!
//! What stands where is said twice, once each way, and a test holds the one against the other for every
//! event. Most events are one entry; what does not fit stands in an entry before.

use super::{
    coded::{Status, Token},
    entry::{Coded, Entry, Small},
    tag::*,
    waits::Table,
};
use crate::{
    event::{Decoded, Destination, Event, Head, Refusal},
    http1::{BodyKind, Content, Reply, RequestFacts, ResponseFacts, Wording},
};

/// An event as it is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Packed {
    /// What stands before it.
    pub(super) before: Option<Entry>,
    /// The event.
    pub(super) main: Entry,
}

impl From<Entry> for Packed {
    #[inline]
    fn from(main: Entry) -> Self {
        Packed { before: None, main }
    }
}

/// An entry, of these small values and these counts.
#[inline]
fn entry(tag: u8, small: Small, x: u32, y: u32) -> Packed {
    Entry::new(tag, small, x, y).into()
}

/// An entry of an event that says nothing more.
#[inline]
fn word(tag: u8) -> Packed {
    entry(tag, Small::NONE, 0, 0)
}

/// An entry of an event with one small value.
#[inline]
fn small(tag: u8, value: impl Coded) -> Packed {
    entry(tag, Small::NONE.with(value), 0, 0)
}

/// The event, with the waits that it may name.
#[inline]
pub(super) fn pack(event: Event, waits: &mut Table) -> Packed {
    match event {
        Event::Accepted => word(ACCEPTED),
        Event::Introduced => word(INTRODUCED),
        Event::Rejected(why) => small(REJECTED, why),
        Event::Secured(side, version) => entry(SECURED, Small::NONE.with(side).with(version), 0, 0),
        Event::Peeked(peeked) => small(PEEKED, peeked),
        Event::Routed(Destination { timeouts, tls }) => {
            let place = waits.place(timeouts);
            entry(ROUTED, Small::NONE.with(tls), place, 0)
        }
        Event::Queued => word(QUEUED),
        Event::Granted => word(GRANTED),
        Event::Connected(origin) => small(CONNECTED, origin),
        Event::Redialled => word(REDIALLED),
        Event::Unconnected(refusal) => unconnected(refusal),
        Event::Received(side, bytes) => entry(RECEIVED, Small::NONE.with(side), bytes, 0),
        Event::Piped(side, most) => entry(PIPED, Small::NONE.with(side), most, 0),
        Event::Copied(side) => small(COPIED, side),
        Event::Decoded(side, decoded) => {
            let Decoded {
                head,
                bytes,
                complete,
                left,
                want,
            } = decoded;
            let small = Small::NONE.with(side).with(complete).with(want);
            decoded_as(head, small, bytes, left)
        }
        Event::Refused(side, reply) => refused(Small::NONE.with(side), reply),
        Event::Declined(status) => small(DECLINED, status),
        Event::Sent(side, bytes) => entry(SENT, Small::NONE.with(side), bytes, 0),
        Event::CloseNotify(side) => small(CLOSE_NOTIFY, side),
        Event::Unaccepted => word(UNACCEPTED),
        Event::Fin(side) => small(FIN, side),
        Event::Undelivered(side) => small(UNDELIVERED, side),
        Event::Failed(side, cause, call) => {
            entry(FAILED, Small::NONE.with(side).with(cause).with(call), 0, 0)
        }
        Event::Hinted(side) => small(HINTED, side),
        Event::Finished(side) => small(FINISHED, side),
        Event::Acked(side) => small(ACKED, side),
        Event::Fired => word(FIRED),
        Event::Evicted => word(EVICTED),
        Event::Drained => word(DRAINED),
        Event::DrainExpired => word(DRAIN_EXPIRED),
        Event::Killed(kill) => small(KILLED, kill),
    }
}

fn unconnected(refusal: Refusal) -> Packed {
    match refusal {
        Refusal::NoRoute => word(NO_ROUTE),
        Refusal::NoEndpoint => word(NO_ENDPOINT),
        Refusal::NoAddress(why) => small(NO_ADDRESS, why),
        Refusal::Busy => word(BUSY),
        Refusal::NoConnect => word(NO_CONNECT),
        Refusal::NoRetry => word(NO_RETRY),
        Refusal::Configured {
            status,
            fields,
            content,
        } => entry(CONFIGURED, Small::NONE.with(status), fields, content),
        Refusal::TooMany(seconds) => entry(TOO_MANY, Small::NONE, seconds, 0),
        Refusal::Failed(cause) => small(UNCONNECTED, cause),
    }
}

#[inline]
fn decoded_as(head: Head, small: Small, bytes: u32, left: u32) -> Packed {
    match head {
        Head::None => entry(PIECE, small, bytes, left),
        Head::Interim => entry(INTERIM, small, bytes, left),
        Head::Continue => entry(CONTINUE, small, bytes, left),
        Head::Request(facts) => {
            let RequestFacts {
                version,
                method,
                body,
                close,
                expect_continue,
                idempotent,
                upgrade,
                wording: Wording { json, id_bytes },
            } = facts;
            let small = small
                .with(version)
                .with(method)
                .with(kind(body))
                .with(close);
            let small = small.with(expect_continue).with(idempotent).with(upgrade);
            Packed {
                before: length(body),
                main: Entry::new(REQUEST, small.with(json).with(id_bytes), bytes, left),
            }
        }
        Head::Response(facts) => {
            let ResponseFacts {
                status,
                version,
                body,
                close,
                event_stream,
            } = facts;
            let small = small.with(Status(status)).with(version).with(kind(body));
            let small = small.with(close).with(event_stream);
            Packed {
                before: length(body),
                main: Entry::new(RESPONSE, small, bytes, left),
            }
        }
    }
}

fn refused(small: Small, reply: Reply) -> Packed {
    let Reply {
        status,
        cause,
        detail,
        rcode,
        retry_after,
        fields,
        content,
        wording: Wording { json, id_bytes },
        close,
        head_only,
    } = reply;
    let added = match content {
        Content::Words => None,
        Content::Added(bytes) => Some(bytes),
    };
    let small = small
        .with(Token(cause))
        .with(detail)
        .with(rcode)
        .with(close);
    let small = small.with(head_only).with(json).with(added.is_some());
    let before = Small::NONE.with(Status(status)).with(id_bytes);
    Packed {
        before: Some(Entry::new(REPLY, before, fields, added.unwrap_or(0))),
        main: Entry::new(REFUSED, small, retry_after, 0),
    }
}

/// How a body is delimited, without its length.
#[derive(Clone, Copy, Debug)]
struct Kind(u32);

impl Coded for Kind {
    const BITS: u32 = 2;

    #[inline]
    fn code(self) -> u32 {
        self.0
    }

    fn decoded(code: u32) -> Option<Self> {
        Some(Kind(code))
    }
}

#[inline]
const fn kind(body: BodyKind) -> Kind {
    Kind(match body {
        BodyKind::None => 0,
        BodyKind::Length(_) => 1,
        BodyKind::Chunked => 2,
        BodyKind::Close => 3,
    })
}

#[inline]
const fn length(body: BodyKind) -> Option<Entry> {
    match body {
        BodyKind::Length(bytes) => Some(Entry::of_wide(LENGTH, bytes)),
        BodyKind::None | BodyKind::Chunked | BodyKind::Close => None,
    }
}

/// The event of these entries; nothing if they are none.
pub(super) fn unpack(packed: Packed, waits: &Table) -> Option<Event> {
    let Packed { before, main } = packed;
    let mut rest = main.small();
    let small = &mut rest;
    let event = match main.tag() {
        ACCEPTED => Event::Accepted,
        INTRODUCED => Event::Introduced,
        REJECTED => Event::Rejected(small.take()?),
        SECURED => Event::Secured(small.take()?, small.take()?),
        PEEKED => Event::Peeked(small.take()?),
        ROUTED => Event::Routed(Destination {
            tls: small.take()?,
            timeouts: waits.at(main.x())?,
        }),
        QUEUED => Event::Queued,
        GRANTED => Event::Granted,
        CONNECTED => Event::Connected(small.take()?),
        REDIALLED => Event::Redialled,
        NO_ROUTE..=UNCONNECTED => Event::Unconnected(refusal(main, small)?),
        RECEIVED => Event::Received(small.take()?, main.x()),
        PIPED => Event::Piped(small.take()?, main.x()),
        COPIED => Event::Copied(small.take()?),
        PIECE..=RESPONSE => Event::Decoded(
            small.take()?,
            Decoded {
                complete: small.take()?,
                want: small.take()?,
                head: head(main.tag(), before, small)?,
                bytes: main.x(),
                left: main.y(),
            },
        ),
        REFUSED => Event::Refused(small.take()?, reply(before?, main.x(), small)?),
        DECLINED => Event::Declined(small.take()?),
        SENT => Event::Sent(small.take()?, main.x()),
        CLOSE_NOTIFY => Event::CloseNotify(small.take()?),
        UNACCEPTED => Event::Unaccepted,
        FIN => Event::Fin(small.take()?),
        UNDELIVERED => Event::Undelivered(small.take()?),
        FAILED => Event::Failed(small.take()?, small.take()?, small.take()?),
        HINTED => Event::Hinted(small.take()?),
        FINISHED => Event::Finished(small.take()?),
        ACKED => Event::Acked(small.take()?),
        FIRED => Event::Fired,
        EVICTED => Event::Evicted,
        DRAINED => Event::Drained,
        DRAIN_EXPIRED => Event::DrainExpired,
        KILLED => Event::Killed(small.take()?),
        _ => return None,
    };
    // There is one way to write an event: what is left over makes it another one.
    rest.is_over()?;
    let mut again = waits.clone();
    let same = pack(event, &mut again);
    let alike = (same.before, same.main) == (before, main.after(0));
    alike.then_some(event)
}

fn refusal(main: Entry, small: &mut Small) -> Option<Refusal> {
    Some(match main.tag() {
        NO_ROUTE => Refusal::NoRoute,
        NO_ENDPOINT => Refusal::NoEndpoint,
        NO_ADDRESS => Refusal::NoAddress(small.take()?),
        BUSY => Refusal::Busy,
        NO_CONNECT => Refusal::NoConnect,
        NO_RETRY => Refusal::NoRetry,
        CONFIGURED => Refusal::Configured {
            status: small.take()?,
            fields: main.x(),
            content: main.y(),
        },
        TOO_MANY => Refusal::TooMany(main.x()),
        UNCONNECTED => Refusal::Failed(small.take()?),
        _ => return None,
    })
}

fn head(tag: u8, before: Option<Entry>, small: &mut Small) -> Option<Head> {
    Some(match tag {
        PIECE => Head::None,
        INTERIM => Head::Interim,
        CONTINUE => Head::Continue,
        REQUEST => Head::Request(RequestFacts {
            version: small.take()?,
            method: small.take()?,
            body: body(small.take()?, before)?,
            close: small.take()?,
            expect_continue: small.take()?,
            idempotent: small.take()?,
            upgrade: small.take()?,
            wording: Wording {
                json: small.take()?,
                id_bytes: small.take()?,
            },
        }),
        RESPONSE => {
            let Status(status) = small.take()?;
            Head::Response(ResponseFacts {
                status,
                version: small.take()?,
                body: body(small.take()?, before)?,
                close: small.take()?,
                event_stream: small.take()?,
            })
        }
        _ => return None,
    })
}

fn body(kind: Kind, before: Option<Entry>) -> Option<BodyKind> {
    Some(match kind.0 {
        0 => BodyKind::None,
        1 => BodyKind::Length(before?.wide()),
        2 => BodyKind::Chunked,
        _ => BodyKind::Close,
    })
}

fn reply(before: Entry, retry_after: u32, small: &mut Small) -> Option<Reply> {
    let mut more = before.small();
    let Status(status) = more.take()?;
    let Token(cause) = small.take()?;
    Some(Reply {
        status,
        cause,
        detail: small.take()?,
        rcode: small.take()?,
        retry_after,
        fields: before.x(),
        close: small.take()?,
        head_only: small.take()?,
        wording: Wording {
            json: small.take()?,
            id_bytes: more.take()?,
        },
        content: match small.take()? {
            false => Content::Words,
            true => Content::Added(before.y()),
        },
    })
}
