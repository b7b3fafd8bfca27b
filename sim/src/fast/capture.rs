//! What was sent between hosts, as somebody on the wire writes it down.
//!
//! It owns nothing but the list: who sent what, when, and on which connection. A judge reads here what
//! a host did, whatever that host says of itself. Nothing is written down unless it is asked for.

use super::fabric::EndId;
use std::{cell::RefCell, collections::BTreeMap, rc::Rc};
use tidegate_core::time::Time;

/// Of a payload, so much is written down.
const START: usize = 160;

/// One message between two hosts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Packet {
    /// When it was sent.
    pub sent: Time,
    /// When it arrives.
    pub arrives: Time,
    /// The host that sent it.
    pub from: usize,
    /// The host that it goes to.
    pub to: usize,
    /// The connection: a number of its own for each connect, in their order.
    pub conn: usize,
    /// What it says.
    pub what: What,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// A connect.
    Syn,
    /// Its answer.
    SynAck,
    /// Nobody listens there.
    Refused,
    /// The client's end of the handshake.
    Open,
    /// So many bytes, and the first of them.
    Data {
        /// How many.
        bytes: usize,
        /// The first of them.
        start: Vec<u8>,
    },
    /// FIN.
    Fin,
    /// So many bytes have come that were not acknowledged before; 0 if it is only about room.
    Ack(u32),
    /// RST.
    Reset,
}

impl What {
    pub(super) fn data(bytes: &[u8]) -> What {
        let start = bytes[..bytes.len().min(START)].to_vec();
        let bytes = bytes.len();
        What::Data { bytes, start }
    }
}

/// Everything that was written down, in the order in which it was sent.
#[derive(Clone, Debug, Default)]
pub struct Capture(Rc<RefCell<Written>>);

#[derive(Debug, Default)]
struct Written {
    packets: Vec<Packet>,
    /// By a server's end: its client's, which names the connection.
    clients: BTreeMap<EndId, EndId>,
}

impl Capture {
    /// What was sent so far.
    #[must_use]
    pub fn packets(&self) -> Vec<Packet> {
        self.0.borrow().packets.clone()
    }

    /// Writes down what goes to the end `to`.
    pub(super) fn note(&self, to: EndId, what: What, packet: impl FnOnce(usize, What) -> Packet) {
        let mut written = self.0.borrow_mut();
        let conn = *written.clients.get(&to).unwrap_or(&to);
        let packet = packet(conn.0, what);
        written.packets.push(packet);
    }

    /// From now on the server's end belongs to the client's.
    pub(super) fn joins(&self, server: EndId, client: EndId) {
        self.0.borrow_mut().clients.insert(server, client);
    }
}
