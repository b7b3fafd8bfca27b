//! Known-bad variants: deliberately wrong rules, so that every check can be seen to catch one.
//!
//! Each is a shape of mistake from MUSEUM. They exist in test builds only: without the feature
//! `known-bad` a [`Variant`] has no value, and the compiler drops every branch that asks for one.

/// A wrong rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Variant {
    /// MUSEUM 1.1: a decoder that stopped exactly at a boundary with no room left does not say
    /// that it waits for room, and nothing leads back to it.
    #[cfg(feature = "known-bad")]
    LostWakeup,
    /// MUSEUM 1.2: once the request is complete, the client is not read, so its FIN is not seen.
    #[cfg(feature = "known-bad")]
    FinUnread,
    /// MUSEUM 1.1 and 1.2 together: the report that started this project.
    #[cfg(feature = "known-bad")]
    Original,
    /// A FIN goes out only when a timer says so.
    #[cfg(feature = "known-bad")]
    FinOnTimer,
    /// A FIN goes out before the bytes that came before it (MUSEUM 6, 27).
    #[cfg(feature = "known-bad")]
    FinOvertakes,
    /// A FIN that comes with bytes still inside is forgotten (MUSEUM 6, 32).
    #[cfg(feature = "known-bad")]
    FinForgotten,
    /// The first FIN closes both directions (MUSEUM 29).
    #[cfg(feature = "known-bad")]
    CloseBoth,
    /// A reset is told as a FIN (MUSEUM 43).
    #[cfg(feature = "known-bad")]
    ResetAsFin,
    /// A TLS leg's FIN without close_notify is told as a clean end (T05, MUSEUM 11).
    #[cfg(feature = "known-bad")]
    BareFinAsClean,
    /// A reset overtakes the bytes before it (K18).
    #[cfg(feature = "known-bad")]
    ResetOvertakes,
    /// A leg is closed although its peer may still say something (K1, MUSEUM 22).
    #[cfg(feature = "known-bad")]
    CloseUnread,
    /// An upstream leg that has ended is put into the pool (MUSEUM 10).
    #[cfg(feature = "known-bad")]
    ParkEnded,
    /// A close-delimited response that was cut off gets its last chunk (U08).
    #[cfg(feature = "known-bad")]
    LastChunkAnyway,
    /// Nobody looks for the failure of a leg that is not read (R18).
    #[cfg(feature = "known-bad")]
    FaultUnseen,
    /// Every request whose leg ends without an answer is sent again (U03; MUSEUM 39).
    #[cfg(feature = "known-bad")]
    RetryAlways,
    /// What was read with the head that leaves HTTP is forgotten (W1).
    #[cfg(feature = "known-bad")]
    BehindForgotten,
    /// A decoder that wants bytes says that it waits for room, so nobody reads (MUSEUM 2).
    #[cfg(feature = "known-bad")]
    BytesTakenForRoom,
    /// A half-closed tunnel's timer runs on a direction that is shut already, and its expiry is
    /// nobody's to consume (MUSEUM 4).
    #[cfg(feature = "known-bad")]
    ExpiryUnconsumed,
    /// A client's FIN while the origin is being dialled ends the dial (MUSEUM 6, R19).
    #[cfg(feature = "known-bad")]
    FinCancelsDial,
    /// No FIN goes to an origin that has not ended: its close is to follow anyway (MUSEUM 8).
    #[cfg(feature = "known-bad")]
    CloseFollows,
    /// No FIN goes to an origin: it will be reset in the end anyway (MUSEUM 9).
    #[cfg(feature = "known-bad")]
    ResetFollows,
    /// An end is looked at before the bytes that were read and not yet understood (MUSEUM 19).
    #[cfg(feature = "known-bad")]
    EndBeforeBuffered,
    /// A tunnel that began as an exchange still closes on the origin's FIN (MUSEUM 21).
    #[cfg(feature = "known-bad")]
    NoHalfOpenKept,
    /// A FIN overtakes what was read with a head and waits for its turn (MUSEUM 27).
    #[cfg(feature = "known-bad")]
    FinOvertakesBuffered,
    /// From the first FIN on, a tunnel has so long and no longer (MUSEUM 28).
    #[cfg(feature = "known-bad")]
    HalfCloseDeadline,
    /// A write that fails hides the answer that was there before (MUSEUM 33, R15).
    #[cfg(feature = "known-bad")]
    WriteErrorFirst,
    /// A connection that ends with a chunked answer gets no FIN behind the last chunk (MUSEUM 34).
    #[cfg(feature = "known-bad")]
    LastChunkIsEnd,
    /// A FIN and a reset are one and the same (MUSEUM 36).
    #[cfg(feature = "known-bad")]
    FinAsReset,
    /// A chunked response that was cut off gets its last chunk (MUSEUM 38, U06).
    #[cfg(feature = "known-bad")]
    TruncatedTerminated,
    /// An origin's TLS leg is closed with session tickets unread (MUSEUM 40).
    #[cfg(feature = "known-bad")]
    TicketsUnread,
    /// A leg is closed as soon as its FIN is sent, whatever is on its way (MUSEUM 41, K4).
    #[cfg(feature = "known-bad")]
    CloseOnFin,
    /// A half-closed tunnel with nothing inside has no timer (MUSEUM 3).
    #[cfg(feature = "known-bad")]
    HalfClosedUntimed,
    /// Nobody bounds the wait for the FIN of a peer that was told to end (MUSEUM 5).
    #[cfg(feature = "known-bad")]
    LastFinAwaited,
    /// A peer that takes nothing is waited for (MUSEUM 6).
    #[cfg(feature = "known-bad")]
    StallIgnored,
    /// What is to be reset once it is empty has no timer (MUSEUM 18, R11).
    #[cfg(feature = "known-bad")]
    FlushUntimed,
    /// A request that has just been read is dropped by a drain (MUSEUM 44, G7).
    #[cfg(feature = "known-bad")]
    DrainDropsRequest,
    /// Whatever comes from a source whose sink is gone is not read, nor is its end (MUSEUM 17).
    #[cfg(feature = "known-bad")]
    ConsumerGone,
    /// The driver: a FIN without close_notify is no end, and is waited for again (MUSEUM 11).
    #[cfg(feature = "known-bad")]
    BareFinIgnored,
    /// The driver: what the TLS engine wanted once is taken for progress (MUSEUM 12).
    #[cfg(feature = "known-bad")]
    StaleWants,
    /// The driver: an idle leg that is released gets no close_notify (MUSEUM 13).
    #[cfg(feature = "known-bad")]
    IdleUnnotified,
    /// The driver: whether a leg has failed is asked before what it has said is read (MUSEUM 14).
    #[cfg(feature = "known-bad")]
    ErrorBeforeData,
    /// The driver: a leg that nobody reads is not finished either (MUSEUM 7).
    #[cfg(feature = "known-bad")]
    FinishUnsubscribed,
    /// The driver: a turn that is cut short forgets to ask for the next (MUSEUM 26).
    #[cfg(feature = "known-bad")]
    WakeForgotten,
    /// The driver: a TLS leg is finished with FIN alone (MUSEUM 30).
    #[cfg(feature = "known-bad")]
    FinAlone,
    /// The driver: FIN does not wait for the close_notify before it (MUSEUM 35).
    #[cfg(feature = "known-bad")]
    NotifyUnflushed,
    /// The driver: a FIN that is read while everything is thrown away is thrown away (MUSEUM 45).
    #[cfg(feature = "known-bad")]
    FinDiscarded,
    /// The driver: a pipe is filled beside what is in it, and when it takes no more, its socket is
    /// taken for empty (SIMULATION 5.4).
    #[cfg(feature = "known-bad")]
    PipeRefilled,
    /// The driver: what is read into a pipe has no end once the other direction is over (MUSEUM 16).
    #[cfg(feature = "known-bad")]
    PipedEndUnseen,
    /// The driver: what was kept back for more to come stays so when none does.
    #[cfg(feature = "known-bad")]
    MoreAwaited,
    /// The driver: whoever looks whether there is something to read is not woken once there is.
    #[cfg(feature = "known-bad")]
    LookForgotten,
    /// The driver: a share that is given back is offered to nobody who waits for one.
    #[cfg(feature = "known-bad")]
    QueueUnserved,
    /// The driver: those who wait for an endpoint are offered one when somebody comes, and behind whoever
    /// that is.
    #[cfg(feature = "known-bad")]
    NewcomerOvertakes,
    /// The driver: the share that was kept for somebody who gives up is kept for ever.
    #[cfg(feature = "known-bad")]
    GrantLost,
    /// That the origin's kernel has acknowledged nothing proves nothing (U02).
    #[cfg(feature = "known-bad")]
    ProofIgnored,
    /// The last endpoint is ejected as any other, and nobody comes back for that.
    #[cfg(feature = "known-bad")]
    EjectsTheLast,
    /// An ejection has no end but the ejection of all others.
    #[cfg(feature = "known-bad")]
    EjectedForEver,
    /// The first endpoint that has room gets everything.
    #[cfg(feature = "known-bad")]
    PicksOne,
    /// A turn that was put off by a slow start stays put off when that is over.
    #[cfg(feature = "known-bad")]
    SlowTurns,
    /// The driver: a request that is sent again goes to the endpoint that has failed, too.
    #[cfg(feature = "known-bad")]
    SameAgain,
    /// The driver: whatever may be sent again is, however many there are.
    #[cfg(feature = "known-bad")]
    BudgetIgnored,
    /// The driver: as many wait for an endpoint as come.
    #[cfg(feature = "known-bad")]
    QueueEndless,
    /// The driver: an endpoint has as many sessions as it gets.
    #[cfg(feature = "known-bad")]
    LimitIgnored,
    /// The last word on a leg that has failed names the other peer.
    #[cfg(feature = "known-bad")]
    BlamesTheOther,
}

#[cfg(feature = "known-bad")]
impl Variant {
    /// Every variant.
    pub const ALL: [Variant; 63] = [
        Variant::LostWakeup,
        Variant::FinUnread,
        Variant::Original,
        Variant::FinOnTimer,
        Variant::FinOvertakes,
        Variant::FinForgotten,
        Variant::CloseBoth,
        Variant::ResetAsFin,
        Variant::BareFinAsClean,
        Variant::ResetOvertakes,
        Variant::CloseUnread,
        Variant::ParkEnded,
        Variant::LastChunkAnyway,
        Variant::FaultUnseen,
        Variant::RetryAlways,
        Variant::BehindForgotten,
        Variant::BytesTakenForRoom,
        Variant::ExpiryUnconsumed,
        Variant::FinCancelsDial,
        Variant::CloseFollows,
        Variant::ResetFollows,
        Variant::EndBeforeBuffered,
        Variant::NoHalfOpenKept,
        Variant::FinOvertakesBuffered,
        Variant::HalfCloseDeadline,
        Variant::WriteErrorFirst,
        Variant::LastChunkIsEnd,
        Variant::FinAsReset,
        Variant::TruncatedTerminated,
        Variant::TicketsUnread,
        Variant::CloseOnFin,
        Variant::HalfClosedUntimed,
        Variant::LastFinAwaited,
        Variant::StallIgnored,
        Variant::FlushUntimed,
        Variant::DrainDropsRequest,
        Variant::ConsumerGone,
        Variant::BareFinIgnored,
        Variant::StaleWants,
        Variant::IdleUnnotified,
        Variant::ErrorBeforeData,
        Variant::FinishUnsubscribed,
        Variant::WakeForgotten,
        Variant::FinAlone,
        Variant::NotifyUnflushed,
        Variant::FinDiscarded,
        Variant::PipeRefilled,
        Variant::PipedEndUnseen,
        Variant::MoreAwaited,
        Variant::LookForgotten,
        Variant::QueueUnserved,
        Variant::NewcomerOvertakes,
        Variant::GrantLost,
        Variant::ProofIgnored,
        Variant::EjectsTheLast,
        Variant::EjectedForEver,
        Variant::PicksOne,
        Variant::SlowTurns,
        Variant::SameAgain,
        Variant::BudgetIgnored,
        Variant::QueueEndless,
        Variant::LimitIgnored,
        Variant::BlamesTheOther,
    ];
}

/// Asks whether a variant is in force; without the feature the answer is a constant.
macro_rules! bad {
    ($setup:expr, $($variant:ident)|+) => {{
        #[cfg(feature = "known-bad")]
        let found = match $setup.variant {
            $(Some(v @ crate::variant::Variant::$variant) => Some(v),)+
            _ => None,
        };
        #[cfg(not(feature = "known-bad"))]
        let found: Option<crate::variant::Variant> = {
            let _ = &$setup;
            None
        };
        found
    }};
}
pub(crate) use bad;

/// What a wrong rule has to remember. Always empty without a variant.
#[cfg(feature = "known-bad")]
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Wrong {
    /// `LostWakeup`: nothing leads back to the response's bytes.
    pub(crate) lost: bool,
    /// `FinForgotten`: by side, whether its FIN came with bytes inside.
    pub(crate) forgotten: [bool; 2],
    /// `LastChunkIsEnd`: whether an answer has ended with its last chunk.
    pub(crate) chunked: bool,
    /// `FinOnTimer`: whether the timer has fired.
    pub(crate) fired: bool,
}

#[cfg(feature = "known-bad")]
impl Wrong {
    pub(crate) fn forget(&mut self, side: crate::side::Side) {
        self.forgotten[side as usize] = true;
    }
}
