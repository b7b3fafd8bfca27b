//! What a session has beside its legs where bytes are understood: HTTP, or a name that its connection goes
//! by. A session of opaque bytes has none of it.

use super::carry::Carry;
use crate::observe::request::Request;
use std::{
    cell::RefCell,
    net::{IpAddr, Ipv4Addr},
};
use tidegate_core::{
    event::{Event, Refusal},
    side::Side,
};

/// So much memory is kept for the next who need it.
const KEPT: usize = 64;

thread_local! {
    #[allow(clippy::vec_box, reason = "a driver that has none gives a word for it")]
    static STORE: RefCell<Vec<Box<Carry>>> = const { RefCell::new(Vec::new()) };
}

/// What carries HTTP across, where there is HTTP.
#[derive(Debug)]
pub(super) struct Http(Option<Box<Carry>>);

impl Http {
    /// Made with its session, and never for a request.
    pub(super) fn new(carry: Option<Carry>) -> Self {
        Http(carry.map(Box::new))
    }

    /// As it is between two requests, of which the last one went to `cluster`.
    pub(super) fn idle(client: IpAddr, https: bool, trusted: bool, cluster: Option<usize>) -> Self {
        let mut carry = match STORE.with_borrow_mut(Vec::pop) {
            Some(mut carry) => {
                carry.renew(client, https, trusted);
                carry
            }
            None => Box::new(Carry::new(client, https, trusted)),
        };
        if let Some(cluster) = cluster {
            carry.goes_to(cluster);
        }
        Http(Some(carry))
    }

    /// Leaves its memory to the next one.
    pub(super) fn give_back(self) {
        if let Some(mut carry) = self.0 {
            carry.renew(Ipv4Addr::UNSPECIFIED.into(), false, false);
            STORE.with_borrow_mut(|store| {
                if store.len() < KEPT {
                    store.push(carry);
                }
            });
        }
    }

    /// See [`Carry::is_idle`].
    pub(super) fn is_idle(&self) -> bool {
        self.0.as_ref().is_some_and(|carry| carry.is_idle())
    }

    /// See [`Carry::trusts`].
    pub(super) fn trusts(&self) -> bool {
        self.0.as_ref().is_some_and(|carry| carry.trusts())
    }

    /// It, in a session that has it.
    pub(super) fn here(&mut self) -> &mut Carry {
        let Some(carry) = self.0.as_deref_mut() else {
            panic!("bytes that nobody is to understand are not looked at")
        };
        carry
    }

    /// See [`Carry::is_for`].
    pub(super) fn is_for(&mut self, client: IpAddr, trusted: bool) {
        if let Some(carry) = &mut self.0 {
            carry.is_for(client, trusted);
        }
    }

    /// See [`Carry::cluster`].
    pub(super) fn cluster(&self) -> Option<usize> {
        self.0.as_ref()?.cluster()
    }

    /// What the endpoint of the last request follows from, if it does.
    pub(super) fn key(&self) -> Option<u64> {
        self.0.as_ref()?.key
    }

    /// See [`Carry::refusal`].
    pub(super) fn refusal(&self) -> Option<Refusal> {
        self.0.as_ref()?.refusal()
    }

    /// See [`Carry::next_response`].
    pub(super) fn next_response(&mut self) {
        if let Some(carry) = &mut self.0 {
            carry.next_response();
        }
    }

    /// See [`Carry::passes`].
    pub(super) fn passes(&self, side: Side) -> Option<u64> {
        self.0.as_ref()?.passes(side)
    }

    /// See [`Carry::passed`].
    pub(super) fn passed(&mut self, side: Side, bytes: usize) -> Event {
        self.here().passed(side, bytes)
    }

    /// What will be told of the request under way.
    pub(super) fn asked(&self) -> Option<&Request> {
        self.0.as_ref()?.asked.as_deref()
    }

    /// The same, to be added to.
    pub(super) fn asked_mut(&mut self) -> Option<&mut Request> {
        self.0.as_mut()?.asked.as_deref_mut()
    }

    /// The same, if it is over.
    pub(super) fn take_asked_if(
        &mut self,
        over: impl FnOnce(&Request) -> bool,
    ) -> Option<Box<Request>> {
        self.0.as_mut()?.asked.take_if(|asked| over(asked))
    }

    /// After how many seconds the origin closes its connection, as its last response has said.
    pub(super) fn take_hint(&mut self) -> Option<u16> {
        self.0.as_mut()?.hint.take()
    }

    /// So many bytes had been sent on the leg that is taken for a request (K23).
    pub(super) fn note_sent(&mut self, bytes: Option<u64>) {
        if let Some(carry) = &mut self.0 {
            carry.sent_before = bytes;
        }
    }

    /// See [`Carry::sent_before`].
    pub(super) fn sent_before(&self) -> Option<u64> {
        self.0.as_ref()?.sent_before
    }
}
