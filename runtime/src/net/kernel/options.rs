//! Socket options: what every connection of ours carries from its first moment.
//!
//! It owns the values. It waits for nothing, and never touches a socket it was not given.

use crate::net::{Buffers, KEPT};
use rustix::net::sockopt;
use socket2::Socket;
use std::{io, time::Duration};
use tidegate_core::{time::Span, vigil::Vigil};

/// The sizes asked for; before `listen` or `connect`, for the window is agreed in the handshake.
pub(super) fn buffers(socket: &Socket, buffers: Buffers) -> io::Result<()> {
    if let Some(bytes) = buffers.send_bytes {
        socket.set_send_buffer_size(bytes as usize)?;
    }
    if let Some(bytes) = buffers.recv_bytes {
        socket.set_recv_buffer_size(bytes as usize)?;
    }
    Ok(())
}

/// What a listener carries, and what it accepts inherits.
pub(super) fn listener(socket: &Socket) -> io::Result<()> {
    socket.set_tcp_nodelay(true)?; // R01
    watch(socket, None, KEPT)?;
    dialled(socket)
}

/// What a connection of ours carries before it is one. What it may do without at first is set when it
/// is due: a short connection costs few calls.
pub(super) fn dialled(socket: &Socket) -> io::Result<()> {
    socket.set_out_of_band_inline(true)?; // R28
    close_by_reset(socket)
}

/// The ACK that ends the handshake waits for what we say, for a moment at most: one segment less, and an
/// origin that is woken once, by a connection with a request in it. Before `connect`.
pub(super) fn speaks_at_once(socket: &Socket) -> io::Result<()> {
    Ok(sockopt::set_tcp_quickack(socket, false)?)
}

/// From now on the kernel closes this socket with RST, whoever lets go of it.
pub(super) fn close_by_reset(socket: &Socket) -> io::Result<()> {
    socket.set_linger(Some(Duration::ZERO))
}

/// From now on the kernel closes this socket with FIN (unless something is unread: K1).
pub(super) fn close_by_fin(socket: &Socket) -> io::Result<()> {
    socket.set_linger(None)
}

/// What changes from one vigil to the next: each option costs a call.
pub(super) fn watch(socket: &Socket, from: Option<Vigil>, to: Vigil) -> io::Result<()> {
    let changes = |what: fn(Vigil) -> u64| from.map(what) != Some(what(to));
    if from.is_none() {
        socket.set_keepalive(true)?;
    }
    if changes(|vigil| u64::from(milliseconds(vigil.unacked))) {
        sockopt::set_tcp_user_timeout(socket, milliseconds(to.unacked))?;
    }
    if changes(|vigil| vigil.idle.0) {
        sockopt::set_tcp_keepidle(socket, seconds(to.idle))?;
    }
    if changes(|vigil| vigil.interval.0) {
        sockopt::set_tcp_keepintvl(socket, seconds(to.interval))?;
    }
    if changes(|vigil| u64::from(vigil.probes)) {
        sockopt::set_tcp_keepcnt(socket, u32::from(to.probes))?;
    }
    Ok(())
}

/// The kernel counts keepalive in whole seconds, from one on.
fn seconds(span: Span) -> Duration {
    Duration::from_secs(span.0.div_ceil(1_000_000).max(1))
}

/// The kernel counts TCP_USER_TIMEOUT in milliseconds, and takes 0 for its own limit. Never less
/// than was asked for (K24).
fn milliseconds(span: Option<Span>) -> u32 {
    let ms = span.map_or(0, |span| span.0.div_ceil(1_000).max(1));
    u32::try_from(ms)
        .unwrap_or(i32::MAX as u32)
        .min(i32::MAX as u32)
}
