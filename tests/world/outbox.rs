//! What waits to be written of HTTP in letters (`carry.rs`). It never knows what a letter means.

/// Letters that wait to be written: how often each, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Outbox(Vec<(u8, u32)>);

impl Outbox {
    pub(crate) fn len(&self) -> u32 {
        self.0.iter().map(|(_, n)| n).sum()
    }

    pub(super) fn push(&mut self, letter: u8, n: u32) {
        match self.0.last_mut() {
            Some((last, have)) if *last == b'b' && letter == b'b' => *have += n,
            Some(_) | None => self.0.push((letter, n)),
        }
    }

    /// Takes one byte; its letter, if that was the last of it.
    pub(super) fn take(&mut self) -> Option<u8> {
        let (letter, n) = self.0.first_mut()?;
        let letter = *letter;
        *n -= 1;
        if *n == 0 {
            self.0.remove(0);
            return Some(letter);
        }
        (letter == b'b').then_some(letter)
    }
}
