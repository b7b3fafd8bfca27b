//! One session on one network: readiness into events, effects into calls.
//!
//! It owns both transports, every byte between them and the clock's hand; it waits for whatever
//! the session's interest names, and for the one deadline. It decides nothing: a poll loop that
//! asks, calls and tells, and performs every order before it looks at anything else.

mod carry;
mod wire;

use self::{carry::Carry, wire::Wire};
use crate::{
    net::{Buffers, Network},
    port::{Fault, Port, Read},
    tap::Tap,
    upstream::{Dial, Found, Upstreams},
};
use std::{
    collections::VecDeque,
    fmt,
    future::Future,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll},
};
use tidegate_core::{
    effect::{Effect, Effects},
    ending::Ending,
    event::{Event, Origin},
    interest::Read as Want,
    leg::{Leg, WriteEnd},
    session::{Kind, Phase, Session, Setup},
    side::Side,
    time::Time,
};

/// Steps of one wake-up before others get their turn.
const BUDGET: u32 = 256;

/// What every session of a listener has in common.
pub struct Service<N: Network> {
    /// What a session is made for.
    pub setup: Setup,
    /// The certificates, where the listener ends TLS.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Where requests and connections go.
    pub upstreams: Rc<Upstreams<N>>,
    /// Whether the listener or the process drains.
    pub drain: crate::drain::Drain,
    /// Socket buffers of accepted connections.
    pub buffers: Buffers,
    /// Whether to walk the wait-for graph after every step (`--paranoid`, and every test).
    pub paranoid: bool,
}

/// A session and all it needs to run.
pub struct Driver<N: Network> {
    service: Rc<Service<N>>,
    session: Session,
    wires: [Wire<N::Stream>; 2],
    carry: Carry,
    dial: Option<Dial<N>>,
    sleep: Option<(Time, Pin<Box<N::Sleep>>)>,
    queue: VecDeque<Event>,
    effects: Effects,
    now: Time,
    ending: Option<Ending>,
    ticket: crate::drain::Ticket,
    tap: Option<Box<dyn Tap>>,
}

impl<N: Network> fmt::Debug for Driver<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

impl<N: Network> Driver<N> {
    /// A session on a connection that was just accepted.
    ///
    /// # Errors
    ///
    /// When the TLS engine refuses the configuration; the connection is reset.
    pub fn new(
        service: Rc<Service<N>>,
        stream: N::Stream,
        tap: Option<Box<dyn Tap>>,
    ) -> Result<Self, rustls::Error> {
        let port = match &service.tls {
            Some(config) => Port::server(stream, Arc::clone(config))?,
            None => Port::plain(stream),
        };
        let carry = Carry::new(port.peer().ip(), service.tls.is_some());
        let ticket = service.drain.ticket();
        let now = service.upstreams.net().now();
        let mut driver = Driver {
            session: Session::new(service.setup),
            wires: [Wire::holding(port), Wire::empty()],
            carry,
            dial: None,
            sleep: None,
            queue: VecDeque::new(),
            effects: Effects::new(),
            now,
            ending: None,
            ticket,
            tap,
            service,
        };
        driver.step(Event::Accepted);
        Ok(driver)
    }

    /// The session, as it stands.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    fn wire(&mut self, side: Side) -> &mut Wire<N::Stream> {
        &mut self.wires[side as usize]
    }

    /// Tells the session of an event and performs what it orders, to the last order.
    fn step(&mut self, event: Event) {
        self.queue.push_back(event);
        self.settle();
    }

    /// Works off the queue. Only then do bytes and counts agree again: a decoder has put down
    /// its bytes before the first of its events is told.
    fn settle(&mut self) {
        while let Some(event) = self.queue.pop_front() {
            let before = self.tap.is_some().then(|| self.session.clone());
            let mut effects = std::mem::take(&mut self.effects);
            self.session.step(self.now, event, &mut effects);
            if let (Some(tap), Some(before)) = (&mut self.tap, before) {
                tap.step(self.now, event, &before, &self.session, &effects);
            }
            for effect in effects.drain(..) {
                self.perform(effect);
            }
            self.effects = effects;
        }
        self.let_go();
        self.check();
    }

    fn check(&self) {
        if !self.service.paranoid {
            return;
        }
        if let Err(stuck) = self.session.check() {
            panic!("nothing leads to {stuck:?}: {:?}", self.session);
        }
        for side in Side::BOTH {
            let (held, counted) = (
                self.wires[side as usize].outbox.len(),
                self.session.to(side).bytes(),
            );
            assert!(
                held == usize::try_from(counted).unwrap_or(usize::MAX),
                "{side}: {held} bytes held, {counted} counted"
            );
        }
    }

    /// Lets go of bytes that the session has given up (I20).
    fn let_go(&mut self) {
        for side in Side::BOTH {
            if self.session.to(side).bytes() == 0 {
                self.wire(side).outbox.clear();
            }
            let over = match self.session.leg(side) {
                Leg::Absent | Leg::Gone(_) => true,
                Leg::Connecting | Leg::Securing | Leg::Open(_) => false,
            };
            if over {
                self.wire(side).inbox.clear();
            }
        }
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Connect => self.connect(),
            Effect::Cancel => self.dial = None,
            // The order is kept as the leg's state: `Finishing` until it is done.
            Effect::Finish(_) => {}
            Effect::Reset(side) => {
                if let Some(port) = self.wire(side).port.take() {
                    port.reset();
                }
            }
            Effect::Close(side) => {
                if let Some(port) = self.wire(side).port.take() {
                    port.close();
                }
            }
            Effect::Park => {
                if let Some(port) = self.wire(Side::Up).port.take() {
                    self.service.upstreams.park(port, self.now);
                }
                self.carry.next_response();
            }
            Effect::Retire(read) => {
                if let Some(port) = self.wire(Side::Up).port.take() {
                    self.service.upstreams.retire(port, read, self.now);
                }
                self.carry.next_response();
            }
            Effect::Reply(reply) => {
                let outbox = &mut self.wire(Side::Down).outbox;
                let before = outbox.len();
                reply.write(outbox.tail());
                debug_assert_eq!(outbox.len() - before, reply.len() as usize);
            }
            Effect::LastChunk => {
                let last = tidegate_core::http1::BodyEncoder::LAST_CHUNK;
                self.wire(Side::Down).outbox.tail().extend_from_slice(last);
            }
            Effect::End(ending) => self.ending = Some(ending),
        }
    }

    fn connect(&mut self) {
        self.carry.next_response();
        let cluster = match self.service.setup.kind {
            Kind::Tcp => self.service.upstreams.default_cluster(),
            Kind::Http => self.carry.cluster(),
        };
        // A request may be written into an idle connection; a tunnel gets its own.
        let reuse = self.service.setup.kind == Kind::Http;
        match self.service.upstreams.find(cluster, reuse, self.now) {
            Found::Nothing(refusal) => self.queue.push_back(Event::Unconnected(refusal)),
            Found::Idle(port) => {
                self.wire(Side::Up).port = Some(*port);
                self.queue.push_back(Event::Connected(Origin::Reused));
            }
            Found::Dial(dial) => self.dial = Some(dial),
        }
    }

    /// One round over everything that may have something to tell.
    fn round(&mut self, cx: &mut Context<'_>) -> bool {
        let mut moved = self.poll_drain(cx);
        moved |= self.poll_secure(cx);
        moved |= self.poll_dial(cx);
        for side in Side::BOTH {
            moved |= self.poll_in(cx, side);
            moved |= self.poll_fault(cx, side);
        }
        for side in Side::BOTH {
            moved |= self.poll_out(cx, side);
            moved |= self.poll_finish(cx, side);
            moved |= self.poll_acked(cx, side);
        }
        moved
    }

    fn poll_drain(&mut self, cx: &mut Context<'_>) -> bool {
        let drains = self.ticket.poll(cx);
        if drains {
            self.step(Event::Drained);
        }
        drains
    }

    fn poll_secure(&mut self, cx: &mut Context<'_>) -> bool {
        if !matches!(self.session.phase(), Phase::Securing)
            || !matches!(self.session.leg(Side::Down), Leg::Securing)
        {
            return false;
        }
        let Some(port) = self.wire(Side::Down).port.as_mut() else {
            return false;
        };
        match port.poll_secure(cx) {
            Poll::Pending => false,
            Poll::Ready(Ok(())) => {
                self.step(Event::Secured);
                true
            }
            Poll::Ready(Err(fault)) => {
                self.failed(Side::Down, &fault);
                true
            }
        }
    }

    fn poll_dial(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(dial) = self.dial.as_mut() else {
            return false;
        };
        match Pin::new(dial).poll(cx) {
            Poll::Pending => false,
            Poll::Ready(Ok(port)) => {
                self.dial = None;
                self.wire(Side::Up).port = Some(port);
                self.step(Event::Connected(Origin::Fresh));
                true
            }
            Poll::Ready(Err(refusal)) => {
                self.dial = None;
                self.step(Event::Unconnected(refusal));
                true
            }
        }
    }

    fn failed(&mut self, side: Side, fault: &Fault) {
        tracing::debug!(%side, %fault, "a leg failed");
        self.step(Event::Failed(side, fault.cause, wire::call(fault.call)));
    }

    /// Whether the leg can be read, written and asked at all.
    fn is_open(&self, side: Side) -> bool {
        self.session.leg(side).open().is_some()
    }

    fn poll_in(&mut self, cx: &mut Context<'_>, side: Side) -> bool {
        let interest = self.session.interest(side);
        if let Some(room) = interest.decode {
            self.decode(side, room);
            return true;
        }
        match interest.read {
            Want::Off => false,
            Want::Take(most) => self.take(cx, side, most),
            Want::Discard => {
                let read = self.wire(side).poll_discard(cx);
                self.read(side, read)
            }
        }
    }

    fn take(&mut self, cx: &mut Context<'_>, side: Side, most: u32) -> bool {
        match self.service.setup.kind {
            Kind::Tcp => {
                let [down, up] = &mut self.wires;
                let read = match side {
                    Side::Down => down.poll_take(cx, most, &mut up.outbox),
                    Side::Up => up.poll_take(cx, most, &mut down.outbox),
                };
                if let Poll::Ready(Ok(Read::Bytes(n))) = read {
                    self.step(Event::Received(side, wire::count(n)));
                    return true;
                }
                self.read(side, read)
            }
            Kind::Http => {
                let read = self.wire(side).poll_fill(cx, most);
                if let Poll::Ready(Ok(Read::Bytes(_))) = read {
                    let room = self.session.from(side).room();
                    self.decode(side, room);
                    return true;
                }
                self.read(side, read)
            }
        }
    }

    /// Tells of a read that brought no bytes to keep.
    fn read(&mut self, side: Side, read: Poll<Result<Read, Fault>>) -> bool {
        match read {
            Poll::Pending => return false,
            Poll::Ready(Ok(Read::Bytes(_))) => {}
            Poll::Ready(Ok(Read::CloseNotify)) => self.step(Event::CloseNotify(side)),
            Poll::Ready(Ok(Read::Fin)) => self.step(Event::Fin(side)),
            Poll::Ready(Err(fault)) => self.failed(side, &fault),
        }
        true
    }

    /// Looks at what was read of HTTP: as much as there is room for, told as one event.
    fn decode(&mut self, side: Side, room: u32) {
        let [down, up] = &mut self.wires;
        let events = match side {
            Side::Down => self.carry.request(
                &self.session,
                &self.service.upstreams,
                &mut down.inbox,
                &mut up.outbox,
                room,
            ),
            Side::Up => self
                .carry
                .response(&self.session, &mut up.inbox, &mut down.outbox, room),
        };
        self.queue.extend(events.into_iter().flatten());
        self.settle();
    }

    /// R18: a failure is seen also while nobody reads. A reader sees it by itself.
    fn poll_fault(&mut self, cx: &mut Context<'_>, side: Side) -> bool {
        if !self.session.observes_faults(side) {
            return false;
        }
        let Some(port) = self.wire(side).port.as_mut() else {
            return false;
        };
        match port.poll_fault(cx) {
            Poll::Pending => false,
            Poll::Ready(fault) => {
                self.failed(side, &fault);
                true
            }
        }
    }

    fn poll_out(&mut self, cx: &mut Context<'_>, side: Side) -> bool {
        let pending = self.session.interest(side).write;
        if pending == 0 {
            return self.poll_flush(cx, side);
        }
        match self.wire(side).poll_write(cx, pending) {
            Poll::Pending => false,
            Poll::Ready(Ok(n)) => {
                self.step(Event::Sent(side, wire::count(n)));
                true
            }
            Poll::Ready(Err(fault)) => {
                self.failed(side, &fault);
                true
            }
        }
    }

    /// What the TLS engine has to say for itself: tickets, key updates, alerts.
    fn poll_flush(&mut self, cx: &mut Context<'_>, side: Side) -> bool {
        let failed = !self.session.observes_writes(side);
        let open = self.is_open(side);
        let Some(port) = self.wire(side).port.as_mut() else {
            return false;
        };
        if !open || !port.wants_flush() {
            return false;
        }
        match port.poll_flush(cx) {
            Poll::Ready(Err(fault)) if !failed => {
                self.failed(side, &fault);
                true
            }
            Poll::Ready(_) | Poll::Pending => false,
        }
    }

    fn poll_finish(&mut self, cx: &mut Context<'_>, side: Side) -> bool {
        let ordered = self.session.leg(side).open().is_some_and(|open| {
            open.write == WriteEnd::Finishing && self.session.observes_writes(side)
        });
        if !ordered {
            return false;
        }
        let Some(port) = self.wire(side).port.as_mut() else {
            return false;
        };
        match port.poll_finish(cx) {
            Poll::Pending => false,
            Poll::Ready(Ok(())) => {
                port.half_closed();
                self.step(Event::Finished(side));
                true
            }
            Poll::Ready(Err(fault)) => {
                self.failed(side, &fault);
                true
            }
        }
    }

    fn poll_acked(&mut self, cx: &mut Context<'_>, side: Side) -> bool {
        if !self.session.interest(side).acked {
            return false;
        }
        let Some(port) = self.wire(side).port.as_mut() else {
            return false;
        };
        match port.poll_acked(cx) {
            Poll::Pending => false,
            Poll::Ready(Ok(())) => {
                self.step(Event::Acked(side));
                true
            }
            Poll::Ready(Err(fault)) => {
                self.failed(side, &fault);
                true
            }
        }
    }

    /// The one deadline. A sleep that ends before it is kept until it does: progress moves the
    /// deadline often, and only forward.
    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> bool {
        let Some((at, _)) = self.session.deadline() else {
            self.sleep = None;
            return false;
        };
        loop {
            let net = self.service.upstreams.net();
            let early = self.sleep.as_ref().is_none_or(|(until, _)| *until > at);
            if early {
                self.sleep = Some((at, Box::pin(net.sleep_until(at))));
            }
            let Some((until, sleep)) = self.sleep.as_mut() else {
                return false;
            };
            let until = *until;
            if sleep.as_mut().poll(cx).is_pending() {
                return false;
            }
            self.sleep = None;
            self.now = self.now.max(until);
            if until >= at {
                self.step(Event::Fired);
                return true;
            }
        }
    }
}

impl<N: Network> Future for Driver<N> {
    type Output = Ending;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Ending> {
        let this = self.get_mut();
        for _ in 0..BUDGET {
            this.now = this.now.max(this.service.upstreams.net().now());
            let moved = this.round(cx) | this.poll_deadline(cx);
            if let Some(ending) = this.ending {
                return Poll::Ready(ending);
            }
            if !moved {
                return Poll::Pending;
            }
        }
        // Others get their turn; this session is not done.
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
