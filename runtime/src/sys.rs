//! System calls that no safe crate offers: the only place where `unsafe` is allowed.
//!
//! It owns nothing, never waits, and never lets a raw descriptor or pointer out.
#![allow(
    unsafe_code,
    reason = "an ioctl and a socket option that no crate wraps, promises about descriptors"
)]

use rustix::ioctl::{Getter, Opcode, ioctl};
use std::{
    ffi::{CString, c_int},
    io,
    mem::MaybeUninit,
    os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd},
    ptr,
    rc::Rc,
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

/// Room for what is said of a user, or of a group with some thousand members.
const ENTRY_BYTES: usize = 256 << 10;

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

/// The number of a user of this name, and that of its group.
pub(crate) fn user(name: &str) -> io::Result<Option<(u32, u32)>> {
    let name = CString::new(name)?;
    let mut entry = MaybeUninit::uninit();
    let mut text = vec![0; ENTRY_BYTES];
    let mut found = ptr::null_mut();
    // SAFETY: the name is a C string; the entry is written, its strings into `text`, whose length is
    // given, and `found` is set; all of them outlive the call. Only numbers leave.
    let failed = unsafe {
        let (to, bytes) = (entry.as_mut_ptr(), text.len());
        libc::getpwnam_r(name.as_ptr(), to, text.as_mut_ptr(), bytes, &raw mut found)
    };
    match failed {
        0 if found.is_null() => Ok(None),
        // SAFETY: not null: it points to `entry`, which was written.
        0 => Ok(Some(unsafe { ((*found).pw_uid, (*found).pw_gid) })),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}

/// The number of a group of this name.
pub(crate) fn group(name: &str) -> io::Result<Option<u32>> {
    let name = CString::new(name)?;
    let mut entry = MaybeUninit::uninit();
    let mut text = vec![0; ENTRY_BYTES];
    let mut found = ptr::null_mut();
    // SAFETY: as for a user.
    let failed = unsafe {
        let (to, bytes) = (entry.as_mut_ptr(), text.len());
        libc::getgrnam_r(name.as_ptr(), to, text.as_mut_ptr(), bytes, &raw mut found)
    };
    match failed {
        0 if found.is_null() => Ok(None),
        // SAFETY: not null: it points to `entry`, which was written.
        0 => Ok(Some(unsafe { (*found).gr_gid })),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}

/// From now on the process is this user, in this group and no other, and cannot go back. The C library does
/// this to every thread; the system call itself would to the one that makes it.
pub(crate) fn become_user(user: u32, group: u32) -> io::Result<()> {
    // SAFETY: the calls take numbers; a list of no groups may be null.
    let failed = unsafe {
        libc::setgroups(0, ptr::null()) != 0
            || libc::setresgid(group, group, group) != 0
            || libc::setresuid(user, user, user) != 0
    };
    match failed {
        false => Ok(()),
        true => Err(io::Error::last_os_error()),
    }
}

/// A descriptor that the process was started with, by its number, as what it is for us to own. It must be
/// asked for once, before any other thread is there.
pub(crate) fn inherited(fd: c_int) -> io::Result<OwnedFd> {
    // SAFETY: a number that is no descriptor fails with an errno before it is owned. One that is was
    // left open for us by whoever has started us, and said so; nothing of ours has it.
    let fd = unsafe {
        if libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) != 0 {
            return Err(io::Error::last_os_error());
        }
        OwnedFd::from_raw_fd(fd)
    };
    Ok(fd)
}

/// What is registered with the runtime's reactor: a set of sockets.
pub(crate) trait Held: AsRawFd {}
impl Held for Rc<OwnedFd> {}

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

/// Registers a set of sockets with the reactor of the running tokio runtime.
pub(crate) fn register<S: Held>(socket: S, interest: Interest) -> io::Result<AsyncFd<S>> {
    // SAFETY: an `OwnedFd` owns one descriptor, returns that one from every `as_raw_fd`, and closes it only
    // when it is dropped, which an `Rc` of it outlives; inside the `AsyncFd` it is reached by shared
    // reference alone.
    let registered = unsafe { AsyncFd::register_with_interest(socket, interest) };
    Ok(registered?)
}
