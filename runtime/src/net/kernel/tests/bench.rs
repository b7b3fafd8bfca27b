//! What the tests stand on: a runtime, a connection of ours, and a blocking peer at its other end.

use super::super::{Kernel, KernelStream};
use crate::net::{Buffers, Listener, Network, Stream};
use socket2::SockRef;
use std::{
    future::{Future, poll_fn},
    io::{self, IoSlice, Write as _},
    net::{SocketAddr, TcpStream},
    task::{Context, Poll, Waker},
    time::Duration,
};

/// Small buffers, so that a few bytes fill them.
pub(super) const SMALL: Buffers = Buffers {
    send_bytes: Some(4_096),
    recv_bytes: Some(4_096),
};

pub(super) fn run<T>(story: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let local = tokio::task::LocalSet::new();
    let told = local.block_on(&runtime, within(10_000, story));
    told.expect("in time")
}

/// The output of `wait`, if it comes within so many milliseconds.
pub(super) async fn within<T>(ms: u64, wait: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(Duration::from_millis(ms), wait)
        .await
        .ok()
}

pub(super) fn any_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// A connection we accepted, and the peer that dialled it.
pub(super) async fn pair_with(buffers: Buffers) -> (KernelStream, TcpStream) {
    let kernel = Kernel::new();
    let mut listener = kernel.listen(any_port(), buffers).unwrap();
    let peer = TcpStream::connect(listener.local()).unwrap();
    peer.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let stream = poll_fn(|cx| listener.poll_accept(cx)).await.unwrap();
    assert_eq!(stream.peer(), peer.local_addr().unwrap());
    (stream, peer)
}

pub(super) async fn pair() -> (KernelStream, TcpStream) {
    pair_with(Buffers::default()).await
}

/// The peer sends RST.
pub(super) fn reset(peer: TcpStream) {
    SockRef::from(&peer)
        .set_linger(Some(Duration::ZERO))
        .unwrap();
}

/// The peer writes until the window is shut, and tells how much that was.
pub(super) fn fill(peer: &mut TcpStream) -> usize {
    peer.set_nonblocking(true).unwrap();
    let mut sent = 0;
    while let Ok(n) = peer.write(&[7; 4_096]) {
        sent += n;
    }
    peer.set_nonblocking(false).unwrap();
    sent
}

/// We write until the socket takes no more, and tell how much that was.
pub(super) fn fill_out(stream: &mut KernelStream, each: usize) -> usize {
    let mut sent = 0;
    let mut cx = Context::from_waker(Waker::noop());
    while let Poll::Ready(n) = stream.poll_write(&mut cx, &[IoSlice::new(&vec![7; each])]) {
        sent += n.unwrap();
    }
    sent
}

pub(super) async fn read(stream: &mut KernelStream) -> io::Result<Vec<u8>> {
    let mut buf = vec![0; 4_096];
    let n = poll_fn(|cx| stream.poll_read(cx, &mut buf)).await?;
    buf.truncate(n);
    Ok(buf)
}

/// Reads to the end: what came, and how it ended.
pub(super) async fn drain(stream: &mut KernelStream) -> (usize, io::Result<()>) {
    let mut count = 0;
    loop {
        match read(stream).await {
            Ok(bytes) if bytes.is_empty() => return (count, Ok(())),
            Ok(bytes) => count += bytes.len(),
            Err(error) => return (count, Err(error)),
        }
    }
}

pub(super) async fn write(stream: &mut KernelStream, bytes: &[u8]) -> io::Result<usize> {
    poll_fn(|cx| stream.poll_write(cx, &[IoSlice::new(bytes)])).await
}

pub(super) async fn finish(stream: &mut KernelStream) -> io::Result<()> {
    poll_fn(|cx| stream.poll_finish(cx)).await
}

pub(super) async fn fault(stream: &mut KernelStream) -> io::Error {
    poll_fn(|cx| stream.poll_fault(cx)).await
}

pub(super) async fn acked(stream: &mut KernelStream) -> io::Result<()> {
    poll_fn(|cx| stream.poll_acked(cx)).await
}
