//! What the program says when it cannot do what it was told: what, where, why, what next.
//!
//! Owns the form of an error, not its words. Waits for nothing, prints nothing.

mod code;

pub use code::Code;

use annotate_snippets::{self as snippets, AnnotationKind, Group, Renderer, Snippet};
use std::ops::Range;

/// A place in a text: byte offsets.
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

    /// The one-line form, for a log: `error[E0301]: cannot bind …`.
    #[must_use]
    pub fn line(&self) -> String {
        format!("error[{}]: {}", self.code(), self.what())
    }

    fn group<'a>(&'a self, source: &Source<'a>) -> Group<'a> {
        let level = match self.0.level {
            Level::Error => snippets::Level::ERROR,
            Level::Warning => snippets::Level::WARNING,
        };
        let title = level.primary_title(self.what()).id(self.code().to_string());
        let mut group = Group::with_title(title);
        if let Some((place, label)) = &self.0.place {
            let label = (!label.is_empty()).then_some(label.as_str());
            let primary = AnnotationKind::Primary.span(place.clone()).label(label);
            let mut snippet = Snippet::source(source.text)
                .path(source.name)
                .annotation(primary);
            if let Some((place, label)) = &self.0.other {
                let context = AnnotationKind::Context
                    .span(place.clone())
                    .label(label.as_str());
                snippet = snippet.annotation(context);
            }
            group = group.element(snippet);
        }
        let notes = self
            .0
            .notes
            .iter()
            .map(|text| snippets::Level::NOTE.message(text));
        let help = self
            .0
            .help
            .iter()
            .map(|text| snippets::Level::HELP.message(text));
        group.elements(notes.chain(help))
    }
}

/// The text that messages point into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Source<'a> {
    /// How to call it: the path as the user gave it.
    pub name: &'a str,
    /// All of it.
    pub text: &'a str,
}

/// All that is wrong, as it is shown to people: a picture each, in the order of the text, and
/// how many there are. `color` adds terminal colours.
#[must_use]
pub fn render(messages: &[Message], source: Source<'_>, color: bool) -> String {
    let count = match messages.len() {
        1 => "1 error".to_owned(),
        n => format!("{n} errors"),
    };
    pictures(messages, source, color) + &count + "; nothing was changed\n"
}

/// The same without their number.
#[must_use]
pub fn pictures(messages: &[Message], source: Source<'_>, color: bool) -> String {
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let mut ordered: Vec<&Message> = messages.iter().collect();
    ordered.sort_by_key(|message| message.0.place.as_ref().map(|(place, _)| place.start));
    let mut text = String::new();
    for message in &ordered {
        text.push_str(&renderer.render(&[message.group(&source)]));
        text.push_str("\n\n");
    }
    text
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
        let shown = render(
            &[message],
            Source {
                name: "a.toml",
                text,
            },
            false,
        );
        let expected = "\
error[E0107]: unknown key `timout` in route
 --> a.toml:2:1
  |
2 | timout = 3
  | ^^^^^^ did you mean `timeouts`?
  |
  = note: keys are never ignored
  = help: remove it

1 error; nothing was changed
";
        assert_eq!(shown, expected);
    }

    #[test]
    fn the_nearest_word_must_be_near() {
        let known = ["timeouts", "listener", "host"];
        assert_eq!(nearest("timout", known), Some("timeouts"));
        assert_eq!(nearest("hots", known), Some("host"));
        assert_eq!(nearest("colour", known), None);
    }
}
