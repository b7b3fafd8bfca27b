//! One connection of the origin: what was asked on it, and what of the answer is still to be sent.

use super::page::Pages;
use crate::socket;
use std::{io, mem, os::fd::OwnedFd};

/// A head that grows beyond it is none of the load's.
const HEAD: usize = 16 * 1024;

/// What a listener's connections are for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mode {
    Echo,
    Source,
    Http,
}

pub(super) struct Peer {
    socket: OwnedFd,
    mode: Mode,
    /// The beginning of a request; or, of an echo, what was not taken yet.
    kept: Vec<u8>,
    /// Which answer is being sent.
    page: usize,
    /// What of it is still to be sent.
    left: u64,
}

impl Peer {
    pub(super) fn new(socket: OwnedFd, mode: Mode) -> Peer {
        Peer {
            socket,
            mode,
            kept: Vec::new(),
            page: Pages::BARE,
            left: 0,
        }
    }

    pub(super) fn socket(&self) -> &OwnedFd {
        &self.socket
    }

    /// Does what can be done now, and says whether the connection goes on.
    pub(super) fn turn(
        &mut self,
        ended: bool,
        pages: &mut Pages,
        buffer: &mut [u8],
    ) -> io::Result<bool> {
        if !self.flush(pages)? {
            return Ok(true);
        }
        loop {
            let count = match socket::read(&self.socket, buffer)? {
                None => return Ok(true),
                Some(0) => return Ok(false),
                Some(count) => count,
            };
            let bytes = &buffer[..count];
            match self.mode {
                Mode::Echo => self.echo(bytes)?,
                Mode::Source => self.count(bytes),
                Mode::Http => self.request(bytes, pages)?,
            }
            if !self.flush(pages)? || (count < buffer.len() && !ended) {
                return Ok(true);
            }
        }
    }

    /// Sends what is due, and says whether that was all of it.
    fn flush(&mut self, pages: &Pages) -> io::Result<bool> {
        if matches!(self.mode, Mode::Echo) && !self.kept.is_empty() {
            let sent = socket::write(&self.socket, &self.kept)?.unwrap_or(0);
            self.kept.drain(..sent);
            return Ok(self.kept.is_empty());
        }
        while self.left > 0 {
            let next = pages.next(self.page, self.left);
            match socket::write(&self.socket, next)? {
                Some(sent) => self.left -= sent as u64,
                None => return Ok(false),
            }
        }
        Ok(true)
    }

    fn echo(&mut self, bytes: &[u8]) -> io::Result<()> {
        let sent = socket::write(&self.socket, bytes)?.unwrap_or(0);
        self.kept.extend_from_slice(&bytes[sent..]);
        Ok(())
    }

    fn count(&mut self, bytes: &[u8]) {
        self.kept.extend_from_slice(bytes);
        let whole = self.kept.len() / 8 * 8;
        for number in self.kept.drain(..whole).as_slice().chunks_exact(8) {
            self.left += number.try_into().map_or(0, u64::from_le_bytes);
        }
    }

    /// The load sends a request when it has the answer to the one before: there is one at a time.
    fn request(&mut self, bytes: &[u8], pages: &mut Pages) -> io::Result<()> {
        if self.kept.is_empty() && bytes.ends_with(b"\r\n\r\n") {
            (self.page, self.left) = pages.find(bytes)?;
            return Ok(());
        }
        self.kept.extend_from_slice(bytes);
        if self.kept.ends_with(b"\r\n\r\n") {
            (self.page, self.left) = pages.find(&mem::take(&mut self.kept))?;
        } else if self.kept.len() > HEAD {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(())
    }
}
