//! What the program is told to do: plain values, checked and complete.
//!
//! Owns the compiled configuration and nothing else; whoever holds a [`Config`] need not doubt
//! it: references are indices that exist, durations and sizes are sane. Two configurations that
//! mean the same compare equal. Reading is in `config/`.

mod access;
pub mod address;
mod admin;
mod choosing;
mod cluster;
mod credentials;
mod default;
mod dns;
pub(crate) mod endpoint;
mod file;
mod fmt;
mod forwarding;
mod glob;
pub(crate) mod health;
mod hidden;
mod include;
mod keepalive;
mod keys;
mod lint;
mod listener;
mod log;
mod manual;
mod names;
pub mod networks;
mod noted;
mod origins;
mod outside;
mod plan;
mod policy;
mod print;
mod queue;
mod read;
mod retries;
mod route;
mod schema;
mod section;
mod share;
mod sockets;
#[cfg(test)]
pub(crate) mod testing;
mod units;
mod variables;
mod waits;

pub(crate) use choosing::word;
pub(crate) use endpoint::read as read_endpoint;
pub(crate) use route::pattern;
pub use tidegate_core::{
    balance::Balance,
    budget::Allowance,
    http1::Tells,
    session::{ClientFin, OnIdle, Policy, TunnelClose},
    tls::{BareFin, HalfClose},
};
pub(crate) use units::show_duration as show_span;
pub use {
    access::Access,
    address::Authority,
    admin::{Admin, AdminTls, Door},
    choosing::{Affinity, Choosing, Ejection},
    credentials::{CertificateFiles, OriginTls, Roots, Tls},
    dns::Dns,
    file::{Reading, read},
    fmt::format,
    health::{Ask, BODY_BYTES, Health, Request, Statuses},
    hidden::Hidden,
    manual::manual,
    networks::{Networks, network},
    noted::{Noted, Noting},
    origins::Origins,
    outside::{Machine, Outside},
    plan::{Action, Page, Plan, Redirect},
    print::print,
    queue::Queue,
    retries::Retries,
    schema::{defaults, schema, tables},
    share::Share,
    units::plain_duration as duration,
};

use crate::{
    log::Settings,
    net::{Address, Buffers},
};
use std::{net::SocketAddr, num::NonZeroUsize, path::PathBuf};
use tidegate_core::{
    http1::Returned,
    limits::{Limits, Timeouts},
    proxy_protocol,
    route::{Paths, Table},
    time::Span,
    vigil::Keepalive,
};

/// Everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where to listen, in the order of their names; at least one.
    pub listeners: Vec<Listener>,
    /// Where to forward to, in the order of their names.
    pub clusters: Vec<Cluster>,
    /// How much a session may hold.
    pub limits: Limits,
    /// How the process leaves.
    pub drain: Drain,
    /// Who is asked for the addresses of names.
    pub dns: Dns,
    /// Where an operator asks.
    pub admin: Admin,
    /// Which lines are logged, how and where to.
    pub log: Settings,
    /// Bytes of memory above which nobody new is let in; no limit if not given.
    pub memory: Option<u64>,
    /// Who the process is to be once it listens: `NAME`, or `NAME:GROUP`.
    pub user: Option<String>,
    /// Whether Landlock confines where it writes files.
    pub landlock: bool,
    /// Whether it is read again by itself when what is in its files changes.
    pub watch: bool,
    /// How many workers; `None` leaves it to the number of cores.
    pub workers: Option<NonZeroUsize>,
    /// Where all of it was written.
    pub origins: Origins,
}

/// How the process leaves (LIFECYCLE 4.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drain {
    /// T_predrain: how long it accepts connections after it has said that it is not ready any
    /// more, so that whoever sends them can hear of that.
    pub pre_delay: Span,
    /// T_drain: how long it waits, from then on, for what is in flight before it resets it.
    pub timeout: Span,
}

/// One listener: the addresses that share a purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Its name, unique among listeners.
    pub name: String,
    /// Where it listens; at least one address, each once in the whole configuration.
    pub bind: Vec<SocketAddr>,
    /// What it speaks, and so where it forwards to.
    pub protocol: Protocol,
    /// Its certificates, if it ends TLS.
    pub tls: Option<Tls>,
    /// Socket buffers of downstream legs.
    pub buffers: Buffers,
    /// Its waits, complete. Those of the cluster in use go on top: [`Config::timeouts`].
    pub timeouts: Timeouts,
    /// What it decides where the standards leave it open (LIFECYCLE 4.12).
    pub policy: Policy,
    /// Whose clients' certificates are asked for, if any are.
    pub clients: Option<Clients>,
    /// What origins are told of a request's way here; of HTTP only.
    pub forwarding: Forwarding,
    /// Who is let in, how many and how often.
    pub access: Access,
}

/// Which requests are passed on, what is said of the way that they have taken, and whose word about it
/// counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forwarding {
    /// Proxies in front of us, whose word about where a request comes from is taken and passed on.
    pub trusted: Networks,
    /// The fields that tell an origin where a request comes from.
    pub tells: Tells,
    /// The name in Via, a token; empty for no Via of ours.
    pub via: String,
    /// Which paths are served.
    pub paths: Paths,
    /// Who gives its requests their ids.
    pub ids: Ids,
}

/// Who gives a request the id that its origin is told (X-Request-Id).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Ids {
    /// Nobody of us: what the client calls it goes on as any field.
    #[default]
    Off,
    /// We do, whatever the client calls it.
    Make,
    /// The client, or else we.
    Keep,
}

impl Default for Forwarding {
    fn default() -> Self {
        Forwarding {
            trusted: Networks::default(),
            tells: Tells::default(),
            via: Returned::DEFAULT.via.to_owned(),
            paths: Paths::default(),
            ids: Ids::default(),
        }
    }
}

/// The certificates that clients show (mutual TLS).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clients {
    /// Who may have signed them: a PEM file.
    pub ca: PathBuf,
    /// Whether a client must have one.
    pub auth: ClientAuth,
}

/// Whether a client must show a certificate. One that it shows is always verified.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ClientAuth {
    /// Without one, the handshake fails.
    #[default]
    Required,
    /// It may show none.
    Optional,
}

/// What a listener speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1; the table is not empty.
    Http(Table<Plan>),
    /// Bytes, all for this one of [`Config::clusters`].
    Tcp(usize),
    /// TLS that ends elsewhere; the table answers to the names that clients ask for, with indices of
    /// [`Config::clusters`].
    Passthrough(Table<usize>),
}

/// One cluster: endpoints that are as good as each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// Its name, unique among clusters.
    pub name: String,
    /// Its endpoints, at least one.
    pub endpoints: Vec<Endpoint>,
    /// How the next endpoint is chosen.
    pub balance: Balance,
    /// What more there is to say of that.
    pub choosing: Choosing,
    /// Who may wait while all of its endpoints are at their limits; nobody if not given.
    pub queue: Option<Queue>,
    /// Which of its requests may be sent again, and how many.
    pub retries: Retries,
    /// Whether CONNECT requests may go to it (LIFECYCLE 4.6).
    pub takes_connect: bool,
    /// The version of the PROXY header that each of its connections begins with, if any does; such a
    /// connection is for one client.
    pub proxy_protocol: Option<proxy_protocol::Version>,
    /// Socket buffers of upstream legs.
    pub buffers: Buffers,
    /// Its own waits, where it has any.
    pub timeouts: UpstreamTimeouts,
    /// How it is spoken to over TLS; in the clear if not given.
    pub tls: Option<OriginTls>,
    /// How its endpoints are checked; not at all if not given.
    pub health: Option<Health>,
}

/// One endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// `HOST:PORT` or `unix:PATH` as it was configured: for messages and logs.
    pub authority: String,
    /// Where it is.
    pub at: At,
    /// Its part of what the cluster has to do.
    pub share: Share,
}

/// Where an endpoint is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum At {
    /// Here.
    Address(Address),
    /// At each of the addresses of this name, whatever they are at the moment.
    Name(Authority),
}

impl<A: Into<Address>> From<A> for At {
    fn from(address: A) -> At {
        At::Address(address.into())
    }
}

/// The waits that a cluster may set for itself; `None` leaves the listener's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct UpstreamTimeouts {
    /// One attempt to connect.
    pub connect: Option<Span>,
    /// The TLS handshake.
    pub tls: Option<Span>,
    /// A response head.
    pub response: Option<Span>,
    /// A response body without progress.
    pub body: Option<Span>,
    /// Bytes that the endpoint does not take.
    pub write: Option<Span>,
    /// The same in a tunnel that began as a request.
    pub tunnel_write: Option<Span>,
    /// An upstream connection that nobody uses; less if its endpoint says that it waits for less.
    pub pool_idle: Option<Span>,
    /// When the kernel asks a silent endpoint whether it is still there.
    pub keepalive: Option<Keepalive>,
}

impl UpstreamTimeouts {
    /// `base` with these in place of its own.
    #[must_use]
    pub fn over(&self, base: Timeouts) -> Timeouts {
        Timeouts {
            connect: self.connect.unwrap_or(base.connect),
            tls_up: self.tls.unwrap_or(base.tls_up),
            response: self.response.unwrap_or(base.response),
            body: self.body.unwrap_or(base.body),
            write_up: self.write.unwrap_or(base.write_up),
            tunnel_write_up: self.tunnel_write.unwrap_or(base.tunnel_write_up),
            pool_idle: self.pool_idle.unwrap_or(base.pool_idle),
            pool_idle_most: self.pool_idle.unwrap_or(base.pool_idle_most),
            keepalive_up: self.keepalive.unwrap_or(base.keepalive_up),
            ..base
        }
    }
}

impl Config {
    /// Brings listeners and clusters into the order of their names.
    fn sort(&mut self) {
        let mut order: Vec<usize> = (0..self.clusters.len()).collect();
        order.sort_by(|a, b| self.clusters[*a].name.cmp(&self.clusters[*b].name));
        let mut moved = vec![0; order.len()];
        for (new, old) in order.into_iter().enumerate() {
            moved[old] = new;
        }
        self.clusters.sort_by(|a, b| a.name.cmp(&b.name));
        self.listeners.sort_by(|a, b| a.name.cmp(&b.name));
        for listener in &mut self.listeners {
            match &mut listener.protocol {
                Protocol::Tcp(cluster) => *cluster = moved[*cluster],
                Protocol::Http(table) => *table = table.map(|plan| plan.moved(&moved)),
                Protocol::Passthrough(table) => *table = table.map(|cluster| moved[*cluster]),
            }
        }
    }

    /// The waits of a session of `listener` while it uses the cluster with index `cluster`.
    #[must_use]
    pub fn timeouts(&self, listener: &Listener, cluster: usize) -> Timeouts {
        let cluster = &self.clusters[cluster];
        let timeouts = cluster.timeouts.over(listener.timeouts);
        Timeouts {
            queue: cluster.queue.map_or(timeouts.queue, |queue| queue.timeout),
            ..timeouts
        }
    }
}

impl Protocol {
    /// What an endpoint is offered that is spoken to in HTTP.
    pub(crate) const HTTP: &'static [&'static [u8]] = &[b"http/1.1"];

    /// The waits of a listener that sets none.
    #[must_use]
    pub fn default_timeouts(&self) -> Timeouts {
        match self {
            Protocol::Http(_) => Timeouts::http(),
            Protocol::Tcp(_) | Protocol::Passthrough(_) => Timeouts::tcp(),
        }
    }

    /// The protocols offered to endpoints in the TLS handshake: what we speak to them.
    #[must_use]
    pub fn spoken(&self) -> &'static [&'static [u8]] {
        match self {
            Protocol::Http(_) => Protocol::HTTP,
            Protocol::Tcp(_) | Protocol::Passthrough(_) => &[],
        }
    }

    /// The protocols accepted in the TLS handshake of a client.
    #[must_use]
    pub fn alpn(&self) -> &'static [&'static [u8]] {
        match self {
            Protocol::Http(_) => &[b"http/1.1", b"http/1.0"],
            Protocol::Tcp(_) | Protocol::Passthrough(_) => &[],
        }
    }
}
