//! The kernel's network: sockets on a reactor of its own, read and written by hand.
//!
//! It owns the options every socket of ours has, and the way a connection comes to be. It waits
//! for readiness only, never for the peer: nothing here blocks, retries a connect, or resolves a
//! name. What a connection does afterwards is in `stream`.

mod connecting;
mod diag;
mod listener;
mod options;
mod pipe;
mod question;
mod reactor;
mod share;
mod sockets;
mod stream;
#[cfg(test)]
mod tests;

pub use connecting::Connecting;
pub(crate) use diag::connections;
pub use listener::KernelListener;
pub use pipe::KernelPipe;
pub(crate) use question::{ask, ask_at_length, interface};
pub use reactor::Alarm;
pub use share::{Share, Shares};
pub use sockets::{Sockets, listens_at};
pub use stream::KernelStream;

use self::{
    connecting::Speaks,
    listener::Bound,
    pipe::Pipes,
    reactor::{Reactor, Watched},
};
use super::{Address, Buffers, Listener, Network};
use crate::sys;
use socket2::{Domain, Protocol, Socket, Type};
use std::{future::Future, io, net::SocketAddr, os::fd::AsFd, rc::Rc, sync::Arc, task::Waker};
use tidegate_core::time::Time;

/// Connections that may wait to be accepted; the kernel lowers it to `net.core.somaxconn`.
const BACKLOG: i32 = 4_096;

/// The network of this machine.
#[derive(Clone, Debug)]
pub struct Kernel {
    reactor: Rc<Reactor>,
    share: Option<Share>,
    pipes: Rc<Pipes>,
}

impl Kernel {
    /// The network, its time beginning now. Its sockets belong to [`Kernel::run`]; or, if that is not
    /// called, to the tokio runtime and the `LocalSet` on which they are made.
    #[must_use]
    pub fn new() -> Kernel {
        Kernel {
            reactor: Reactor::new(),
            share: None,
            pipes: Rc::default(),
        }
    }

    /// The same for one of several workers, which share what they accept.
    #[must_use]
    pub fn sharing(share: Share) -> Kernel {
        Kernel {
            share: Some(share),
            ..Kernel::new()
        }
    }

    /// Runs `future` on this thread, which rests in the network alone. What it spawns is on a `LocalSet` of
    /// its own; there is no runtime, so nothing may ask one for the time or for sockets.
    ///
    /// # Errors
    ///
    /// There are no descriptors to rest with.
    pub fn run<F: Future>(&self, future: F) -> io::Result<F::Output> {
        self.reactor.run(future)
    }
}

/// An address that is ours to listen at: while this lives, nobody else finds its port free.
#[derive(Debug)]
pub struct Claim {
    /// The address, its port the real one.
    pub address: SocketAddr,
    _bound: Socket,
}

/// Makes sure that nobody listens at `address`, which `SO_REUSEPORT` would hide from a worker, and
/// finds the port where any will do. It is bound and never listens, so it takes no connections.
///
/// # Errors
///
/// Why it cannot be bound.
pub fn claim(address: SocketAddr) -> io::Result<Claim> {
    let socket = tcp_socket(address)?;
    // Connections of an earlier process that are not quite gone do not stand in the way.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    Ok(Claim {
        address: socket.local_addr()?.as_socket().unwrap_or(address),
        _bound: socket,
    })
}

/// Bytes that a TCP socket of anybody's has accepted and its peer has not acknowledged; a FIN counts
/// as one (K21).
///
/// # Errors
///
/// What the kernel says of a descriptor that is no TCP socket.
pub fn unacked(socket: impl AsFd) -> io::Result<u32> {
    sys::unacked(socket)
}

impl Default for Kernel {
    fn default() -> Self {
        Kernel::new()
    }
}

impl Network for Kernel {
    type Stream = KernelStream;
    type Listener = KernelListener;
    type Connect = Connecting;
    type Sleep = Alarm;

    fn listen(&self, address: SocketAddr, buffers: Buffers) -> io::Result<KernelListener> {
        let given = self.share.as_ref().map(|share| share.given(address));
        let given = given.filter(|given| !given.is_empty());
        let taken = given.is_some();
        let (sockets, inherited) = match given {
            Some(given) => (given, true),
            None => self.bound(address, buffers)?,
        };
        let before = inherited.then_some(buffers);
        // A wildcard of both families may stand for that of one: it is known as it was asked for.
        let local = match before {
            Some(_) => address,
            None => sockets[0].local_addr()?.as_socket().unwrap_or(address),
        };
        let mut fds = Vec::new();
        for socket in sockets {
            socket.set_nonblocking(true)?;
            // What was given is open since it was taken.
            if let (false, Some(share)) = (taken, &self.share) {
                share.opened(local, &socket);
            }
            fds.push(Bound {
                watched: Watched::new(&self.reactor, &*socket)?,
                socket,
                queued: before.is_some(),
            });
        }
        let share = self.share.clone();
        Ok(KernelListener {
            fds,
            next: 0,
            before,
            local,
            reactor: Rc::clone(&self.reactor),
            handed: share.as_ref().map(|share| share.listens(local)),
            share,
            closes: false,
        })
    }

    fn connect(&self, address: impl Into<Address>, buffers: Buffers) -> Connecting {
        Connecting::new(&self.reactor, address.into(), (buffers, Speaks::Perhaps))
    }

    fn connect_to_speak(&self, address: impl Into<Address>, buffers: Buffers) -> Connecting {
        Connecting::new(&self.reactor, address.into(), (buffers, Speaks::AtOnce))
    }

    fn pipe(&self, bytes: u32) -> Option<KernelPipe> {
        self.pipes.lend(bytes)
    }

    fn put_back(&self, pipe: KernelPipe) {
        self.pipes.put_back(pipe);
    }

    fn now(&self) -> Time {
        self.reactor.now()
    }

    fn sleep_until(&self, at: Time) -> Self::Sleep {
        Alarm::new(&self.reactor, at)
    }

    fn wake_behind(&self, who: &Waker) {
        self.reactor.wake_behind(who);
    }
}

impl Kernel {
    /// A socket of this worker's own that listens at `address`; or those that are there, where the kernel does
    /// not let us have one more: so it is with one that a supervisor opens, and with an address that needs root
    /// once the rights of root were given up. Says whether they are such.
    fn bound(&self, address: SocketAddr, buffers: Buffers) -> io::Result<(Vec<Arc<Socket>>, bool)> {
        let refused = [io::ErrorKind::AddrInUse, io::ErrorKind::PermissionDenied];
        match (listening(address, buffers), &self.share) {
            (Err(error), Some(share)) if refused.contains(&error.kind()) => {
                let shared = share.shared(address)?;
                match shared.is_empty() {
                    true => Err(error),
                    false => Ok((shared.into_iter().map(Arc::new).collect(), true)),
                }
            }
            (own, _) => own.map(|socket| (vec![Arc::new(socket)], false)),
        }
    }
}

fn listening(address: SocketAddr, buffers: Buffers) -> io::Result<Socket> {
    let socket = tcp_socket(address)?;
    // One listener a worker, on the same address: the kernel spreads connections over them.
    socket.set_reuse_port(true)?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // Whatever is set before `listen` is inherited, and costs an accepted socket no call.
    options::buffers(&socket, buffers)?;
    options::listener(&socket)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket)
}

/// A TCP socket for `address`, non-blocking and closed on exec.
fn tcp_socket(address: SocketAddr) -> io::Result<Socket> {
    let kind = Type::STREAM.nonblocking();
    Socket::new(Domain::for_address(address), kind, Some(Protocol::TCP))
}
