//! A connect to an endpoint, and to the ones after it should that fail.
//!
//! It owns the attempts; it waits for the network. What comes of the connection is not its business.

use super::cluster::{Endpoint, Held, Uplink};
use crate::{
    net::{Network, Stream},
    port::{Call, Fault, Port},
};
use std::{
    collections::VecDeque,
    fmt,
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};
use tidegate_core::{ending::Cause, event::Refusal};

/// A connect under way. Dropping it cancels it (R20).
pub struct Dial<N: Network> {
    net: N,
    uplink: Rc<Uplink>,
    /// The index of its cluster.
    cluster: usize,
    ahead: VecDeque<Rc<Endpoint>>,
    under_way: Option<Attempt<N>>,
    refusal: Refusal,
    /// The last endpoint that could not be reached, and why.
    failure: Option<Box<(String, Fault)>>,
}

/// One endpoint that is being dialled.
struct Attempt<N: Network> {
    held: Held,
    connect: Pin<Box<N::Connect>>,
}

impl<N: Network> Dial<N> {
    /// A connect to the first of `ahead`, endpoints of the cluster with index `cluster`.
    pub(super) fn new(
        net: N,
        (uplink, cluster): (Rc<Uplink>, usize),
        ahead: VecDeque<Rc<Endpoint>>,
    ) -> Self {
        Dial {
            net,
            uplink,
            cluster,
            ahead,
            under_way: None,
            refusal: Refusal::NoEndpoint,
            failure: None,
        }
    }

    /// The last endpoint that could not be reached, and why.
    #[must_use]
    pub fn into_failure(self) -> Option<(String, Fault)> {
        self.failure.map(|failure| *failure)
    }
}

impl<N: Network> Dial<N> {
    fn begun(&self, stream: N::Stream, held: Held) -> Result<Reached<N::Stream>, Refusal> {
        let port = match self.uplink.terms(held.endpoint()) {
            None => Port::plain(stream),
            Some(terms) => Port::client(stream, terms).map_err(|error| {
                let endpoint = &held.endpoint().authority;
                tracing::error!(%error, endpoint, "cannot begin a TLS handshake");
                Refusal::Failed(Cause::Local)
            })?,
        };
        Ok(Reached { port, held })
    }
}

impl<N: Network> fmt::Debug for Dial<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dial")
            .field("ahead", &self.ahead)
            .finish_non_exhaustive()
    }
}

impl<N: Network> Unpin for Dial<N> {}

impl<N: Network> Future for Dial<N> {
    type Output = Result<Reached<N::Stream>, Refusal>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let this = &mut *self;
            if this.under_way.is_none() {
                let Some(endpoint) = this.ahead.pop_front() else {
                    return Poll::Ready(Err(this.refusal));
                };
                let buffers = this.uplink.cluster.buffers;
                let connect = Box::pin(this.net.connect(endpoint.address, buffers));
                let held = Held::new(&endpoint, this.cluster);
                this.under_way = Some(Attempt { held, connect });
            }
            let Some(attempt) = this.under_way.as_mut() else {
                continue;
            };
            let connected = ready!(attempt.connect.as_mut().poll(cx));
            let Some(Attempt { held, .. }) = this.under_way.take() else {
                continue;
            };
            match connected {
                Ok(stream) => return Poll::Ready(this.begun(stream, held)),
                Err(error) => {
                    let endpoint = held.endpoint().authority.to_string();
                    tracing::warn!(%error, endpoint, "cannot connect to an endpoint");
                    let fault = Fault::io(Call::Connect, &error);
                    this.refusal = Refusal::Failed(fault.cause);
                    this.failure = Some(Box::new((endpoint, fault)));
                }
            }
        }
    }
}

/// A connection that was dialled, and the endpoint at its other end.
#[derive(Debug)]
pub struct Reached<S: Stream> {
    /// The connection; on TLS terms its handshake has not begun.
    pub port: Port<S>,
    /// The session's share in the endpoint.
    pub held: Held,
}
