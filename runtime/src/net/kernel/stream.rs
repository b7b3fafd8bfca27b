//! One connection of the kernel's.
//!
//! It owns the descriptor, the first error any call on it met, and the way the kernel would close
//! it right now. It waits for readiness that it clears itself, never shuts the read side (R27),
//! and never lets a connection that failed, or that was merely dropped, end like a clean one.

mod calls;

use super::{
    KernelPipe, options,
    reactor::{Alarm, Reactor, Told, Watched},
    share::Kept,
};
use crate::net::{Address, KEPT, Packed, Stream as _};
use rustix::{
    io::Errno,
    net::{RecvFlags, SendAncillaryBuffer, SendFlags, recv, sendmsg},
    pipe::{SpliceFlags, splice},
};
use socket2::Socket;
use std::{
    cell::Cell,
    fmt,
    io::{self, IoSlice},
    net::SocketAddr,
    rc::Rc,
};
use tidegate_core::{time::Span, vigil::Vigil};

/// Slices one call may carry: the kernel's UIO_MAXIOV.
const MOST_SLICES: usize = 1_024;

/// The send queue is sampled after 1 ms, and then at twice the wait, up to this (4.11, 8).
const SAMPLE_LEAST: Span = Span::from_ms(1);
const SAMPLE_MOST: Span = Span::from_ms(50);

/// What the SYN of a connection of ours counts for in `tcpi_bytes_acked`.
const SYN: u64 = 1;

/// One connection. Dropped without `close`, it is reset.
pub struct KernelStream {
    fd: Socket,
    watched: Watched,
    peer: Packed,
    /// The first error any call met (4.11, 2).
    latched: Option<Errno>,
    /// Bytes that the kernel has taken, counted as `tcpi_bytes_acked` is: with the SYN of a
    /// connection of ours.
    sent_bytes: u64,
    /// Whether reads, and writes, are still tried without waiting to hear that they may: on an
    /// accepted socket the first bytes are often there before the reactor's first word.
    eager_read: bool,
    eager_write: bool,
    /// Whether the last write left some behind: a splice may have met an error then, and kept it to itself.
    cut_short: bool,
    at_close: AtClose,
    /// Whether what is written may wait for FIN, and whether anything does.
    hold: Cell<Hold>,
    /// The wait for the next sample of the send queue: few connections have it, and none for long.
    sampler: Option<Box<Sampler>>,
    /// Whether the kernel watches; and for what, if not for what the listener has and most are told: [`KEPT`].
    watches: bool,
    vigil: Option<Box<Vigil>>,
    /// Whether the kernel sends small segments at once: what is written first goes at once anyway.
    nodelay: Cell<bool>,
    /// Counts it among those that its worker has accepted.
    _kept: Option<Kept>,
}

/// A socket, and its place in the reactor.
pub(super) type Registered = (Socket, Watched);

/// Whether the peer has said something that nobody has read.
pub(super) fn has_words(fd: &Socket) -> bool {
    matches!(recv(fd, &mut [0], RecvFlags::PEEK), Ok((_, 1)))
}

/// What the kernel does if the descriptor goes now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AtClose {
    /// RST: also when it is the process that goes.
    Reset,
    /// The same, though FIN is sent: nobody has looked yet whether the peer has it.
    Sent,
    /// The same, though FIN is acknowledged. If the peer's FIN has come too, there is no connection any
    /// more that a RST could end.
    Acked,
    /// FIN is sent, and its way is long; the kernel would deliver what is queued, and [`Drop`] resets.
    Finished,
    /// [`Stream::close`] was asked for.
    Closed,
}

/// What becomes of the last bytes of a write that do not fill a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hold {
    /// They leave at once.
    Off,
    /// They wait for FIN; none has come yet.
    Ready,
    /// Some wait. The kernel would send them 200 ms later by itself, so nobody may forget them.
    Holding,
}

#[derive(Debug)]
struct Sampler {
    alarm: Alarm,
    wait: Span,
    /// Whether the peer's FIN was here when the wait began.
    heard: bool,
    /// What the look before it has found.
    left: Option<u32>,
    /// Somebody cannot wait for the alarm.
    pressed: bool,
}

impl KernelStream {
    /// A socket that `accept` returned, with the options of its listener.
    pub(super) fn accepted(
        reactor: &Rc<Reactor>,
        socket: Socket,
        peer: SocketAddr,
        kept: Option<Kept>,
    ) -> io::Result<KernelStream> {
        let watched = Watched::new(reactor, &socket)?;
        let mut stream = KernelStream::connected((socket, watched), peer.into());
        stream._kept = kept;
        stream.sent_bytes = 0;
        stream.watches = true;
        stream.nodelay = Cell::new(true);
        stream.eager_read = true;
        stream.eager_write = true;
        Ok(stream)
    }

    /// A connected socket that carries [`options::dialled`].
    pub(super) fn connected((fd, watched): Registered, peer: Address) -> KernelStream {
        KernelStream {
            fd,
            watched,
            // What is written to a Unix socket is with its peer at once.
            nodelay: Cell::new(matches!(peer, Address::Unix(_))),
            peer: peer.into(),
            latched: None,
            sent_bytes: SYN,
            eager_read: false,
            eager_write: false,
            cut_short: false,
            at_close: AtClose::Reset,
            hold: Cell::new(Hold::Off),
            sampler: None,
            watches: false,
            vigil: None,
            _kept: None,
        }
    }

    /// A connection that has failed already, with words of its peer still to be read.
    pub(super) fn failed(fd: Registered, peer: Address, error: io::Error) -> KernelStream {
        let mut stream = KernelStream::connected(fd, peer);
        stream.latch(error);
        stream
    }

    /// A Unix socket has no network behind it (unix(7), Linux 6.18): what it has taken lies with its peer,
    /// so that nothing of it is ever unacknowledged, and nobody counts it; and nobody has to be asked
    /// whether it is still there, for whose process ends, ends the connection.
    /// Nor has it a word for RST. Its peer hears ECONNRESET of a close with bytes unread; of any other
    /// close, what was sent and then its end, and EPIPE if it goes on writing. So an abort from here ends
    /// the connection, and is told from a clean end only by what it carries: a length, chunks, TLS.
    fn is_unix(&self) -> bool {
        self.peer.is_unix()
    }

    /// What the kernel watches for.
    fn vigil(&self) -> Option<Vigil> {
        self.watches
            .then(|| self.vigil.as_deref().copied().unwrap_or(KEPT))
    }

    pub(super) fn socket(&self) -> &Socket {
        &self.fd
    }

    /// Keeps the first error, and tells it.
    fn latch(&mut self, error: io::Error) -> io::Error {
        match (self.latched, Errno::from_io_error(&error)) {
            (Some(first), _) => first.into(),
            (None, Some(errno)) => {
                self.latched = Some(errno);
                error
            }
            // The reactor is gone: nothing the kernel said.
            (None, None) => error,
        }
    }

    /// The latched error, or the one that waits in the socket, which it latches.
    fn failure(&mut self) -> Option<io::Error> {
        if let Some(first) = self.latched {
            return Some(first.into());
        }
        match self.socket().take_error() {
            Ok(None) => None,
            Ok(Some(error)) | Err(error) => Some(self.latch(error)),
        }
    }

    /// What a read meets that finds nothing: FIN, and nothing else (K9; 4.11, 3). It is none behind an error; nor
    /// where there is no connection any more although nothing of ours has ended it: that is an error which a
    /// splice was told of, behind bytes that it had sent, and whose telling is the only one (Linux 6.18).
    fn met_end(&mut self) -> io::Result<usize> {
        if let Some(first) = self.latched {
            return Err(first.into());
        }
        let untouched = self.at_close == AtClose::Reset;
        if self.cut_short && untouched && self.state() == Some("closed") {
            return Err(self.latch(Errno::CONNRESET.into()));
        }
        Ok(0)
    }

    /// Whether a splice that found nothing stands before the mark of urgent data, with a FIN behind it.
    fn stands_at_mark(&self) -> bool {
        !self.is_unix() && has_words(&self.fd)
    }

    /// Whether urgent data has been announced on this connection. A read stops short of its mark
    /// although more is queued, so a short read does not mean that the queue is empty.
    fn urgent(&self) -> bool {
        self.watched.told().has(Told::URGENT)
    }

    /// R01: what is sent first leaves at once anyway.
    fn hurries(&self) {
        if !self.nodelay.get() && self.sent_bytes > SYN {
            // It fails only on a connection that is gone, which says so by itself.
            let _gone = self.socket().set_tcp_nodelay(true);
            self.nodelay.set(true);
        }
    }

    fn send(&self, bufs: &[IoSlice<'_>]) -> rustix::io::Result<usize> {
        self.hurries();
        let mut flags = SendFlags::NOSIGNAL;
        if self.hold.get() != Hold::Off {
            flags |= SendFlags::MORE;
        }
        let mut nothing = SendAncillaryBuffer::default();
        let sent = match bufs {
            [one] => rustix::net::send(&self.fd, one, flags),
            many => sendmsg(&self.fd, many, &mut nothing, flags),
        };
        self.held(sent)
    }

    /// Sends from a pipe. There is no flag against SIGPIPE, which a program in Rust ignores from its
    /// beginning: EPIPE comes all the same.
    fn send_pipe(&self, pipe: &KernelPipe, n: usize) -> rustix::io::Result<usize> {
        self.hurries();
        let mut flags = SpliceFlags::NONBLOCK;
        if self.hold.get() != Hold::Off {
            flags |= SpliceFlags::MORE;
        }
        self.held(splice(pipe.read(), None, &self.fd, None, n, flags))
    }

    /// Whether what was sent waits for FIN now.
    fn held(&self, sent: rustix::io::Result<usize>) -> rustix::io::Result<usize> {
        match sent {
            Ok(_) if self.hold.get() == Hold::Ready => self.hold.set(Hold::Holding),
            // FIN will not come in this turn. The kernel sends what fills a buffer by itself (a
            // test says so), but under memory pressure it may be full with less.
            Err(Errno::AGAIN) => self.let_go(),
            Ok(_) | Err(_) => {}
        }
        sent
    }

    /// The queue is looked at after `wait`; `left` is what it holds, if that is known.
    fn sample_after(&mut self, wait: Span, heard: bool, left: Option<u32>) {
        let reactor = self.watched.reactor();
        let alarm = Alarm::new(reactor, reactor.now() + wait);
        self.sampler = Some(Box::new(Sampler {
            alarm,
            wait,
            heard,
            left,
            pressed: false,
        }));
    }

    /// From now on the queue ends as it should, even if the process does not. That costs a call, and a peer
    /// that is near has everything before it is made.
    fn ease(&mut self) {
        if options::close_by_fin(self.socket()).is_ok() {
            self.at_close = AtClose::Finished;
        }
    }

    /// Sends what waits for FIN.
    fn let_go(&self) {
        if self.hold.get() == Hold::Holding {
            self.hold.set(Hold::Ready);
            // Setting the option again pushes what is pending. It fails only on a connection
            // that is gone, which says so by itself.
            let _gone = self.socket().set_tcp_nodelay(true);
        }
    }
}

impl Drop for KernelStream {
    fn drop(&mut self) {
        match self.at_close {
            AtClose::Reset | AtClose::Sent | AtClose::Acked | AtClose::Closed => {}
            AtClose::Finished => {
                let armed = options::close_by_reset(self.socket());
                debug_assert!(armed.is_ok(), "the option takes no resources");
            }
        }
    }
}

impl fmt::Debug for KernelStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KernelStream")
            .field("peer", &self.peer.get())
            .field("latched", &self.latched)
            .field("at_close", &self.at_close)
            .finish_non_exhaustive()
    }
}
