//! The connections of a reactor: what each has told, and who waits for what.
//!
//! It owns a slot for each, of a few words, and its waker: a connection is one session's. What was told stays
//! until it is cleared; of what is closed or failed nothing is ever taken back by the kernel, so it is not
//! cleared at all (FIN), or only by whoever has found nothing behind it (ERR).

use super::Reactor;
use rustix::event::epoll::{self, EventData, EventFlags};
use std::{
    cell::RefCell,
    fmt, io, mem,
    os::fd::AsFd,
    rc::Rc,
    task::{Context, Poll, Waker},
};

/// Everything that a connection may ever report. EPOLLERR and EPOLLHUP are reported until it is closed
/// (4.11, 1), EPOLLPRI tells that short reads mean nothing. Each is told once, when it has become so.
const ALL: EventFlags = EventFlags::IN
    .union(EventFlags::OUT)
    .union(EventFlags::PRI)
    .union(EventFlags::RDHUP)
    .union(EventFlags::ET);

/// What the kernel calls something that is no connection, in a set.
pub(super) const NOBODY: EventData = EventData::new_u64(u64::MAX);

/// A set of what a connection can tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Told(u8);

impl Told {
    pub(in super::super) const READABLE: Told = Told(1);
    pub(in super::super) const WRITABLE: Told = Told(2);
    /// FIN has arrived, read or not.
    pub(in super::super) const READ_CLOSED: Told = Told(4);
    /// Nothing more can be written.
    pub(in super::super) const WRITE_CLOSED: Told = Told(8);
    /// Urgent data has been announced.
    pub(in super::super) const URGENT: Told = Told(16);
    /// It has failed.
    pub(in super::super) const FAILED: Told = Told(32);

    const fn and(self, other: Told) -> Told {
        Told(self.0 | other.0)
    }

    /// Whether any of `other` is in it.
    pub(in super::super) const fn has(self, other: Told) -> bool {
        self.0 & other.0 != 0
    }

    fn of(flags: EventFlags) -> Told {
        let has = |flag| flags.contains(flag);
        let when = |holds, told: Told| if holds { told } else { Told(0) };
        when(has(EventFlags::IN) || has(EventFlags::PRI), Told::READABLE)
            .and(when(has(EventFlags::OUT), Told::WRITABLE))
            .and(when(
                has(EventFlags::HUP) || has(EventFlags::RDHUP),
                Told::READ_CLOSED,
            ))
            .and(when(
                has(EventFlags::HUP) || has(EventFlags::ERR),
                Told::WRITE_CLOSED,
            ))
            .and(when(has(EventFlags::PRI), Told::URGENT))
            .and(when(has(EventFlags::ERR), Told::FAILED))
    }
}

/// What somebody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Wait {
    Read = 1,
    Write = 2,
    /// The connection's failure.
    Fault = 4,
    /// A FIN that nobody reads yet.
    Fin = 8,
}

impl Wait {
    const EACH: [Wait; 4] = [Wait::Read, Wait::Write, Wait::Fault, Wait::Fin];

    /// What ends it.
    const fn ends(self) -> Told {
        match self {
            Wait::Read => Told::READABLE.and(Told::READ_CLOSED),
            Wait::Write => Told::WRITABLE.and(Told::WRITE_CLOSED),
            Wait::Fault => Told::FAILED,
            Wait::Fin => Told::READ_CLOSED,
        }
    }
}

#[derive(Debug, Default)]
struct Slot {
    waker: Option<Waker>,
    /// Counts who has had it: what is told of one of them is not told to the next.
    holder: u32,
    told: Told,
    /// The waits that are on, of those in [`Wait`].
    waits: u8,
}

/// All slots.
#[derive(Default)]
pub(super) struct Sockets {
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// Lent to the call that fills it.
    pub(super) events: Vec<epoll::Event>,
}

impl Sockets {
    /// A slot, and what the kernel is to call it.
    fn take(&mut self) -> io::Result<(u32, u64)> {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                let next = u32::try_from(self.slots.len());
                let next = next.map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
                self.slots.push(Slot::default());
                next
            }
        };
        Ok((
            slot,
            u64::from(self.at(slot).holder) << 32 | u64::from(slot),
        ))
    }

    #[inline]
    fn at(&mut self, slot: u32) -> &mut Slot {
        &mut self.slots[slot as usize]
    }

    /// Takes back a slot, and its waker.
    fn give_back(&mut self, slot: u32) -> Option<Waker> {
        self.free.push(slot);
        let slot = self.at(slot);
        let holder = slot.holder.wrapping_add(1);
        let fresh = Slot {
            holder,
            ..Slot::default()
        };
        mem::replace(slot, fresh).waker
    }

    /// Notes what the kernel tells; who is to be woken by it.
    pub(super) fn told(&mut self, event: epoll::Event) -> Option<Waker> {
        let name = event.data.u64();
        #[allow(
            clippy::cast_possible_truncation,
            reason = "two halves, as they were put together"
        )]
        let (slot, holder) = (name as u32, (name >> 32) as u32);
        let slot = self.slots.get_mut(slot as usize)?;
        if slot.holder != holder {
            return None;
        }
        let told = Told::of(event.flags);
        slot.told = slot.told.and(told);
        let before = slot.waits;
        for wait in Wait::EACH {
            if told.has(wait.ends()) {
                slot.waits &= !(wait as u8);
            }
        }
        match before == slot.waits {
            true => None,
            false => slot.waker.clone(),
        }
    }
}

/// A connection's place in a reactor, for as long as it has one.
pub(in super::super) struct Watched {
    reactor: Rc<Reactor>,
    slot: u32,
}

impl Watched {
    /// Watches `socket`. When the last descriptor of it is closed, the kernel forgets it; see
    /// [`Watched::forget`].
    pub(in super::super) fn new(reactor: &Rc<Reactor>, socket: impl AsFd) -> io::Result<Watched> {
        let set = reactor.set()?;
        let (slot, name) = reactor.sockets.borrow_mut().take()?;
        let reactor = Rc::clone(reactor);
        let watched = Watched { reactor, slot };
        epoll::add(&set, socket, EventData::new_u64(name), ALL)?;
        Ok(watched)
    }

    /// The kernel forgets `socket` now, which lives on in other descriptors.
    pub(in super::super) fn forget(&self, socket: impl AsFd) {
        if let Some(set) = &*self.reactor.set.borrow() {
            // It is there: nobody else takes it out.
            let _gone = epoll::delete(set, socket);
        }
    }

    pub(in super::super) fn reactor(&self) -> &Rc<Reactor> {
        &self.reactor
    }

    fn sockets(&self) -> &RefCell<Sockets> {
        &self.reactor.sockets
    }

    /// What has been told, and not cleared.
    #[inline]
    pub(in super::super) fn told(&self) -> Told {
        self.sockets().borrow_mut().at(self.slot).told
    }

    /// It is so, as somebody else has found out.
    pub(in super::super) fn note(&self, told: Told) {
        let mut sockets = self.sockets().borrow_mut();
        let slot = sockets.at(self.slot);
        slot.told = slot.told.and(told);
    }

    /// It is so no more.
    #[inline]
    pub(in super::super) fn clear(&self, told: Told) {
        self.sockets().borrow_mut().at(self.slot).told.0 &= !told.0;
    }

    /// Ready while there is something told that ends this wait.
    #[inline]
    pub(in super::super) fn poll(&self, wait: Wait, cx: &Context<'_>) -> Poll<Told> {
        let mut sockets = self.sockets().borrow_mut();
        let slot = sockets.at(self.slot);
        if slot.told.has(wait.ends()) {
            return Poll::Ready(slot.told);
        }
        slot.waits |= wait as u8;
        let known = |waker: &Waker| waker.will_wake(cx.waker());
        if !slot.waker.as_ref().is_some_and(known) {
            let before = slot.waker.replace(cx.waker().clone());
            drop(sockets);
            // Whoever goes with it may have connections of its own.
            drop(before);
        }
        Poll::Pending
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        // Whoever goes with it may have connections of its own.
        let before = self.sockets().borrow_mut().give_back(self.slot);
        drop(before);
    }
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Watched").field(&self.told()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_of_one_is_not_told_to_the_next_in_its_place() {
        let mut sockets = Sockets::default();
        let (slot, name) = sockets.take().unwrap();
        let told = |name| epoll::Event {
            flags: EventFlags::IN,
            data: EventData::new_u64(name),
        };
        sockets.at(slot).waits = Wait::Read as u8;
        sockets.at(slot).waker = Some(Waker::noop().clone());
        assert!(sockets.told(told(name)).is_some());
        assert!(sockets.told(told(name)).is_none(), "nobody waits any more");
        sockets.give_back(slot);
        let (again, next) = sockets.take().unwrap();
        assert_eq!(again, slot);
        sockets.at(slot).waits = Wait::Read as u8;
        sockets.at(slot).waker = Some(Waker::noop().clone());
        assert!(sockets.told(told(name)).is_none());
        assert_eq!(sockets.at(slot).told, Told::default());
        assert!(sockets.told(told(next)).is_some());
    }
}
