//! Why serving could not begin, in words, and what to do about it.

use crate::message::{Code, Message};
use std::{io, net::SocketAddr};

/// What stands in the way of an address, in words, and what to do about it.
const IN_THE_WAY: [(io::ErrorKind, &str, &str); 3] = [
    (
        io::ErrorKind::AddrInUse,
        "address in use",
        "stop what listens there, or choose another port",
    ),
    (
        io::ErrorKind::PermissionDenied,
        "permission denied",
        "ports below 1024 need CAP_NET_BIND_SERVICE, or root at the start, before `user` is in force",
    ),
    (
        io::ErrorKind::AddrNotAvailable,
        "no such address on this machine",
        "listen at an address of this machine, or at :PORT for all of them",
    ),
];

pub(super) fn cannot_bind(address: SocketAddr, error: &io::Error) -> Message {
    let known = IN_THE_WAY.iter().find(|(kind, ..)| *kind == error.kind());
    let why = known.map_or_else(
        || crate::tls::files::reason(error),
        |(_, why, _)| (*why).to_string(),
    );
    let message = Message::new(Code::CannotBind, format!("cannot bind {address}: {why}"));
    match known {
        Some((_, _, help)) => message.help(*help),
        None => message,
    }
}

pub(super) fn cannot_start(error: &io::Error) -> Message {
    Message::new(
        Code::WorkerFailed,
        format!("cannot start a worker: {error}"),
    )
}
