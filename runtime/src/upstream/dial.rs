//! A connect to an endpoint, and to another one should that fail.
//!
//! It owns the attempts; it waits for the network. What comes of the connection is not its business.

use super::{
    cluster::{Picked, Uplink},
    held::Held,
};
use crate::{
    net::{Address, Network, Stream},
    observe::{Life, Moments},
    port::{Call, Fault, Port},
};
use std::{
    fmt,
    future::Future,
    io::IoSlice,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};
use tidegate_core::{ending::Cause, event::Refusal, group::Slot};

/// Endpoints tried for one connect, at most.
pub(crate) const ATTEMPTS: usize = 3;

/// A connect under way. Dropping it cancels it (R20).
pub struct Dial<N: Network> {
    net: N,
    uplink: Rc<Uplink>,
    moments: Moments,
    /// What decides whom it goes to, where that is asked.
    key: Option<u64>,
    /// Those that could not be reached.
    tried: Vec<Slot>,
    under_way: Attempt<N>,
    /// What a connection begins with, before anything else.
    header: Vec<u8>,
    /// Whether there is something to say behind that.
    speaks: bool,
    /// The last endpoint that could not be reached, and why.
    failure: Option<Box<(Rc<str>, Fault)>>,
}

/// One endpoint that is being dialled.
struct Attempt<N: Network> {
    held: Held,
    step: Step<N>,
}

enum Step<N: Network> {
    /// Nothing is sent yet: it begins when it is looked after first.
    Begin,
    Connect(Pin<Box<N::Connect>>),
    /// It is connected, and has taken so much of the header.
    Header(N::Stream, usize),
    /// It was handed on.
    Over,
}

impl<N: Network> Dial<N> {
    /// A connect to the endpoint of `held`.
    pub(super) fn new(
        net: N,
        (uplink, moments): (Rc<Uplink>, Moments),
        key: Option<u64>,
        held: Held,
    ) -> Self {
        Dial {
            net,
            uplink,
            moments,
            key,
            tried: Vec::new(),
            under_way: Attempt::of(held),
            header: Vec::new(),
            speaks: false,
            failure: None,
        }
    }

    /// The share in the endpoint that is being dialled.
    pub fn share(&self) -> &Held {
        &self.under_way.held
    }

    /// The same, which ends once these bytes are with the connection.
    pub(super) fn beginning_with(self, header: Vec<u8>) -> Self {
        Dial { header, ..self }
    }

    /// Whether it waits to be looked after first: nothing was sent.
    #[must_use]
    pub fn is_to_begin(&self) -> bool {
        matches!(self.under_way.step, Step::Begin)
    }

    /// Whether there is something to say once it is connected.
    pub fn has_words(&mut self, speaks: bool) {
        self.speaks = speaks;
    }

    /// The time of the endpoint that is being dialled is up, which speaks against it. Whether another one
    /// is being dialled now.
    pub fn times_out(&mut self) -> bool {
        let held = &self.under_way.held;
        tracing::warn!(endpoint = %held.endpoint().authority, "cannot connect to an endpoint in time");
        held.failed(self.net.now());
        self.go_on()
    }

    /// How many endpoints could not be reached.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.tried.len()
    }

    /// The session's share in the endpoint that was reached.
    #[must_use]
    pub fn into_held(self) -> Held {
        self.under_way.held
    }

    /// The last endpoint that could not be reached, and why.
    #[must_use]
    pub fn into_failure(self) -> Option<(Rc<str>, Fault)> {
        self.failure.map(|failure| *failure)
    }
}

impl<N: Network> Attempt<N> {
    fn of(held: Held) -> Self {
        let step = Step::Begin;
        Attempt { held, step }
    }

    /// Ready once it is connected and has taken all of `header`. `begin`: what connects it to its endpoint.
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        begin: impl Fn(Address) -> N::Connect,
        header: &[u8],
    ) -> Poll<Result<N::Stream, Fault>> {
        loop {
            match &mut self.step {
                Step::Begin => {
                    let connect = begin(self.held.endpoint().address);
                    self.step = Step::Connect(Box::pin(connect));
                }
                Step::Connect(connect) => {
                    let connected = ready!(connect.as_mut().poll(cx));
                    let stream = connected.map_err(|error| Fault::io(Call::Connect, &error))?;
                    self.step = Step::Header(stream, 0);
                }
                Step::Header(stream, taken) if *taken < header.len() => {
                    let left = [IoSlice::new(&header[*taken..])];
                    let written = ready!(stream.poll_write(cx, &left));
                    *taken += written.map_err(|error| Fault::io(Call::Write, &error))?;
                }
                Step::Header(..) | Step::Over => {
                    let Step::Header(stream, _) = std::mem::replace(&mut self.step, Step::Over)
                    else {
                        return Poll::Pending;
                    };
                    return Poll::Ready(Ok(stream));
                }
            }
        }
    }
}

impl<N: Network> Dial<N> {
    /// Goes on to another endpoint behind one that could not be reached. Whether there is one.
    fn go_on(&mut self) -> bool {
        let Attempt { held, .. } = &self.under_way;
        self.tried.push(held.slot());
        if self.tried.len() >= ATTEMPTS {
            return false;
        }
        let (cluster, index) = (&self.uplink.cluster, held.cluster());
        match cluster.pick(self.net.now(), index, self.key, &self.tried) {
            Picked::Share(held) => self.under_way = Attempt::of(held),
            Picked::Busy | Picked::Nobody => return false,
        }
        true
    }

    fn begun(&self, stream: N::Stream) -> Result<Port<N::Stream>, Refusal> {
        let endpoint = self.under_way.held.endpoint();
        let life = Life::new(
            self.uplink.cluster.counted.clone(),
            Rc::clone(&self.moments),
        );
        match self.uplink.terms(endpoint) {
            // Never in the clear what was meant to be secured.
            None if self.uplink.cluster.tls => {
                let address = endpoint.address;
                tracing::error!(%address, "an endpoint without a name to verify");
                Err(Refusal::Failed(Cause::Local))
            }
            None => Ok(Port::plain(stream).living(life)),
            Some(terms) => {
                let port = Port::client(stream, terms).map(|port| port.living(life));
                port.map_err(|error| {
                    let endpoint = &*endpoint.authority;
                    tracing::error!(%error, endpoint, "cannot begin a TLS handshake");
                    Refusal::Failed(Cause::Local)
                })
            }
        }
    }
}

impl<N: Network> fmt::Debug for Dial<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dial")
            .field("tried", &self.tried)
            .finish_non_exhaustive()
    }
}

impl<N: Network> Unpin for Dial<N> {}

impl<N: Network> Future for Dial<N> {
    type Output = Result<Port<N::Stream>, Refusal>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let this = &mut *self;
            let cluster = &this.uplink.cluster;
            // A TLS client speaks first.
            let speaks = this.speaks || !this.header.is_empty() || cluster.tls;
            let begin = |to| match speaks {
                true => this.net.connect_to_speak(to, cluster.buffers),
                false => this.net.connect(to, cluster.buffers),
            };
            match ready!(this.under_way.poll(cx, begin, &this.header)) {
                Ok(stream) => return Poll::Ready(this.begun(stream)),
                Err(fault) => {
                    let held = &this.under_way.held;
                    let endpoint = Rc::clone(&held.endpoint().authority);
                    let address = held.endpoint().address;
                    tracing::warn!(%fault, %endpoint, %address, "cannot connect to an endpoint");
                    let cause = fault.cause;
                    if cause != Cause::Local {
                        held.failed(this.net.now());
                    }
                    this.failure = Some(Box::new((endpoint, fault)));
                    if !this.go_on() {
                        return Poll::Ready(Err(Refusal::Failed(cause)));
                    }
                }
            }
        }
    }
}
