//! What a stream keeps back for its FIN, or for more to come (`MSG_MORE`; LIFECYCLE 4.11, 9): the kernel would
//! send it 200 ms later, and nobody may count on that.
//!
//! It owns the count of streams that keep something back.

use super::super::Counts;
use std::{mem, rc::Rc};

/// Of one stream.
pub(super) struct Kept {
    counts: Rc<Counts>,
    /// What is written may be kept back.
    may: bool,
    /// Something is.
    some: bool,
}

impl Kept {
    pub(super) fn new(counts: &Rc<Counts>) -> Kept {
        Kept {
            counts: Rc::clone(counts),
            may: false,
            some: false,
        }
    }

    /// What follows may be kept back, or nothing is any more.
    pub(super) fn may(&mut self, may: bool) {
        if !may {
            self.leaves();
        }
        self.may = may;
    }

    /// Something was written.
    pub(super) fn wrote(&mut self) {
        if self.may && !mem::replace(&mut self.some, true) {
            self.counts.kept.set(self.counts.kept.get() + 1);
        }
    }

    /// All that was kept back is on its way, or gone.
    pub(super) fn leaves(&mut self) {
        if mem::take(&mut self.some) {
            self.counts.kept.set(self.counts.kept.get() - 1);
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.leaves();
    }
}
