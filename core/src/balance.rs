//! How a cluster chooses, in words. What each of them comes to is in [`crate::group`].

/// How a cluster chooses the next endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Balance {
    /// The less loaded one of two that are drawn: as good as asking all, and workers that do not
    /// know of each other's load never all choose the same.
    #[default]
    LeastRequest,
    /// Each in turn, and the heavier ones more often in between.
    RoundRobin,
    /// Any.
    Random,
    /// The one that a request's key belongs to: the same on every worker, whatever its seed, for as
    /// long as that endpoint is there (Eisenbud et al., "Maglev", NSDI 2016, section 3.4).
    Maglev {
        /// Places of the table: a prime, 251 to 65537.
        places: u32,
    },
}

impl Balance {
    /// Places of a Maglev table by default: enough that of 600 endpoints none has more than one part
    /// in a hundred above its share.
    pub const PLACES: u32 = 65_537;
}
