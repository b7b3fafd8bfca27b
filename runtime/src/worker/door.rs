//! A listening socket of a worker: open, leading to whatever is configured, and closed one day.
//!
//! It owns the task that accepts there.

use crate::{
    accept::{Hall, Taps, accept},
    drain::Drain,
    driver::Service,
    net::{Buffers, Listener, Network},
};
use std::{net::SocketAddr, rc::Rc};
use tokio::task::JoinHandle;

/// One of them.
pub(super) struct Door<N: Network> {
    /// Where it was asked to listen, with sockets of which size: that stays.
    at: (SocketAddr, Buffers),
    local: SocketAddr,
    hall: Rc<Hall<N>>,
    task: JoinHandle<()>,
}

impl<N: Network> Door<N> {
    /// Begins to accept.
    pub(super) fn open(
        at: (SocketAddr, Buffers),
        listener: N::Listener,
        service: Rc<Service<N>>,
        taps: Rc<Taps>,
    ) -> Self {
        let hall = Hall::of(service);
        Door {
            at,
            local: listener.local(),
            hall: Rc::clone(&hall),
            task: tokio::task::spawn_local(accept::<N>(listener, hall, taps)),
        }
    }

    /// Whether it is one for this address, with sockets of this size.
    pub(super) fn is_at(&self, address: SocketAddr, buffers: Buffers) -> bool {
        self.at == (address, buffers)
    }

    /// Where it listens; the port is the real one.
    pub(super) fn local(&self) -> SocketAddr {
        self.local
    }

    /// Who comes from now on is served so.
    pub(super) fn leads_to(&self, service: Rc<Service<N>>) {
        self.hall.leads_to(service);
    }

    /// Accepts what is in the queue, and closes (G2): the task that does, and its drain, whose deadline
    /// ends it with a queue that has no end.
    pub(super) fn close(self) -> (Drain, JoinHandle<()>) {
        self.hall.drain.begin();
        (self.hall.drain.clone(), self.task)
    }
}
