//! What may be read and what waits to be written: the session's interest, pulled by the driver.

use super::{Kind, Phase, Session};
use crate::{
    ending::End,
    event::Want,
    exchange::{Exchange, Request, Response},
    interest::{Asks, Interest, Read},
    leg::{Inbox, Open, ReadEnd, WriteEnd},
    side::Side,
    variant::bad,
};

impl Session {
    /// What the driver may and must do on a leg now. Ask as often as you like.
    #[must_use]
    pub fn interest(&self, side: Side) -> Interest {
        let Some(open) = self.leg(side).open() else {
            return Interest::NONE;
        };
        // R15: a failed leg takes nothing more; only what it said is still of use.
        let pending = match open.read {
            ReadEnd::Open | ReadEnd::Notified | ReadEnd::Fin(_) => self.to(side).bytes(),
            ReadEnd::Draining(_) | ReadEnd::Failed(_) => 0,
        };
        let (write, acked) = match open.write {
            WriteEnd::Open => (pending, false),
            WriteEnd::Finishing | WriteEnd::Acked => (0, false),
            // I6: behind a failure an empty send queue acknowledges nothing.
            WriteEnd::Sent => (0, self.observes_writes(side)),
            WriteEnd::Flushing => (
                pending,
                // W1: its end would overtake what its own peer said.
                pending == 0
                    && !matches!(open.read, ReadEnd::Draining(_))
                    && !self.is_still_heard(side),
            ),
        };
        Interest {
            read: self.read(side, open),
            decode: self.decode(side, open),
            write,
            last: write > 0 && open.write == WriteEnd::Open && self.says_last(side),
            acked,
        }
    }

    /// Whether the bytes inside for `side` are the last: the finish follows them (S1, S3, S6).
    pub(super) fn says_last(&self, side: Side) -> bool {
        match (&self.phase, side) {
            (Phase::Tunnel, _) => {
                let source = side.other();
                let ended = self.leg(source).end() == Some(End::Clean);
                self.unread(source) == 0 && (ended || self.closes_both() == Some(side))
            }
            (Phase::Exchange(exchange), Side::Down) => {
                let over = exchange.request == Request::Gone
                    || exchange.request == Request::Complete && self.closes_after(exchange);
                exchange.response == Response::Complete && over
            }
            (Phase::Exchange(_), Side::Up)
            | (
                Phase::New
                | Phase::ProxyHeader
                | Phase::Securing
                | Phase::Peeking
                | Phase::Idle(_)
                | Phase::Closing
                | Phase::Closed,
                _,
            ) => false,
        }
    }

    /// Whether what was just read of a message may be looked at. If not, it belongs to a message
    /// whose turn has not come, and is told as [`Want::Turn`] unseen (H11).
    #[must_use]
    pub fn is_turn(&self, side: Side) -> bool {
        match (&self.phase, side) {
            (Phase::Idle(_), Side::Down) | (Phase::Exchange(_), Side::Up) => true,
            (Phase::Exchange(exchange), Side::Down) => match exchange.request {
                Request::Head | Request::Body => true,
                Request::Complete | Request::Gone => false,
            },
            (Phase::Idle(_), Side::Up) => false,
            (
                Phase::New
                | Phase::ProxyHeader
                | Phase::Securing
                | Phase::Peeking
                | Phase::Tunnel
                | Phase::Closing
                | Phase::Closed,
                Side::Down | Side::Up,
            ) => false,
        }
    }

    /// All of it at once: see [`Asks`].
    #[must_use]
    pub fn asks(&self, side: Side) -> Asks {
        let Some(open) = self.leg(side).open() else {
            return Asks::NONE;
        };
        let interest = self.interest(side);
        let unread = interest.read == Read::Off;
        let writes = self.observes_writes(side);
        Asks {
            interest,
            // While nobody reads, readiness is all that tells; a reader hears of it by itself.
            faults: unread && writes && bad!(self.setup, FaultUnseen).is_none(),
            hints: unread && open.read == ReadEnd::Open && !open.hinted,
            writes,
            finish: writes && open.write == WriteEnd::Finishing,
        }
    }

    /// Whether a failure of this leg would be news (R18).
    #[must_use]
    pub fn observes_faults(&self, side: Side) -> bool {
        self.asks(side).faults
    }

    /// Whether it is worth asking if a FIN has come that nobody reads yet (R17).
    #[must_use]
    pub fn observes_hints(&self, side: Side) -> bool {
        self.asks(side).hints
    }

    /// Whether the leg has not failed yet, so that a call on it can still tell something.
    #[must_use]
    pub fn observes_writes(&self, side: Side) -> bool {
        self.leg(side)
            .open()
            .is_some_and(|open| !matches!(open.read, ReadEnd::Draining(_) | ReadEnd::Failed(_)))
    }

    fn read(&self, side: Side, open: &Open) -> Read {
        match open.read {
            ReadEnd::Fin(_) | ReadEnd::Failed(_) => Read::Off,
            // T03, T04: only the FIN matters now.
            ReadEnd::Notified => Read::Discard,
            ReadEnd::Open | ReadEnd::Draining(_) => self.read_open(side, open.inbox),
        }
    }

    pub(super) fn read_open(&self, side: Side, inbox: Inbox) -> Read {
        match &self.phase {
            Phase::New | Phase::ProxyHeader | Phase::Securing | Phase::Closed => Read::Off,
            Phase::Peeking => take(self.peek_room()),
            Phase::Closing => Read::Discard,
            // I9: also while this leg waits for its reset, as long as the other one takes anything.
            Phase::Tunnel if self.unread(side) > 0 => Read::Off,
            // T02, strict: nobody hears it any more.
            Phase::Tunnel if side == Side::Up && self.is_over_by_the_letter() => Read::Discard,
            // RFC 9110, 9.3.6: what it says from now on is discarded.
            Phase::Tunnel if self.closes_both() == Some(side.other()) => Read::Discard,
            Phase::Tunnel if self.takes(side.other()) => take(self.from(side).room()),
            Phase::Tunnel if bad!(self.setup, ConsumerGone).is_some() => Read::Off,
            Phase::Tunnel => Read::Discard,
            Phase::Idle(_) => self.read_into(inbox),
            Phase::Exchange(exchange) => match side {
                Side::Down => self.read_request(exchange, inbox),
                Side::Up => self.read_response(exchange, inbox),
            },
        }
    }

    fn read_request(&self, exchange: &Exchange, inbox: Inbox) -> Read {
        match exchange.request {
            Request::Gone => Read::Discard,
            // The known-bad variant of MUSEUM 1.2; the rule itself is the next arm.
            Request::Complete if bad!(self.setup, FinUnread | Original).is_some() => Read::Off,
            // H11, and every FIN is observed: pipelined requests are read and kept.
            Request::Head | Request::Complete => self.read_into(inbox),
            Request::Body => self.read_body(side_room(self, Side::Down), inbox),
        }
    }

    fn read_response(&self, exchange: &Exchange, inbox: Inbox) -> Read {
        match exchange.response {
            // R22: interim responses are forwarded too, and there is no end to them (I16).
            Response::Waiting if side_room(self, Side::Up) == 0 => Read::Off,
            Response::Waiting | Response::Complete => self.read_into(inbox),
            Response::Body(_) => self.read_body(side_room(self, Side::Up), inbox),
            Response::Broken => Read::Discard,
        }
    }

    /// R22: while the relay has no room, or what was read has not found any, nothing is read.
    fn read_body(&self, room: u32, inbox: Inbox) -> Read {
        let taken_for_room = inbox.left > 0 && bad!(self.setup, BytesTakenForRoom).is_some();
        if room == 0 || inbox.decodable() || taken_for_room {
            Read::Off
        } else {
            self.read_into(inbox)
        }
    }

    fn read_into(&self, inbox: Inbox) -> Read {
        take(self.setup.limits.inbox_bytes.saturating_sub(inbox.left))
    }

    /// What was read and not understood leads back to the decoder as soon as it has room, or its
    /// turn has come. Level-triggered, so no wake-up can be lost (MUSEUM 1.1).
    pub(super) fn decode(&self, side: Side, open: &Open) -> Option<u32> {
        if self.setup.kind != Kind::Http || !open.inbox.decodable() {
            return None;
        }
        let room = self.from(side).room();
        match (open.inbox.want, &self.phase) {
            (_, Phase::Tunnel) => (room > 0 && self.takes(side.other())).then_some(room),
            (Want::Room, Phase::Exchange(exchange)) => {
                let wanted = match side {
                    Side::Down => exchange.request == Request::Body,
                    Side::Up => matches!(exchange.response, Response::Body(_)),
                };
                (wanted && room > 0 && !self.is_lost(side)).then_some(room)
            }
            (Want::Turn, Phase::Idle(_)) => (side == Side::Down).then_some(room),
            (Want::Turn, Phase::Exchange(exchange)) => {
                (side == Side::Up && exchange.is_unanswered() && room > 0).then_some(room)
            }
            (Want::Bytes | Want::Room | Want::Turn, _) => None,
        }
    }

    /// `LostWakeup`: whether nothing leads back to what was read.
    #[cfg(feature = "known-bad")]
    pub(super) fn is_lost(&self, side: Side) -> bool {
        side == Side::Up && self.wrong.lost
    }

    #[cfg(not(feature = "known-bad"))]
    #[allow(clippy::unused_self)]
    pub(super) const fn is_lost(&self, _: Side) -> bool {
        false
    }
}

fn side_room(session: &Session, side: Side) -> u32 {
    session.from(side).room()
}

const fn take(room: u32) -> Read {
    if room == 0 {
        Read::Off
    } else {
        Read::Take(room)
    }
}
