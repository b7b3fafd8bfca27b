//! System calls that no safe crate offers: the only place where `unsafe` is allowed.
//!
//! It owns nothing, never waits, and never lets a raw descriptor or pointer out.
#![allow(
    unsafe_code,
    reason = "an ioctl and a socket option that no crate wraps, a promise about a descriptor"
)]

use rustix::ioctl::{Getter, Opcode, ioctl};
use socket2::Socket;
use std::{
    ffi::c_int,
    io,
    os::fd::{AsFd, AsRawFd},
};
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

/// The fields of `SO_MEMINFO`, and which of them counts what was dropped.
const MEM_FIELDS: usize = 9;
const MEM_DROPS: usize = 8;

/// Segments that came for a socket and were dropped, by a filter or for want of room.
pub(crate) fn dropped(socket: impl AsFd) -> io::Result<u32> {
    let mut fields = [0_u32; MEM_FIELDS];
    let mut length = libc::socklen_t::try_from(size_of_val(&fields)).unwrap_or(0);
    // SAFETY: SO_MEMINFO writes at most `length` bytes of 32-bit counts to the array, which has
    // that many; both, and the descriptor, outlive the call.
    let failed = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_MEMINFO,
            fields.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    if failed == 0 {
        Ok(fields[MEM_DROPS])
    } else {
        Err(io::Error::last_os_error())
    }
}

/// The size of `struct tcp_info` of `linux/tcp.h` up to the last field used here; the structure
/// only ever grows at its end.
const INFO_BYTES: u8 = 148;

/// What the kernel counts of a TCP connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Info([u8; INFO_BYTES as usize]);

impl Info {
    /// `TCP_INFO` of a TCP socket; a kernel that knows less of it is an error.
    pub(crate) fn of(socket: impl AsFd) -> io::Result<Info> {
        let mut info = [0; INFO_BYTES as usize];
        let mut length = libc::socklen_t::from(INFO_BYTES);
        // SAFETY: TCP_INFO writes at most `length` bytes to the buffer, which has that many, and
        // says in `length` how many it wrote; both, and the descriptor, outlive the call.
        let failed = unsafe {
            libc::getsockopt(
                socket.as_fd().as_raw_fd(),
                libc::IPPROTO_TCP,
                libc::TCP_INFO,
                info.as_mut_ptr().cast(),
                &raw mut length,
            )
        };
        match failed {
            0 if length >= libc::socklen_t::from(INFO_BYTES) => Ok(Info(info)),
            0 => Err(io::ErrorKind::Unsupported.into()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// `tcpi_state`, in the words of OpenTelemetry's `network.connection.state`.
    pub(crate) fn state(&self) -> Option<&'static str> {
        tcp_state(self.0[0])
    }

    /// `tcpi_bytes_acked`: bytes that the peer has acknowledged. The SYN counts as one (K23).
    pub(crate) fn acked_bytes(&self) -> u64 {
        u64::from_ne_bytes(self.field(120))
    }

    /// `tcpi_segs_out`: segments sent, bare acknowledgements among them.
    #[cfg(test)]
    pub(crate) fn segments_out(&self) -> u32 {
        u32::from_ne_bytes(self.field(136))
    }

    /// `tcpi_notsent_bytes`: bytes accepted and not yet sent.
    #[cfg(test)]
    pub(crate) fn unsent_bytes(&self) -> u32 {
        u32::from_ne_bytes(self.field(144))
    }

    fn field<const N: usize>(&self, at: usize) -> [u8; N] {
        std::array::from_fn(|n| self.0[at + n])
    }
}

/// A state of `net/tcp_states.h`, in the words of OpenTelemetry's `network.connection.state`.
pub(crate) fn tcp_state(number: u8) -> Option<&'static str> {
    Some(match number {
        1 => "established",
        2 => "syn_sent",
        3 | 12 => "syn_received",
        4 => "fin_wait_1",
        5 => "fin_wait_2",
        6 => "time_wait",
        7 => "closed",
        8 => "close_wait",
        9 => "last_ack",
        10 => "listen",
        11 => "closing",
        _ => return None,
    })
}

/// Registers a socket with the reactor of the running tokio runtime.
pub(crate) fn register(socket: Socket, interest: Interest) -> io::Result<AsyncFd<Socket>> {
    // SAFETY: a `Socket` owns one descriptor, returns that one from every `as_raw_fd`, and closes
    // it only when it is dropped; inside the `AsyncFd` it is reached by shared reference alone.
    let registered = unsafe { AsyncFd::register_with_interest(socket, interest) };
    Ok(registered?)
}
