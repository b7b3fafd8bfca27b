//! A queue of bytes, and the worker's store of memory for all of them.
//!
//! It owns bytes that wait to be understood or to be written. It holds memory only while it holds
//! bytes, or keeps those that were taken: an idle connection has none. What it lets go of goes to the
//! store, so that a worker that has warmed up asks nobody for memory.

use std::cell::RefCell;

/// A message's head, and a small body with it.
const SMALL_BYTES: usize = 4 * 1024;

/// What a relay holds at most, and a little more: a head, or the framing of chunks.
const LARGE_BYTES: usize = 64 * 1024 + SMALL_BYTES;

/// Memory beyond this goes back to the allocator: few messages need it.
const MOST_BYTES: usize = 4 * LARGE_BYTES;

/// How much of each size a worker keeps: 1 MiB of small, 4 MiB of large memory.
const SMALL_KEPT: usize = 256;
const LARGE_KEPT: usize = 64;

thread_local! {
    static STORE: RefCell<Store> = const { RefCell::new(Store { small: Vec::new(), large: Vec::new() }) };
}

/// Memory, and what was taken of the bytes in it.
#[derive(Debug, Default)]
struct Memory {
    bytes: Vec<u8>,
    taken: usize,
}

/// Memory without bytes, by size.
#[allow(clippy::vec_box, reason = "a queue that has none gives a word for it")]
struct Store {
    small: Vec<Box<Memory>>,
    large: Vec<Box<Memory>>,
}

impl Store {
    /// Memory for `bytes`, or for a small message if that is more.
    fn lend(&mut self, bytes: usize) -> Box<Memory> {
        match bytes {
            0..=SMALL_BYTES => self.small.pop(),
            _ => self.large.pop(),
        }
        .unwrap_or_else(|| {
            let bytes = Vec::with_capacity(match bytes {
                0..=SMALL_BYTES => SMALL_BYTES,
                _ => bytes.max(LARGE_BYTES),
            });
            Box::new(Memory { bytes, taken: 0 })
        })
    }

    fn take_back(&mut self, mut memory: Box<Memory>) {
        let (shelf, most) = match memory.bytes.capacity() {
            0..SMALL_BYTES => return,
            SMALL_BYTES..LARGE_BYTES => (&mut self.small, SMALL_KEPT),
            LARGE_BYTES..=MOST_BYTES => (&mut self.large, LARGE_KEPT),
            _ => return,
        };
        if shelf.len() < most {
            memory.bytes.clear();
            memory.taken = 0;
            shelf.push(memory);
        }
    }
}

fn lend(bytes: usize) -> Box<Memory> {
    STORE.with_borrow_mut(|store| store.lend(bytes))
}

fn give_back(memory: Box<Memory>) {
    // A thread that ends has no store any more, and needs none.
    let _gone = STORE.try_with(|store| store.borrow_mut().take_back(memory));
}

/// A queue of bytes that is taken from the front.
#[derive(Debug, Default)]
pub(super) struct Queue {
    memory: Option<Box<Memory>>,
    keeps: bool,
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.front().len()
    }

    pub(super) fn front(&self) -> &[u8] {
        match &self.memory {
            Some(memory) => &memory.bytes[memory.taken..],
            None => &[],
        }
    }

    /// Where a head is added, or a few bytes of framing.
    pub(super) fn tail(&mut self) -> &mut Vec<u8> {
        self.tail_for(0)
    }

    /// Where so many bytes are added, moving what is there once if they have no room.
    pub(super) fn tail_for(&mut self, more: usize) -> &mut Vec<u8> {
        let memory = self.memory.get_or_insert_with(|| lend(more));
        let Memory { bytes, taken } = &mut **memory;
        if !self.keeps && *taken > 0 && *taken * 2 >= bytes.len() {
            bytes.drain(..*taken);
            *taken = 0;
        }
        if bytes.capacity() - bytes.len() < more {
            let mut wider = lend(bytes.len() + more);
            wider.bytes.extend_from_slice(bytes);
            wider.taken = *taken;
            give_back(std::mem::replace(memory, wider));
        }
        &mut memory.bytes
    }

    /// Adds `bytes`.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.tail_for(bytes.len()).extend_from_slice(bytes);
        }
    }

    pub(super) fn take(&mut self, n: usize) {
        assert!(n <= self.len(), "nobody takes more than there is");
        if let Some(memory) = &mut self.memory {
            memory.taken += n;
        }
        self.free();
    }

    /// Whether bytes that are taken are kept, to be taken once more (U02).
    #[inline]
    pub(super) fn keep(&mut self, keeps: bool) {
        self.keeps = keeps;
        self.free();
    }

    #[inline]
    pub(super) fn keeps(&self) -> bool {
        self.keeps
    }

    #[inline]
    pub(super) fn has_memory(&self) -> bool {
        self.memory.is_some()
    }

    /// Everything that was kept waits to be taken again.
    pub(super) fn rewind(&mut self) {
        debug_assert!(self.keeps, "nothing was kept");
        if let Some(memory) = &mut self.memory {
            memory.taken = 0;
        }
    }

    #[inline]
    fn free(&mut self) {
        if !self.keeps && self.front().is_empty() {
            self.clear();
        }
    }

    #[inline]
    pub(super) fn clear(&mut self) {
        if let Some(memory) = self.memory.take() {
            give_back(memory);
        }
        self.keeps = false;
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pushed_is_taken_in_order_and_the_memory_goes() {
        let mut queue = Queue::default();
        queue.push(b"abc");
        queue.tail().extend_from_slice(b"def");
        queue.take(4);
        assert_eq!((queue.front(), queue.len()), (&b"ef"[..], 2));
        queue.push(&[7; 100_000]);
        assert_eq!(
            (&queue.front()[..3], queue.len()),
            (&b"ef\x07"[..], 100_002)
        );
        queue.take(100_002);
        assert_eq!((queue.len(), queue.has_memory()), (0, false));
    }

    #[test]
    fn u02_what_is_kept_can_be_taken_again() {
        let mut queue = Queue::default();
        queue.push(b"abcdef");
        queue.keep(true);
        queue.take(6);
        assert_eq!(queue.len(), 0);
        queue.push(b"gh");
        queue.rewind();
        assert_eq!(queue.front(), b"abcdefgh");
        queue.take(8);
        queue.keep(false);
        assert!(!queue.has_memory());
    }

    #[test]
    fn memory_that_is_let_go_of_is_lent_again() {
        for bytes in [1, SMALL_BYTES, SMALL_BYTES + 1, LARGE_BYTES] {
            let mut queue = Queue::default();
            queue.push(&vec![7; bytes]);
            let memory = queue.front().as_ptr();
            queue.take(bytes);
            let mut other = Queue::default();
            other.push(&vec![8; bytes]);
            assert_eq!(other.front().as_ptr(), memory, "{bytes}");
        }
    }

    #[test]
    fn the_store_is_bounded() {
        let memory: Vec<Queue> = (0..SMALL_KEPT + 10)
            .map(|_| {
                let mut queue = Queue::default();
                queue.push(b"x");
                queue
            })
            .collect();
        drop(memory);
        let mut huge = Queue::default();
        huge.push(&vec![7; MOST_BYTES + 1]);
        drop(huge);
        STORE.with_borrow(|store| {
            assert_eq!(store.small.len(), SMALL_KEPT);
            assert!(
                store
                    .large
                    .iter()
                    .all(|one| one.bytes.capacity() <= MOST_BYTES)
            );
        });
    }
}
