//! A line's words, taken one after the other; numbers are written in one way only.

use std::str::SplitWhitespace;

/// The words of a line, one after the other.
pub(crate) struct Words<'a> {
    pub(super) rest: SplitWhitespace<'a>,
}

impl<'a> Words<'a> {
    pub(crate) fn of(text: &'a str) -> Words<'a> {
        Words {
            rest: text.split_whitespace(),
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.rest.clone().next().is_none()
    }

    pub(crate) fn next(&mut self) -> Result<&'a str, String> {
        self.rest
            .next()
            .ok_or_else(|| "something is missing at the end".to_owned())
    }

    pub(crate) fn expect(&mut self, word: &str) -> Result<(), String> {
        match self.next()? {
            found if found == word => Ok(()),
            found => Err(format!("`{word}` must stand here, not `{found}`")),
        }
    }

    /// Takes `word` if it is next.
    pub(crate) fn maybe(&mut self, word: &str) -> bool {
        let found = self.rest.clone().next() == Some(word);
        if found {
            self.rest.next();
        }
        found
    }

    pub(crate) fn number(&mut self) -> Result<u32, String> {
        decimal(self.next()?)
    }

    pub(crate) fn ms(&mut self) -> Result<u32, String> {
        let word = self.next()?;
        let digits = word.strip_suffix("ms");
        decimal(digits.ok_or_else(|| format!("`{word}` is no time, like 3ms"))?)
    }

    pub(crate) fn end(mut self) -> Result<(), String> {
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
