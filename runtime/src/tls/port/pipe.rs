//! The socket as the TLS engine's writer: what it does not take now, it takes another time.
//!
//! It owns nothing and waits for nothing; it never keeps a byte.

use crate::net::Stream;
use std::{
    io::{self, IoSlice},
    task::{Context, Poll},
};

/// The socket as the engine's writer.
pub(super) struct Pipe<'a, 'b, S> {
    pub(super) stream: &'a mut S,
    pub(super) cx: &'a mut Context<'b>,
}

impl<S: Stream> io::Write for Pipe<'_, '_, S> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(buf)])
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        match self.stream.poll_write(self.cx, bufs) {
            Poll::Ready(written) => written,
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
