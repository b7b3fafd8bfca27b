//! The bytes of one direction: what came in, what left, and what became of the rest (I20).

use crate::ending::Cause;
use alloc::boxed::Box;
use core::fmt;

/// The bytes of one direction across the proxy, since its session began.
///
/// They are counted as they are passed on: the head of an HTTP message as it is written anew, not
/// as it was read. What left is with the kernel; whether the peer has it, only the kernel knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Bytes that the source has said.
    pub received: u64,
    /// Bytes that we have said ourselves in this direction: a reply, an alert, a last chunk.
    pub own: u64,
    /// Bytes that were delivered once and were put back, to be sent again (U02).
    pub repeated: u64,
    /// Bytes that the sink's transport has taken.
    pub delivered: u64,
    /// Bytes that will never leave, by [`Loss`], once there are any: most directions lose none.
    discarded: Option<Box<[u64; Loss::ALL.len()]>>,
}

/// Why bytes that were inside will never leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Loss {
    /// The leg that they were for has failed, or was reset for another leg's failure (R12, R15).
    SinkFailed,
    /// The leg that they were for took too long: T_write_stall, or an idle limit (R05, R24).
    GaveUp,
    /// T_abort_flush ran out before they had left (R11).
    FlushExpired,
    /// There was no upstream leg to be had (R21).
    NoUpstream,
    /// The client's first words named no route (P1, P2).
    Unrouted,
    /// Nobody waits for them any more: the exchange was cancelled or answered without them (H06,
    /// H13, U13).
    Unwanted,
    /// A TLS 1.2 client has ended, and its letter is followed (T02, strict).
    Letter,
    /// The drain's deadline has passed (G9).
    Deadline,
}

impl Loss {
    /// Every reason.
    pub const ALL: [Loss; 8] = [
        Loss::SinkFailed,
        Loss::GaveUp,
        Loss::FlushExpired,
        Loss::NoUpstream,
        Loss::Unrouted,
        Loss::Unwanted,
        Loss::Letter,
        Loss::Deadline,
    ];

    /// Why what is inside for a leg is lost, if the leg is given up for this cause.
    #[must_use]
    pub const fn of(cause: Cause) -> Loss {
        match cause {
            Cause::Expired(_) => Loss::GaveUp,
            Cause::Deadline => Loss::Deadline,
            Cause::Killed => Loss::Unwanted,
            Cause::Reset
            | Cause::TimedOut
            | Cause::Unreachable
            | Cause::Refused
            | Cause::Tls
            | Cause::Certificate
            | Cause::Cancelled
            | Cause::Protocol
            | Cause::Rejected(_)
            | Cause::Local => Loss::SinkFailed,
        }
    }
}

impl Tally {
    /// Of a direction in which nothing is inside, nothing was lost, and nothing said twice: what its source
    /// has said, and we.
    pub(crate) fn plain(&self) -> Option<[u64; 2]> {
        let sums = [self.received, self.own];
        (*self == Tally::of(sums)).then_some(sums)
    }

    /// Of a direction in which so much was said by its source, and by us, and has left.
    pub(crate) fn of([received, own]: [u64; 2]) -> Tally {
        Tally {
            received,
            own,
            delivered: received + own,
            ..Tally::default()
        }
    }

    /// Bytes that will never leave.
    #[must_use]
    pub fn discarded(&self) -> u64 {
        self.discarded
            .as_ref()
            .map_or(0, |discarded| discarded.iter().sum())
    }

    /// Those of them that were lost for one reason.
    #[must_use]
    pub fn discarded_for(&self, loss: Loss) -> u64 {
        self.discarded
            .as_ref()
            .map_or(0, |discarded| discarded[loss as usize])
    }

    /// The reasons, and how much was lost for each; those without a loss are left out.
    pub fn losses(&self) -> impl Iterator<Item = (Loss, u64)> + '_ {
        Loss::ALL
            .into_iter()
            .map(|loss| (loss, self.discarded_for(loss)))
            .filter(|(_, bytes)| *bytes > 0)
    }

    /// Whether every byte is accounted for, if so many are inside (I20).
    #[must_use]
    pub fn balances(&self, inside: u32) -> bool {
        let came = self.received + self.own + self.repeated;
        came == self.delivered + self.discarded() + u64::from(inside)
    }

    pub(crate) fn discard(&mut self, bytes: u32, loss: Loss) {
        if bytes > 0 {
            self.discarded.get_or_insert_default()[loss as usize] += u64::from(bytes);
        }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Loss::SinkFailed => "sink failed",
            Loss::GaveUp => "gave up",
            Loss::FlushExpired => "flush expired",
            Loss::NoUpstream => "no upstream",
            Loss::Unrouted => "unrouted",
            Loss::Unwanted => "unwanted",
            Loss::Letter => "by the letter",
            Loss::Deadline => "drain deadline",
        })
    }
}
