//! Where a simulated network is known to differ from the kernel, and why that is left so. An entry
//! that has become untrue fails, as does a difference without an entry.

/// A simulated network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum On {
    Fast,
    Turmoil,
}

/// One script that tells something else.
pub(crate) struct Difference {
    pub(crate) script: &'static str,
    pub(crate) on: &'static [On],
    pub(crate) reason: &'static str,
}

/// All of them.
pub(crate) const DIFFERENCES: &[Difference] = &[Difference {
    script: "how much a small buffer takes",
    on: &[On::Fast, On::Turmoil],
    reason: "a simulated buffer holds the bytes that were asked for, down to one; Linux has a least \
             size, doubles what is asked for, and counts its own overhead in it",
}];
