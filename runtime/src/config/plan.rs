//! What the routes of a listener do with a request, checked and complete.

use crate::config::{Hidden, UpstreamTimeouts};
use tidegate_core::{
    http1::Edits,
    route::{Front, Location, Split},
};

/// What a route does with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Who answers it.
    pub action: Action,
    /// What takes the place of the prefix that the route covers.
    pub front: Front,
    /// The Host that is sent on in place of the client's.
    pub host: Option<String>,
    /// What is changed among the request's fields.
    pub request: Edits,
    /// What is changed among the fields of the answer, be it an origin's or the route's own.
    pub response: Edits,
    /// The waits of its requests, where it sets any: over the cluster's.
    pub timeouts: UpstreamTimeouts,
    /// What of it is shown to nobody.
    pub hidden: Hidden,
}

/// Who answers a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// One of these clusters; the indices are of [`Config::clusters`](super::Config::clusters), and at
    /// least one has a weight.
    Forward(Split),
    /// We ourselves: the client is to ask elsewhere.
    Redirect(Redirect),
    /// We ourselves.
    Respond(Page),
}

/// Where a client is to ask instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// 301, 302, 303, 307 or 308.
    pub status: u16,
    /// The place.
    pub to: Location,
}

/// A response that is always the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// 200 to 599.
    pub status: u16,
    /// What is behind its head.
    pub body: String,
    /// The type of that; of nothing there is none.
    pub content_type: String,
}

impl Page {
    /// The type of a body that has none of its own.
    pub const TEXT: &'static str = "text/plain; charset=utf-8";
}

impl Plan {
    /// A plan that does nothing but this.
    #[must_use]
    pub fn new(action: Action) -> Plan {
        Plan {
            action,
            front: Front::Kept,
            host: None,
            request: Edits::default(),
            response: Edits::default(),
            timeouts: UpstreamTimeouts::default(),
            hidden: Hidden::default(),
        }
    }

    /// Forwards all to the cluster with this index, as it is.
    #[must_use]
    pub fn to(cluster: usize) -> Plan {
        Plan::new(Action::Forward(Split::all(cluster)))
    }

    /// The cluster that everything goes to, as it is, if the plan is no more than that.
    #[must_use]
    pub fn plain(&self) -> Option<usize> {
        let Action::Forward(split) = &self.action else {
            return None;
        };
        let [share] = split.shares() else { return None };
        (*self == Plan::to(share.cluster)).then_some(share.cluster)
    }

    /// The clusters that it leads to.
    pub fn clusters(&self) -> impl Iterator<Item = usize> {
        let shares = match &self.action {
            Action::Forward(split) => split.shares(),
            Action::Redirect(_) | Action::Respond(_) => &[],
        };
        shares.iter().map(|share| share.cluster)
    }

    /// The same, with the clusters' indices changed.
    pub(super) fn moved(&self, moved: &[usize]) -> Plan {
        let action = match &self.action {
            Action::Forward(split) => Action::Forward(split.moved(|cluster| moved[cluster])),
            Action::Redirect(_) | Action::Respond(_) => self.action.clone(),
        };
        Plan {
            action,
            ..self.clone()
        }
    }
}
