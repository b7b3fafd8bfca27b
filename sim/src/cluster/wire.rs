//! What the proxy did with each request, as the wire tells it: when it came, where it was sent, how far
//! that got, and how each try ended.
//!
//! It owns the way from packets to tries. It asks the proxy nothing.

use super::play::{CLIENTS, ORIGINS, PROXY};
use crate::fast::{Packet, What};
use std::{collections::BTreeMap, fmt};
use tidegate_core::time::Time;

/// All that the wire tells.
#[derive(Clone, Debug, Default)]
pub struct Wire {
    /// By request: when its head came to the proxy.
    pub came: BTreeMap<usize, Time>,
    /// By request: when the proxy sent its answer's first byte.
    pub answered: BTreeMap<usize, Time>,
    /// By request: when the client's reset came to the proxy.
    pub left: BTreeMap<usize, Time>,
    /// All tries, in the order in which they began to be sent.
    pub tries: Vec<Try>,
    /// Connects that brought no request: nobody listened, or nobody wanted it any more.
    pub vain: Vec<Vain>,
    /// How many clients' connections there were.
    pub clients: u64,
    /// How many connections to endpoints there were.
    pub upstream: u64,
    /// Requests that were sent on a connection of which the endpoint's last word had come before.
    pub stale: Vec<usize>,
}

/// One request sent to one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Try {
    /// Which request.
    pub number: usize,
    /// Which endpoint.
    pub endpoint: usize,
    /// Whether the connection was made for it.
    pub fresh: bool,
    /// When its connect began, or, on a connection that was there, when it was sent.
    pub begun: Time,
    /// When the last of it was sent.
    pub sent: Time,
    /// Whether the endpoint's kernel has acknowledged any of it.
    pub acked: bool,
    /// How it ended, and when, as the proxy could know it.
    pub end: Option<(Time, End)>,
}

/// How a try ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// By an answer with this status, whole.
    Answered(u16),
    /// By the endpoint's FIN.
    Fin,
    /// By the endpoint's reset.
    Reset,
    /// By the proxy's.
    GivenUp,
}

impl End {
    /// Whether the endpoint, or the way to it, broke off.
    #[must_use]
    pub fn is_cut(self) -> bool {
        matches!(self, End::Fin | End::Reset)
    }
}

/// A connect that brought no request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vain {
    /// To which endpoint.
    pub endpoint: usize,
    /// When it began.
    pub begun: Time,
    /// When it was over, if it was.
    pub end: Option<Time>,
    /// Whether it was refused.
    pub refused: bool,
}

/// One connection to an endpoint, while it is read.
struct Conn {
    endpoint: usize,
    begun: Time,
    end: Option<Time>,
    refused: bool,
    /// When the endpoint's last word on it came: FIN, reset, or an answer that says so.
    last_word: Option<Time>,
    /// Its tries, by their places.
    tries: Vec<usize>,
}

impl Wire {
    /// Reads `packets`.
    #[must_use]
    pub fn of(packets: &[Packet]) -> Wire {
        let mut wire = Wire::default();
        let mut conns: BTreeMap<usize, Conn> = BTreeMap::new();
        let mut asked: BTreeMap<usize, usize> = BTreeMap::new();
        // As the proxy has it: what arrives at a moment is there before it does anything.
        let mut packets: Vec<&Packet> = packets.iter().collect();
        packets.sort_by_key(|packet| match packet.from {
            PROXY => (packet.sent, true),
            _ => (packet.arrives, false),
        });
        for packet in packets {
            match (packet.from, packet.to) {
                (CLIENTS, PROXY) | (PROXY, CLIENTS) => wire.down(packet, &mut asked),
                (PROXY, host) if host >= ORIGINS => wire.up(packet, host - ORIGINS, &mut conns),
                (host, PROXY) if host >= ORIGINS => wire.back(packet, &mut conns),
                _ => {}
            }
        }
        for conn in conns.values().filter(|conn| conn.tries.is_empty()) {
            wire.vain.push(Vain {
                endpoint: conn.endpoint,
                begun: conn.begun,
                end: conn.end,
                refused: conn.refused,
            });
        }
        wire
    }

    /// Between a client and the proxy. `asked`: by connection, the request under way.
    fn down(&mut self, packet: &Packet, asked: &mut BTreeMap<usize, usize>) {
        let number = asked.get(&packet.conn).copied();
        match (&packet.what, packet.from) {
            (What::Open, CLIENTS) => self.clients += 1,
            (What::Data { start, .. }, CLIENTS) => {
                if let Some(number) = asks(start) {
                    asked.insert(packet.conn, number);
                    self.came.insert(number, packet.arrives);
                }
            }
            (What::Data { start, .. }, PROXY) => {
                let interim = start.starts_with(b"HTTP/1.1 1");
                if let (Some(number), false) = (number, interim) {
                    self.answered.entry(number).or_insert(packet.sent);
                }
            }
            (What::Reset, CLIENTS) => {
                if let Some(number) = number {
                    self.left.entry(number).or_insert(packet.arrives);
                }
            }
            _ => {}
        }
    }

    /// From the proxy to an endpoint.
    fn up(&mut self, packet: &Packet, endpoint: usize, conns: &mut BTreeMap<usize, Conn>) {
        let at = packet.sent;
        let conn = conns.entry(packet.conn).or_insert(Conn {
            endpoint,
            begun: at,
            end: None,
            refused: false,
            last_word: None,
            tries: Vec::new(),
        });
        let last = conn.tries.last().copied();
        match &packet.what {
            What::Open => self.upstream += 1,
            What::Data { start, .. } => match (asks(start), last) {
                (Some(number), _) => {
                    if conn.last_word.is_some_and(|word| word <= at) {
                        self.stale.push(number);
                    }
                    let fresh = last.is_none();
                    conn.tries.push(self.tries.len());
                    self.tries.push(Try {
                        number,
                        endpoint,
                        fresh,
                        begun: if fresh { conn.begun } else { at },
                        sent: at,
                        acked: false,
                        end: None,
                    });
                }
                (None, Some(last)) => self.tries[last].sent = at,
                (None, None) => {}
            },
            What::Reset => {
                conn.end.get_or_insert(at);
                if let Some(last) = last {
                    self.tries[last].end.get_or_insert((at, End::GivenUp));
                }
            }
            What::Syn | What::SynAck | What::Refused | What::Fin | What::Ack(_) => {}
        }
    }

    /// From an endpoint to the proxy.
    fn back(&mut self, packet: &Packet, conns: &mut BTreeMap<usize, Conn>) {
        let (at, Some(conn)) = (packet.arrives, conns.get_mut(&packet.conn)) else {
            return;
        };
        let last = conn.tries.last().copied();
        let end = match &packet.what {
            What::Refused => {
                conn.refused = true;
                conn.end.get_or_insert(at);
                return;
            }
            What::Ack(bytes) => {
                if let (Some(last), 1..) = (last, *bytes) {
                    let one = &mut self.tries[last];
                    one.acked |= one.end.is_none();
                }
                return;
            }
            What::Data { start, .. } => {
                let text = String::from_utf8_lossy(start);
                if text.contains("Connection: close") {
                    conn.last_word.get_or_insert(at);
                }
                End::Answered(
                    text.get(9..12)
                        .and_then(|code| code.parse().ok())
                        .unwrap_or(0),
                )
            }
            What::Fin => End::Fin,
            What::Reset => End::Reset,
            What::Syn | What::SynAck | What::Open => return,
        };
        if end.is_cut() {
            conn.last_word.get_or_insert(at);
            conn.end.get_or_insert(at);
        }
        if let Some(last) = last {
            self.tries[last].end.get_or_insert((at, end));
        }
    }

    /// The tries of one request, in their order.
    pub fn of_request(&self, number: usize) -> impl Iterator<Item = &Try> {
        self.tries.iter().filter(move |one| one.number == number)
    }
}

/// The number of the request that begins here, if one does.
fn asks(start: &[u8]) -> Option<usize> {
    let text = String::from_utf8_lossy(start);
    let mut words = text.split(' ');
    let method = words.next()?;
    ["GET", "PUT", "POST"].contains(&method).then_some(())?;
    words.next()?.strip_prefix('/')?.parse().ok()
}

impl fmt::Display for Try {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (begun, sent) = (self.begun.as_ms(), self.sent.as_ms());
        let (number, endpoint) = (self.number, self.endpoint);
        let how = if self.fresh { "connects" } else { "reuses" };
        write!(
            f,
            "{begun:>6}  {number} to endpoint {endpoint}, {how}, sent by {sent}"
        )?;
        let acked = if self.acked {
            ""
        } else {
            ", never acknowledged"
        };
        match self.end {
            Some((at, end)) => write!(f, "{acked}, {end:?} at {}", at.as_ms()),
            None => f.write_str(acked),
        }
    }
}

impl fmt::Display for Vain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = if self.refused { "refused" } else { "in vain" };
        let (begun, endpoint) = (self.begun.as_ms(), self.endpoint);
        write!(f, "{begun:>6}  a connect to endpoint {endpoint}, {how}")?;
        match self.end {
            Some(at) => write!(f, " at {}", at.as_ms()),
            None => Ok(()),
        }
    }
}
