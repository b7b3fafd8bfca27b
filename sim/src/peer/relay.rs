//! A relay's peers: a writer that follows its steps and a reader that reads as it is told.

use super::{Begun, Flag, Got, Line, Log, Payload, Seen, SharedLog, errno};
use crate::{
    schedule::{Carrier, Reader, Script, SocketBytes, Step},
    tls::{self, Party},
};
use std::{
    cell::RefCell,
    future::{Future, poll_fn},
    net::SocketAddr,
    pin::pin,
    rc::Rc,
    task::{Context, Poll},
};
use tidegate::net::{Listener, Network};
use tidegate_core::time::{Span, Time};

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
    let stream = match net.connect(proxy, bytes.into()).await {
        Ok(stream) => stream,
        Err(error) => {
            let end = Got::Reset(errno(&error));
            return log.borrow_mut().never_opened(end, net.now());
        }
    };
    let mut line = match carrier {
        Carrier::Tcp => Line::plain(stream),
        Carrier::Tls(version) => Line::tls(stream, tls::client_config(Party::Client, version)),
    };
    if let Err(end) = poll_fn(|cx| line.poll_secure(cx)).await {
        log.borrow_mut().never_opened(end, net.now());
        return line.reset();
    }
    let (from, to) = (Payload::FROM_CLIENT, Payload::FROM_ORIGIN);
    Peer::new(net, line, from, to, log).run(script).await;
}

/// An origin that listens at `address` and follows `script` on each connection, each with a log.
pub async fn origin<N: Network>(
    net: N,
    address: SocketAddr,
    bytes: SocketBytes,
    script: Script,
    logs: Rc<RefCell<Vec<SharedLog>>>,
) {
    let listener = net.listen(address, bytes.into());
    let mut listener = listener.expect("the origin's port is free");
    let mut peers = Vec::new();
    poll_fn(|cx| {
        while let Poll::Ready(accepted) = listener.poll_accept(cx) {
            let line = Line::plain(accepted.expect("the origin's kernel accepts"));
            let log = SharedLog::default();
            logs.borrow_mut().push(Rc::clone(&log));
            let (from, to) = (Payload::FROM_ORIGIN, Payload::FROM_CLIENT);
            let peer = Peer::new(net.clone(), line, from, to, log);
            peers.push(Box::pin(peer.run(script.clone())));
        }
        peers.retain_mut(|peer| peer.as_mut().poll(cx).is_pending());
        Poll::<()>::Pending
    })
    .await;
}

/// One connection of a peer.
struct Peer<N: Network> {
    net: N,
    /// `None` once it is reset.
    line: RefCell<Option<Line<N::Stream>>>,
    from: Payload,
    to: Payload,
    log: SharedLog,
    /// The other direction has ended.
    ended: Flag,
}

impl<N: Network> Peer<N> {
    fn new(net: N, line: Line<N::Stream>, from: Payload, to: Payload, log: SharedLog) -> Peer<N> {
        log.borrow_mut().begun = Some(Begun::Open(net.now()));
        Peer {
            net,
            line: RefCell::new(Some(line)),
            from,
            to,
            log,
            ended: Flag::default(),
        }
    }

    /// Runs both halves, watches for a failure all the while, and closes when all has arrived.
    async fn run(self, script: Script) {
        {
            let (mut write, mut read) = (
                pin!(self.write(&script.writer)),
                pin!(self.read(script.reader)),
            );
            let (mut written, mut read_out) = (false, false);
            poll_fn(|cx| {
                written = written || write.as_mut().poll(cx).is_ready();
                read_out = read_out || read.as_mut().poll(cx).is_ready();
                match self.poll_watch(cx) {
                    Poll::Ready(()) if written && read_out => Poll::Ready(()),
                    Poll::Ready(()) | Poll::Pending => Poll::Pending,
                }
            })
            .await;
        }
        let mut log = self.log.borrow_mut();
        log.done_at = Some(self.net.now());
        if let Some(line) = self.line.borrow_mut().take() {
            if log.seen.reset_at.is_some() || log.seen.tls_error.is_some() {
                line.reset();
            } else {
                line.close();
            }
        }
    }

    /// Notes a failure when it comes; ready when it has, or when all that was sent has arrived.
    fn poll_watch(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut line = self.line.borrow_mut();
        let Some(line) = line.as_mut() else {
            return Poll::Ready(());
        };
        if let Poll::Ready(errno) = line.poll_fault(cx) {
            let now = self.net.now();
            self.log.borrow_mut().saw_end(Got::Reset(errno), now);
            return Poll::Ready(());
        }
        line.poll_acked(cx).map(|_| ())
    }

    async fn write(&self, steps: &[Step]) {
        for step in steps {
            let now = self.net.now();
            let done = match step {
                Step::Write(n) => self.write_payload(u64::from(*n)).await,
                Step::Sleep(ms) => {
                    let until = now + Span::from_ms(u64::from(*ms));
                    self.net.sleep_until(until).await;
                    true
                }
                Step::AwaitEof => {
                    self.ended.wait().await;
                    true
                }
                Step::CloseNotify => {
                    let sent = self
                        .on_line(|line, cx| {
                            line.notify();
                            line.poll_flush(cx)
                        })
                        .await;
                    self.note(sent, |log, now| log.sent.notify_at = Some(now))
                }
                Step::Fin => {
                    let sent = self.on_line(|line, cx| line.poll_fin(cx)).await;
                    self.note(sent, |log, now| log.sent.fin_at = Some(now))
                }
                Step::Reset => {
                    self.log.borrow_mut().sent.reset_at = Some(now);
                    if let Some(line) = self.line.borrow_mut().take() {
                        line.reset();
                    }
                    false
                }
            };
            if !done {
                return;
            }
        }
    }

    /// Writes the next `n` bytes; whether it could.
    async fn write_payload(&self, n: u64) -> bool {
        let mut buf = [0; WRITE_BYTES];
        let end = self.log.borrow().sent.bytes + n;
        loop {
            let at = self.log.borrow().sent.bytes;
            if at == end {
                let sent = self.on_line(|line, cx| line.poll_flush(cx)).await;
                return self.note(sent, |_, _| {});
            }
            let rest = usize::try_from(end - at).unwrap_or(WRITE_BYTES);
            let buf = &mut buf[..rest.min(WRITE_BYTES)];
            self.from.fill(at, buf);
            let written = self.on_line(|line, cx| line.poll_write(cx, buf)).await;
            let taken = written.map(|outcome| {
                outcome.map(|n| {
                    self.log.borrow_mut().sent.bytes += n as u64;
                })
            });
            if !self.note(taken, |log, now| log.sent.last_at = Some(now)) {
                return false;
            }
        }
    }

    /// Notes that something was sent, or that it could not be.
    fn note(&self, sent: Option<Result<(), Got>>, good: impl FnOnce(&mut Log, Time)) -> bool {
        let mut log = self.log.borrow_mut();
        match sent {
            Some(Ok(())) => {
                good(&mut log, self.net.now());
                true
            }
            Some(Err(end)) => {
                let now = self.net.now();
                log.sent.failed_at = Some(now);
                log.saw_end(end, now);
                false
            }
            None => false,
        }
    }

    async fn read(&self, reader: Reader) {
        let mut buf = vec![0; reader.chunk.min(READ_BYTES) as usize];
        self.rest(reader.delay_ms).await;
        loop {
            let at = self.log.borrow().seen.bytes;
            if reader.stop.is_some_and(|stop| at >= u64::from(stop)) {
                return std::future::pending().await;
            }
            let Some(got) = self.on_line(|line, cx| line.poll_read(cx, &mut buf)).await else {
                return;
            };
            let now = self.net.now();
            let ended = !matches!(got, Got::Bytes(_));
            let over = ended && got != Got::Notify;
            if let Got::Bytes(n) = got {
                self.log.borrow_mut().seen.saw(self.to, &buf[..n], now);
                self.rest(reader.pause_ms).await;
            } else {
                self.log.borrow_mut().saw_end(got, now);
            }
            if ended {
                self.ended.set();
            }
            if over {
                return;
            }
        }
    }

    async fn rest(&self, ms: u32) {
        if ms > 0 {
            let until = self.net.now() + Span::from_ms(u64::from(ms));
            self.net.sleep_until(until).await;
        }
    }

    /// Polls `f` on the line, for as long as there is one.
    async fn on_line<T>(
        &self,
        mut f: impl FnMut(&mut Line<N::Stream>, &mut Context<'_>) -> Poll<T>,
    ) -> Option<T> {
        poll_fn(|cx| match self.line.borrow_mut().as_mut() {
            Some(line) => f(line, cx).map(Some),
            None => Poll::Ready(None),
        })
        .await
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
