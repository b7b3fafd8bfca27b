//! Memory that all TLS legs of a worker share: each borrows it for one call.

use super::{chunks::RECORD_BYTES, outgoing::BATCH_RECORDS};
use std::cell::RefCell;

/// A whole record of ciphertext, with what a version adds to it: the least that is asked for at a
/// time, however small the caller's buffer, and room for one that is sealed.
pub(super) const SEALED_BYTES: usize = RECORD_BYTES + 512;

/// The most ciphertext read at a time.
pub(super) const READ_BYTES: usize = 256 * 1024;

/// The most that may be held of a record, or of a handshake message in many, that is not complete.
pub(super) const HELD_BYTES: usize = 64 * 1024;

pub(super) struct Scratch {
    /// Ciphertext as it was read, behind what was held; it is decrypted where it lies.
    pub(super) read: Box<[u8]>,
    /// A batch of records.
    pub(super) sealed: Box<[u8]>,
    /// Plaintext that came in pieces.
    pub(super) joined: Vec<u8>,
}

thread_local! {
    pub(super) static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch {
        read: vec![0; HELD_BYTES + READ_BYTES].into_boxed_slice(),
        sealed: vec![0; BATCH_RECORDS * SEALED_BYTES].into_boxed_slice(),
        joined: Vec::new(),
    });
}
