//! What is in a configuration and is shown to nobody: values of fields that came from outside of its files.
//!
//! Owns which those are, and what stands in their place. A file that is printed to be served by
//! (`--print-config`) has them; what the admin interface shows has not.

use crate::config::{Config, Plan, Protocol, print::print, read::Section, variables::has_variable};
use std::collections::BTreeSet;
use tidegate_core::{
    http1::{Edits, Line},
    route::{Header, Route, Table, When},
};

/// What stands in place of a value. No field can have it: a file that has it is refused, and nobody comes to
/// serve by it.
const VEIL: &str = "…";

/// The names of the fields of a route whose values were written with a variable (`${…}`), and so may be
/// secrets. It is no part of what a route does: two that differ in it alone are equal.
#[derive(Clone, Debug, Default)]
pub struct Hidden(BTreeSet<String>);

impl PartialEq for Hidden {
    fn eq(&self, _: &Hidden) -> bool {
        true
    }
}

impl Eq for Hidden {}

impl Hidden {
    /// Those of a route, as it is written.
    pub(super) fn of(route: &Section<'_, '_>) -> Hidden {
        let edits = ["request_headers", "response_headers"].into_iter();
        let edits = edits.filter_map(|key| route.get(key)?.get_ref().as_table());
        let edited = edits.flat_map(|edits| {
            let keys = ["set", "add"].into_iter();
            keys.filter_map(move |key| edits.get(key)?.get_ref().as_table())
        });
        let wanted = route.get("headers");
        let wanted = wanted.and_then(|node| node.get_ref().as_table());
        let all = wanted.into_iter().chain(edited).flatten();
        let hidden = all.filter(|(_, value)| value.get_ref().as_str().is_some_and(has_variable));
        let names = hidden.map(|(name, _)| name.get_ref().to_ascii_lowercase());
        Hidden(names.collect())
    }

    /// The conditions of a route, without what is hidden.
    pub(crate) fn when(&self, when: &When) -> When {
        let header = |one: &Header| Header {
            name: one.name.clone(),
            value: one.value.as_ref().map(|value| self.shown(&one.name, value)),
        };
        When {
            headers: when.headers.iter().map(header).collect(),
            ..when.clone()
        }
    }

    fn edits(&self, edits: &Edits) -> Edits {
        let line = |line: &Line| Line {
            name: line.name.clone(),
            value: self.shown(&line.name, &line.value),
        };
        let lines = |lines: &[Line]| -> Vec<Line> { lines.iter().map(line).collect() };
        Edits::new(
            lines(edits.set()),
            lines(edits.add()),
            edits.remove().to_vec(),
        )
    }

    fn route(&self, route: &Route<Plan>) -> Route<Plan> {
        Route {
            when: self.when(&route.when),
            to: Plan {
                request: self.edits(&route.to.request),
                response: self.edits(&route.to.response),
                ..route.to.clone()
            },
        }
    }

    fn shown(&self, name: &str, value: &str) -> String {
        match self.0.contains(&name.to_ascii_lowercase()) {
            true => VEIL.to_owned(),
            false => value.to_owned(),
        }
    }
}

impl Config {
    /// It as a file for whoever may look at it, without what is hidden, and behind each line that was
    /// written somewhere the place of that. As long as nothing is hidden it is read as the same.
    #[must_use]
    pub fn shown(&self) -> String {
        let mut config = self.clone();
        for listener in &mut config.listeners {
            match &mut listener.protocol {
                Protocol::Http(table) => {
                    let routes = table.routes().iter();
                    let routes = routes.map(|route| route.to.hidden.route(route));
                    *table = Table::new(routes.collect());
                }
                // Neither looks at a field.
                Protocol::Tcp(_) | Protocol::Passthrough(_) => {}
            }
        }
        self.origins.annotate(&print(&config))
    }
}
