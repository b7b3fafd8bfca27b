//! What the two peers tell each other outside of the proxy, so that a script can say "at the same
//! moment" or "once the other has seen it".
//!
//! It owns a few bits. It waits for the other peer, never longer than it is told to.

use super::step::{Flag, Who};
use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

#[derive(Debug, Default)]
struct Told {
    client: u64,
    origin: u64,
    client_over: bool,
    origin_over: bool,
}

impl Told {
    fn flags(&mut self, who: Who) -> &mut u64 {
        match who {
            Who::Client => &mut self.client,
            Who::Origin => &mut self.origin,
        }
    }

    fn over(&mut self, who: Who) -> &mut bool {
        match who {
            Who::Client => &mut self.client_over,
            Who::Origin => &mut self.origin_over,
        }
    }
}

/// What was told.
#[derive(Debug, Default)]
pub(super) struct Flags {
    told: Mutex<Told>,
    changed: Condvar,
}

impl Flags {
    fn told(&self) -> MutexGuard<'_, Told> {
        // Bits are never half written.
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn tell(&self, who: Who, flag: Flag) {
        *self.told().flags(who) |= 1 << (flag % 64);
        self.changed.notify_all();
    }

    /// Waits until `who` has told `flag`, or has nothing more to tell.
    pub(super) fn hear(&self, who: Who, flag: Flag, limit: Duration) {
        let bit = 1 << (flag % 64);
        let wait = |told: &mut Told| *told.flags(who) & bit == 0 && !*told.over(who);
        let _told = self.changed.wait_timeout_while(self.told(), limit, wait);
    }

    /// `who` has done all it had to.
    pub(super) fn end(&self, who: Who) {
        *self.told().over(who) = true;
        self.changed.notify_all();
    }

    pub(super) fn is_over(&self, who: Who) -> bool {
        *self.told().over(who)
    }
}
