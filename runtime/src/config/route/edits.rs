//! `request_headers` and `response_headers`: what a route changes among the fields of a message.

use crate::{
    config::read::{Node, Reader, Section},
    message::{Code, Message},
};
use tidegate_core::http1::{Edits, Line, Of, is_value, may_edit};
use toml::de::{DeTable, DeValue};

/// Reads the changes at `key`; what is wrong among them is left out.
pub(super) fn read(
    reader: &mut Reader<'_>,
    section: &Section<'_, '_>,
    key: &'static str,
    of: Of,
) -> Edits {
    let keys = ["set", "add", "remove"];
    let table = section
        .get(key)
        .and_then(|node| reader.section(key, node, &keys));
    let Some(table) = table else {
        return Edits::default();
    };
    let set = table.get("set").map(|node| lines(reader, "set", node, of));
    let add = table.get("add").map(|node| lines(reader, "add", node, of));
    let set = set.unwrap_or_default();
    let mut remove: Vec<String> = Vec::new();
    let words = table.get("remove").map(|node| reader.words("remove", node));
    for word in words.unwrap_or_default() {
        if let Err(why) = may_edit(&word.text, of, false) {
            refuse(reader, &word.text, word.place, why);
            continue;
        }
        let same = |other: &str| other.eq_ignore_ascii_case(&word.text);
        if set.iter().any(|line| same(&line.name)) {
            let what = format!("`{}` is both set and removed", word.text);
            let message = Message::new(Code::Contradiction, what).at(word.place, "");
            reader.say(message.help("`set` takes the place of what was there: leave `remove` out"));
        } else if remove.iter().any(|other| same(other)) {
            let message = Message::new(Code::Contradiction, format!("`{}` twice", word.text));
            reader.say(message.at(word.place, "again here"));
        } else {
            remove.push(word.text);
        }
    }
    Edits::new(set, add.unwrap_or_default(), remove)
}

fn lines(reader: &mut Reader<'_>, key: &str, node: &Node<'_>, of: Of) -> Vec<Line> {
    let DeValue::Table(table) = node.get_ref() else {
        reader.wrong_type(key, node, "a table");
        return Vec::new();
    };
    each(reader, key, table, of)
}

fn each(reader: &mut Reader<'_>, key: &str, table: &DeTable<'_>, of: Of) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for (name, value) in table.iter() {
        let (place, name) = (name.span(), name.get_ref());
        if let Err(why) = may_edit(name, of, key == "add") {
            refuse(reader, name, place, why);
            continue;
        }
        if lines
            .iter()
            .any(|line| line.name.eq_ignore_ascii_case(name))
        {
            let message = Message::new(Code::Contradiction, format!("`{name}` twice in `{key}`"));
            let message = message.at(place, "again here");
            reader.say(message.note("names are compared without regard to case"));
            continue;
        }
        let DeValue::String(text) = value.get_ref() else {
            reader.wrong_type(name, value, "a string");
            continue;
        };
        let Some(text) = reader.expand(text, value.span()) else {
            continue;
        };
        if !is_value(&text) {
            let what = format!("`{name}` cannot have this value");
            let message = Message::new(Code::BadHeader, what).at(value.span(), "");
            reader.say(message.note("a value is ASCII, of one line, without space at its ends"));
            continue;
        }
        lines.push(Line {
            name: name.to_string(),
            value: text,
        });
    }
    lines
}

fn refuse(reader: &mut Reader<'_>, name: &str, place: crate::message::Place, why: &str) {
    let what = format!("`{name}` cannot be changed by a route");
    reader.say(Message::new(Code::BadHeader, what).at(place, "").note(why));
}
