//! Readiness, edge-triggered: a descriptor is registered once, for everything, and never again.
//!
//! Whoever is told of something therefore reads until a read comes back short, and further if the
//! peer's end is already known.

use rustix::{
    buffer::spare_capacity,
    event::{Timespec, epoll},
    io::Errno,
};
use std::{
    io,
    os::fd::{AsFd, OwnedFd},
};

/// How many descriptors one wait tells of.
const BATCH: usize = 512;

pub(crate) struct Poll {
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
}

/// What a wait tells of one descriptor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ready {
    pub(crate) token: usize,
    /// The peer's end, or a failure, is there to be read.
    pub(crate) ended: bool,
}

impl Poll {
    pub(crate) fn new() -> io::Result<Poll> {
        Ok(Poll {
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            events: Vec::with_capacity(BATCH),
        })
    }

    pub(crate) fn add(&self, what: impl AsFd, token: usize) -> io::Result<()> {
        let flags = epoll::EventFlags::IN
            | epoll::EventFlags::OUT
            | epoll::EventFlags::RDHUP
            | epoll::EventFlags::ET;
        self.register(what, token, flags)
    }

    /// As `add`, but only for reading, and told again as long as something is there.
    pub(crate) fn add_level(&self, what: impl AsFd, token: usize) -> io::Result<()> {
        self.register(what, token, epoll::EventFlags::IN)
    }

    fn register(&self, what: impl AsFd, token: usize, flags: epoll::EventFlags) -> io::Result<()> {
        let data = epoll::EventData::new_u64(token as u64);
        epoll::add(&self.epoll, what, data, flags)?;
        Ok(())
    }

    /// Waits for something, for at most so many nanoseconds, and says how much there is.
    pub(crate) fn wait(&mut self, nanos: Option<u64>) -> io::Result<usize> {
        let limit = nanos.map(|nanos| Timespec {
            tv_sec: i64::try_from(nanos / 1_000_000_000).unwrap_or(i64::MAX),
            tv_nsec: i64::try_from(nanos % 1_000_000_000).unwrap_or(0),
        });
        self.events.clear();
        match epoll::wait(
            &self.epoll,
            spare_capacity(&mut self.events),
            limit.as_ref(),
        ) {
            Ok(_) | Err(Errno::INTR) => Ok(self.events.len()),
            Err(error) => Err(error.into()),
        }
    }

    /// One of those that the last wait told of.
    pub(crate) fn ready(&self, at: usize) -> Ready {
        let event = self.events[at];
        let flags = event.flags;
        let end = epoll::EventFlags::RDHUP | epoll::EventFlags::HUP | epoll::EventFlags::ERR;
        Ready {
            token: usize::try_from(event.data.u64()).unwrap_or(usize::MAX),
            ended: flags.intersects(end),
        }
    }
}
