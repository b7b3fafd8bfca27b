//! Room for the fields of a head.
//!
//! It is large, so a reader of heads has it where it is to stay, and lends it to the head. It never
//! judges what is in it.

use super::fields::{Field, Fields, Known};
use smallvec::SmallVec;

/// Fields that a head has without asking for memory: those of a browser's request, and some more.
const USUAL: usize = 24;

/// Room for the fields of one head after the other.
#[derive(Debug, Default)]
pub struct Room<'a> {
    /// What they were found in.
    text: &'a [u8],
    all: SmallVec<[Field<'a>; USUAL]>,
    /// A bit for each of [`Known`] that is among them.
    seen: u16,
}

impl<'a> Room<'a> {
    /// Takes in what the parser has found in `text`.
    pub(super) fn fill(&mut self, text: &'a [u8], headers: &[httparse::Header<'a>]) {
        self.text = text;
        self.seen = 0;
        self.all.clear();
        self.all.reserve(headers.len());
        for header in headers {
            let field = Field::from(header);
            self.seen |= field.known.bit();
            self.all.push(field);
        }
    }

    /// What is in it, where it is.
    pub(super) fn lend(&self) -> Fields<'_> {
        Fields::lent(self.text, &self.all, self.seen)
    }

    /// What is in it, to be kept.
    pub(super) fn into_fields(self) -> Fields<'a> {
        Fields::kept(self.text, self.all.into_vec(), self.seen)
    }

    /// Whether so many bytes of the text are a whole section of lines, as a reader would find that does
    /// not know what the lines say (`text::section_end`): each line ends with CR LF, there is no other
    /// LF, and the last line alone is empty.
    pub(super) fn is_section(&self, length: usize) -> bool {
        let Some(section) = self.text.get(..length) else {
            return false;
        };
        // One before each field, one behind the last line that says anything, one behind the empty one.
        let line_ends = memchr::memchr_iter(b'\n', section).count();
        line_ends == self.all.len() + 2
            && section.ends_with(b"\r\n\r\n")
            && self.all.iter().all(|field| {
                let at = place(self.text, field.name.as_bytes());
                at.is_some_and(|at| section[..at].ends_with(b"\r\n"))
            })
    }

    /// The first field of this name.
    pub(super) fn first(&self, known: Known) -> Option<Field<'a>> {
        let mut all = self.all.iter().copied();
        all.find(|field| field.known == known)
    }
}

/// Where in `text` a part of it stands; nothing if it is no part of it.
pub(super) fn place(text: &[u8], part: &[u8]) -> Option<usize> {
    let at = part.as_ptr().addr().checked_sub(text.as_ptr().addr())?;
    (at + part.len() <= text.len()).then_some(at)
}
