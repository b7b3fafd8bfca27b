//! The system calls of a socket as values, so that one script can be played on any socket.
//!
//! It owns the words of a call and of its answer, as a transcript shows them. None of the calls
//! waits.

use super::{Fin, Life, Socket, Wire, count};
use crate::errno::Errno;
use std::{fmt, io::IoSlice, task::Poll};

/// A system call on a connected socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// `send` of so many bytes, without waiting.
    Write(u32),
    /// `recv` of at most so many bytes, without waiting.
    Read(u32),
    /// `shutdown(SHUT_WR)`.
    Shutdown,
    /// `getsockopt(SO_ERROR)`, which takes the error.
    TakeError,
    /// `poll` for everything, without waiting.
    Poll,
    /// `ioctl(SIOCOUTQ)`.
    Unacked,
}

/// What a call says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It is done, and says nothing.
    Done,
    /// So many bytes.
    Bytes(u32),
    /// `EAGAIN`.
    Again,
    /// It failed.
    Failed(Errno),
    /// No error waits.
    NoError,
    /// What epoll would say.
    Ready(Readiness),
}

/// What `poll` says of a socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    /// `POLLIN`.
    pub input: bool,
    /// `POLLOUT`.
    pub output: bool,
    /// `POLLRDHUP`.
    pub read_hangup: bool,
    /// `POLLHUP`.
    pub hangup: bool,
    /// `POLLERR`.
    pub error: bool,
}

impl Socket {
    /// What `recv` would find.
    pub(super) fn queued_bytes(&self) -> usize {
        self.queue.len()
    }

    /// What epoll would say.
    pub(super) fn readiness(&self) -> Readiness {
        let dead = self.life == Life::Dead;
        let (no_more_in, no_more_out) = (self.fin_arrived || dead, self.fin != Fin::Open || dead);
        Readiness {
            input: !self.queue.is_empty() || no_more_in,
            output: no_more_out || self.room_bytes() > 0,
            // K5: told behind unread bytes too, for the FIN has arrived.
            read_hangup: no_more_in,
            // K17: both ends are no failure.
            hangup: no_more_in && no_more_out,
            error: self.error.is_some(),
        }
    }

    /// Does `call`.
    pub(super) fn call(&mut self, call: Call, wire: &mut impl Wire) -> Told {
        let bytes = |n: usize| Told::Bytes(count(n));
        let moved = |moved: Poll<Result<usize, Errno>>| match moved {
            Poll::Ready(moved) => moved.map_or_else(Told::Failed, bytes),
            Poll::Pending => Told::Again,
        };
        match call {
            Call::Write(n) => moved(self.write(&[IoSlice::new(&vec![b'x'; n as usize])], wire)),
            Call::Read(n) => moved(self.read(&mut vec![0; n as usize], wire)),
            Call::Shutdown => match self.shutdown(wire) {
                Ok(()) => Told::Done,
                Err(errno) => Told::Failed(errno),
            },
            Call::TakeError => self.take_error().map_or(Told::NoError, Told::Failed),
            Call::Poll => Told::Ready(self.readiness()),
            Call::Unacked => Told::Bytes(self.unacked_bytes()),
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Call::Write(n) => write!(f, "write {n}"),
            Call::Read(n) => write!(f, "read {n}"),
            Call::Shutdown => f.write_str("shutdown"),
            Call::TakeError => f.write_str("error"),
            Call::Poll => f.write_str("poll"),
            Call::Unacked => f.write_str("unacked"),
        }
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Told::Done => f.write_str("ok"),
            Told::Bytes(n) => write!(f, "{n}"),
            Told::Again => f.write_str("EAGAIN"),
            Told::Failed(errno) => errno.fmt(f),
            Told::NoError => f.write_str("none"),
            Told::Ready(readiness) => readiness.fmt(f),
        }
    }
}

impl fmt::Display for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [
            (self.input, "in"),
            (self.output, "out"),
            (self.read_hangup, "rdhup"),
            (self.hangup, "hup"),
            (self.error, "err"),
        ];
        let told: Vec<&str> = words
            .into_iter()
            .filter_map(|(is, word)| is.then_some(word))
            .collect();
        f.write_str(if told.is_empty() { "-" } else { "" })?;
        f.write_str(&told.join("+"))
    }
}
