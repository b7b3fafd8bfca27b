//! Socket options: what every connection of ours carries from its first moment.
//!
//! It owns the values. It waits for nothing, and never touches a socket it was not given.

use crate::net::Buffers;
use socket2::{Socket, TcpKeepalive};
use std::{io, time::Duration};

/// Keepalive of an established connection: below the shortest idle limit of the load balancers
/// around us (350 s).
const IDLE: Duration = Duration::from_secs(60);

/// Keepalive from the first FIN seen or sent: below the 60 s after which a packet filter forgets
/// a half-closed connection (K25, K26).
const HALF_CLOSED: Duration = Duration::from_secs(15);

/// Between probes, in both profiles.
const INTERVAL: Duration = Duration::from_secs(15);

/// Probes that may stay unanswered.
const PROBES: u32 = 4;

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

/// What a connection carries. Set on a listener it is inherited by what it accepts.
pub(super) fn connection(socket: &Socket) -> io::Result<()> {
    socket.set_tcp_nodelay(true)?; // R01
    socket.set_out_of_band_inline(true)?; // R28
    let keepalive = TcpKeepalive::new()
        .with_time(IDLE)
        .with_interval(INTERVAL)
        .with_retries(PROBES);
    socket.set_tcp_keepalive(&keepalive)?;
    close_by_reset(socket)
}

/// From now on the kernel closes this socket with RST, whoever lets go of it.
pub(super) fn close_by_reset(socket: &Socket) -> io::Result<()> {
    socket.set_linger(Some(Duration::ZERO))
}

/// From now on the kernel closes this socket with FIN (unless something is unread: K1).
pub(super) fn close_by_fin(socket: &Socket) -> io::Result<()> {
    socket.set_linger(None)
}

/// The keepalive profile of a half-closed connection; interval and probes are those it has.
pub(super) fn half_closed(socket: &Socket) -> io::Result<()> {
    rustix::net::sockopt::set_tcp_keepidle(socket, HALF_CLOSED)?;
    Ok(())
}
