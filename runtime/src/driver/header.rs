//! The PROXY header that a connection begins with: who the client is, and whether it is let in.
//!
//! It waits for the header's bytes and reads no byte behind it, so that the handshake or the first
//! request finds everything that is its own. It decides nothing: `core/src/proxy_protocol.rs` reads,
//! the listener's admission judges.

use super::Driver;
use crate::{
    net::{Address, Network},
    port::{self, Fault, Read},
};
use std::{
    net::SocketAddr,
    task::{Context, Poll},
};
use tidegate_core::{
    ending::Rejection,
    event::Event,
    proxy_protocol::{self, Header},
    session::Phase,
    side::Side,
};

/// What comes before anything else of a client.
#[derive(Debug, Default)]
pub(super) struct Before {
    /// What has come of the header.
    bytes: Vec<u8>,
    /// Where the client has connected to, as the header says.
    destination: Option<SocketAddr>,
}

impl<N: Network> Driver<N> {
    /// Reads what is missing of the header, and says what it comes to.
    pub(super) fn poll_header(&mut self, cx: &mut Context<'_>) -> bool {
        if *self.session.phase() != Phase::ProxyHeader {
            return false;
        }
        let mut moved = false;
        loop {
            let before = self.before.get_or_insert_default();
            let missing = match proxy_protocol::read(&before.bytes) {
                proxy_protocol::Read::Partial(missing) => missing,
                proxy_protocol::Read::Whole(_, header) => {
                    before.bytes = Vec::new();
                    self.introduce(header);
                    return true;
                }
                proxy_protocol::Read::Refused(fault) => {
                    before.bytes = Vec::new();
                    let client = self.client();
                    tracing::info!(%client, %fault, "a connection without a PROXY header");
                    self.reject(Rejection::ProxyHeaderMissing);
                    return true;
                }
            };
            match self.read_header(cx, missing) {
                Poll::Pending => return moved,
                Poll::Ready(Ok(Read::Bytes(_))) => moved = true,
                Poll::Ready(Ok(Read::Fin | Read::CloseNotify)) => {
                    self.step(Event::Fin(Side::Down));
                    return true;
                }
                Poll::Ready(Err(fault)) => {
                    self.failed(Side::Down, &fault);
                    return true;
                }
            }
        }
    }

    fn read_header(&mut self, cx: &mut Context<'_>, missing: usize) -> Poll<Result<Read, Fault>> {
        let Some(port) = self.wires[Side::Down as usize].port.as_mut() else {
            return Poll::Pending;
        };
        let bytes = &mut self.before.get_or_insert_default().bytes;
        let known = bytes.len();
        bytes.resize(known + missing, 0);
        let read = port.poll_read_before(cx, &mut bytes[known..]);
        let more = match read {
            Poll::Ready(Ok(Read::Bytes(n))) => n,
            Poll::Ready(_) | Poll::Pending => 0,
        };
        bytes.truncate(known + more);
        read
    }

    /// Where the client has connected to: as the header says, or as its socket has it.
    pub(super) fn destination(&self) -> Option<SocketAddr> {
        let told = self.before.as_ref().and_then(|before| before.destination);
        let port = self.wires[Side::Down as usize].port.as_ref();
        told.or_else(|| port.and_then(|port| port.local().ok()))
    }

    fn introduce(&mut self, header: Header) {
        if let Header::Proxied {
            source,
            destination,
        } = header
        {
            self.is_for(source, destination);
        }
        let service = &self.service;
        match service
            .admission
            .admit(&mut self.admitted, port::client(self.client.get()).ip())
        {
            Ok(()) => self.step(Event::Introduced),
            Err(why) => {
                tracing::debug!(client = %self.client(), %why, "a client is not let in");
                self.reject(why);
            }
        }
    }

    fn reject(&mut self, why: Rejection) {
        self.service.observer.rejected(&self.service.name, why);
        self.step(Event::Rejected(why));
    }

    /// From now on the client is this one (logs, limits, X-Forwarded-For), and this is where it has
    /// connected to.
    fn is_for(&mut self, client: SocketAddr, destination: SocketAddr) {
        let client = SocketAddr::new(client.ip().to_canonical(), client.port());
        let trusted = self.service.forwarding.trusted.contain(client.ip());
        self.client = Address::from(client).into();
        self.before.get_or_insert_default().destination = Some(destination);
        self.carry.is_for(client.ip(), trusted);
    }
}
