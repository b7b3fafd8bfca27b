//! What a listener tells of the way that a message has taken, key by key.

use crate::{
    config::{
        Forwarding, Ids, Tells,
        listener::Kind,
        networks,
        read::{Node, Reader, Section},
    },
    message::{Code, Message},
};
use tidegate_core::route::Paths;
use toml::de::DeValue;

const TELLS: [(&str, Tells); 4] = [
    ("x-forwarded", Tells::XForwarded),
    ("forwarded", Tells::Forwarded),
    ("both", Tells::Both),
    ("none", Tells::Nothing),
];

const IDS: [(&str, Ids); 3] = [("off", Ids::Off), ("make", Ids::Make), ("keep", Ids::Keep)];

const PATHS: [(&str, Paths); 2] = [("strict", Paths::Strict), ("as-sent", Paths::AsSent)];

/// Reads the keys of a listener.
pub(super) fn read(reader: &mut Reader<'_>, section: &Section<'_, '_>, kind: Kind) -> Forwarding {
    let mut forwarding = Forwarding::default();
    for key in ["trusted", "forwarded", "via", "paths", "request_id"] {
        let Some(node) = section.get(key) else {
            continue;
        };
        match kind {
            Kind::Http => {}
            Kind::Tcp | Kind::Passthrough => {
                let what = format!("`{key}` has no meaning on a tcp listener");
                let message = Message::new(Code::WrongKind, what).at(section.key_place(key), "");
                reader.say(message.note("it is about requests"));
            }
        }
        match key {
            "trusted" => forwarding.trusted = networks::read(reader, key, node),
            "forwarded" => {
                forwarding.tells = reader.choice(key, node, &TELLS).unwrap_or_default();
            }
            "paths" => {
                forwarding.paths = reader.choice(key, node, &PATHS).unwrap_or_default();
            }
            "request_id" => {
                forwarding.ids = reader.choice(key, node, &IDS).unwrap_or_default();
            }
            _ => forwarding.via = via(reader, node).unwrap_or(forwarding.via),
        }
    }
    if forwarding.tells == Tells::Nothing && !forwarding.trusted.is_empty() {
        let what = "`trusted` has no meaning with `forwarded = \"none\"`";
        let message = Message::new(Code::Contradiction, what).at(section.key_place("trusted"), "");
        reader.say(message.note("what a trusted proxy says is passed on in those fields alone"));
    }
    forwarding
}

/// A name, or false.
fn via(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<String> {
    if let DeValue::Boolean(false) = node.get_ref() {
        return Some(String::new());
    }
    let DeValue::String(_) = node.get_ref() else {
        reader.wrong_type("via", node, "a name, or false for no Via of ours");
        return None;
    };
    let word = reader.word("via", node)?;
    if tidegate_core::http1::is_token(word.text.as_bytes()) {
        return Some(word.text);
    }
    let what = format!("`{}` cannot stand in Via", word.text);
    let message = Message::new(Code::BadHeader, what).at(word.place, "");
    let message = message.help("write one word of letters, digits, `-`, `.` and `_`");
    reader.say(message.note("RFC 9110, 7.6.3: a host's name, or a name that stands for it"));
    None
}

/// What does not stand at its default, a line each.
pub(super) fn show(forwarding: &Forwarding) -> String {
    let Forwarding {
        trusted,
        tells,
        via,
        paths,
        ids,
    } = forwarding;
    let default = Forwarding::default();
    let mut text = String::new();
    if *trusted != default.trusted {
        text += &format!("trusted = {}\n", trusted.show());
    }
    if *tells != default.tells {
        let word = TELLS.iter().find(|(_, one)| one == tells);
        text += &format!("forwarded = \"{}\"\n", word.map_or("", |(word, _)| word));
    }
    if via.is_empty() {
        text += "via = false\n";
    } else if *via != default.via {
        text += &format!("via = \"{via}\"\n");
    }
    if *paths != default.paths {
        let word = PATHS.iter().find(|(_, one)| one == paths);
        text += &format!("paths = \"{}\"\n", word.map_or("", |(word, _)| word));
    }
    if *ids != default.ids {
        let word = IDS.iter().find(|(_, one)| one == ids);
        text += &format!("request_id = \"{}\"\n", word.map_or("", |(word, _)| word));
    }
    text
}
