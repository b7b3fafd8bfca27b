//! A stream: one socket on a turmoil connection that carries frames.
//!
//! It owns the turmoil connection whole and for life. A pump, one task a stream, moves arriving
//! segments into the socket's queue at once, so turmoil's window never fills (its defect 1), its
//! credits never block a writer (2), its halves are never dropped apart (3), and its shutdown is
//! never called at all (4). FIN and RST travel as frames in the order they were sent.

use super::Counted;
use crate::socket::{Call, Frame, MAX_FRAME, Pipe, Polled, Sizes, Told, Wire};
use std::{
    cell::RefCell,
    future::poll_fn,
    io::{self, IoSlice},
    mem::MaybeUninit,
    net::SocketAddr,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};
use tidegate::net::{Address, Stream};
use tidegate_core::vigil::Vigil;
use tokio::io::{AsyncRead, ReadBuf};
use turmoil::net::TcpStream;

/// A connection of the simulated network.
#[derive(Debug)]
pub struct SimStream {
    end: Rc<RefCell<End>>,
    peer: SocketAddr,
}

/// One end: its socket and what carries it.
#[derive(Debug)]
struct End {
    socket: Polled,
    carrier: Carrier,
    /// Told when the carrier goes.
    pump: Option<Waker>,
    /// Gone with the carrier.
    counted: Option<Counted>,
}

#[derive(Debug)]
struct Carrier {
    stream: Option<TcpStream>,
    /// The bytes of the frame being sent.
    scratch: Vec<u8>,
}

impl Wire for Carrier {
    fn send(&mut self, frame: Frame<'_>) {
        // A whole simulation that is dropped has no world left to send in.
        let Some(stream) = self.stream.as_ref().filter(|_| turmoil::in_simulation()) else {
            return;
        };
        frame.encode(&mut self.scratch);
        if let Err(error) = stream.try_write(&self.scratch) {
            let full = error.kind() == io::ErrorKind::WouldBlock;
            assert!(!full, "a carrier has a segment's credit for every frame");
            // Otherwise the other end's carrier is gone; our pump will see that.
        }
    }
}

impl End {
    /// Runs `f` on the socket, and lets the carrier go when the connection is over.
    fn with<R>(&mut self, f: impl FnOnce(&mut Polled, &mut Carrier) -> R) -> R {
        let out = f(&mut self.socket, &mut self.carrier);
        if self.socket.is_over() && self.carrier.stream.take().is_some() {
            self.counted = None;
            if let Some(pump) = self.pump.take() {
                pump.wake();
            }
        }
        out
    }
}

/// Takes every segment that has arrived, and acknowledges them in one frame.
fn poll_pump(end: &RefCell<End>, cx: &mut Context<'_>) -> Poll<()> {
    let mut end = end.borrow_mut();
    let mut space = [MaybeUninit::uninit(); MAX_FRAME];
    loop {
        let mut segment = ReadBuf::uninit(&mut space);
        let Some(stream) = end.carrier.stream.as_mut() else {
            return Poll::Ready(());
        };
        match Pin::new(stream).poll_read(cx, &mut segment) {
            Poll::Ready(Ok(())) if !segment.filled().is_empty() => {
                let frame = Frame::decode(segment.filled()).expect("a frame is a segment");
                end.with(|socket, wire| socket.arrive(frame, wire));
            }
            // The carrier ended without a word of ours: the other host has crashed.
            Poll::Ready(Ok(()) | Err(_)) => end.with(|socket, _| socket.fail()),
            Poll::Pending => {
                end.pump = Some(cx.waker().clone());
                end.with(Polled::acknowledge);
                if end.carrier.stream.is_some() {
                    return Poll::Pending;
                }
            }
        }
    }
}

/// Sends the handshake's word.
pub(super) fn send_open(stream: &TcpStream, sizes: Sizes) -> io::Result<()> {
    let mut bytes = Vec::new();
    let window_bytes = sizes.recv_bytes;
    Frame::Open { window_bytes }.encode(&mut bytes);
    stream.try_write(&bytes).map(|_| ())
}

/// Waits for the peer's word: what it can receive.
pub(super) async fn receive_open(stream: &mut TcpStream) -> io::Result<u32> {
    let mut space = [0; MAX_FRAME];
    let mut segment = ReadBuf::new(&mut space);
    poll_fn(|cx| Pin::new(&mut *stream).poll_read(cx, &mut segment)).await?;
    match Frame::decode(segment.filled()) {
        Some(Frame::Open { window_bytes }) => Ok(window_bytes),
        // The other end gave up before it had begun.
        Some(Frame::Data(_) | Frame::Fin | Frame::Ack { .. } | Frame::Reset) | None => {
            Err(io::ErrorKind::ConnectionReset.into())
        }
    }
}

impl SimStream {
    /// An established connection on `stream`; starts its pump on the running host.
    pub(super) fn start(
        stream: TcpStream,
        peer: SocketAddr,
        sizes: Sizes,
        credit_bytes: u32,
        counted: Counted,
    ) -> SimStream {
        let end = Rc::new(RefCell::new(End {
            socket: Polled::new(sizes, credit_bytes),
            carrier: Carrier {
                stream: Some(stream),
                scratch: Vec::new(),
            },
            pump: None,
            counted: Some(counted),
        }));
        let pumped = Rc::clone(&end);
        tokio::task::spawn_local(poll_fn(move |cx| poll_pump(&pumped, cx)));
        SimStream { end, peer }
    }

    fn with<R>(&self, f: impl FnOnce(&mut Polled, &mut Carrier) -> R) -> R {
        self.end.borrow_mut().with(f)
    }

    /// A system call on the socket itself, which latches nothing and never waits.
    pub fn call(&mut self, call: Call) -> Told {
        self.with(|socket, wire| socket.call(call, wire))
    }
}

impl Stream for SimStream {
    type Pipe = Pipe;

    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.with(|socket, wire| socket.poll_read(cx, buf, wire))
    }

    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.with(|socket, _| socket.poll_readable(cx))
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.with(|socket, wire| socket.poll_write(cx, bufs, wire))
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
        self.with(|socket, wire| socket.poll_fill(cx, pipe, most, wire))
    }

    fn poll_drain(
        &mut self,
        cx: &mut Context<'_>,
        pipe: &mut Pipe,
        n: usize,
    ) -> Poll<io::Result<usize>> {
        self.with(|socket, wire| socket.poll_drain(cx, pipe, n, wire))
    }

    fn poll_finish(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.with(Polled::finish))
    }

    fn poll_fault(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        self.with(|socket, _| socket.poll_fault(cx))
    }

    fn poll_acked(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|socket, _| socket.poll_acked(cx))
    }

    fn unacked(&self) -> io::Result<u32> {
        Ok(self.end.borrow().socket.unacked_bytes())
    }

    fn acked_bytes(&self) -> io::Result<u64> {
        Ok(self.end.borrow().socket.acked_bytes())
    }

    fn poll_hint(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.with(|socket, _| socket.poll_hint(cx))
    }

    fn watch(&mut self, _: Vigil) {}

    fn watches(&self, _: Vigil) -> bool {
        true
    }

    fn hold_for_finish(&mut self, hold: bool) {
        self.with(|socket, wire| socket.hold(hold, wire));
    }

    fn close(self) {
        self.with(Polled::close);
    }

    fn reset(self) {}

    fn peer(&self) -> Address {
        self.peer.into()
    }
}

impl Drop for SimStream {
    /// Whoever has not closed resets: [`Stream::reset`] is nothing else.
    fn drop(&mut self) {
        self.with(|socket, wire| {
            if socket.is_held() {
                socket.reset(wire);
            }
        });
    }
}
