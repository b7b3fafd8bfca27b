//! A stream in memory: two byte pipes whose room, cuts and chunk sizes the test decides.

use crate::net::{Address, Stream};
use std::{
    cell::{RefCell, RefMut},
    collections::VecDeque,
    io::{self, ErrorKind, IoSlice},
    net::SocketAddr,
    rc::Rc,
    task::{Context, Poll},
};
use tidegate_core::vigil::Vigil;

/// How the stream under test came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Held,
    Closed,
    Reset,
    Dropped,
}

/// What is on the wire, seen and changed by the test.
#[derive(Debug)]
pub(super) struct Wire {
    /// On its way to the stream under test.
    pub(super) inward: VecDeque<u8>,
    /// A FIN behind it, or a failure.
    pub(super) inward_fin: bool,
    pub(super) inward_error: Option<ErrorKind>,
    /// Written by the stream under test and not yet taken.
    pub(super) outward: VecDeque<u8>,
    /// How many more bytes it may write before it is full.
    pub(super) room: usize,
    /// The most bytes one call moves.
    pub(super) chunk: usize,
    /// FINs it has sent.
    pub(super) fins: usize,
    /// Whether the last writes were said to be the last.
    pub(super) held: bool,
    /// Calls that wrote.
    pub(super) writes: usize,
    pub(super) fate: Fate,
}

/// The stream under test.
#[derive(Debug)]
pub(super) struct Memory(Rc<RefCell<Wire>>);

/// The test's hand on the wire.
#[derive(Clone, Debug)]
pub(super) struct Hand(Rc<RefCell<Wire>>);

pub(super) fn memory() -> (Memory, Hand) {
    let wire = Rc::new(RefCell::new(Wire {
        inward: VecDeque::new(),
        inward_fin: false,
        inward_error: None,
        outward: VecDeque::new(),
        room: usize::MAX,
        chunk: usize::MAX,
        fins: 0,
        held: false,
        writes: 0,
        fate: Fate::Held,
    }));
    (Memory(Rc::clone(&wire)), Hand(wire))
}

impl Hand {
    pub(super) fn wire(&self) -> RefMut<'_, Wire> {
        self.0.borrow_mut()
    }

    pub(super) fn take_outward(&self) -> Vec<u8> {
        self.wire().outward.drain(..).collect()
    }
}

impl Stream for Memory {
    type Pipe = ();

    fn pipes(&self) -> bool {
        false
    }

    fn poll_fill(&mut self, _: &mut Context<'_>, (): &mut (), _: usize) -> Poll<io::Result<usize>> {
        panic!("nothing passes a TLS leg unseen");
    }

    fn poll_drain(
        &mut self,
        _: &mut Context<'_>,
        (): &mut (),
        _: usize,
    ) -> Poll<io::Result<usize>> {
        panic!("nothing passes a TLS leg unseen");
    }

    fn poll_read(&mut self, _: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut wire = self.0.borrow_mut();
        let n = wire.inward.len().min(buf.len()).min(wire.chunk);
        if n > 0 {
            for (slot, byte) in buf.iter_mut().zip(wire.inward.drain(..n)) {
                *slot = byte;
            }
            return Poll::Ready(Ok(n));
        }
        match wire.inward_error {
            Some(kind) => Poll::Ready(Err(kind.into())),
            None if wire.inward_fin => Poll::Ready(Ok(0)),
            None => Poll::Pending,
        }
    }

    fn poll_write(&mut self, _: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let mut wire = self.0.borrow_mut();
        assert_eq!(wire.fins, 0, "nothing is written behind a FIN");
        let most = wire.room.min(wire.chunk);
        if most == 0 {
            return Poll::Pending;
        }
        let bytes: Vec<u8> = bufs.iter().flat_map(|buf| buf.iter().copied()).collect();
        let n = bytes.len().min(most);
        assert!(n > 0, "a write has bytes");
        wire.outward.extend(&bytes[..n]);
        wire.room -= n;
        wire.writes += 1;
        Poll::Ready(Ok(n))
    }

    fn poll_finish(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.borrow_mut().fins += 1;
        Poll::Ready(Ok(()))
    }

    fn hold_for_finish(&mut self, hold: bool) {
        self.0.borrow_mut().held = hold;
    }

    fn poll_fault(&mut self, _: &mut Context<'_>) -> Poll<io::Error> {
        match self.0.borrow().inward_error {
            Some(kind) => Poll::Ready(kind.into()),
            None => Poll::Pending,
        }
    }

    fn poll_acked(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.0.borrow().outward.is_empty() {
            true => Poll::Ready(Ok(())),
            false => Poll::Pending,
        }
    }

    fn unacked(&self) -> io::Result<u32> {
        let wire = self.0.borrow();
        Ok(u32::try_from(wire.outward.len() + wire.fins).unwrap())
    }

    fn poll_hint(&mut self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }

    fn watch(&mut self, _: Vigil) {}

    fn watches(&self, _: Vigil) -> bool {
        true
    }

    fn close(self) {
        self.0.borrow_mut().fate = Fate::Closed;
    }

    fn reset(self) {
        self.0.borrow_mut().fate = Fate::Reset;
    }

    fn peer(&self) -> Address {
        SocketAddr::from(([192, 0, 2, 1], 1)).into()
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        let mut wire = self.0.borrow_mut();
        if wire.fate == Fate::Held {
            wire.fate = Fate::Dropped;
        }
    }
}
