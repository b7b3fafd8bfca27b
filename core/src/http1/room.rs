//! Room for the fields of a head.
//!
//! It is large, so a reader of heads has it where it is to stay, and lends it to the head. It never
//! judges what is in it.

use super::fields::{Field, Fields, Known};
use super::text::line_feeds;
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
    /// Where their lines begin and end, if they came as they would be written.
    block: Option<Block>,
}

/// Lines that stand in a text as they would be written, one behind the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) from: usize,
    pub(super) to: usize,
}

impl<'a> Room<'a> {
    /// Takes in what the parser has found in `text`.
    pub(super) fn fill(&mut self, text: &'a [u8], headers: &[httparse::Header<'a>]) {
        let mut seen = 0;
        self.all.clear();
        self.all.reserve(headers.len());
        for header in headers {
            let field = Field::from(header);
            seen |= field.known.bit();
            self.all.push(field);
        }
        (self.text, self.seen) = (text, seen);
        self.block = block(text, headers);
    }

    /// What is in it, where it is.
    pub(super) fn lend(&self) -> Fields<'_> {
        Fields::lent(self.text, &self.all, self.seen, self.block)
    }

    /// What is in it, to be kept.
    pub(super) fn into_fields(self) -> Fields<'a> {
        Fields::kept(self.text, self.all.into_vec(), self.seen, self.block)
    }

    /// Whether so many bytes of the text are a whole section of lines, as a reader would find that does
    /// not know what the lines say (`text::section_end`): each line ends with CR LF, there is no other
    /// LF, and the last line alone is empty.
    pub(super) fn is_section(&self, length: usize) -> bool {
        let Some(section) = self.text.get(..length) else {
            return false;
        };
        let begins = |at: usize| section[..at].ends_with(b"\r\n");
        let lines_end = match self.block {
            Some(Block { from, to }) => begins(from) && section.get(to..) == Some(b"\r\n"),
            None => {
                let place = |field: &Field<'_>| place(self.text, field.name.as_bytes());
                let mut places = self.all.iter().map(place);
                section.ends_with(b"\r\n\r\n") && places.all(|at| at.is_some_and(begins))
            }
        };
        // One before each field, one behind the last line that says anything, one behind the empty one.
        lines_end && line_feeds(section) == self.all.len() + 2
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

/// The lines of `headers`, if they are a block of `text`.
fn block(text: &[u8], headers: &[httparse::Header<'_>]) -> Option<Block> {
    let from = place(text, headers.first()?.name.as_bytes())?;
    let mut rest = text.get(from..)?;
    for httparse::Header { name, value } in headers {
        if !core::ptr::eq(rest.as_ptr(), name.as_ptr()) {
            return None;
        }
        let behind = rest.get(name.len()..)?.strip_prefix(b": ")?;
        if !value.is_empty() && !core::ptr::eq(behind.as_ptr(), value.as_ptr()) {
            return None;
        }
        rest = behind.get(value.len()..)?.strip_prefix(b"\r\n")?;
    }
    let to = text.len() - rest.len();
    Some(Block { from, to })
}
