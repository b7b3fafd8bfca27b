//! One of a cluster's `endpoints`: an address, or a table that says more of it.
//!
//! Owns what stands beside the address: weight, tier and limit.

use crate::config::{
    print::quote,
    read::{Node, Reader, Section, Word},
};
use std::num::NonZeroU32;
use tidegate_core::group::Spec;
use toml::de::DeValue;

/// An endpoint's part of what its cluster has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Share {
    /// How much of it, beside the other endpoints.
    pub weight: u32,
    /// It is used while there is nobody to be had of a lower one.
    pub tier: u32,
    /// Sessions that may use it at once, of all workers together.
    pub max_connections: Option<NonZeroU32>,
}

impl Default for Share {
    fn default() -> Self {
        Share {
            weight: 1,
            tier: 0,
            max_connections: None,
        }
    }
}

const KEYS: [&str; 4] = ["address", "weight", "tier", "max_connections"];

/// The addresses in the list at `node`, which is not empty, and what stands beside each. Those that are
/// not good are left out.
pub(super) fn read(reader: &mut Reader<'_>, node: &Node<'_>) -> Vec<(Word, Share)> {
    let DeValue::Array(items) = node.get_ref() else {
        return plain(reader.words("endpoints", node));
    };
    if !items
        .iter()
        .any(|item| matches!(item.get_ref(), DeValue::Table(_)))
    {
        return plain(reader.words("endpoints", node));
    }
    items.iter().filter_map(|item| one(reader, item)).collect()
}

fn plain(words: Vec<Word>) -> Vec<(Word, Share)> {
    words
        .into_iter()
        .map(|word| (word, Share::default()))
        .collect()
}

fn one(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<(Word, Share)> {
    let DeValue::Table(_) = node.get_ref() else {
        return Some((reader.word("endpoints", node)?, Share::default()));
    };
    let section = reader.section("endpoint", node, &KEYS)?;
    let address = reader.required(&section, "address", "address = \"HOST:PORT\"")?;
    let address = reader.word("address", address);
    let default = Share::default();
    let most = count(reader, &section, "max_connections", (1, 1_000_000));
    let share = Share {
        weight: count(reader, &section, "weight", (0, Spec::MOST_WEIGHT)).unwrap_or(default.weight),
        tier: count(reader, &section, "tier", (0, 255)).unwrap_or(default.tier),
        max_connections: most.and_then(NonZeroU32::new),
    };
    Some((address?, share))
}

fn count(
    reader: &mut Reader<'_>,
    section: &Section<'_, '_>,
    key: &str,
    (least, most): (u32, u32),
) -> Option<u32> {
    section
        .get(key)
        .and_then(|node| reader.count(key, node, &(least..=most)))
}

/// How an endpoint is written.
pub(super) fn show(address: &str, share: Share) -> String {
    let default = Share::default();
    if share == default {
        return quote(address);
    }
    let mut rows = vec![format!("address = {}", quote(address))];
    if share.weight != default.weight {
        rows.push(format!("weight = {}", share.weight));
    }
    if share.tier != default.tier {
        rows.push(format!("tier = {}", share.tier));
    }
    if let Some(most) = share.max_connections {
        rows.push(format!("max_connections = {most}"));
    }
    format!("{{ {} }}", rows.join(", "))
}
