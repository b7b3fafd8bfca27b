//! Sockets that never block, and what a call on one came to.

use rustix::{
    io::Errno,
    net::{
        AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, bind, connect, listen, recv,
        send, socket_with, sockopt,
    },
};
use std::{io, net::SocketAddr, os::fd::OwnedFd};

/// Connections that wait to be accepted. The kernel caps it at `somaxconn`.
const BACKLOG: i32 = 65_535;

const FLAGS: SocketFlags = SocketFlags::NONBLOCK.union(SocketFlags::CLOEXEC);

fn tcp(address: &SocketAddr) -> io::Result<OwnedFd> {
    let family = if address.is_ipv4() {
        AddressFamily::INET
    } else {
        AddressFamily::INET6
    };
    let socket = socket_with(family, SocketType::STREAM, FLAGS, None)?;
    sockopt::set_tcp_nodelay(&socket, true)?;
    Ok(socket)
}

/// Listens. What is accepted inherits `TCP_NODELAY`.
pub(crate) fn listener(address: &SocketAddr) -> io::Result<OwnedFd> {
    let socket = tcp(address)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    bind(&socket, address)?;
    listen(&socket, BACKLOG)?;
    Ok(socket)
}

/// Accepts, if someone waits.
pub(crate) fn accept(listener: &OwnedFd) -> io::Result<Option<OwnedFd>> {
    match rustix::net::accept_with(listener, FLAGS) {
        Ok(socket) => Ok(Some(socket)),
        Err(Errno::AGAIN | Errno::CONNABORTED) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Begins to connect. Over loopback it is usually done when this returns.
pub(crate) fn dial(address: &SocketAddr) -> io::Result<OwnedFd> {
    let socket = tcp(address)?;
    match connect(&socket, address) {
        Ok(()) | Err(Errno::INPROGRESS) => Ok(socket),
        Err(error) => Err(error.into()),
    }
}

/// Writes what is taken: `None` if that is nothing for now.
pub(crate) fn write(socket: &OwnedFd, bytes: &[u8]) -> io::Result<Option<usize>> {
    match send(socket, bytes, SendFlags::NOSIGNAL) {
        Ok(count) => Ok(Some(count)),
        Err(Errno::AGAIN) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Reads what is there: `None` if that is nothing for now.
pub(crate) fn read(socket: &OwnedFd, bytes: &mut [u8]) -> io::Result<Option<usize>> {
    take(socket, bytes, RecvFlags::empty())
}

/// Counts what is there, at most `bytes` of it, and throws it away without looking at it.
pub(crate) fn discard(socket: &OwnedFd, bytes: &mut [u8]) -> io::Result<Option<usize>> {
    take(socket, bytes, RecvFlags::TRUNC)
}

fn take(socket: &OwnedFd, bytes: &mut [u8], flags: RecvFlags) -> io::Result<Option<usize>> {
    match recv(socket, bytes, flags) {
        Ok((_, count)) => Ok(Some(count)),
        Err(Errno::AGAIN) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
