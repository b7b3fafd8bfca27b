//! How legs begin: the turn and the dial of the upstream one, and the TLS handshakes of both.
//!
//! It waits for the network, and tells the session what came of it. It never moves a byte that
//! either peer has said to the other.

use super::Driver;
use crate::{
    net::Network,
    port::{Fault, Port, fault::Detail},
    upstream::{Coming, Ends, Found, Held, Need, Wanted},
};
use rustls::ProtocolVersion;
use std::{
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};
use tidegate_core::{
    ending::Cause,
    event::{Event, Origin, Peeked, Refusal},
    http1::Method,
    leg::Leg,
    report::Retry,
    session::{Kind, Phase},
    side::Side,
    tls::{
        Version,
        hello::{self, Hello},
    },
};

impl<N: Network> Driver<N> {
    /// Looks for an upstream leg.
    pub(super) fn connect(&mut self) {
        self.carry.next_response();
        let (cluster, need) = match self.service.setup.kind {
            Kind::Tcp if self.service.setup.passthrough => (self.carry.cluster(), Need::Tunnel),
            Kind::Tcp => (
                self.service.upstreams.routes().default_cluster(),
                Need::Tunnel,
            ),
            Kind::Http if self.session.method() == Some(Method::Connect) => {
                (self.carry.cluster(), Need::Connect)
            }
            Kind::Http => {
                let need = match self.session.sends_again_by() {
                    None => Need::Exchange,
                    Some(Retry::Declined) => Need::Elsewhere,
                    Some(Retry::Unaccepted | Retry::Reused | Retry::Fresh) => Need::Retry,
                };
                (self.carry.cluster(), need)
            }
        };
        if self.session.is_retrying() {
            tracing::info!("the request is sent again, on a fresh connection");
            self.wire(Side::Up).outbox.rewind();
        }
        if let Err(seconds) = self.may_ask(need) {
            let refusal = Event::Unconnected(Refusal::TooMany(seconds));
            self.desk().events.push_front(refusal);
            return;
        }
        let wanted = Wanted {
            cluster,
            key: self.carry.key(),
            client: self.client().ip(),
            failed: self.held.take(),
        };
        let found = match self.carry.refusal() {
            Some(refusal) => Found::Nothing(refusal),
            None => {
                let ends = || self.ends();
                self.service.upstreams.find(wanted, need, &ends)
            }
        };
        self.note_found(&found);
        self.take_up(found);
    }

    fn ends(&self) -> Ends {
        Ends {
            client: self.client(),
            destination: self.destination(),
        }
    }

    /// Takes up what there is. It is told before whatever else is queued: the session waits for nothing
    /// else of its order.
    fn take_up(&mut self, found: Found<N>) {
        match found {
            Found::Nothing(refusal) => self.desk().events.push_front(Event::Unconnected(refusal)),
            Found::Idle(port, lease, held) => {
                self.goes_to(Rc::clone(&held.endpoint().authority));
                (self.lease, self.held) = (lease, Some(held));
                self.carry.note_sent(port.sent_bytes().ok());
                self.wire(Side::Up).put(port);
                self.desk()
                    .events
                    .push_front(Event::Connected(Origin::Reused));
            }
            Found::Turn(waiting) => {
                tracing::debug!(conn = %self.conn, "waits for an endpoint: all are at their limits");
                self.coming = Some(Box::new(Coming::Turn(waiting)));
                self.desk().events.push_front(Event::Queued);
            }
            Found::Dial(dial) => {
                self.goes_to(Rc::clone(&dial.share().endpoint().authority));
                self.coming = Some(Box::new(Coming::Dial(dial)));
            }
        }
    }

    /// R20. A step can both order a leg and recall it (H06: a head whose body is cut already), so
    /// what answered the order at once is not told; an idle connection goes back as it was.
    pub(super) fn cancel(&mut self) {
        if let Some(coming) = self.coming.take() {
            coming.give_up(self.now);
        }
        let answers = |event: &Event| {
            matches!(
                event,
                Event::Queued | Event::Granted | Event::Connected(_) | Event::Unconnected(_)
            )
        };
        self.desk().events.retain(|event| !answers(event));
        self.park();
    }

    /// Whether the client's source may ask once more; if not, after how many seconds. A request that is
    /// sent again was asked for once.
    fn may_ask(&self, need: Need) -> Result<(), u32> {
        let asks = match need {
            Need::Exchange | Need::Connect => true,
            Need::Retry | Need::Elsewhere | Need::Tunnel => false,
        };
        if !asks {
            return Ok(());
        }
        let asked = self.service.admission.ask(self.now, self.client());
        asked.map_err(|wait| {
            let seconds = wait.0.div_ceil(1_000_000);
            u32::try_from(seconds).unwrap_or(u32::MAX)
        })
    }

    pub(super) fn poll_secure(&mut self, cx: &mut Context<'_>, side: Side) -> bool {
        let early = side == Side::Down && *self.session.phase() == Phase::ProxyHeader;
        if early || !matches!(self.session.leg(side), Leg::Securing) {
            return false;
        }
        let Some(port) = self.wire(side).port.as_mut() else {
            return false;
        };
        let secured = match port.poll_secure(cx) {
            Poll::Pending => return false,
            Poll::Ready(secured) => secured,
        };
        let version = match port.version() {
            Some(ProtocolVersion::TLSv1_2) => Version::V12,
            Some(_) | None => Version::V13,
        };
        if side == Side::Down {
            let told = match port.version() {
                Some(ProtocolVersion::TLSv1_2) => Some("1.2"),
                Some(ProtocolVersion::TLSv1_3) => Some("1.3"),
                Some(_) | None => None,
            };
            let resumed = port.is_resumed();
            self.note_handshake(secured.is_ok(), told, resumed);
        }
        match secured {
            Ok(()) => self.step(Event::Secured(side, version)),
            Err(fault) => {
                self.tell_unsecured(side, &fault);
                if fault.detail == Detail::Fin {
                    if side == Side::Up {
                        // A client that leaves has not failed.
                        let told = &mut self.wire(side).told.fault;
                        told.get_or_insert_with(|| Box::new(fault));
                    }
                    self.step(Event::Fin(side));
                } else {
                    self.failed(side, &fault);
                }
            }
        }
        true
    }

    /// A handshake that fails is for an operator to read of: the endpoint's name, and what was
    /// wrong with its certificate.
    fn tell_unsecured(&mut self, side: Side, fault: &Fault) {
        let endpoint = self.endpoint();
        match side {
            Side::Up => {
                tracing::warn!(endpoint, %fault, "the TLS handshake with an endpoint failed")
            }
            Side::Down if fault.cause == Cause::Certificate => {
                tracing::info!(%fault, "a client's certificate is refused");
            }
            Side::Down => tracing::debug!(%fault, "the TLS handshake with a client failed"),
        }
    }

    /// Whether an endpoint is about to be dialled, and nothing was sent to it.
    pub(super) fn is_to_dial(&self) -> bool {
        matches!(self.coming.as_deref(), Some(Coming::Dial(dial)) if dial.is_to_begin())
    }

    /// Looks after the upstream leg that is wanted.
    pub(super) fn poll_coming(&mut self, cx: &mut Context<'_>) -> bool {
        match self.coming.as_deref_mut() {
            None => false,
            Some(Coming::Turn(waiting)) => match Pin::new(waiting).poll(cx) {
                Poll::Pending => false,
                Poll::Ready(held) => self.granted(held),
            },
            Some(Coming::Dial(dial)) => {
                dial.has_words(self.session.to(Side::Up).bytes() > 0);
                let before = dial.failed();
                match Pin::new(&mut *dial).poll(cx) {
                    Poll::Pending if dial.failed() > before => {
                        let endpoint = Rc::clone(&dial.share().endpoint().authority);
                        self.goes_to(endpoint);
                        self.step(Event::Redialled);
                        true
                    }
                    Poll::Pending => false,
                    Poll::Ready(dialled) => self.dialled(dialled),
                }
            }
        }
    }

    /// Its turn has come: an endpoint is kept for it.
    fn granted(&mut self, held: Held) -> bool {
        let Some(Coming::Turn(waiting)) = self.coming.take().map(|coming| *coming) else {
            return false;
        };
        let ends = || self.ends();
        let found = self.service.upstreams.granted(&waiting, held, &ends);
        self.dialled_at = self.now;
        self.take_up(found);
        self.desk().events.push_front(Event::Granted);
        self.settle();
        true
    }

    fn dialled(&mut self, dialled: Result<Port<N::Stream>, Refusal>) -> bool {
        let Some(Coming::Dial(dial)) = self.coming.take().map(|coming| *coming) else {
            return false;
        };
        match dialled {
            Ok(port) => {
                let held = dial.into_held();
                self.goes_to(Rc::clone(&held.endpoint().authority));
                self.held = Some(held);
                self.wire(Side::Up).put(port);
                self.step(Event::Connected(Origin::Fresh));
            }
            Err(refusal) => {
                if let Some((endpoint, fault)) = dial.into_failure() {
                    self.goes_to(endpoint);
                    self.wire(Side::Up).told.fault = Some(Box::new(fault));
                }
                self.step(Event::Unconnected(refusal));
            }
        }
        true
    }

    /// Looks at a client's first words, where its connection is routed by them. They are with the
    /// origin's bytes already (P3).
    pub(super) fn peek(&mut self) {
        if !matches!(self.session.phase(), Phase::Peeking) {
            return;
        }
        let peeked = match hello::read(self.wires[Side::Up as usize].outbox.front()) {
            Hello::Partial => return,
            Hello::Whole(name) => self.route_by_name(name.as_deref()),
            Hello::Alien => {
                tracing::info!("a client does not begin with a ClientHello");
                Peeked::Alien
            }
        };
        self.step(Event::Peeked(peeked));
    }

    fn route_by_name(&mut self, name: Option<&str>) -> Peeked {
        let Some((cluster, destination)) = self.service.upstreams.routes().named(name) else {
            tracing::info!(name, "no route for the name that a client asks for");
            return Peeked::Unroutable;
        };
        self.carry.here().goes_to(cluster);
        self.step(Event::Routed(destination));
        Peeked::Routed
    }
}
