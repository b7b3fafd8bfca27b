//! The HTTP peers: a client that asks and an origin that answers, both strict and slow.
//!
//! It owns a second implementation of HTTP/1.1's framing, as plain as can be, and what the peers
//! write down about each message. Every exchange has a number, carried in the field `x-exchange`,
//! and payload of its own, so a byte of one message in another shows.

mod client;
mod origin;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use self::{client::client, origin::origin};
use super::{Payload, SharedLog};
use crate::schedule::{Cut, CutBy, Exchange, Request};
use std::{cell::RefCell, rc::Rc};
use tidegate_core::time::Time;

/// Carries an exchange's number, from 0.
const NUMBER_FIELD: &str = "x-exchange";

/// How a connection's bytes ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Closed {
    /// FIN; over TLS close_notify.
    Clean,
    /// FIN without close_notify.
    Truncated,
    /// The connection failed.
    Reset,
    /// TLS found something wrong.
    BadTls,
}

/// How a message ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MessageEnd {
    /// Its framing says so.
    Complete,
    /// It had no length, and the connection ended like this.
    UntilClose(Closed),
    /// The connection ended first.
    Cut(Closed),
    /// It broke the protocol, like this.
    Malformed(String),
}

/// A message as it was read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Message {
    /// The request line, or the status line.
    pub start: String,
    /// The fields, names in lower case, in their order.
    pub fields: Vec<(String, String)>,
    /// Bytes of content.
    pub bytes: u64,
    /// The first byte of content that is not the exchange's.
    pub differs_at: Option<u64>,
    /// The trailer fields.
    pub trailers: Vec<(String, String)>,
    /// How it ended.
    pub end: MessageEnd,
    /// When its head was complete, and when it ended.
    pub times: [Option<Time>; 2],
}

/// What the client has for one request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Answer {
    /// Interim statuses.
    pub interims: Vec<u16>,
    /// The final status, if a head came.
    pub status: Option<u16>,
    /// The response.
    pub message: Message,
}

/// What the origin has of one request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Asked {
    /// The exchange it says it is of.
    pub exchange: Option<usize>,
    /// On which of the origin's connections, from 0.
    pub connection: usize,
    /// The request.
    pub message: Message,
    /// Whether the response was written as far as the schedule says.
    pub answered: bool,
}

/// What an HTTP run's peers have written down.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct HttpLog {
    /// The client's answers, in the order of its requests.
    pub answers: Vec<Answer>,
    /// When the client began to write each of its requests, one that it cuts short too.
    pub asked_at: Vec<Time>,
    /// Requests the client has written in full.
    pub requests_sent: usize,
    /// Whether bytes came that answer nothing.
    pub excess: bool,
    /// The origin's requests, in the order of their ends.
    pub asked: Vec<Asked>,
    /// Which of the origin's connections wait for another request.
    pub idle: Vec<bool>,
    /// When the client saw that HTTP is left, and when the origin had said it.
    pub switched: [Option<Time>; 2],
    /// On which of its connections the origin has left HTTP.
    pub tunnel: Option<usize>,
}

/// The log that both peers write.
pub type SharedHttpLog = Rc<RefCell<HttpLog>>;

/// What both peers know of a run.
#[derive(Clone)]
pub struct Http {
    /// The exchanges of the schedule.
    pub exchanges: Rc<[Exchange]>,
    /// What is written down.
    pub log: SharedHttpLog,
}

/// The origin's connections, each with its log.
pub type Connections = Rc<RefCell<Vec<SharedLog>>>;

/// How long the response is from its first byte to its last, and its head alone.
#[must_use]
pub fn response_lengths(number: usize, exchange: &Exchange) -> (usize, usize) {
    let pieces = write::response(number, exchange);
    let head = pieces.first().map_or(0, Vec::len);
    (pieces.iter().map(Vec::len).sum(), head)
}

/// How long the request is from its first byte to its last, and its head alone.
#[must_use]
pub fn request_lengths(number: usize, request: &Request) -> (usize, usize) {
    let head = write::request_head(number, request).len();
    let body = write::request_body(number, request);
    (head + body.iter().map(Vec::len).sum::<usize>(), head)
}

/// Where the client ends inside a request, or right behind it, if it comes so far.
#[must_use]
pub fn request_cut(number: usize, request: &Request) -> Option<Cut> {
    let cut = request.cut?;
    let (total, _) = request_lengths(number, request);
    (cut.at as usize <= total).then_some(cut)
}

/// Whether a request never comes whole, or its client resets behind it. A FIN right behind it leaves it
/// what it is (H07).
#[must_use]
pub fn breaks_off(number: usize, request: &Request) -> bool {
    let inside = |cut: Cut| (cut.at as usize) < request_lengths(number, request).0;
    request_cut(number, request).is_some_and(|cut| inside(cut) || cut.by == CutBy::Reset)
}

fn request_payload(exchange: usize) -> Payload {
    payload(exchange, 100)
}

fn response_payload(exchange: usize) -> Payload {
    payload(exchange, 101)
}

fn payload(exchange: usize, kind: u32) -> Payload {
    let number = u32::try_from(exchange).unwrap_or(u32::MAX / 4);
    Payload(number * 2 + kind)
}

impl Message {
    /// The value of a field that occurs once.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut found = self.fields.iter().filter(|(field, _)| field == name);
        match (found.next(), found.next()) {
            (Some((_, value)), None) => Some(value),
            (_, _) => None,
        }
    }

    /// Whether `connection: close` is said.
    #[must_use]
    pub fn closes(&self) -> bool {
        self.field("connection")
            .is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }

    /// The exchange it says it is of; the proxy's own responses say none.
    #[must_use]
    pub fn exchange(&self) -> Option<usize> {
        self.field(NUMBER_FIELD)?.parse().ok()
    }
}
