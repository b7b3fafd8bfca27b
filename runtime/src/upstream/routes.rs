//! Where the requests and connections of a listener go, as a worker uses it.
//!
//! It owns the compiled routes and the draws of their splits. It waits for nothing, and knows no
//! connection.

use crate::config::{Action, Plan};
use std::{cell::Cell, fmt, rc::Rc, sync::Arc};
use tidegate_core::{
    draws::Draws,
    event::Destination,
    http1::{Method, RequestHead, Routable},
    route::{Asked, Table},
};

/// Where a listener's requests and connections go.
pub struct Routes {
    kind: Kind,
    draws: Cell<Draws>,
}

enum Kind {
    /// Requests, by what they are.
    Requests(Table<Rc<Way>>),
    /// Connections, by the name in a ClientHello.
    Names(Table<Target>),
    /// All to one cluster.
    All(Target),
}

/// A cluster, as a route leads to it.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its index.
    pub cluster: usize,
    /// What a session is told of it.
    pub destination: Destination,
    /// The Host to send where the client sent none.
    pub authority: String,
    /// Its name, for logs.
    pub name: Arc<str>,
}

/// What a route does with a request, and the clusters that it may go to.
#[derive(Debug)]
pub struct Way {
    /// What is to be done.
    pub plan: Plan,
    /// A cluster for each share of its split.
    pub targets: Vec<Target>,
    /// Its host and path, as they are configured: for logs and metrics.
    pub name: Arc<str>,
}

/// A request's way.
#[derive(Clone, Debug)]
pub struct Routed {
    /// What is to be done.
    pub way: Rc<Way>,
    covered: u32,
    /// Which of the way's targets, if it goes to one.
    share: Option<u32>,
}

impl Routed {
    /// Where it is forwarded to, if it is.
    #[must_use]
    pub fn target(&self) -> Option<&Target> {
        self.way.targets.get(usize::try_from(self.share?).ok()?)
    }

    /// How much of the path the route covers, in bytes.
    #[must_use]
    pub fn covered(&self) -> usize {
        usize::try_from(self.covered).unwrap_or(usize::MAX)
    }
}

impl fmt::Debug for Routes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.kind {
            Kind::Requests(_) => "requests",
            Kind::Names(_) => "names",
            Kind::All(_) => "all",
        };
        f.debug_tuple("Routes").field(&kind).finish()
    }
}

impl Routes {
    /// Requests, by what they are. `seed`: what is drawn for splits follows from it.
    #[must_use]
    pub fn requests(table: Table<Rc<Way>>, seed: u64) -> Routes {
        Routes {
            kind: Kind::Requests(table),
            draws: Cell::new(Draws::new(seed)),
        }
    }

    /// Connections, by the name in a ClientHello.
    #[must_use]
    pub fn names(table: Table<Target>) -> Routes {
        Routes {
            kind: Kind::Names(table),
            draws: Cell::new(Draws::new(0)),
        }
    }

    /// All connections to one cluster.
    #[must_use]
    pub fn all(target: Target) -> Routes {
        Routes {
            kind: Kind::All(target),
            draws: Cell::new(Draws::new(0)),
        }
    }

    /// The cluster that takes connections without a request to route by.
    #[must_use]
    pub fn default_cluster(&self) -> Option<usize> {
        match &self.kind {
            Kind::Requests(_) | Kind::Names(_) => None,
            Kind::All(target) => Some(target.cluster),
        }
    }

    /// Where a connection goes that asks for `name`, and what its session is told of it.
    #[must_use]
    pub fn named(&self, name: Option<&str>) -> Option<(usize, Destination)> {
        let target = match &self.kind {
            Kind::Requests(_) => return None,
            Kind::Names(table) => &table.find(&Asked::named(name))?.0.to,
            Kind::All(target) => target,
        };
        Some((target.cluster, target.destination))
    }

    /// Where a request goes. `trusted`: its client's word about its way is taken.
    #[must_use]
    pub fn route(&self, head: &RequestHead<'_>, trusted: bool) -> Option<Routed> {
        let Kind::Requests(table) = &self.kind else {
            return None;
        };
        let fields = Routable { head, trusted };
        let asked = Asked::received(head.host(), path(head), head.method(), &fields);
        let (route, covered) = table.find(&asked)?;
        let share = match &route.to.plan.action {
            Action::Redirect(_) | Action::Respond(_) => None,
            Action::Forward(split) => {
                let mut draws = self.draws.get();
                let share = split.pick(&mut draws);
                self.draws.set(draws);
                share
            }
        };
        Some(Routed {
            way: Rc::clone(&route.to),
            covered: u32::try_from(covered).unwrap_or(u32::MAX),
            share: share.and_then(|share| u32::try_from(share).ok()),
        })
    }
}

/// What routes look at: CONNECT names no path, and belongs to a host as a whole.
fn path<'a>(head: &RequestHead<'a>) -> &'a str {
    match head.facts.method {
        Method::Connect => "/",
        Method::Get | Method::Head | Method::Post | Method::Other => head.path(),
    }
}
