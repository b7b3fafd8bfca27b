//! How a cluster stands in its worker, for whoever counts: who is left alone, and what is left to be
//! sent again. A look, and nothing else.

use super::Cluster;
use crate::observe::Standing;
use tidegate_core::{
    group::{Slot, State},
    time::Time,
};

impl Cluster {
    /// How it stands, for whoever counts.
    pub(super) fn standing(&self, now: Time) -> Standing {
        let (group, endpoints) = (self.group.borrow(), self.endpoints.borrow());
        let ejected =
            |slot: &Slot| matches!(group.state(*slot), State::Ejected(until) if until > now);
        let name = |slot: Slot| {
            let endpoint = endpoints.get(slot.index())?;
            Some(format!("{} {}", endpoint.authority, endpoint.address))
        };
        Standing {
            ejected: group.slots().filter(ejected).filter_map(name).collect(),
            budget: self.budget.borrow_mut().left(now),
        }
    }
}
