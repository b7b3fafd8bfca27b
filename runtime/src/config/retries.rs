//! `retries` of a cluster: how many of its requests are sent again, and for which answers.
//!
//! Owns what it comes to, and how it is written, both ways.

use crate::config::{
    Allowance,
    choosing::statuses_of,
    read::{Node, Reader},
};
use std::{fmt::Write as _, ops::RangeInclusive};

/// When requests are sent again, beside what LIFECYCLE U02 to U04 say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retries {
    /// How many.
    pub allowance: Allowance,
    /// Statuses of answers that an idempotent request is sent again for, in their order.
    pub statuses: Vec<u16>,
}

/// Statuses that say that somebody did not answer as a client has asked.
const STATUSES: RangeInclusive<u32> = 400..=599;

/// `{ percent = 20, per_second = 3, statuses = [] }`: what is left out stands at its default.
pub(super) fn read(reader: &mut Reader<'_>, node: &Node<'_>) -> Retries {
    let keys = ["percent", "per_second", "statuses"];
    let default = Retries::default();
    let Some(section) = reader.section("retries", node, &keys) else {
        return default;
    };
    let mut of = |key, most, default| {
        let node = section.get(key);
        node.and_then(|node| reader.count(key, node, &(0..=most)))
            .unwrap_or(default)
    };
    let allowance = Allowance {
        percent: of("percent", 100, default.allowance.percent),
        per_second: of("per_second", 1_000_000, default.allowance.per_second),
    };
    let statuses = section.get("statuses");
    Retries {
        allowance,
        statuses: statuses.map_or(default.statuses, |node| {
            statuses_of(reader, node, &STATUSES)
        }),
    }
}

/// What is written of it, where it is not the default.
pub(super) fn show(retries: &Retries) -> String {
    if *retries == Retries::default() {
        return String::new();
    }
    let Retries {
        allowance: Allowance {
            percent,
            per_second,
        },
        statuses,
    } = retries;
    let mut text = format!("retries = {{ percent = {percent}, per_second = {per_second}");
    if !statuses.is_empty() {
        let statuses: Vec<_> = statuses.iter().map(u16::to_string).collect();
        // Writing to a string cannot fail.
        let _ = write!(text, ", statuses = [{}]", statuses.join(", "));
    }
    text + " }\n"
}
