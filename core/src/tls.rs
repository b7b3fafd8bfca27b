//! The end rules of TLS, without cryptography (RFC 8446, 6.1; RFC 5246, 7.2.1).
//!
//! close_notify ends a direction; a FIN without it is a truncation that an attacker can make. TLS
//! 1.2 is treated like 1.3 (`deliver`, LIFECYCLE 4.12): a close_notify ends one direction only,
//! unless the listener is told to follow the letter (`strict`). `hello` finds the name by which a
//! connection is routed that ends its TLS elsewhere.

pub mod hello;

use crate::ending::End;

/// The version that a leg's two sides agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// TLS 1.2.
    V12,
    /// TLS 1.3.
    V13,
}

/// What a FIN without close_notify means on a TLS leg.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum BareFin {
    /// The direction was cut (T05).
    #[default]
    Truncated,
    /// The direction ended: for old clients that never send close_notify.
    Clean,
}

/// What a client's close_notify means in TLS 1.2 (T02).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum HalfClose {
    /// What it means in TLS 1.3: the client says no more, and still hears.
    #[default]
    Deliver,
    /// The letter of RFC 5246, 7.2.1: it is answered at once, and nothing more is said.
    Strict,
}

/// What a leg's FIN says of its direction when no close_notify came before it.
#[must_use]
pub const fn fin(tls: bool, bare_fin: BareFin) -> End {
    match (tls, bare_fin) {
        (false, _) | (true, BareFin::Clean) => End::Clean,
        (true, BareFin::Truncated) => End::Truncated,
    }
}
