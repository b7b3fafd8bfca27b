//! What was seen of one side, as its record will have it.
//!
//! It owns the memory for what most connections have nothing of, which is made when there is something to
//! write down.

use crate::{observe::Wired, port::Fault};
use std::ops::{Deref, DerefMut};

/// What was seen of one side. It reads as if all were here; to write what is rare makes memory for it.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Bytes that were read.
    pub(super) read: u64,
    /// Bytes that the transport has taken.
    pub(super) written: u64,
    rare: Option<Box<Rare>>,
}

/// See [`Wired`].
#[derive(Debug, Default)]
pub(super) struct Rare {
    pub(super) thrown: u64,
    pub(super) undelivered: u64,
    pub(super) fault: Option<Box<Fault>>,
    pub(super) state: Option<&'static str>,
}

static NOTHING: Rare = Rare {
    thrown: 0,
    undelivered: 0,
    fault: None,
    state: None,
};

impl Seen {
    /// So many bytes were read only to be thrown away.
    pub(super) fn throws(&mut self, bytes: u64) {
        if bytes > 0 {
            self.thrown += bytes;
        }
    }

    /// So many bytes had not been acknowledged when a leg was reset.
    pub(super) fn loses(&mut self, bytes: u32) {
        if bytes > 0 {
            self.undelivered += u64::from(bytes);
        }
    }

    /// There is a new leg, which nothing has gone wrong with.
    pub(super) fn forget_fault(&mut self) {
        if self.fault.is_some() {
            self.fault = None;
        }
    }

    /// All of it.
    pub(super) fn wired(&self) -> Wired {
        let Rare {
            thrown,
            undelivered,
            fault,
            state,
        } = &**self;
        Wired {
            read: self.read,
            thrown: *thrown,
            written: self.written,
            undelivered: *undelivered,
            fault: fault.clone(),
            state: *state,
        }
    }
}

impl Deref for Seen {
    type Target = Rare;

    fn deref(&self) -> &Rare {
        self.rare.as_deref().unwrap_or(&NOTHING)
    }
}

impl DerefMut for Seen {
    fn deref_mut(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }
}
