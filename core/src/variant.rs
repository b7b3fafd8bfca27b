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
}

#[cfg(feature = "known-bad")]
impl Variant {
    /// Every variant.
    pub const ALL: [Variant; 16] = [
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
    /// `FinOnTimer`: whether the timer has fired.
    pub(crate) fired: bool,
}

#[cfg(feature = "known-bad")]
impl Wrong {
    pub(crate) fn forget(&mut self, side: crate::side::Side) {
        self.forgotten[side as usize] = true;
    }
}
