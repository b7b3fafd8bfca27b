//! `[[route]]`, and the names that routes and listeners refer to.

use crate::{
    config::{
        Cluster, address,
        listener::{Draft, Kind},
        read::{Node, Reader, Section, Word},
    },
    message::{Code, Message, Place, nearest},
};
use tidegate_core::route::{Host, Route};

const KEYS: [&str; 4] = ["listener", "host", "path", "to"];

/// The names of one noun, with what they stand for.
pub(super) struct Names {
    noun: &'static str,
    known: Vec<(Word, usize)>,
}

impl Names {
    pub(super) fn new(noun: &'static str) -> Names {
        Names {
            noun,
            known: Vec::new(),
        }
    }

    /// Adds a name, which must be new.
    pub(super) fn add(&mut self, reader: &mut Reader<'_>, word: &Word, index: usize) {
        let earlier = self.known.iter().find(|(known, _)| known.text == word.text);
        if let Some((earlier, _)) = earlier {
            let what = format!("two {}s with the name `{}`", self.noun, word.text);
            let message = Message::new(Code::DuplicateName, what)
                .at(word.place.clone(), "again here")
                .and(earlier.place.clone(), "first here");
            reader.say(message);
        }
        self.known.push((word.clone(), index));
    }

    /// What `word` stands for.
    pub(super) fn find(&self, reader: &mut Reader<'_>, word: &Word) -> Option<usize> {
        if let Some((_, index)) = self.known.iter().find(|(known, _)| known.text == word.text) {
            return Some(*index);
        }
        let names = || self.known.iter().map(|(known, _)| known.text.as_str());
        let what = format!("no {} with the name `{}`", self.noun, word.text);
        let message = Message::new(Code::UnknownReference, what);
        let place = word.place.clone();
        let listed = names()
            .map(|name| format!("`{name}`"))
            .collect::<Vec<_>>()
            .join(", ");
        reader.say(match (nearest(&word.text, names()), listed.is_empty()) {
            (Some(near), _) => message.at(place, format!("did you mean `{near}`?")),
            (None, true) => message
                .at(place, "")
                .help(format!("add a [[{}]]", self.noun)),
            (None, false) => message
                .at(place, "")
                .help(format!("{}s: {listed}", self.noun)),
        });
        None
    }
}

/// Reads one route and gives it to its listener. `taken` are the routes that were read before.
pub(super) fn read(
    reader: &mut Reader<'_>,
    section: &Section<'_, '_>,
    (listeners, clusters, all): (&Names, &Names, &[Cluster]),
    drafts: &mut [Draft],
    taken: &mut Vec<(usize, Route, Place)>,
) {
    reader.only(section, &KEYS);
    let listener = reader.required(section, "listener", "listener = \"NAME\"");
    let listener = listener.and_then(|node| reader.word("listener", node));
    let to = reader.required(section, "to", "to = \"CLUSTER\", the name of a cluster");
    let to = to.and_then(|node| reader.word("to", node));
    let host = section.get("host").map(|node| host(reader, node));
    let path = section.get("path").map(|node| path(reader, node));
    let index = listener
        .as_ref()
        .and_then(|word| listeners.find(reader, word));
    let place = to.as_ref().map(|word| word.place.clone());
    let cluster = to.and_then(|word| clusters.find(reader, &word));
    let (Some(index), Some(listener)) = (index, listener) else {
        // It is for some listener: no use in saying of one that it has no route.
        drafts.iter_mut().for_each(|draft| draft.led = true);
        return;
    };
    let draft = &mut drafts[index];
    draft.led = true;
    if !fits(reader, section, draft.kind, listener) {
        return;
    }
    if let (Kind::Passthrough, Some(place)) = (draft.kind, place) {
        in_the_clear(reader, cluster.map(|index| &all[index]), place);
    }
    // Only a route that is good in itself can be in the way of another.
    let (Some(host), Some(path)) = (host.unwrap_or(Some(None)), path.unwrap_or(Some(None))) else {
        return;
    };
    let path = path.as_deref().unwrap_or("/");
    let route = Route::new(host.as_deref(), path, cluster.unwrap_or_default());
    let same = |other: &Route| other.host == route.host && other.path == route.path;
    let earlier = taken
        .iter()
        .find(|(at, other, _)| *at == index && same(other));
    let earlier = earlier.map(|(_, _, place)| place.clone());
    let default = route.host == Host::Any && route.path.is_empty();
    let to = draft
        .to
        .as_ref()
        .filter(|_| default)
        .map(|(_, place)| place.clone());
    if let Some(earlier) = earlier.or(to) {
        let host = host.as_deref().unwrap_or("any host");
        let what = format!("two routes for {host} and {path}");
        let message = Message::new(Code::DuplicateRoute, what)
            .at(section.place(), "this one would never be used")
            .and(earlier, "first here");
        reader.say(message);
        return;
    }
    taken.push((index, route.clone(), section.place()));
    draft.routes.push(route);
}

/// What is passed through is TLS already: the cluster that it goes to is spoken to as it is.
pub(super) fn in_the_clear(reader: &mut Reader<'_>, cluster: Option<&Cluster>, place: Place) {
    let Some(cluster) = cluster.filter(|cluster| cluster.tls.is_some()) else {
        return;
    };
    let what = format!(
        "TLS is passed through to `{}`, which has `tls`",
        cluster.name
    );
    let message = Message::new(Code::WrongKind, what).at(place, "");
    let message = message
        .note("the client's TLS would be wrapped in ours, and the endpoint expects one of them");
    reader.say(message.help("leave `tls` out of the cluster, or end TLS at the listener"));
}

/// Whether a route means anything for a listener of this kind.
fn fits(reader: &mut Reader<'_>, section: &Section<'_, '_>, kind: Kind, listener: Word) -> bool {
    let message = match kind {
        Kind::Http => return true,
        Kind::Passthrough if section.get("path").is_none() => return true,
        Kind::Passthrough => Message::new(Code::WrongKind, "a `path` where TLS is passed through")
            .at(section.key_place("path"), "")
            .note("only the name that a client asks for can be read"),
        Kind::Tcp => {
            let what = format!("route for the tcp listener `{}`", listener.text);
            Message::new(Code::WrongKind, what)
                .at(listener.place, "")
                .note("what a tcp listener relays has no host and no path")
                .help("give the listener to = \"CLUSTER\", or make it kind = \"http\"")
        }
    };
    reader.say(message);
    false
}

/// The outer `None` stands for an error.
fn host(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Option<String>> {
    let word = reader.word("host", node)?;
    let text = &word.text;
    let name = text.strip_prefix("*.").unwrap_or(text);
    let bare = name.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    if bare.is_ok_and(|ip| ip.is_ipv4() != name.starts_with('[')) || address::is_name(name) {
        return Some(Some(word.text));
    }
    let help = if text == "*" {
        "leave `host` out: then the route is for every host"
    } else if text.contains("://") || text.contains('/') {
        "write the host alone; a path goes into `path`"
    } else if text.contains('*') {
        "a `*` stands for whole labels at the front: *.example.com"
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

/// The outer `None` stands for an error.
fn path(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Option<String>> {
    let word = reader.word("path", node)?;
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
        format!("write `{front}`: a path stands for everything under it")
    } else if text.bytes().any(|c| !c.is_ascii_graphic()) {
        "write the path as it is sent: percent-encoded, without spaces".to_owned()
    } else if text
        .split('/')
        .any(|segment| segment == "." || segment == "..")
    {
        "leave out `.` and `..`: clients resolve them before they send".to_owned()
    } else if text.contains("//") {
        "leave out the empty segment: `//` is not `/`".to_owned()
    } else {
        return Some(Some(word.text));
    };
    let message = Message::new(Code::BadPath, format!("`{text}` is not a path prefix"));
    reader.say(message.at(word.place, "").help(help));
    None
}
