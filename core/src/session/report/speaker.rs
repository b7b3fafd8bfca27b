//! Whom an event tells of, and what a leg says of its ends: small questions of the report.

use crate::{
    ending::{By, Cause, End, Rejection},
    event::{Event, Peeked},
    leg::{Open, WriteEnd},
    side::Side,
};

/// Whose peer an event tells of, where it can be the end of a direction.
pub(super) const fn speaker(event: Event) -> Option<Side> {
    match event {
        Event::CloseNotify(side)
        | Event::Fin(side)
        | Event::Failed(side, _, _)
        | Event::Refused(side, _) => Some(side),
        Event::Unconnected(_) => Some(Side::Up),
        Event::Peeked(Peeked::Alien) => Some(Side::Down),
        Event::Rejected(Rejection::ProxyHeaderMissing) => Some(Side::Down),
        Event::Accepted
        | Event::Introduced
        | Event::Rejected(_)
        | Event::Secured(..)
        | Event::Peeked(Peeked::Routed | Peeked::Unroutable)
        | Event::Routed(_)
        | Event::Queued
        | Event::Granted
        | Event::Connected(_)
        | Event::Redialled
        | Event::Received(..)
        | Event::Piped(..)
        | Event::Copied(_)
        | Event::Decoded(..)
        | Event::Declined(_)
        | Event::Sent(..)
        | Event::Unaccepted
        | Event::Undelivered(_)
        | Event::Hinted(_)
        | Event::Finished(_)
        | Event::Acked(_)
        | Event::Fired
        | Event::Evicted
        | Event::Drained
        | Event::DrainExpired
        | Event::Killed(_) => None,
    }
}

pub(super) const fn peer(side: Side) -> By {
    match side {
        Side::Down => By::Client,
        Side::Up => By::Origin,
    }
}

pub(super) const fn abort(end: End) -> Option<Cause> {
    match end {
        End::Abort(cause) => Some(cause),
        End::Clean | End::Truncated => None,
    }
}

/// Whether a leg was told to finish, and only its peer's acknowledgement is missing.
pub(super) fn is_finished(open: &Option<Open>) -> bool {
    open.as_ref()
        .is_some_and(|open| matches!(open.write, WriteEnd::Finishing | WriteEnd::Sent))
}
