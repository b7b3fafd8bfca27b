//! One connection to an endpoint, from its connect to its end, as its cluster counts it.
//!
//! It goes with the transport: to a session, into the pool, to the next session. Whatever takes that
//! away takes it from the counts.

use super::Clustered;
use std::{fmt, rc::Rc};
use tidegate_core::time::Time;

/// Where the time comes from.
pub type Moments = Rc<dyn Fn() -> Time>;

/// What a connection is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// A session has it.
    Active,
    /// It waits for one.
    Idle,
    /// It is on its way out.
    Over,
}

/// One connection. Dropped, it has ended.
pub struct Life {
    of: Clustered,
    moments: Moments,
    born: Time,
    is: Use,
}

impl fmt::Debug for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Life").field("is", &self.is).finish()
    }
}

impl Life {
    /// A connection that has just come to be, for a session.
    #[must_use]
    pub fn new(of: Clustered, moments: Moments) -> Life {
        of.uses(Use::Over, Use::Active);
        Life {
            born: moments(),
            of,
            moments,
            is: Use::Active,
        }
    }

    /// It is there for something else now.
    pub fn is(&mut self, now: Use) {
        self.of.uses(self.is, now);
        self.is = now;
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        self.is(Use::Over);
        self.of.lived((self.moments)().since(self.born));
    }
}
