//! Faults: what a failed call on a transport means, in the core's words.
//!
//! This file owns the one mapping from what the kernel and the TLS engine say to a [`Cause`]. It
//! waits for nothing, and never decides what a fault does to the other leg.

use rustix::io::Errno;
use std::{
    fmt,
    io::{self, ErrorKind},
};
use tidegate_core::ending::Cause;

/// The call that met the fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// A connect.
    Connect,
    /// A read, or the handshake.
    Read,
    /// A write, or a flush.
    Write,
    /// Nothing was asked: the socket spoke up by itself, or was sampled.
    Poll,
    /// The end of what we send: close_notify and FIN.
    Finish,
}

/// What exactly was said, for logs only.
#[derive(Clone, Debug, PartialEq)]
pub enum Detail {
    /// An errno of the kernel.
    Os(i32),
    /// An I/O error that has no errno (a simulated one).
    Io(ErrorKind),
    /// The TLS engine's error.
    Tls(Box<rustls::Error>),
    /// FIN where the handshake was not over: no failure of the transport (T14).
    Fin,
    /// Our own words.
    Said(&'static str),
}

/// A transport that failed, by whom it is told apart, and during which call.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// The cause, as endings name it.
    pub cause: Cause,
    /// The call that met it.
    pub call: Call,
    /// What exactly was said.
    pub detail: Detail,
}

impl Fault {
    /// The fault an I/O error of `call` amounts to.
    #[must_use]
    pub fn io(call: Call, error: &io::Error) -> Fault {
        let detail = match error.raw_os_error() {
            Some(code) => Detail::Os(code),
            None => Detail::Io(error.kind()),
        };
        Fault {
            cause: cause(error),
            call,
            detail,
        }
    }

    /// T14: the peer has ended inside the handshake.
    #[must_use]
    pub const fn cut_short() -> Fault {
        Fault {
            cause: Cause::Tls,
            call: Call::Read,
            detail: Detail::Fin,
        }
    }

    /// The fault an error of the TLS engine amounts to.
    #[must_use]
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "not our enum, and it may grow"
    )]
    pub fn tls(call: Call, error: &rustls::Error) -> Fault {
        Fault {
            cause: match error {
                rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => {
                    Cause::Certificate
                }
                _ => Cause::Tls,
            },
            call,
            detail: Detail::Tls(Box::new(error.clone())),
        }
    }
}

/// Causes by kind. EPIPE and ECONNRESET are one event (K6), and so is ENOTCONN: it is said of a
/// socket whose reset something else has already consumed (K9).
const BY_KIND: [(ErrorKind, Cause); 11] = [
    (ErrorKind::ConnectionReset, Cause::Reset),
    (ErrorKind::BrokenPipe, Cause::Reset),
    (ErrorKind::ConnectionAborted, Cause::Reset),
    (ErrorKind::NotConnected, Cause::Reset),
    (ErrorKind::TimedOut, Cause::TimedOut),
    (ErrorKind::ConnectionRefused, Cause::Refused),
    // A Unix socket that nobody has made.
    (ErrorKind::NotFound, Cause::Refused),
    (ErrorKind::HostUnreachable, Cause::Unreachable),
    (ErrorKind::NetworkUnreachable, Cause::Unreachable),
    (ErrorKind::NetworkDown, Cause::Unreachable),
    // A packet filter between us and the peer.
    (ErrorKind::PermissionDenied, Cause::Unreachable),
];

/// Causes of errno values for which the library has no kind.
const BY_ERRNO: [(Errno, Cause); 4] = [
    (Errno::HOSTDOWN, Cause::Unreachable),
    (Errno::NONET, Cause::Unreachable),
    (Errno::NOPROTOOPT, Cause::Unreachable),
    (Errno::PROTO, Cause::Reset),
];

/// The cause an I/O error stands for. What is not known to come from the peer or the network is
/// our own failure.
#[must_use]
pub fn cause(error: &io::Error) -> Cause {
    let kind = error.kind();
    let by_kind = BY_KIND.iter().find(|(known, _)| *known == kind);
    if let Some((_, cause)) = by_kind {
        return *cause;
    }
    let errno = Errno::from_io_error(error);
    let by_errno = BY_ERRNO.iter().find(|(known, _)| Some(*known) == errno);
    by_errno.map_or(Cause::Local, |(_, cause)| *cause)
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Call::Connect => "connect",
            Call::Read => "read",
            Call::Write => "write",
            Call::Poll => "poll",
            Call::Finish => "finish",
        })
    }
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Detail::Os(code) => io::Error::from_raw_os_error(*code).fmt(f),
            Detail::Io(kind) => kind.fmt(f),
            Detail::Tls(error) => error.fmt(f),
            Detail::Fin => f.write_str("FIN inside the handshake"),
            Detail::Said(words) => f.write_str(words),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}: {}", self.cause, self.call, self.detail)
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_errno_of_the_network_has_a_cause() {
        let told = |errno: Errno| cause(&io::Error::from_raw_os_error(errno.raw_os_error()));
        for (errno, expected) in [
            (Errno::CONNRESET, Cause::Reset),
            (Errno::PIPE, Cause::Reset),
            (Errno::NOTCONN, Cause::Reset),
            (Errno::TIMEDOUT, Cause::TimedOut),
            (Errno::HOSTUNREACH, Cause::Unreachable),
            (Errno::NETUNREACH, Cause::Unreachable),
            (Errno::HOSTDOWN, Cause::Unreachable),
            (Errno::CONNREFUSED, Cause::Refused),
            (Errno::NOENT, Cause::Refused),
            (Errno::MFILE, Cause::Local),
            (Errno::ADDRNOTAVAIL, Cause::Local),
            (Errno::NOBUFS, Cause::Local),
        ] {
            assert_eq!(told(errno), expected, "{errno:?}");
        }
    }

    #[test]
    fn a_fault_reads_aloud() {
        let error = io::Error::from(Errno::PIPE);
        assert_eq!(
            Fault::io(Call::Write, &error).to_string(),
            "reset on write: Broken pipe (os error 32)"
        );
    }
}
