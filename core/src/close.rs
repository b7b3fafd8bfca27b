//! Why a connection was closed: one closed set of words, for the log, the metrics and the pages of
//! docs/CAUSES.md (PRODUCT section 7).
//!
//! It owns the words, and what leads to which: a pure function of a session's last word and of its
//! report, which has no case left over. A request ends for one of the same causes.

use crate::{
    ending::{By, Cause, During, End, Ending, How, Rejection},
    event::Refusal,
    report::Report,
    side::Side,
    timer::Timer,
};
use core::fmt;

/// Why a connection was closed, or what a request came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CloseCause {
    /// All that was begun was finished, and nobody had anything more to say.
    Completed,
    /// The client ended it, in order.
    ClientFin,
    /// The client reset it.
    ClientReset,
    /// No request came for T_ka_idle, or none at all for T_h1_head.
    ClientIdle,
    /// A request began, and its head was not complete within T_h1_head.
    ClientHeaderTimeout,
    /// A request's body stood still, or came too slowly.
    ClientBodyStalled,
    /// The client took nothing for T_write_stall.
    ClientWriteStalled,
    /// The client's TLS failed, or was not there within T_tls.
    ClientTlsError,
    /// The client's FIN came without the close_notify that TLS asks for.
    ClientTlsTruncated,
    /// What the client said is not the protocol.
    ClientProtocolError,
    /// The origin ended it: a tunnel in order, a message before it was complete.
    UpstreamFin,
    /// The origin reset it.
    UpstreamReset,
    /// Nobody listens at the endpoint.
    UpstreamRefused,
    /// The endpoint did not take the connection within T_connect.
    UpstreamConnectTimeout,
    /// There is no way to the endpoint.
    UpstreamUnreachable,
    /// The endpoint's TLS failed, its certificate is not trusted, or it was not there within T_tls.
    UpstreamTlsError,
    /// The endpoint's FIN came without the close_notify that TLS asks for.
    UpstreamTlsTruncated,
    /// No response within T_ttfb.
    UpstreamHeaderTimeout,
    /// A response's body stood still, or the endpoint took nothing for T_write_stall.
    UpstreamBodyStalled,
    /// What the origin said is not the protocol.
    UpstreamProtocolError,
    /// One side of a tunnel had ended, and nothing moved for T_half_idle.
    HalfCloseTimeout,
    /// Nothing moved in a tunnel for T_tunnel_idle.
    TunnelIdle,
    /// A peer's kernel answers nothing any more.
    PeerDead,
    /// It was as old as it may become.
    MaxAge,
    /// It was idle when the drain came.
    DrainIdle,
    /// It was not over at the drain's deadline.
    DrainDeadline,
    /// An operator has ended it.
    AdminKill,
    /// Its source has as many connections as it may have, or all endpoints have.
    LimitConnections,
    /// Its source asks too often.
    LimitRate,
    /// No endpoint had room within the queue's deadline.
    QueueTimeout,
    /// No route leads anywhere.
    NoRoute,
    /// The cluster has no endpoint to ask.
    NoEndpoints,
    /// It does not begin with the PROXY header that it has to begin with.
    ProxyHeaderMissing,
    /// Its PROXY header comes from somebody who is not believed.
    ProxyHeaderUntrusted,
    /// Its client is not let in.
    AccessDenied,
    /// It was idle, and another process serves now.
    HandedOver,
    /// Our own failure, or a process that did not wait.
    Internal,
}

impl CloseCause {
    /// How many there are.
    pub const COUNT: usize = 37;

    /// All of them, in the order of PRODUCT section 7.
    pub const ALL: [CloseCause; Self::COUNT] = [
        CloseCause::Completed,
        CloseCause::ClientFin,
        CloseCause::ClientReset,
        CloseCause::ClientIdle,
        CloseCause::ClientHeaderTimeout,
        CloseCause::ClientBodyStalled,
        CloseCause::ClientWriteStalled,
        CloseCause::ClientTlsError,
        CloseCause::ClientTlsTruncated,
        CloseCause::ClientProtocolError,
        CloseCause::UpstreamFin,
        CloseCause::UpstreamReset,
        CloseCause::UpstreamRefused,
        CloseCause::UpstreamConnectTimeout,
        CloseCause::UpstreamUnreachable,
        CloseCause::UpstreamTlsError,
        CloseCause::UpstreamTlsTruncated,
        CloseCause::UpstreamHeaderTimeout,
        CloseCause::UpstreamBodyStalled,
        CloseCause::UpstreamProtocolError,
        CloseCause::HalfCloseTimeout,
        CloseCause::TunnelIdle,
        CloseCause::PeerDead,
        CloseCause::MaxAge,
        CloseCause::DrainIdle,
        CloseCause::DrainDeadline,
        CloseCause::AdminKill,
        CloseCause::LimitConnections,
        CloseCause::LimitRate,
        CloseCause::QueueTimeout,
        CloseCause::NoRoute,
        CloseCause::NoEndpoints,
        CloseCause::ProxyHeaderMissing,
        CloseCause::ProxyHeaderUntrusted,
        CloseCause::AccessDenied,
        CloseCause::HandedOver,
        CloseCause::Internal,
    ];

    /// Those that nothing leads to yet: what they are about is not built.
    pub const NOT_YET: [CloseCause; 1] = [CloseCause::MaxAge];

    /// That of a drain whose reason the process alone knows: its session says `drain_idle`.
    pub const OF_THE_PROCESS: [CloseCause; 1] = [CloseCause::HandedOver];

    /// Why the session of this report was closed; nothing while it is not over.
    #[must_use]
    pub fn of(report: &Report) -> Option<CloseCause> {
        let Ending { how, by, during } = report.ending?;
        let bare = |side: Side| report.legs[side as usize].bare_fin;
        Some(match how {
            How::Clean => clean(by, during),
            How::Truncated => match by {
                // T14: who leaves inside the handshake has ended nothing that it had begun.
                By::Client if during != During::Handshake && bare(Side::Down) => {
                    CloseCause::ClientTlsTruncated
                }
                By::Client => CloseCause::ClientFin,
                By::Origin if bare(Side::Up) => CloseCause::UpstreamTlsTruncated,
                By::Origin => CloseCause::UpstreamFin,
                By::Both | By::Proxy => CloseCause::Internal,
            },
            // R21: whatever kept it from an upstream leg.
            How::Abort(cause) if during == During::Connect && by != By::Client => {
                report.trouble.unwrap_or_else(|| failed(cause, by))
            }
            // The first words of a connection name no route (P2).
            How::Abort(Cause::Protocol) if by == By::Proxy => CloseCause::NoRoute,
            How::Abort(Cause::Expired(timer)) | How::Expired(timer) => {
                let began = report.first.is_some_and(|first| first != By::Proxy);
                match (timer, during) {
                    (Timer::Tls, During::ProxyHeader) => CloseCause::ProxyHeaderMissing,
                    // H03: no request was begun.
                    (Timer::Head, During::Idle) => CloseCause::ClientIdle,
                    (Timer::Tunnel, _) if began => CloseCause::HalfCloseTimeout,
                    (_, _) => expired(timer),
                }
            }
            How::Abort(cause) => failed(cause, by),
        })
    }

    /// What a request came to whose origin ended so before its answer was whole; `bare`: its FIN came
    /// without a close_notify that was due.
    #[must_use]
    pub const fn of_end(end: End, bare: bool) -> CloseCause {
        match end {
            End::Clean | End::Truncated if bare => CloseCause::UpstreamTlsTruncated,
            End::Clean | End::Truncated => CloseCause::UpstreamFin,
            End::Abort(cause) => failed(cause, By::Origin),
        }
    }

    /// What a request, or a connection, came to for which there was no upstream leg.
    #[must_use]
    pub const fn of_refusal(refusal: Refusal) -> CloseCause {
        match refusal {
            Refusal::NoRoute => CloseCause::NoRoute,
            Refusal::NoEndpoint | Refusal::NoAddress(_) => CloseCause::NoEndpoints,
            Refusal::Busy => CloseCause::LimitConnections,
            Refusal::NoConnect => CloseCause::AccessDenied,
            // It was to be sent again because its origin had gone.
            Refusal::NoRetry => CloseCause::UpstreamReset,
            // The route has answered by itself: that is what it is for.
            Refusal::Configured { .. } => CloseCause::Completed,
            Refusal::TooMany(_) => CloseCause::LimitRate,
            // ETIMEDOUT of a connect: the kernel's patience, and not a peer that was there before.
            Refusal::Failed(Cause::TimedOut) => CloseCause::UpstreamConnectTimeout,
            Refusal::Failed(cause) => failed(cause, By::Origin),
        }
    }

    /// The word for it in logs and labels, and the name of its section in docs/CAUSES.md.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            CloseCause::Completed => "completed",
            CloseCause::ClientFin => "client_fin",
            CloseCause::ClientReset => "client_reset",
            CloseCause::ClientIdle => "client_idle",
            CloseCause::ClientHeaderTimeout => "client_header_timeout",
            CloseCause::ClientBodyStalled => "client_body_stalled",
            CloseCause::ClientWriteStalled => "client_write_stalled",
            CloseCause::ClientTlsError => "client_tls_error",
            CloseCause::ClientTlsTruncated => "client_tls_truncated",
            CloseCause::ClientProtocolError => "client_protocol_error",
            CloseCause::UpstreamFin => "upstream_fin",
            CloseCause::UpstreamReset => "upstream_reset",
            CloseCause::UpstreamRefused => "upstream_refused",
            CloseCause::UpstreamConnectTimeout => "upstream_connect_timeout",
            CloseCause::UpstreamUnreachable => "upstream_unreachable",
            CloseCause::UpstreamTlsError => "upstream_tls_error",
            CloseCause::UpstreamTlsTruncated => "upstream_tls_truncated",
            CloseCause::UpstreamHeaderTimeout => "upstream_header_timeout",
            CloseCause::UpstreamBodyStalled => "upstream_body_stalled",
            CloseCause::UpstreamProtocolError => "upstream_protocol_error",
            CloseCause::HalfCloseTimeout => "half_close_timeout",
            CloseCause::TunnelIdle => "tunnel_idle",
            CloseCause::PeerDead => "peer_dead",
            CloseCause::MaxAge => "max_age",
            CloseCause::DrainIdle => "drain_idle",
            CloseCause::DrainDeadline => "drain_deadline",
            CloseCause::AdminKill => "admin_kill",
            CloseCause::LimitConnections => "limit_connections",
            CloseCause::LimitRate => "limit_rate",
            CloseCause::QueueTimeout => "queue_timeout",
            CloseCause::NoRoute => "no_route",
            CloseCause::NoEndpoints => "no_endpoints",
            CloseCause::ProxyHeaderMissing => "proxy_header_missing",
            CloseCause::ProxyHeaderUntrusted => "proxy_header_untrusted",
            CloseCause::AccessDenied => "access_denied",
            CloseCause::HandedOver => "handed_over",
            CloseCause::Internal => "internal",
        }
    }
}

impl From<Rejection> for CloseCause {
    fn from(why: Rejection) -> CloseCause {
        match why {
            Rejection::LimitConnections => CloseCause::LimitConnections,
            Rejection::AccessDenied => CloseCause::AccessDenied,
            Rejection::ProxyHeaderMissing => CloseCause::ProxyHeaderMissing,
            Rejection::ProxyHeaderUntrusted => CloseCause::ProxyHeaderUntrusted,
        }
    }
}

impl fmt::Display for CloseCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Nothing was lost.
const fn clean(by: By, during: During) -> CloseCause {
    match (by, during) {
        (By::Client, _) => CloseCause::ClientFin,
        (By::Origin, _) => CloseCause::UpstreamFin,
        (By::Both, _) => CloseCause::Completed,
        // G4: an idle client that waits too long is told of with its timer.
        (By::Proxy, During::Idle) => CloseCause::DrainIdle,
        (
            By::Proxy,
            During::ProxyHeader
            | During::Handshake
            | During::Head
            | During::Exchange
            | During::Connect
            | During::Tunnel
            | During::Closing,
        ) => CloseCause::Completed,
    }
}

/// A leg has failed, and whose it was.
const fn failed(cause: Cause, by: By) -> CloseCause {
    let client = matches!(by, By::Client);
    match cause {
        Cause::Reset if client => CloseCause::ClientReset,
        Cause::Reset => CloseCause::UpstreamReset,
        Cause::TimedOut => CloseCause::PeerDead,
        Cause::Unreachable if client => CloseCause::PeerDead,
        Cause::Unreachable => CloseCause::UpstreamUnreachable,
        Cause::Refused => CloseCause::UpstreamRefused,
        Cause::Tls | Cause::Certificate if client => CloseCause::ClientTlsError,
        Cause::Tls | Cause::Certificate => CloseCause::UpstreamTlsError,
        // H07b: its FIN was taken for a good-bye.
        Cause::Cancelled if client => CloseCause::ClientFin,
        Cause::Cancelled | Cause::Local => CloseCause::Internal,
        Cause::Expired(timer) => expired(timer),
        Cause::Protocol if client => CloseCause::ClientProtocolError,
        Cause::Protocol => CloseCause::UpstreamProtocolError,
        Cause::Deadline => CloseCause::DrainDeadline,
        Cause::Killed => CloseCause::AdminKill,
        Cause::Rejected(Rejection::LimitConnections) => CloseCause::LimitConnections,
        Cause::Rejected(Rejection::AccessDenied) => CloseCause::AccessDenied,
        Cause::Rejected(Rejection::ProxyHeaderMissing) => CloseCause::ProxyHeaderMissing,
        Cause::Rejected(Rejection::ProxyHeaderUntrusted) => CloseCause::ProxyHeaderUntrusted,
    }
}

/// A wait was over.
const fn expired(timer: Timer) -> CloseCause {
    match timer {
        Timer::Tls => CloseCause::ClientTlsError,
        Timer::Head => CloseCause::ClientHeaderTimeout,
        Timer::Idle => CloseCause::ClientIdle,
        Timer::Queue => CloseCause::QueueTimeout,
        Timer::Connect => CloseCause::UpstreamConnectTimeout,
        Timer::TlsUp => CloseCause::UpstreamTlsError,
        Timer::Request | Timer::Pace => CloseCause::ClientBodyStalled,
        Timer::Response => CloseCause::UpstreamHeaderTimeout,
        Timer::Body | Timer::WriteUp => CloseCause::UpstreamBodyStalled,
        Timer::Tunnel => CloseCause::TunnelIdle,
        Timer::WriteDown => CloseCause::ClientWriteStalled,
        // They end what has ended already, and are nobody's last word.
        Timer::Linger | Timer::FlushDown | Timer::FlushUp | Timer::FlushTotal => {
            CloseCause::Internal
        }
    }
}
