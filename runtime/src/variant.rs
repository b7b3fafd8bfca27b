//! Known-bad variants of the driver: mistakes in how it calls, reads and closes, so that every check
//! can be seen to catch one (MUSEUM).
//!
//! The names are the core's (`tidegate_core::variant`). Which one is in force is a thread's, as a
//! simulation is. Without the feature `known-bad` the answer is a constant, and the compiler drops
//! every branch that asks.

#[cfg(feature = "known-bad")]
use std::cell::Cell;
#[cfg(feature = "known-bad")]
use tidegate_core::variant::Variant;

#[cfg(feature = "known-bad")]
thread_local! {
    static IN_FORCE: Cell<Option<Variant>> = const { Cell::new(None) };
}

/// Breaks a rule on this thread from now on, or none.
#[cfg(feature = "known-bad")]
pub fn break_rule(variant: Option<Variant>) {
    IN_FORCE.set(variant);
}

#[cfg(feature = "known-bad")]
pub(crate) fn in_force() -> Option<Variant> {
    IN_FORCE.get()
}

/// Asks whether a variant is in force.
macro_rules! bad {
    ($($variant:ident)|+) => {{
        #[cfg(feature = "known-bad")]
        let found = matches!(
            crate::variant::in_force(),
            Some($(tidegate_core::variant::Variant::$variant)|+)
        );
        #[cfg(not(feature = "known-bad"))]
        let found = false;
        found
    }};
}
pub(crate) use bad;
