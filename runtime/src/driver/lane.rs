//! What passes the proxy unseen: read and written by way of memory, or of a pipe of the kernel's.
//!
//! It owns the pipes that hold bytes, and how much the last reads brought, which is what the choice
//! is made by. It waits for the sockets alone. A pipe is filled only while its direction holds
//! nothing (SIMULATION 5.4), so whatever else waits for the sink came behind what is in the pipe; and
//! it is kept only while there is something in it.

use super::{Driver, wire};
use crate::{
    net::{Network, Pipe},
    port::{Fault, Port, Read},
    variant::bad,
};
use std::task::{Context, Poll, ready};
use tidegate_core::{event::Event, leg::WriteEnd, relay::Lane as Way, side::Side};

/// So many reads in a row that speak for the other way make it the way.
const READS: u8 = 2;

/// A message has to be so many times as long as a read that speaks for a pipe: one that is nearly
/// over gains nothing.
const LEFT: u64 = 4;

/// And the reads that speak against it are so many times smaller.
const LESS: usize = 4;

/// One direction's pipe, while it holds bytes, and what its last reads spoke for.
#[derive(Debug)]
pub(super) struct Lane<P> {
    held: Option<(P, u32)>,
    reads: u8,
    /// The last fill brought all that it might, so there is probably more to come: what is written is kept
    /// back for that, until it comes or a round has moved nothing.
    more: bool,
}

impl<P> Lane<P> {
    pub(super) const EMPTY: Self = Lane {
        held: None,
        reads: 0,
        more: false,
    };

    /// Bytes in the pipe.
    pub(super) fn bytes(&self) -> u32 {
        self.held.as_ref().map_or(0, |(_, bytes)| *bytes)
    }

    /// One without a pipe, behind so many reads that spoke for one.
    pub(super) fn after(reads: u8) -> Self {
        Lane {
            reads,
            ..Lane::EMPTY
        }
    }

    /// Whether all that it has is [`Lane::reads`].
    pub(super) fn is_bare(&self) -> bool {
        self.held.is_none() && !self.more
    }

    /// How many reads in a row have spoken for the other way.
    pub(super) fn reads(&self) -> u8 {
        self.reads
    }

    /// Closes the pipe, with what is in it: nobody takes it any more.
    pub(super) fn let_go(&mut self) {
        self.held = None;
    }

    /// A read spoke for the other way, or did not.
    fn count(&mut self, other: bool) {
        self.reads = match other {
            true => self.reads.saturating_add(1),
            false => 0,
        };
    }
}

impl<N: Network> Driver<N> {
    /// Reads what nobody looks at, as much as there is room for; of a message, so many bytes are left.
    pub(super) fn poll_pass(
        &mut self,
        cx: &mut Context<'_>,
        side: Side,
        left: Option<u64>,
    ) -> Poll<Result<Read, Fault>> {
        let pipe = match self.lanes[side as usize].held.take() {
            Some(held) if bad!(PipeRefilled) => Some(held),
            Some(_) => panic!("a pipe is filled while it is empty"),
            None => self.pipe(side, left).map(|pipe| (pipe, 0)),
        };
        let room = self.session.from(side).room();
        let most = left.map_or(room, |left| room.min(wire::count64(left)));
        if let Some(pipe) = pipe {
            return self.poll_fill(cx, side, pipe, most, left);
        }
        let [down, up] = &mut self.wires;
        let read = match side {
            Side::Down => down.poll_take(cx, most, &mut up.outbox),
            Side::Up => up.poll_take(cx, most, &mut down.outbox),
        };
        if let Poll::Ready(Ok(Read::Bytes(n))) = read {
            self.count_read(side, wire::count(n));
        }
        read
    }

    /// So much was read into memory: whether it speaks for a pipe.
    pub(super) fn count_read(&mut self, side: Side, bytes: u32) {
        let bulk = bytes >= self.limits().pipe_from_bytes;
        self.lanes[side as usize].count(bulk);
    }

    /// The empty pipe that this leg's next bytes go through, if they do; the session is told when
    /// that changes.
    fn pipe(&mut self, side: Side, left: Option<u64>) -> Option<Pipe<N>> {
        let (wanted, piped) = match self.session.from(side).lane() {
            Way::Copied => (self.wants_pipe(side, left), false),
            Way::Piped(_) => (self.keeps_pipe(side), true),
        };
        if !(wanted || piped) {
            return None;
        }
        let bytes = self.limits().pipe_bytes;
        let pipe = match wanted {
            true => self.service.upstreams.net().pipe(bytes),
            false => None,
        };
        if pipe.is_some() != piped {
            self.lanes[side as usize].reads = 0;
            self.step(match piped {
                false => Event::Piped(side, bytes),
                true => Event::Copied(side),
            });
        }
        pipe
    }

    pub(super) fn wants_pipe(&self, side: Side, left: Option<u64>) -> bool {
        let limits = self.limits();
        let bulk = limits.pipe_from_bytes == 0 || self.lanes[side as usize].reads >= READS;
        let least = LEFT * u64::from(limits.pipe_from_bytes);
        bulk && limits.pipe_bytes > 0
            && left.is_none_or(|left| left > least)
            && self.session.may_pipe(side)
            && self.can_pipe(side)
    }

    fn keeps_pipe(&self, side: Side) -> bool {
        self.lanes[side as usize].reads < READS && self.can_pipe(side)
    }

    /// Whether both transports can do without anybody's look at the bytes.
    fn can_pipe(&self, side: Side) -> bool {
        let port = |side: Side| self.wires[side as usize].port.as_ref();
        port(side).is_some_and(Port::fills) && port(side.other()).is_some_and(Port::drains)
    }

    fn poll_fill(
        &mut self,
        cx: &mut Context<'_>,
        side: Side,
        (mut pipe, mut bytes): (Pipe<N>, u32),
        most: u32,
        left: Option<u64>,
    ) -> Poll<Result<Read, Fault>> {
        let read = self.wire(side).poll_fill_pipe(cx, &mut pipe, most);
        if let Poll::Ready(Ok(Read::Bytes(n))) = read {
            bytes += wire::count(n);
            let small = n < wire::size(self.limits().pipe_from_bytes) / LESS;
            let lane = &mut self.lanes[side as usize];
            lane.count(small);
            // Behind the end of a message there is nothing to wait for.
            lane.more = wire::count(n) == most && left.is_none_or(|left| left > u64::from(most));
        }
        match bytes {
            0 => self.service.upstreams.net().put_back(pipe),
            _ => self.lanes[side as usize].held = Some((pipe, bytes)),
        }
        if read.is_pending() {
            self.no_more(side);
        }
        if bad!(PipedEndUnseen) && matches!(read, Poll::Ready(Ok(Read::Fin))) && self.is_over(side)
        {
            return Poll::Pending;
        }
        read
    }

    /// `PipedEndUnseen`: whether this leg was told to finish.
    fn is_over(&self, side: Side) -> bool {
        let open = self.session.leg(side).open();
        open.is_some_and(|open| open.write != WriteEnd::Open)
    }

    /// Writes what waits for this leg, the pipe's bytes before all others.
    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        side: Side,
        pending: u32,
        last: bool,
    ) -> Poll<Result<usize, Fault>> {
        let lane = &mut self.lanes[side.other() as usize];
        let wire = &mut self.wires[side as usize];
        let Some((pipe, bytes)) = &mut lane.held else {
            return wire.poll_write(cx, pending, last);
        };
        let n = ready!(wire.poll_drain_pipe(cx, pipe, *bytes, last || lane.more))?;
        *bytes -= wire::count(n);
        if *bytes == 0
            && let Some((pipe, _)) = lane.held.take()
        {
            self.service.upstreams.net().put_back(pipe);
        }
        Poll::Ready(Ok(n))
    }

    /// Nothing has moved: what was kept back for more to come leaves without it.
    pub(super) fn rest(&mut self) {
        Side::BOTH
            .into_iter()
            .for_each(|source| self.no_more(source));
    }

    /// There is no more to come from `source` now, whatever the other way does.
    #[inline]
    pub(super) fn no_more(&mut self, source: Side) {
        if std::mem::take(&mut self.lanes[source as usize].more)
            && let Some(port) = self.wire(source.other()).port.as_mut()
            && !bad!(MoreAwaited)
        {
            port.hold_for_finish(false);
        }
    }

    fn limits(&self) -> &tidegate_core::limits::Limits {
        &self.service.setup.limits
    }
}
