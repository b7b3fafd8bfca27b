//! The time-outs, key by key: one table each that reading and printing share.

use crate::config::{
    UpstreamTimeouts,
    read::{Node, Reader, Section},
    units::show_duration,
};
use crate::message::{Code, Message};
use std::ops::RangeInclusive;
use tidegate_core::{limits::Timeouts, time::Span};

/// The longest wait that can be configured: 30 days.
const MOST: Span = Span::from_secs(30 * 24 * 3600);
/// A wait for a peer: it cannot be switched off.
const WAIT: RangeInclusive<Span> = Span::from_ms(1)..=MOST;
/// A courtesy before a close: 0 goes without it.
const COURTESY: RangeInclusive<Span> = Span(0)..=MOST;
/// T_predrain: how long connections may still be accepted before a drain.
pub(super) const PRE_DELAY: RangeInclusive<Span> = Span(0)..=Span::from_secs(10);
/// How long a drain may wait; 0 resets at once.
pub(super) const DRAIN: RangeInclusive<Span> = Span(0)..=MOST;

/// Which listeners a wait has a meaning for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum For {
    All,
    Http,
    Tls,
}

struct Wait {
    key: &'static str,
    whom: For,
    range: RangeInclusive<Span>,
    slot: fn(&mut Timeouts) -> &mut Span,
}

const fn wait(key: &'static str, whom: For, slot: fn(&mut Timeouts) -> &mut Span) -> Wait {
    Wait {
        key,
        whom,
        range: WAIT,
        slot,
    }
}

const fn courtesy(key: &'static str, slot: fn(&mut Timeouts) -> &mut Span) -> Wait {
    Wait {
        key,
        whom: For::All,
        range: COURTESY,
        slot,
    }
}

const LISTENER: [Wait; 12] = [
    wait("tls", For::Tls, |t| &mut t.tls),
    wait("head", For::Http, |t| &mut t.head),
    wait("idle", For::Http, |t| &mut t.idle),
    Wait {
        whom: For::Http,
        ..courtesy("idle_least", |t| &mut t.idle_least)
    },
    wait("request", For::Http, |t| &mut t.request),
    wait("write", For::All, |t| &mut t.write),
    wait("tunnel", For::All, |t| &mut t.tunnel),
    wait("half_idle", For::All, |t| &mut t.half_idle),
    wait("tunnel_write", For::Http, |t| &mut t.tunnel_write),
    courtesy("linger", |t| &mut t.linger),
    courtesy("flush", |t| &mut t.flush),
    courtesy("flush_total", |t| &mut t.flush_total),
];

type UpstreamSlot = fn(&mut UpstreamTimeouts) -> &mut Option<Span>;

const CLUSTER: [(&str, UpstreamSlot); 6] = [
    ("connect", |t| &mut t.connect),
    ("tls", |t| &mut t.tls),
    ("response", |t| &mut t.response),
    ("body", |t| &mut t.body),
    ("write", |t| &mut t.write),
    ("pool_idle", |t| &mut t.pool_idle),
];

/// Reads the waits of a listener over `base`, its defaults.
pub(super) fn listener(
    reader: &mut Reader<'_>,
    node: &Node<'_>,
    base: Timeouts,
    (http, tls): (bool, bool),
) -> Timeouts {
    let mut timeouts = base;
    let Some(section) = section(reader, node, &LISTENER.map(|wait| wait.key)) else {
        return timeouts;
    };
    for wait in &LISTENER {
        let Some(node) = section.get(wait.key) else {
            continue;
        };
        let missing = match wait.whom {
            For::Http if !http => Some("on a tcp listener"),
            For::Tls if !tls => Some("without `tls`"),
            For::All | For::Http | For::Tls => None,
        };
        if let Some(without) = missing {
            let what = format!("the time-out `{}` has no meaning {without}", wait.key);
            reader.say(Message::new(Code::WrongKind, what).at(section.key_place(wait.key), ""));
        } else if let Some(span) = reader.duration(wait.key, node, &wait.range) {
            *(wait.slot)(&mut timeouts) = span;
        }
    }
    if section.get("half_idle").is_none() {
        timeouts.half_idle = timeouts.tunnel;
    }
    if timeouts.flush > timeouts.flush_total {
        let total = show_duration(timeouts.flush_total);
        let key = if section.get("flush").is_some() {
            "flush"
        } else {
            "flush_total"
        };
        let message = Message::new(Code::Contradiction, "`flush` is longer than `flush_total`")
            .at(section.key_place(key), "")
            .note(format!(
                "`flush` waits for progress, within `flush_total` in all: {total}"
            ));
        reader.say(message);
    }
    timeouts
}

/// Reads the waits of a cluster.
pub(super) fn cluster(reader: &mut Reader<'_>, node: &Node<'_>, tls: bool) -> UpstreamTimeouts {
    let mut timeouts = UpstreamTimeouts::default();
    let Some(section) = section(reader, node, &CLUSTER.map(|(key, _)| key)) else {
        return timeouts;
    };
    for (key, slot) in CLUSTER {
        if key == "tls" && !tls && section.get(key).is_some() {
            let what = "the time-out `tls` has no meaning without `tls`";
            reader.say(Message::new(Code::WrongKind, what).at(section.key_place(key), ""));
            continue;
        }
        let node = section.get(key);
        *slot(&mut timeouts) = node.and_then(|node| reader.duration(key, node, &WAIT));
    }
    timeouts
}

fn section<'t, 'i>(
    reader: &mut Reader<'_>,
    node: &'t Node<'i>,
    keys: &[&str],
) -> Option<Section<'t, 'i>> {
    reader.section("timeouts", node, keys)
}

/// The waits of `timeouts` that differ from `base`, as the inside of a table.
pub(super) fn show_listener(mut timeouts: Timeouts, mut base: Timeouts) -> Vec<String> {
    let mut shown = Vec::new();
    // It follows the other one, unless it says something else.
    base.half_idle = timeouts.tunnel;
    for wait in &LISTENER {
        let (span, default) = (*(wait.slot)(&mut timeouts), *(wait.slot)(&mut base));
        if span != default {
            shown.push(format!("{} = \"{}\"", wait.key, show_duration(span)));
        }
    }
    shown
}

/// The waits that a cluster sets, as the inside of a table.
pub(super) fn show_cluster(mut timeouts: UpstreamTimeouts) -> Vec<String> {
    let show = |(key, slot): (&str, UpstreamSlot)| {
        slot(&mut timeouts).map(|span| format!("{key} = \"{}\"", show_duration(span)))
    };
    CLUSTER.into_iter().filter_map(show).collect()
}
