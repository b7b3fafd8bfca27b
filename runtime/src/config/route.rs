//! `[[route]]`: when it is for a request, and what it does then.

mod edits;
mod plan;
mod show;
mod when;

pub(crate) use self::show::pattern;
pub(super) use self::show::{conditions, show};

use crate::{
    config::{
        Cluster, Hidden, Plan,
        listener::{Draft, Kind},
        names::Names,
        read::{Reader, Section, Word},
    },
    message::{Code, Message, Place},
};
use tidegate_core::route::{Route, When};

const KEYS: [&str; 15] = [
    "listener",
    "host",
    "path",
    "exact",
    "methods",
    "headers",
    "to",
    "redirect",
    "respond",
    "strip_prefix",
    "replace_prefix",
    "host_header",
    "request_headers",
    "response_headers",
    "timeouts",
];
/// Those that have a meaning where TLS is passed through.
const NAMES: [&str; 3] = ["listener", "host", "to"];

/// A route that was read before, for the listener with an index: when it is for a request, and as that is
/// shown.
pub(super) type Taken = (usize, When, String, Place);

/// Reads one route and gives it to its listener, whose index it says. `taken` are the routes that were read
/// before.
pub(super) fn read(
    reader: &mut Reader<'_>,
    section: &Section<'_, '_>,
    (listeners, clusters, all): (&Names, &Names, &[Cluster]),
    drafts: &mut [Draft],
    taken: &mut Vec<Taken>,
) -> Option<usize> {
    reader.only(section, &KEYS);
    let listener = reader.required(section, "listener", "listener = \"NAME\"");
    let listener = listener.and_then(|node| reader.word("listener", node));
    let when = when::read(reader, section);
    let path = when.as_ref().map(|when| &when.path);
    let plan = plan::read(reader, section, (clusters, all), path);
    let index = listener
        .as_ref()
        .and_then(|word| listeners.find(reader, word));
    let (Some(index), Some(listener)) = (index, listener) else {
        // It is for some listener: no use in saying of one that it has no route.
        drafts.iter_mut().for_each(|draft| draft.led = true);
        return None;
    };
    let draft = &mut drafts[index];
    draft.led = true;
    if !fits(reader, section, draft.kind, listener) {
        return None;
    }
    let (when, mut plan) = (when?, plan?);
    plan.hidden = Hidden::of(section);
    let shown = pattern(&plan.hidden.when(&when));
    if draft.kind == Kind::Passthrough && !passes(reader, section, &plan, all) {
        return None;
    }
    // Only a route that is good in itself can be in the way of another.
    let earlier = taken
        .iter()
        .find(|(at, other, ..)| *at == index && other.ties(&when));
    let earlier = earlier.map(|(_, _, other, place)| (other, place.clone()));
    let to = draft.to.as_ref().filter(|_| when.is_always());
    let to = to.map(|(_, place)| (&shown, place.clone()));
    if let Some((other, earlier)) = earlier.or(to) {
        reader.say(tie((&shown, section.place()), (other, earlier)));
        return None;
    }
    taken.push((index, when.clone(), shown, section.place()));
    draft.routes.push(Route { when, to: plan });
    Some(index)
}

/// Two routes of which neither is the more specific one.
fn tie((shown, here): (&str, Place), (other, earlier): (&str, Place)) -> Message {
    let message = match shown == other {
        true => Message::new(Code::DuplicateRoute, format!("two routes for {shown}"))
            .at(here, "this one would never be used"),
        false => {
            let what = format!("`{shown}` and `{other}` are for some of the same requests");
            Message::new(Code::DuplicateRoute, what)
                .at(here, "neither is more specific")
                .note("host, path, number of fields, and whether there are methods: all are alike")
        }
    };
    message.and(earlier, "first here")
}

/// Whether a plan can be followed where nothing but a name can be read.
fn passes(
    reader: &mut Reader<'_>,
    section: &Section<'_, '_>,
    plan: &Plan,
    all: &[Cluster],
) -> bool {
    let place = section
        .get("to")
        .map_or_else(|| section.place(), |node| node.span());
    let Some(cluster) = plan.plain() else {
        let what = "a connection that is passed through goes to one cluster";
        reader.say(Message::new(Code::WrongKind, what).at(place, ""));
        return false;
    };
    in_the_clear(reader, Some(&all[cluster]), place);
    true
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
    let key = KEYS
        .into_iter()
        .find(|key| !NAMES.contains(key) && section.get(key).is_some());
    let message = match (kind, key) {
        (Kind::Http, _) | (Kind::Passthrough, None) => return true,
        (Kind::Passthrough, Some(key)) => {
            let what = format!("`{key}` where TLS is passed through");
            Message::new(Code::WrongKind, what)
                .at(section.key_place(key), "")
                .note("only the name that a client asks for can be read")
        }
        (Kind::Tcp, _) => {
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
