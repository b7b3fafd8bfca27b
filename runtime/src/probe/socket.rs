//! The probe's sockets: a connection whose every call has a limit of time, and the door at which
//! the probe listens as the origin.
//!
//! It owns descriptors and what the kernel says of them. It waits for the peer, never longer than
//! it is told to, and never ends a connection by itself.

use crate::sys;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    net::SendFlags,
};
use socket2::{Domain, SockFilter, SockRef, Socket, Type};
use std::{
    cell::Cell,
    io::{self, ErrorKind, Read},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    thread,
    time::Duration,
};

/// The payload of a segment on Ethernet. Without it a segment of the loopback may be larger than a
/// small window, and the kernel sends it by timer only.
const SEGMENT_BYTES: u32 = 1_448;

/// How long a reset waits for what was written before it (K18, K20).
const FLUSH: Duration = Duration::from_secs(1);

/// How often a free port is looked for, since others look for one too.
const TRIES: u32 = 100;

/// How many may wait to be accepted.
const BACKLOG: i32 = 128;

/// A filter of one instruction: return 0, the number of bytes to keep.
const DROP: [SockFilter; 1] = [SockFilter::new(6, 0, 0, 0)];

/// What one read brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// So many bytes.
    Bytes(usize),
    /// FIN.
    Fin,
    /// RST.
    Reset,
    /// Nothing within the limit.
    Nothing,
}

/// A connection in clear text.
#[derive(Debug)]
pub struct Plain {
    stream: TcpStream,
    /// A call has told of a reset. The kernel tells it once, and reads as FIN what comes then (K9).
    reset: Cell<bool>,
}

impl Plain {
    /// Connects. `narrow` is the size of the receive buffer, in bytes as given to the kernel.
    ///
    /// # Errors
    /// Those of the socket.
    pub fn connect(
        address: SocketAddr,
        narrow: Option<usize>,
        limit: Duration,
    ) -> io::Result<Plain> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        if let Some(bytes) = narrow {
            // Before the connect: the window is agreed there.
            socket.set_recv_buffer_size(bytes)?;
            socket.set_tcp_mss(SEGMENT_BYTES)?;
        }
        socket.connect_timeout(&address.into(), limit)?;
        Plain::of(socket.into(), limit)
    }

    fn of(stream: TcpStream, limit: Duration) -> io::Result<Plain> {
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(limit))?;
        Ok(Plain {
            stream,
            reset: Cell::new(false),
        })
    }

    /// Waits for a first byte, at most for `limit`, and takes nothing. `None`: none can come.
    #[must_use]
    pub fn wait(&self, limit: Duration) -> Option<bool> {
        self.stream.set_read_timeout(Some(limit)).ok()?;
        match self.stream.peek(&mut [0]) {
            Ok(0) => None,
            Ok(_) => Some(true),
            Err(error) if is_late(&error) => Some(false),
            Err(_) => {
                self.reset.set(true);
                None
            }
        }
    }

    /// Reads what there is, at most for `limit`.
    pub fn read(&mut self, buf: &mut [u8], limit: Duration) -> Heard {
        // A limit of zero would be none.
        let limit = limit.max(Duration::from_millis(1));
        match self
            .stream
            .set_read_timeout(Some(limit))
            .and_then(|()| self.stream.read(buf))
        {
            Ok(0) if self.reset.get() => Heard::Reset,
            Ok(0) => Heard::Fin,
            Ok(n) => Heard::Bytes(n),
            Err(error) if is_late(&error) => Heard::Nothing,
            // ECONNRESET, EPIPE behind a FIN, ETIMEDOUT: the connection is gone in each case.
            Err(_) => Heard::Reset,
        }
    }

    /// Writes all of `bytes`; `more` keeps back what does not fill a segment, for the FIN.
    ///
    /// # Errors
    /// How many bytes were taken, and why no more.
    pub fn write(&mut self, bytes: &[u8], more: bool) -> Result<(), (usize, String)> {
        let flags = if more {
            SendFlags::MORE | SendFlags::NOSIGNAL
        } else {
            SendFlags::NOSIGNAL
        };
        let mut sent = 0;
        while sent < bytes.len() {
            match rustix::net::send(&self.stream, &bytes[sent..], flags) {
                Ok(n) => sent += n,
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => {
                    return Err((sent, "it was not taken in time".to_owned()));
                }
                Err(error) => {
                    if error == rustix::io::Errno::CONNRESET {
                        self.reset.set(true);
                    }
                    return Err((sent, name(&error.into())));
                }
            }
        }
        Ok(())
    }

    /// Says FIN.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn fin(&self) -> Result<(), String> {
        self.stream
            .shutdown(Shutdown::Write)
            .map_err(|error| name(&error))
    }

    /// Waits until all that was written is acknowledged. The reset that follows is a close with
    /// `SO_LINGER{1,0}`: whoever lets go of it now resets.
    pub fn flush_for_reset(&self) {
        self.flush();
        // A socket that is gone already has nothing left to reset.
        let _gone = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
    }

    fn flush(&self) {
        for _ in 0..FLUSH.as_millis() {
            match sys::unacked(&self.stream) {
                Ok(1..) => thread::sleep(Duration::from_millis(1)),
                Ok(0) | Err(_) => break,
            }
        }
    }

    /// Makes the kernel drop every segment that comes, or ends that. What was written before has
    /// been acknowledged by then, unless that takes too long.
    ///
    /// # Errors
    /// Why it cannot: some kernels want a privilege for it.
    pub fn deafen(&self, deaf: bool) -> Result<(), String> {
        let socket = SockRef::from(&self.stream);
        let done = if deaf {
            self.flush();
            socket.attach_filter(&DROP)
        } else {
            socket.detach_filter()
        };
        done.map_err(|error| name(&error))
    }

    /// How many segments have been dropped, if the kernel says.
    #[must_use]
    pub fn losses(&self) -> Option<u32> {
        sys::dropped(&self.stream).ok()
    }

    /// Waits for an error without reading or writing, at most for `limit`.
    #[must_use]
    pub fn error(&self, limit: Duration) -> Option<String> {
        let timeout = Timespec::try_from(limit).ok()?;
        let mut fds = [PollFd::new(&self.stream, PollFlags::empty())];
        let ready = poll(&mut fds, Some(&timeout)).ok()?;
        if ready == 0 || !fds[0].revents().contains(PollFlags::ERR) {
            return None;
        }
        let error = SockRef::from(&self.stream).take_error().ok()?;
        Some(error.map_or_else(|| "an error".to_owned(), |error| name(&error)))
    }
}

fn is_late(error: &io::Error) -> bool {
    [ErrorKind::WouldBlock, ErrorKind::TimedOut].contains(&error.kind())
        && error.raw_os_error() != Some(rustix::io::Errno::TIMEDOUT.raw_os_error())
}

/// The kernel's word for an error, as far as it has one that people know.
fn name(error: &io::Error) -> String {
    let known = [
        (ErrorKind::BrokenPipe, "EPIPE"),
        (ErrorKind::ConnectionReset, "ECONNRESET"),
        (ErrorKind::NotConnected, "ENOTCONN"),
    ];
    let known = known.iter().find(|(kind, _)| *kind == error.kind());
    known.map_or_else(|| error.to_string(), |(_, name)| (*name).to_owned())
}

/// Whether who connects to `via` comes to a listener of this host at `door`.
pub(super) fn is_at(via: SocketAddr, door: SocketAddr) -> bool {
    let (mut to, at) = (via.ip().to_canonical(), door.ip().to_canonical());
    if to.is_unspecified() {
        // The kernel takes it for this host.
        to = match to {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        };
    }
    // Only an address of this host can be bound, and one of either family comes to `[::]`.
    let is_here = || TcpListener::bind((to, 0)).is_ok();
    let all = at.is_unspecified() && (at.is_ipv6() || to.is_ipv4()) && is_here();
    via.port() == door.port() && (to == at || all)
}

/// Where the probe listens as the origin.
#[derive(Debug)]
pub struct Door {
    address: SocketAddr,
    listener: TcpListener,
}

impl Door {
    /// Listens; port 0 is any.
    ///
    /// # Errors
    /// Those of the socket.
    pub fn open(address: SocketAddr) -> io::Result<Door> {
        let listener = if address.port() == 0 {
            Door::open_any(address)?
        } else {
            TcpListener::bind(address)?
        };
        Ok(Door {
            address: listener.local_addr()?,
            listener,
        })
    }

    /// A port that the kernel chose is given up when the door is shut; one that was asked for by
    /// its number is kept. So it is looked for first, and then asked for.
    fn open_any(mut address: SocketAddr) -> io::Result<TcpListener> {
        let mut last = io::Error::other("no port is free");
        for _ in 0..TRIES {
            address.set_port(0);
            let port = TcpListener::bind(address)?.local_addr()?.port();
            address.set_port(port);
            match TcpListener::bind(address) {
                Ok(listener) => return Ok(listener),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Where.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether connections of this host can be made deaf, and if not, why.
    ///
    /// # Errors
    /// The kernel's word.
    pub fn can_deafen(&self) -> Result<(), String> {
        // On the listener it would drop the next SYN; a socket of its own has none to expect.
        let domain = Domain::for_address(self.address);
        let socket = Socket::new(domain, Type::STREAM, None);
        let tried = socket.and_then(|socket| socket.attach_filter(&DROP));
        tried.map_err(|error| name(&error))
    }

    /// From now on who connects is refused; the address stays ours.
    ///
    /// # Errors
    /// Those of the socket.
    pub fn shut(&self) -> io::Result<()> {
        // Linux takes a listener out of that state, and keeps it bound.
        SockRef::from(&self.listener).shutdown(Shutdown::Read)
    }

    /// Listens, if it does not.
    ///
    /// # Errors
    /// Those of the socket.
    pub fn reopen(&self) -> io::Result<()> {
        Ok(rustix::net::listen(&self.listener, BACKLOG)?)
    }

    /// The next connection, if one comes within `limit`; its writes are as patient as
    /// `patience`.
    #[must_use]
    pub fn accept(&self, limit: Duration, patience: Duration) -> Option<Plain> {
        // On Linux it bounds `accept` as well.
        SockRef::from(&self.listener)
            .set_read_timeout(Some(limit))
            .ok()?;
        let (stream, _) = self.listener.accept().ok()?;
        Plain::of(stream, patience).ok()
    }

    /// Lets go of whoever waits to be accepted.
    pub fn clear(&self) {
        while self.accept(Duration::from_millis(1), FLUSH).is_some() {}
    }

    /// Fills the queue of those that wait to be accepted: the kernel drops the SYN of whoever
    /// comes next, which is sent again after a second.
    ///
    /// # Errors
    /// Those of the sockets.
    pub fn choke(&self) -> io::Result<Choke> {
        rustix::net::listen(&self.listener, 0)?;
        Ok(Choke(TcpStream::connect(self.address)?))
    }

    /// Ends that.
    ///
    /// # Errors
    /// Those of the sockets.
    pub fn release(&self, choke: Choke) -> io::Result<()> {
        self.reopen()?;
        drop(choke);
        // It is the only one in the queue.
        drop(self.accept(FLUSH, FLUSH));
        Ok(())
    }
}

/// What keeps the queue full.
#[derive(Debug)]
pub struct Choke(#[allow(dead_code, reason = "held for what it occupies")] TcpStream);
