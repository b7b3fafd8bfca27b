//! `queue` of a cluster: how many requests may wait for an endpoint while all are at their
//! `max_connections`, and for how long.

use crate::{
    config::{
        Share,
        read::{Reader, Section, Word},
        units::show_duration,
        waits::WAIT,
    },
    message::{Code, Message},
};
use std::num::NonZeroU32;
use tidegate_core::time::Span;
use toml::de::DeValue;

/// Who may wait for an endpoint that has room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Queue {
    /// So many at once, of all workers together.
    pub depth: NonZeroU32,
    /// So long.
    pub timeout: Span,
}

impl Default for Queue {
    fn default() -> Self {
        Queue {
            depth: NonZeroU32::MIN.saturating_add(255),
            timeout: Span::from_secs(1),
        }
    }
}

/// More would wait for longer than anybody does.
const MOST: u32 = 1_000_000;

/// `"off"`, or a table of which what is left out stands at its default. Nobody waits where no endpoint
/// has a limit.
pub(super) fn read(
    reader: &mut Reader<'_>,
    section: &Section<'_, '_>,
    shares: &[(Word, Share)],
) -> Option<Queue> {
    let default = Queue::default();
    let Some(node) = section.get("queue") else {
        return Some(default);
    };
    if matches!(node.get_ref(), DeValue::String(_)) {
        return match reader.choice("queue", node, &[("off", ())]) {
            Some(()) => None,
            None => Some(default),
        };
    }
    let Some(table) = reader.section("queue", node, &["depth", "timeout"]) else {
        return Some(default);
    };
    let depth = table.get("depth");
    let depth = depth.and_then(|node| reader.count("depth", node, &(1..=MOST)));
    let timeout = table.get("timeout");
    let timeout = timeout.and_then(|node| reader.duration("timeout", node, &WAIT));
    if !shares
        .iter()
        .any(|(_, share)| share.max_connections.is_some())
    {
        let what = "`queue` has no meaning while no endpoint has `max_connections`";
        let help = "write endpoints = [{ address = \"HOST:PORT\", max_connections = 50 }]";
        reader.say(
            Message::new(Code::WrongKind, what)
                .at(section.key_place("queue"), "")
                .help(help),
        );
    }
    Some(Queue {
        depth: depth.and_then(NonZeroU32::new).unwrap_or(default.depth),
        timeout: timeout.unwrap_or(default.timeout),
    })
}

/// What is written of it, where it is not the default.
pub(super) fn show(queue: Option<Queue>) -> String {
    match queue {
        None => "queue = \"off\"\n".to_owned(),
        Some(queue) if queue == Queue::default() => String::new(),
        Some(Queue { depth, timeout }) => {
            let timeout = show_duration(timeout);
            format!("queue = {{ depth = {depth}, timeout = \"{timeout}\" }}\n")
        }
    }
}
