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
pub(super) const WAIT: RangeInclusive<Span> = Span::from_ms(1)..=MOST;
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
    slot: Slot,
    /// What stands for the same on the other leg, until a cluster says otherwise.
    up: Option<Slot>,
}

type Slot = fn(&mut Timeouts) -> &mut Span;

const fn wait(key: &'static str, whom: For, slot: Slot) -> Wait {
    Wait {
        key,
        whom,
        range: WAIT,
        slot,
        up: None,
    }
}

/// A wait for either leg.
const fn both(key: &'static str, whom: For, slot: Slot, up: Slot) -> Wait {
    Wait {
        up: Some(up),
        ..wait(key, whom, slot)
    }
}

const fn courtesy(key: &'static str, slot: Slot) -> Wait {
    Wait {
        range: COURTESY,
        ..wait(key, For::All, slot)
    }
}

const LISTENER: [Wait; 14] = [
    wait("tls", For::Tls, |t| &mut t.tls),
    wait("head", For::Http, |t| &mut t.head),
    wait("idle", For::Http, |t| &mut t.idle),
    Wait {
        whom: For::Http,
        ..courtesy("idle_least", |t| &mut t.idle_least)
    },
    wait("request", For::Http, |t| &mut t.request),
    wait("pace", For::Http, |t| &mut t.pace),
    both("write", For::All, |t| &mut t.write, |t| &mut t.write_up),
    wait("tunnel", For::All, |t| &mut t.tunnel),
    wait("half_idle", For::All, |t| &mut t.half_idle),
    both(
        "tunnel_write",
        For::Http,
        |t| &mut t.tunnel_write,
        |t| &mut t.tunnel_write_up,
    ),
    courtesy("linger", |t| &mut t.linger),
    wait("linger_stall", For::Http, |t| &mut t.linger_stall),
    courtesy("flush", |t| &mut t.flush),
    courtesy("flush_total", |t| &mut t.flush_total),
];

type UpstreamSlot = fn(&mut UpstreamTimeouts) -> &mut Option<Span>;

const CLUSTER: [(&str, UpstreamSlot); 7] = [
    ("connect", |t| &mut t.connect),
    ("tls", |t| &mut t.tls),
    ("response", |t| &mut t.response),
    ("body", |t| &mut t.body),
    ("write", |t| &mut t.write),
    ("tunnel_write", |t| &mut t.tunnel_write),
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
            if let Some(up) = wait.up {
                *up(&mut timeouts) = span;
            }
        }
    }
    follow(&mut timeouts, |key| section.get(key).is_some());
    ordered(reader, &section, timeouts);
    timeouts
}

/// What is not said of itself follows another one.
fn follow(timeouts: &mut Timeouts, said: impl Fn(&str) -> bool) {
    if !said("half_idle") {
        timeouts.half_idle = timeouts.tunnel;
    }
    if !said("linger_stall") {
        timeouts.linger_stall = timeouts.write;
    }
    if !said("idle_least") {
        timeouts.idle_least = timeouts.idle_least.min(timeouts.idle);
    }
}

/// Refuses one wait within another that is the longer one.
fn ordered(reader: &mut Reader<'_>, section: &Section<'_, '_>, timeouts: Timeouts) {
    for (inner, outer, spans, why) in [
        (
            "flush",
            "flush_total",
            (timeouts.flush, timeouts.flush_total),
            "`flush` waits for progress, within `flush_total` in all",
        ),
        (
            "idle_least",
            "idle",
            (timeouts.idle_least, timeouts.idle),
            "no connection is closed before `idle_least`, and each is after `idle`",
        ),
    ] {
        let said = |key| section.get(key).is_some();
        if spans.0 <= spans.1 {
            continue;
        }
        let what = format!("`{inner}` is longer than `{outer}`");
        let key = if said(inner) { inner } else { outer };
        let message = Message::new(Code::Contradiction, what).at(section.key_place(key), "");
        let most = show_duration(spans.1);
        reader.say(message.note(format!("{why}: {most}")));
    }
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

/// Those that a route may set: what belongs to a connection is its cluster's.
const ROUTE: [&str; 4] = ["response", "body", "write", "tunnel_write"];

/// Reads the waits of a route's requests.
pub(super) fn route(reader: &mut Reader<'_>, node: &Node<'_>) -> UpstreamTimeouts {
    let mut timeouts = UpstreamTimeouts::default();
    let Some(section) = section(reader, node, &ROUTE) else {
        return timeouts;
    };
    for (key, slot) in CLUSTER.into_iter().filter(|(key, _)| ROUTE.contains(key)) {
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
    // What would follow from the others need not be said.
    let mut told = timeouts;
    told.idle_least = base.idle_least;
    follow(&mut told, |_| false);
    base.half_idle = told.half_idle;
    base.linger_stall = told.linger_stall;
    base.idle_least = told.idle_least;
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
