//! One step in sixteen bytes: what happened, how long after the step before, and two counts.
//!
//! It owns the layout, and the order in which small values are put beside each other. What stands
//! where for which event is `event.rs`'s.

use core::{fmt, str::FromStr};

/// One entry of a recorder: a tag of 8 bits, small values in 24, microseconds since the entry before in
/// 32, and two counts of 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Entry([u32; 4]);

impl Entry {
    /// Of these parts; `delta` is for later.
    #[inline]
    pub(super) const fn new(tag: u8, small: Small, x: u32, y: u32) -> Self {
        Entry([((tag as u32) << 24) | small.bits, 0, x, y])
    }

    /// The same, so many microseconds after the entry before.
    #[inline]
    pub(super) const fn after(self, delta: u32) -> Self {
        let [head, _, x, y] = self.0;
        Entry([head, delta, x, y])
    }

    /// What it is an entry of.
    pub(super) const fn tag(self) -> u8 {
        self.0[0].to_be_bytes()[0]
    }

    /// Its small values.
    pub(super) const fn small(self) -> Small {
        Small {
            bits: self.0[0] & ((1 << Small::BITS) - 1),
            used: 0,
        }
    }

    /// Microseconds since the entry before.
    pub(super) const fn delta(self) -> u32 {
        self.0[1]
    }

    /// The first count.
    pub(super) const fn x(self) -> u32 {
        self.0[2]
    }

    /// The second count.
    pub(super) const fn y(self) -> u32 {
        self.0[3]
    }

    /// One count in the place of both.
    pub(super) const fn wide(self) -> u64 {
        ((self.0[2] as u64) << 32) | self.0[3] as u64
    }

    /// An entry of one count in the place of both.
    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "the halves of a number")]
    pub(super) const fn of_wide(tag: u8, wide: u64) -> Self {
        Entry::new(tag, Small::NONE, (wide >> 32) as u32, wide as u32)
    }
}

impl fmt::Display for Entry {
    /// 32 digits, the tag first.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|word| write!(f, "{word:08x}"))
    }
}

impl FromStr for Entry {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !digits {
            return Err(());
        }
        let mut words = [0; 4];
        for (n, word) in words.iter_mut().enumerate() {
            *word = u32::from_str_radix(&text[8 * n..8 * n + 8], 16).map_err(|_| ())?;
        }
        Ok(Entry(words))
    }
}

/// A value that is one of few, and the bits that it needs.
pub(super) trait Coded: Sized {
    /// How many bits.
    const BITS: u32;

    /// Its number.
    fn code(self) -> u32;

    /// The value with this number, if there is one.
    fn decoded(code: u32) -> Option<Self>;
}

/// Small values beside each other, to be taken in the order in which they were put.
#[derive(Clone, Copy, Debug)]
pub(super) struct Small {
    bits: u32,
    used: u32,
}

impl Small {
    /// What is left beside the tag.
    const BITS: u32 = 24;

    /// None.
    pub(super) const NONE: Small = Small { bits: 0, used: 0 };

    /// These, and one more.
    #[inline]
    pub(super) fn with<T: Coded>(self, value: T) -> Self {
        debug_assert!(self.used + T::BITS <= Small::BITS, "no room for a value");
        Small {
            bits: self.bits | (value.code() << self.used),
            used: self.used + T::BITS,
        }
    }

    /// The next one; nothing if its number is no value's.
    pub(super) fn take<T: Coded>(&mut self) -> Option<T> {
        let code = self.bits & ((1 << T::BITS) - 1);
        self.bits >>= T::BITS;
        T::decoded(code)
    }

    /// Nothing is left.
    pub(super) fn is_over(self) -> Option<()> {
        (self.bits == 0).then_some(())
    }
}
