//! What a session may read and has to write: a pure function of its state, asked as often as one
//! likes. It cannot be lost, doubled or overtaken; back-pressure is what it says, no more.

/// What the driver may and must do on one leg now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Interest {
    /// What may be read.
    pub read: Read,
    /// Bytes that were read and not yet understood can be looked at again: there is room for
    /// them, or it is their turn. At most this many bytes of body.
    pub decode: Option<u32>,
    /// Bytes that wait to be written.
    pub write: u32,
    /// Whether they are the last: once they are all accepted, the finish is ordered in the same
    /// step (4.11, 9: FIN rides with the last bytes).
    pub last: bool,
    /// Whether to tell when everything sent is acknowledged.
    pub acked: bool,
}

/// What may be read from a leg. Failures are observed whatever this says (R18).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Read {
    /// Nothing: the source is held, or it has ended.
    Off,
    /// At most so many bytes, to be passed on.
    Take(u32),
    /// Anything, to be thrown away: only the end of it matters (R26).
    Discard,
}

impl Interest {
    /// No interest at all.
    pub const NONE: Interest = Interest {
        read: Read::Off,
        decode: None,
        write: 0,
        last: false,
        acked: false,
    };
}

/// Everything that a driver has to ask of a leg before its next step: until then nothing of it
/// changes, so it may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Asks {
    /// What may be read, and what waits to be written.
    pub interest: Interest,
    /// Whether a failure would be news while nobody reads (R18).
    pub faults: bool,
    /// Whether a FIN behind unread bytes would be news (R17).
    pub hints: bool,
    /// Whether a call on the leg can still tell something.
    pub writes: bool,
    /// Whether the leg was told to finish, and that is not done.
    pub finish: bool,
}

impl Asks {
    /// Nothing is asked of a leg that is not open.
    pub const NONE: Asks = Asks {
        interest: Interest::NONE,
        faults: false,
        hints: false,
        writes: false,
        finish: false,
    };
}
