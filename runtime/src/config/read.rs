//! Values out of the text of a file, and what is wrong with them.
//!
//! Owns the list of errors: whoever asks for a value that is not there or not good gets nothing
//! and goes on with the default, so that one run finds every error.

use crate::{
    config::{
        outside::Outside,
        units::{self, Fault},
    },
    message::{Code, Message, Place, Sources, nearest},
};
use std::{
    ops::RangeInclusive,
    path::{Path, PathBuf},
};
use tidegate_core::time::Span;
use toml::{Spanned, de::DeValue};

pub(super) use super::section::Section;

/// A value and where it stands.
pub(super) type Node<'i> = Spanned<DeValue<'i>>;

/// A string after its variables were put in, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) place: Place,
}

/// The reading of a file, and of those that it includes.
pub(super) struct Reader<'a> {
    /// All of the texts.
    pub(super) sources: Sources,
    /// The directories that relative paths start from, text by text.
    bases: Vec<PathBuf>,
    /// Where the main file ends.
    end: usize,
    pub(super) outside: &'a dyn Outside,
    pub(super) messages: Vec<Message>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(name: &str, text: &str, base: &Path, outside: &'a dyn Outside) -> Self {
        Reader {
            sources: Sources::one(name, text),
            bases: vec![base.to_path_buf()],
            end: text.trim_end().len(),
            outside,
            messages: Vec::new(),
        }
    }

    /// The end of the main file, where more could be written.
    pub(super) fn end(&self) -> Place {
        self.end..self.end
    }

    /// One more text, whose paths start from there.
    pub(super) fn start_from(&mut self, base: &Path) {
        self.bases.push(base.to_path_buf());
    }

    /// A path, relative to the file that it stands in.
    pub(super) fn path(&self, word: &Word) -> PathBuf {
        let base = self.bases.get(self.sources.which(&word.place));
        base.map_or_else(|| PathBuf::from(&word.text), |base| base.join(&word.text))
    }

    fn text(&self, place: Place) -> &str {
        self.sources.get(place).unwrap_or_default()
    }

    /// Whether something is wrong.
    pub(super) fn refuses(&self) -> bool {
        self.messages.iter().any(Message::is_error)
    }

    pub(super) fn say(&mut self, message: Message) {
        self.messages.push(message);
    }

    /// The table at `node`; `keys` are all that may be in it.
    pub(super) fn section<'t, 'i>(
        &mut self,
        noun: &'static str,
        node: &'t Node<'i>,
        keys: &[&str],
    ) -> Option<Section<'t, 'i>> {
        let DeValue::Table(table) = node.get_ref() else {
            self.wrong_type(noun, node, "a table");
            return None;
        };
        let section = Section::new(noun, table, node.span());
        self.only(&section, keys);
        Some(section)
    }

    /// Refuses keys that are not among `keys`.
    pub(super) fn only(&mut self, section: &Section<'_, '_>, keys: &[&str]) {
        let unknown = section
            .table()
            .keys()
            .filter(|key| !keys.contains(&key.get_ref().as_ref()));
        for key in unknown {
            let (name, noun) = (key.get_ref(), section.noun());
            let message = Message::new(Code::UnknownKey, format!("unknown key `{name}` in {noun}"));
            self.say(match nearest(name, keys.iter().copied()) {
                Some(near) => message.at(key.span(), format!("did you mean `{near}`?")),
                None => message
                    .at(key.span(), "")
                    .help(format!("keys: {}", keys.join(", "))),
            });
        }
    }

    /// The node at `key`, which must be there; `example` is what could stand there.
    pub(super) fn required<'t, 'i>(
        &mut self,
        section: &Section<'t, 'i>,
        key: &str,
        example: &str,
    ) -> Option<&'t Node<'i>> {
        let node = section.get(key);
        if node.is_none() {
            let what = format!("{} without `{key}`", section.noun());
            let message = Message::new(Code::MissingKey, what).at(section.place(), "");
            self.say(message.help(format!("add {example}")));
        }
        node
    }

    /// The string at `node`, with its variables put in; not empty.
    pub(super) fn word(&mut self, key: &str, node: &Node<'_>) -> Option<Word> {
        let DeValue::String(text) = node.get_ref() else {
            self.wrong_type(key, node, "a string");
            return None;
        };
        let text = self.expand(text, node.span())?;
        if text.is_empty() {
            let message = Message::new(Code::Empty, format!("`{key}` is empty"));
            self.say(message.at(node.span(), ""));
            return None;
        }
        Some(Word {
            text,
            place: node.span(),
        })
    }

    /// The strings of the list at `node`, which is not empty. Those that are not good are left
    /// out.
    pub(super) fn words(&mut self, key: &str, node: &Node<'_>) -> Vec<Word> {
        let DeValue::Array(items) = node.get_ref() else {
            self.wrong_type(key, node, "a list of strings");
            return Vec::new();
        };
        if items.is_empty() {
            let message = Message::new(Code::Empty, format!("`{key}` is empty"));
            self.say(message.at(node.span(), "at least one is needed"));
        }
        items
            .iter()
            .filter_map(|item| self.word(key, item))
            .collect()
    }

    /// The duration at `node`, if it is in `range`.
    pub(super) fn duration(
        &mut self,
        key: &str,
        node: &Node<'_>,
        range: &RangeInclusive<Span>,
    ) -> Option<Span> {
        let text = self.number_or_word(key, node, "a duration")?;
        let span = match units::duration(&text) {
            Ok(span) => span,
            Err(fault) => {
                let form = (Code::BadDuration, "duration", units::DURATION_FORM);
                self.bad_quantity(key, node, fault, form);
                return None;
            }
        };
        if !range.contains(&span) {
            let (least, most) = (range.start(), range.end());
            let (least, most) = (units::show_duration(*least), units::show_duration(*most));
            self.out_of_range(key, node, &least, &most);
            return None;
        }
        Some(span)
    }

    /// The size at `node` in bytes, if it is in `range`.
    pub(super) fn size(
        &mut self,
        key: &str,
        node: &Node<'_>,
        range: &RangeInclusive<u32>,
    ) -> Option<u32> {
        let range = u64::from(*range.start())..=u64::from(*range.end());
        let bytes = self.long_size(key, node, &range)?;
        u32::try_from(bytes).ok()
    }

    /// The same of what may be larger than memory is.
    pub(super) fn long_size(
        &mut self,
        key: &str,
        node: &Node<'_>,
        range: &RangeInclusive<u64>,
    ) -> Option<u64> {
        let text = self.number_or_word(key, node, "a size")?;
        let bytes = match units::size(&text) {
            Ok(bytes) => bytes,
            Err(fault) => {
                let form = (Code::BadSize, "size", units::SIZE_FORM);
                self.bad_quantity(key, node, fault, form);
                return None;
            }
        };
        if !range.contains(&bytes) {
            let show = |bytes: &u64| units::show_size(*bytes);
            self.out_of_range(key, node, &show(range.start()), &show(range.end()));
            return None;
        }
        Some(bytes)
    }

    /// The count at `node`, if it is in `range`.
    pub(super) fn count(
        &mut self,
        key: &str,
        node: &Node<'_>,
        range: &RangeInclusive<u32>,
    ) -> Option<u32> {
        let DeValue::Integer(integer) = node.get_ref() else {
            self.wrong_type(key, node, "a whole number");
            return None;
        };
        let count = u32::from_str_radix(integer.as_str(), integer.radix()).ok();
        let fitting = count.filter(|count| range.contains(count));
        if fitting.is_none() {
            self.out_of_range(
                key,
                node,
                &range.start().to_string(),
                &range.end().to_string(),
            );
        }
        fitting
    }

    /// The true or false at `node`.
    pub(super) fn flag(&mut self, key: &str, node: &Node<'_>) -> Option<bool> {
        if let DeValue::Boolean(flag) = node.get_ref() {
            return Some(*flag);
        }
        self.wrong_type(key, node, "true or false");
        None
    }

    /// The one of `choices` that the string at `node` names.
    pub(super) fn choice<T: Copy>(
        &mut self,
        key: &str,
        node: &Node<'_>,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let word = self.word(key, node)?;
        if let Some((_, value)) = choices.iter().find(|(name, _)| *name == word.text) {
            return Some(*value);
        }
        let message = Message::new(Code::BadChoice, format!("unknown {key} `{}`", word.text));
        let names: Vec<_> = choices
            .iter()
            .map(|(name, _)| format!("`{name}`"))
            .collect();
        let near = nearest(&word.text, choices.iter().map(|(name, _)| *name));
        let label = near.map_or_else(String::new, |near| format!("did you mean `{near}`?"));
        let known = match names.as_slice() {
            [only] => format!("so far there is only {only}"),
            _ => format!("there is {}", names.join(" and ")),
        };
        self.say(message.at(word.place, label).help(known));
        None
    }

    pub(super) fn wrong_type(&mut self, key: &str, node: &Node<'_>, wanted: &str) {
        let is = kind(node.get_ref());
        let message = Message::new(Code::WrongType, format!("`{key}` must be {wanted}"))
            .at(node.span(), format!("this is {is}"));
        self.say(match (wanted, node.get_ref()) {
            ("a list of strings", DeValue::String(_)) => {
                let text = self.text(node.span());
                message.help(format!("write {key} = [{text}]"))
            }
            ("a list of tables", DeValue::Table(_)) => message.help(format!(
                "write [[{key}]] with two brackets: there may be several"
            )),
            ("a string", DeValue::Integer(_)) => {
                let text = self.text(node.span());
                message.help(format!("write {key} = \"{text}\""))
            }
            _ => message,
        });
    }

    /// The text of a string, or of a number that should have been one.
    fn number_or_word(&mut self, key: &str, node: &Node<'_>, wanted: &str) -> Option<String> {
        match node.get_ref() {
            DeValue::String(_) => self.word(key, node).map(|word| word.text),
            DeValue::Integer(integer) => Some(integer.as_str().to_owned()),
            DeValue::Float(float) => Some(float.as_str().to_owned()),
            DeValue::Boolean(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
                self.wrong_type(key, node, &format!("{wanted} in a string"));
                None
            }
        }
    }

    fn bad_quantity(
        &mut self,
        key: &str,
        node: &Node<'_>,
        fault: Fault,
        (code, noun, form): (Code, &str, &str),
    ) {
        let message = match fault {
            Fault::Bare([first, second]) => Message::new(
                Code::BareNumber,
                format!("`{key}` is a {noun} without a unit"),
            )
            .at(node.span(), format!("write \"{first}\" or \"{second}\"")),
            Fault::Malformed(Some(meant)) => Message::new(code, format!("`{key}` is not a {noun}"))
                .at(node.span(), format!("did you mean \"{meant}\"?")),
            Fault::Malformed(None) => {
                Message::new(code, format!("`{key}` is not a {noun}")).at(node.span(), "")
            }
            Fault::TooLarge => {
                Message::new(Code::OutOfRange, format!("`{key}` is too large")).at(node.span(), "")
            }
        };
        self.say(message.help(form));
    }

    fn out_of_range(&mut self, key: &str, node: &Node<'_>, least: &str, most: &str) {
        let message = Message::new(Code::OutOfRange, format!("`{key}` is out of range"))
            .at(node.span(), format!("must be {least} to {most}"));
        let zero = self.text(node.span()).trim_matches('"').starts_with('0');
        self.say(if zero && least.ends_with("ms") {
            message.note("no wait can be switched off: each holds a socket for someone")
        } else {
            message
        });
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
