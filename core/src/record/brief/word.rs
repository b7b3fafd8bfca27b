//! The words of the events, as the line of the log has them.
//!
//! It owns no state: what an event is called depends on the event, and on the timer that it fires.

use crate::{
    close::CloseCause,
    ending::Cause,
    event::{Decoded, Event, Head, Kill, Origin, Peeked, Refusal},
    session::Session,
    side::Side,
};
use alloc::{
    borrow::Cow,
    format,
    string::{String, ToString},
};

/// What is told of an event.
pub(super) enum Word {
    /// This.
    Told(Cow<'static, str>),
    /// That bytes came of this side.
    Data(Side),
    /// Nothing: it bears on no end.
    Untold,
}

const fn peer(side: Side) -> &'static str {
    match side {
        Side::Down => "client",
        Side::Up => "origin",
    }
}

pub(super) fn from(what: &str, side: Side) -> String {
    format!("{what}<{}", peer(side))
}

pub(super) fn to(what: &str, side: Side) -> String {
    format!("{what}>{}", peer(side))
}

/// What is told of a look at a message: its head, and of what is behind one, or not yet one, that it came.
fn message(side: Side, decoded: &Decoded) -> Word {
    match decoded.head {
        Head::None => Word::Data(side),
        Head::Request(_) => Word::Told("head".into()),
        Head::Interim | Head::Continue => Word::Told(from("interim", side).into()),
        Head::Response(facts) => Word::Told(from(&facts.status.to_string(), side).into()),
    }
}

fn failed(cause: Cause) -> String {
    if cause == Cause::Reset {
        return "rst".to_string();
    }
    cause.to_string().replace(' ', "_")
}

/// Whether nothing can be sent on a leg that has failed so.
pub(super) const fn is_dead(cause: Cause) -> bool {
    match cause {
        Cause::Reset | Cause::TimedOut | Cause::Unreachable | Cause::Refused => true,
        Cause::Tls
        | Cause::Certificate
        | Cause::Cancelled
        | Cause::Expired(_)
        | Cause::Protocol
        | Cause::Deadline
        | Cause::Killed
        | Cause::Rejected(_)
        | Cause::Local => false,
    }
}

/// The word for an event, before `session` is told of it.
pub(super) fn word(event: Event, session: Option<&Session>) -> Word {
    Word::Told(match event {
        Event::Accepted => "accept".into(),
        Event::Introduced => "proxy".into(),
        Event::Rejected(why) => why.word().into(),
        Event::Secured(Side::Down, _) => "tls".into(),
        Event::Secured(side @ Side::Up, _) => from("tls", side).into(),
        Event::Peeked(Peeked::Routed) => "hello".into(),
        Event::Peeked(Peeked::Unroutable) => "unroutable".into(),
        Event::Peeked(Peeked::Alien) => "no_hello".into(),
        Event::Queued => "queue".into(),
        Event::Granted => "turn".into(),
        Event::Connected(Origin::Fresh) => "up".into(),
        Event::Connected(Origin::Reused) => "reuse".into(),
        Event::Redialled => "redial".into(),
        Event::Unconnected(refusal) => return unconnected(refusal),
        Event::Received(side, _) => return Word::Data(side),
        Event::Decoded(side, decoded) => return message(side, &decoded),
        Event::Refused(side, _) => from("bad", side).into(),
        Event::Declined(status) => from(&status.to_string(), Side::Up).into(),
        Event::CloseNotify(side) => from("notify", side).into(),
        Event::Fin(side) => from("fin", side).into(),
        Event::Failed(side, cause, _) => from(&failed(cause), side).into(),
        Event::Finished(side) => to("fin", side).into(),
        Event::Fired => match session.and_then(Session::deadline) {
            Some((_, timer)) => format!("timer:{timer}").replace(' ', "_").into(),
            None => "timer".into(),
        },
        Event::Evicted => "evicted".into(),
        Event::Drained => "drain".into(),
        Event::DrainExpired => "drain_deadline".into(),
        Event::Killed(Kill::Last) => "kill".into(),
        Event::Killed(Kill::Reset) => "kill_rst".into(),
        Event::Routed(_)
        | Event::Piped(..)
        | Event::Copied(_)
        | Event::Sent(..)
        | Event::Unaccepted
        | Event::Undelivered(_)
        | Event::Hinted(_)
        | Event::Acked(_) => return Word::Untold,
    })
}

fn unconnected(refusal: Refusal) -> Word {
    match refusal {
        // Its answer is told, and nothing was to be connected to.
        Refusal::Configured { .. } => Word::Untold,
        Refusal::NoRoute
        | Refusal::NoEndpoint
        | Refusal::NoAddress(_)
        | Refusal::Busy
        | Refusal::NoConnect
        | Refusal::NoRetry
        | Refusal::TooMany(_)
        | Refusal::Failed(_) => {
            let cause = CloseCause::of_refusal(refusal);
            Word::Told(format!("no_up:{cause}").into())
        }
    }
}
