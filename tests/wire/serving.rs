//! An origin that serves by itself, for clients that are programs.
//!
//! Owns its threads; each answers the requests of one connection by their path. The ones that
//! wait end with the proxy, whose connections they are.

use crate::peers::{Heard, Message, Origin, Peer, Raw};
use std::{
    net::{Shutdown, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// An origin at work.
pub(crate) struct Serving {
    origin: Arc<Origin>,
    connections: Arc<AtomicUsize>,
}

impl Serving {
    /// Says back what it was asked: the request line, then the body.
    pub(crate) fn echo() -> Serving {
        Serving::with(echo)
    }

    /// Lets `serve` answer each request; it says whether the connection goes on.
    pub(crate) fn with(serve: fn(&mut Raw, &Message) -> bool) -> Serving {
        Serving::of(Origin::new(), serve)
    }

    /// The same, where this one listens.
    pub(crate) fn of(origin: Origin, serve: fn(&mut Raw, &Message) -> bool) -> Serving {
        let origin = Arc::new(origin);
        let connections = Arc::new(AtomicUsize::new(0));
        let (listening, counting) = (Arc::clone(&origin), Arc::clone(&connections));
        thread::spawn(move || {
            while let Some(mut up) = listening.next() {
                counting.fetch_add(1, Ordering::Relaxed);
                thread::spawn(move || {
                    while asked(&mut up) {
                        let request = up.message();
                        if !serve(&mut up, &request) {
                            return;
                        }
                    }
                });
            }
        });
        Serving {
            origin,
            connections,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.origin.address()
    }

    /// How many connections there were.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.origin.end();
    }
}

/// Whether another request begins.
fn asked(up: &mut Raw) -> bool {
    if !up.ahead().is_empty() {
        return true;
    }
    match up.quietly() {
        Some(Heard::Bytes(bytes)) => {
            up.ahead().extend(bytes);
            true
        }
        Some(Heard::CloseNotify | Heard::End(_)) | None => false,
    }
}

fn echo(up: &mut Raw, request: &Message) -> bool {
    let path = request.line().split([' ', '?']).nth(1).unwrap_or_default();
    let mut body = format!("{}\n", request.line()).into_bytes();
    body.extend(&request.body);
    if path == "/body" {
        body.clone_from(&request.body);
    }
    let n = body.len();
    let head = request.line().starts_with("HEAD");
    match path {
        "/chunked" => {
            up.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            for part in body.chunks(3) {
                up.say(format!("{:x}\r\n", part.len()).as_bytes());
                up.say(part);
                up.say(b"\r\n");
            }
            up.say(b"0\r\n\r\n");
        }
        "/close" => {
            up.say(b"HTTP/1.1 200 OK\r\n\r\n");
            up.say(&body);
            return false;
        }
        "/cut-length" => {
            up.say(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncut");
            return false;
        }
        "/cut-chunked" => {
            up.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ncut\r\n");
            return false;
        }
        _ => {
            up.say(format!("HTTP/1.1 200 OK\r\nContent-Length: {n}\r\n\r\n").as_bytes());
            if !head {
                up.say(&body);
            }
        }
    }
    true
}

impl Origin {
    /// The next connection, however long it takes; none when the listener has ended.
    fn next(&self) -> Option<Raw> {
        loop {
            match self.listener().accept() {
                Ok((stream, _)) => return Some(Raw::of(stream)),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => return None,
            }
        }
    }

    /// Lets [`Origin::next`] return.
    fn end(&self) {
        let socket = socket2::SockRef::from(self.listener());
        // Whoever waits has what it needs to know, whatever this says.
        let _ = socket.shutdown(Shutdown::Both);
    }
}
