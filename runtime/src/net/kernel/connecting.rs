//! A connect in progress.
//!
//! It owns the socket until the handshake is decided, waits for the socket to become writable,
//! and never tries a second address. Dropping it cancels the connect (R20): nothing is
//! established yet, so nothing is sent.

use super::{
    super::Buffers,
    options,
    stream::{self, KernelStream},
    tcp_socket,
};
use rustix::{
    io::Errno,
    net::{RecvFlags, recv},
};
use socket2::Socket;
use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::unix::AsyncFd;

/// A connect in progress; dropping it cancels it.
#[derive(Debug)]
pub struct Connecting(State);

#[derive(Debug)]
enum State {
    /// It failed before there was anything to wait for.
    Failed(io::Error),
    /// SYN is sent.
    Sent {
        fd: AsyncFd<Socket>,
        peer: SocketAddr,
    },
    /// The result has been told.
    Told,
}

impl Connecting {
    pub(super) fn new(peer: SocketAddr, buffers: Buffers) -> Connecting {
        Connecting(match begin(peer, buffers) {
            Ok(fd) => State::Sent { fd, peer },
            Err(error) => State::Failed(error),
        })
    }
}

/// Sends SYN. The socket is registered only behind it: one that has not begun to connect would
/// report a hang-up, and the reactor never forgets a hang-up.
fn begin(peer: SocketAddr, buffers: Buffers) -> io::Result<AsyncFd<Socket>> {
    let socket = tcp_socket(peer)?;
    options::buffers(&socket, buffers)?;
    options::dialled(&socket)?;
    match socket.connect(&peer.into()) {
        Ok(()) => {}
        Err(error) if Errno::from_io_error(&error) == Some(Errno::INPROGRESS) => {}
        Err(error) => return Err(error),
    }
    stream::register(socket)
}

/// Whether the peer has said anything.
fn has_words(fd: &AsyncFd<Socket>) -> bool {
    matches!(recv(fd, &mut [0], RecvFlags::PEEK), Ok((_, 1)))
}

impl Future for Connecting {
    type Output = io::Result<KernelStream>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut established = false;
        if let State::Sent { fd, .. } = &self.0 {
            let mut guard = ready!(fd.poll_write_ready(cx))?;
            // A connect that fails hangs up, and so does a connection that is reset at once.
            established = !guard.ready().is_write_closed();
            // The socket stays writable once it is connected: the readiness is kept.
            guard.retain_ready();
        }
        Poll::Ready(match std::mem::replace(&mut self.0, State::Told) {
            State::Failed(error) => Err(error),
            State::Sent { fd, peer } if established => Ok(KernelStream::connected(fd, peer)),
            State::Sent { fd, peer } => match fd.get_ref().take_error()? {
                // R10: a reset may already be behind the handshake, and words before it.
                Some(error) if has_words(&fd) => Ok(KernelStream::failed(fd, peer, error)),
                Some(error) => Err(error),
                None => Ok(KernelStream::connected(fd, peer)),
            },
            State::Told => panic!("a connect tells its result once"),
        })
    }
}
