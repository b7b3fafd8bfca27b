//! The invariants by name: those of SIMULATION 5.9, and those of HTTP.

use std::fmt;

/// What must hold of every run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Invariant {
    /// I1: what is received is a prefix of what was sent.
    Prefix,
    /// I2: when the peers' scripts end, everything ends.
    Ends,
    /// I3: a clean end comes after all the bytes.
    EndAfterAll,
    /// I4: no clean end unless the sender ended cleanly, and no half of one.
    EndOnlyIfClean,
    /// I5: an end takes the two ways, and no longer.
    EndAtOnce,
    /// I6: an abort takes the ways, and the acknowledgement of what came before it.
    AbortAtOnce,
    /// I7: an abort arrives as one, after what came before a truncation.
    AbortIsAbort,
    /// I8: what is inside fits the buffers.
    Bounded,
    /// I9: nobody resets unless somebody aborted.
    NoOwnReset,
    /// I10: nothing is left.
    NoLeak,
    /// I11: whoever reads no more is given up, or told of an abort, in time.
    GivenUp,
    /// LIFECYCLE 4.11, 6: nothing is closed before what it has sent is acknowledged.
    CloseInOrder,
    /// LIFECYCLE 4.11, 9: what may ride with a FIN, or with more, leaves without it when none follows.
    KeptBack,
    /// LIFECYCLE I8: a direction ends once.
    OneEnd,
    /// LIFECYCLE I18: a connection is closed, or reset, and not just let go of.
    ClosedOnce,
    /// LIFECYCLE G3: what is answered in a drain is the last.
    DrainIsLast,
    /// H1: what the proxy writes is well-formed.
    WellFormed,
    /// H2: each answer is its own request's, and in its turn.
    OwnAnswer,
    /// H3: what can be answered is.
    Answered,
    /// H4: a request is executed once; one that may be repeated, twice at most.
    OnceOnly,
    /// The title, seen from inside: a FIN is ordered in the very step in which it is due.
    FinAtOnce,
    /// The title, seen from inside: where nobody aborts, no timer is on anybody's way.
    NoTimer,
    /// LIFECYCLE I18, seen from inside: no event speaks of a leg that is not there.
    NoEventAstray,
    /// The same schedule takes the same steps.
    SameSteps,
    /// LIFECYCLE I19, I20: what the proxy tells of itself is what the peers saw.
    Told,
    /// PRODUCT 7: each session is closed for one cause, and it is what the peers did.
    Cause,
    /// Nothing panics.
    NoPanic,
}

impl Invariant {
    /// Every one.
    pub const ALL: [Invariant; 27] = [
        Invariant::Prefix,
        Invariant::Ends,
        Invariant::EndAfterAll,
        Invariant::EndOnlyIfClean,
        Invariant::EndAtOnce,
        Invariant::AbortAtOnce,
        Invariant::AbortIsAbort,
        Invariant::Bounded,
        Invariant::NoOwnReset,
        Invariant::NoLeak,
        Invariant::GivenUp,
        Invariant::CloseInOrder,
        Invariant::KeptBack,
        Invariant::OneEnd,
        Invariant::ClosedOnce,
        Invariant::DrainIsLast,
        Invariant::WellFormed,
        Invariant::OwnAnswer,
        Invariant::Answered,
        Invariant::OnceOnly,
        Invariant::FinAtOnce,
        Invariant::NoTimer,
        Invariant::NoEventAstray,
        Invariant::SameSteps,
        Invariant::Told,
        Invariant::Cause,
        Invariant::NoPanic,
    ];

    /// The invariants of LIFECYCLE 4.13 that it is the peers' view of. Its own number, in SIMULATION
    /// 5.9, is another one.
    #[must_use]
    pub const fn lifecycle(self) -> &'static [&'static str] {
        match self {
            Invariant::Prefix => &["I2", "I20"],
            Invariant::Ends => &["I9", "I11"],
            Invariant::EndAfterAll => &["I2", "I9"],
            Invariant::EndOnlyIfClean => &["I1", "I6"],
            Invariant::EndAtOnce => &["I3"],
            Invariant::AbortAtOnce => &["I4"],
            Invariant::AbortIsAbort => &["I4", "I5"],
            Invariant::Bounded => &["I16"],
            Invariant::NoOwnReset => &["I7", "I9", "I10"],
            Invariant::NoLeak => &["I11"],
            Invariant::GivenUp => &["I4", "I11"],
            Invariant::CloseInOrder => &["I7"],
            Invariant::KeptBack => &["I10"],
            Invariant::OneEnd => &["I8"],
            Invariant::ClosedOnce => &["I18"],
            Invariant::DrainIsLast => &["G3"],
            Invariant::WellFormed => &["I12"],
            Invariant::OwnAnswer => &["I12"],
            Invariant::Answered => &["I14", "I15"],
            Invariant::OnceOnly => &["I13"],
            Invariant::FinAtOnce => &["I3"],
            Invariant::NoTimer => &["I10"],
            Invariant::NoEventAstray => &["I18"],
            Invariant::Told => &["I19", "I20"],
            Invariant::Cause => &["I19"],
            Invariant::SameSteps | Invariant::NoPanic => &[],
        }
    }
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Invariant::Prefix => "I1 received is a prefix of sent",
            Invariant::Ends => "I2 everything ends",
            Invariant::EndAfterAll => "I3 a clean end comes after all the bytes",
            Invariant::EndOnlyIfClean => "I4 no clean end unless the sender ended cleanly",
            Invariant::EndAtOnce => "I5 an end takes the two ways and no longer",
            Invariant::AbortAtOnce => "I6 an abort waits for nothing but what came before it",
            Invariant::AbortIsAbort => "I7 an abort arrives as an abort",
            Invariant::Bounded => "I8 what is inside fits the buffers",
            Invariant::NoOwnReset => "I9 nobody resets unless somebody aborted",
            Invariant::NoLeak => "I10 nothing is left",
            Invariant::GivenUp => "whoever reads no more is given up in time",
            Invariant::CloseInOrder => "a close waits for what was sent",
            Invariant::KeptBack => "what may ride along leaves without it",
            Invariant::OneEnd => "a direction ends once",
            Invariant::ClosedOnce => "a connection is closed or reset",
            Invariant::DrainIsLast => "what is answered in a drain is the last",
            Invariant::WellFormed => "H1 what the proxy writes is well-formed",
            Invariant::OwnAnswer => "H2 each answer is its own request's",
            Invariant::Answered => "H3 what can be answered is",
            Invariant::OnceOnly => "H4 a request is executed once",
            Invariant::FinAtOnce => "a FIN waits for nothing",
            Invariant::NoTimer => "no timer where nobody aborts",
            Invariant::NoEventAstray => "no event of a leg that is not there",
            Invariant::SameSteps => "a second run takes the same steps",
            Invariant::Told => "the proxy tells what the peers saw",
            Invariant::Cause => "a close has one cause, and it is what the peers did",
            Invariant::NoPanic => "nothing panics",
        })
    }
}

/// An invariant that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub invariant: Invariant,
    /// How.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.what)
    }
}
