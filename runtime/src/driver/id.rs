//! The ids of requests: one a request, told to its origin, its client and the log alike.
//!
//! Owns the number of the last request of a connection, or what its client called it. It never asks
//! for memory, unless a client's id is kept.

use crate::config::Ids;
use std::{cell::RefCell, num::NonZeroU64};
use tidegate_core::{
    draws::Draws,
    http1::{ID_BYTES, RequestHead, Wording, request_id},
};

/// Where the ids of a listener come from, in one worker: none is given twice.
#[derive(Debug)]
pub struct Numbers {
    whose: u64,
    which: RefCell<Draws>,
}

impl Numbers {
    /// Numbers that nobody has who has another seed.
    #[must_use]
    pub fn new(seed: u64) -> Numbers {
        let mut draws = Draws::new(seed);
        Numbers {
            whose: draws.draw(),
            which: RefCell::new(draws),
        }
    }

    fn draw(&self) -> NonZeroU64 {
        loop {
            if let Some(number) = NonZeroU64::new(self.which.borrow_mut().draw()) {
                return number;
            }
        }
    }
}

/// The id of a connection's last request.
#[derive(Debug, Default)]
pub(super) struct Id {
    /// The number of one of ours.
    which: Option<NonZeroU64>,
    /// A client's.
    kept: Vec<u8>,
}

impl Id {
    /// A request has come.
    pub(super) fn begin(&mut self, ids: Ids, head: &RequestHead<'_>, numbers: &Numbers) {
        self.forget();
        match (ids, head.id()) {
            (Ids::Off, _) => {}
            (Ids::Keep, Some(id)) => self.kept.extend_from_slice(id),
            (Ids::Keep, None) | (Ids::Make, _) => self.which = Some(numbers.draw()),
        }
    }

    /// The next request, if it is one, has none yet.
    pub(super) fn forget(&mut self) {
        self.which = None;
        self.kept.clear();
    }

    /// What the origin is told, if anything.
    pub(super) fn told<'a>(&'a self, numbers: &Numbers, space: &'a mut Space) -> Option<&'a [u8]> {
        if !self.kept.is_empty() {
            return Some(&self.kept);
        }
        *space = request_id(numbers.whose, self.which?.get());
        Some(space)
    }

    /// How many bytes of it a reply of ours has.
    pub(super) fn bytes(&self) -> u8 {
        match self.kept.len() {
            0 => ID_BYTES,
            bytes => u8::try_from(bytes).expect("bug: an id of a client's beyond its limit"),
        }
    }

    /// What a reply of ours says: one is made for it if nobody else was to hear of one.
    pub(super) fn said<'a>(
        &'a mut self,
        wording: Wording,
        numbers: &Numbers,
        space: &'a mut Space,
    ) -> &'a [u8] {
        if wording.id_bytes == 0 {
            return b"";
        }
        if self.kept.is_empty() {
            self.which.get_or_insert_with(|| numbers.draw());
        }
        self.told(numbers, space).unwrap_or_default()
    }
}

/// Room for an id of ours.
pub(super) type Space = [u8; ID_BYTES as usize];
