//! The kernel's network: sockets on a reactor of its own, read and written by hand.
//!
//! It owns the options every socket of ours has, and the way a connection comes to be. It waits
//! for readiness only, never for the peer: nothing here blocks, retries a connect, or resolves a
//! name. What a connection does afterwards is in `stream`.

mod connecting;
mod diag;
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
pub use pipe::KernelPipe;
pub(crate) use question::{ask, ask_at_length};
pub use reactor::Alarm;
pub use share::{Share, Shares};
pub use sockets::{Sockets, listens_at};
pub use stream::KernelStream;

use self::{
    pipe::Pipes,
    reactor::{Reactor, Told, Wait, Watched},
    share::{Handed, Kept},
};
use super::{Address, Buffers, Listener, Network};
use crate::sys;
use rustix::{
    io::Errno,
    net::{SocketFlags, acceptfrom_with},
};
use socket2::{Domain, Protocol, Socket, Type};
use std::{
    fmt,
    future::Future,
    io,
    net::SocketAddr,
    os::fd::AsFd,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, ready},
};
use tidegate_core::time::Time;
use tokio::sync::mpsc::UnboundedReceiver;

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
        let before = given.is_some().then_some(buffers);
        let sockets = match given {
            Some(given) => given,
            None => vec![self.bound(address, buffers)?],
        };
        // A wildcard of both families may stand for that of one: it is known as it was asked for.
        let local = match before {
            Some(_) => address,
            None => sockets[0].local_addr()?.as_socket().unwrap_or(address),
        };
        let mut fds = Vec::new();
        for socket in sockets {
            socket.set_nonblocking(true)?;
            let socket = Arc::new(socket);
            if let Some(share) = &self.share {
                share.sockets().opened(local, &socket);
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
        })
    }

    fn connect(&self, address: impl Into<Address>, buffers: Buffers) -> Connecting {
        Connecting::new(&self.reactor, address.into(), buffers)
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
}

impl Kernel {
    /// A socket of this worker's own that listens at `address`; or another's, where the kernel has it that
    /// there can be one only: so it is with those that a supervisor opens.
    fn bound(&self, address: SocketAddr, buffers: Buffers) -> io::Result<Socket> {
        let own = listening(address, buffers);
        let taken = |error: &io::Error| error.kind() == io::ErrorKind::AddrInUse;
        match (own, &self.share) {
            (Err(error), Some(share)) if taken(&error) => {
                share.sockets().another(address).unwrap_or(Err(error))
            }
            (own, _) => own,
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

/// A listening socket, or several that were given to us.
#[derive(Debug)]
pub struct KernelListener {
    fds: Vec<Bound>,
    /// Which of them is asked next.
    next: usize,
    /// What the sockets that we were given are still to carry, from the first look on: until then they are
    /// another's too, who may go on with them.
    before: Option<Buffers>,
    local: SocketAddr,
    reactor: Rc<Reactor>,
    /// This worker's part of what all of them accept, and what others hand over.
    share: Option<Share>,
    handed: Option<UnboundedReceiver<Handed>>,
}

/// One listening socket, which may be others' too.
struct Bound {
    socket: Arc<Socket>,
    watched: Watched,
    /// Whether connections may be in its queue that came before it carried what ours carry.
    queued: bool,
}

impl Drop for Bound {
    fn drop(&mut self) {
        self.watched.forget(&*self.socket);
    }
}

impl fmt::Debug for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Bound").field(&self.socket).finish()
    }
}

impl KernelListener {
    /// Accepts one at the socket of this number; nothing if that is another worker's now.
    fn accept(&self, nth: usize) -> rustix::io::Result<Option<KernelStream>> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let bound = &self.fds[nth];
        let (socket, peer) = acceptfrom_with(&*bound.socket, flags)?;
        // The address is taken here: the peer may have reset by now, and then `getpeername`
        // fails with ENOTCONN (SIMULATION 2).
        let peer = peer.ok_or(Errno::CONNABORTED)?;
        let peer = SocketAddr::try_from(peer)?;
        let accepted = (Socket::from(socket), peer);
        if bound.queued {
            options::listener(&accepted.0).map_err(errno)?;
        }
        let Some(share) = &self.share else {
            return self.stream(accepted, None).map(Some);
        };
        match share.place(self.local, accepted) {
            Some(accepted) => self.stream(accepted, Some(share.keep(false))).map(Some),
            None => Ok(None),
        }
    }

    /// From now on these sockets are ours.
    fn begin(&mut self) -> io::Result<()> {
        if let Some(buffers) = self.before.take() {
            for bound in &self.fds {
                options::buffers(&bound.socket, buffers)?;
                options::listener(&bound.socket)?;
            }
        }
        Ok(())
    }

    /// Accepts one at the socket of this number.
    fn poll_one(&mut self, cx: &mut Context<'_>, nth: usize) -> Poll<io::Result<KernelStream>> {
        loop {
            let _told = ready!(self.fds[nth].watched.poll(Wait::Read, cx));
            match self.accept(nth) {
                Ok(Some(stream)) => return Poll::Ready(Ok(stream)),
                Ok(None) => {
                    // It has a seat of its own to find, and so has the next.
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Err(Errno::AGAIN) => {
                    self.fds[nth].watched.clear(Told::READABLE);
                    self.fds[nth].queued = false;
                }
                Err(errno) if lost_in_the_queue(errno) => {}
                // Descriptors or memory: the connection stays in the queue, and the caller
                // waits before it asks again (R25).
                Err(errno) => return Poll::Ready(Err(errno.into())),
            }
        }
    }

    fn stream(
        &self,
        (socket, peer): Handed,
        kept: Option<Kept>,
    ) -> rustix::io::Result<KernelStream> {
        KernelStream::accepted(&self.reactor, socket, peer, kept).map_err(errno)
    }

    /// What another worker has handed over.
    fn poll_handed(&mut self, cx: &mut Context<'_>) -> Poll<rustix::io::Result<KernelStream>> {
        let (Some(handed), Some(share)) = (&mut self.handed, &self.share) else {
            return Poll::Pending;
        };
        match handed.poll_recv(cx) {
            Poll::Ready(Some(handed)) => {
                let kept = share.keep(true);
                Poll::Ready(self.stream(handed, Some(kept)))
            }
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }
}

fn errno(error: io::Error) -> Errno {
    Errno::from_io_error(&error).unwrap_or(Errno::NOMEM)
}

impl Listener for KernelListener {
    type Stream = KernelStream;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<KernelStream>> {
        self.begin()?;
        if let Poll::Ready(handed) = self.poll_handed(cx) {
            return Poll::Ready(Ok(handed?));
        }
        for _ in 0..self.fds.len() {
            let nth = self.next;
            self.next = (nth + 1) % self.fds.len();
            if let Poll::Ready(accepted) = self.poll_one(cx, nth) {
                return Poll::Ready(accepted);
            }
        }
        Poll::Pending
    }

    fn local(&self) -> SocketAddr {
        self.local
    }
}

/// Whether `accept` tells of a connection that ended in the queue, which is gone with the telling.
/// Linux passes on errors already pending on the new socket: accept(2), "Error handling".
fn lost_in_the_queue(errno: Errno) -> bool {
    [
        Errno::INTR,
        Errno::CONNABORTED,
        Errno::PROTO,
        Errno::PERM,
        Errno::NETDOWN,
        Errno::NOPROTOOPT,
        Errno::HOSTDOWN,
        Errno::NONET,
        Errno::HOSTUNREACH,
        Errno::OPNOTSUPP,
        Errno::NETUNREACH,
        Errno::TIMEDOUT,
    ]
    .contains(&errno)
}
