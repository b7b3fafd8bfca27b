//! A table of the file, with the places of what is in it.

use crate::{config::read::Node, message::Place};
use toml::{Spanned, de::DeTable};

/// A table with a noun for messages: `route`, `timeouts`.
#[derive(Clone, Copy)]
pub(super) struct Section<'t, 'i> {
    noun: &'static str,
    table: &'t DeTable<'i>,
    span: (usize, usize),
}

impl<'t, 'i> Section<'t, 'i> {
    pub(super) fn new(noun: &'static str, table: &'t DeTable<'i>, place: Place) -> Self {
        Section {
            noun,
            table,
            span: (place.start, place.end),
        }
    }

    /// What it is called in messages.
    pub(super) fn noun(&self) -> &'static str {
        self.noun
    }

    /// All of it.
    pub(super) fn table(&self) -> &'t DeTable<'i> {
        self.table
    }

    pub(super) fn get(&self, key: &str) -> Option<&'t Node<'i>> {
        self.table.get(key)
    }

    pub(super) fn place(&self) -> Place {
        self.span.0..self.span.1
    }

    /// Where the key itself stands.
    pub(super) fn key_place(&self, key: &str) -> Place {
        let found = self.table.keys().find(|known| known.get_ref() == key);
        found.map_or_else(|| self.place(), Spanned::span)
    }

    /// Where the key stands that these lead to, table by table, if it does.
    pub(super) fn find(&self, keys: &[&str]) -> Option<Place> {
        let (last, way) = keys.split_last()?;
        let mut table = self.table;
        for key in way {
            table = table.get(*key)?.get_ref().as_table()?;
        }
        let found = table.keys().find(|known| known.get_ref() == last);
        found.map(Spanned::span)
    }

    /// The same, or else where the section itself stands.
    pub(super) fn deep(&self, keys: &[&str]) -> Place {
        self.find(keys).unwrap_or_else(|| self.place())
    }

    /// The first of these that is there.
    pub(super) fn first(&self, all: &[&[&str]]) -> Place {
        let found = all.iter().find_map(|keys| self.find(keys));
        found.unwrap_or_else(|| self.place())
    }

    /// Where the items of a list stand.
    pub(super) fn items(&self, key: &str) -> Vec<Place> {
        let items = self.get(key).and_then(|node| node.get_ref().as_array());
        let items = items.into_iter().flat_map(|items| items.iter());
        items.map(Spanned::span).collect()
    }
}
