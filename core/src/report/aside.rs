//! What is kept beside a state and is no part of it: sums and times for a report.
//!
//! Two states that differ only in what is kept beside them are one state: no rule may look at it,
//! so nothing that follows can differ. Sums and times only grow; if they counted, every path
//! would end in a state of its own, and the exhaustive walk would never come to its end.

use core::{
    fmt,
    hash::{Hash, Hasher},
};

/// A value that tells no two states apart: it equals any other and hashes to nothing.
#[derive(Clone, Copy, Default)]
pub(crate) struct Aside<T>(pub(crate) T);

impl<T> PartialEq for Aside<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> Eq for Aside<T> {}

impl<T> Hash for Aside<T> {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl<T> fmt::Debug for Aside<T> {
    /// Nothing: whoever reads a state aloud reads what it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}
