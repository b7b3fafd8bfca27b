//! What the program says when it cannot do what it was told: what, where, why, what next.
//!
//! Owns the form of an error, not its words. Waits for nothing, prints nothing.

mod code;
mod explain;
mod sources;

pub use code::Code;
pub use sources::Sources;

use crate::probe::report::json::Value;
use annotate_snippets::{self as snippets, AnnotationKind, Group, Renderer, Snippet};
use std::{collections::BTreeSet, ops::Range};

/// A place in the texts of [`Sources`]: byte offsets.
pub type Place = Range<usize>;

/// One error: it is built up by naming where, why and what next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message(Box<Parts>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Error,
    Warning,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Parts {
    level: Level,
    code: Code,
    what: String,
    place: Option<(Place, String)>,
    other: Option<(Place, String)>,
    notes: Vec<String>,
    help: Vec<String>,
}

impl Message {
    /// An error and what is wrong, in one line: lower case, no full stop. As yet without a place.
    #[must_use]
    pub fn new(code: Code, what: impl Into<String>) -> Message {
        let what = what.into();
        let (notes, help) = (Vec::new(), Vec::new());
        Message(Box::new(Parts {
            level: Level::Error,
            code,
            what,
            place: None,
            other: None,
            notes,
            help,
        }))
    }

    /// The same, which stops nothing.
    #[must_use]
    pub fn warning(mut self) -> Message {
        self.0.level = Level::Warning;
        self
    }

    /// Points at `place` in the file, with `label` beside it (it may be empty).
    #[must_use]
    pub fn at(mut self, place: Place, label: impl Into<String>) -> Message {
        self.0.place = Some((place, label.into()));
        self
    }

    /// Points at a second place that belongs to it.
    #[must_use]
    pub fn and(mut self, place: Place, label: impl Into<String>) -> Message {
        self.0.other = Some((place, label.into()));
        self
    }

    /// Says why.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Message {
        self.0.notes.push(note.into());
        self
    }

    /// Says what to do next.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Message {
        self.0.help.push(help.into());
        self
    }

    /// What it is about.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// What is wrong, in one line.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.0.what
    }

    /// What to do next, if anything is said of that.
    #[must_use]
    pub fn next(&self) -> Option<&str> {
        self.0.help.first().map(String::as_str)
    }

    /// The one-line form, for a log: `error[E0301]: cannot bind …`.
    #[must_use]
    pub fn line(&self) -> String {
        format!("error[{}]: {}", self.code(), self.what())
    }

    /// Whether it stops something.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.0.level == Level::Error
    }

    /// `explains`: whether to say where more is said of its code.
    fn group<'a>(&'a self, sources: &'a Sources, explains: bool) -> Group<'a> {
        let level = match self.0.level {
            Level::Error => snippets::Level::ERROR,
            Level::Warning => snippets::Level::WARNING,
        };
        let title = level.primary_title(self.what()).id(self.code().to_string());
        let mut group = Group::with_title(title);
        let label = |label: &'a String| (!label.is_empty()).then_some(label.as_str());
        if let Some((place, text)) = &self.0.place {
            let part = sources.part(place);
            let primary = AnnotationKind::Primary.span(part.local(place));
            let snippet = Snippet::source(part.text).path(part.name);
            let mut snippet = snippet.annotation(primary.label(label(text)));
            let mut elsewhere = None;
            if let Some((place, text)) = &self.0.other {
                let there = sources.part(place);
                let context = AnnotationKind::Context.span(there.local(place));
                let context = context.label(label(text));
                if there == part {
                    snippet = snippet.annotation(context);
                } else {
                    let other = Snippet::source(there.text).path(there.name);
                    elsewhere = Some(other.annotation(context));
                }
            }
            group = group.element(snippet);
            if let Some(elsewhere) = elsewhere {
                group = group.element(elsewhere);
            }
        }
        let notes = self.0.notes.iter();
        let notes = notes.map(|text| snippets::Level::NOTE.message(text));
        let help = self.0.help.iter();
        let help = help.map(|text| snippets::Level::HELP.message(text));
        let group = group.elements(notes.chain(help));
        if !explains {
            return group;
        }
        let more = format!("tidegate explain {}", self.code());
        group.element(snippets::Level::HELP.message(more))
    }

    /// For machines: its words, and where it points.
    #[must_use]
    pub fn json(&self, sources: &Sources) -> Value {
        let text = |text: &str| Value::Text(text.to_owned());
        let list = |all: &[String]| Value::List(all.iter().map(|one| text(one)).collect());
        let place = |place: &Option<(Place, String)>| {
            let Some((place, label)) = place else {
                return Value::Null;
            };
            let part = sources.part(place);
            let (line, column) = part.line_and_column(place);
            Value::Object(vec![
                ("file", text(part.name)),
                ("line", Value::Count(line as u64)),
                ("column", Value::Count(column as u64)),
                ("label", text(label)),
            ])
        };
        let level = if self.is_error() { "error" } else { "warning" };
        Value::Object(vec![
            ("level", text(level)),
            ("code", text(&self.code().to_string())),
            ("what", text(self.what())),
            ("at", place(&self.0.place)),
            ("and", place(&self.0.other)),
            ("notes", list(&self.0.notes)),
            ("help", list(&self.0.help)),
        ])
    }
}

/// All that is wrong, as it is shown to people: a picture each, in the order of the text, and
/// how many there are. `color` adds terminal colours.
#[must_use]
pub fn render(messages: &[Message], sources: &Sources, color: bool) -> String {
    pictures(messages, sources, color) + &count(messages) + "; nothing was changed\n"
}

/// `2 errors, 1 warning`.
fn count(messages: &[Message]) -> String {
    let errors = messages.iter().filter(|one| one.is_error()).count();
    let named = |n: usize, noun: &str| match n {
        1 => format!("1 {noun}"),
        n => format!("{n} {noun}s"),
    };
    match messages.len() - errors {
        0 => named(errors, "error"),
        warnings => format!("{}, {}", named(errors, "error"), named(warnings, "warning")),
    }
}

/// The same without their number.
#[must_use]
pub fn pictures(messages: &[Message], sources: &Sources, color: bool) -> String {
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let mut text = String::new();
    let mut explained = BTreeSet::new();
    for message in in_order(messages) {
        let explains = explained.insert(message.code());
        text.push_str(&renderer.render(&[message.group(sources, explains)]));
        text.push_str("\n\n");
    }
    text
}

/// In the order of the text.
pub fn in_order(messages: &[Message]) -> impl Iterator<Item = &Message> {
    let mut ordered: Vec<&Message> = messages.iter().collect();
    ordered.sort_by_key(|message| message.0.place.as_ref().map(|(place, _)| place.start));
    ordered.into_iter()
}

/// The known word nearest to `word`, if one is near enough to have been meant.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near = |other: &'a str| (strsim::normalized_damerau_levenshtein(word, other), other);
    known
        .into_iter()
        .map(near)
        .filter(|(likeness, _)| *likeness > 0.55)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, other)| other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_shows_what_where_why_and_what_next() {
        let text = "[[route]]\ntimout = 3\n";
        let message = Message::new(Code::UnknownKey, "unknown key `timout` in route")
            .at(10..16, "did you mean `timeouts`?")
            .note("keys are never ignored")
            .help("remove it");
        let shown = render(&[message], &Sources::one("a.toml", text), false);
        let expected = "\
error[E0107]: unknown key `timout` in route
 --> a.toml:2:1
  |
2 | timout = 3
  | ^^^^^^ did you mean `timeouts`?
  |
  = note: keys are never ignored
  = help: remove it
  = help: tidegate explain E0107

1 error; nothing was changed
";
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_code_is_explained_once_and_two_places_may_be_in_two_files() {
        let mut sources = Sources::one("a.toml", "name = \"x\"\n");
        let there = sources.add("conf.d/b.toml", "\nname = \"x\"\n");
        let twice = || Message::new(Code::DuplicateName, "two clusters with the name `x`");
        let first = twice()
            .at(there + 8..there + 11, "again here")
            .and(7..10, "first here");
        let shown = render(&[first, twice().warning()], &sources, false);
        let expected = "\
warning[E0201]: two clusters with the name `x`
 |
 = help: tidegate explain E0201

error[E0201]: two clusters with the name `x`
 --> conf.d/b.toml:2:8
  |
2 | name = \"x\"
  |        ^^^ again here
  |
 ::: a.toml:1:8
  |
1 | name = \"x\"
  |        --- first here

1 error, 1 warning; nothing was changed
";
        assert_eq!(shown, expected);
    }

    #[test]
    fn machines_are_told_the_same() {
        let message = Message::new(Code::Empty, "`bind` is empty").at(12..14, "x");
        let json = message
            .help("say it")
            .json(&Sources::one("a.toml", "name = \"é\"\nb = []"));
        let expected = r#"{"level":"error","code":"E0113","what":"`bind` is empty","at":{"file":"a.toml","line":2,"column":1,"label":"x"},"and":null,"notes":[],"help":["say it"]}"#;
        assert_eq!(json.compact(), expected);
    }

    #[test]
    fn the_nearest_word_must_be_near() {
        let known = ["timeouts", "listener", "host"];
        assert_eq!(nearest("timout", known), Some("timeouts"));
        assert_eq!(nearest("hots", known), Some("host"));
        assert_eq!(nearest("colour", known), None);
    }
}
