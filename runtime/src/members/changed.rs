//! What an operator has changed of a cluster's endpoints while the process runs, and the file does not say.
//!
//! It owns the difference, and nothing of the endpoints themselves.

use std::{collections::BTreeMap, sync::Arc};

/// What is different of one endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// It gets nothing new.
    pub drained: bool,
    /// What it weighs instead of what the file says.
    pub weight: Option<u32>,
}

impl Change {
    /// How much of the traffic is for an endpoint that weighs so much by the file.
    #[must_use]
    pub fn weighs(self, configured: u32) -> u32 {
        match self.drained {
            true => 0,
            false => self.weight.unwrap_or(configured),
        }
    }

    /// Whether it is as the file says.
    #[must_use]
    pub fn is_none(self) -> bool {
        self == Change::default()
    }
}

/// Of all endpoints of a cluster, by their authorities; of no endpoint that is as the file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes(BTreeMap<Arc<str>, Change>);

impl Changes {
    /// What is different of the endpoint that is called so.
    #[must_use]
    pub fn of(&self, authority: &str) -> Change {
        self.0.get(authority).copied().unwrap_or_default()
    }

    /// That is different from now on.
    pub fn put(&mut self, authority: &str, change: Change) {
        match change.is_none() {
            true => drop(self.0.remove(authority)),
            false => drop(self.0.insert(authority.into(), change)),
        }
    }

    /// Every endpoint of which something is, and what that is.
    pub fn all(&self) -> impl Iterator<Item = (&str, Change)> {
        self.0
            .iter()
            .map(|(authority, change)| (&**authority, *change))
    }

    /// Those of endpoints that are `known`.
    #[must_use]
    pub fn only(&self, known: impl Fn(&str) -> bool) -> Changes {
        let stays = self.0.iter().filter(|(authority, _)| known(authority));
        Changes(
            stays
                .map(|(authority, change)| (Arc::clone(authority), *change))
                .collect(),
        )
    }
}
