//! One session on one network: readiness into events, effects into calls.
//!
//! It owns both transports, every byte between them and the clock's hand; it waits for whatever
//! the session's interest names, and for the one deadline. It decides nothing: a poll loop that
//! asks, calls and tells, and performs every order before it looks at anything else.

mod ask;
mod begin;
mod carry;
mod cut;
mod turn;
mod watch;
mod wire;

use self::{carry::Carry, wire::Wire};
use crate::{
    linger::{Lingering, Place},
    net::{Buffers, Network},
    observe::{Conn, Halves, Observer, Record},
    port::Port,
    tap::Tap,
    upstream::{Dial, Found, Need, Upstreams},
    variant::bad,
};
use std::{
    collections::VecDeque,
    fmt,
    future::Future,
    net::SocketAddr,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll},
};
use tidegate_core::{
    effect::{Effect, Effects},
    ending::Ending,
    event::{Event, Origin},
    http1::Method,
    leg::Leg,
    session::{Kind, Session, Setup},
    side::Side,
    time::Time,
};

/// Steps of one wake-up before others get their turn.
const BUDGET: u32 = 256;

/// What every session of a listener has in common.
pub struct Service<N: Network> {
    /// The listener's name, for logs.
    pub name: Rc<str>,
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
    /// Who lingers, of all the worker's sessions and spare legs.
    pub lingering: Lingering,
    /// Where the worker's legs are counted (LIFECYCLE 4.14).
    pub observer: Observer,
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
    /// The endpoint that was dialled last, for logs.
    endpoint: String,
    conn: Conn,
    client: SocketAddr,
    halves: Halves,
    sleep: Option<(Time, Pin<Box<N::Sleep>>)>,
    queue: VecDeque<Event>,
    effects: Effects,
    now: Time,
    ending: Option<Ending>,
    ticket: crate::drain::Ticket,
    place: Place,
    /// When it was accepted.
    begun: Time,
    /// When something last happened.
    progress: Time,
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
        let client = port.peer();
        let carry = Carry::new(client.ip(), service.tls.is_some());
        let ticket = service.drain.ticket();
        let place = service.lingering.place();
        let now = service.upstreams.net().now();
        let mut driver = Driver {
            session: Session::new(service.setup),
            wires: [Wire::holding(port), Wire::empty()],
            carry,
            dial: None,
            endpoint: String::new(),
            conn: service.observer.next(),
            client,
            halves: service.observer.halves(),
            sleep: None,
            queue: VecDeque::new(),
            effects: Effects::new(),
            now,
            ending: None,
            ticket,
            place,
            begun: now,
            progress: now,
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
        self.progress = self.now;
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
            if let Event::Unconnected(_) = event {
                self.count(Side::Up);
            }
        }
        for side in Side::BOTH {
            let since = self.session.leg_report(side).half_closed();
            self.halves.say(side, since);
        }
        self.let_go();
        self.watch();
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
            self.check_sums(side);
        }
    }

    /// I20: the session's sums are those of the transports. What HTTP says is written anew, so it
    /// is counted as it leaves, and not as it came.
    fn check_sums(&self, side: Side) {
        let told = &self.wires[side as usize].told;
        let delivered = self.session.to(side).tally().delivered;
        assert!(
            told.written == delivered,
            "{side}: {} bytes written, {delivered} counted",
            told.written
        );
        let received = self.session.from(side).tally().received + told.thrown;
        assert!(
            self.service.setup.kind == Kind::Http || told.read == received,
            "{side}: {} bytes read, {received} counted",
            told.read
        );
    }

    /// Lets go of bytes that the session has given up (I20).
    fn let_go(&mut self) {
        let keeps = self.session.keeps_request();
        self.wire(Side::Up).outbox.keep(keeps);
        for side in Side::BOTH {
            let kept = keeps && side == Side::Up;
            if self.session.to(side).bytes() == 0 && !kept {
                self.wire(side).outbox.clear();
            }
            let unread = match self.session.leg(side) {
                Leg::Absent | Leg::Gone(_) | Leg::Reset(_) => 0,
                Leg::Connecting | Leg::Securing => continue,
                Leg::Open(open) => open.inbox.left,
            };
            if unread == 0 {
                self.wire(side).inbox.clear();
            }
        }
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Connect => self.connect(),
            Effect::Cancel => self.cancel(),
            // The order is kept as the leg's state: `Finishing` until it is done.
            Effect::Finish(_) => {}
            Effect::Reset(side) => {
                self.wire(side).reset();
                self.count(side);
            }
            Effect::Close(side) => {
                if let Some(port) = self.wire(side).port.take() {
                    port.close();
                }
                self.count(side);
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
            Effect::Alert => {
                let alert = &tidegate_core::tls::hello::UNRECOGNIZED_NAME;
                self.wire(Side::Down).outbox.tail().extend_from_slice(alert);
            }
            Effect::Probe => {
                let probe = tidegate_core::http1::PROBE;
                self.wire(Side::Down).outbox.tail().extend_from_slice(probe);
            }
            Effect::LastChunk => {
                let last = tidegate_core::http1::BodyEncoder::LAST_CHUNK;
                self.wire(Side::Down).outbox.tail().extend_from_slice(last);
            }
            Effect::End(ending) => {
                self.ending = Some(ending);
                if let Some(mut tap) = self.tap.take() {
                    tap.ended(&self.record());
                }
            }
        }
    }

    fn count(&self, side: Side) {
        let leg = self.session.leg_report(side);
        self.service.observer.leg_over(side, leg);
    }

    /// What became of it, or has become of it so far.
    #[must_use]
    pub fn record(&self) -> Record {
        Record {
            conn: self.conn,
            listener: Rc::clone(&self.service.name),
            client: self.client,
            endpoint: self.endpoint.clone(),
            report: self.session.report(),
            wires: [0, 1].map(|side: usize| self.wires[side].told.clone()),
            now: self.now,
        }
    }

    /// R20. A step can both order a leg and recall it (H06: a head whose body is cut already), so
    /// what answered the order at once is not told; an idle connection goes back as it was.
    fn cancel(&mut self) {
        self.dial = None;
        self.queue
            .retain(|event| !matches!(event, Event::Connected(_) | Event::Unconnected(_)));
        if let Some(port) = self.wire(Side::Up).port.take() {
            self.service.upstreams.park(port, self.now);
        }
    }

    fn connect(&mut self) {
        self.carry.next_response();
        let (cluster, need) = match self.service.setup.kind {
            Kind::Tcp if self.service.setup.passthrough => (self.carry.cluster(), Need::Tunnel),
            Kind::Tcp => (self.service.upstreams.default_cluster(), Need::Tunnel),
            Kind::Http if self.session.method() == Some(Method::Connect) => {
                (self.carry.cluster(), Need::Connect)
            }
            Kind::Http if self.session.is_retrying() => (self.carry.cluster(), Need::Retry),
            Kind::Http => (self.carry.cluster(), Need::Exchange),
        };
        if self.session.is_retrying() {
            tracing::info!("the request is sent again, on a fresh connection");
            self.wire(Side::Up).outbox.rewind();
        }
        match self.service.upstreams.find(cluster, need) {
            // Before whatever else is queued: the session waits for nothing else of its order.
            Found::Nothing(refusal) => self.queue.push_front(Event::Unconnected(refusal)),
            Found::Idle(port) => {
                let wire = self.wire(Side::Up);
                wire.acked_before = port.acked_bytes().ok();
                wire.put(*port);
                self.queue.push_front(Event::Connected(Origin::Reused));
            }
            Found::Dial(dial) => self.dial = Some(dial),
        }
    }
}

impl<N: Network> Drop for Driver<N> {
    /// A session that is dropped before its end, by a panic or by a process that does not wait: its
    /// ports reset what is left, and that is counted.
    fn drop(&mut self) {
        for side in Side::BOTH {
            if self.wires[side as usize].port.is_some() {
                self.service.observer.leg_dropped(side);
            }
        }
    }
}

impl<N: Network> Future for Driver<N> {
    type Output = Ending;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Ending> {
        let this = self.get_mut();
        let budget = if bad!(WakeForgotten) { 4 } else { BUDGET };
        for _ in 0..budget {
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
        if !bad!(WakeForgotten) {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}
