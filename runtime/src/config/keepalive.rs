//! `keepalive = { … }`: when the kernel asks a silent peer whether it is still there.

use crate::config::{
    read::{Node, Reader},
    units::show_duration,
};
use crate::message::{Code, Message};
use std::ops::RangeInclusive;
use tidegate_core::{time::Span, vigil::Keepalive};

/// What Linux takes, in its whole seconds.
const SPAN: RangeInclusive<Span> = Span::from_secs(1)..=Span::from_secs(9 * 3600);
const PROBES: RangeInclusive<u32> = 1..=127;

/// TCP_USER_TIMEOUT: as long as `write` if it is not said.
const USER_TIMEOUT: &str = "user_timeout";

type Slot = fn(&mut Keepalive) -> &mut Span;

const SPANS: [(&str, Slot); 3] = [
    ("established", |it| &mut it.established),
    ("half_closed", |it| &mut it.half_closed),
    ("interval", |it| &mut it.interval),
];

/// Reads the table; what it leaves out stands at its default.
pub(super) fn read(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Keepalive> {
    let keys = [
        "established",
        "half_closed",
        "interval",
        "probes",
        USER_TIMEOUT,
    ];
    let section = reader.section("keepalive", node, &keys)?;
    let mut keepalive = Keepalive::default();
    for (key, slot) in SPANS {
        let span = section.get(key);
        let span = span.and_then(|node| reader.duration(key, node, &SPAN));
        *slot(&mut keepalive) = span.unwrap_or(*slot(&mut keepalive));
    }
    let probes = section.get("probes");
    let probes = probes.and_then(|node| reader.count("probes", node, &PROBES));
    if let Some(probes) = probes.and_then(|probes| u8::try_from(probes).ok()) {
        keepalive.probes = probes;
    }
    let limit = section.get(USER_TIMEOUT);
    keepalive.user_timeout = limit.and_then(|node| reader.duration(USER_TIMEOUT, node, &SPAN));
    let silence = keepalive.silence();
    if keepalive.user_timeout.is_some_and(|limit| limit < silence) {
        let what = "`user_timeout` is shorter than the questions take";
        let message = Message::new(Code::Contradiction, what);
        let message = message.at(section.key_place(USER_TIMEOUT), "");
        let silence = show_duration(silence);
        reader.say(message.note(format!(
            "`established` and `probes` times `interval`: {silence}"
        )));
    }
    Some(keepalive)
}

/// The line that [`read`] makes `keepalive` of.
pub(super) fn show(mut keepalive: Keepalive) -> String {
    let mut rows: Vec<String> = SPANS
        .into_iter()
        .map(|(key, slot)| format!("{key} = \"{}\"", show_duration(*slot(&mut keepalive))))
        .collect();
    rows.push(format!("probes = {}", keepalive.probes));
    let limit = keepalive.user_timeout.map(show_duration);
    rows.extend(limit.map(|limit| format!("{USER_TIMEOUT} = \"{limit}\"")));
    format!("keepalive = {{ {} }}\n", rows.join(", "))
}
