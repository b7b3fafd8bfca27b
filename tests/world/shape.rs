//! What a walk goes over: a setup, and all that the peers may do in it.

use tidegate_core::{
    http1::{BodyKind, Method, RequestFacts, ResponseFacts, Version},
    limits::Limits,
    session::{ClientFin, Kind, OnIdle, Setup, TunnelClose},
    side::Side,
    time::Span,
    timer::Timer,
    tls::{self, HalfClose},
};

/// A setup and its peers.
///
/// HTTP is told in letters: `h` part of a head, `H` a whole head, `i` an interim head, `b` a byte
/// of body, `0` the end of a chunked body, `X` what is not HTTP, `t` what is not HTTP unless the
/// exchange before it has become a tunnel: then it is one of that tunnel's bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    pub(crate) setup: Setup,
    /// Raw bytes that each peer may send.
    pub(crate) bytes: [u8; 2],
    /// What the client may send.
    pub(crate) client: &'static [u8],
    /// What its heads say.
    pub(crate) requests: &'static [RequestFacts],
    /// What each origin may send.
    pub(crate) origin: &'static [u8],
    /// What its final head says.
    pub(crate) response: ResponseFacts,
    /// The version of the client's TLS.
    pub(crate) version: tls::Version,
    /// The wait that may run out as soon as it is armed, if any may: it takes no time.
    pub(crate) fires: Option<Timer>,
    /// Whether an endpoint may have to be waited for.
    pub(crate) queues: bool,
    /// Whether a drain may begin.
    pub(crate) drains: bool,
    /// Whether an operator may end it.
    pub(crate) kills: bool,
    /// Whether the kernel may tell of a FIN that nobody reads yet.
    pub(crate) hints: bool,
    /// Whether a tunnel may be idle for too long.
    pub(crate) idles: bool,
    /// The peer that never ends before it has heard all that it waits for: our end, or the answer
    /// to each of its requests.
    pub(crate) patient: Option<Side>,
    /// Whether the cluster asks to have its answer from another endpoint.
    pub(crate) declines: bool,
    /// What a pipe holds that may take a relay's place; 0 where none may.
    pub(crate) pipe: u32,
}

impl Shape {
    pub(crate) fn is_http(&self) -> bool {
        self.setup.kind == Kind::Http
    }

    /// A relay of `bytes` a side at limit 3.
    pub(crate) fn tcp(name: &'static str, tls: bool, bytes: [u8; 2]) -> Self {
        let mut setup = Setup::new(Kind::Tcp, tls);
        setup.limits.relay_bytes = 3;
        Shape {
            name,
            setup,
            bytes,
            client: b"",
            requests: &[],
            origin: b"",
            response: OK,
            version: tls::Version::V13,
            fires: None,
            queues: false,
            drains: false,
            kills: false,
            hints: false,
            idles: false,
            patient: None,
            declines: false,
            pipe: 0,
        }
    }

    /// An HTTP session at limit 3.
    pub(crate) fn http(name: &'static str, client: &'static [u8], origin: &'static [u8]) -> Self {
        let mut setup = Setup::new(Kind::Http, false);
        setup.limits = Limits {
            relay_bytes: 3,
            inbox_bytes: 4,
            ..setup.limits
        };
        Shape {
            name,
            setup,
            bytes: [0, 0],
            client,
            requests: &[GET, GET],
            origin,
            response: OK,
            version: tls::Version::V13,
            fires: None,
            queues: false,
            drains: false,
            kills: false,
            hints: false,
            idles: false,
            patient: None,
            declines: false,
            pipe: 0,
        }
    }

    pub(crate) fn asking(mut self, requests: &'static [RequestFacts]) -> Self {
        self.requests = requests;
        self
    }

    pub(crate) fn answering(mut self, body: BodyKind) -> Self {
        self.response.body = body;
        self
    }

    /// With a status that no client hopes for.
    pub(crate) fn refusing(mut self) -> Self {
        self.response.status = 405;
        self
    }

    /// With a switch of protocols, whether anybody asked for it or not.
    pub(crate) fn switching(mut self) -> Self {
        self.response.status = 101;
        self
    }

    /// With a status for which a request is sent again.
    pub(crate) fn declining(mut self) -> Self {
        self.response.status = 503;
        self.declines = true;
        self
    }

    pub(crate) fn origin_closes(mut self) -> Self {
        self.response.close = true;
        self
    }

    pub(crate) fn over_tls(mut self) -> Self {
        self.setup.down_tls = true;
        self
    }

    pub(crate) fn to_tls(mut self) -> Self {
        self.setup.up_tls = true;
        self
    }

    pub(crate) fn passed(mut self) -> Self {
        self.setup.passthrough = true;
        self
    }

    /// Behind somebody who says in a PROXY header for whom it speaks.
    pub(crate) fn introduced(mut self) -> Self {
        self.setup.proxy_header = true;
        self
    }

    /// Over TLS 1.2, by its letter (T02).
    pub(crate) fn strict(mut self) -> Self {
        self.version = tls::Version::V12;
        self.setup.policy.tls12_half_close = HalfClose::Strict;
        self.over_tls()
    }

    /// By the letter of RFC 9110, 9.3.6.
    pub(crate) fn closing_both(mut self) -> Self {
        self.setup.policy.tunnel_close = TunnelClose::Both;
        self
    }

    pub(crate) fn on_client_fin(mut self, client_fin: ClientFin) -> Self {
        self.setup.policy.client_fin = client_fin;
        self
    }

    pub(crate) fn idling(mut self, idle: OnIdle) -> Self {
        self.setup.policy.idle = idle;
        self.idles = true;
        self
    }

    pub(crate) fn waiting(mut self, side: Side) -> Self {
        self.patient = Some(side);
        self
    }

    /// As if the time of this wait had always come.
    pub(crate) fn firing(mut self, timer: Timer) -> Self {
        if timer == Timer::Pace {
            self.setup.limits.body_rate = u32::MAX;
        }
        self.setup.timeouts = self.setup.timeouts.with(|waits| {
            if timer == Timer::WriteDown {
                waits.linger_stall = Span(0);
            }
            *match timer {
                Timer::Tls => &mut waits.tls,
                Timer::Head => &mut waits.head,
                Timer::Idle => &mut waits.idle,
                Timer::Queue => &mut waits.queue,
                Timer::Connect => &mut waits.connect,
                Timer::TlsUp => &mut waits.tls_up,
                Timer::Request => &mut waits.request,
                Timer::Pace => &mut waits.pace,
                Timer::Response => &mut waits.response,
                Timer::Body => &mut waits.body,
                Timer::Tunnel => &mut waits.tunnel,
                Timer::WriteDown => &mut waits.write,
                Timer::WriteUp => &mut waits.write_up,
                Timer::Linger => &mut waits.linger,
                Timer::FlushDown | Timer::FlushUp => &mut waits.flush,
                Timer::FlushTotal => &mut waits.flush_total,
            } = Span(0)
        });
        self.fires = Some(timer);
        self
    }

    /// With pipes that hold less than a relay, or more.
    pub(crate) fn piping(mut self, bytes: u32) -> Self {
        self.pipe = bytes;
        self
    }

    /// Its endpoints may be at their limits.
    pub(crate) fn queueing(mut self) -> Self {
        self.queues = true;
        self
    }

    pub(crate) fn hinting(mut self) -> Self {
        self.hints = true;
        self
    }

    /// With an operator who may end it at any time, one way or the other (G10).
    pub(crate) fn killing(mut self) -> Self {
        self.kills = true;
        self
    }

    pub(crate) fn draining(mut self) -> Self {
        self.drains = true;
        self
    }
}

pub(crate) const GET: RequestFacts = RequestFacts::GET;

pub(crate) const CLOSING: RequestFacts = RequestFacts { close: true, ..GET };

pub(crate) const OLD: RequestFacts = RequestFacts {
    version: Version::Http10,
    close: true,
    ..GET
};

pub(crate) const HEAD: RequestFacts = RequestFacts {
    method: Method::Head,
    ..GET
};

pub(crate) const CONNECT: RequestFacts = RequestFacts {
    method: Method::Connect,
    idempotent: false,
    ..GET
};

pub(crate) const UPGRADE: RequestFacts = RequestFacts {
    upgrade: true,
    ..GET
};

pub(crate) const fn post(body: BodyKind) -> RequestFacts {
    RequestFacts {
        method: Method::Post,
        idempotent: false,
        body,
        ..GET
    }
}

const OK: ResponseFacts = ResponseFacts {
    status: 200,
    version: Version::Http11,
    body: BodyKind::None,
    close: false,
    event_stream: false,
};
