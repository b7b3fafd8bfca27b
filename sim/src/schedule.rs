//! A schedule: everything that one run does, as a value and as text.
//!
//! It owns the words of `relay-schedule v1`. A schedule names latencies, buffer sizes, what the
//! peers do, and what goes wrong; the proxy's own timers are an option of the run and no part of
//! it. Rendering and parsing undo each other; values that are the default are not written.

mod http;
mod http_text;
mod parse;
mod render;
#[cfg(test)]
mod tests;
mod valid;
mod words;

pub(crate) use self::words::Words;
pub use self::{
    http::{Body, Cut, CutBy, Exchange, HttpVersion, Method, Request, Response},
    parse::ParseError,
    valid::{Invalid, MAX_BYTES, MAX_DELAY_MS, MAX_MS},
};
use crate::{fault::Plan, tls::Version};

/// What clients speak to the proxy, or the proxy to origins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Carrier {
    /// Plain TCP.
    #[default]
    Tcp,
    /// TLS of one version.
    Tls(Version),
}

/// One host's way to the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Link {
    /// Between the client and the proxy.
    ClientProxy,
    /// Between the proxy and the origin.
    ProxyOrigin,
}

/// The latencies of the links, one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latencies {
    /// Client to proxy and back, each.
    pub client_proxy_ms: u32,
    /// Proxy to origin and back, each.
    pub proxy_origin_ms: u32,
}

/// One socket's buffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketBytes {
    /// What may be written and unacknowledged.
    pub send: u32,
    /// What may have arrived unread.
    pub recv: u32,
}

/// Every buffer between client and origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BufferBytes {
    /// What one of the proxy's relays may hold.
    pub relay: u32,
    /// What a pipe in its stead holds; 0 where the proxy copies.
    pub pipe: u32,
    /// How much two reads in a row bring that call for one.
    pub pipe_from: u32,
    /// The client's socket.
    pub client: SocketBytes,
    /// The proxy's sockets to clients.
    pub down: SocketBytes,
    /// The proxy's sockets to origins.
    pub up: SocketBytes,
    /// The origin's sockets.
    pub origin: SocketBytes,
}

/// What a writer does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Writes this many bytes of payload.
    Write(u32),
    /// Waits this many milliseconds.
    Sleep(u32),
    /// Waits for the end of the other direction, of whatever kind.
    AwaitEof,
    /// Sends close_notify (over TLS).
    CloseNotify,
    /// Sends FIN; over TLS without a preceding close_notify that is a truncation.
    Fin,
    /// Resets the connection, also behind its own FIN.
    Reset,
    /// Says nothing more, and never ends.
    Hang,
}

/// How a reader reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reader {
    /// It begins this long after the connection.
    pub delay_ms: u32,
    /// It reads at most this much at once.
    pub chunk: u32,
    /// It rests this long after each read.
    pub pause_ms: u32,
    /// It reads no more after this many bytes, for ever.
    pub stop: Option<u32>,
}

/// One peer in a relay; its two halves do not wait for each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// What it writes.
    pub writer: Vec<Step>,
    /// How it reads.
    pub reader: Reader,
}

/// What goes through the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Traffic {
    /// Bytes, in both directions at once.
    Relay,
    /// Requests and responses.
    Http {
        /// In the order the client sends them, on one connection.
        exchanges: Vec<Exchange>,
        /// The client does not wait for one response before the next request.
        pipelined: bool,
    },
}

/// Something that happens to a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinkEvent {
    /// When, from the start.
    pub at_ms: u32,
    /// Which link.
    pub link: Link,
    /// Whether messages stop, or go on.
    pub act: LinkAct,
}

/// What happens to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LinkAct {
    /// Messages wait, both ways.
    Hold,
    /// All that waited arrives.
    Release,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Where it came from, and the seed of keys and payload.
    pub seed: u64,
    /// What clients speak.
    pub carrier: Carrier,
    /// What origins speak.
    pub upstream: Carrier,
    /// What is said.
    pub traffic: Traffic,
    /// How long the ways are.
    pub latencies: Latencies,
    /// How small the buffers are.
    pub buffers: BufferBytes,
    /// The client. In HTTP its steps follow the last exchange, or the last request if pipelined. Behind a
    /// request that is cut by FIN, only those behind their own FIN do.
    pub client: Script,
    /// The origin. In HTTP it has no steps: it answers.
    pub origin: Script,
    /// What goes wrong at the proxy's calls.
    pub faults: Plan,
    /// What happens to the links, in the order of time.
    pub links: Vec<LinkEvent>,
    /// When the proxy begins to drain, if it does before its client is done.
    pub drain_ms: Option<u32>,
}

impl Traffic {
    /// Whether the last exchange leaves HTTP: what follows is a relay between the same peers.
    #[must_use]
    pub fn switches(&self) -> bool {
        match self {
            Traffic::Relay => false,
            Traffic::Http { exchanges, .. } => exchanges.last().is_some_and(Exchange::switches),
        }
    }
}

impl Schedule {
    /// Whether a peer stops reading or speaking for good, or for longer than anybody waits for it: such a
    /// run is ended by the proxy's timers.
    #[must_use]
    pub fn falls_silent(&self) -> bool {
        let overdue = match &self.traffic {
            Traffic::Relay => false,
            Traffic::Http { exchanges, .. } => {
                exchanges.iter().any(|one| one.response.is_overdue())
            }
        };
        let peers = [&self.client, &self.origin];
        let silent =
            |peer: &&Script| peer.reader.stop.is_some() || peer.writer.contains(&Step::Hang);
        overdue || peers.iter().any(silent)
    }
}

impl Default for Latencies {
    fn default() -> Latencies {
        Latencies {
            client_proxy_ms: 1,
            proxy_origin_ms: 1,
        }
    }
}

impl Default for SocketBytes {
    fn default() -> SocketBytes {
        SocketBytes {
            send: 65_536,
            recv: 65_536,
        }
    }
}

impl Default for BufferBytes {
    fn default() -> BufferBytes {
        BufferBytes {
            relay: 65_536,
            pipe: 0,
            pipe_from: 0,
            client: SocketBytes::default(),
            down: SocketBytes::default(),
            up: SocketBytes::default(),
            origin: SocketBytes::default(),
        }
    }
}

impl Default for Reader {
    fn default() -> Reader {
        Reader {
            delay_ms: 0,
            chunk: 65_536,
            pause_ms: 0,
            stop: None,
        }
    }
}

impl Default for Schedule {
    /// Two peers that say nothing and end nothing, on a perfect network.
    fn default() -> Schedule {
        Schedule {
            seed: 0,
            carrier: Carrier::default(),
            upstream: Carrier::default(),
            traffic: Traffic::Relay,
            latencies: Latencies::default(),
            buffers: BufferBytes::default(),
            client: Script::default(),
            origin: Script::default(),
            faults: Plan::default(),
            links: Vec::new(),
            drain_ms: None,
        }
    }
}

impl From<SocketBytes> for tidegate::net::Buffers {
    fn from(bytes: SocketBytes) -> tidegate::net::Buffers {
        tidegate::net::Buffers {
            send_bytes: Some(bytes.send),
            recv_bytes: Some(bytes.recv),
        }
    }
}
