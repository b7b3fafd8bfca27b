//! The effects of a step: orders, each performed exactly once and in order.

use crate::{ending::Ending, http1::Reply, leg::ReadEnd, side::Side};
use alloc::vec::Vec;

/// An order to the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Find an upstream leg: an idle one of the pool, or a new one.
    Connect,
    /// Give up the connect (R20).
    Cancel,
    /// Send close_notify if the leg is TLS, then FIN, behind everything written (R02, T08).
    Finish(Side),
    /// Close the leg with RST, now.
    Reset(Side),
    /// Close the descriptor: both ends are over and acknowledged.
    Close(Side),
    /// Put the upstream leg into the pool.
    Park,
    /// Part with the upstream leg: it finishes, drains and closes without us (U12). This is how
    /// far its read end has come.
    Retire(ReadEnd),
    /// Queue a response of our own to the client.
    Reply(Reply),
    /// Queue the alert that says that nobody here has the client's name (P2).
    Alert,
    /// Queue an interim response to the client, to see whether it is still there (H07b).
    Probe,
    /// Queue the last chunk of the response: its close-delimited body ended clean (U07).
    LastChunk,
    /// The session is over; this is its last word.
    End(Ending),
}

/// Where a step leaves its orders.
pub type Effects = Vec<Effect>;
