//! A stream of the fast network: a handle to one end in the fabric.

use super::fabric::{EndId, Fabric};
use crate::socket::{Call, Pipe, Told};
use std::{
    cell::RefCell,
    fmt,
    io::{self, IoSlice},
    rc::Rc,
    task::{Context, Poll},
};
use tidegate::net::{Address, Stream};
use tidegate_core::vigil::Vigil;

/// A connection of the fast network.
pub struct FastStream {
    fabric: Rc<RefCell<Fabric>>,
    end: EndId,
}

impl FastStream {
    pub(super) fn new(fabric: Rc<RefCell<Fabric>>, end: EndId) -> FastStream {
        FastStream { fabric, end }
    }

    /// A system call on the socket itself, which latches nothing and never waits.
    pub fn call(&mut self, call: Call) -> Told {
        let mut fabric = self.fabric.borrow_mut();
        fabric.with(self.end, |socket, wire| socket.call(call, wire))
    }
}

impl Stream for FastStream {
    type Pipe = Pipe;

    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut fabric = self.fabric.borrow_mut();
        fabric.with(self.end, |socket, wire| socket.poll_read(cx, buf, wire))
    }

    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut fabric = self.fabric.borrow_mut();
        fabric.with(self.end, |socket, _| socket.poll_readable(cx))
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut fabric = self.fabric.borrow_mut();
        fabric.with(self.end, |socket, wire| socket.poll_write(cx, bufs, wire))
    }

    fn pipes(&self) -> bool {
        true
    }

    fn poll_fill(
        &mut self,
        cx: &mut Context<'_>,
        pipe: &mut Pipe,
        most: usize,
    ) -> Poll<io::Result<usize>> {
        let mut fabric = self.fabric.borrow_mut();
        fabric.with(self.end, |socket, wire| {
            socket.poll_fill(cx, pipe, most, wire)
        })
    }

    fn poll_drain(
        &mut self,
        cx: &mut Context<'_>,
        pipe: &mut Pipe,
        n: usize,
    ) -> Poll<io::Result<usize>> {
        let mut fabric = self.fabric.borrow_mut();
        fabric.with(self.end, |socket, wire| {
            socket.poll_drain(cx, pipe, n, wire)
        })
    }

    fn poll_finish(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut fabric = self.fabric.borrow_mut();
        Poll::Ready(fabric.with(self.end, |socket, wire| socket.finish(wire)))
    }

    fn poll_fault(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let mut fabric = self.fabric.borrow_mut();
        fabric.with(self.end, |socket, _| socket.poll_fault(cx))
    }

    fn poll_acked(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut fabric = self.fabric.borrow_mut();
        fabric.with(self.end, |socket, _| socket.poll_acked(cx))
    }

    fn unacked(&self) -> io::Result<u32> {
        Ok(self.fabric.borrow().socket(self.end).unacked_bytes())
    }

    fn acked_bytes(&self) -> io::Result<u64> {
        Ok(self.fabric.borrow().socket(self.end).acked_bytes())
    }

    fn poll_hint(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut fabric = self.fabric.borrow_mut();
        fabric.with(self.end, |socket, _| socket.poll_hint(cx))
    }

    fn watch(&mut self, vigil: Vigil) {
        self.fabric.borrow_mut().watch(self.end, vigil);
    }

    fn watches(&self, vigil: Vigil) -> bool {
        self.fabric.borrow().watches(self.end, vigil)
    }

    fn hold_for_finish(&mut self, hold: bool) {
        let mut fabric = self.fabric.borrow_mut();
        fabric.with(self.end, |socket, wire| socket.hold(hold, wire));
    }

    fn close(self) {
        let mut fabric = self.fabric.borrow_mut();
        fabric.with(self.end, |socket, wire| socket.close(wire));
    }

    fn reset(self) {}

    fn peer(&self) -> Address {
        self.fabric.borrow().peer(self.end).into()
    }
}

impl Drop for FastStream {
    /// Whoever has not closed resets: [`Stream::reset`] is nothing else.
    fn drop(&mut self) {
        self.fabric.borrow_mut().with(self.end, |socket, wire| {
            if socket.is_held() {
                socket.reset(wire);
            }
        });
    }
}

impl fmt::Debug for FastStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FastStream")
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}
