//! `health = { … }`: how the endpoints of a cluster are checked.
//!
//! Owns what a check asks for and what it takes for an answer; when it is made is in
//! `core/src/health.rs`.

use crate::{
    config::{
        address,
        read::{Node, Reader, Section},
        units::show_duration,
    },
    message::{Code, Message},
};
use std::ops::RangeInclusive;
use tidegate_core::{
    health::{Initial, Plan},
    time::Span,
};

/// How endpoints are checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// When, and how many results in a row count.
    pub plan: Plan,
    /// What is asked.
    pub ask: Ask,
}

/// What a check asks of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// A connection; over TLS, a handshake on it.
    Connect,
    /// An answer to a GET.
    Http(Request),
}

/// A request that an endpoint must answer, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The target, in origin form.
    pub path: String,
    /// The Host; the endpoint's own authority if not given.
    pub host: Option<String>,
    /// The status codes that will do.
    pub status: Statuses,
    /// What the body must contain, within its first [`BODY_BYTES`].
    pub body: Option<String>,
}

/// So much of a body is looked at.
pub const BODY_BYTES: usize = 64 << 10;

/// Ranges of status codes, as they were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statuses(Vec<(u16, u16)>);

impl Statuses {
    /// Whether `status` is one of them.
    #[must_use]
    pub fn have(&self, status: u16) -> bool {
        self.0
            .iter()
            .any(|(from, to)| (*from..=*to).contains(&status))
    }

    /// Reads `200-399`, `200`, `200, 204, 300-399`.
    fn of(text: &str) -> Option<Statuses> {
        let one = |text: &str| {
            text.trim()
                .parse()
                .ok()
                .filter(|code| (200..600).contains(code))
        };
        let range = |part: &str| {
            let (from, to) = part.split_once('-').unwrap_or((part, part));
            let (from, to) = (one(from)?, one(to)?);
            (from <= to).then_some((from, to))
        };
        text.split(',')
            .map(range)
            .collect::<Option<_>>()
            .map(Statuses)
    }

    fn show(&self) -> String {
        let one = |(from, to): &(u16, u16)| match from == to {
            true => from.to_string(),
            false => format!("{from}-{to}"),
        };
        self.0.iter().map(one).collect::<Vec<_>>().join(",")
    }
}

impl Default for Statuses {
    fn default() -> Self {
        Statuses(vec![(200, 399)])
    }
}

const INTERVAL: Span = Span::from_secs(5);
const TIMEOUT: Span = Span::from_secs(2);
const SPAN: RangeInclusive<Span> = Span::from_ms(10)..=Span::from_secs(24 * 3600);
const TIMES: RangeInclusive<u32> = 1..=1000;
const BODY_MOST: usize = 1024;

const INITIAL: [(&str, Initial); 2] = [("up", Initial::Up), ("down", Initial::Down)];
const OF_HTTP: [&str; 4] = ["path", "host", "status", "body"];
const KEYS: [&str; 11] = [
    "path", "host", "status", "body", "tcp", "interval", "fast", "timeout", "rise", "fall",
    "initial",
];

/// Reads the table; what it leaves out stands at its default.
pub(super) fn read(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Health> {
    let section = reader.section("health", node, &KEYS)?;
    let plan = plan(reader, &section);
    let ask = ask(reader, &section)?;
    Some(Health { plan, ask })
}

fn plan(reader: &mut Reader<'_>, section: &Section<'_, '_>) -> Plan {
    let mut span = |key| {
        let node = section.get(key)?;
        reader.duration(key, node, &SPAN)
    };
    let interval = span("interval").unwrap_or(INTERVAL);
    let fast = span("fast").unwrap_or(interval);
    let timeout = span("timeout");
    let mut times = |key, default| {
        let node = section.get(key);
        node.and_then(|node| reader.count(key, node, &TIMES))
            .unwrap_or(default)
    };
    let (rise, fall) = (times("rise", 2), times("fall", 3));
    let initial = section.get("initial");
    let initial = initial.and_then(|node| reader.choice("initial", node, &INITIAL));
    if fast > interval {
        let message = Message::new(Code::Contradiction, "`fast` is longer than `interval`");
        let message = message.at(section.key_place("fast"), "");
        reader.say(message.note(format!("`interval`: {}", show_duration(interval))));
    }
    Plan {
        interval,
        fast,
        timeout: timeout.unwrap_or(TIMEOUT),
        rise,
        fall,
        initial: initial.unwrap_or_default(),
    }
}

fn ask(reader: &mut Reader<'_>, section: &Section<'_, '_>) -> Option<Ask> {
    let tcp = section.get("tcp");
    if tcp
        .and_then(|node| reader.flag("tcp", node))
        .unwrap_or_default()
    {
        for key in OF_HTTP.iter().filter(|key| section.get(key).is_some()) {
            let what = format!("`{key}` beside tcp = true");
            let message = Message::new(Code::Contradiction, what).at(section.key_place(key), "");
            reader.say(message.note("with tcp = true, nothing is asked on the connection"));
        }
        return Some(Ask::Connect);
    }
    let Some(path) = section.get("path") else {
        let message = Message::new(Code::MissingKey, "health without `path`");
        reader.say(message.at(section.place(), "").help(
            "add path = \"/healthz\", or tcp = true if it is enough that connections are taken",
        ));
        return None;
    };
    let path = target(reader, path);
    let host = section.get("host").and_then(|node| host(reader, node));
    let status = section.get("status");
    let status = status.and_then(|node| statuses(reader, node));
    let body = section.get("body").and_then(|node| body(reader, node));
    Some(Ask::Http(Request {
        path: path?,
        host,
        status: status.unwrap_or_default(),
        body,
    }))
}

fn target(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<String> {
    let word = reader.word("path", node)?;
    let visible = word.text.bytes().all(|c| c.is_ascii_graphic() && c != b'#');
    if word.text.starts_with('/') && visible {
        return Some(word.text);
    }
    let what = format!("`{}` cannot be asked for", word.text);
    let message = Message::new(Code::BadPath, what).at(word.place, "");
    reader.say(message.help("write what follows the host: `/healthz`, with %20 for a space"));
    None
}

fn host(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<String> {
    let word = reader.word("host", node)?;
    let alone = || word.text.parse::<std::net::Ipv4Addr>().is_ok() || address::is_name(&word.text);
    if alone() || address::endpoint(&word.text).is_ok() {
        return Some(word.text);
    }
    let what = format!("`{}` is not a host", word.text);
    let message = Message::new(Code::BadHost, what).at(word.place, "");
    reader.say(message.help("write a name or an address, with a port if it needs one"));
    None
}

fn statuses(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Statuses> {
    let word = reader.word("status", node)?;
    let statuses = Statuses::of(&word.text);
    if statuses.is_none() {
        let what = format!("`{}` are no status codes", word.text);
        let message = Message::new(Code::BadChoice, what).at(word.place, "");
        reader.say(message.help("write \"200\", \"200-399\" or \"200,204\": of 200 to 599"));
    }
    statuses
}

fn body(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<String> {
    let word = reader.word("body", node)?;
    if word.text.len() <= BODY_MOST {
        return Some(word.text);
    }
    let message = Message::new(Code::OutOfRange, "`body` is too long").at(word.place, "");
    reader.say(message.help("at most 1024 bytes"));
    None
}

/// The line that [`read`] makes `health` of; `quote` writes a string.
pub(super) fn show(health: &Health, quote: impl Fn(&str) -> String) -> String {
    let Health { plan, ask } = health;
    let mut rows = Vec::new();
    match ask {
        Ask::Connect => rows.push("tcp = true".to_owned()),
        Ask::Http(Request {
            path,
            host,
            status,
            body,
        }) => {
            rows.push(format!("path = {}", quote(path)));
            rows.extend(host.as_ref().map(|host| format!("host = {}", quote(host))));
            if *status != Statuses::default() {
                rows.push(format!("status = {}", quote(&status.show())));
            }
            rows.extend(body.as_ref().map(|body| format!("body = {}", quote(body))));
        }
    }
    for (key, span, default) in [
        ("interval", plan.interval, INTERVAL),
        ("fast", plan.fast, plan.interval),
        ("timeout", plan.timeout, TIMEOUT),
    ] {
        if span != default {
            rows.push(format!("{key} = \"{}\"", show_duration(span)));
        }
    }
    for (key, times, default) in [("rise", plan.rise, 2), ("fall", plan.fall, 3)] {
        if times != default {
            rows.push(format!("{key} = {times}"));
        }
    }
    if plan.initial == Initial::Down {
        rows.push("initial = \"down\"".to_owned());
    }
    format!("health = {{ {} }}\n", rows.join(", "))
}
