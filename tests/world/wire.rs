//! One leg as its peer sees it: what was told of its end, and what became of its descriptor.

use tidegate_core::event::Call;

/// How far a peer's direction has come, by what was delivered of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Truth {
    Open,
    Clean,
    Truncated,
    Abort,
}

/// Our descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fd {
    None,
    Open,
    Closed,
    Reset,
}

/// One leg.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Wire {
    pub(crate) tls: bool,
    pub(crate) fd: Fd,
    /// Raw bytes that the peer may still send.
    pub(crate) left: u8,
    /// Raw bytes of the peer's that have been read and have not left yet.
    pub(crate) inside: u8,
    /// Raw bytes of the peer's that were read with a head and belong behind it (W1).
    pub(crate) behind: u8,
    /// What was told of the peer's direction.
    pub(crate) told: Truth,
    /// Its clean end was told, whatever was told after it.
    pub(crate) ended: bool,
    /// FIN was told.
    pub(crate) fin: bool,
    /// A failure was told of by another call than a read.
    pub(crate) latched: bool,
    /// Bytes of the peer's were thrown away.
    pub(crate) discarded: bool,
    /// Bytes for the peer were thrown away.
    pub(crate) gap: bool,
    /// A finish was ordered; done; acknowledged.
    pub(crate) finish: bool,
    pub(crate) finished: bool,
    pub(crate) acked: bool,
    /// It is about to fail, and bytes for the peer are not acknowledged (R14).
    pub(crate) undelivered: bool,
}

impl Wire {
    pub(crate) fn new(tls: bool, left: u8, fd: Fd) -> Self {
        Wire {
            tls,
            fd,
            left,
            inside: 0,
            behind: 0,
            told: Truth::Open,
            ended: false,
            fin: false,
            latched: false,
            discarded: false,
            gap: false,
            finish: false,
            finished: false,
            acked: false,
            undelivered: false,
        }
    }

    pub(crate) fn is_held(&self) -> bool {
        self.fd == Fd::Open
    }

    pub(crate) fn close_notify(&mut self, benign: bool) {
        let end = if self.latched && !benign {
            Truth::Abort
        } else {
            Truth::Clean
        };
        self.end(end);
    }

    fn end(&mut self, end: Truth) {
        self.told = self.told.max(end);
        self.ended |= self.told == Truth::Clean;
    }

    pub(crate) fn fin(&mut self) {
        self.fin = true;
        let end = match (self.latched, self.tls, self.told) {
            // K9: an end of file behind an error is none.
            (true, _, _) => Truth::Abort,
            (false, true, Truth::Open) => Truth::Truncated,
            (false, ..) => Truth::Clean,
        };
        self.end(end);
    }

    pub(crate) fn fail(&mut self, call: Call, benign: bool) {
        if benign {
            return;
        }
        // Bytes that came before may be left to read.
        let reads_on = self.told == Truth::Open && call != Call::Read;
        if reads_on {
            self.latched = true;
        } else {
            self.told = Truth::Abort;
        }
    }
}
