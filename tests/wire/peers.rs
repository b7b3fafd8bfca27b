//! The two neighbours of the proxy, at the test's hand: a client or an origin on a plain socket.
//!
//! Owns sockets whose every call has a limit of time. What a peer hears ends in one of two ways,
//! and a test that reads to the end always learns which.

use crate::{harness::PATIENCE, heard, leg::Leg};
use rustix::net::SendFlags;
use socket2::{Domain, SockRef, Socket, Type};
use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    time::Duration,
};

/// How a direction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Fin,
    Reset,
}

/// What one read brought.
#[derive(Debug)]
pub(crate) enum Heard {
    Bytes(Vec<u8>),
    CloseNotify,
    End(End),
}

/// All that was left to hear.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Last {
    pub(crate) bytes: Vec<u8>,
    /// Whether a close_notify came before the end.
    pub(crate) notified: bool,
    pub(crate) end: End,
}

impl Last {
    /// Ends in clear text.
    pub(crate) fn plain(bytes: impl Into<Vec<u8>>, end: End) -> Last {
        Last {
            bytes: bytes.into(),
            notified: false,
            end,
        }
    }

    /// An end with close_notify before it.
    pub(crate) fn notified(bytes: impl Into<Vec<u8>>) -> Last {
        Last {
            bytes: bytes.into(),
            notified: true,
            end: End::Fin,
        }
    }
}

/// One HTTP message as it went over the wire.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// The trailer section, as text.
    pub(crate) trailers: String,
}

impl Message {
    /// The request or status line.
    pub(crate) fn line(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }

    pub(crate) fn status(&self) -> u16 {
        let status = self.line().split(' ').nth(1);
        status.and_then(|status| status.parse().ok()).unwrap_or(0)
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    fn chunked(&self) -> bool {
        self.field("transfer-encoding")
            .is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"))
    }
}

/// Whoever is at the other end of one of the proxy's legs.
pub(crate) trait Peer {
    fn say(&mut self, bytes: &[u8]);
    fn some(&mut self) -> Heard;
    /// Bytes that were heard and not yet asked for.
    fn ahead(&mut self) -> &mut Vec<u8>;

    /// Hears until `enough` says how many of the bytes are wanted.
    fn until(&mut self, what: &str, enough: impl Fn(&[u8]) -> Option<usize>) -> Vec<u8>
    where
        Self: Sized,
    {
        loop {
            if let Some(n) = enough(self.ahead()) {
                return self.ahead().drain(..n).collect();
            }
            match self.some() {
                Heard::Bytes(bytes) => self.ahead().extend(bytes),
                end @ (Heard::CloseNotify | Heard::End(_)) => panic!(
                    "{end:?} instead of {what}, after {:?}",
                    String::from_utf8_lossy(self.ahead().chunks(200).next().unwrap_or_default())
                ),
            }
        }
    }

    fn hear(&mut self, n: usize) -> Vec<u8>
    where
        Self: Sized,
    {
        self.until("bytes", |ahead| (ahead.len() >= n).then_some(n))
    }

    /// Hears a head, its last empty line included.
    fn head(&mut self) -> String
    where
        Self: Sized,
    {
        let head = self.until("a head", |ahead| {
            Some(ahead.windows(4).position(|four| four == b"\r\n\r\n")? + 4)
        });
        String::from_utf8(head).unwrap()
    }

    /// Hears to the end.
    fn last(&mut self) -> Last
    where
        Self: Sized,
    {
        let mut bytes = std::mem::take(self.ahead());
        let mut notified = false;
        loop {
            match self.some() {
                Heard::Bytes(more) => bytes.extend(more),
                Heard::CloseNotify => notified = true,
                Heard::End(end) => {
                    return Last {
                        bytes,
                        notified,
                        end,
                    };
                }
            }
        }
    }

    /// Hears one request, or one response to anything but HEAD. What only the end of the
    /// connection delimits is left unheard.
    fn message(&mut self) -> Message
    where
        Self: Sized,
    {
        let mut message = self.bare();
        if message.chunked() {
            loop {
                let line = self.line();
                let size = usize::from_str_radix(line.split(';').next().unwrap().trim(), 16);
                match size.unwrap_or_else(|_| panic!("no chunk size: {line:?}")) {
                    0 => break,
                    n => message.body.extend(self.hear(n)),
                }
                assert_eq!(self.line(), "", "after a chunk");
            }
            loop {
                match self.line().as_str() {
                    "" => break,
                    line => message.trailers += &format!("{line}\n"),
                }
            }
        } else if let Some(length) = message.field("content-length") {
            message.body = self.hear(length.parse().unwrap());
        }
        message
    }

    /// Hears a message without a body, such as the answer to HEAD.
    fn bare(&mut self) -> Message
    where
        Self: Sized,
    {
        Message {
            head: self.head(),
            body: Vec::new(),
            trailers: String::new(),
        }
    }

    fn line(&mut self) -> String
    where
        Self: Sized,
    {
        let line = self.until("a line", |ahead| {
            Some(ahead.windows(2).position(|two| two == b"\r\n")? + 2)
        });
        String::from_utf8_lossy(&line[..line.len() - 2]).into_owned()
    }
}

/// A peer on a plain socket.
#[derive(Debug)]
pub(crate) struct Raw {
    stream: TcpStream,
    ahead: Vec<u8>,
}

impl Raw {
    pub(crate) fn connect(address: SocketAddr) -> Raw {
        Raw::try_connect(address).unwrap()
    }

    pub(crate) fn try_connect(address: SocketAddr) -> std::io::Result<Raw> {
        Raw::try_of(TcpStream::connect_timeout(&address, PATIENCE)?)
    }

    /// A client that takes in little at a time.
    pub(crate) fn narrow(address: SocketAddr, recv_bytes: usize) -> Raw {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
        socket.set_recv_buffer_size(recv_bytes).unwrap();
        socket.connect_timeout(&address.into(), PATIENCE).unwrap();
        Raw::of(socket.into())
    }

    pub(crate) fn of(stream: TcpStream) -> Raw {
        Raw::try_of(stream).unwrap()
    }

    pub(crate) fn try_of(stream: TcpStream) -> std::io::Result<Raw> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        let ahead = Vec::new();
        Ok(Raw { stream, ahead })
    }

    /// The same connection, for a second thread.
    pub(crate) fn another(&self) -> Raw {
        Raw::of(self.stream.try_clone().unwrap())
    }

    /// Says as much as will be taken; whether that was all.
    pub(crate) fn try_say(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// Says the last word, its FIN in the same segment as its bytes.
    pub(crate) fn say_last(&mut self, bytes: &[u8]) {
        let sent = rustix::net::send(&self.stream, bytes, SendFlags::MORE).unwrap();
        assert_eq!(sent, bytes.len(), "room for a short last word");
        self.fin();
    }

    /// Says the last word, unless the connection is gone: then reading will tell.
    pub(crate) fn fin(&self) {
        match self.stream.shutdown(Shutdown::Write) {
            Err(error) if error.kind() != ErrorKind::NotConnected => panic!("no FIN: {error}"),
            Ok(()) | Err(_) => {}
        }
    }

    /// What there is to hear within the limit of time, if anything.
    pub(crate) fn quietly(&mut self) -> Option<Heard> {
        let mut buf = vec![0; 64 * 1024];
        let n = self.stream.read(&mut buf).ok()?;
        buf.truncate(n);
        Some(if n == 0 {
            Heard::End(End::Fin)
        } else {
            Heard::Bytes(buf)
        })
    }

    pub(crate) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Our address.
    pub(crate) fn local(&self) -> SocketAddr {
        self.stream.local_addr().unwrap()
    }

    /// The other end of this connection.
    pub(crate) fn leg(&self) -> Leg {
        let (ours, theirs) = (self.stream.local_addr(), self.stream.peer_addr());
        Leg::of(theirs.unwrap(), ours.unwrap())
    }

    /// Whether there is nothing to hear, not even an end.
    pub(crate) fn is_quiet(&self) -> bool {
        self.stream.set_nonblocking(true).unwrap();
        let peeked = self.stream.peek(&mut [0]);
        self.stream.set_nonblocking(false).unwrap();
        matches!(peeked, Err(error) if error.kind() == ErrorKind::WouldBlock)
    }

    pub(crate) fn reset(self) {
        SockRef::from(&self.stream)
            .set_linger(Some(Duration::ZERO))
            .unwrap();
    }
}

impl Peer for Raw {
    fn say(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    fn some(&mut self) -> Heard {
        heard::next(&mut self.stream)
    }

    fn ahead(&mut self) -> &mut Vec<u8> {
        &mut self.ahead
    }
}

/// Where the proxy forwards to.
#[derive(Debug)]
pub(crate) struct Origin(TcpListener);

impl Origin {
    pub(crate) fn new() -> Origin {
        Origin::at("127.0.0.1:0")
    }

    pub(crate) fn at(address: &str) -> Origin {
        let listener = TcpListener::bind(address).unwrap();
        // On Linux it bounds `accept` as well.
        SockRef::from(&listener)
            .set_read_timeout(Some(PATIENCE))
            .unwrap();
        Origin(listener)
    }

    /// An origin that takes in little at a time.
    pub(crate) fn narrow(recv_bytes: usize) -> Origin {
        let origin = Origin::new();
        let socket = SockRef::from(&origin.0);
        socket.set_recv_buffer_size(recv_bytes).unwrap();
        origin
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }

    pub(crate) fn accept(&self) -> Raw {
        let (stream, _) = self.0.accept().expect("the proxy does not connect");
        Raw::of(stream)
    }

    pub(crate) fn listener(&self) -> &TcpListener {
        &self.0
    }

    /// Whether nobody waits to be accepted.
    pub(crate) fn is_untouched(&self) -> bool {
        self.0.set_nonblocking(true).unwrap();
        let nobody = matches!(self.0.accept(), Err(error) if error.kind() == ErrorKind::WouldBlock);
        self.0.set_nonblocking(false).unwrap();
        nobody
    }
}

/// `n` bytes that repeat late, so that a lost, doubled or displaced part shows.
pub(crate) fn pattern(n: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_u32;
    (0..n)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state.to_be_bytes()[0]
        })
        .collect()
}
