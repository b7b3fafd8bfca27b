//! How much an endpoint has to do for one listener of one worker: a count that sessions hold.
//!
//! It owns the count, and nothing that a session forgets stays in it.

use std::{cell::Cell, rc::Rc};

/// The count of one endpoint.
#[derive(Clone, Debug, Default)]
pub struct Load(Rc<Cell<u32>>);

/// One session that has the endpoint, or is about to; dropped, it is counted no longer.
#[derive(Debug)]
pub struct Held(Load);

impl Load {
    /// How many sessions have the endpoint.
    #[must_use]
    pub fn get(&self) -> u32 {
        self.0.get()
    }

    /// Counts one more.
    #[must_use]
    pub fn hold(&self) -> Held {
        self.0.set(self.0.get() + 1);
        Held(self.clone())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.0.set(self.0.0.get() - 1);
    }
}

#[cfg(test)]
mod tests {
    use super::Load;

    #[test]
    fn who_is_gone_is_counted_no_longer() {
        let load = Load::default();
        let one = load.hold();
        let other = load.clone().hold();
        assert_eq!(load.get(), 2);
        drop(one);
        assert_eq!(load.get(), 1);
        drop(other);
        assert_eq!(load.get(), 0);
    }
}
