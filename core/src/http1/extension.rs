//! Chunk extensions: none is known, all are read by the letter and ignored (RFC 9112, 7.1.1).
//!
//! Owns the place inside of them. White space that the grammar has to be read with (BWS) is; a name
//! that is missing, a quote that stays open and a line end inside of one are where two readers part,
//! and are refused.

use super::reject::Fault;
use super::text::is_token;

/// Where in the extensions of one chunk the reader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// In the space before a `;`.
    Gap,
    /// Behind a `;`, before the name.
    Before,
    /// In a name.
    Name,
    /// In the space behind a name.
    Named,
    /// Behind a `=`, before the value.
    Equals,
    /// In a value without quotes.
    Value,
    /// In quotes.
    Quoted,
    /// Behind a backslash in quotes.
    Escaped,
    /// Behind the closing quote.
    Closed,
}

/// What one byte leads to.
pub(super) enum Step {
    /// Further extensions, or the rest of this one.
    To(Place),
    /// The CR behind the last.
    Over,
}

impl Place {
    /// Takes one byte.
    pub(super) fn step(self, byte: u8) -> Result<Step, Fault> {
        let space = matches!(byte, b' ' | b'\t');
        // The CR ends the line where an extension may end.
        if byte == b'\r' && matches!(self, Place::Name | Place::Value | Place::Closed) {
            return Ok(Step::Over);
        }
        let token = is_token(&[byte]);
        let to = match self {
            // chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )
            Place::Gap if space => Place::Gap,
            Place::Gap | Place::Name | Place::Named | Place::Value | Place::Closed
                if byte == b';' =>
            {
                Place::Before
            }
            Place::Before if space => Place::Before,
            Place::Before | Place::Name if token => Place::Name,
            Place::Name | Place::Named if byte == b'=' => Place::Equals,
            Place::Name | Place::Named if space => Place::Named,
            Place::Equals if space => Place::Equals,
            Place::Equals | Place::Value if token => Place::Value,
            Place::Equals if byte == b'"' => Place::Quoted,
            Place::Value | Place::Closed if space => Place::Gap,
            // RFC 9110, 5.6.4.
            Place::Quoted if byte == b'"' => Place::Closed,
            Place::Quoted if byte == b'\\' => Place::Escaped,
            Place::Quoted | Place::Escaped if space || matches!(byte, b'!'..=b'~' | 0x80..) => {
                Place::Quoted
            }
            Place::Gap
            | Place::Before
            | Place::Name
            | Place::Named
            | Place::Equals
            | Place::Value
            | Place::Quoted
            | Place::Escaped
            | Place::Closed => return Err(Fault::ChunkExtension),
        };
        Ok(Step::To(to))
    }
}
