//! Clients that are not let in: reset at once, be it before they are done with connecting.

use crate::peers::{End, Last, Peer, Raw};
use std::{
    io::{Error, ErrorKind},
    net::SocketAddr,
};

impl Raw {
    /// Whether whoever connects to `address` is reset, once it has said `first`: be it before it is done
    /// with connecting.
    pub(crate) fn is_turned_away(address: SocketAddr, first: &[u8]) -> bool {
        Raw::try_connect(address)
            .map_or_else(|error| is_reset(&error), |raw| raw.hears_a_reset(first))
    }

    /// Whether it is reset once it has said `first`, and hears nothing.
    pub(crate) fn hears_a_reset(mut self, first: &[u8]) -> bool {
        self.try_say(first);
        self.last() == Last::plain("", End::Reset)
    }
}

/// Whether an error tells of a reset.
pub(crate) fn is_reset(error: &Error) -> bool {
    error.kind() == ErrorKind::ConnectionReset
}
