//! When a request is sent again, on a fresh leg: once, before any byte of an answer has gone down, and
//! only if nobody can have acted on it or nothing is lost if somebody did (LIFECYCLE U02 to U04, U11; I13).
//!
//! It counts what was sent, and decides. The driver keeps the bytes as long as it is told to.

use super::{Phase, Session};
use crate::{
    bug,
    effect::{Effect, Effects},
    ending::{Cause, End},
    event::Origin,
    exchange::{Exchange, Replay, Request},
    leg::Leg,
    report::{Loss, Retry},
    side::Side,
    variant::bad,
};

impl Session {
    /// Whether what the origin has taken of the request must be kept, to be sent again.
    #[must_use]
    pub fn keeps_request(&self) -> bool {
        self.exchange().is_some_and(Exchange::can_be_repeated)
    }

    /// Whether the upstream leg wanted now is to be a fresh one.
    #[must_use]
    pub fn is_retrying(&self) -> bool {
        self.exchange()
            .is_some_and(|exchange| exchange.replay == Replay::Spent)
    }

    /// By which rule the request under way is sent again, if it is.
    #[must_use]
    pub fn sends_again_by(&self) -> Option<Retry> {
        self.account.0.retry.filter(|_| self.is_retrying())
    }

    /// Whether it matters if the origin's kernel has accepted any of the request (U02).
    #[must_use]
    pub fn asks_if_accepted(&self) -> bool {
        self.exchange().is_some_and(|exchange| {
            exchange.origin == Some(Origin::Reused) && exchange.can_be_repeated()
        }) && self.up.open().is_none_or(|up| up.inbox.left == 0)
    }

    /// The exchange under way, if there is one.
    pub(super) fn exchange(&self) -> Option<&Exchange> {
        match &self.phase {
            Phase::Exchange(exchange) => Some(exchange),
            Phase::New
            | Phase::Peeking
            | Phase::ProxyHeader
            | Phase::Securing
            | Phase::Idle(_)
            | Phase::Tunnel
            | Phase::Closing
            | Phase::Closed => None,
        }
    }

    /// There is an upstream leg for the request.
    pub(super) fn asked(&mut self, origin: Origin) {
        if let Phase::Exchange(exchange) = &mut self.phase {
            exchange.origin = Some(origin);
        }
    }

    /// The origin took so many bytes of the request. More than a relay holds is not kept (I16).
    pub(super) fn sent_request(&mut self, bytes: u32) {
        let limit = self.setup.limits.relay_bytes;
        let inside = self.d2u.bytes();
        if let Phase::Exchange(exchange) = &mut self.phase
            && let Replay::Held(before) = exchange.replay
        {
            let sent = before.saturating_add(bytes);
            let fits = sent.saturating_add(inside) <= limit;
            exchange.replay = if fits {
                Replay::Held(sent)
            } else {
                Replay::Lost
            };
        }
    }

    /// What is inside for the origin will never leave, so what has left is of no more use.
    pub(super) fn discard_request(&mut self, loss: Loss) {
        self.d2u.discard(loss);
        if let Phase::Exchange(exchange) = &mut self.phase {
            exchange.lose();
        }
    }

    pub(super) fn unaccepted(&mut self) {
        if let Phase::Exchange(exchange) = &mut self.phase {
            exchange.unaccepted = true;
        }
    }

    /// Whether a request whose leg fails, or whose answer is not wanted, may still be sent again, so
    /// that what is left of it is of use (U11).
    #[must_use]
    pub fn may_retry(&self) -> bool {
        self.exchange().is_some_and(|exchange| {
            let idempotent = exchange.facts.is_some_and(|facts| facts.idempotent);
            idempotent && exchange.can_be_repeated()
        })
    }

    /// U02, U03, U04: sends the request again instead of a 502, if that is right; whether it is.
    pub(super) fn retry(&mut self, end: End, effects: &mut Effects) -> bool {
        let Some(exchange) = self.exchange() else {
            return false;
        };
        let (Replay::Held(sent), true) = (exchange.replay, exchange.can_be_repeated()) else {
            return false;
        };
        let reused = exchange.origin == Some(Origin::Reused);
        // U02, K23c: only with an end of file do the acknowledgements prove anything.
        let cut = matches!(end, End::Clean | End::Truncated);
        let proof = exchange.unaccepted && bad!(self.setup, ProofIgnored).is_none();
        let rule = match (reused, cut && proof) {
            (true, true) => Retry::Unaccepted,
            (true, false) => Retry::Reused,
            (false, _) => Retry::Fresh,
        };
        let may = match end {
            End::Clean | End::Truncated => rule == Retry::Unaccepted || self.may_retry(),
            End::Abort(cause) => is_network(cause) && self.may_retry(),
        };
        if !(may || bad!(self.setup, RetryAlways).is_some()) {
            return false;
        }
        if let Leg::Open(_) = self.up {
            effects.push(Effect::Reset(Side::Up));
        }
        self.send_again(rule, sent, effects);
        true
    }

    /// The answer is one that the cluster asks to have from somebody else.
    pub(super) fn declined(&mut self, effects: &mut Effects) {
        let (Some(exchange), Leg::Open(up)) = (self.exchange(), &self.up) else {
            bug!("an answer to no request")
        };
        let (Replay::Held(sent), true) = (exchange.replay, self.may_retry()) else {
            bug!("a request that cannot be sent again")
        };
        let whole = exchange.request == Request::Complete && self.d2u.bytes() == 0;
        effects.push(if whole {
            // Its answer is read to the end and thrown away.
            Effect::Retire(up.read)
        } else {
            // U13: it waits for the rest of the request.
            Effect::Reset(Side::Up)
        });
        self.send_again(Retry::Declined, sent, effects);
    }

    fn send_again(&mut self, rule: Retry, sent: u32, effects: &mut Effects) {
        let exchange = self.exchange_mut();
        exchange.replay = Replay::Spent;
        exchange.origin = None;
        exchange.reusable = true;
        self.note_retry(rule);
        self.d2u.unsend(sent);
        self.connect(effects);
    }
}

/// Whether the way to the origin failed, and not the origin, our patience or the message.
const fn is_network(cause: Cause) -> bool {
    match cause {
        Cause::Reset | Cause::TimedOut | Cause::Unreachable => true,
        Cause::Refused
        | Cause::Tls
        | Cause::Certificate
        | Cause::Cancelled
        | Cause::Protocol
        | Cause::Deadline
        | Cause::Killed
        | Cause::Local
        | Cause::Rejected(_)
        | Cause::Expired(_) => false,
    }
}
