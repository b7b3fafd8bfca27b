//! One session on one network: readiness into events, effects into calls.
//!
//! It owns both transports, every byte between them and the clock's hand; it waits for whatever
//! the session's interest names, and for the one deadline. It decides nothing: a poll loop that
//! asks, calls and tells, and performs every order before it looks at anything else.

mod ask;
mod asked;
mod begin;
mod blank;
mod body;
mod carry;
mod check;
mod cut;
mod decoded;
mod desk;
mod dormant;
mod guarded;
mod header;
mod http;
mod id;
mod lane;
mod outcome;
mod over;
mod pass;
mod queue;
mod rounds;
mod routed;
mod said;
mod seen;
mod service;
mod shelf;
mod stage;
mod told;
mod turn;
mod vain;
mod wait;
mod watch;
mod wire;

pub(crate) use self::{guarded::Guarded, shelf::Shelves};
pub use self::{id::Numbers, service::Service};

use self::{
    carry::Carry, desk::Desk, header::Before, http::Http, lane::Lane, stage::Staged, wire::Wire,
};
use crate::{
    admission::Admitted,
    linger::Place,
    net::{Address, Network, Packed, Pipe},
    observe::{Conn, Halves},
    pool::Lease,
    port::{Port, client},
    roll::Presence,
    tap::Tap,
    upstream::{Coming, Held},
};
use std::{rc::Rc, sync::Arc};
use tidegate_core::{
    close::CloseCause,
    effect::Effect,
    ending::Ending,
    event::Event,
    interest::Asks,
    record::Recorder,
    session::{Kind, Session},
    side::Side,
    time::{Moment, Time},
};

/// A session and all it needs to run.
pub struct Driver<N: Network> {
    service: Rc<Service<N>>,
    session: Session,
    /// What the session asks of its legs, as of its last step.
    asks: [Asks; 2],
    /// When the session's next wait runs out, as of then.
    due: Moment,
    /// Whether nothing had ended, as of then.
    quiet: bool,
    wires: [Wire<N::Stream>; 2],
    /// What passes unseen, by the leg that says it.
    lanes: [Lane<Pipe<N>>; 2],
    carry: Http,
    /// The upstream leg that is wanted, until it is there.
    coming: Option<Box<Coming<N>>>,
    /// The upstream leg's place in the pool, if it has one.
    lease: Lease<N>,
    /// The session's share in the upstream leg's endpoint.
    held: Option<Held>,
    /// The endpoint of the last upstream leg, or of the last one that was dialled in vain; for logs.
    endpoint: Option<Rc<str>>,
    /// When an upstream leg was last asked for.
    dialled_at: Time,
    conn: Conn,
    client: Packed,
    /// The PROXY header, or what it has said.
    before: Option<Box<Before>>,
    /// The connection's part in the limits.
    admitted: Admitted,
    halves: Halves,
    stage: Staged,
    sleep: Option<(Time, N::Sleep)>,
    /// Whether it was asked in this turn, and is not over.
    asleep: bool,
    /// When the legs' networks are told what to watch for, if they do not know.
    watch_at: Moment,
    /// Whether it was heard, and what it has to say was put off to the end of the worker's turn.
    put_off: bool,
    /// What is being worked off.
    desk: Option<Box<Desk>>,
    now: Time,
    ending: Option<Ending>,
    ticket: crate::drain::Ticket,
    presence: Presence,
    place: Place,
    /// When it was accepted.
    begun: Time,
    /// When something last happened.
    progress: Time,
    /// Nobody's, but in tests.
    tap: Option<Box<Tapped>>,
    /// Its last steps.
    recorder: Recorder,
}

/// Who looks on. A driver whom nobody looks at has a word for it.
struct Tapped(Box<dyn Tap>);

impl<N: Network> Driver<N> {
    /// A session on a connection that was just accepted.
    ///
    /// # Errors
    ///
    /// When the TLS engine refuses the configuration; the connection is reset.
    pub fn new(
        service: Rc<Service<N>>,
        stream: N::Stream,
        admitted: Admitted,
        tap: Option<Box<dyn Tap>>,
    ) -> Result<Self, rustls::Error> {
        let port = match &service.tls {
            Some(config) => Port::server(stream, Arc::clone(config))?,
            None => Port::plain(stream),
        };
        let client = client(port.peer());
        let trusted = service.forwarding.trusted.contain(client.ip());
        let understands = service.setup.kind == Kind::Http || service.setup.passthrough;
        let carry = || Carry::new(client.ip(), service.tls.is_some(), trusted);
        let ticket = service.drain.ticket();
        let place = service.lingering.place();
        let conn = service.observer.next();
        let now = service.upstreams.net().now();
        let mut driver = Driver {
            session: Session::new(service.setup),
            asks: [Asks::NONE; 2],
            due: Moment::NEVER,
            quiet: false,
            wires: [Wire::holding(port), Wire::empty()],
            lanes: [Lane::EMPTY, Lane::EMPTY],
            carry: Http::new(understands.then(carry)),
            coming: None,
            lease: Lease::default(),
            held: None,
            conn,
            endpoint: None,
            dialled_at: now,
            client: Address::from(client).into(),
            before: None,
            admitted,
            halves: service.observer.halves(Some(service.listened.clone())),
            stage: Staged::default(),
            sleep: None,
            asleep: false,
            watch_at: Moment::NEVER,
            put_off: false,
            desk: None,
            now,
            ending: None,
            ticket,
            presence: service.roll.enter(conn),
            place,
            begun: now,
            progress: now,
            tap: tap.map(|tap| Box::new(Tapped(tap))),
            recorder: Recorder::new(now, service.setup.timeouts),
            service,
        };
        driver.service.generation.begins();
        driver.step(Event::Accepted);
        driver.tidy();
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
        let quiet = self.tell(&event);
        self.settle_after(quiet);
    }

    /// Works off the queue. Only then do bytes and counts agree again: a decoder has put down
    /// its bytes before the first of its events is told.
    fn settle(&mut self) {
        self.settle_after(false);
    }

    /// The same; `quiet`: it is known that nothing has ended.
    fn settle_after(&mut self, mut quiet: bool) {
        while let Some(event) = self.desk_if_any().and_then(|desk| desk.events.pop_front()) {
            quiet = self.tell(&event);
        }
        (self.asks, quiet) = self.session.asks_of_both(quiet);
        self.due = self.session.due();
        if !(quiet && self.has_let_go()) {
            self.let_go();
        }
        self.note_stage();
        // While nothing ends there is nothing to tell of it.
        if !std::mem::replace(&mut self.quiet, quiet) || !quiet {
            self.tell_ends();
        }
        self.check();
    }

    /// Tells the session of an event, and performs what it orders at once. Says whether it is known that
    /// nothing has ended.
    fn tell(&mut self, event: &Event) -> bool {
        let before = self.tap.is_some().then(|| self.session.clone());
        let vain = self.foresees(event);
        self.tell_outcome(event);
        self.note_request(event);
        let mut effects = self.lend_effects(event);
        self.recorder.begins(self.now, event, &self.session);
        let quiet = self.session.told(self.now, event, &mut effects);
        self.recorder.ends(self.now, &self.session);
        if let (Some(tap), Some(before)) = (&mut self.tap, before) {
            tap.0
                .step(self.now, *event, &before, &self.session, &effects);
        }
        if !(quiet && effects.is_empty()) {
            self.note_state(&effects);
            for effect in effects.drain(..) {
                self.perform(effect);
            }
        }
        self.give_back_effects(effects);
        if self.wires[Side::Up as usize].port.is_none() {
            // What was not taken over by a request that is sent again.
            self.held = None;
        }
        self.tell_request();
        if let Some(vain) = vain {
            self.note_vain(vain);
        } else if let Event::Connected(_) | Event::Routed(_) = *event {
            // A leg that has come may never have been watched, or for what another request waited for.
            self.watch();
        }
        quiet
    }

    fn asks(&self, side: Side) -> Asks {
        self.asks[side as usize]
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Connect => self.connect(),
            Effect::Cancel => self.cancel(),
            // The order is kept as the leg's state: `Finishing` until it is done.
            Effect::Finish(_) => {}
            Effect::Reset(side) => {
                self.wire(side).reset();
                self.forget_origin(side);
                self.count(side);
            }
            Effect::Close(side) => {
                if let Some(port) = self.wire(side).port.take() {
                    port.close();
                }
                self.forget_origin(side);
                self.count(side);
            }
            Effect::Park => {
                self.park();
                self.carry.next_response();
            }
            Effect::Retire(read) => {
                if let Some(port) = self.wire(Side::Up).port.take() {
                    let held = self.held.as_ref();
                    self.service.upstreams.retire(port, held, read, self.now);
                }
                self.forget_origin(Side::Up);
                self.carry.next_response();
            }
            Effect::Reply(reply) => {
                self.note_reply(reply.status);
                let outbox = &mut self.wires[Side::Down as usize].outbox;
                let before = outbox.len();
                let numbers = &self.service.numbers;
                let carry = self.carry.here();
                carry.reply(&reply, numbers, outbox.tail());
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
                // What it was counted as a request by is still to come.
                self.tell_request();
                let cause = self.cause().unwrap_or(CloseCause::Internal);
                self.count_closed(cause);
                self.tell_recorders(cause);
                if let Some(mut tap) = self.tap.take() {
                    tap.0.ended(&self.record());
                }
            }
        }
    }

    fn park(&mut self) {
        let place = (std::mem::take(&mut self.lease), self.held.take());
        if let Some(port) = self.wire(Side::Up).port.take() {
            let hint = self.carry.take_hint();
            self.service.upstreams.park(port, place, hint, self.now);
        }
    }

    /// The upstream leg will not be back in the pool.
    fn forget_origin(&mut self, side: Side) {
        if side == Side::Up {
            self.lease = Lease::default();
            if !self.session.is_retrying() {
                self.held = None;
            }
        }
    }
}
