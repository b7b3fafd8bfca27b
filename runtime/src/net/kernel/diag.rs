//! Every TCP connection of this machine, as the kernel lists them: sock_diag(7).
//!
//! It owns a socket for as long as a listing takes. It blocks, so it is called where that costs nobody
//! a turn; and it sees what no process has any more, which is what makes it better than asking each
//! socket.

use crate::{observe::sockets::Socket, sys};
use socket2::{Domain, Protocol, Socket as Netlink, Type};
use std::{
    io::{self, Read},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

// linux/netlink.h, linux/sock_diag.h, linux/inet_diag.h. `libc` has the numbers, and no structures.
const HEADER: usize = 16;
const ANSWER: usize = 72;
const SOCK_DIAG_BY_FAMILY: u16 = 20;
/// All states but `listen`: a bit each.
const CONNECTIONS: u32 = 0x1fff & !(1 << 10);
/// As much as the kernel puts into one answer, and more.
const CHUNK: usize = 64 << 10;
/// The kernel answers at once; whatever does not is no kernel that does.
const PATIENCE: Duration = Duration::from_secs(2);

/// Lists them.
///
/// # Errors
/// Where this is not allowed, or the kernel does not know how.
pub(crate) fn connections() -> io::Result<Vec<Socket>> {
    let mut all = Vec::new();
    for family in [libc::AF_INET, libc::AF_INET6] {
        let family = u8::try_from(family).unwrap_or_default();
        match list(family, &mut all) {
            // A machine without IPv6 has none of its sockets.
            Err(_) if !all.is_empty() => {}
            listed => listed?,
        }
    }
    Ok(all)
}

fn list(family: u8, all: &mut Vec<Socket>) -> io::Result<()> {
    let kind = Type::from(libc::SOCK_DGRAM).cloexec();
    let protocol = Protocol::from(libc::NETLINK_SOCK_DIAG);
    let mut netlink = Netlink::new(Domain::from(libc::AF_NETLINK), kind, Some(protocol))?;
    netlink.set_read_timeout(Some(PATIENCE))?;
    netlink.send(&question(family))?;
    let mut chunk = vec![0; CHUNK];
    loop {
        let length = netlink.read(&mut chunk)?;
        if length == 0 || !read(chunk.get(..length).unwrap_or_default(), all)? {
            return Ok(());
        }
    }
}

/// `struct nlmsghdr` and `struct inet_diag_req_v2`, whose address is that of all.
fn question(family: u8) -> Vec<u8> {
    const BYTES: u32 = 16 + 56;
    let flags = u16::try_from(libc::NLM_F_REQUEST | libc::NLM_F_DUMP).unwrap_or_default();
    let tcp = u8::try_from(libc::IPPROTO_TCP).unwrap_or_default();
    let mut question = Vec::new();
    question.extend(BYTES.to_ne_bytes());
    question.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    question.extend(flags.to_ne_bytes());
    question.extend([0; 8]);
    question.extend([family, tcp, 0, 0]);
    question.extend(CONNECTIONS.to_ne_bytes());
    question.extend([0; 48]);
    question
}

/// Reads the messages of one answer; whether there is more to come.
fn read(mut answer: &[u8], all: &mut Vec<Socket>) -> io::Result<bool> {
    let malformed = || io::Error::from(io::ErrorKind::InvalidData);
    while !answer.is_empty() {
        let length = usize::try_from(u32::from_ne_bytes(field(answer, 0).ok_or_else(malformed)?));
        let length = length.unwrap_or(usize::MAX);
        let message = answer
            .get(..length)
            .filter(|message| message.len() >= HEADER);
        let message = message.ok_or_else(malformed)?;
        let kind = u16::from_ne_bytes(field(message, 4).ok_or_else(malformed)?);
        let body = &message[HEADER..];
        if kind == SOCK_DIAG_BY_FAMILY {
            all.extend(socket(body));
        } else if [libc::NLMSG_ERROR, libc::NLMSG_DONE].contains(&i32::from(kind)) {
            // Both begin with an errno, negative, or 0.
            let errno = field(body, 0).map_or(0, i32::from_ne_bytes);
            return match errno {
                0 => Ok(false),
                errno => Err(io::Error::from_raw_os_error(errno.saturating_neg())),
            };
        }
        // Each message begins at a multiple of four.
        answer = answer.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Ok(true)
}

/// `struct inet_diag_msg`.
fn socket(message: &[u8]) -> Option<Socket> {
    let message = message.get(..ANSWER)?;
    let address = |port, at| {
        let port = u16::from_be_bytes(field(message, port)?);
        let ip = match i32::from(message[0]) {
            libc::AF_INET => IpAddr::from(Ipv4Addr::from(field::<4>(message, at)?)),
            _ => IpAddr::from(Ipv6Addr::from(field::<16>(message, at)?)),
        };
        Some(SocketAddr::new(ip, port))
    };
    let word = |at| Some(u32::from_ne_bytes(field(message, at)?));
    Some(Socket {
        state: sys::tcp_state(message[1])?,
        local: address(4, 8)?,
        remote: address(6, 24)?,
        key: u64::from(word(44)?) | u64::from(word(48)?) << 32,
        user: word(64)?,
        inode: word(68).filter(|inode| *inode > 0),
    })
}

fn field<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn a_connection_is_listed_with_both_ends_and_each_with_its_state() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (served, _) = listener.accept().unwrap();
        client.shutdown(std::net::Shutdown::Write).unwrap();
        // Its FIN has come.
        assert_eq!((&served).read(&mut [0; 1]).unwrap(), 0);
        let look = || {
            let all = connections().unwrap();
            assert!(!all.iter().any(|socket| socket.state == "listen"));
            [&client, &served].map(|one| {
                let ends = (one.local_addr().unwrap(), one.peer_addr().unwrap());
                let is = |socket: &&Socket| (socket.local, socket.remote) == ends;
                all.iter().find(is).cloned().expect("it is listed")
            })
        };
        // Until the FIN is acknowledged, which takes a moment.
        let mut looks = (0..10_000).map(|_| look());
        let acked = looks.find(|both| both[0].state == "fin_wait_2");
        let [one, other] = acked.expect("an acknowledgement");
        assert_eq!(other.state, "close_wait");
        assert!(one.inode.is_some() && one.key != other.key);
    }

    #[test]
    fn an_answer_that_is_cut_short_is_an_error_and_one_of_the_kernels_is_its() {
        let mut all = Vec::new();
        for cut in [1, 4, 15] {
            assert!(read(&question(2)[..cut], &mut all).is_err(), "{cut}");
        }
        let mut message = Vec::new();
        message.extend(20_u32.to_ne_bytes());
        message.extend(2_u16.to_ne_bytes());
        message.extend([0; 10]);
        message.extend((-libc::EPERM).to_ne_bytes());
        let error = read(&message, &mut all).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        assert!(all.is_empty());
    }
}
