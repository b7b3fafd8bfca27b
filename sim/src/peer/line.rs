//! A peer's connection, plain or TLS, on which every kind of end can be sent by itself.
//!
//! It owns the stream and drives rustls by hand: close_notify without FIN, FIN without
//! close_notify, both, and RST are four different calls. It tells the ends it sees as four
//! different things too, and never answers one with another.

#[cfg(test)]
mod tests;

use crate::{errno::Errno, peer::errno, tls};
use rustls::{ClientConfig, ClientConnection, Connection, ServerConfig, ServerConnection};
use std::{
    io::{self, IoSlice, Read, Write},
    sync::Arc,
    task::{Context, Poll, ready},
};
use tidegate::net::Stream;

/// The most plaintext that one record is made of.
const MAX_RECORD: usize = 16_384;

/// What a read brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Got {
    /// So many bytes of payload.
    Bytes(usize),
    /// close_notify; FIN may still come.
    Notify,
    /// FIN.
    Fin,
    /// The connection failed.
    Reset(Errno),
    /// TLS found something wrong.
    BadTls(String),
}

/// A connection of `S`.
pub struct Line<S: Stream> {
    stream: S,
    tls: Option<Tls>,
}

struct Tls {
    engine: Connection,
    /// Ciphertext on its way to the stream.
    out: Vec<u8>,
    out_at: usize,
    /// Ciphertext that was read, how much, and how much of it the engine has.
    inbox: Vec<u8>,
    read: usize,
    fed: usize,
    notified: bool,
    /// Where the records end that are read.
    record: Record,
    /// The peer's close_notify has been read.
    over: bool,
    /// Ciphertext behind it.
    behind: u64,
}

/// How much of a record is still to come: of its five bytes of header, then of its body.
#[derive(Default)]
struct Record {
    header: Vec<u8>,
    body: usize,
}

impl Record {
    /// How many of `bytes`, which is not empty, belong to the record under way.
    fn take(&mut self, bytes: &[u8]) -> usize {
        if self.body > 0 {
            let n = self.body.min(bytes.len());
            self.body -= n;
            return n;
        }
        let n = (5 - self.header.len()).min(bytes.len());
        self.header.extend_from_slice(&bytes[..n]);
        if let [_, _, _, high, low] = self.header[..] {
            self.body = usize::from(u16::from_be_bytes([high, low]));
            self.header.clear();
        }
        n
    }
}

impl<S: Stream> Line<S> {
    /// A plain connection.
    pub fn plain(stream: S) -> Line<S> {
        Line { stream, tls: None }
    }

    /// A client's TLS connection to the proxy; [`Line::poll_secure`] shakes hands.
    pub fn tls(stream: S, config: Arc<ClientConfig>) -> Line<S> {
        let engine = ClientConnection::new(config, tls::proxy_name());
        let engine = engine.expect("the simulation's configuration is sound");
        Line::over(stream, engine.into())
    }

    /// An origin's TLS connection from the proxy; [`Line::poll_secure`] shakes hands.
    pub fn server(stream: S, config: Arc<ServerConfig>) -> Line<S> {
        let engine = ServerConnection::new(config);
        let engine = engine.expect("the simulation's configuration is sound");
        Line::over(stream, engine.into())
    }

    fn over(stream: S, engine: Connection) -> Line<S> {
        let tls = Tls {
            engine,
            out: Vec::new(),
            out_at: 0,
            inbox: vec![0; 4_096],
            read: 0,
            fed: 0,
            notified: false,
            record: Record::default(),
            over: false,
            behind: 0,
        };
        Line {
            stream,
            tls: Some(tls),
        }
    }

    /// Ready when the handshake is done; a plain line is at once.
    pub fn poll_secure(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Got>> {
        loop {
            let flushed = self.poll_flush(cx)?;
            let Some(tls) = &mut self.tls else {
                return Poll::Ready(Ok(()));
            };
            if !tls.engine.is_handshaking() {
                return flushed.map(Ok);
            }
            if let Some(end) = ready!(tls.poll_feed(cx, &mut self.stream, usize::MAX)) {
                return Poll::Ready(Err(end));
            }
        }
    }

    /// Reads at most `buf.len()` bytes of payload, or the end.
    pub fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<Got> {
        let Some(tls) = &mut self.tls else {
            return self.stream.poll_read(cx, buf).map(plain_end);
        };
        loop {
            match tls.engine.reader().read(buf) {
                Ok(0) if !tls.notified => {
                    tls.notified = true;
                    return Poll::Ready(Got::Notify);
                }
                Ok(0) => {}
                Ok(n) => return Poll::Ready(Got::Bytes(n)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Got::BadTls(error.to_string())),
            }
            if let Some(end) = ready!(tls.poll_feed(cx, &mut self.stream, buf.len())) {
                return Poll::Ready(end);
            }
        }
    }

    /// Writes some payload: over TLS one record, once the one before has left.
    pub fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize, Got>> {
        let Some(tls) = &mut self.tls else {
            let written = self.stream.poll_write(cx, &[IoSlice::new(bytes)]);
            return written.map_err(|error| Got::Reset(errno(&error)));
        };
        ready!(tls.poll_flush(cx, &mut self.stream))?;
        let record = &bytes[..bytes.len().min(MAX_RECORD)];
        let n = tls.engine.writer().write(record);
        let n = n.expect("an engine's memory takes a record");
        // What does not leave now leaves with the next call.
        let _later = tls.poll_flush(cx, &mut self.stream)?;
        Poll::Ready(Ok(n))
    }

    /// Ready when every record has left.
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Got>> {
        match &mut self.tls {
            Some(tls) => tls.poll_flush(cx, &mut self.stream),
            None => Poll::Ready(Ok(())),
        }
    }

    /// Queues close_notify; [`Line::poll_flush`] sends it.
    pub fn notify(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.engine.send_close_notify();
        }
    }

    /// Sends FIN behind everything written, with no close_notify of its own.
    pub fn poll_fin(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Got>> {
        ready!(self.poll_flush(cx))?;
        let finished = ready!(self.stream.poll_finish(cx));
        Poll::Ready(finished.map_err(|error| Got::Reset(errno(&error))))
    }

    /// Ready when the connection has failed.
    pub fn poll_fault(&mut self, cx: &mut Context<'_>) -> Poll<Errno> {
        self.stream.poll_fault(cx).map(|error| errno(&error))
    }

    /// Ready when all that was sent has arrived.
    pub fn poll_acked(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Got>> {
        let acked = ready!(self.stream.poll_acked(cx));
        Poll::Ready(acked.map_err(|error| Got::Reset(errno(&error))))
    }

    /// Ciphertext that came behind the other side's close_notify: it has nothing more to say (I8).
    pub fn behind_the_end(&self) -> u64 {
        self.tls.as_ref().map_or(0, |tls| tls.behind)
    }

    /// Closes it.
    pub fn close(self) {
        self.stream.close();
    }

    /// Resets it.
    pub fn reset(self) {
        self.stream.reset();
    }
}

fn plain_end(read: io::Result<usize>) -> Got {
    match read {
        Ok(0) => Got::Fin,
        Ok(n) => Got::Bytes(n),
        Err(error) => Got::Reset(errno(&error)),
    }
}

impl Tls {
    /// Moves ciphertext to the stream until none is left.
    fn poll_flush<S: Stream>(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut S,
    ) -> Poll<Result<(), Got>> {
        loop {
            if self.out_at == self.out.len() {
                self.out.clear();
                self.out_at = 0;
                if !self.engine.wants_write() {
                    return Poll::Ready(Ok(()));
                }
                let moved = self.engine.write_tls(&mut self.out);
                moved.expect("memory takes everything");
            }
            let rest = IoSlice::new(&self.out[self.out_at..]);
            match ready!(stream.poll_write(cx, &[rest])) {
                Ok(n) => self.out_at += n,
                Err(error) => return Poll::Ready(Err(Got::Reset(errno(&error)))),
            }
        }
    }

    /// Feeds the engine one read of at most `max` bytes; tells the stream's end.
    fn poll_feed<S: Stream>(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut S,
        max: usize,
    ) -> Poll<Option<Got>> {
        if self.fed == self.read {
            let most = max.clamp(1, self.inbox.len());
            self.read = match ready!(stream.poll_read(cx, &mut self.inbox[..most])) {
                Ok(0) => return Poll::Ready(Some(Got::Fin)),
                Ok(n) => n,
                Err(error) => return Poll::Ready(Some(Got::Reset(errno(&error)))),
            };
            self.fed = 0;
        }
        while self.fed < self.read {
            // Record by record: what is behind a close_notify must not hide in the same read.
            let taken = self.record.take(&self.inbox[self.fed..self.read]);
            let mut piece = &self.inbox[self.fed..self.fed + taken];
            self.fed += taken;
            if self.over {
                // RFC 8446, 6.1: what follows close_notify is ignored.
                self.behind += taken as u64;
                continue;
            }
            while !piece.is_empty() {
                let read = self.engine.read_tls(&mut piece);
                read.expect("an engine takes a record once it was emptied");
                match self.engine.process_new_packets() {
                    Ok(state) if state.plaintext_bytes_to_read() > 0 => return Poll::Ready(None),
                    Ok(state) => self.over = state.peer_has_closed(),
                    Err(error) => return Poll::Ready(Some(Got::BadTls(error.to_string()))),
                }
            }
        }
        Poll::Ready(None)
    }
}
