//! Where each value of a configuration was written: file and line.
//!
//! It owns the list, by noun, by what names a table as it is printed, and by key. It is no part of what a
//! configuration means: two that differ in it alone are equal.

use crate::{
    config::{Plan, print::quote, read::Section, route::conditions},
    message::Sources,
};
use std::collections::BTreeMap;
use tidegate_core::route::Route;
use toml::de::{DeTable, DeValue};

/// The places, by what was written there: `workers`, `limits.relay`, and `bind` behind the line that names its
/// listener.
#[derive(Clone, Debug, Default)]
pub struct Origins(BTreeMap<String, String>);

/// The keys whose lines name a table of which there are several: of a route, its listener and its conditions.
const NAMES: [&str; 7] = [
    "name", "listener", "host", "path", "exact", "methods", "headers",
];

impl PartialEq for Origins {
    fn eq(&self, _: &Origins) -> bool {
        true
    }
}

impl Eq for Origins {}

impl Origins {
    /// Of what a document, whose values say where in `sources` they stand, has once. What it has several of
    /// is named when it has been read.
    pub(super) fn of(document: &DeTable<'_>, sources: &Sources) -> Origins {
        let mut origins = Origins::default();
        origins.add("", document, sources);
        for (key, node) in document {
            match node.get_ref() {
                DeValue::Table(table) => {
                    origins.add(&format!("{}.", key.get_ref()), table, sources);
                }
                DeValue::Array(_)
                | DeValue::String(_)
                | DeValue::Integer(_)
                | DeValue::Float(_)
                | DeValue::Boolean(_)
                | DeValue::Datetime(_) => {}
            }
        }
        origins
    }

    /// Those of a listener or a cluster with this name.
    pub(super) fn named(
        &mut self,
        noun: &str,
        name: &str,
        section: &Section<'_, '_>,
        sources: &Sources,
    ) {
        let of = format!("{noun}[name = {}\n].", quote(name));
        self.add(&of, section.table(), sources);
    }

    /// Those of a route for the listener with this name.
    pub(super) fn route(
        &mut self,
        listener: &str,
        route: &Route<Plan>,
        (section, sources): (&Section<'_, '_>, &Sources),
    ) {
        let listener = quote(listener);
        let of = match route.when.is_always() && route.to.plain().is_some() {
            // It is printed as the listener's own `to`.
            true => format!("listener[name = {listener}\n]."),
            false => {
                let conditions = conditions(&route.to.hidden.when(&route.when));
                format!("route[listener = {listener}\n{conditions}].")
            }
        };
        self.add(&of, section.table(), sources);
    }

    fn add(&mut self, of: &str, table: &DeTable<'_>, sources: &Sources) {
        for (key, node) in table {
            let place = sources.at(&node.span());
            // Routes of which hidden values alone differ are not told apart.
            self.0
                .entry(format!("{of}{}", key.get_ref()))
                .and_modify(|before| *before += &format!(" or {place}"))
                .or_insert(place);
        }
    }

    /// A configuration as [`print`](super::print) writes it without what is hidden, with the place of each
    /// line that was written somewhere behind it.
    pub(super) fn annotate(&self, printed: &str) -> String {
        let blocks = printed.split("\n\n");
        let blocks: Vec<_> = blocks.map(|block| self.annotate_block(block)).collect();
        blocks.join("\n\n")
    }

    fn annotate_block(&self, block: &str) -> String {
        let head = block.lines().next().unwrap_or_default();
        let many = head
            .strip_prefix("[[")
            .and_then(|rest| rest.strip_suffix("]]"));
        let one = head
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        let of = match (many, one) {
            (Some(noun), _) => format!("{noun}[{}].", names(block)),
            (None, Some(name)) => format!("{name}."),
            (None, None) => String::new(),
        };
        let line = |line: &str| {
            let key = line.split_once(" = ").map(|(key, _)| format!("{of}{key}"));
            match key.and_then(|key| self.0.get(&key)) {
                Some(place) => format!("{line}  # {place}"),
                None => line.to_owned(),
            }
        };
        let mut text = block.lines().map(line).collect::<Vec<_>>().join("\n");
        if block.ends_with('\n') {
            text.push('\n');
        }
        text
    }
}

/// The lines that name a table.
fn names(block: &str) -> String {
    let is_one = |line: &&str| {
        let key = line.split_once(" = ").map(|(key, _)| key);
        key.is_some_and(|key| NAMES.contains(&key))
    };
    let lines = block.lines().filter(is_one);
    lines.map(|line| format!("{line}\n")).collect()
}
