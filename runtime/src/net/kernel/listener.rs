//! Listening sockets, and who comes by them.
//!
//! It owns the sockets of one address: one of this worker's own, or those that were given to the process. It
//! waits for connections, and for those that other workers hand over; a connection that ended in the queue is
//! nobody's trouble.

use super::{
    Buffers, KernelStream, Listener, Share, options,
    reactor::{Reactor, Told, Wait, Watched},
    share::{Handed, Kept, LetterBox},
};
use rustix::{
    io::Errno,
    net::{SocketFlags, acceptfrom_with},
};
use socket2::Socket;
use std::{
    fmt, io,
    net::SocketAddr,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, ready},
};

/// A listening socket, or several that were given to us.
#[derive(Debug)]
pub struct KernelListener {
    pub(super) fds: Vec<Bound>,
    /// Which of them is asked next.
    pub(super) next: usize,
    /// What the sockets that we were given are still to carry, from the first look on: until then they are
    /// another's too, who may go on with them.
    pub(super) before: Option<Buffers>,
    pub(super) local: SocketAddr,
    pub(super) reactor: Rc<Reactor>,
    /// This worker's part of what all of them accept, and what others hand over.
    pub(super) share: Option<Share>,
    pub(super) handed: Option<LetterBox>,
    /// Whether it closes: then the queue itself is asked who is in it, and they stay here.
    pub(super) closes: bool,
}

/// One listening socket, which may be others' too.
pub(super) struct Bound {
    pub(super) socket: Arc<Socket>,
    pub(super) watched: Watched,
    /// Whether connections may be in its queue that came before it carried what ours carry.
    pub(super) queued: bool,
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
        let placed = match self.closes {
            true => Some(accepted),
            false => share.place(self.local, accepted),
        };
        match placed {
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
            if !self.closes {
                ready!(self.fds[nth].watched.poll(Wait::Read, cx));
            }
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
                    if self.closes {
                        return Poll::Pending;
                    }
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
        let Some(letters) = &mut self.handed else {
            return Poll::Pending;
        };
        match letters.poll(cx) {
            Poll::Ready((handed, kept)) => Poll::Ready(self.stream(handed, Some(kept))),
            Poll::Pending => Poll::Pending,
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

    fn closes(&mut self) {
        self.closes = true;
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
