//! A connect in progress.
//!
//! It owns the socket until the handshake is decided, waits for the socket to become writable,
//! and never tries a second address. A Unix socket whose listener's queue is full is tried again: it is
//! not told when there is room. Dropping it cancels the connect (R20): nothing is
//! established yet, so nothing is sent.

use super::{
    super::Buffers,
    options,
    reactor::{Alarm, Reactor, Told, Wait, Watched},
    stream::{KernelStream, Registered, has_words},
    tcp_socket,
};
use crate::net::Address;
use rustix::io::Errno;
use socket2::{Domain, SockAddr, Socket, Type};
use std::{
    future::Future,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};
use tidegate_core::time::Span;

/// A full queue is tried after 1 ms, and then at twice the wait, up to this.
const FULL_MOST: Span = Span::from_ms(50);
const FULL_LEAST: Span = Span::from_ms(1);

/// A connect in progress; dropping it cancels it.
#[derive(Debug)]
pub struct Connecting(State);

#[derive(Debug)]
enum State {
    /// It failed before there was anything to wait for.
    Failed(io::Error),
    /// SYN is sent.
    Sent { fd: Registered, peer: Address },
    /// The queue is full.
    Full {
        reactor: Rc<Reactor>,
        peer: Address,
        how: How,
        wait: Span,
        alarm: Alarm,
    },
    /// The result has been told.
    Told,
}

/// Whether there is something to say once it is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaks {
    AtOnce,
    Perhaps,
}

/// What is asked of the connection.
type How = (Buffers, Speaks);

impl Connecting {
    pub(super) fn new(reactor: &Rc<Reactor>, peer: Address, how: How) -> Connecting {
        Connecting(State::new(reactor, peer, how, FULL_LEAST))
    }
}

impl State {
    /// `wait`: how long, if the queue is full.
    fn new(reactor: &Rc<Reactor>, peer: Address, how: How, wait: Span) -> State {
        match begin(reactor, peer, how) {
            Ok(fd) => State::Sent { fd, peer },
            Err(error) if is_full(peer, &error) => State::Full {
                reactor: Rc::clone(reactor),
                peer,
                how,
                wait,
                alarm: Alarm::new(reactor, reactor.now() + wait),
            },
            Err(error) => State::Failed(error),
        }
    }
}

/// connect(2): of a Unix socket that does not block, EAGAIN says that the listener's queue is full.
fn is_full(peer: Address, error: &io::Error) -> bool {
    matches!(peer, Address::Unix(_)) && Errno::from_io_error(error) == Some(Errno::AGAIN)
}

/// Sends SYN. The socket is registered only behind it: one that has not begun to connect would
/// report a hang-up, and the reactor never forgets a hang-up.
fn begin(reactor: &Rc<Reactor>, peer: Address, (buffers, speaks): How) -> io::Result<Registered> {
    let (socket, to) = match peer {
        Address::Inet(address) => (tcp_socket(address)?, address.into()),
        Address::Unix(name) => unix_socket(name)?,
    };
    options::buffers(&socket, buffers)?;
    options::dialled(&socket)?;
    if speaks == Speaks::AtOnce && peer.inet().is_some() {
        options::speaks_at_once(&socket)?;
    }
    match socket.connect(&to) {
        Ok(()) => {}
        Err(error) if Errno::from_io_error(&error) == Some(Errno::INPROGRESS) => {}
        Err(error) => return Err(error),
    }
    let watched = Watched::new(reactor, &socket)?;
    Ok((socket, watched))
}

/// A Unix socket, and the address of `name`: a path, or `@` and a name in the abstract namespace.
fn unix_socket(name: &str) -> io::Result<(Socket, SockAddr)> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM.nonblocking(), None)?;
    let path = match name.strip_prefix('@') {
        Some(name) => format!("\0{name}"),
        None => name.to_owned(),
    };
    Ok((socket, SockAddr::unix(path)?))
}

impl Future for Connecting {
    type Output = io::Result<KernelStream>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        while let State::Full {
            reactor,
            peer,
            how,
            wait,
            alarm,
        } = &mut self.0
        {
            ready!(Pin::new(alarm).poll(cx));
            let next = Span(wait.0 * 2).min(FULL_MOST);
            self.0 = State::new(&Rc::clone(reactor), *peer, *how, next);
        }
        let mut established = false;
        if let State::Sent {
            fd: (_, watched), ..
        } = &self.0
        {
            let told = ready!(watched.poll(Wait::Write, cx));
            // A connect that fails hangs up, and so does a connection that is reset at once.
            established = !told.has(Told::WRITE_CLOSED);
        }
        Poll::Ready(match std::mem::replace(&mut self.0, State::Told) {
            State::Failed(error) => Err(error),
            State::Sent { fd, peer } if established => Ok(KernelStream::connected(fd, peer)),
            State::Sent { fd, peer } => match fd.0.take_error()? {
                // R10: a reset may already be behind the handshake, and words before it.
                Some(error) if has_words(&fd.0) => Ok(KernelStream::failed(fd, peer, error)),
                Some(error) => Err(error),
                None => Ok(KernelStream::connected(fd, peer)),
            },
            State::Full { .. } | State::Told => panic!("a connect tells its result once"),
        })
    }
}
