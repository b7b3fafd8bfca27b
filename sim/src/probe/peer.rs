//! A peer of the probe on a simulated network: one connection, and the steps of its script.
//!
//! It owns the connection and writes its transcript. The script, and what a step of reading asks
//! for, are the probe's own; here is only what a socket does about it. It waits as long as the
//! script says and as its patience lasts, and never judges what it sees.

use super::flags::Flags;
use crate::peer::{Got, Line};
use std::{
    future::poll_fn,
    pin::pin,
    task::{Context, Poll},
    time::Duration,
};
use tidegate::{
    net::Network,
    probe::{
        step::{Pace, Pattern, Payload, Step, Until, Who},
        transcript::{Transcript, What},
    },
};
use tidegate_core::time::Time;

/// The most that one read brings.
const READ_BYTES: usize = 64 * 1024;

/// How long a reset waits for what was written before it (K18, K20).
const FLUSH: Duration = Duration::from_secs(1);

/// Between the reads of a slow reader.
const SLOW: Duration = Duration::from_millis(5);

/// How long a peer that is about to close looks for what is unread.
const LOOK: Duration = Duration::from_millis(20);

/// What a peer needs besides its connection.
pub(super) struct Around<'a, N> {
    pub(super) net: &'a N,
    pub(super) who: Who,
    pub(super) flags: &'a Flags,
    pub(super) pace: &'a Pace,
    pub(super) host: &'a str,
    /// How long it waits for anything.
    pub(super) limit: Duration,
}

impl<N> Clone for Around<'_, N> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<N> Copy for Around<'_, N> {}

impl<N: Network> Around<'_, N> {
    /// The time since the play began.
    pub(super) fn now(&self) -> Duration {
        Duration::from_micros(self.net.now().0)
    }

    pub(super) async fn sleep(&self, long: Duration) {
        self.net.sleep_until(time(self.now() + long)).await;
    }

    /// What `poll` comes to, if it does within `limit`.
    pub(super) async fn within<T>(
        &self,
        limit: Duration,
        mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Option<T> {
        let mut late = pin!(self.sleep(limit));
        poll_fn(|cx| match poll(cx) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending => late.as_mut().poll(cx).map(|()| None),
        })
        .await
    }
}

fn time(at: Duration) -> Time {
    Time(u64::try_from(at.as_micros()).unwrap_or(u64::MAX))
}

/// As it stands in a transcript.
pub(super) fn what(got: Got) -> What {
    match got {
        Got::Bytes(n) => What::Got(n),
        Got::Notify => What::GotNotify,
        Got::Fin => What::GotFin,
        Got::Reset(_) => What::GotReset,
        Got::BadTls(why) => What::GotNonsense(why),
    }
}

/// Why something was not sent.
fn why(got: Got) -> String {
    match got {
        Got::Reset(errno) => errno.name().to_owned(),
        got @ (Got::Bytes(_) | Got::Notify | Got::Fin | Got::BadTls(_)) => format!("{got:?}"),
    }
}

/// A peer with its connection.
pub(super) struct Peer<'a, N: Network> {
    around: Around<'a, N>,
    line: Option<Line<N::Stream>>,
    transcript: Transcript,
    pattern: Pattern,
    /// How much of what came was asked for by [`Until`].
    read: usize,
    /// What was looked at and not read yet.
    ahead: Option<(Got, Vec<u8>)>,
    over: bool,
}

impl<'a, N: Network> Peer<'a, N> {
    pub(super) fn new(
        around: Around<'a, N>,
        line: Line<N::Stream>,
        transcript: Transcript,
    ) -> Peer<'a, N> {
        Peer {
            around,
            line: Some(line),
            transcript,
            pattern: Pattern::of(around.who),
            read: 0,
            ahead: None,
            over: false,
        }
    }

    /// Plays the script and lets go of the connection.
    pub(super) async fn play(mut self, steps: &[Step]) -> Transcript {
        for step in steps {
            self.step(*step).await;
        }
        if let Some(line) = self.line.take() {
            line.close();
        }
        self.transcript
    }

    async fn step(&mut self, step: Step) {
        let around = self.around;
        match step {
            Step::Write(payload) => self.write(payload).await,
            // What is written and ended in one turn is one segment (`MSG_MORE` has no turns).
            Step::WriteLast(payload) => {
                self.write(payload).await;
                self.finish().await;
            }
            Step::Stream {
                bytes,
                every,
                beats,
            } => {
                for _ in 0..around.pace.beats(beats) {
                    around.sleep(around.pace.length(every)).await;
                    self.write(Payload::Pattern(bytes)).await;
                }
            }
            Step::Echo => {
                let bytes = self.transcript.bytes.clone();
                self.send(&bytes).await;
            }
            Step::Finish => self.finish().await,
            Step::Fin => self.fin().await,
            Step::CloseNotify => self.notify().await,
            Step::Reset => self.reset().await,
            Step::Close => self.close().await,
            Step::Wait(pause) => around.sleep(around.pace.length(pause)).await,
            Step::Read(n) => self.read(Until::Bytes(n)).await,
            Step::AwaitBytes => self.look(around.limit).await,
            Step::ReadHead => self.read(Until::Head).await,
            Step::ReadMessage => self.read(Until::Message).await,
            Step::ReadClean => self.read(Until::Clean).await,
            Step::ReadEnd => self.read(Until::End).await,
            Step::ReadSlowly(bytes) => self.read_slowly(bytes).await,
            Step::ReadOn => self.read(Until::Over).await,
            Step::AwaitError => self.await_error().await,
            Step::Deafen | Step::AwaitLoss | Step::Undeafen => {
                unreachable!("no packet is lost on these networks")
            }
            Step::Tell(flag) => around.flags.tell(around.who, flag),
            Step::Hear(flag) => self.hear_flag(flag).await,
            Step::Meet(flag) => {
                around.flags.tell(around.who, flag);
                self.hear_flag(flag).await;
            }
        }
    }

    async fn hear_flag(&self, flag: u8) {
        let (around, who) = (self.around, self.around.who.other());
        let told = |cx: &mut Context<'_>| around.flags.poll_told(who, flag, cx);
        let _late = around.within(around.limit, told).await;
    }

    fn note(&mut self, what: What) {
        self.transcript.note(self.around.now(), what);
    }

    /// Polls `f` on the connection; `None` if there is none, or it takes too long.
    async fn on_line<T>(
        &mut self,
        limit: Duration,
        mut f: impl FnMut(&mut Line<N::Stream>, &mut Context<'_>) -> Poll<T>,
    ) -> Option<T> {
        let line = self.line.as_mut()?;
        self.around.within(limit, |cx| f(line, cx)).await
    }

    async fn write(&mut self, payload: Payload) {
        let around = self.around;
        let bytes = payload.bytes(&mut self.pattern, around.pace, around.host);
        self.send(&bytes).await;
    }

    async fn send(&mut self, mut bytes: &[u8]) {
        if self.line.is_none() {
            return;
        }
        let (at, limit, all) = (self.around.now(), self.around.limit, bytes.len());
        let mut refused = None;
        while !bytes.is_empty() && refused.is_none() {
            match self
                .on_line(limit, |line, cx| line.poll_write(cx, bytes))
                .await
            {
                Some(Ok(n)) => bytes = &bytes[n..],
                Some(Err(end)) => refused = Some(why(end)),
                None => refused = Some("it was not taken in time".to_owned()),
            }
        }
        let flushed = self.on_line(limit, |line, cx| line.poll_flush(cx)).await;
        if let (None, Some(Err(end))) = (&refused, flushed) {
            refused = Some(why(end));
        }
        if all > bytes.len() {
            self.transcript.note(at, What::Sent(all - bytes.len()));
        }
        if let Some(why) = refused {
            self.note(What::NotSent(why));
        }
    }

    async fn notify(&mut self) {
        if !self.transcript.tls || self.line.is_none() {
            return;
        }
        let (at, limit) = (self.around.now(), self.around.limit);
        let sent = self.on_line(limit, |line, cx| {
            line.notify();
            line.poll_flush(cx)
        });
        let sent = sent.await;
        self.sent(at, sent, What::SentNotify);
    }

    async fn fin(&mut self) {
        if self.line.is_none() {
            return;
        }
        let (at, limit) = (self.around.now(), self.around.limit);
        let sent = self.on_line(limit, |line, cx| line.poll_fin(cx)).await;
        self.sent(at, sent, What::SentFin);
    }

    fn sent(&mut self, at: Duration, sent: Option<Result<(), Got>>, what: What) {
        match sent {
            Some(Ok(())) => self.transcript.note(at, what),
            Some(Err(end)) => self.note(What::NotSent(why(end))),
            None => self.note(What::NotSent("it was not taken in time".to_owned())),
        }
    }

    async fn finish(&mut self) {
        self.notify().await;
        self.fin().await;
    }

    async fn reset(&mut self) {
        // An error means that the connection is gone already.
        let _gone = self.on_line(FLUSH, |line, cx| line.poll_acked(cx)).await;
        if let Some(line) = self.line.take() {
            line.reset();
            self.note(What::SentReset);
        }
    }

    /// What is unread on purpose makes a reset of it (K1); the network does that.
    async fn close(&mut self) {
        self.notify().await;
        // Tickets that nobody has read would, too.
        if self.transcript.tls && !self.over {
            self.look(LOOK).await;
        }
        if let Some(line) = self.line.take() {
            line.close();
            self.note(What::SentFin);
            self.note(What::Closed);
        }
    }

    /// Waits until there is something to read, and keeps it for the next read.
    async fn look(&mut self, limit: Duration) {
        if self.ahead.is_some() {
            return;
        }
        let mut buf = vec![0; READ_BYTES];
        let got = self
            .on_line(limit, |line, cx| line.poll_read(cx, &mut buf))
            .await;
        self.ahead = got.map(|got| {
            buf.truncate(if let Got::Bytes(n) = got { n } else { 0 });
            (got, buf)
        });
    }

    async fn read(&mut self, until: Until) {
        let deadline = self.around.now() + self.around.limit;
        while !until.is_met(&self.transcript, self.read) && !self.over {
            let left = deadline.saturating_sub(self.around.now());
            if left.is_zero() {
                self.note(What::Waited);
                return;
            }
            let other_is_over = until == Until::Over;
            if self.hear(left, READ_BYTES, other_is_over).await.is_none() && other_is_over {
                return;
            }
        }
        self.read += until.takes(&self.transcript, self.read);
    }

    async fn read_slowly(&mut self, bytes: usize) {
        let deadline = self.around.now() + self.around.limit;
        while !self.over {
            let left = deadline.saturating_sub(self.around.now());
            if left.is_zero() {
                self.note(What::Waited);
                return;
            }
            let _late = self.hear(left, bytes, false).await;
            self.around.sleep(SLOW).await;
        }
    }

    /// Reads once. `None`: nothing came in time, or, if that is asked for, before the other peer
    /// had done all it had to.
    async fn hear(&mut self, limit: Duration, most: usize, or_over: bool) -> Option<()> {
        let (got, buf) = match self.ahead.take() {
            Some(ahead) => ahead,
            None => {
                let mut buf = vec![0; most];
                let Some(line) = &mut self.line else {
                    self.over = true;
                    return None;
                };
                let (around, other) = (self.around, self.around.who.other());
                let read = |cx: &mut Context<'_>| match line.poll_read(cx, &mut buf) {
                    Poll::Ready(got) => Poll::Ready(Some(got)),
                    Poll::Pending if or_over => around.flags.poll_over(other, cx).map(|()| None),
                    Poll::Pending => Poll::Pending,
                };
                (around.within(limit, read).await??, buf)
            }
        };
        if let Got::Bytes(n) = got {
            self.transcript.bytes.extend_from_slice(&buf[..n]);
        }
        let what = what(got);
        self.over = what.is_end();
        self.note(what);
        Some(())
    }

    async fn await_error(&mut self) {
        if self.line.is_none() {
            return;
        }
        let limit = self.around.limit;
        match self.on_line(limit, |line, cx| line.poll_fault(cx)).await {
            Some(errno) => self.note(What::GotError(errno.name().to_owned())),
            None => self.note(What::Waited),
        }
    }
}
