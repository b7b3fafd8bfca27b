//! How a direction ends, and how a session ended: what may be read aloud, logged and counted.

use crate::timer::Timer;
use core::fmt;

/// How one direction came to its end. It never becomes cleaner, only worse (I6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// Everything arrived, and the end itself can be trusted.
    Clean,
    /// The transport ended in order, but what it carried did not: a TLS leg's FIN without
    /// close_notify, or a FIN inside a message.
    Truncated,
    /// The transport failed.
    Abort(Cause),
}

/// Why a leg failed. The driver maps errno values and TLS errors to these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// RST: ECONNRESET, or EPIPE on a write (K6).
    Reset,
    /// The transport gave up: ETIMEDOUT, a failed keepalive.
    TimedOut,
    /// EHOSTUNREACH, ENETUNREACH and their kind.
    Unreachable,
    /// ECONNREFUSED while connecting.
    Refused,
    /// A fatal alert from the peer, a bad record, a failed handshake.
    Tls,
    /// The peer's certificate is not one that we trust for it.
    Certificate,
    /// We reset this leg ourselves, because of what happened on the other one.
    Cancelled,
    /// One of our timers ran out on this leg.
    Expired(Timer),
    /// The bytes were not the protocol they had to be.
    Protocol,
    /// The drain had lasted as long as it may (T_drain; G6, G9).
    Deadline,
    /// An operator has ended it (G10).
    Killed,
    /// It was not let in.
    Rejected(Rejection),
    /// Our own failure: descriptors, memory, a bug trap.
    Local,
}

/// Why a connection is not let in (LIFECYCLE 4.8, PRODUCT section 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rejection {
    /// Its source has as many connections as it may have.
    LimitConnections,
    /// The client's address is not one that is let in.
    AccessDenied,
    /// It begins with no PROXY header, though it has to.
    ProxyHeaderMissing,
    /// It comes from somebody whose PROXY header is not believed.
    ProxyHeaderUntrusted,
}

impl Rejection {
    /// All of them.
    pub const ALL: [Rejection; 4] = [
        Rejection::LimitConnections,
        Rejection::AccessDenied,
        Rejection::ProxyHeaderMissing,
        Rejection::ProxyHeaderUntrusted,
    ];

    /// The word for it in logs and labels.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Rejection::LimitConnections => "limit_connections",
            Rejection::AccessDenied => "access_denied",
            Rejection::ProxyHeaderMissing => "proxy_header_missing",
            Rejection::ProxyHeaderUntrusted => "proxy_header_untrusted",
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Cause {
    /// Whether the TLS engine said it, so that an alert of ours may be on its way.
    #[must_use]
    pub const fn is_tls(self) -> bool {
        match self {
            Cause::Tls | Cause::Certificate => true,
            Cause::Reset
            | Cause::TimedOut
            | Cause::Unreachable
            | Cause::Refused
            | Cause::Cancelled
            | Cause::Expired(_)
            | Cause::Protocol
            | Cause::Deadline
            | Cause::Killed
            | Cause::Rejected(_)
            | Cause::Local => false,
        }
    }
}

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum How {
    /// Every direction ended clean.
    Clean,
    /// A direction ended before what it carried did.
    Truncated,
    /// A leg failed.
    Abort(Cause),
    /// A timer ran out.
    Expired(Timer),
}

/// Who brought the end about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum By {
    /// The peer of the downstream leg.
    Client,
    /// The peer of the upstream leg.
    Origin,
    /// Both peers, neither before the other had ended too.
    Both,
    /// This proxy: a timer, a drain, a refusal.
    Proxy,
}

/// What was going on when the first end was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum During {
    /// The PROXY header.
    ProxyHeader,
    /// The downstream TLS handshake.
    Handshake,
    /// Between two exchanges, or before the first.
    Idle,
    /// A request head was incomplete.
    Head,
    /// An exchange: from a complete request head to the last byte of its response.
    Exchange,
    /// The upstream leg of a tunnel was connecting.
    Connect,
    /// A tunnel, or a plain TCP relay.
    Tunnel,
    /// After the proxy had ordered the close.
    Closing,
}

/// The last word on a session: how, by whom, during what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ending {
    /// How it ended.
    pub how: How,
    /// Who ended it.
    pub by: By,
    /// What was going on.
    pub during: During,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Reset => f.write_str("reset"),
            Cause::TimedOut => f.write_str("timed out"),
            Cause::Unreachable => f.write_str("unreachable"),
            Cause::Refused => f.write_str("refused"),
            Cause::Tls => f.write_str("tls error"),
            Cause::Certificate => f.write_str("bad certificate"),
            Cause::Cancelled => f.write_str("cancelled"),
            Cause::Expired(timer) => write!(f, "{timer} expired"),
            Cause::Protocol => f.write_str("protocol error"),
            Cause::Deadline => f.write_str("drain deadline"),
            Cause::Killed => f.write_str("killed"),
            Cause::Rejected(rejection) => rejection.fmt(f),
            Cause::Local => f.write_str("internal"),
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Clean => f.write_str("clean"),
            End::Truncated => f.write_str("truncated"),
            End::Abort(cause) => cause.fmt(f),
        }
    }
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            By::Client => "client",
            By::Origin => "origin",
            By::Both => "both",
            By::Proxy => "proxy",
        })
    }
}

impl fmt::Display for During {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            During::ProxyHeader => "PROXY header",
            During::Handshake => "handshake",
            During::Idle => "idle",
            During::Head => "head",
            During::Exchange => "exchange",
            During::Connect => "connect",
            During::Tunnel => "tunnel",
            During::Closing => "closing",
        })
    }
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            How::Clean => f.write_str("clean"),
            How::Truncated => f.write_str("truncated"),
            How::Abort(cause) => cause.fmt(f),
            How::Expired(timer) => write!(f, "{timer} expired"),
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} by {} in {}", self.how, self.by, self.during)
    }
}
