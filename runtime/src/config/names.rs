//! The names that routes and listeners refer to, noun by noun.

use crate::{
    config::read::{Reader, Word},
    message::{Code, Message, nearest},
};

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
