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

/// Memory without bytes, by size.
struct Store {
    small: Vec<Vec<u8>>,
    large: Vec<Vec<u8>>,
}

impl Store {
    /// Memory for `bytes`, or for a small message if that is more.
    fn lend(&mut self, bytes: usize) -> Vec<u8> {
        match bytes {
            0..=SMALL_BYTES => self.small.pop(),
            _ => self.large.pop(),
        }
        .unwrap_or_else(|| {
            Vec::with_capacity(match bytes {
                0..=SMALL_BYTES => SMALL_BYTES,
                _ => bytes.max(LARGE_BYTES),
            })
        })
    }

    fn take_back(&mut self, mut memory: Vec<u8>) {
        let (shelf, most) = match memory.capacity() {
            0..SMALL_BYTES => return,
            SMALL_BYTES..LARGE_BYTES => (&mut self.small, SMALL_KEPT),
            LARGE_BYTES..=MOST_BYTES => (&mut self.large, LARGE_KEPT),
            _ => return,
        };
        if shelf.len() < most {
            memory.clear();
            shelf.push(memory);
        }
    }
}

fn lend(bytes: usize) -> Vec<u8> {
    STORE.with_borrow_mut(|store| store.lend(bytes))
}

fn give_back(memory: Vec<u8>) {
    if memory.capacity() > 0 {
        // A thread that ends has no store any more, and needs none.
        let _gone = STORE.try_with(|store| store.borrow_mut().take_back(memory));
    }
}

/// A queue of bytes that is taken from the front.
#[derive(Debug, Default)]
pub(super) struct Queue {
    bytes: Vec<u8>,
    taken: usize,
    keeps: bool,
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.bytes.len() - self.taken
    }

    pub(super) fn front(&self) -> &[u8] {
        &self.bytes[self.taken..]
    }

    /// Where a head is added, or a few bytes of framing.
    pub(super) fn tail(&mut self) -> &mut Vec<u8> {
        self.tail_for(0)
    }

    /// Where so many bytes are added.
    pub(super) fn tail_for(&mut self, bytes: usize) -> &mut Vec<u8> {
        self.room_for(bytes);
        &mut self.bytes
    }

    /// Adds `bytes`.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.room_for(bytes.len());
        self.bytes.extend_from_slice(bytes);
    }

    /// Makes room for `more` bytes, moving what is there once if it has to.
    fn room_for(&mut self, more: usize) {
        if !self.keeps && self.taken > 0 && self.taken * 2 >= self.bytes.len() {
            self.bytes.drain(..self.taken);
            self.taken = 0;
        }
        if self.bytes.capacity() == 0 {
            self.bytes = lend(more);
        } else if self.bytes.capacity() - self.bytes.len() < more {
            let mut wider = lend(self.bytes.len() + more);
            wider.extend_from_slice(&self.bytes);
            give_back(std::mem::replace(&mut self.bytes, wider));
        }
    }

    pub(super) fn take(&mut self, n: usize) {
        self.taken += n;
        assert!(
            self.taken <= self.bytes.len(),
            "nobody takes more than there is"
        );
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
        self.bytes.capacity() > 0
    }

    /// Everything that was kept waits to be taken again.
    pub(super) fn rewind(&mut self) {
        debug_assert!(self.keeps, "nothing was kept");
        self.taken = 0;
    }

    #[inline]
    fn free(&mut self) {
        if !self.keeps && self.taken == self.bytes.len() {
            self.clear();
        }
    }

    #[inline]
    pub(super) fn clear(&mut self) {
        if self.bytes.capacity() > 0 {
            give_back(std::mem::take(&mut self.bytes));
        }
        (self.taken, self.keeps) = (0, false);
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        give_back(std::mem::take(&mut self.bytes));
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
        assert_eq!((queue.len(), queue.bytes.capacity()), (0, 0));
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
        assert_eq!(queue.bytes.capacity(), 0);
    }

    #[test]
    fn memory_that_is_let_go_of_is_lent_again() {
        for bytes in [1, SMALL_BYTES, SMALL_BYTES + 1, LARGE_BYTES] {
            let mut queue = Queue::default();
            queue.push(&vec![7; bytes]);
            let memory = queue.bytes.as_ptr();
            queue.take(bytes);
            let mut other = Queue::default();
            other.push(&vec![8; bytes]);
            assert_eq!(other.bytes.as_ptr(), memory, "{bytes}");
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
            assert!(store.large.iter().all(|one| one.capacity() <= MOST_BYTES));
        });
    }
}
