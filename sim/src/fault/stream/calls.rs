//! The calls of a stream that go wrong by plan: each asks its gate first.
//!
//! It owns nothing. A call that has no fault is the stream's own.

use super::*;

impl<N: Simulated> Stream for FaultyStream<N> {
    type Pipe = Pipe;

    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        if self.held.is_some() {
            return self.poll_held(cx, buf);
        }
        if let Inner::Dead(dead) = &mut self.inner {
            return Poll::Ready(dead.read(buf));
        }
        let most = match self.read.fault(&self.net.plan, self.site(Call::Read)) {
            None => buf.len(),
            Some(Fault::Cut(n)) => buf.len().min(n.max(1) as usize),
            Some(Fault::Pend(ms)) => {
                ready!(self.read_ahead(cx, buf.len(), ms));
                return self.poll_held(cx, buf);
            }
            Some(Fault::Fail(errno)) => return self.fail_read(cx, errno, buf),
        };
        let outcome = ready!(self.alive()?.poll_read(cx, &mut buf[..most]));
        self.read.passed();
        Poll::Ready(outcome)
    }

    /// What goes wrong by plan is met by the read.
    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let fault = self.read.fault(&self.net.plan, self.site(Call::Read));
        match (&mut self.inner, &self.held, fault) {
            (Inner::Alive(stream), None, None) => stream.poll_readable(cx),
            _ => Poll::Ready(()),
        }
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = self.poll_sent(cx, bufs);
        match &outcome {
            Poll::Ready(Ok(_)) => self.kept.wrote(),
            // The buffer is full: the kernel sends that by itself. After an error there is nothing to send.
            Poll::Pending | Poll::Ready(Err(_)) => self.kept.leaves(),
        }
        outcome
    }

    fn pipes(&self) -> bool {
        match &self.inner {
            Inner::Alive(stream) => stream.pipes(),
            Inner::Dead(_) => true,
        }
    }

    /// A fill is a read: it has the next read's fault.
    fn poll_fill(
        &mut self,
        cx: &mut Context<'_>,
        pipe: &mut Pipe,
        most: usize,
    ) -> Poll<io::Result<usize>> {
        let fault = self.read.fault(&self.net.plan, self.site(Call::Read));
        if let (None, None, Inner::Alive(_)) = (&self.held, fault, &self.inner) {
            let outcome = ready!(self.alive()?.poll_fill(cx, pipe, most));
            self.read.passed();
            return Poll::Ready(outcome);
        }
        let mut bytes = vec![0; pipe.room_bytes().min(most)];
        if bytes.is_empty() {
            return Poll::Pending;
        }
        let n = ready!(self.poll_read(cx, &mut bytes))?;
        pipe.push(&bytes[..n]);
        Poll::Ready(Ok(n))
    }

    /// A drain is a write, and has the next write's fault.
    fn poll_drain(
        &mut self,
        cx: &mut Context<'_>,
        pipe: &mut Pipe,
        n: usize,
    ) -> Poll<io::Result<usize>> {
        let bytes = IoSlice::new(&pipe.front()[..n]);
        let n = ready!(self.poll_write(cx, &[bytes]))?;
        pipe.take(n);
        Poll::Ready(Ok(n))
    }

    fn poll_finish(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.alive()?;
        self.kept.may(false);
        match self.finish.fault(&self.net.plan, self.site(Call::Finish)) {
            None | Some(Fault::Cut(_)) => {}
            Some(Fault::Pend(ms)) => ready!(self.finish.poll_late(cx, &self.net.inner, ms)),
            Some(Fault::Fail(errno)) => return self.fail(cx, errno),
        }
        let outcome = ready!(self.alive()?.poll_finish(cx));
        if mem::replace(&mut self.ended, true) {
            next(&self.net.counts.twice);
        }
        self.finish.passed();
        Poll::Ready(outcome)
    }

    fn poll_fault(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        match self.alive() {
            Ok(stream) => stream.poll_fault(cx),
            Err(errno) => Poll::Ready(errno.into()),
        }
    }

    fn poll_acked(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.alive()?.poll_acked(cx)
    }

    fn unacked(&self) -> io::Result<u32> {
        match &self.inner {
            Inner::Alive(stream) => stream.unacked(),
            Inner::Dead(dead) => Ok(dead.unacked),
        }
    }

    fn acked_bytes(&self) -> io::Result<u64> {
        match &self.inner {
            Inner::Alive(stream) => stream.acked_bytes(),
            Inner::Dead(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    fn poll_hint(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.inner {
            Inner::Alive(stream) => stream.poll_hint(cx),
            Inner::Dead(_) => Poll::Pending,
        }
    }

    fn watch(&mut self, vigil: Vigil) {
        if let Inner::Alive(stream) = &mut self.inner {
            stream.watch(vigil);
        }
    }

    fn watches(&self, vigil: Vigil) -> bool {
        match &self.inner {
            Inner::Alive(stream) => stream.watches(vigil),
            Inner::Dead(_) => true,
        }
    }

    fn hold_for_finish(&mut self, hold: bool) {
        self.kept.may(hold);
        if let Inner::Alive(stream) = &mut self.inner {
            stream.hold_for_finish(hold);
        }
    }

    fn close(mut self) {
        self.over.said = true;
        let unread = |held: &Held| held.outcome.as_ref().is_ok_and(|b| b.len() > held.told);
        let unread = self.held.as_ref().is_some_and(unread);
        match self.inner {
            Inner::Alive(stream) if unread => stream.reset(), // K1, for bytes still to be told
            Inner::Alive(mut stream) => {
                // A connection that has failed keeps its count, and has nothing to wait for.
                let mut nobody = Context::from_waker(Waker::noop());
                if stream.poll_acked(&mut nobody).is_pending() {
                    next(&self.net.counts.hasty);
                }
                stream.close();
            }
            Inner::Dead(_) => {}
        }
    }

    fn reset(mut self) {
        self.over.said = true;
        if let Inner::Alive(stream) = self.inner {
            stream.reset();
        }
    }

    fn peer(&self) -> Address {
        match &self.inner {
            Inner::Alive(stream) => stream.peer(),
            Inner::Dead(dead) => dead.peer,
        }
    }
}

impl<N: Simulated> FaultyStream<N> {
    /// A write, as it goes by plan.
    fn poll_sent(&mut self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.alive()?;
        let outcome = match self.write.fault(&self.net.plan, self.site(Call::Write)) {
            None => ready!(self.alive()?.poll_write(cx, bufs)),
            Some(Fault::Cut(n)) => {
                let first = bufs.iter().find(|buf| !buf.is_empty());
                let first = first.expect("a write has something to write");
                let most = first.len().min(n.max(1) as usize);
                let cut = [IoSlice::new(&first[..most])];
                ready!(self.alive()?.poll_write(cx, &cut))
            }
            Some(Fault::Pend(ms)) => {
                ready!(self.write.poll_late(cx, &self.net.inner, ms));
                ready!(self.alive()?.poll_write(cx, bufs))
            }
            Some(Fault::Fail(errno)) => return self.fail(cx, errno),
        };
        self.write.passed();
        Poll::Ready(outcome)
    }
}
