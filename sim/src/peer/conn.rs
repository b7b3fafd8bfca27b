//! What every peer does with a connection: write, end, watch for failures, and leave.
//!
//! It owns a peer's line and writes down, in the connection's log, what became of it. What is
//! written and what is made of the bytes read is its user's.

use super::{Begun, Got, Line, Log, SharedLog};
use crate::schedule::Step;
use std::{
    cell::RefCell,
    future::{Future, poll_fn},
    pin::pin,
    task::{Context, Poll},
};
use tidegate::net::Network;
use tidegate_core::time::{Span, Time};

/// An open connection of a peer.
pub(super) struct Conn<N: Network> {
    pub(super) net: N,
    /// `None` once it is reset.
    line: RefCell<Option<Line<N::Stream>>>,
    pub(super) log: SharedLog,
}

impl<N: Network> Conn<N> {
    pub(super) fn new(net: N, line: Line<N::Stream>, log: SharedLog) -> Conn<N> {
        log.borrow_mut().begun = Some(Begun::Open(net.now()));
        Conn {
            net,
            line: RefCell::new(Some(line)),
            log,
        }
    }

    /// Runs a peer's writer and reader to their ends, watches for a failure all the while, and
    /// leaves when all that was sent has arrived.
    pub(super) async fn run(
        &self,
        write: impl Future<Output = ()>,
        read: impl Future<Output = ()>,
    ) {
        let (mut write, mut read) = (pin!(write), pin!(read));
        let (mut written, mut read_out) = (false, false);
        poll_fn(|cx| {
            written = written || write.as_mut().poll(cx).is_ready();
            read_out = read_out || read.as_mut().poll(cx).is_ready();
            let watched = self.poll_watch(cx);
            // Who waits for nothing but a failure has not been told of it.
            written = written || write.as_mut().poll(cx).is_ready();
            read_out = read_out || read.as_mut().poll(cx).is_ready();
            match watched {
                Poll::Ready(()) if written && read_out => Poll::Ready(()),
                Poll::Ready(()) | Poll::Pending => Poll::Pending,
            }
        })
        .await;
        self.leave();
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

    fn leave(&self) {
        let mut log = self.log.borrow_mut();
        log.done_at = Some(self.net.now());
        if let Some(line) = self.line.borrow_mut().take() {
            log.seen.behind_end = line.behind_the_end();
            if log.seen.reset_at.is_some() || log.seen.tls_error.is_some() {
                line.reset();
            } else {
                line.close();
            }
        }
    }

    /// Polls `f` on the line, for as long as there is one.
    pub(super) async fn on_line<T>(
        &self,
        mut f: impl FnMut(&mut Line<N::Stream>, &mut Context<'_>) -> Poll<T>,
    ) -> Option<T> {
        poll_fn(|cx| match self.line.borrow_mut().as_mut() {
            Some(line) => f(line, cx).map(Some),
            None => Poll::Ready(None),
        })
        .await
    }

    /// Writes down that something was sent, or that it could not be.
    pub(super) fn note(
        &self,
        sent: Option<Result<(), Got>>,
        good: impl FnOnce(&mut Log, Time),
    ) -> bool {
        let (mut log, now) = (self.log.borrow_mut(), self.net.now());
        match sent {
            Some(Ok(())) => {
                good(&mut log, now);
                true
            }
            Some(Err(end)) => {
                log.sent.failed_at = Some(now);
                log.saw_end(end, now);
                false
            }
            None => false,
        }
    }

    /// Writes all of `bytes`; whether it could. Over TLS the records have left then.
    pub(super) async fn write_all(&self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            let written = self.on_line(|line, cx| line.poll_write(cx, bytes)).await;
            let taken = written.map(|outcome| outcome.map(|n| bytes = &bytes[n..]));
            if !self.note(taken, |log, now| log.sent.last_at = Some(now)) {
                return false;
            }
        }
        let flushed = self.on_line(|line, cx| line.poll_flush(cx)).await;
        self.note(flushed, |_, _| {})
    }

    /// Waits until all that was sent has arrived, or cannot.
    pub(super) async fn arrived(&self) {
        let _failed = self.on_line(|line, cx| line.poll_acked(cx)).await;
    }

    /// Waits until the connection has failed, or is reset by ourselves, and nothing else.
    pub(super) async fn failed(&self) {
        poll_fn(|_| {
            let gone = self.log.borrow().seen.reset_at.is_some() || self.line.borrow().is_none();
            match gone {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })
        .await;
    }

    /// Does a step that is an end; whether there can be another.
    pub(super) async fn end(&self, step: Step) -> bool {
        match step {
            Step::CloseNotify => {
                // Nothing, on a plain line.
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
                self.log.borrow_mut().sent.reset_at = Some(self.net.now());
                if let Some(line) = self.line.borrow_mut().take() {
                    line.reset();
                }
                false
            }
            Step::Hang => {
                self.failed().await;
                false
            }
            Step::Write(_) | Step::Sleep(_) | Step::AwaitEof => true,
        }
    }

    /// Waits so long, if at all.
    pub(super) async fn sleep(&self, ms: u32) {
        if ms > 0 {
            let until = self.net.now() + Span::from_ms(u64::from(ms));
            self.net.sleep_until(until).await;
        }
    }
}
