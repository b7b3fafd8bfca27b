//! Where each value of a configuration was written: file and line.
//!
//! It owns the list, by noun, name and key. It is no part of what a configuration means: two that differ in
//! it alone are equal.

use crate::message::Sources;
use std::collections::BTreeMap;
use toml::de::{DeTable, DeValue};

/// The places, by what was written there: `workers`, `limits.relay`, `listener[web].bind`.
#[derive(Clone, Debug, Default)]
pub struct Origins(BTreeMap<String, String>);

impl PartialEq for Origins {
    fn eq(&self, _: &Origins) -> bool {
        true
    }
}

impl Eq for Origins {}

impl Origins {
    /// Of a document whose values say where in `sources` they stand.
    pub(super) fn of(document: &DeTable<'_>, sources: &Sources) -> Origins {
        let mut places: BTreeMap<String, String> = BTreeMap::new();
        let mut all = |of: &str, table: &DeTable<'_>| {
            for (key, node) in table {
                let place = sources.at(&node.span());
                // Routes of one path, of several listeners or for several methods, are not told apart.
                places
                    .entry(format!("{of}{}", key.get_ref()))
                    .and_modify(|before| *before += &format!(" or {place}"))
                    .or_insert(place);
            }
        };
        all("", document);
        for (key, node) in document {
            let noun = key.get_ref();
            match node.get_ref() {
                DeValue::Table(table) => all(&format!("{noun}."), table),
                DeValue::Array(items) => {
                    for item in items.iter() {
                        if let DeValue::Table(table) = item.get_ref() {
                            let called = called(|key| {
                                let word = table.get(key)?.get_ref().as_str()?;
                                Some(word.to_owned())
                            });
                            all(&format!("{noun}[{called}]."), table);
                        }
                    }
                }
                DeValue::String(_)
                | DeValue::Integer(_)
                | DeValue::Float(_)
                | DeValue::Boolean(_)
                | DeValue::Datetime(_) => {}
            }
        }
        Origins(places)
    }

    /// A configuration as [`print`](super::print) writes it, with the place of each line that was written
    /// somewhere behind it. It is still one.
    #[must_use]
    pub fn annotate(&self, printed: &str) -> String {
        let blocks = printed.split("\n\n");
        let blocks: Vec<_> = blocks.map(|block| self.annotate_block(block)).collect();
        blocks.join("\n\n")
    }

    fn annotate_block(&self, block: &str) -> String {
        let value = |key: &str| {
            let mut lines = block.lines();
            let text = lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(" = \""))?;
            Some(text.strip_suffix('"')?.to_owned())
        };
        let head = block.lines().next().unwrap_or_default();
        let many = head
            .strip_prefix("[[")
            .and_then(|rest| rest.strip_suffix("]]"));
        let one = head
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        let of = match (many, one) {
            (Some(noun), _) => format!("{noun}[{}].", called(value)),
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

/// What a table is called, by its strings: a route has no name.
fn called(string: impl Fn(&str) -> Option<String>) -> String {
    let named = string("name");
    let route = || {
        let parts = ["host", "path"].map(|key| string(key).unwrap_or_default());
        parts.concat()
    };
    named.unwrap_or_else(route)
}
