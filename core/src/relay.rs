//! One direction across the proxy: how many bytes are inside, and whether its source is held.
//!
//! A relay waits for its source to end or complete and for its sink to take what is inside. It
//! never knows what the bytes are, and it alone can say that nothing is left of them: a finish
//! consumes its [`Drained`], so a FIN cannot overtake the bytes before it.

use crate::{
    bug,
    ending::End,
    report::{Loss, Tally, aside::Aside},
};

/// Proof that a direction ended clean and its last byte has left.
#[derive(Debug)]
pub struct Drained(());

#[cfg(feature = "known-bad")]
impl Drained {
    /// For a known-bad variant that orders a FIN nobody may order.
    pub(crate) const fn forged(_: crate::variant::Variant) -> Self {
        Drained(())
    }
}

/// One direction, from one leg to the other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Relay {
    limit: u32,
    bytes: u32,
    lane: Lane,
    source: Source,
    sink: Sink,
    /// What became of every byte, for the report: no part of the state.
    tally: Aside<Tally>,
}

/// What holds the bytes that are inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Memory: as many as the relay's limit, in any number of pieces.
    Copied,
    /// A pipe of the kernel's: at most so many, and none but while it is empty. A pipe has slots, not
    /// bytes: beside bytes, "no more for now" could be the pipe's word or the socket's, and whoever
    /// took the one for the other would wait for ever (SIMULATION 5.4).
    Piped(u32),
}

/// What the relay asks of its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// More.
    Open,
    /// Nothing before the sink has taken half of what is inside (R22, R23), or all that is in a pipe.
    Held,
    /// Nothing: the message is complete.
    Complete,
}

/// How the sink took the last bytes offered to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sink {
    /// Whole.
    Open,
    /// In part.
    Blocked,
}

impl Relay {
    /// An empty relay that holds its source at `limit` bytes.
    #[must_use]
    pub fn new(limit: u32) -> Self {
        Relay {
            limit,
            bytes: 0,
            lane: Lane::Copied,
            source: Source::Open,
            sink: Sink::Open,
            tally: Aside::default(),
        }
    }

    /// The next exchange's: empty again, and nothing forgotten of what it has carried.
    pub fn renew(&mut self) {
        self.discard(Loss::Unwanted);
        self.source = Source::Open;
        self.lane = Lane::Copied;
    }

    /// What became of every byte that came in.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.tally.0
    }

    /// The same, of a relay that is not needed any more.
    pub(crate) fn into_tally(self) -> Tally {
        self.tally.0
    }

    /// A new relay takes over what became of the bytes of one before it.
    pub(crate) fn has_carried(&mut self, tally: Tally) {
        self.tally = Aside(tally);
    }

    /// Whether every byte that came in is inside, has left, or was discarded (I20).
    #[must_use]
    pub fn balances(&self) -> bool {
        self.tally.0.balances(self.bytes)
    }

    /// Bytes inside.
    #[must_use]
    pub const fn bytes(&self) -> u32 {
        self.bytes
    }

    /// What holds them.
    #[must_use]
    pub const fn lane(&self) -> Lane {
        self.lane
    }

    /// From now on `lane` holds what comes in. Nothing may be inside, and more must be able to come.
    pub fn switch(&mut self, lane: Lane) {
        if self.bytes > 0 || self.source == Source::Complete {
            bug!("a lane that is switched under the bytes in it")
        }
        self.lane = lane;
    }

    /// Bytes that its source may bring it to, and not beyond.
    #[must_use]
    pub const fn most(&self) -> u32 {
        match self.lane {
            Lane::Copied => self.limit,
            Lane::Piped(most) => most,
        }
    }

    /// Whether it takes no more.
    const fn is_full(&self) -> bool {
        match self.lane {
            Lane::Copied => self.bytes >= self.limit,
            Lane::Piped(_) => self.bytes > 0,
        }
    }

    /// Whether so much has left that its source may go on (R23).
    const fn has_eased(&self) -> bool {
        match self.lane {
            Lane::Copied => self.bytes <= self.limit / 2,
            Lane::Piped(_) => self.bytes == 0,
        }
    }

    /// What is asked of the source.
    #[must_use]
    pub const fn source(&self) -> Source {
        self.source
    }

    /// How the sink takes.
    #[must_use]
    pub const fn sink(&self) -> Sink {
        self.sink
    }

    /// How much more the source may deliver: exactly the free room, and none while it is held.
    #[must_use]
    pub const fn room(&self) -> u32 {
        match self.source {
            Source::Open => self.most().saturating_sub(self.bytes),
            Source::Held | Source::Complete => 0,
        }
    }

    /// `bytes` came in. A message's head or framing may go beyond the limit, once (I16).
    pub fn received(&mut self, bytes: u32) {
        self.tally.0.received += u64::from(bytes);
        self.put(bytes);
    }

    /// We say `bytes` ourselves, behind what is inside.
    pub fn said(&mut self, bytes: u32) {
        self.tally.0.own += u64::from(bytes);
        self.put(bytes);
    }

    fn put(&mut self, bytes: u32) {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.is_full() && self.source == Source::Open {
            self.source = Source::Held;
        }
    }

    /// The sink took `bytes` of what was offered: all that is inside.
    pub fn sent(&mut self, bytes: u32) {
        assert!(
            bytes <= self.bytes,
            "a sink takes no more than a relay holds"
        );
        self.bytes -= bytes;
        self.tally.0.delivered += u64::from(bytes);
        self.sink = if self.bytes == 0 {
            Sink::Open
        } else {
            Sink::Blocked
        };
        if self.source == Source::Held && self.has_eased() {
            self.source = Source::Open;
        }
    }

    /// Whether it holds nothing, in memory, and neither its source nor its sink is waited for.
    #[inline]
    #[must_use]
    pub fn is_bare(&self) -> bool {
        self.bytes == 0
            && self.lane == Lane::Copied
            && self.source == Source::Open
            && self.sink == Sink::Open
    }

    /// `bytes` came into a bare relay, no more than it has room for, and the sink took all of them.
    #[inline]
    pub(crate) fn passed(&mut self, bytes: u32) {
        self.tally.0.received += u64::from(bytes);
        self.tally.0.delivered += u64::from(bytes);
    }

    /// What the sink took of its message has to be sent once more (U02).
    pub fn unsend(&mut self, bytes: u32) {
        self.tally.0.repeated += u64::from(bytes);
        self.put(bytes);
        self.sink = Sink::Open;
    }

    /// The source's message is complete.
    pub fn complete(&mut self) {
        self.source = Source::Complete;
    }

    /// The source says more than its message: the exchange has become a tunnel (W1).
    pub fn reopen(&mut self) {
        self.source = if self.is_full() {
            Source::Held
        } else {
            Source::Open
        };
    }

    /// What is inside will never leave, for this reason. Says how much it was (I20).
    pub fn discard(&mut self, loss: Loss) -> u32 {
        self.sink = Sink::Open;
        if self.source == Source::Held {
            self.source = Source::Open;
        }
        let bytes = core::mem::take(&mut self.bytes);
        self.tally.0.discard(bytes, loss);
        bytes
    }

    /// The proof that a finish needs, once the source has come to a clean `end` and nothing is
    /// inside.
    #[must_use]
    pub fn drained(&self, end: Option<End>) -> Option<Drained> {
        match end {
            Some(End::Clean) if self.bytes == 0 => Some(Drained(())),
            Some(End::Clean | End::Truncated | End::Abort(_)) | None => None,
        }
    }
}
