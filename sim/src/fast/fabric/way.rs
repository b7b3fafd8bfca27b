//! One way from a host to a host: what is on it, in its order.
//!
//! It owns the latency and the holding. Nothing is lost, doubled or overtaken on it.

use super::{
    super::capture::{Capture, Packet, What},
    EndId,
};
use crate::socket::{Frame, Wire};
use std::{collections::VecDeque, net::SocketAddr};
use tidegate_core::time::{Span, Time};

/// What one host's kernel says to another's.
#[derive(Debug)]
pub(super) enum Word {
    /// A client wants a connection.
    Syn {
        client: (EndId, SocketAddr),
        port: u16,
        window_bytes: u32,
    },
    /// A server has room for it.
    SynAck {
        server: (EndId, u16),
        window_bytes: u32,
    },
    /// Nobody listens there.
    Refused,
    /// The client is there.
    Open,
    Data(Vec<u8>),
    Fin,
    Ack(Ack),
    Reset,
}

/// See [`Frame::Ack`].
#[derive(Debug)]
pub(super) struct Ack {
    acked_bytes: u32,
    opened_bytes: u32,
}

impl Ack {
    pub(super) fn frame(&self) -> Frame<'static> {
        Frame::Ack {
            acked_bytes: self.acked_bytes,
            opened_bytes: self.opened_bytes,
        }
    }
}

/// One message on its way.
#[derive(Debug)]
pub(super) struct Parcel {
    due: Time,
    pub(super) to: EndId,
    pub(super) word: Word,
}

/// One way.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) latency: Span,
    pub(super) held: bool,
    /// Since when everything on it is lost.
    pub(super) cut: Option<Time>,
    parcels: VecDeque<Parcel>,
    /// Who writes down what is sent, if anybody does.
    pub(super) tap: Option<Tap>,
}

/// Where what is sent on one way is written down.
#[derive(Debug)]
pub(super) struct Tap {
    pub(super) capture: Capture,
    pub(super) from: usize,
    pub(super) to: usize,
}

impl Tap {
    fn note(&self, sent: Time, arrives: Time, to: EndId, word: &Word) {
        // A SYN goes to nobody that is known yet: it is its client's connection.
        let (of, what) = match word {
            Word::Syn { client, .. } => (client.0, What::Syn),
            Word::SynAck { server, .. } => {
                self.capture.joins(server.0, to);
                (to, What::SynAck)
            }
            Word::Refused => (to, What::Refused),
            Word::Open => (to, What::Open),
            Word::Data(bytes) => (to, What::data(bytes)),
            Word::Fin => (to, What::Fin),
            Word::Ack(ack) => (to, What::Ack(ack.acked_bytes)),
            Word::Reset => (to, What::Reset),
        };
        let (from, to) = (self.from, self.to);
        self.capture.note(of, what, |conn, what| Packet {
            sent,
            arrives,
            from,
            to,
            conn,
            what,
        });
    }
}

impl Way {
    pub(super) fn new(latency: Span) -> Way {
        Way {
            latency,
            held: false,
            cut: None,
            parcels: VecDeque::new(),
            tap: None,
        }
    }

    pub(super) fn send(&mut self, now: Time, to: EndId, word: Word) {
        if self.cut.is_some() {
            return;
        }
        let due = now + self.latency;
        if let Some(tap) = &self.tap {
            tap.note(now, due, to, &word);
        }
        self.parcels.push_back(Parcel { due, to, word });
    }

    /// When the next message arrives.
    pub(super) fn next(&self) -> Option<Time> {
        let front = self.parcels.front().filter(|_| !self.held);
        front.map(|parcel| parcel.due)
    }

    /// A message that has arrived by `now`.
    pub(super) fn arrived(&mut self, now: Time) -> Option<Parcel> {
        self.next().filter(|due| *due <= now)?;
        self.parcels.pop_front()
    }

    /// Whatever is on it is lost, and whatever will be.
    pub(super) fn cut(&mut self, now: Time) {
        self.cut.get_or_insert(now);
        self.parcels.clear();
    }

    /// What waited arrives at `now`.
    pub(super) fn release(&mut self, now: Time) {
        self.held = false;
        for parcel in &mut self.parcels {
            parcel.due = parcel.due.min(now);
        }
    }
}

/// Where one end's frames leave.
pub(in crate::fast) struct Sender<'a> {
    pub(super) way: &'a mut Way,
    pub(super) to: EndId,
    pub(super) now: Time,
}

impl Wire for Sender<'_> {
    fn send(&mut self, frame: Frame<'_>) {
        let word = match frame {
            Frame::Data(bytes) => Word::Data(bytes.to_vec()),
            Frame::Fin => Word::Fin,
            Frame::Ack {
                acked_bytes,
                opened_bytes,
            } => Word::Ack(Ack {
                acked_bytes,
                opened_bytes,
            }),
            Frame::Reset => Word::Reset,
            Frame::Open { .. } => panic!("a handshake has words of its own"),
        };
        self.way.send(self.now, self.to, word);
    }
}
