//! The open-file limit, and how many connections it allows.

use crate::admission::{Pause, Seats};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::sync::Arc;

/// Descriptors that a connection may need: its own, its origin's, and a share of what else there is:
/// pipes, idle origins, listeners, files. So accepting pauses long before there is none left.
const EACH: u64 = 3;

/// What the open-file limit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Files {
    /// Descriptors that the process may have.
    pub limit: u64,
    /// Connections that this allows.
    pub connections: usize,
}

impl Files {
    /// Raises the soft limit to the hard one, as far as it goes, and says what it is then.
    #[must_use]
    pub fn raised() -> Files {
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        if current != maximum {
            let raised = Rlimit {
                current: maximum,
                maximum,
            };
            // What cannot be raised stays as it is.
            let _raised = setrlimit(Resource::Nofile, raised);
        }
        Files::of(getrlimit(Resource::Nofile).current)
    }

    fn of(limit: Option<u64>) -> Files {
        let limit = limit.unwrap_or(u64::MAX);
        Files {
            limit,
            connections: usize::try_from(limit / EACH).unwrap_or(usize::MAX),
        }
    }

    /// The seats of a process with this limit.
    pub(super) fn seats(self) -> Arc<Seats> {
        Seats::new(self.connections, Pause::Process)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_third_of_the_descriptors() {
        assert_eq!(Files::of(Some(131_072)).connections, 43_690);
        assert_eq!(Files::of(None).limit, u64::MAX);
        let raised = Files::raised();
        assert_eq!(getrlimit(Resource::Nofile).current, Some(raised.limit));
    }
}
