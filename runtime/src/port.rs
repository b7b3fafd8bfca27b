//! One leg's transport, plain or TLS, over any [`Stream`].
//!
//! A port owns the stream and, on a TLS leg, the TLS engine. It waits for the socket, and tells
//! bytes, close_notify, FIN and failure apart as four things. It never decides what an end means
//! for the other leg, never answers a close_notify by itself, and holds no plaintext it has
//! reported as written.

pub mod fault;

pub use fault::{Call, Fault};

use crate::{
    net::{Address, Stream},
    observe::{Life, Use},
    tls::{
        origin::Terms,
        port::{Engine, Secured},
    },
};
use rustls::{
    ProtocolVersion, ServerConfig, client::UnbufferedClientConnection,
    server::UnbufferedServerConnection,
};
use std::{
    io::{self, IoSlice},
    sync::Arc,
    task::{Context, Poll},
};
use tidegate_core::vigil::Vigil;

/// What a read brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// So many bytes of plaintext, never 0.
    Bytes(usize),
    /// close_notify, told once and after all the plaintext before it. Read on until `Fin`.
    CloseNotify,
    /// FIN. On a TLS leg that has not told `CloseNotify`, what came before is truncated (T05).
    Fin,
}

/// One leg's transport. Dropping it without `close` or `reset` resets the connection.
#[derive(Debug)]
pub struct Port<S: Stream>(Transport<S>, Option<Box<Life>>);

#[derive(Debug)]
enum Transport<S: Stream> {
    Plain(S),
    Tls(Box<Secured<S>>),
}

impl<S: Stream> Port<S> {
    /// A leg without TLS.
    pub fn plain(stream: S) -> Self {
        Port(Transport::Plain(stream), None)
    }

    /// The server's side of a TLS leg; [`Port::poll_secure`] shakes hands.
    pub fn server(stream: S, config: Arc<ServerConfig>) -> Result<Self, rustls::Error> {
        let engine = Engine::Server(UnbufferedServerConnection::new(config)?);
        let secured = Box::new(Secured::new(stream, engine));
        Ok(Port(Transport::Tls(secured), None))
    }

    /// The client's side of a TLS leg, whose peer has to meet `terms`.
    pub fn client(stream: S, terms: Terms) -> Result<Self, rustls::Error> {
        let engine = UnbufferedClientConnection::new(terms.config(), terms.name().clone())?;
        let mut secured = Secured::new(stream, Engine::Client(engine));
        secured.terms = Some(terms);
        Ok(Port(Transport::Tls(Box::new(secured)), None))
    }

    /// The same, counted as a connection to an endpoint from now until it ends.
    #[must_use]
    pub fn living(self, life: Life) -> Self {
        Port(self.0, Some(Box::new(life)))
    }

    /// What it is there for from now on, where it is counted.
    pub fn is_for(&mut self, now: Use) {
        if let Some(life) = &mut self.1 {
            life.is(now);
        }
    }

    /// What the peer had to meet, on the client's side of a TLS leg.
    #[must_use]
    pub fn terms(&self) -> Option<&Terms> {
        match &self.0 {
            Transport::Plain(_) => None,
            Transport::Tls(secured) => secured.terms.as_ref(),
        }
    }

    /// Ready when the handshake is complete; a plain port is at once. What is left to flush then
    /// is flushed by any later write, flush or finish. After a TLS error our alert has been
    /// offered to the socket before the fault is told.
    pub fn poll_secure(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        match &mut self.0 {
            Transport::Plain(_) => Poll::Ready(Ok(())),
            Transport::Tls(secured) => secured.poll_secure(cx),
        }
    }

    /// Reads what comes before the handshake, of a leg whose handshake has not begun.
    pub fn poll_read_before(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<Result<Read, Fault>> {
        plain(self.stream_mut().poll_read(cx, buf))
    }

    /// Pending only if a read would be; see [`Stream::poll_readable`].
    #[inline]
    pub fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.0 {
            Transport::Plain(stream) => stream.poll_readable(cx),
            // Plaintext may lie in the engine.
            Transport::Tls(_) => Poll::Ready(()),
        }
    }

    /// Reads plaintext into `buf`, which is not empty.
    pub fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<Result<Read, Fault>> {
        match &mut self.0 {
            Transport::Plain(stream) => plain(stream.poll_read(cx, buf)),
            Transport::Tls(secured) => secured.poll_read(cx, buf),
        }
    }

    /// Writes some of `bufs` and tells how many bytes of them the socket has accepted. On a TLS
    /// leg a byte counts only once the whole record that carries it is accepted (T17): `0` says
    /// that ciphertext moved and no record was completed. The bytes not yet told as written must
    /// come first in the next call, in the same order.
    pub fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<Result<usize, Fault>> {
        match &mut self.0 {
            Transport::Plain(stream) => stream
                .poll_write(cx, bufs)
                .map_err(|error| Fault::io(Call::Write, &error)),
            Transport::Tls(secured) => secured.poll_write(cx, bufs),
        }
    }

    /// Whether what is read may go through a pipe, unseen; see [`Stream::pipes`].
    #[must_use]
    pub fn fills(&self) -> bool {
        match &self.0 {
            Transport::Plain(stream) => stream.pipes(),
            Transport::Tls(_) => false,
        }
    }

    /// Whether a pipe may be written, unseen.
    #[must_use]
    pub fn drains(&self) -> bool {
        match &self.0 {
            Transport::Plain(_) => true,
            Transport::Tls(_) => false,
        }
    }

    /// Moves at most `most` bytes into a pipe; see [`Stream::poll_fill`].
    pub fn poll_fill(
        &mut self,
        cx: &mut Context<'_>,
        pipe: &mut S::Pipe,
        most: usize,
    ) -> Poll<Result<Read, Fault>> {
        plain(self.plain_mut().poll_fill(cx, pipe, most))
    }

    /// Moves some of the first `n` bytes of a pipe; see [`Stream::poll_drain`].
    pub fn poll_drain(
        &mut self,
        cx: &mut Context<'_>,
        pipe: &mut S::Pipe,
        n: usize,
    ) -> Poll<Result<usize, Fault>> {
        self.plain_mut()
            .poll_drain(cx, pipe, n)
            .map_err(|error| Fault::io(Call::Write, &error))
    }

    fn plain_mut(&mut self) -> &mut S {
        match &mut self.0 {
            Transport::Plain(stream) => stream,
            Transport::Tls(_) => panic!("nothing passes a TLS leg unseen"),
        }
    }

    /// Ends what we send: on a TLS leg close_notify behind everything written, and FIN behind it
    /// in the same call as soon as the socket has taken it (T08, T12). Poll it until it is ready.
    pub fn poll_finish(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        match &mut self.0 {
            Transport::Plain(stream) => stream
                .poll_finish(cx)
                .map_err(|error| Fault::io(Call::Finish, &error)),
            Transport::Tls(secured) => secured.poll_finish(cx),
        }
    }

    /// Flushes what the TLS engine wants sent by itself: tickets, alerts, key updates. The driver
    /// calls it whenever [`Port::wants_flush`] says so, or nothing else would.
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        match &mut self.0 {
            Transport::Plain(_) => Poll::Ready(Ok(())),
            Transport::Tls(secured) => secured.poll_flush(cx),
        }
    }

    /// Whether ciphertext waits that no write will report.
    #[must_use]
    pub fn wants_flush(&self) -> bool {
        match &self.0 {
            Transport::Plain(_) => false,
            Transport::Tls(secured) => secured.wants_flush(),
        }
    }

    /// Ready when the connection has failed, also while nobody reads (R18); see
    /// [`Stream::poll_fault`].
    pub fn poll_fault(&mut self, cx: &mut Context<'_>) -> Poll<Fault> {
        self.stream_mut()
            .poll_fault(cx)
            .map(|error| Fault::io(Call::Poll, &error))
    }

    /// Ready when everything sent, the FIN included, is acknowledged.
    pub fn poll_acked(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        self.stream_mut()
            .poll_acked(cx)
            .map_err(|error| Fault::io(Call::Poll, &error))
    }

    /// What was not acknowledged when that was last looked at; see [`Stream::sampled`].
    pub fn sampled(&self) -> Option<u32> {
        self.stream().sampled()
    }

    /// What is acknowledged is looked at by the next call; see [`Stream::look_again`].
    pub fn look_again(&mut self) {
        self.stream_mut().look_again();
    }

    /// Bytes the socket has accepted and the peer has not acknowledged; the FIN counts as one.
    pub fn unacked(&self) -> io::Result<u32> {
        self.stream().unacked()
    }

    /// Whether the peer's kernel has acknowledged all that was written: everything but our last word,
    /// close_notify and FIN, which a peer that has closed resets (R14, T13).
    pub fn is_delivered(&self) -> io::Result<bool> {
        match &self.0 {
            Transport::Plain(stream) => Ok(stream.unacked()? <= 1),
            Transport::Tls(secured) => secured.is_delivered(),
        }
    }

    /// Bytes the peer has acknowledged; see [`Stream::acked_bytes`].
    pub fn acked_bytes(&self) -> io::Result<u64> {
        self.stream().acked_bytes()
    }

    /// Bytes given to the network so far; see [`Stream::sent_bytes`].
    pub fn sent_bytes(&self) -> io::Result<u64> {
        self.stream().sent_bytes()
    }

    /// Ready once the peer's FIN has arrived, read or not; see [`Stream::poll_hint`].
    pub fn poll_hint(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.stream_mut().poll_hint(cx)
    }

    /// Sets what the network watches for by itself; see [`Stream::watch`].
    pub fn watch(&mut self, vigil: Vigil) {
        self.stream_mut().watch(vigil);
    }

    /// Whether it watches for that; see [`Stream::watches`].
    pub fn watches(&self, vigil: Vigil) -> bool {
        self.stream().watches(vigil)
    }

    /// Says whether the writes that follow are the last; see [`Stream::hold_for_finish`].
    pub fn hold_for_finish(&mut self, hold: bool) {
        self.stream_mut().hold_for_finish(hold);
    }

    /// Closes the descriptor; see [`Stream::close`].
    pub fn close(self) {
        self.into_stream().close();
    }

    /// Closes the connection with RST.
    pub fn reset(self) {
        self.into_stream().reset();
    }

    /// The peer's address.
    #[must_use]
    pub fn peer(&self) -> Address {
        self.stream().peer()
    }

    /// What the network says of the connection; see [`Stream::state`].
    #[must_use]
    pub fn state(&self) -> Option<&'static str> {
        self.stream().state()
    }

    /// Our own address; see [`Stream::local`].
    pub fn local(&self) -> io::Result<std::net::SocketAddr> {
        self.stream().local()
    }

    /// The TLS version, once it is agreed.
    #[must_use]
    pub fn version(&self) -> Option<ProtocolVersion> {
        self.secured().and_then(Secured::version)
    }

    /// Whether the TLS handshake went on with an earlier session.
    #[must_use]
    pub fn is_resumed(&self) -> bool {
        self.secured().is_some_and(Secured::is_resumed)
    }

    /// Whether the last read was told to come again although there was something.
    #[must_use]
    pub fn has_put_off(&self) -> bool {
        self.secured().is_some_and(|secured| secured.put_off)
    }

    /// The protocol agreed by ALPN, if any.
    #[must_use]
    pub fn alpn(&self) -> Option<&[u8]> {
        self.secured().and_then(Secured::alpn)
    }

    #[cfg(test)]
    pub(crate) fn buffered_bytes(&self) -> usize {
        self.secured().map_or(0, Secured::buffered_bytes)
    }

    fn secured(&self) -> Option<&Secured<S>> {
        match &self.0 {
            Transport::Plain(_) => None,
            Transport::Tls(secured) => Some(secured),
        }
    }

    fn stream(&self) -> &S {
        match &self.0 {
            Transport::Plain(stream) => stream,
            Transport::Tls(secured) => secured.stream(),
        }
    }

    fn stream_mut(&mut self) -> &mut S {
        match &mut self.0 {
            Transport::Plain(stream) => stream,
            Transport::Tls(secured) => secured.stream_mut(),
        }
    }

    fn into_stream(self) -> S {
        match self.0 {
            Transport::Plain(stream) => stream,
            Transport::Tls(secured) => secured.into_stream(),
        }
    }
}

/// What a read of a stream without TLS brought.
fn plain(read: Poll<io::Result<usize>>) -> Poll<Result<Read, Fault>> {
    read.map(|read| match read {
        Ok(0) => Ok(Read::Fin),
        Ok(n) => Ok(Read::Bytes(n)),
        Err(error) => Err(Fault::io(Call::Read, &error)),
    })
}

/// A client by its address. Nobody comes through a Unix socket: no listener has one.
pub(crate) fn client(peer: Address) -> std::net::SocketAddr {
    let nobody = || (std::net::Ipv4Addr::UNSPECIFIED, 0).into();
    peer.inet().unwrap_or_else(nobody)
}
