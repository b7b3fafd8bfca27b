//! A relay's peers: a writer that follows its steps and a reader that reads as it is told.

use super::{Got, Line, Payload, Progress, Seen, SharedLog, conn::Conn, errno};
use crate::{
    schedule::{Carrier, Reader, Script, SocketBytes, Step},
    tls::{self, Party},
};
use std::{
    cell::RefCell,
    future::{Future, poll_fn},
    net::SocketAddr,
    rc::Rc,
    task::Poll,
};
use tidegate::net::{Listener, Network};
use tidegate_core::time::Time;

/// The most that one write, or one read, is of.
const WRITE_BYTES: usize = 4_096;
const READ_BYTES: u32 = 16_384;

/// A client that connects to `proxy` and follows `script`.
pub async fn client<N: Network>(
    net: N,
    proxy: SocketAddr,
    bytes: SocketBytes,
    carrier: Carrier,
    script: Script,
    log: SharedLog,
) {
    if let Some(conn) = open(net, proxy, bytes, carrier, log).await {
        Peer::client(&conn).run(script).await;
    }
}

/// A client's connection to `proxy`, its handshake done.
pub(super) async fn open<N: Network>(
    net: N,
    proxy: SocketAddr,
    bytes: SocketBytes,
    carrier: Carrier,
    log: SharedLog,
) -> Option<Conn<N>> {
    let stream = match net.connect(proxy, bytes.into()).await {
        Ok(stream) => stream,
        Err(error) => {
            let end = Got::Reset(errno(&error));
            log.borrow_mut().never_opened(end, net.now());
            return None;
        }
    };
    let mut line = match carrier {
        Carrier::Tcp => Line::plain(stream),
        Carrier::Tls(version) => Line::tls(stream, tls::client_config(Party::Client, version)),
    };
    if let Err(end) = poll_fn(|cx| line.poll_secure(cx)).await {
        log.borrow_mut().never_opened(end, net.now());
        line.reset();
        return None;
    }
    Some(Conn::new(net, line, log))
}

/// An origin that listens at `address` and follows `script` on each connection, each with a log.
pub async fn origin<N: Network>(
    net: N,
    address: SocketAddr,
    bytes: SocketBytes,
    carrier: Carrier,
    script: Script,
    logs: Rc<RefCell<Vec<SharedLog>>>,
) {
    accept_all(net, address, bytes, carrier, |conn| {
        logs.borrow_mut().push(Rc::clone(&conn.log));
        let script = script.clone();
        async move { Peer::origin(&conn).run(script).await }
    })
    .await;
}

/// Listens at `address`, and goes on with each connection as `serve` says, for ever.
pub(super) async fn accept_all<N: Network, F: Future<Output = ()>>(
    net: N,
    address: SocketAddr,
    bytes: SocketBytes,
    carrier: Carrier,
    serve: impl Fn(Conn<N>) -> F,
) {
    let listener = net.listen(address, bytes.into());
    let mut listener = listener.expect("the origin's port is free");
    let mut served = Vec::new();
    poll_fn(|cx| {
        while let Poll::Ready(accepted) = listener.poll_accept(cx) {
            let stream = accepted.expect("the origin's kernel accepts");
            let mut line = match carrier {
                Carrier::Tcp => Line::plain(stream),
                Carrier::Tls(version) => {
                    Line::server(stream, tls::server_config(Party::Origin, &[version]))
                }
            };
            let (net, serve) = (net.clone(), &serve);
            served.push(Box::pin(async move {
                // A proxy that gives up inside the handshake has said nothing yet.
                match poll_fn(|cx| line.poll_secure(cx)).await {
                    Ok(()) => serve(Conn::new(net, line, SharedLog::default())).await,
                    Err(_) => line.reset(),
                }
            }));
        }
        served.retain_mut(|one| one.as_mut().poll(cx).is_pending());
        Poll::<()>::Pending
    })
    .await;
}

/// One connection of a peer, from its first byte, or from where it has left HTTP.
pub(super) struct Peer<'a, N: Network> {
    conn: &'a Conn<N>,
    from: Payload,
    to: Payload,
    /// The other direction has ended.
    pub(super) ended: Progress,
}

impl<'a, N: Network> Peer<'a, N> {
    pub(super) fn client(conn: &'a Conn<N>) -> Self {
        Peer::new(conn, Payload::FROM_CLIENT, Payload::FROM_ORIGIN)
    }

    pub(super) fn origin(conn: &'a Conn<N>) -> Self {
        Peer::new(conn, Payload::FROM_ORIGIN, Payload::FROM_CLIENT)
    }

    fn new(conn: &'a Conn<N>, from: Payload, to: Payload) -> Self {
        Peer {
            conn,
            from,
            to,
            ended: Progress::default(),
        }
    }

    async fn run(self, script: Script) {
        let write = self.write(&script.writer);
        self.conn.run(write, self.read(script.reader, &[])).await;
    }

    pub(super) async fn write(&self, steps: &[Step]) {
        for step in steps {
            let goes_on = match step {
                Step::Write(n) => self.write_payload(u64::from(*n)).await,
                Step::Sleep(ms) => {
                    self.conn.sleep(*ms).await;
                    true
                }
                Step::AwaitEof => {
                    self.ended.reach(1).await;
                    true
                }
                Step::CloseNotify | Step::Fin | Step::Reset | Step::Hang => {
                    self.conn.end(*step).await
                }
            };
            if !goes_on {
                return;
            }
        }
    }

    /// Writes the next `n` bytes; whether it could.
    async fn write_payload(&self, n: u64) -> bool {
        let mut buf = [0; WRITE_BYTES];
        let log = &self.conn.log;
        let end = log.borrow().sent.bytes + n;
        loop {
            let at = log.borrow().sent.bytes;
            if at == end {
                return self.conn.write_all(&[]).await;
            }
            let rest = usize::try_from(end - at).unwrap_or(WRITE_BYTES);
            let buf = &mut buf[..rest.min(WRITE_BYTES)];
            self.from.fill(at, buf);
            let written = self.conn.on_line(|line, cx| line.poll_write(cx, buf)).await;
            let mut taken = 0;
            let written = written.map(|outcome| outcome.map(|n| taken = n as u64));
            let wrote = self.conn.note(written, |log, now| {
                log.sent.bytes += taken;
                log.sent.last_at = Some(now);
            });
            if !wrote {
                return false;
            }
        }
    }

    /// Reads to the end; `first` was read before, with what was no payload.
    pub(super) async fn read(&self, reader: Reader, first: &[u8]) {
        let conn = self.conn;
        let mut buf = vec![0; reader.chunk.min(READ_BYTES) as usize];
        conn.sleep(reader.delay_ms).await;
        if !first.is_empty() {
            let now = conn.net.now();
            conn.log.borrow_mut().seen.saw(self.to, first, now);
        }
        loop {
            let at = conn.log.borrow().seen.bytes;
            if reader.stop.is_some_and(|stop| at >= u64::from(stop)) {
                return conn.failed().await;
            }
            let Some(got) = conn.on_line(|line, cx| line.poll_read(cx, &mut buf)).await else {
                return;
            };
            let now = conn.net.now();
            if let Got::Bytes(n) = got {
                conn.log.borrow_mut().seen.saw(self.to, &buf[..n], now);
                conn.sleep(reader.pause_ms).await;
                continue;
            }
            let over = got != Got::Notify;
            conn.log.borrow_mut().saw_end(got, now);
            self.ended.to(1);
            if over {
                return;
            }
        }
    }
}

impl Seen {
    /// Writes down payload.
    fn saw(&mut self, to: Payload, bytes: &[u8], now: Time) {
        if self.differs_at.is_none() {
            self.differs_at = to.differs(self.bytes, bytes);
        }
        self.bytes += bytes.len() as u64;
        self.first_at.get_or_insert(now);
        self.last_at = Some(now);
    }
}
