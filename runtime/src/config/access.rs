//! Who is let in at a listener, how many of them and how often, and who may speak for somebody else:
//! key by key.

use crate::{
    config::{
        Networks,
        listener::Kind,
        networks,
        read::{Node, Reader, Section},
        units::show_duration,
    },
    message::{Code, Message},
};
use std::ops::RangeInclusive;
use tidegate_core::{limits::Timeouts, rate::Quota, time::Span};

/// The keys of a listener that are read here.
pub(super) const KEYS: [&str; 7] = [
    "max_connections",
    "max_connections_per_source",
    "rate",
    "allow",
    "deny",
    "proxy_protocol",
    "behind",
];

const CONNECTIONS: RangeInclusive<u32> = 1..=1 << 30;
const REQUESTS: RangeInclusive<u32> = 1..=1_000_000;
const PER: RangeInclusive<Span> = Span::from_ms(1)..=Span::from_secs(24 * 3_600);

/// Who is let in at a listener.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// How many connections it has at most; accepting pauses there, and the rest wait in the kernel's
    /// queue.
    pub connections: Option<u32>,
    /// How many of them one source has at most: an IPv4 address, or a /64 of IPv6.
    pub per_source: Option<u32>,
    /// How often one source may ask.
    pub rate: Option<Quota>,
    /// Who is let in; everybody if it is not given.
    pub allow: Option<Networks>,
    /// Who of them is not.
    pub deny: Networks,
    /// Whose PROXY header is believed; if it is given, each connection must begin with one.
    pub proxied_by: Option<Networks>,
}

/// Reads the keys of a listener.
pub(super) fn read(reader: &mut Reader<'_>, section: &Section<'_, '_>, kind: Kind) -> Access {
    let mut count = |key| {
        let node = section.get(key);
        node.and_then(|node| reader.count(key, node, &CONNECTIONS))
    };
    let connections = count("max_connections");
    let per_source = count("max_connections_per_source");
    if let (Some(all), Some(one)) = (connections, per_source)
        && one > all
    {
        let key = "max_connections_per_source";
        let what = format!("`{key}` is more than `max_connections`");
        let message = Message::new(Code::Contradiction, what).at(section.key_place(key), "");
        reader.say(message.note("no source could ever have so many"));
    }
    let mut access = Access {
        connections,
        per_source,
        ..Access::default()
    };
    if let Some(node) = section.get("rate") {
        only_http(reader, section, kind, "rate");
        access.rate = rate(reader, node);
    }
    if let Some(node) = section.get("allow") {
        access.allow = Some(networks::read(reader, "allow", node));
    }
    if let Some(node) = section.get("deny") {
        access.deny = networks::read(reader, "deny", node);
    }
    if let Some(node) = section.get("proxy_protocol") {
        access.proxied_by = proxied_by(reader, node);
    }
    access
}

/// `{ requests = 100, per = "1s", burst = 50 }`; who says nothing of a burst may have all of them at
/// once.
fn rate(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Quota> {
    let section = reader.section("rate", node, &["requests", "per", "burst"])?;
    let requests = reader.required(&section, "requests", "requests = 100");
    let requests = requests.and_then(|node| reader.count("requests", node, &REQUESTS));
    let per = reader.required(&section, "per", "per = \"1s\"");
    let per = per.and_then(|node| reader.duration("per", node, &PER));
    let burst = section.get("burst");
    let burst = burst.and_then(|node| reader.count("burst", node, &REQUESTS));
    let (requests, per) = (requests?, per?);
    if per.0 < u64::from(requests) {
        let what = "more than one request a microsecond";
        let message = Message::new(Code::Contradiction, what).at(section.place(), "");
        reader.say(message.note("that is no limit"));
        return None;
    }
    Some(Quota {
        requests,
        per,
        burst: burst.unwrap_or(requests),
    })
}

/// `{ accept_from = ["10.0.0.0/8"] }`.
fn proxied_by(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Networks> {
    let section = reader.section("proxy_protocol", node, &["accept_from"])?;
    let example = "accept_from = [\"10.0.0.0/8\"], the balancers that send the header";
    let from = reader.required(&section, "accept_from", example)?;
    Some(networks::read(reader, "accept_from", from))
}

fn only_http(reader: &mut Reader<'_>, section: &Section<'_, '_>, kind: Kind, key: &str) {
    match kind {
        Kind::Http => {}
        Kind::Tcp | Kind::Passthrough => {
            let what = format!("`{key}` has no meaning on a tcp listener");
            let message = Message::new(Code::WrongKind, what).at(section.key_place(key), "");
            reader.say(message.note("it is about requests"));
        }
    }
}

/// Who stands before us, and how long an idle connection of theirs must be kept, so that it is never
/// us who closes one that they are about to use (PRODUCT section 5): a little longer than they do.
const BALANCERS: [(&str, Option<Span>); 5] = [
    // Idle for 60 s by default.
    ("aws-alb", Some(Span::from_secs(75))),
    // 600 s, which cannot be changed.
    ("gcp-lb", Some(Span::from_secs(620))),
    // Up to 400 s.
    ("cloudflare", Some(Span::from_secs(420))),
    // `timeout server`, of which its manual's examples say 30 s to a minute.
    ("haproxy", Some(Span::from_secs(75))),
    ("none", None),
];

/// Reads `behind`, which sets the waits that a listener's own table may set otherwise.
pub(super) fn behind(
    reader: &mut Reader<'_>,
    section: &Section<'_, '_>,
    kind: Kind,
    timeouts: &mut Timeouts,
) {
    let Some(node) = section.get("behind") else {
        return;
    };
    only_http(reader, section, kind, "behind");
    if let Some(Some(idle)) = reader.choice("behind", node, &BALANCERS) {
        timeouts.idle = idle;
    }
}

/// How long `behind` has an idle connection kept.
pub(super) fn preset(node: &Node<'_>) -> Option<Span> {
    let word = node.get_ref().as_str()?;
    let preset = BALANCERS.iter().find(|(name, _)| *name == word);
    preset.and_then(|(_, idle)| *idle)
}

/// What does not stand at its default, a line each. What `behind` has set is among the time-outs.
pub(super) fn show(access: &Access) -> String {
    let Access {
        connections,
        per_source,
        rate,
        allow,
        deny,
        proxied_by,
    } = access;
    let mut text = String::new();
    for (key, count) in [
        ("max_connections", connections),
        ("max_connections_per_source", per_source),
    ] {
        if let Some(count) = count {
            text += &format!("{key} = {count}\n");
        }
    }
    if let Some(Quota {
        requests,
        per,
        burst,
    }) = rate
    {
        let per = show_duration(*per);
        text += &format!("rate = {{ requests = {requests}, per = \"{per}\", burst = {burst} }}\n");
    }
    if let Some(allow) = allow {
        text += &format!("allow = {}\n", allow.show());
    }
    if !deny.is_empty() {
        text += &format!("deny = {}\n", deny.show());
    }
    if let Some(from) = proxied_by {
        text += &format!("proxy_protocol = {{ accept_from = {} }}\n", from.show());
    }
    text
}
