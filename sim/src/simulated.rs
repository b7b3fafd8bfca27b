//! What a world asks of a simulated network, beyond what the program asks of any.
//!
//! It owns one trait. Whoever implements it is a network of one host, made for one run.

use crate::socket::Pipe;
use std::future::Future;
use tidegate::net::{Network, Stream};

/// A simulated network, as one host sees it.
pub trait Simulated: Network<Stream: Stream<Pipe = Pipe>> + Unpin {
    /// See [`Simulated::beat`].
    type Beat: Future<Output = ()> + 'static;

    /// Connections of this host that are not over: still opening, held by the program, or closing
    /// without it.
    fn open_sockets(&self) -> usize;

    /// Ready at the world's next step: for whoever looks at the world rather than at its own
    /// connections. It is no timer, so no run is frozen to it, and it keeps no run alive.
    fn beat(&self) -> Self::Beat;
}
