//! Messages from bytes: one line, then the next, then so many bytes.
//!
//! It owns the reader's pace too. It is strict where the standard lets a recipient be lenient:
//! what the proxy writes must be right, not understandable.

use super::{Closed, Message, MessageEnd};
use crate::{
    peer::{Got, Payload, conn::Conn},
    schedule::Reader,
};
use tidegate::net::Network;

/// The longest line, and the most of them in a head.
const MAX_LINE: usize = 8_192;
const MAX_FIELDS: usize = 100;

/// Why a message stops short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The connection ended before the message's first byte.
    Before(Closed),
    /// The connection ended.
    Closed(Closed),
    /// The protocol was broken.
    Malformed(String),
}

/// How a message's end is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Nothing,
    Length(u64),
    Chunked,
    UntilClose,
}

/// A connection's bytes, read in order.
pub(super) struct Reading<'a, N: Network> {
    conn: &'a Conn<N>,
    pace: Reader,
    buf: Vec<u8>,
    at: usize,
    closed: Option<Closed>,
    notified: bool,
    /// Over TLS a FIN alone is a truncation.
    tls: bool,
}

impl<'a, N: Network> Reading<'a, N> {
    pub(super) fn new(conn: &'a Conn<N>, pace: Reader, tls: bool) -> Reading<'a, N> {
        Reading {
            conn,
            pace,
            buf: Vec::new(),
            at: 0,
            closed: None,
            notified: false,
            tls,
        }
    }

    /// Reads once; the end of the connection, when it is that.
    async fn more(&mut self) -> Result<(), Closed> {
        if let Some(closed) = &self.closed {
            return Err(closed.clone());
        }
        let read = self.conn.log.borrow().seen.bytes;
        if self.pace.stop.is_some_and(|stop| read >= u64::from(stop)) {
            // It hears of nothing any more but that it has failed.
            self.conn.failed().await;
            self.closed = Some(Closed::Reset);
            return Err(Closed::Reset);
        }
        let mut buf = vec![0; self.pace.chunk.min(16_384) as usize];
        let got = self
            .conn
            .on_line(|line, cx| line.poll_read(cx, &mut buf))
            .await;
        let closed = match got {
            Some(Got::Bytes(n)) => {
                self.buf.drain(..self.at);
                self.at = 0;
                self.buf.extend_from_slice(&buf[..n]);
                self.conn.log.borrow_mut().seen.bytes += n as u64;
                self.conn.sleep(self.pace.pause_ms).await;
                return Ok(());
            }
            Some(Got::Notify) => {
                self.note(Got::Notify);
                self.notified = true;
                Closed::Clean
            }
            Some(Got::Fin) => {
                self.note(Got::Fin);
                if self.tls {
                    Closed::Truncated
                } else {
                    Closed::Clean
                }
            }
            Some(end @ Got::Reset(_)) => {
                self.note(end);
                Closed::Reset
            }
            Some(end @ Got::BadTls(_)) => {
                self.note(end);
                Closed::BadTls
            }
            None => Closed::Reset,
        };
        self.closed = Some(closed.clone());
        Err(closed)
    }

    /// Nothing of what follows is HTTP: what was read of it, and how to read on. From here on the
    /// connection's log counts payload alone.
    pub(super) fn leave(&mut self) -> (Vec<u8>, Reader) {
        let rest = self.buf.split_off(self.at);
        let read = std::mem::take(&mut self.conn.log.borrow_mut().seen.bytes);
        let http = read.saturating_sub(rest.len() as u64);
        let http = u32::try_from(http).unwrap_or(u32::MAX);
        let on = Reader {
            delay_ms: 0,
            stop: self.pace.stop.map(|stop| stop.saturating_sub(http)),
            ..self.pace
        };
        (rest, on)
    }

    fn note(&self, end: Got) {
        let now = self.conn.net.now();
        self.conn.log.borrow_mut().saw_end(end, now);
    }

    /// Reads to the connection's end; whether there was anything before it.
    pub(super) async fn drain(&mut self) -> bool {
        let mut excess = self.at < self.buf.len();
        while self.more().await.is_ok() {
            excess = true;
        }
        // After close_notify the FIN is still to come.
        if self.notified {
            let mut buf = [0; 64];
            loop {
                match self
                    .conn
                    .on_line(|line, cx| line.poll_read(cx, &mut buf))
                    .await
                {
                    Some(Got::Bytes(_) | Got::Notify) => {}
                    Some(end) => break self.note(end),
                    None => break,
                }
            }
        }
        excess
    }

    async fn line(&mut self, first: bool) -> Result<String, Stop> {
        loop {
            let rest = &self.buf[self.at..];
            if let Some(n) = rest.iter().position(|byte| *byte == b'\n') {
                let line = rest[..n].strip_suffix(b"\r").map(<[u8]>::to_vec);
                self.at += n + 1;
                let line = line.and_then(|line| String::from_utf8(line).ok());
                return line.ok_or_else(|| Stop::Malformed("a line without CRLF".to_owned()));
            }
            if rest.len() > MAX_LINE {
                return Err(Stop::Malformed("a line without an end".to_owned()));
            }
            let nothing = first && rest.is_empty();
            let ended = if nothing { Stop::Before } else { Stop::Closed };
            self.more().await.map_err(ended)?;
        }
    }

    async fn fields(&mut self) -> Result<Vec<(String, String)>, Stop> {
        let mut fields = Vec::new();
        loop {
            let line = self.line(false).await?;
            if line.is_empty() {
                return Ok(fields);
            }
            let (name, value) = line.split_once(':').unwrap_or_default();
            // RFC 9110, 5.1: a field name is a token.
            let token =
                |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
            if name.is_empty() || !name.bytes().all(token) || fields.len() == MAX_FIELDS {
                return Err(Stop::Malformed(format!("`{line}` is no field")));
            }
            fields.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    /// Reads a head.
    pub(super) async fn head(&mut self) -> Result<Message, Stop> {
        let start = self.line(true).await?;
        let mut message = Message {
            start,
            fields: Vec::new(),
            bytes: 0,
            differs_at: None,
            trailers: Vec::new(),
            end: MessageEnd::Complete,
            times: [None; 2],
        };
        message.fields = self.fields().await?;
        message.times[0] = Some(self.conn.net.now());
        Ok(message)
    }

    /// Reads a body, and how the message ends.
    pub(super) async fn body(&mut self, message: &mut Message, framing: Framing, to: Payload) {
        let outcome = match framing {
            Framing::Nothing => Ok(()),
            Framing::Length(n) => self.content(message, n, to).await,
            Framing::Chunked => self.chunks(message, to).await,
            Framing::UntilClose => self.content(message, u64::MAX, to).await,
        };
        message.times[1] = Some(self.conn.net.now());
        message.end = match outcome {
            Ok(()) => MessageEnd::Complete,
            Err(Stop::Before(closed) | Stop::Closed(closed)) if framing == Framing::UntilClose => {
                MessageEnd::UntilClose(closed)
            }
            Err(Stop::Before(closed) | Stop::Closed(closed)) => MessageEnd::Cut(closed),
            Err(Stop::Malformed(what)) => MessageEnd::Malformed(what),
        };
    }

    async fn content(&mut self, message: &mut Message, n: u64, to: Payload) -> Result<(), Stop> {
        let mut left = n;
        while left > 0 {
            if self.at == self.buf.len() {
                self.more().await.map_err(Stop::Closed)?;
                continue;
            }
            let rest = &self.buf[self.at..];
            let most = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
            if message.differs_at.is_none() {
                message.differs_at = to.differs(message.bytes, &rest[..most]);
            }
            message.bytes += most as u64;
            left -= most as u64;
            self.at += most;
        }
        Ok(())
    }

    async fn chunks(&mut self, message: &mut Message, to: Payload) -> Result<(), Stop> {
        loop {
            let line = self.line(false).await?;
            let hex = !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_hexdigit());
            let size = u64::from_str_radix(&line, 16).ok().filter(|_| hex);
            let size = size.ok_or_else(|| Stop::Malformed(format!("`{line}` is no chunk")))?;
            if size == 0 {
                message.trailers = self.fields().await?;
                return Ok(());
            }
            self.content(message, size, to).await?;
            if !self.line(false).await?.is_empty() {
                return Err(Stop::Malformed("a chunk longer than it says".to_owned()));
            }
        }
    }
}

/// How the body after this head ends; `otherwise` where neither field is there.
pub(super) fn framing(message: &Message, otherwise: Framing) -> Result<Framing, String> {
    let count = |name: &str| {
        message
            .fields
            .iter()
            .filter(|(field, _)| field == name)
            .count()
    };
    let (lengths, codings) = (count("content-length"), count("transfer-encoding"));
    if lengths > 1 || codings > 1 || lengths + codings > 1 {
        return Err("more than one framing".to_owned());
    }
    match (
        message.field("content-length"),
        message.field("transfer-encoding"),
    ) {
        (Some(length), _) => {
            let digits = length.bytes().all(|byte| byte.is_ascii_digit());
            let length = length.parse().ok().filter(|_| digits);
            length
                .map(Framing::Length)
                .ok_or_else(|| "a length that is no number".to_owned())
        }
        (None, Some("chunked")) => Ok(Framing::Chunked),
        (None, Some(other)) => Err(format!("`{other}` is no coding we were promised")),
        (None, None) => Ok(otherwise),
    }
}
