//! The write end of a leg: how far our own end is said, and heard.

use crate::bug;

/// The write end of an open leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WriteEnd {
    /// We may say more.
    Open,
    /// Told to finish: close_notify and FIN are on their way to the kernel.
    Finishing,
    /// The kernel has our FIN.
    Sent,
    /// The peer's kernel has our FIN, and all before it (K21).
    Acked,
    /// Told to reset, once what is inside has left and is acknowledged (K20: flush-then-RST).
    Flushing,
}

impl WriteEnd {
    /// The order to finish. Only an open end can be finished (I8).
    #[must_use]
    pub fn finish(self) -> Self {
        match self {
            WriteEnd::Open => WriteEnd::Finishing,
            WriteEnd::Finishing | WriteEnd::Sent | WriteEnd::Acked | WriteEnd::Flushing => {
                bug!("a direction was told to end twice")
            }
        }
    }

    /// The finish is done.
    #[must_use]
    pub fn finished(self) -> Self {
        match self {
            WriteEnd::Finishing => WriteEnd::Sent,
            // The abort came between the order and its end: it goes on.
            WriteEnd::Flushing => WriteEnd::Flushing,
            WriteEnd::Open | WriteEnd::Sent | WriteEnd::Acked => bug!("a finish nobody ordered"),
        }
    }

    /// Everything sent is acknowledged.
    #[must_use]
    pub fn acked(self) -> Self {
        match self {
            WriteEnd::Sent => WriteEnd::Acked,
            WriteEnd::Open | WriteEnd::Finishing | WriteEnd::Acked | WriteEnd::Flushing => {
                bug!("an acknowledgement nobody waits for")
            }
        }
    }
}
