//! Every limit and every time-out, with its default (LIFECYCLE section 3, PRODUCT section 5).

use crate::{time::Span, vigil::Keepalive};
use alloc::boxed::Box;

/// How much a session may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    /// Bytes inside one relay before its source is held (R22).
    pub relay_bytes: u32,
    /// Bytes that a pipe of the kernel's holds in a relay's stead; 0 where none is to.
    pub pipe_bytes: u32,
    /// A read of so many bytes, and another behind it, call for a pipe; 0 calls for it at once.
    pub pipe_from_bytes: u32,
    /// Bytes of a message head (request line, status line and fields): 431 beyond it.
    pub head_bytes: u32,
    /// Fields of a message head.
    pub head_fields: u32,
    /// Bytes of a request target.
    pub target_bytes: u32,
    /// Bytes read from a leg and not yet understood: at least a head must fit (H11).
    pub inbox_bytes: u32,
    /// Bytes of a request's body: 413 beyond it. [`u64::MAX`] is no limit.
    pub body_bytes: u64,
    /// Bytes of a request's body in a second, on the average (PRODUCT section 5); 0 asks for none.
    pub body_rate: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            relay_bytes: 64 * 1024,
            pipe_bytes: 256 * 1024,
            pipe_from_bytes: 16 * 1024,
            head_bytes: 32 * 1024,
            head_fields: 100,
            target_bytes: 8 * 1024,
            // A message of as many bytes as a relay holds, with its head, is one read.
            inbox_bytes: 68 * 1024,
            body_bytes: u64::MAX,
            body_rate: 100,
        }
    }
}

/// How long a session may wait, by timer (LIFECYCLE section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Timeouts {
    /// T_tls: the whole downstream handshake.
    pub tls: Span,
    /// T_h1_head: a request head, from its first byte.
    pub head: Span,
    /// T_ka_idle: between two requests.
    pub idle: Span,
    /// T_ka_min: a drain ends no connection sooner than this after its last response.
    pub idle_least: Span,
    /// For an endpoint, while all have as many sessions as they may.
    pub queue: Span,
    /// T_connect: an upstream connection, all attempts at it together.
    pub connect: Span,
    /// T_tls: the whole upstream handshake.
    pub tls_up: Span,
    /// A request body without progress.
    pub request: Span,
    /// A request body slower than [`Limits::body_rate`], on the average.
    pub pace: Span,
    /// T_ttfb: a response head.
    pub response: Span,
    /// A response body without progress.
    pub body: Span,
    /// T_tunnel_idle: nothing moves in either direction of a relay or tunnel.
    pub tunnel: Span,
    /// T_half_idle: the same once one of its directions has ended.
    pub half_idle: Span,
    /// T_write_stall: bytes that a client does not take.
    pub write: Span,
    /// The same of an origin.
    pub write_up: Span,
    /// T_write_stall of a tunnel that began as an exchange (W9), towards the client.
    pub tunnel_write: Span,
    /// The same towards the origin.
    pub tunnel_write_up: Span,
    /// T_linger_stall: the rest that an HTTP client does not take once we are to close.
    pub linger_stall: Span,
    /// T_linger_ack: after our FIN was acknowledged, for the peer's.
    pub linger: Span,
    /// T_abort_flush: without progress.
    pub flush: Span,
    /// T_abort_flush: in all.
    pub flush_total: Span,
    /// T_pool_idle: an upstream connection that nobody uses, of an origin that says nothing of it.
    pub pool_idle: Span,
    /// The same at most, of an origin that says how long it waits.
    pub pool_idle_most: Span,
    /// When the kernel asks a silent client whether it is still there.
    pub keepalive: Keepalive,
    /// The same for an origin.
    pub keepalive_up: Keepalive,
}

/// The time-outs of a listener or a cluster, shared by all its sessions: a word each. They live as long
/// as the process does: whoever makes them keeps what is made, and gives the same for the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Waits(&'static Timeouts);

static HTTP: Timeouts = Timeouts::http();
static TCP: Timeouts = Timeouts::tcp();

impl Waits {
    /// The defaults of an HTTP listener.
    pub const HTTP: Waits = Waits(&HTTP);
    /// The defaults of a TCP listener.
    pub const TCP: Waits = Waits(&TCP);

    /// These, for ever.
    #[must_use]
    pub fn of(timeouts: Timeouts) -> Waits {
        Waits(Box::leak(Box::new(timeouts)))
    }

    /// Whether these are the same ones, and not only alike.
    #[inline]
    #[must_use]
    pub fn is(self, other: Waits) -> bool {
        core::ptr::eq(self.0, other.0)
    }

    /// The same but for what `change` does.
    #[must_use]
    pub fn with(self, change: impl FnOnce(&mut Timeouts)) -> Waits {
        let mut timeouts = *self.0;
        change(&mut timeouts);
        Waits::of(timeouts)
    }
}

impl core::ops::Deref for Waits {
    type Target = Timeouts;

    fn deref(&self) -> &Timeouts {
        self.0
    }
}

impl Timeouts {
    /// How much sooner than its origin an idle connection is left: a request on its way then would
    /// meet a closed one.
    const AHEAD: Span = Span::from_secs(2);
    /// How much longer a client's connection is kept than the client is told, for the same reason.
    const BEYOND: Span = Span::from_secs(5);

    /// T_pool_idle of an origin that closes idle connections after `hint` seconds, if it says so.
    #[must_use]
    pub fn pooled(&self, hint: Option<u16>) -> Span {
        hint.map_or(self.pool_idle, |hint| {
            let hint = Span::from_secs(u64::from(hint));
            let sooner = Span(hint.0.saturating_sub(Self::AHEAD.0));
            sooner.min(self.pool_idle_most)
        })
    }

    /// After how many seconds a request that found no endpoint in its time may come again: as long as
    /// it has waited.
    #[must_use]
    pub fn queue_again(&self) -> u32 {
        let seconds = self.queue.0.div_ceil(1_000_000);
        u32::try_from(seconds).unwrap_or(u32::MAX).max(1)
    }

    /// How long the next request may take to come, as clients are told: whole seconds, 0 for nothing
    /// to tell.
    #[must_use]
    pub fn announced(&self) -> u64 {
        self.idle.0.saturating_sub(Self::BEYOND.0) / 1_000_000
    }

    /// The defaults of an HTTP listener.
    #[must_use]
    pub const fn http() -> Self {
        Timeouts {
            tls: Span::from_secs(10),
            head: Span::from_secs(30),
            idle: Span::from_secs(75),
            idle_least: Span::from_secs(1),
            queue: Span::from_secs(1),
            connect: Span::from_secs(5),
            tls_up: Span::from_secs(10),
            request: Span::from_secs(30),
            pace: Span::from_secs(60),
            response: Span::from_secs(60),
            body: Span::from_secs(60),
            tunnel: Span::from_secs(3600),
            half_idle: Span::from_secs(3600),
            write: Span::from_secs(60),
            write_up: Span::from_secs(60),
            tunnel_write: Span::from_secs(300),
            tunnel_write_up: Span::from_secs(300),
            linger_stall: Span::from_secs(60),
            linger: Span::from_secs(2),
            flush: Span::from_secs(1),
            flush_total: Span::from_secs(10),
            pool_idle: Span::from_secs(4),
            pool_idle_most: Span::from_secs(55),
            keepalive: Keepalive::DEFAULT,
            keepalive_up: Keepalive::DEFAULT,
        }
    }

    /// The defaults of a TCP listener.
    #[must_use]
    pub const fn tcp() -> Self {
        Timeouts {
            write: Span::from_secs(300),
            write_up: Span::from_secs(300),
            linger_stall: Span::from_secs(300),
            ..Self::http()
        }
    }
}
