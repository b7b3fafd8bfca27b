//! The wait-for graph: whatever a session holds or waits for, something must lead to it.
//!
//! Tests ask after every step; a release build can too. It looks at the state alone, so a wrong
//! rule cannot hide behind a flag that it set itself.

use super::{Kind, Phase, Session};
use crate::{
    ending::End,
    exchange::{Request, Response},
    interest::Read,
    leg::{Leg, Open, ReadEnd, WriteEnd},
    relay::Lane,
    side::Side,
    timer::Timer,
    tls::hello,
};

/// What is stuck, and on which leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stuck {
    /// Bytes for this leg, and no interest in writing them.
    Bytes(Side),
    /// Bytes of this leg were read, and nothing leads back to them (MUSEUM 1.1).
    Inbox(Side),
    /// This leg's FIN would not be seen, and nothing holds its bytes back (MUSEUM 1.2).
    Unread(Side),
    /// This leg's peer has ended clean, everything has left, and no FIN was ordered (I3).
    Fin(Side),
    /// This leg has failed, and the other one was not told (I4).
    Abort(Side),
    /// Nothing bounds the wait that the session is in (I11).
    Unbounded,
    /// A relay holds more than its limit and one head (I16).
    Overfull(Side),
    /// Bytes of this direction are neither inside, nor delivered, nor discarded (I20).
    Unaccounted(Side),
}

impl Session {
    /// Walks the wait-for graph.
    ///
    /// # Errors
    ///
    /// The first thing found that nothing leads to.
    pub fn check(&self) -> Result<(), Stuck> {
        // I20: also of a session that is over.
        if let Some(side) = Side::BOTH
            .into_iter()
            .find(|side| !self.from(*side).balances())
        {
            return Err(Stuck::Unaccounted(side));
        }
        if self.is_closed() || self.phase == Phase::New {
            return Ok(());
        }
        for side in Side::BOTH {
            self.check_room(side)?;
            if let Leg::Open(open) = self.leg(side) {
                self.check_bytes(side, open)?;
                self.check_inbox(side, open)?;
                self.check_read(side, open)?;
            }
            self.check_end(side)?;
        }
        // I11: a look that is due waits for nobody; every other wait is bounded.
        let looks = Side::BOTH
            .into_iter()
            .any(|side| self.interest(side).decode.is_some());
        if self.deadline().is_none() && !looks {
            return Err(Stuck::Unbounded);
        }
        Ok(())
    }

    fn check_room(&self, side: Side) -> Result<(), Stuck> {
        let relay = self.from(side);
        let most = match (relay.lane(), self.setup.kind) {
            (Lane::Copied, Kind::Tcp) if self.setup.passthrough => {
                relay.most().max(hello::MOST_BYTES)
            }
            (Lane::Copied | Lane::Piped(_), Kind::Tcp) => relay.most(),
            // A head may be re-serialised to a little more than it was.
            (Lane::Copied | Lane::Piped(_), Kind::Http) => {
                let head_bytes = self.setup.limits.head_bytes;
                relay.most().saturating_add(2 * head_bytes)
            }
        };
        if relay.bytes() > most {
            Err(Stuck::Overfull(side))
        } else {
            Ok(())
        }
    }

    fn check_bytes(&self, side: Side, open: &Open) -> Result<(), Stuck> {
        if matches!(open.read, ReadEnd::Draining(_) | ReadEnd::Failed(_)) {
            return Ok(());
        }
        let pending = self.to(side).bytes() > 0;
        let writes = self.interest(side).write > 0;
        let lost = match open.write {
            WriteEnd::Open | WriteEnd::Flushing => pending && !writes,
            // A FIN has overtaken them.
            WriteEnd::Finishing | WriteEnd::Sent | WriteEnd::Acked => pending,
        };
        if lost {
            Err(Stuck::Bytes(side))
        } else {
            Ok(())
        }
    }

    fn check_inbox(&self, side: Side, open: &Open) -> Result<(), Stuck> {
        let Phase::Exchange(exchange) = &self.phase else {
            let led_to = self.interest(side).decode.is_some() || self.from(side).bytes() > 0;
            return match self.unread(side) > 0 && !led_to {
                true => Err(Stuck::Inbox(side)),
                false => Ok(()),
            };
        };
        let forwarding = match side {
            Side::Down => exchange.request == Request::Body,
            Side::Up => matches!(exchange.response, Response::Body(_) | Response::Waiting),
        };
        let led_to = self.interest(side).decode.is_some()
            || self.from(side).bytes() > 0
            || self.up.is_coming();
        if forwarding && open.inbox.decodable() && !led_to {
            return Err(Stuck::Inbox(side));
        }
        Ok(())
    }

    fn check_read(&self, side: Side, open: &Open) -> Result<(), Stuck> {
        let over = matches!(open.read, ReadEnd::Fin(_) | ReadEnd::Failed(_));
        if over || self.interest(side).read != Read::Off {
            return Ok(());
        }
        let held = self.from(side).bytes() > 0 || self.up.is_coming();
        let kept = open.inbox.left >= self.setup.limits.inbox_bytes;
        let looking = self.interest(side).decode.is_some();
        if held || kept || looking {
            Ok(())
        } else {
            Err(Stuck::Unread(side))
        }
    }

    /// I3, I4, in a tunnel: an end that has come and holds nothing has been passed on.
    fn check_end(&self, side: Side) -> Result<(), Stuck> {
        if self.phase != Phase::Tunnel || !self.passed_on(side) {
            return Ok(());
        }
        let Some(sink) = self.leg(side.other()).open() else {
            return Ok(());
        };
        if matches!(sink.read, ReadEnd::Draining(_) | ReadEnd::Failed(_)) {
            return Ok(());
        }
        match self.leg(side).end() {
            Some(End::Clean) if sink.write == WriteEnd::Open => Err(Stuck::Fin(side)),
            Some(End::Truncated | End::Abort(_)) if sink.write == WriteEnd::Open => {
                Err(Stuck::Abort(side))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// The timers that bound the present state.
    pub fn waits(&self) -> impl Iterator<Item = Timer> + '_ {
        Timer::ALL
            .into_iter()
            .filter(|timer| self.timers.armed(*timer))
    }
}
