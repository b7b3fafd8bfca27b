//! A pipe as the simulated kernels have it.
//!
//! It owns the bytes in it. It waits for nothing, and never tells whose fault it is that a fill moved
//! nothing: a full pipe and an empty socket say the same, as on Linux (SIMULATION 5.4). Where it
//! differs: it has room by the byte, and not by the slot.

/// Bytes that pass unseen from one socket to another.
#[derive(Debug)]
pub struct Pipe {
    bytes: Vec<u8>,
    taken: usize,
    most: usize,
}

impl Pipe {
    /// An empty pipe that holds so many bytes.
    pub(crate) fn of(bytes: u32) -> Pipe {
        Pipe {
            bytes: Vec::new(),
            taken: 0,
            most: bytes as usize,
        }
    }

    /// What it still takes.
    pub(crate) fn room_bytes(&self) -> usize {
        self.most - self.front().len()
    }

    /// What is in it.
    pub(crate) fn front(&self) -> &[u8] {
        &self.bytes[self.taken..]
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        assert!(bytes.len() <= self.room_bytes(), "a pipe is of one size");
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn take(&mut self, n: usize) {
        self.taken += n;
        assert!(
            self.taken <= self.bytes.len(),
            "nothing comes out of nothing"
        );
    }
}
