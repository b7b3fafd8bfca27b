//! The demo's origin: threads and blocking sockets, as plain as an origin can be.
//!
//! It owns its listener and its threads. Under `/chunks/SIZE/TOTAL` it answers in chunks of SIZE
//! bytes, each with a write of its own, TOTAL bytes in all, and closes; everywhere else with a
//! short text, and keeps the connection.

use std::{
    fmt::Write as _,
    io::{self, Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

/// The longest request head that it reads.
const HEAD_BYTES: usize = 16 * 1024;

/// What it says to whoever asks for nothing in particular.
const TEXT: &str = "This came through tidegate.\n";

/// A running origin.
#[derive(Debug)]
pub(super) struct Origin {
    /// Where it listens.
    pub(super) address: SocketAddr,
    over: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Origin {
    /// Starts it.
    pub(super) fn start() -> io::Result<Origin> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let over = Arc::new(AtomicBool::new(false));
        let heard = Arc::clone(&over);
        let thread = thread::Builder::new()
            .name("demo-origin".to_string())
            .spawn(move || accept(&listener, &heard))?;
        Ok(Origin {
            address,
            over,
            thread,
        })
    }

    /// Ends it. Its connections are the proxy's to end.
    pub(super) fn stop(self) {
        self.over.store(true, Ordering::Release);
        // A connection wakes it up; if it cannot be made, there is nobody to wake.
        if TcpStream::connect(self.address).is_ok() {
            let _ended = self.thread.join();
        }
    }
}

fn accept(listener: &TcpListener, over: &AtomicBool) {
    for stream in listener.incoming() {
        if over.load(Ordering::Acquire) {
            return;
        }
        let Ok(stream) = stream else { return };
        thread::spawn(move || {
            // However a connection fails, the proxy's side of it is what the demo looks at.
            let _failed = serve(stream);
        });
    }
}

fn serve(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    while let Some(head) = read_head(&mut stream)? {
        match chunks(&head) {
            None => {
                let length = TEXT.len();
                let head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain";
                let answer = format!("{head}\r\ncontent-length: {length}\r\n\r\n{TEXT}");
                stream.write_all(answer.as_bytes())?;
            }
            Some((size, total)) => {
                answer_in_chunks(&mut stream, size, total)?;
                stream.shutdown(Shutdown::Write)?;
            }
        }
    }
    Ok(())
}

/// The next request's head; requests of the demo have no bodies.
fn read_head(stream: &mut TcpStream) -> io::Result<Option<String>> {
    let mut head = Vec::new();
    let mut some = [0; 1024];
    while !head.ends_with(b"\r\n\r\n") {
        let n = stream.read(&mut some)?;
        if n == 0 || head.len() > HEAD_BYTES {
            return Ok(None);
        }
        head.extend_from_slice(&some[..n]);
    }
    Ok(Some(String::from_utf8_lossy(&head).into_owned()))
}

/// The sizes that the request line asks for.
fn chunks(head: &str) -> Option<(usize, usize)> {
    let target = head.split(' ').nth(1)?;
    let (size, total) = target.strip_prefix("/chunks/")?.split_once('/')?;
    let (size, total) = (size.parse().ok()?, total.parse().ok()?);
    (size > 0).then_some((size, total))
}

fn answer_in_chunks(stream: &mut TcpStream, size: usize, total: usize) -> io::Result<()> {
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n";
    stream.write_all(head.as_bytes())?;
    let mut sent = 0;
    let mut chunk = String::new();
    while sent < total {
        let bytes = size.min(total - sent);
        chunk.clear();
        let _infallible = write!(chunk, "{bytes:x}\r\n");
        chunk.extend((sent..sent + bytes).map(letter));
        chunk.push_str("\r\n");
        stream.write_all(chunk.as_bytes())?;
        sent += bytes;
    }
    stream.write_all(b"0\r\n\r\n")
}

/// The letter at a place of a body: a byte lost, doubled or moved is seen.
pub(super) fn letter(at: usize) -> char {
    const LETTERS: &[u8; 59] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.,-+=!?";
    char::from(LETTERS[(at + at / LETTERS.len()) % LETTERS.len()])
}

/// What a request outside `/chunks` is answered with.
pub(super) fn text() -> &'static str {
    TEXT
}
