//! The decisions that an operator may change: where the letter of a standard and what is best for
//! the bytes differ, or where nobody can know (LIFECYCLE 4.12). The defaults are the project's own.

use crate::tls::{BareFin, HalfClose};

/// The decisions of LIFECYCLE 4.12 that an operator may change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Policy {
    /// What a client's FIN without close_notify means (T05).
    pub bare_fin: BareFin,
    /// What its close_notify means in TLS 1.2 (T02).
    pub tls12_half_close: HalfClose,
    /// What its FIN means while its request is unanswered (H07, H07b).
    pub client_fin: ClientFin,
    /// What the end of one direction means for a tunnel that began as an exchange (W2, W3).
    pub tunnel_close: TunnelClose,
    /// What becomes of a tunnel in which nothing moves (R24).
    pub idle: OnIdle,
}

/// What a client's FIN means while its request is complete and unanswered. A client that says no
/// more and one that is gone look the same (4.12).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ClientFin {
    /// It says no more, and still hears (H07).
    #[default]
    Deliver,
    /// It is gone: nobody waits for the answer (H08).
    Cancel,
    /// It is sent an interim response, which it ignores if it still hears, and resets if it is gone.
    /// An HTTP/1.0 client knows no such thing, and still hears.
    Probe,
}

/// What the end of one direction means for a tunnel that began as an exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TunnelClose {
    /// It ends that direction; the other one goes on.
    #[default]
    Independent,
    /// The letter of RFC 9110, 9.3.6: what the side that ended has said is delivered, and both
    /// connections are closed.
    Both,
}

/// What becomes of a tunnel in which nothing moves for T_tunnel_idle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnIdle {
    /// Both legs are reset: a timeout is no clean end.
    #[default]
    Abort,
    /// Both legs are finished, as if their peers had ended: for peers that take a reset for a fault.
    Finish,
}
