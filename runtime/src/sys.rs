//! System calls that no safe crate offers: the only place where `unsafe` is allowed.
//!
//! It owns nothing, never waits, and never lets a raw descriptor or pointer out.
#![allow(
    unsafe_code,
    reason = "one ioctl that no crate wraps, one promise about a descriptor"
)]

use rustix::ioctl::{Getter, Opcode, ioctl};
use socket2::Socket;
use std::{ffi::c_int, io, os::fd::AsFd};
use tokio::io::{Interest, unix::AsyncFd};

/// `SIOCOUTQ`, which Linux defines as `TIOCOUTQ`.
#[cfg(not(any(
    target_arch = "mips",
    target_arch = "mips64",
    target_arch = "powerpc",
    target_arch = "powerpc64",
    target_arch = "sparc",
    target_arch = "sparc64",
)))]
const SIOCOUTQ: Opcode = 0x5411;

/// Bytes a TCP socket has accepted and its peer has not acknowledged; a FIN counts as one (K21).
pub(crate) fn unacked(socket: impl AsFd) -> io::Result<u32> {
    // SAFETY: SIOCOUTQ takes a pointer to one C int and writes it; a descriptor that is no socket
    // fails with an errno. `AsFd` keeps the descriptor open for the length of the call.
    let count = unsafe { ioctl(socket, Getter::<SIOCOUTQ, c_int>::new())? };
    Ok(u32::try_from(count).unwrap_or(0))
}

/// Registers a socket with the reactor of the running tokio runtime.
pub(crate) fn register(socket: Socket, interest: Interest) -> io::Result<AsyncFd<Socket>> {
    // SAFETY: a `Socket` owns one descriptor, returns that one from every `as_raw_fd`, and closes
    // it only when it is dropped; inside the `AsyncFd` it is reached by shared reference alone.
    let registered = unsafe { AsyncFd::register_with_interest(socket, interest) };
    Ok(registered?)
}
