//! What a session came to, leg by leg and direction by direction (LIFECYCLE 4.14).
//!
//! It owns the words of the report, and what follows from its times and sums. Nothing is decided
//! here, and no rule looks at any of it: it is kept beside the state ([`aside`]).

pub(crate) mod aside;
pub mod tally;

pub use self::tally::{Loss, Tally};
use crate::{
    close::CloseCause,
    ending::{By, Cause, End, Ending},
    side::Side,
    time::{Moment, Span, Time},
};
use core::fmt;

/// What a session came to, or has come to so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Its last word, or what that would be now.
    pub ending: Option<Ending>,
    /// When it was accepted.
    pub began: Time,
    /// When its last leg was closed.
    pub over: Option<Time>,
    /// Whose end was the first: a peer's, or one that we ordered by ourselves. In HTTP, the first
    /// since a client was last left without a request.
    pub first: Option<By>,
    /// Its legs, by side. Of several upstream legs, the last.
    pub legs: [LegReport; 2],
    /// The bytes of both directions, by source: of the whole session.
    pub tallies: [Tally; 2],
    /// Bytes of HTTP, by the leg that said them, that were read and never passed on nor
    /// understood: a request behind the last one, an answer's extra bytes (H11, U10).
    pub unread: [u64; 2],
    /// The rule by which a request was last sent again.
    pub retry: Option<Retry>,
    /// How often that was done.
    pub retries: u32,
    /// What went wrong with the exchange under way, or the last, as a proxy error type (RFC 9209,
    /// 2.3). A response of ours carries it. Behind a head that has left nothing can: a trailer would
    /// make the message look complete; so of a response that was cut only the report tells.
    pub error: Option<&'static str>,
    /// The same in the words of a close: why the exchange under way, or the last, did not come to its
    /// end, or why there was no upstream leg.
    pub trouble: Option<CloseCause>,
}

/// One leg, from its first moment to its last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LegReport {
    /// When it was there: accepted, dialled, or taken from the pool.
    pub began: Option<Time>,
    /// How the peer's direction ended: the first end of it.
    pub heard: Option<Heard>,
    /// The first failure of the leg, also one behind its end (R12).
    pub failed: Option<Failure>,
    /// How ours ended.
    pub said: Said,
    /// How the session and its leg came apart.
    pub over: Option<Over>,
    /// Since when it is kept only for its peer's last word.
    pub lingers: Moment,
    /// Whether its FIN came without the close_notify that TLS asks for (T05), whatever it meant.
    pub bare_fin: bool,
    /// Whether T_abort_flush ran out on it (R11).
    pub flush_expired: bool,
    /// Whether its peer took nothing for T_write_stall after it was told to finish (H12).
    pub linger_stalled: bool,
}

/// The end of a peer's direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// How it ended.
    pub end: End,
    /// When that was seen.
    pub at: Time,
    /// Who ended it: the peer, or we by giving it up.
    pub by: By,
}

/// A leg's failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Why.
    pub cause: Cause,
    /// When that was seen.
    pub at: Time,
    /// Whether the peer or its network failed, or we gave the leg up.
    pub by: By,
}

/// The end of our direction of a leg, step by step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// When it was told to finish.
    pub finish: Option<Time>,
    /// When the kernel had our FIN.
    pub finished: Option<Time>,
    /// When the peer's kernel had it.
    pub acked: Option<Time>,
    /// When it was told to reset, at once or behind its last bytes.
    pub abort: Option<Time>,
}

/// How far our own end of a leg came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Last {
    /// It was never ended.
    Never,
    /// It was told to finish, and the kernel has not taken all of it.
    Finishing,
    /// The kernel has our FIN.
    Finished,
    /// The peer's kernel has it.
    Acked,
    /// It was told to reset.
    Aborted,
}

/// The moment in which a session and a leg came apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Over {
    /// How.
    pub parting: Parting,
    /// How the leg ended, if it did: the peer's end, or the cause of ours.
    pub end: Option<End>,
    /// When.
    pub at: Time,
}

/// How a session and a leg came apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parting {
    /// Its descriptor was closed, everything acknowledged.
    Closed,
    /// It was closed with RST.
    Reset,
    /// It went into the pool.
    Parked,
    /// It finishes without us (U12).
    Retired,
    /// It never came to be: the connect came to nothing (R21).
    Unconnected,
    /// It never came to be: nobody wanted it any more (R20).
    Recalled,
}

/// The rule by which a request was sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Retry {
    /// The origin's kernel had accepted none of it (U02).
    Unaccepted,
    /// It may be repeated, and the leg had been used before (U03).
    Reused,
    /// It may be repeated, and the leg was fresh (U04).
    Fresh,
    /// It may be repeated, and its answer had a status that the cluster asks to have from another
    /// endpoint.
    Declined,
}

impl Report {
    /// How long the session lasted, up to `now` if it still does.
    #[must_use]
    pub fn age(&self, now: Time) -> Span {
        self.over.unwrap_or(now).since(self.began)
    }

    /// From the end of the direction whose source is `source` to what its sink was told of it: to
    /// the FIN that is with the kernel, or to the RST. Nothing if either is missing, and 0 for an
    /// end that came first by itself: a client that is finished in its turn waits for nobody.
    #[must_use]
    pub fn latency(&self, source: Side) -> Option<Span> {
        let (from, to) = (
            &self.legs[source as usize],
            &self.legs[source.other() as usize],
        );
        let heard = from.heard?.at;
        let emitted = to.said.finished.or_else(|| to.reset_at())?;
        Some(emitted.since(heard))
    }
}

impl LegReport {
    /// Of a leg of which nothing is known.
    pub(crate) const NOTHING: LegReport = LegReport {
        began: None,
        heard: None,
        failed: None,
        said: Said {
            finish: None,
            finished: None,
            acked: None,
            abort: None,
        },
        over: None,
        lingers: Moment::NEVER,
        bare_fin: false,
        flush_expired: false,
        linger_stalled: false,
    };

    /// How far our own end came.
    #[must_use]
    pub const fn last(&self) -> Last {
        match self.said {
            Said { abort: Some(_), .. } => Last::Aborted,
            Said { acked: Some(_), .. } => Last::Acked,
            Said {
                finished: Some(_), ..
            } => Last::Finished,
            Said {
                finish: Some(_), ..
            } => Last::Finishing,
            Said { .. } => Last::Never,
        }
    }

    /// When it was closed with RST.
    #[must_use]
    pub fn reset_at(&self) -> Option<Time> {
        let over = self.over.filter(|over| over.parting == Parting::Reset)?;
        Some(over.at)
    }

    /// How long it was kept only for its peer's last word, up to `now` if it still is.
    #[must_use]
    pub fn lingering(&self, now: Time) -> Option<Span> {
        let until = self.over.map_or(now, |over| over.at);
        self.lingers.get().map(|since| until.since(since))
    }

    /// Since when exactly one of its two directions has ended.
    #[must_use]
    pub fn half_closed(&self) -> Option<Time> {
        let heard = self.heard.map(|heard| heard.at);
        match (self.over, heard, self.said.finished) {
            (None, Some(at), None) | (None, None, Some(at)) => Some(at),
            (Some(_), _, _) | (None, None, None) | (None, Some(_), Some(_)) => None,
        }
    }
}

impl fmt::Display for Last {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Last::Never => "never",
            Last::Finishing => "finishing",
            Last::Finished => "finished",
            Last::Acked => "acked",
            Last::Aborted => "aborted",
        })
    }
}

impl fmt::Display for Parting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Parting::Closed => "closed",
            Parting::Reset => "reset",
            Parting::Parked => "parked",
            Parting::Retired => "retired",
            Parting::Unconnected => "unconnected",
            Parting::Recalled => "recalled",
        })
    }
}

impl fmt::Display for Retry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Retry::Unaccepted => "U02",
            Retry::Reused => "U03",
            Retry::Fresh => "U04",
            Retry::Declined => "status",
        })
    }
}
