//! What a session says of itself: plain values that may cross threads.

use crate::observe::Conn;
use std::net::SocketAddr;
use tidegate_core::{session::Wait, time::Span, timer::Timer};

/// How a session stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// Its name.
    pub conn: Conn,
    /// Its listener's.
    pub listener: String,
    /// Whom it serves.
    pub client: SocketAddr,
    /// What it is about, in the word of the trace.
    pub phase: &'static str,
    /// The cluster whose endpoint it has, if it has one.
    pub cluster: Option<String>,
    /// The endpoint of the last upstream leg; empty if there was none.
    pub endpoint: String,
    /// Since it was accepted.
    pub age: Span,
    /// Since something last happened.
    pub quiet: Span,
    /// What ends the wait if nothing else does, and how soon.
    pub timer: Option<(Timer, Span)>,
    /// Whether the listener or the process drains.
    pub draining: bool,
    /// Its legs, the client's first.
    pub legs: [Option<Leg>; 2],
    /// How it came to that, where this was asked: rows of a trace.
    pub timeline: Option<String>,
}

/// How a leg stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Leg {
    /// What it waits for.
    pub wait: Wait,
    /// What the kernel says of its socket.
    pub look: Look,
    /// Bytes of plaintext that were read.
    pub read: u64,
    /// Bytes of plaintext that the transport has taken.
    pub written: u64,
    /// Bytes that wait to be written.
    pub unsent: u32,
    /// Since one of its directions, and one only, has ended.
    pub half_closed: Option<Span>,
}

/// A socket, as the kernel has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Look {
    /// Its peer's address.
    pub peer: String,
    /// Its own.
    pub local: Option<SocketAddr>,
    /// Its TCP state, as OpenTelemetry names it.
    pub state: Option<&'static str>,
    /// For how long it was seen in that, where somebody has looked.
    pub state_for: Option<Span>,
    /// Bytes that its peer has not acknowledged.
    pub unacked: u32,
}
