//! Helpers of this package's tests: small worlds of two hosts, and streams to be awaited.

use std::{
    cell::RefCell,
    future::{Future, poll_fn},
    io::{self, IoSlice},
    net::{Ipv4Addr, SocketAddr},
    rc::Rc,
    time::{Duration, SystemTime},
};
use tidegate::net::{Buffers, Listener, Stream};

/// The port every test server listens at.
pub(crate) const PORT: u16 = 7;

/// The address to listen at.
pub(crate) fn here() -> SocketAddr {
    (Ipv4Addr::UNSPECIFIED, PORT).into()
}

/// Where the host `server` listens.
pub(crate) fn server() -> SocketAddr {
    (turmoil::lookup("server"), PORT).into()
}

/// Both buffers of one end.
pub(crate) fn buffers(send: u32, recv: u32) -> Buffers {
    Buffers {
        send_bytes: Some(send),
        recv_bytes: Some(recv),
    }
}

/// A builder whose runs repeat.
pub(crate) fn builder(latency_ms: u64) -> turmoil::Builder {
    let mut builder = turmoil::Builder::new();
    builder
        .rng_seed(0)
        .epoch(SystemTime::UNIX_EPOCH)
        .simulation_duration(Duration::from_secs(30))
        .min_message_latency(Duration::from_millis(latency_ms))
        .max_message_latency(Duration::from_millis(latency_ms));
    builder
}

/// Runs two hosts with 5 ms between them until both are done; returns what they return.
pub(crate) fn run<S: 'static, C: 'static>(
    server: impl Future<Output = S> + 'static,
    client: impl Future<Output = C> + 'static,
) -> (S, C) {
    run_in(builder(5).tcp_capacity(65_536), server, client)
}

/// [`run`] in a world of `builder`'s.
pub(crate) fn run_in<S: 'static, C: 'static>(
    builder: &turmoil::Builder,
    server: impl Future<Output = S> + 'static,
    client: impl Future<Output = C> + 'static,
) -> (S, C) {
    let mut sim = builder.build();
    let (s, c) = (Rc::new(RefCell::new(None)), Rc::new(RefCell::new(None)));
    let (s_out, c_out) = (Rc::clone(&s), Rc::clone(&c));
    sim.client("server", async move {
        *s_out.borrow_mut() = Some(server.await);
        Ok(())
    });
    sim.client("client", async move {
        *c_out.borrow_mut() = Some(client.await);
        Ok(())
    });
    sim.run().expect("both hosts come to an end");
    let out = (s.borrow_mut().take(), c.borrow_mut().take());
    (out.0.expect("done"), out.1.expect("done"))
}

/// Sleeps, in milliseconds.
pub(crate) async fn sleep(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

/// Accepts one connection.
pub(crate) async fn accept<L: Listener>(listener: &mut L) -> L::Stream {
    let accepted = poll_fn(|cx| listener.poll_accept(cx)).await;
    accepted.expect("accept")
}

/// One read of at most `max` bytes.
pub(crate) async fn read(stream: &mut impl Stream, max: usize) -> io::Result<Vec<u8>> {
    let mut buf = vec![0; max];
    let n = poll_fn(|cx| stream.poll_read(cx, &mut buf)).await?;
    buf.truncate(n);
    Ok(buf)
}

/// Reads to the end or the error, and tells which.
pub(crate) async fn read_to_end(stream: &mut impl Stream) -> (Vec<u8>, Option<io::ErrorKind>) {
    let mut all = Vec::new();
    loop {
        match read(stream, 1_000).await {
            Ok(bytes) if bytes.is_empty() => return (all, None),
            Ok(bytes) => all.extend(bytes),
            Err(error) => return (all, Some(error.kind())),
        }
    }
}

/// One write.
pub(crate) async fn write(stream: &mut impl Stream, bytes: &[u8]) -> io::Result<usize> {
    poll_fn(|cx| stream.poll_write(cx, &[IoSlice::new(bytes)])).await
}

/// Writes all of `bytes`.
pub(crate) async fn write_all(stream: &mut impl Stream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let n = write(stream, bytes).await?;
        bytes = &bytes[n..];
    }
    Ok(())
}

/// Sends FIN.
pub(crate) async fn finish(stream: &mut impl Stream) {
    let finished = poll_fn(|cx| stream.poll_finish(cx)).await;
    finished.expect("a FIN is always taken");
}

/// Waits for the connection to fail.
pub(crate) async fn fault(stream: &mut impl Stream) -> io::ErrorKind {
    poll_fn(|cx| stream.poll_fault(cx)).await.kind()
}

/// Waits for all to be acknowledged.
pub(crate) async fn acked(stream: &mut impl Stream) -> io::Result<()> {
    poll_fn(|cx| stream.poll_acked(cx)).await
}

/// What a future gives within `ms`, if it does.
pub(crate) async fn within<T>(ms: u64, future: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(Duration::from_millis(ms), future)
        .await
        .ok()
}
