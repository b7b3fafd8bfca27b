//! The texts that messages point into.
//!
//! Owns where each stands: they lie one behind the other, and a place counts from the front of the first,
//! so that it says by itself in which of them it is.

use super::Place;

/// The texts, with what each is called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    text: String,
    /// Names, and where their texts begin.
    parts: Vec<(String, usize)>,
}

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part<'a> {
    pub(super) name: &'a str,
    pub(super) text: &'a str,
    start: usize,
}

impl Sources {
    /// One text alone, called `name`: the path as the user gave it.
    #[must_use]
    pub fn one(name: &str, text: &str) -> Sources {
        let mut sources = Sources::default();
        sources.add(name, text);
        sources
    }

    /// Puts one more behind the others, and says where it begins.
    pub fn add(&mut self, name: &str, text: &str) -> usize {
        if !self.text.is_empty() {
            // So that the end of one is not the front of the next.
            self.text.push('\n');
        }
        let start = self.text.len();
        self.text.push_str(text);
        self.parts.push((name.to_owned(), start));
        start
    }

    /// What stands at `place`.
    #[must_use]
    pub fn get(&self, place: Place) -> Option<&str> {
        self.text.get(place)
    }

    /// The number of the text that `place` is in, in the order in which they were added.
    #[must_use]
    pub fn which(&self, place: &Place) -> usize {
        let behind = self.parts.partition_point(|(_, at)| *at <= place.start);
        behind.saturating_sub(1)
    }

    /// Where `place` begins, as `web.toml:7`.
    #[must_use]
    pub fn at(&self, place: &Place) -> String {
        let part = self.part(place);
        let before = part.text.get(..part.local(place).start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        format!("{}:{line}", part.name)
    }

    pub(super) fn part(&self, place: &Place) -> Part<'_> {
        let at = self.which(place);
        let empty = Part {
            name: "",
            text: "",
            start: 0,
        };
        self.parts.get(at).map_or(empty, |(name, start)| {
            let end = self.parts.get(at + 1).map(|(_, next)| next - 1);
            Part {
                name,
                text: &self.text[*start..end.unwrap_or(self.text.len())],
                start: *start,
            }
        })
    }
}

impl Part<'_> {
    /// `place` as this text counts.
    pub(super) fn local(self, place: &Place) -> Place {
        let within = |at: usize| at.saturating_sub(self.start).min(self.text.len());
        within(place.start)..within(place.end)
    }

    /// Line and column of `place`, both from 1; a column is a character.
    pub(super) fn line_and_column(self, place: &Place) -> (usize, usize) {
        let before = &self.text[..self.local(place).start];
        let line = before.rsplit('\n').next().unwrap_or_default();
        (before.matches('\n').count() + 1, line.chars().count() + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_says_in_which_text_it_is() {
        let mut sources = Sources::one("a", "one\ntwo");
        assert_eq!(sources.add("b", "é é\n"), 8);
        let shown = |place: Place| {
            let part = sources.part(&place);
            let (line, column) = part.line_and_column(&place);
            format!("{}:{line}:{column} {:?}", part.name, part.local(&place))
        };
        assert_eq!(shown(0..3), "a:1:1 0..3");
        assert_eq!(shown(4..7), "a:2:1 4..7");
        assert_eq!(shown(7..7), "a:2:4 7..7", "the end of the first");
        assert_eq!(shown(11..13), "b:1:3 3..5");
        assert_eq!(shown(14..14), "b:2:1 6..6");
        assert_eq!(sources.get(8..10), Some("é"));
        assert_eq!(Sources::default().part(&(0..0)).name, "");
    }
}
