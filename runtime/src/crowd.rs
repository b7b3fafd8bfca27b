//! How many sessions of a worker are awake, of those that can be put away.
//!
//! It owns the count, and how many are left as they are: to wake one costs a little, so a worker with few
//! connections puts none of them away.

use std::{cell::Cell, rc::Rc};

/// So many stay awake: their memory is nothing beside the program's own. Where everything is looked at, nobody
/// does who need not.
const MOST: usize = if cfg!(debug_assertions) { 0 } else { 512 };

/// Those of one worker; every clone is the same one.
#[derive(Clone, Debug)]
pub struct Crowd(Rc<State>);

#[derive(Debug)]
struct State {
    most: usize,
    awake: Cell<usize>,
    put_away: Cell<u64>,
}

impl Default for Crowd {
    fn default() -> Crowd {
        Crowd::new(MOST)
    }
}

impl Crowd {
    /// Of which `most` stay awake.
    #[must_use]
    pub fn new(most: usize) -> Crowd {
        Crowd(Rc::new(State {
            most,
            awake: Cell::default(),
            put_away: Cell::default(),
        }))
    }

    /// How often somebody was put away.
    #[must_use]
    pub fn put_away(&self) -> u64 {
        self.0.put_away.get()
    }

    /// Whether there are more than should be.
    #[inline]
    pub(crate) fn is_large(&self) -> bool {
        self.0.awake.get() > self.0.most
    }

    /// One more is awake.
    #[inline]
    pub(crate) fn wakes(&self) {
        self.0.awake.set(self.0.awake.get() + 1);
    }

    /// One of them is over.
    #[inline]
    pub(crate) fn leaves(&self) {
        self.0.awake.set(self.0.awake.get() - 1);
    }

    /// One of them is put away.
    #[inline]
    pub(crate) fn puts_away(&self) {
        self.leaves();
        self.0.put_away.set(self.0.put_away.get() + 1);
    }
}
