//! `balance`, `ejection` and `slow_start` of a cluster: whom a request goes to, and who is left alone.
//!
//! Owns what they come to, and how they are written, both ways.

use crate::{
    config::{
        Balance,
        print::quote,
        read::{Node, Reader, Section},
        units::show_duration,
    },
    message::{Code, Message},
};
use std::ops::RangeInclusive;
use tidegate_core::{
    group::{self, is_prime},
    time::Span,
};
use toml::de::DeValue;

/// How endpoints are chosen, beside the balance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choosing {
    /// What a request's endpoint follows from, where the balance is by that.
    pub affinity: Option<Affinity>,
    /// When an endpoint is left alone; never if not given.
    pub ejection: Option<Ejection>,
    /// How long an endpoint that comes or comes back gets less than its share.
    pub slow_start: Option<Span>,
}

impl Default for Choosing {
    fn default() -> Self {
        Choosing {
            affinity: None,
            ejection: Some(Ejection::default()),
            slow_start: None,
        }
    }
}

/// What a request's endpoint follows from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Affinity {
    /// The value of the first field of this name, which is in lower case.
    Header(String),
    /// The value of the first cookie of this name.
    Cookie(String),
    /// The path, without its query.
    Path,
    /// The client's address, without its port.
    Source,
}

/// When an endpoint is left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ejection {
    /// After how much, and for how long.
    pub rules: group::Ejection,
    /// Statuses of responses that are failures, in their order.
    pub statuses: Vec<u16>,
}

impl Default for Ejection {
    fn default() -> Self {
        Ejection {
            rules: group::Ejection::default(),
            statuses: vec![502, 503, 504],
        }
    }
}

/// How a cluster can choose, as it is written in one word.
const BALANCES: [(&str, Balance); 3] = [
    ("least-request", Balance::LeastRequest),
    ("round-robin", Balance::RoundRobin),
    ("random", Balance::Random),
];
/// Places of a Maglev table.
const PLACES: RangeInclusive<u32> = 251..=Balance::PLACES;
const SPAN: RangeInclusive<Span> = Span::from_ms(1)..=Span::from_secs(24 * 3600);
/// Statuses with which an endpoint can say that it cannot.
const STATUSES: RangeInclusive<u32> = 500..=599;

/// How a way to choose is called.
pub(crate) fn word(balance: Balance) -> &'static str {
    let same = |(_, one): &&(&str, Balance)| *one == balance;
    BALANCES
        .iter()
        .find(same)
        .map_or("maglev", |(word, _)| word)
}

/// Reads what `section` says of it; what is left out stands at its default.
pub(super) fn read(reader: &mut Reader<'_>, section: &Section<'_, '_>) -> (Balance, Choosing) {
    let default = Choosing::default();
    let (balance, affinity) = section
        .get("balance")
        .and_then(|node| balance(reader, node))
        .unwrap_or_default();
    let choosing = Choosing {
        affinity,
        ejection: section
            .get("ejection")
            .map_or(default.ejection, |node| ejection(reader, node)),
        slow_start: section
            .get("slow_start")
            .and_then(|node| reader.duration("slow_start", node, &SPAN)),
    };
    (balance, choosing)
}

/// A word, or `{ maglev = { … } }`.
fn balance(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<(Balance, Option<Affinity>)> {
    match node.get_ref() {
        DeValue::Table(_) => {
            let section = reader.section("balance", node, &["maglev"])?;
            let node = reader.required(&section, "maglev", "maglev = { header = \"NAME\" }")?;
            maglev(reader, node)
        }
        DeValue::String(text) if text == "maglev" => {
            let message = Message::new(Code::MissingKey, "`maglev` without what it goes by");
            let form = "write balance = { maglev = { header = \"NAME\" } }, or cookie = \"NAME\", \
                        or by = \"path\" or \"source\"";
            reader.say(message.at(node.span(), "").help(form));
            None
        }
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_)
        | DeValue::Array(_) => Some((reader.choice("balance", node, &BALANCES)?, None)),
    }
}

/// `{ header = "NAME" }`, `{ cookie = "NAME" }`, `{ by = "path" }` or `{ by = "source" }`.
fn maglev(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<(Balance, Option<Affinity>)> {
    const KEYS: [&str; 4] = ["header", "cookie", "by", "table_size"];
    const BY: [(&str, bool); 2] = [("path", true), ("source", false)];
    let section = reader.section("maglev", node, &KEYS)?;
    let places = section
        .get("table_size")
        .map_or(Some(Balance::PLACES), |node| table_size(reader, node));
    let named: Vec<_> = KEYS[..3]
        .iter()
        .filter(|key| section.get(key).is_some())
        .collect();
    let [key] = named.as_slice() else {
        let (code, what) = match named.is_empty() {
            true => (Code::MissingKey, "`maglev` without what it goes by"),
            false => (Code::Contradiction, "`maglev` goes by more than one thing"),
        };
        let help =
            "write one of header = \"NAME\", cookie = \"NAME\", by = \"path\", by = \"source\"";
        reader.say(Message::new(code, what).at(section.place(), "").help(help));
        return None;
    };
    let node = section.get(key)?;
    let affinity = match **key {
        "header" => Affinity::Header(name(reader, "header", node)?.to_ascii_lowercase()),
        "cookie" => Affinity::Cookie(name(reader, "cookie", node)?),
        _ => match reader.choice("by", node, &BY)? {
            true => Affinity::Path,
            false => Affinity::Source,
        },
    };
    Some((Balance::Maglev { places: places? }, Some(affinity)))
}

/// The name of a field or a cookie: both are tokens (RFC 9110, 5.1; RFC 6265, 4.1.1).
fn name(reader: &mut Reader<'_>, key: &'static str, node: &Node<'_>) -> Option<String> {
    let word = reader.word(key, node)?;
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if word.text.bytes().all(token) {
        return Some(word.text);
    }
    let what = format!("`{}` cannot be the name of a {key}", word.text);
    let message = Message::new(Code::BadToken, what).at(word.place, "");
    reader.say(message.help("a name is of letters, digits and a few signs, without spaces"));
    None
}

fn table_size(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<u32> {
    let places = reader.count("table_size", node, &PLACES)?;
    if is_prime(places) {
        return Some(places);
    }
    let next = (places..=*PLACES.end()).find(|places| is_prime(*places));
    let message = Message::new(Code::OutOfRange, "`table_size` must be a prime");
    let near = next.map_or(String::new(), |next| format!("the next one is {next}"));
    reader.say(message.at(node.span(), near));
    None
}

/// `"off"`, or a table of which what is left out stands at its default.
fn ejection(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Ejection> {
    let default = Ejection::default();
    if matches!(node.get_ref(), DeValue::String(_)) {
        return match reader.choice("ejection", node, &[("off", ())]) {
            Some(()) => None,
            None => Some(default),
        };
    }
    let keys = ["failures", "base", "most", "percent", "statuses"];
    let Some(section) = reader.section("ejection", node, &keys) else {
        return Some(default);
    };
    let mut count = |key, range, default| {
        let node = section.get(key);
        node.and_then(|node| reader.count(key, node, &range))
            .unwrap_or(default)
    };
    let mut rules = default.rules;
    rules.failures = count("failures", 1..=1_000, rules.failures);
    rules.percent = count("percent", 1..=100, rules.percent);
    let mut span = |key, default| {
        let node = section.get(key);
        node.and_then(|node| reader.duration(key, node, &SPAN))
            .unwrap_or(default)
    };
    rules.base = span("base", rules.base);
    let most = rules.most.max(rules.base);
    rules.most = span("most", most);
    if rules.most < rules.base {
        let message = Message::new(Code::OutOfRange, "`most` is less than `base`");
        let place = section
            .get("most")
            .map_or(section.place(), |node| node.span());
        reader.say(message.at(
            place,
            format!("must be {} or more", show_duration(rules.base)),
        ));
    }
    let statuses = section.get("statuses");
    let statuses = statuses.map_or(default.statuses, |node| {
        statuses_of(reader, node, &STATUSES)
    });
    Some(Ejection { rules, statuses })
}

/// A list of statuses, in their order, each once.
pub(super) fn statuses_of(
    reader: &mut Reader<'_>,
    node: &Node<'_>,
    range: &RangeInclusive<u32>,
) -> Vec<u16> {
    let DeValue::Array(items) = node.get_ref() else {
        reader.wrong_type("statuses", node, "a list of numbers");
        return Vec::new();
    };
    let counts = items
        .iter()
        .filter_map(|item| reader.count("statuses", item, range));
    let mut statuses: Vec<_> = counts
        .filter_map(|status| u16::try_from(status).ok())
        .collect();
    statuses.sort_unstable();
    statuses.dedup();
    statuses
}

/// What is written of it, where it is not the default.
pub(super) fn show(balance: Balance, choosing: &Choosing) -> String {
    let Choosing {
        affinity,
        ejection,
        slow_start,
    } = choosing;
    let mut text = match (balance, affinity) {
        (Balance::Maglev { places }, affinity) => show_maglev(places, affinity.as_ref()),
        (balance, _) if balance == Balance::default() => String::new(),
        (balance, _) => format!("balance = {}\n", quote(word(balance))),
    };
    match ejection {
        None => text += "ejection = \"off\"\n",
        Some(ejection) if *ejection == Ejection::default() => {}
        Some(ejection) => text += &show_ejection(ejection),
    }
    if let Some(span) = slow_start {
        text += &format!("slow_start = \"{}\"\n", show_duration(*span));
    }
    text
}

fn show_maglev(places: u32, affinity: Option<&Affinity>) -> String {
    let mut rows = vec![match affinity {
        Some(Affinity::Header(name)) => format!("header = {}", quote(name)),
        Some(Affinity::Cookie(name)) => format!("cookie = {}", quote(name)),
        Some(Affinity::Path) => "by = \"path\"".to_owned(),
        Some(Affinity::Source) | None => "by = \"source\"".to_owned(),
    }];
    if places != Balance::PLACES {
        rows.push(format!("table_size = {places}"));
    }
    format!("balance = {{ maglev = {{ {} }} }}\n", rows.join(", "))
}

fn show_ejection(ejection: &Ejection) -> String {
    let Ejection { rules, statuses } = ejection;
    let statuses: Vec<_> = statuses.iter().map(u16::to_string).collect();
    format!(
        "ejection = {{ failures = {}, base = \"{}\", most = \"{}\", percent = {}, statuses = [{}] }}\n",
        rules.failures,
        show_duration(rules.base),
        show_duration(rules.most),
        rules.percent,
        statuses.join(", "),
    )
}
