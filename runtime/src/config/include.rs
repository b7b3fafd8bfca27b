//! `include`: the other files of a configuration, and one document out of all of them.
//!
//! A key of which there is one stands in one file; listeners, routes and clusters come together from all.
//! Included files include nothing. Each value keeps the place where it was written.

use crate::{
    config::{
        glob,
        outside::Outside,
        read::{Node, Reader, Section},
    },
    message::{Code, Message, Sources},
    tls::files::reason,
};
use std::path::{Path, PathBuf};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// The nouns of which every file may have some.
const MANY: [&str; 3] = ["listener", "route", "cluster"];

/// One file that is included.
pub(super) struct Included {
    /// How it is called in messages.
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) text: String,
}

/// The main file, as it is called and as it is found.
#[derive(Clone, Copy)]
pub(super) struct Main<'a> {
    pub(super) name: &'a str,
    /// The directory that relative paths start from.
    pub(super) base: &'a Path,
}

/// The files that `include` names, in its order and then sorted, each once.
pub(super) fn named(reader: &mut Reader<'_>, root: &DeTable<'_>, main: Main<'_>) -> Vec<Included> {
    let Some(node) = root.get("include") else {
        return Vec::new();
    };
    let mut all: Vec<Included> = Vec::new();
    let own = Path::new(main.name).file_name();
    let own = own.map(|name| main.base.join(name));
    for word in reader.words("include", node) {
        let place = word.place;
        let files = match matching(reader.outside, main.base, &word.text) {
            Ok(files) => files,
            Err(message) => {
                reader.say(message.at(place, ""));
                continue;
            }
        };
        if files.is_empty() {
            let what = format!("`{}` matches no file", word.text);
            let message = Message::new(Code::NothingIncluded, what).warning();
            reader.say(message.at(place.clone(), ""));
        }
        for path in files {
            // A pattern may mean the main file too.
            if own.as_ref() == Some(&path) || all.iter().any(|one| one.path == path) {
                continue;
            }
            let name = called(main, &path);
            match reader.outside.text(&path) {
                Ok(text) => all.push(Included { name, path, text }),
                Err(error) => {
                    let message = Message::new(Code::FileUnreadable, format!("cannot read {name}"));
                    reader.say(message.at(place.clone(), "").note(reason(&error)));
                }
            }
        }
    }
    all
}

fn matching(outside: &dyn Outside, base: &Path, pattern: &str) -> Result<Vec<PathBuf>, Message> {
    if pattern.contains("**") {
        let message = Message::new(Code::BadPattern, "`**` is not known");
        return Err(message.help("write each depth: \"conf.d/*.toml\", \"conf.d/*/*.toml\""));
    }
    let files = outside.files(base, pattern).map_err(|error| {
        let what = format!("cannot look for `{pattern}`");
        Message::new(Code::FileUnreadable, what).note(reason(&error))
    })?;
    if files.is_empty() && !glob::is_pattern(pattern) {
        // Who names one file means it.
        let what = format!("cannot read {pattern}");
        let message = Message::new(Code::FileUnreadable, what).note("there is no such file");
        return Err(message.help("paths are relative to the directory of this file"));
    }
    Ok(files)
}

/// As the main file is called, so the others are: seen from the same place.
fn called(main: Main<'_>, path: &Path) -> String {
    let shown = match path.strip_prefix(main.base) {
        Ok(relative) => {
            let beside = Path::new(main.name).parent().unwrap_or(Path::new(""));
            beside.join(relative)
        }
        Err(_) => path.to_path_buf(),
    };
    shown.to_string_lossy().into_owned()
}

/// The document in `text`, whose values say where they stand when it begins at `start`. What is not TOML is
/// told to the reader.
pub(super) fn parse<'i>(reader: &mut Reader<'_>, text: &'i str, start: usize) -> DeTable<'i> {
    let (document, faults) = DeTable::parse_recoverable(text);
    let mut last = None;
    for fault in &faults {
        let span = fault.span().unwrap_or(text.len()..text.len());
        // What follows on the same line follows from the first.
        let line = text[..span.start].matches('\n').count();
        if last.replace(line) != Some(line) {
            let place = span.start + start..span.end + start;
            reader.say(syntax(fault.message(), &text[span]).at(place, ""));
        }
    }
    moved_table(document.into_inner(), start)
}

/// `found` is what stands where the parser stopped.
fn syntax(message: &str, found: &str) -> Message {
    let first = message.lines().next().unwrap_or("not TOML");
    let message = Message::new(Code::Syntax, first);
    let begins = |with: &str| first.starts_with(with);
    if begins("duplicate key") {
        message.note("this table has the key already: each key stands once")
    } else if begins("string values must be quoted") {
        message.help(format!("write \"{found}\""))
    } else if begins("invalid basic string") {
        message.help("close the string with a quote")
    } else if begins("unclosed array table") {
        message.help("the name of such a table stands in two brackets on either side")
    } else if begins("missing comma") || begins("unclosed array") {
        message.help("put a comma between two items, and close the list with `]`")
    } else if begins("invalid unquoted key") || begins("key with no value") {
        message.help("write KEY = VALUE")
    } else {
        message
    }
}

fn moved_table(table: DeTable<'_>, by: usize) -> DeTable<'_> {
    let each = table.into_iter().map(|(key, value)| {
        let span = key.span();
        let key = Spanned::new(span.start + by..span.end + by, key.into_inner());
        (key, moved(value, by))
    });
    each.collect()
}

fn moved(node: Node<'_>, by: usize) -> Node<'_> {
    let span = node.span();
    let value = match node.into_inner() {
        DeValue::Table(table) => DeValue::Table(moved_table(table, by)),
        DeValue::Array(items) => {
            DeValue::Array(items.into_iter().map(|item| moved(item, by)).collect())
        }
        other @ (DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_)) => other,
    };
    Spanned::new(span.start + by..span.end + by, value)
}

/// Puts what an included file says into the document of the main file.
pub(super) fn merge<'i>(reader: &mut Reader<'_>, root: &mut DeTable<'i>, other: DeTable<'i>) {
    for (key, value) in other {
        let name = key.get_ref().as_ref();
        if name == "include" {
            let message = Message::new(Code::NestedInclude, "`include` in an included file");
            reader.say(
                message
                    .at(key.span(), "")
                    .note("only the main file includes others"),
            );
            continue;
        }
        let Some(known) = root.get_mut(name) else {
            root.insert(key, value);
            continue;
        };
        if MANY.contains(&name)
            && let DeValue::Array(all) = known.get_mut()
            && let DeValue::Array(more) = value.get_ref()
        {
            more.iter().for_each(|one| all.push(one.clone()));
            continue;
        }
        let first = Section::new("the file", root, 0..0).key_place(name);
        let message = Message::new(Code::DuplicateKey, format!("`{name}` in two files"));
        reader.say(
            message
                .at(key.span(), "again here")
                .and(first, "first here"),
        );
    }
}

/// Adds the texts, and says where each begins.
pub(super) fn add(sources: &mut Sources, included: &[Included]) -> Vec<usize> {
    let start = |one: &Included| sources.add(&one.name, &one.text);
    included.iter().map(start).collect()
}
