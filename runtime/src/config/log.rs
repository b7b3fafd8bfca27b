//! `[log]`: which lines there are, how they look, and where they go.

use crate::{
    config::{
        print::quote,
        read::{Reader, Section},
    },
    log::{Connections, Format, Place, Settings, Template},
    message::{Code, Message},
};

const KEYS: [&str; 6] = [
    "format",
    "requests",
    "connections",
    "file",
    "template",
    "query",
];

/// The words for a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Pretty,
    Json,
    Logfmt,
    Combined,
    Template,
}

const FORMATS: [(&str, Word); 5] = [
    ("pretty", Word::Pretty),
    ("json", Word::Json),
    ("logfmt", Word::Logfmt),
    ("combined", Word::Combined),
    ("template", Word::Template),
];

const CONNECTIONS: [(&str, Connections); 3] = [
    ("abnormal", Connections::Abnormal),
    ("all", Connections::All),
    ("off", Connections::Off),
];

pub(super) fn read(reader: &mut Reader<'_>, root: &Section<'_, '_>) -> Settings {
    let section = root
        .get("log")
        .and_then(|node| reader.section("log", node, &KEYS));
    let default = Settings::default();
    let Some(section) = section else {
        return default;
    };
    let node = section.get("file");
    let file = node.and_then(|node| reader.word("file", node));
    let place = file.map(|word| match &*word.text {
        "stdout" => Place::Stdout,
        "stderr" => Place::Stderr,
        _ => Place::File(reader.path(&word)),
    });
    let mut flag = |key, default| {
        let node = section.get(key);
        let flag = node.and_then(|node| reader.flag(key, node));
        flag.unwrap_or(default)
    };
    let (requests, query) = (
        flag("requests", default.requests),
        flag("query", default.query),
    );
    let node = section.get("connections");
    let connections = node.and_then(|node| reader.choice("connections", node, &CONNECTIONS));
    Settings {
        format: format(reader, &section),
        requests,
        connections: connections.unwrap_or_default(),
        query,
        to: place.unwrap_or_default(),
    }
}

fn format(reader: &mut Reader<'_>, section: &Section<'_, '_>) -> Option<Format> {
    let node = section.get("format");
    let word = node.and_then(|node| reader.choice("format", node, &FORMATS));
    let template = template(reader, section);
    match (word, template) {
        (None | Some(Word::Template), Some(template)) => Some(Format::Template(template)),
        (Some(Word::Template), None) => {
            if section.get("template").is_none() {
                let what = "`format = \"template\"` needs a `template`";
                let message = Message::new(Code::MissingKey, what);
                reader.say(message.at(section.key_place("format"), ""));
            }
            None
        }
        (Some(Word::Pretty | Word::Json | Word::Logfmt | Word::Combined), Some(_)) => {
            let what = "`template` is not for this format";
            let message = Message::new(Code::Contradiction, what);
            let message = message.at(section.key_place("template"), "");
            reader.say(message.help("leave one of the two out"));
            None
        }
        (Some(Word::Pretty), None) => Some(Format::Pretty),
        (Some(Word::Json), None) => Some(Format::Json),
        (Some(Word::Logfmt), None) => Some(Format::Logfmt),
        (Some(Word::Combined), None) => Some(Format::Combined),
        (None, None) => None,
    }
}

fn template(reader: &mut Reader<'_>, section: &Section<'_, '_>) -> Option<Template> {
    let node = section.get("template")?;
    let word = reader.word("template", node)?;
    match Template::new(&word.text) {
        Ok(template) => Some(template),
        Err(what) => {
            let keys = crate::log::REQUEST_KEYS.join(", ");
            let message = Message::new(Code::BadTemplate, what).at(word.place, "");
            reader.say(message.note(format!("the keys of a request are {keys}")));
            None
        }
    }
}

pub(super) fn show(log: &Settings) -> String {
    let Settings {
        format,
        requests,
        connections,
        query,
        to,
    } = log;
    let default = Settings::default();
    let mut text = match format {
        None => String::new(),
        Some(Format::Template(template)) => {
            format!("template = {}\n", quote(template.text()))
        }
        Some(Format::Pretty) => "format = \"pretty\"\n".to_owned(),
        Some(Format::Json) => "format = \"json\"\n".to_owned(),
        Some(Format::Logfmt) => "format = \"logfmt\"\n".to_owned(),
        Some(Format::Combined) => "format = \"combined\"\n".to_owned(),
    };
    if *requests != default.requests {
        text += &format!("requests = {requests}\n");
    }
    if *connections != default.connections {
        let same = |(_, one): &&(&str, Connections)| one == connections;
        let word = CONNECTIONS.iter().find(same).map_or("", |(word, _)| word);
        text += &format!("connections = {}\n", quote(word));
    }
    match to {
        Place::Stdout => {}
        Place::Stderr => text += "file = \"stderr\"\n",
        Place::File(path) => text += &format!("file = {}\n", quote(&path.to_string_lossy())),
    }
    if *query != default.query {
        text += &format!("query = {query}\n");
    }
    text
}
