//! A network without peers: its connections say, take and acknowledge what a test tells them to,
//! and its clock goes on when the test says so.

use crate::net::{Address, Buffers, Listener, Network, Stream};
use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    future::{Future, Ready},
    io::{self, ErrorKind, IoSlice},
    net::SocketAddr,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};
use tidegate_core::{
    time::{Span, Time},
    vigil::Vigil,
};

/// What a connection says at its next read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Say {
    Bytes,
    Fin,
    Reset,
    /// Nothing a network does: our own failure.
    Panic,
}

/// How a connection came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Held,
    Closed,
    Reset,
}

/// One connection, seen and changed by the test.
#[derive(Debug)]
pub(crate) struct State {
    address: SocketAddr,
    says: RefCell<VecDeque<Say>>,
    /// Whether a FIN of ours can leave.
    blocked: Cell<bool>,
    finished: Cell<bool>,
    unacked: Cell<u32>,
    fate: Cell<Fate>,
    reads: Cell<u32>,
    waker: RefCell<Option<Waker>>,
}

/// The test's hand on a connection.
pub(crate) type Hand = Rc<State>;

impl State {
    pub(crate) fn fate(&self) -> Fate {
        self.fate.get()
    }

    pub(crate) fn has_finished(&self) -> bool {
        self.finished.get()
    }

    /// How often it was read.
    pub(crate) fn reads(&self) -> u32 {
        self.reads.get()
    }

    /// It says something, and whoever waits for it hears so.
    pub(crate) fn say(&self, say: Say) {
        self.say_unheard(say);
        self.wake();
    }

    /// It says something of which the reactor has not told yet.
    pub(crate) fn say_unheard(&self, say: Say) {
        self.says.borrow_mut().push_back(say);
    }

    /// Its peer's kernel has acknowledged all but `left`, of which nobody is told.
    pub(crate) fn leave_unacked(&self, left: u32) {
        self.unacked.set(left);
    }

    pub(crate) fn block(&self) {
        self.blocked.set(true);
    }

    /// Its peer's kernel has acknowledged everything.
    pub(crate) fn ack(&self) {
        self.unacked.set(0);
        self.wake();
    }

    pub(crate) fn wake(&self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn wait<T>(&self, cx: &Context<'_>) -> Poll<T> {
        self.waker.replace(Some(cx.waker().clone()));
        Poll::Pending
    }
}

/// The connection itself.
#[derive(Debug)]
pub(crate) struct FakeStream(Rc<State>);

impl Stream for FakeStream {
    type Pipe = ();

    fn poll_read(&mut self, cx: &mut Context<'_>, _: &mut [u8]) -> Poll<io::Result<usize>> {
        self.0.reads.set(self.0.reads.get() + 1);
        let said = self.0.says.borrow_mut().pop_front();
        match said {
            None => self.0.wait(cx),
            Some(Say::Bytes) => Poll::Ready(Ok(1)),
            Some(Say::Fin) => Poll::Ready(Ok(0)),
            Some(Say::Reset) => Poll::Ready(Err(ErrorKind::ConnectionReset.into())),
            Some(Say::Panic) => panic!("a test panics on purpose"),
        }
    }

    fn poll_write(&mut self, _: &mut Context<'_>, _: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        panic!("nothing is written on a spare leg");
    }

    fn pipes(&self) -> bool {
        false
    }

    fn poll_fill(&mut self, _: &mut Context<'_>, (): &mut (), _: usize) -> Poll<io::Result<usize>> {
        panic!("nothing passes a spare leg");
    }

    fn poll_drain(
        &mut self,
        _: &mut Context<'_>,
        (): &mut (),
        _: usize,
    ) -> Poll<io::Result<usize>> {
        panic!("nothing passes a spare leg");
    }

    fn poll_finish(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.0.blocked.get() {
            return self.0.wait(cx);
        }
        assert!(!self.0.finished.replace(true), "one FIN");
        Poll::Ready(Ok(()))
    }

    fn poll_fault(&mut self, _: &mut Context<'_>) -> Poll<io::Error> {
        Poll::Pending
    }

    fn poll_acked(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        assert!(self.0.finished.get());
        match self.0.unacked.get() {
            0 => Poll::Ready(Ok(())),
            _ => self.0.wait(cx),
        }
    }

    fn unacked(&self) -> io::Result<u32> {
        Ok(self.0.unacked.get())
    }

    fn poll_hint(&mut self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }

    fn watch(&mut self, _: Vigil) {}

    fn watches(&self, _: Vigil) -> bool {
        true
    }

    fn close(self) {
        self.0.fate.set(Fate::Closed);
    }

    fn reset(self) {}

    fn peer(&self) -> Address {
        self.0.address.into()
    }
}

impl Drop for FakeStream {
    fn drop(&mut self) {
        if self.0.fate() == Fate::Held {
            self.0.fate.set(Fate::Reset);
        }
    }
}

/// The network: a clock, and who sleeps by it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fake(Rc<Clock>);

#[derive(Debug, Default)]
struct Clock {
    now: Cell<Time>,
    sleepers: RefCell<Vec<Waker>>,
}

impl Fake {
    /// A connection to `address` whose peer has not acknowledged the byte it was sent last.
    pub(crate) fn open(&self, address: SocketAddr) -> (FakeStream, Hand) {
        let state = Rc::new(State {
            address,
            says: RefCell::default(),
            blocked: Cell::new(false),
            finished: Cell::new(false),
            unacked: Cell::new(1),
            fate: Cell::new(Fate::Held),
            reads: Cell::new(0),
            waker: RefCell::default(),
        });
        (FakeStream(Rc::clone(&state)), state)
    }

    /// How many hold this network, sleeps aside: one is each connection's task.
    pub(crate) fn holders(&self) -> usize {
        Rc::strong_count(&self.0)
    }

    pub(crate) fn pass(&self, span: Span) {
        self.0.now.set(self.0.now.get() + span);
        for waker in self.0.sleepers.take() {
            waker.wake();
        }
    }
}

impl Network for Fake {
    type Stream = FakeStream;
    type Listener = Nobody;
    type Connect = Ready<io::Result<FakeStream>>;
    type Sleep = Sleep;

    fn listen(&self, _: SocketAddr, _: Buffers) -> io::Result<Nobody> {
        Ok(Nobody)
    }

    fn connect(&self, _: impl Into<Address>, _: Buffers) -> Self::Connect {
        std::future::ready(Err(ErrorKind::ConnectionRefused.into()))
    }

    fn pipe(&self, _: u32) -> Option<()> {
        None
    }

    fn put_back(&self, (): ()) {}

    fn now(&self) -> Time {
        self.0.now.get()
    }

    fn sleep_until(&self, at: Time) -> Sleep {
        let net = self.clone();
        Sleep { net, at }
    }
}

#[derive(Debug)]
pub(crate) struct Sleep {
    net: Fake,
    at: Time,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.net.now() >= self.at {
            return Poll::Ready(());
        }
        self.net.0.sleepers.borrow_mut().push(cx.waker().clone());
        Poll::Pending
    }
}

#[derive(Debug)]
pub(crate) struct Nobody;

impl Listener for Nobody {
    type Stream = FakeStream;

    fn poll_accept(&mut self, _: &mut Context<'_>) -> Poll<io::Result<FakeStream>> {
        Poll::Pending
    }

    fn local(&self) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 0], 80))
    }
}
