//! The demo's client: one blocking TLS connection on which close_notify and FIN are two things.
//!
//! It owns its socket and tells apart what a TLS wrapper merges: bytes, close_notify, FIN, and an
//! error. It waits as long as it is told to, and never sends an end by itself.

use super::{
    answer,
    judge::{Ended, Leaving, Slow},
};
use crate::clock::Clock;
use rustls::{ClientConfig, ClientConnection, pki_types::ServerName};
use socket2::{Domain, Socket, Type};
use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};
use tidegate_core::time::Span;

/// How long a client waits for an answer to its FIN. The report's clients waited 20 s in vain.
const PATIENCE: Duration = Duration::from_secs(2);

/// A reader to whom nothing comes for so long has stalled.
const STALLED: Duration = Duration::from_secs(1);

/// The payload of a segment on Ethernet.
const SEGMENT_BYTES: u32 = 1_448;

/// What a connection brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Got {
    Bytes(usize),
    CloseNotify,
    Fin,
    /// Nothing within the time.
    Nothing,
}

/// A connection whose handshake is complete.
#[derive(Debug)]
pub(super) struct Client {
    socket: TcpStream,
    tls: ClientConnection,
    raw: Vec<u8>,
    notified: bool,
}

impl Client {
    /// Connects and shakes hands. `narrow` is the size of its receive buffer, in bytes as given to
    /// the kernel; its segments are then those of a network.
    pub(super) fn connect(
        address: SocketAddr,
        config: &Arc<ClientConfig>,
        narrow: Option<usize>,
    ) -> io::Result<Client> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        if let Some(bytes) = narrow {
            // Before the connect: both are agreed there. Without the second, a segment of the
            // loopback may be larger than the window, and the kernel sends it by timer only.
            socket.set_recv_buffer_size(bytes)?;
            socket.set_tcp_mss(SEGMENT_BYTES)?;
        }
        socket.connect(&address.into())?;
        socket.set_tcp_nodelay(true)?;
        let mut socket = TcpStream::from(socket);
        socket.set_read_timeout(Some(PATIENCE))?;
        let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
        let mut tls = ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)?;
        while tls.is_handshaking() {
            tls.complete_io(&mut socket)?;
        }
        Ok(Client {
            socket,
            tls,
            raw: Vec::new(),
            notified: false,
        })
    }

    /// Asks for `target`; `close` asks for the connection's end behind the answer.
    pub(super) fn ask(&mut self, target: &str, close: bool) -> io::Result<()> {
        let connection = if close { "connection: close\r\n" } else { "" };
        let head = format!("GET {target} HTTP/1.1\r\nhost: localhost\r\n{connection}\r\n");
        self.tls.writer().write_all(head.as_bytes())?;
        self.flush()
    }

    /// Takes the whole answer, says close_notify and then FIN, and waits for the proxy's.
    pub(super) fn leave(mut self, body: &str) -> Leaving {
        let mut leaving = Leaving {
            whole: false,
            ended: Ended::Never,
            from_notify: Span(0),
            from_fin: Span(0),
        };
        let clock = Clock::start();
        let mut end = || -> io::Result<Ended> {
            leaving.whole = self.take_answer(body)?;
            let notify_at = clock.now();
            self.tls.send_close_notify();
            self.flush()?;
            let fin_at = clock.now();
            self.socket.shutdown(Shutdown::Write)?;
            let ended = self.read_to_end()?;
            let over_at = clock.now();
            leaving.from_notify = over_at.since(notify_at);
            leaving.from_fin = over_at.since(fin_at);
            Ok(ended)
        };
        leaving.ended = end().unwrap_or_else(|error| Ended::Failed(error.to_string()));
        leaving
    }

    /// Lets the answer wait for `pause`, then takes it up to the proxy's own end.
    pub(super) fn pause(mut self, pause: Duration, chunk: usize, total: usize) -> Slow {
        let mut slow = Slow {
            chunk,
            total,
            whole: false,
            stalled: false,
            ended: Ended::Never,
        };
        let mut end = || -> io::Result<Ended> {
            self.ask(&format!("/chunks/{chunk}/{total}"), true)?;
            thread::sleep(pause);
            self.socket.set_read_timeout(Some(STALLED))?;
            let ended = self.read_to_end()?;
            slow.stalled = ended == Ended::Never;
            // Whatever came: the client leaves now, as the report's did.
            self.tls.send_close_notify();
            self.flush()?;
            self.socket.shutdown(Shutdown::Write)?;
            if !slow.stalled {
                return Ok(ended);
            }
            self.socket.set_read_timeout(Some(PATIENCE))?;
            self.read_to_end()
        };
        slow.ended = end().unwrap_or_else(|error| Ended::Failed(error.to_string()));
        slow.whole = answer::chunked_is_whole(&self.raw, total);
        slow
    }

    fn flush(&mut self) -> io::Result<()> {
        while self.tls.wants_write() {
            self.tls.write_tls(&mut self.socket)?;
        }
        Ok(())
    }

    /// Reads until the answer is complete; whether it is `body`.
    fn take_answer(&mut self, body: &str) -> io::Result<bool> {
        loop {
            match answer::counted(&self.raw) {
                Some(got) => return Ok(got == body.as_bytes()),
                None => match self.next()? {
                    Got::Bytes(_) => {}
                    Got::CloseNotify | Got::Fin | Got::Nothing => return Ok(false),
                },
            }
        }
    }

    fn read_to_end(&mut self) -> io::Result<Ended> {
        loop {
            match self.next()? {
                Got::Bytes(_) | Got::CloseNotify => {}
                Got::Fin if self.notified => return Ok(Ended::Clean),
                Got::Fin => return Ok(Ended::Bare),
                Got::Nothing => return Ok(Ended::Never),
            }
        }
    }

    /// The next thing that comes; bytes are added to what came before.
    fn next(&mut self) -> io::Result<Got> {
        match self.wait() {
            Err(error) if is_timeout(&error) => Ok(Got::Nothing),
            got => got,
        }
    }

    fn wait(&mut self) -> io::Result<Got> {
        let mut some = [0; 4096];
        loop {
            if self.notified {
                // Behind close_notify the engine reads no more: only FIN may come.
                return match self.socket.read(&mut some)? {
                    0 => Ok(Got::Fin),
                    _ => Err(io::Error::other("bytes after close_notify")),
                };
            }
            match self.tls.reader().read(&mut some) {
                Ok(0) => {
                    self.notified = true;
                    return Ok(Got::CloseNotify);
                }
                Ok(n) => {
                    self.raw.extend_from_slice(&some[..n]);
                    return Ok(Got::Bytes(n));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
            if self.tls.read_tls(&mut self.socket)? == 0 {
                return Ok(Got::Fin);
            }
            self.tls.process_new_packets().map_err(io::Error::other)?;
        }
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}
