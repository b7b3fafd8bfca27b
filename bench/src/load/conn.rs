//! One connection of the load: it asks, and says when the answer is there and, if it is to end
//! after that, when it has ended.

use super::{
    plan::Plan,
    reply::{Guess, Reply},
};
use crate::socket;
use rustix::net::{Shutdown, shutdown};
use rustls::{ClientConnection, HandshakeKind};
use std::{
    io::{self, BufRead, Write},
    os::fd::OwnedFd,
};

pub(super) struct Conn {
    socket: OwnedFd,
    tls: Option<Box<ClientConnection>>,
    reply: Reply,
    /// What was not taken yet.
    out: Vec<u8>,
    /// Whether our end was told.
    finished: bool,
}

impl Conn {
    pub(super) fn open(plan: &Plan) -> io::Result<Conn> {
        Ok(Conn {
            socket: socket::dial(&plan.to)?,
            tls: plan.secure()?,
            reply: Reply::new(),
            out: Vec::new(),
            finished: false,
        })
    }

    pub(super) fn socket(&self) -> &OwnedFd {
        &self.socket
    }

    /// Whether its TLS session was an old one.
    pub(super) fn is_resumed(&self) -> bool {
        let kind = self.tls.as_ref().and_then(|tls| tls.handshake_kind());
        kind == Some(HandshakeKind::Resumed)
    }

    pub(super) fn ask(&mut self, plan: &Plan) -> io::Result<()> {
        self.reply.ask(plan.expect);
        match &mut self.tls {
            None => self.send(&plan.request),
            Some(tls) => {
                tls.writer().write_all(&plan.request)?;
                self.send_records()
            }
        }
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let sent = if self.out.is_empty() {
            socket::write(&self.socket, bytes)?.unwrap_or(0)
        } else {
            0
        };
        self.out.extend_from_slice(&bytes[sent..]);
        Ok(())
    }

    fn send_records(&mut self) -> io::Result<()> {
        let Some(tls) = &mut self.tls else {
            return Ok(());
        };
        while tls.wants_write() {
            tls.write_tls(&mut self.out)?;
        }
        self.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.out.is_empty() {
            let sent = socket::write(&self.socket, &self.out)?.unwrap_or(0);
            self.out.drain(..sent);
        }
        Ok(())
    }

    /// Takes what has come, and says whether that completes what was asked for.
    pub(super) fn advance(
        &mut self,
        ended: bool,
        plan: &Plan,
        guess: &mut Guess,
        buffer: &mut [u8],
    ) -> io::Result<bool> {
        self.flush()?;
        loop {
            // Bytes that nobody looks at need not be copied.
            let blind = self.tls.is_none() && self.reply.left() > buffer.len() as u64;
            let read = if blind {
                socket::discard(&self.socket, buffer)?
            } else {
                socket::read(&self.socket, buffer)?
            };
            let count = match read {
                None => return Ok(false),
                Some(0) if plan.fresh && self.reply.is_whole() => return Ok(true),
                Some(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Some(count) => count,
            };
            if blind {
                self.reply.count(count)?;
            } else if self.tls.is_some() {
                self.decrypt(&buffer[..count], guess)?;
            } else {
                self.reply.feed(&buffer[..count], guess)?;
            }
            if self.reply.is_whole() {
                if !plan.fresh {
                    return Ok(true);
                }
                if plan.ends_first && !self.finished {
                    self.finished = true;
                    shutdown(&self.socket, Shutdown::Write)?;
                }
            }
            if count < buffer.len() && !ended {
                return Ok(false);
            }
        }
    }

    fn decrypt(&mut self, mut bytes: &[u8], guess: &mut Guess) -> io::Result<()> {
        let Some(tls) = &mut self.tls else {
            return Ok(());
        };
        while !bytes.is_empty() {
            tls.read_tls(&mut bytes)?;
            tls.process_new_packets().map_err(io::Error::other)?;
            loop {
                let mut reader = tls.reader();
                let count = match reader.fill_buf() {
                    Ok([]) => break,
                    Ok(plain) => {
                        self.reply.feed(plain, guess)?;
                        plain.len()
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(error) => return Err(error),
                };
                reader.consume(count);
            }
        }
        self.send_records()
    }
}
