//! A session's turn: rounds over all that it hears and says, as many as move something.
//!
//! It owns the budget of a turn, and when it is that a session writes. It decides nothing else.

use super::Driver;
use crate::{net::Network, port::Port, variant::bad};
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};
use tidegate_core::{
    ending::Ending,
    interest::{Asks, Read},
    side::Side,
};

/// Rounds of one turn before other sessions get theirs.
const BUDGET: u32 = 256;

/// The clock is asked once in so many rounds: one that copies much would else fall behind it.
const CLOCK: u32 = 8;

impl<N: Network> Future for Driver<N> {
    type Output = Ending;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Ending> {
        let this = self.get_mut();
        let budget = if bad!(WakeForgotten) { 4 } else { BUDGET };
        let mut heard_before = std::mem::take(&mut this.put_off);
        let mut may_put_off = !heard_before;
        this.asleep = false;
        for round in 0..budget {
            if round % CLOCK == 0 {
                this.now = this.now.max(this.service.upstreams.net().now());
            }
            let heard = heard_before || this.hear(cx);
            if heard && may_put_off && this.has_to_write() {
                // All who are ready are heard before the first of them writes: peers on this machine
                // are then woken once for many writes, and not once for each.
                this.put_off = true;
                this.tidy();
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            (heard_before, may_put_off) = (false, false);
            let said = this.say(cx);
            let mut moved = (heard || said) && !this.is_at_rest(cx);
            // What has come by now comes first: no wait, be it of no time at all, ends before a request that
            // was read already is looked at (I15). Whoever always has more to say is asked once a turn.
            if !moved || round + 1 == budget {
                moved |= this.poll_deadline(cx);
            }
            if let Some(ending) = this.ending {
                this.tidy();
                return Poll::Ready(ending);
            }
            if !moved {
                this.rest();
                this.tidy();
                return Poll::Pending;
            }
        }
        // Others get their turn; this session is not done.
        this.tidy();
        if !bad!(WakeForgotten) {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

impl<N: Network> Driver<N> {
    /// Whether another round would find nothing: nothing has ended, nothing is to be said, nobody has
    /// anything to tell. So it is behind most writes.
    fn is_at_rest(&mut self, cx: &mut Context<'_>) -> bool {
        if !self.quiet
            || self.coming.is_some()
            || self.has_to_write()
            || self.ticket.has_news()
            || self.presence.has_news()
        {
            return false;
        }
        Side::BOTH.into_iter().all(|side| {
            let Asks {
                interest,
                faults,
                hints,
                ..
            } = self.asks(side);
            let reads = match interest.read {
                Read::Off => false,
                Read::Take(_) | Read::Discard => !self.wire(side).has_nothing(cx),
            };
            let rests = !(faults || hints || reads) && interest.decode.is_none();
            let wants = |port: &Port<N::Stream>| port.wants_flush();
            let wire = self.wire(side);
            if rests {
                // Nobody waits for an acknowledgement.
                wire.unacked = None;
            }
            rests && !wire.port.as_ref().is_some_and(wants)
        })
    }

    fn has_to_write(&self) -> bool {
        let mut sides = Side::BOTH.into_iter();
        sides.any(|side| self.asks(side).interest.write > 0)
    }
}
