//! What a route does with a request, key by key.

use super::edits;
use crate::{
    config::{
        Action, Cluster, Page, Plan, Redirect,
        address::{is_host, port_of},
        names::Names,
        read::{Node, Reader, Section},
        waits,
    },
    message::{Code, Message},
};
use std::ops::RangeInclusive;
use tidegate_core::{
    http1::{Of, is_value},
    route::{Flaw, Front, Location, Path, Share, Split},
};
use toml::de::DeValue;

/// The statuses of redirects: RFC 9110, 15.4.
const REDIRECTS: [u32; 5] = [301, 302, 303, 307, 308];
/// A final status; 101 would leave HTTP.
const STATUS: RangeInclusive<u32> = 200..=599;
const WEIGHT: RangeInclusive<u32> = 0..=Split::MOST;
/// The most bytes of a fixed body: a page, and nothing that deserves a file of its own.
const BODY_BYTES: usize = 64 * 1024;

/// The actions of a route, of which it has one.
pub(super) const ACTIONS: [&str; 3] = ["to", "redirect", "respond"];

/// The clusters, by name and by index.
pub(super) type Clusters<'a> = (&'a Names, &'a [Cluster]);

/// Reads what a route does; `None` if something is wrong with that. `path` is what it covers.
pub(super) fn read(
    reader: &mut Reader<'_>,
    section: &Section<'_, '_>,
    clusters: Clusters<'_>,
    path: Option<&Path>,
) -> Option<Plan> {
    let before = reader.messages.len();
    let mut plan = Plan::new(action(reader, section, clusters)?);
    plan.front = front(reader, section, path);
    let forwards = matches!(plan.action, Action::Forward(_));
    for key in ["host_header", "request_headers", "timeouts"] {
        if section.get(key).is_some() && !forwards {
            let what = format!("`{key}` on a route that forwards nothing");
            let message = Message::new(Code::WrongKind, what).at(section.key_place(key), "");
            reader.say(message.help("leave it out, or give the route to = \"CLUSTER\""));
        }
    }
    plan.host = section
        .get("host_header")
        .and_then(|node| host_header(reader, node));
    plan.request = edits::read(reader, section, "request_headers", Of::Requests);
    plan.response = edits::read(reader, section, "response_headers", Of::Responses);
    if let Some(node) = section.get("timeouts") {
        plan.timeouts = waits::route(reader, node);
    }
    (reader.messages.len() == before).then_some(plan)
}

fn action(
    reader: &mut Reader<'_>,
    section: &Section<'_, '_>,
    clusters: Clusters<'_>,
) -> Option<Action> {
    let mut given = ACTIONS.into_iter().filter(|key| section.get(key).is_some());
    let (first, second) = (given.next(), given.next());
    let Some(first) = first else {
        let message = Message::new(Code::MissingKey, "route without `to`");
        let message = message.at(section.place(), "");
        reader.say(
            message
                .help("add to = \"CLUSTER\", the name of a cluster; or `redirect`, or `respond`"),
        );
        return None;
    };
    if let Some(second) = second {
        let what = format!("both `{first}` and `{second}`");
        let message = Message::new(Code::Contradiction, what)
            .at(section.key_place(second), "")
            .and(section.key_place(first), "and here");
        reader.say(message.note("a request is forwarded, redirected or answered"));
        return None;
    }
    let node = section.get(first)?;
    match first {
        "to" => to(reader, node, clusters).map(Action::Forward),
        "redirect" => redirect(reader, node).map(Action::Redirect),
        _ => respond(reader, node).map(Action::Respond),
    }
}

/// A cluster, or several with their weights.
fn to(reader: &mut Reader<'_>, node: &Node<'_>, (names, _): Clusters<'_>) -> Option<Split> {
    let DeValue::Array(items) = node.get_ref() else {
        if let DeValue::String(_) = node.get_ref() {
            let word = reader.word("to", node)?;
            return names.find(reader, &word).map(Split::all);
        }
        reader.wrong_type("to", node, "a cluster's name, or a list of clusters");
        return None;
    };
    let before = reader.messages.len();
    let mut shares: Vec<(Share, crate::message::Place)> = Vec::new();
    for item in items.iter() {
        let Some((share, place)) = share(reader, item, names) else {
            continue;
        };
        let twice = shares.iter().find(|(one, _)| one.cluster == share.cluster);
        if let Some((_, first)) = twice {
            let message = Message::new(Code::Contradiction, "a cluster twice in one `to`")
                .at(place.clone(), "again here")
                .and(first.clone(), "first here");
            reader.say(message);
        }
        shares.push((share, place));
    }
    if reader.messages.len() > before {
        return None;
    }
    if shares.iter().all(|(share, _)| share.weight == 0) {
        let message = Message::new(Code::Empty, "`to` leads nowhere").at(node.span(), "");
        reader.say(message.help("give at least one cluster a weight above 0"));
        return None;
    }
    Some(Split::new(
        shares.into_iter().map(|(share, _)| share).collect(),
    ))
}

fn share(
    reader: &mut Reader<'_>,
    item: &Node<'_>,
    names: &Names,
) -> Option<(Share, crate::message::Place)> {
    let section = reader.section("to", item, &["cluster", "weight"])?;
    let example = "cluster = \"NAME\", the name of a cluster";
    let cluster = reader.required(&section, "cluster", example);
    let weight = reader.required(&section, "weight", "weight = 10, its share of the sum");
    let weight = weight.and_then(|node| reader.count("weight", node, &WEIGHT));
    let word = cluster.and_then(|node| reader.word("cluster", node))?;
    let cluster = names.find(reader, &word)?;
    let share = Share {
        cluster,
        weight: weight?,
    };
    Some((share, word.place))
}

fn redirect(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Redirect> {
    let section = reader.section("redirect", node, &["status", "to"])?;
    let status = match section.get("status") {
        None => Some(308),
        Some(node) => redirect_status(reader, node),
    };
    let to = reader.required(&section, "to", "to = \"https://{host}{path}{query}\"");
    let word = to.and_then(|node| reader.word("to", node))?;
    match Location::new(&word.text) {
        Ok(to) => Some(Redirect {
            status: status?,
            to,
        }),
        Err(flaw) => {
            let what = format!("`{}` is no place to be redirected to", word.text);
            let message = Message::new(Code::BadLocation, what).at(word.place, "");
            reader.say(message.help(advice(&flaw)));
            None
        }
    }
}

fn redirect_status(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<u16> {
    let status = reader.count("status", node, &(300..=399))?;
    if REDIRECTS.contains(&status) {
        return u16::try_from(status).ok();
    }
    let what = format!("{status} does not send a client elsewhere");
    let message = Message::new(Code::BadChoice, what).at(node.span(), "");
    let message = message.note("308 and 307 keep method and content; 303 asks for a GET");
    reader.say(message.help("write 301, 302, 303, 307 or 308"));
    None
}

fn advice(flaw: &Flaw) -> String {
    let words = || {
        let words: Vec<_> = Location::words()
            .map(|word| format!("{{{word}}}"))
            .collect();
        words.join(", ")
    };
    match flaw {
        Flaw::NoUrl => "write a URL, such as `https://{host}{path}{query}`, or a path".to_owned(),
        Flaw::Unknown(word) => format!("`{{{word}}}` stands for nothing; there is {}", words()),
        Flaw::Brace => format!("a word stands in two braces; there is {}", words()),
        Flaw::Byte(byte) => format!("percent-encode {byte:?}: no URL has it"),
        Flaw::Host => "two slashes at its front would begin a host: write it with its scheme, or \
                       leave one out"
            .to_owned(),
    }
}

fn respond(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Page> {
    let section = reader.section("respond", node, &["status", "body", "content_type"])?;
    let status = reader.required(&section, "status", "status = 403");
    let status = status.and_then(|node| reader.count("status", node, &STATUS));
    let body = section.get("body").map(|node| body(reader, node));
    let kind = section.get("content_type");
    let word = kind.and_then(|node| reader.word("content_type", node));
    if let (Some(kind), None) = (kind, &body) {
        let message = Message::new(Code::MissingKey, "`content_type` without `body`");
        reader.say(message.at(kind.span(), ""));
        return None;
    }
    if let Some(word) = word.as_ref().filter(|word| !is_value(&word.text)) {
        let what = format!("`{}` is not a content type", word.text);
        let message = Message::new(Code::BadHeader, what).at(word.place.clone(), "");
        reader.say(message.help("write it as Content-Type has it: text/html; charset=utf-8"));
        return None;
    }
    let status = u16::try_from(status?).ok()?;
    let body = match body {
        None => String::new(),
        Some(body) => body?,
    };
    if matches!(status, 204 | 205 | 304) && !body.is_empty() {
        let message = Message::new(Code::Contradiction, format!("a {status} has no content"));
        let message = message.at(section.key_place("body"), "");
        reader.say(message.note("RFC 9110, 15.3.5, 15.3.6 and 15.4.5"));
        return None;
    }
    let content_type = match (body.is_empty(), word, kind) {
        (true, ..) => String::new(),
        (false, Some(word), _) => word.text,
        (false, None, None) => Page::TEXT.to_owned(),
        (false, None, Some(_)) => return None,
    };
    Some(Page {
        status,
        body,
        content_type,
    })
}

/// Unlike other strings it may be empty.
fn body(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<String> {
    let DeValue::String(text) = node.get_ref() else {
        reader.wrong_type("body", node, "a string");
        return None;
    };
    let text = reader.expand(text, node.span())?;
    if text.len() > BODY_BYTES {
        let message = Message::new(Code::OutOfRange, "`body` is too long").at(node.span(), "");
        reader.say(message.help("64KiB at most: serve a file from an origin"));
        return None;
    }
    Some(text)
}

fn front(reader: &mut Reader<'_>, section: &Section<'_, '_>, path: Option<&Path>) -> Front {
    let strip = section
        .get("strip_prefix")
        .and_then(|node| Some((reader.flag("strip_prefix", node)?, node)));
    let replace = section.get("replace_prefix");
    if let (Some((true, _)), Some(_)) = (&strip, replace) {
        let message = Message::new(
            Code::Contradiction,
            "both `strip_prefix` and `replace_prefix`",
        )
        .at(section.key_place("replace_prefix"), "")
        .and(section.key_place("strip_prefix"), "and here");
        reader.say(message.note("the prefix is taken away or replaced"));
    }
    if let Some((true, node)) = strip {
        match path {
            Some(Path::Under(prefix)) if !prefix.is_empty() => return Front::replaced(""),
            None => {}
            Some(Path::Under(_)) => {
                let message = Message::new(Code::MissingKey, "`strip_prefix` without `path`");
                reader.say(message.at(node.span(), "").help("add path = \"/PREFIX\""));
            }
            Some(Path::Exact(_)) => {
                let what = "`strip_prefix` of a path that is exact";
                let message = Message::new(Code::Contradiction, what).at(node.span(), "");
                reader.say(message.help("write `path` in place of `exact`, or `replace_prefix`"));
            }
        }
    }
    let replace = replace.and_then(|node| super::when::path(reader, "replace_prefix", node));
    replace.map_or(Front::Kept, |prefix| Front::replaced(&prefix))
}

/// `HOST` or `HOST:PORT`.
fn host_header(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<String> {
    let word = reader.word("host_header", node)?;
    let bare = tidegate_core::route::bare_host(&word.text);
    let good = match word.text.strip_prefix(bare) {
        Some("") => true,
        // A final dot, which no Host of ours has, or a port.
        Some(rest) => matches!(rest.strip_prefix(':').and_then(port_of), Some(1..)),
        None => false,
    };
    if good && is_host(bare) {
        return Some(word.text);
    }
    let what = format!("`{}` is not a Host", word.text);
    let message = Message::new(Code::BadHost, what).at(word.place, "");
    reader.say(message.help("write a name or an address, and a port behind a `:` if it needs one"));
    None
}
