//! A question to one server, and what comes back: in a datagram, or over a connection of its own. The
//! sockets of DNS.
//!
//! It owns the socket for as long as the question lasts: each has one of its own, so that its port is
//! another each time (RFC 5452, 9.2), and what anybody but the server sends never gets here. It sets no
//! limit of time; dropped, it has given up.

use rustix::net::{AddressFamily, SocketFlags, SocketType, netdevice, socket_with};
use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
};
use tokio::net::{TcpStream, UdpSocket};

/// What a server that does not know better sends is at most 512 bytes long (RFC 1035, 4.2.1).
const DATAGRAM: usize = 4_096;

/// The number of the network interface that is called so (if_nametoindex(3)), if there is one.
pub(crate) fn interface(name: &str) -> Option<u32> {
    // netdevice(7): any socket will do, and this is of a kind that is always to be had.
    let (family, kind) = (AddressFamily::INET, SocketType::DGRAM);
    let socket = socket_with(family, kind, SocketFlags::CLOEXEC, None).ok()?;
    netdevice::name_to_index(&socket, name).ok()
}

/// A question sent in a datagram, to be answered.
#[derive(Debug)]
pub(crate) struct Asked(UdpSocket);

/// Sends `question` to `server`.
///
/// # Errors
/// It cannot be sent.
pub(crate) async fn ask(server: SocketAddr, question: &[u8]) -> io::Result<Asked> {
    let any = match server {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(server).await?;
    socket.send(question).await?;
    Ok(Asked(socket))
}

impl Asked {
    /// The next datagram from there; what is behind its first bytes is left out.
    ///
    /// # Errors
    /// Nobody listens there.
    pub(crate) async fn next(&self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; DATAGRAM];
        let length = self.0.recv(&mut bytes).await?;
        bytes.truncate(length);
        Ok(bytes)
    }
}

/// Asks `server` over a connection (RFC 1035, 4.2.2: behind a length of two bytes).
///
/// # Errors
/// It cannot be asked, or does not answer to the end.
pub(crate) async fn ask_at_length(server: SocketAddr, question: &[u8]) -> io::Result<Vec<u8>> {
    let stream = TcpStream::connect(server).await?;
    let length = u16::try_from(question.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let mut all = length.to_be_bytes().to_vec();
    all.extend(question);
    let mut rest = all.as_slice();
    while !rest.is_empty() {
        stream.writable().await?;
        match stream.try_write(rest) {
            Ok(sent) => rest = &rest[sent..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    let mut length = [0; 2];
    whole(&stream, &mut length).await?;
    let mut bytes = vec![0; u16::from_be_bytes(length).into()];
    whole(&stream, &mut bytes).await?;
    Ok(bytes)
}

async fn whole(stream: &TcpStream, mut room: &mut [u8]) -> io::Result<()> {
    while !room.is_empty() {
        stream.readable().await?;
        match stream.try_read(room) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => room = &mut room[read..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_has_a_number() {
        // The first one of every namespace, before any other can be made.
        assert_eq!(interface("lo"), Some(1));
        assert_eq!(interface("none-of-this"), None);
    }
}
