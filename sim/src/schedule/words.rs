//! A line's words, taken one after the other; numbers are written in one way only.

use std::str::SplitWhitespace;

/// The words of a line, one after the other.
pub(super) struct Words<'a> {
    pub(super) rest: SplitWhitespace<'a>,
}

impl<'a> Words<'a> {
    pub(super) fn next(&mut self) -> Result<&'a str, String> {
        self.rest
            .next()
            .ok_or_else(|| "something is missing at the end".to_owned())
    }

    pub(super) fn expect(&mut self, word: &str) -> Result<(), String> {
        match self.next()? {
            found if found == word => Ok(()),
            found => Err(format!("`{word}` must stand here, not `{found}`")),
        }
    }

    /// Takes `word` if it is next.
    pub(super) fn maybe(&mut self, word: &str) -> bool {
        let found = self.rest.clone().next() == Some(word);
        if found {
            self.rest.next();
        }
        found
    }

    pub(super) fn number(&mut self) -> Result<u32, String> {
        decimal(self.next()?)
    }

    pub(super) fn ms(&mut self) -> Result<u32, String> {
        let word = self.next()?;
        let digits = word.strip_suffix("ms");
        decimal(digits.ok_or_else(|| format!("`{word}` is no time, like 3ms"))?)
    }

    pub(super) fn end(mut self) -> Result<(), String> {
        match self.rest.next() {
            None => Ok(()),
            Some(more) => Err(format!("`{more}` is too much")),
        }
    }
}

fn decimal(word: &str) -> Result<u32, String> {
    let plain = word.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = plain && (word == "0" || !word.starts_with('0'));
    let number = word.parse().ok().filter(|_| canonical);
    number.ok_or_else(|| format!("`{word}` is no number"))
}
