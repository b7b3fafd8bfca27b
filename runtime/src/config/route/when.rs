//! When a route is for a request, key by key.

use crate::{
    config::{
        address,
        read::{Node, Reader, Section},
    },
    message::{Code, Message},
};
use std::net::Ipv6Addr;
use tidegate_core::{
    http1::{Fault, is_token, is_value},
    route::{Header, Host, Path, Paths, When},
};
use toml::de::DeValue;

/// The conditions of a route; `None` if one of them is wrong.
pub(super) fn read(reader: &mut Reader<'_>, section: &Section<'_, '_>) -> Option<When> {
    let host = match section.get("host") {
        None => Some(Host::Any),
        Some(node) => host(reader, node),
    };
    let path =
        match (section.get("path"), section.get("exact")) {
            (None, None) => Some(Path::under("/")),
            (Some(node), None) => path(reader, "path", node).map(|path| Path::under(&path)),
            (None, Some(node)) => path(reader, "exact", node).map(|path| Path::exact(&path)),
            (Some(_), Some(_)) => {
                let message = Message::new(Code::Contradiction, "both `path` and `exact`")
                    .at(section.key_place("exact"), "")
                    .and(section.key_place("path"), "and here");
                reader.say(message.help(
                    "`path` is for a path and everything under it, `exact` for one path alone",
                ));
                None
            }
        };
    let methods = match section.get("methods") {
        None => Some(Vec::new()),
        Some(node) => methods(reader, node),
    };
    let headers = match section.get("headers") {
        None => Some(Vec::new()),
        Some(node) => headers(reader, node),
    };
    Some(When {
        host: host?,
        path: path?,
        methods: methods?,
        headers: headers?,
    })
}

fn methods(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Vec<String>> {
    let before = reader.messages.len();
    let mut methods = Vec::new();
    for word in reader.words("methods", node) {
        let upper = word.text.to_ascii_uppercase();
        let what = format!("`{}` is not a method", word.text);
        let message = Message::new(Code::BadMethod, what).at(word.place.clone(), "");
        if !is_token(word.text.as_bytes()) {
            reader.say(message.help("write one word, such as GET"));
        } else if upper != word.text {
            let message = message.note("methods are compared letter by letter (RFC 9110, 9.1)");
            reader.say(message.help(format!("write {upper}")));
        } else if methods.contains(&word.text) {
            let message = Message::new(Code::Contradiction, format!("`{upper}` twice"));
            reader.say(message.at(word.place, "again here"));
        } else {
            methods.push(word.text);
        }
    }
    methods.sort_unstable();
    (reader.messages.len() == before).then_some(methods)
}

fn headers(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Vec<Header>> {
    let before = reader.messages.len();
    let DeValue::Table(table) = node.get_ref() else {
        let message = Message::new(Code::WrongType, "`headers` must be a table");
        reader.say(
            message
                .at(node.span(), "")
                .help("write headers = { x-version = \"2\" }, or true for any value"),
        );
        return None;
    };
    let mut headers: Vec<Header> = Vec::new();
    for (key, node) in table.iter() {
        let name = key.get_ref().to_ascii_lowercase();
        let place = key.span();
        if !is_token(name.as_bytes()) {
            let message = Message::new(Code::BadHeader, format!("`{name}` is not a header's name"));
            reader.say(
                message
                    .at(place, "")
                    .help("write one word, such as x-version"),
            );
            continue;
        }
        if name == "host" {
            let message = Message::new(Code::BadHeader, "`host` among headers").at(place, "");
            reader.say(message.help("use the route's own key: host = \"NAME\""));
            continue;
        }
        if headers.iter().any(|one| one.name == name) {
            let message = Message::new(Code::Contradiction, format!("two conditions for `{name}`"));
            let message = message.at(place, "again here");
            reader.say(message.note("names are compared without regard to case"));
            continue;
        }
        headers.extend(value(reader, &name, node).map(|value| Header { name, value }));
    }
    if table.is_empty() {
        let message = Message::new(Code::Empty, "`headers` is empty").at(node.span(), "");
        reader.say(message.help("leave it out: then the route does not look at fields"));
    }
    headers.sort_unstable();
    (reader.messages.len() == before).then_some(headers)
}

/// The outer `None` stands for an error.
fn value(reader: &mut Reader<'_>, name: &str, node: &Node<'_>) -> Option<Option<String>> {
    if let DeValue::Boolean(there) = node.get_ref() {
        if *there {
            return Some(None);
        }
        let message = Message::new(Code::BadChoice, format!("`{name}` must not be there"));
        let message = message.at(node.span(), "");
        reader.say(message.help(
            "write a route with `true` for the requests that have it: it is tried before one without",
        ));
        return None;
    }
    let DeValue::String(text) = node.get_ref() else {
        reader.wrong_type(name, node, "a string, or true for any value");
        return None;
    };
    // An empty value is a value.
    let text = reader.expand(text, node.span())?;
    if !is_value(&text) {
        // The value itself may be a secret of the environment's.
        let what = format!("`{name}` cannot have this value");
        let message = Message::new(Code::BadHeader, what).at(node.span(), "");
        reader.say(message.note("a value is ASCII, of one line, without space at its ends"));
        return None;
    }
    Some(Some(text))
}

fn host(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Host> {
    let word = reader.word("host", node)?;
    let text = &word.text;
    let below = text.strip_prefix("*.");
    if below.map_or_else(|| address::is_host(text), address::is_name) {
        return Some(Host::new(text));
    }
    let name = below.unwrap_or(text);
    let help = if text == "*" {
        "leave `host` out: then the route is for every host"
    } else if text.contains("://") || text.contains('/') {
        "write the host alone; a path goes into `path`"
    } else if text.contains('*') {
        "a `*` stands for whole labels at the front: *.example.com"
    } else if name.trim_matches(['[', ']']).parse::<Ipv6Addr>().is_ok() {
        "an IPv6 address stands in brackets, as in [2001:db8::1]"
    } else if name
        .rsplit_once(':')
        .is_some_and(|(host, _)| address::is_name(host))
    {
        "leave out the port: hosts are compared without it"
    } else {
        "write a name, or *.NAME for all names below it"
    };
    let message = Message::new(Code::BadHost, format!("`{text}` is not a host"));
    reader.say(message.at(word.place, "").help(help));
    None
}

/// A path as a route has it.
pub(super) fn path(reader: &mut Reader<'_>, key: &str, node: &Node<'_>) -> Option<String> {
    let word = reader.word(key, node)?;
    let text = &word.text;
    let help = if !text.starts_with('/') {
        format!(
            "write `/{}`: a path starts with `/`",
            text.trim_start_matches('*')
        )
    } else if text.contains(['?', '#']) {
        "a route is chosen by path alone: leave out what follows `?` or `#`".to_owned()
    } else if text.contains('*') {
        let front = text.split('*').next().unwrap_or("/");
        format!("write `{front}`: a `path` stands for everything under it")
    } else if text.bytes().any(|c| !c.is_ascii_graphic()) {
        "write the path as it is sent: percent-encoded, without spaces".to_owned()
    } else if Paths::Strict.fault(text) == Some(Fault::PathDots) {
        "leave out `.` and `..`: clients resolve them before they send".to_owned()
    } else if Paths::Strict.fault(text).is_some() {
        "leave out backslashes and NUL: no client sends them".to_owned()
    } else if text.contains("//") {
        "leave out the empty segment: in a route, several slashes are one".to_owned()
    } else {
        return Some(word.text);
    };
    let message = Message::new(Code::BadPath, format!("`{text}` is not a path"));
    reader.say(message.at(word.place, "").help(help));
    None
}
