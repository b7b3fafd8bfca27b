//! The kernel's pipes: what splice(2) moves bytes through.
//!
//! It owns a worker's pipes that are empty, and the count of all of them. It waits for nothing. It
//! never keeps a pipe that still holds bytes, or one that is smaller than was asked for.

use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};
use std::{
    cell::{Cell, RefCell},
    os::fd::OwnedFd,
    rc::Rc,
};

/// Pipes of a worker, at most. The kernel counts each user's pages of pipes, and makes pipes of two
/// pages where there are too many: it allows for 256 pipes of 256 KiB.
pub(super) const MOST: u32 = 128;

/// A pipe. Dropped, it takes along what is in it. Most relays have none: then it costs them a word.
#[derive(Debug)]
pub struct KernelPipe(Box<Ends>);

#[derive(Debug)]
struct Ends {
    read: OwnedFd,
    write: OwnedFd,
    bytes: u32,
    made: Rc<Cell<u32>>,
}

impl KernelPipe {
    pub(super) fn read(&self) -> &OwnedFd {
        &self.0.read
    }

    pub(super) fn write(&self) -> &OwnedFd {
        &self.0.write
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        self.made.set(self.made.get() - 1);
    }
}

/// A worker's pipes.
#[derive(Debug, Default)]
pub(super) struct Pipes {
    empty: RefCell<Vec<KernelPipe>>,
    made: Rc<Cell<u32>>,
}

impl Pipes {
    /// An empty pipe for so many bytes.
    pub(super) fn lend(&self, bytes: u32) -> Option<KernelPipe> {
        let kept = self.empty.borrow_mut().pop();
        // One of another size makes room.
        let kept = kept.filter(|pipe| pipe.0.bytes == bytes);
        kept.or_else(|| self.make(bytes))
    }

    /// The kernel may have no descriptors left for it, or no pages.
    fn make(&self, bytes: u32) -> Option<KernelPipe> {
        if self.made.get() >= MOST {
            return None;
        }
        let (read, write) = pipe_with(PipeFlags::NONBLOCK | PipeFlags::CLOEXEC).ok()?;
        let size = fcntl_setpipe_size(&write, bytes as usize).ok()?;
        if size < bytes as usize {
            return None;
        }
        self.made.set(self.made.get() + 1);
        Some(KernelPipe(Box::new(Ends {
            read,
            write,
            bytes,
            made: Rc::clone(&self.made),
        })))
    }

    /// Takes back a pipe that is empty.
    pub(super) fn put_back(&self, pipe: KernelPipe) {
        self.empty.borrow_mut().push(pipe);
    }
}
