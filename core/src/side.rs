//! The two legs of a session, by name.

use core::fmt;

/// Which leg of a session: the client's or the origin's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Downstream: the leg that faces the client.
    Down,
    /// Upstream: the leg that faces the origin.
    Up,
}

impl Side {
    /// Both sides, downstream first.
    pub const BOTH: [Side; 2] = [Side::Down, Side::Up];

    /// The other leg.
    #[must_use]
    pub const fn other(self) -> Side {
        match self {
            Side::Down => Side::Up,
            Side::Up => Side::Down,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Side::Down => "D",
            Side::Up => "U",
        })
    }
}
