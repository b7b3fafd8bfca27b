//! What a line says: keys and values, before anybody has chosen how they look.

use crate::observe::Conn;
use std::{io::Write, net::IpAddr};
use tidegate_core::time::Span;

/// More than any line has.
const MOST: usize = 40;

/// The keys of a request's line, as a template may name them.
pub const REQUEST_KEYS: [&str; 23] = [
    "time",
    "conn",
    "http.request.method",
    "url.path",
    "url.query",
    "http.response.status_code",
    "http.response.size",
    "http.route",
    "client.address",
    "network.protocol.version",
    "url.scheme",
    "listener",
    "cluster",
    "server.address",
    "t.queue",
    "t.connect",
    "t.first_byte",
    "t.total",
    "attempts",
    "retry",
    "trace_id",
    "span_id",
    "cause",
];

/// One value. What a peer has said is `Said`, and nothing else is.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// A word or a name of ours.
    Word(&'a str),
    /// Bytes that came from outside, whatever they are.
    Said(&'a [u8]),
    /// A number.
    Count(u64),
    /// Seconds.
    Seconds(Span),
    /// An address.
    Address(IpAddr),
    /// The name of a connection.
    Conn(Conn),
    /// Microseconds since 1970-01-01 00:00 UTC.
    Moment(u64),
}

/// A line before it has a form. It asks for no memory.
#[derive(Debug)]
pub struct Entry<'a> {
    fields: [(&'static str, Value<'a>); MOST],
    len: usize,
}

impl<'a> Entry<'a> {
    /// A line of this kind, at this moment.
    #[must_use]
    pub fn new(moment: u64, kind: &'static str) -> Self {
        let mut entry = Entry {
            fields: [("", Value::Count(0)); MOST],
            len: 0,
        };
        entry.put("time", Value::Moment(moment));
        entry.put("kind", Value::Word(kind));
        entry
    }

    /// Adds a field.
    pub fn put(&mut self, key: &'static str, value: Value<'a>) {
        if let Some(slot) = self.fields.get_mut(self.len) {
            *slot = (key, value);
            self.len += 1;
        } else {
            debug_assert!(false, "a line of more fields than there are: {key}");
        }
    }

    /// Adds a field, if there is something to say.
    pub fn maybe(&mut self, key: &'static str, value: Option<Value<'a>>) {
        if let Some(value) = value {
            self.put(key, value);
        }
    }

    /// All of them, in order.
    pub fn fields(&self) -> &[(&'static str, Value<'a>)] {
        &self.fields[..self.len]
    }

    /// What it says of `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Value<'a>> {
        let found = self.fields().iter().find(|(known, _)| *known == key);
        found.map(|(_, value)| *value)
    }
}

impl Value<'_> {
    /// The value as bytes that nobody outside had a say in; nothing if somebody had.
    pub(super) fn plain(&self, out: &mut Vec<u8>) {
        // Memory does not fail to be written to.
        let _ = match self {
            Value::Word(word) => out.write_all(word.as_bytes()),
            Value::Said(bytes) => out.write_all(bytes),
            Value::Count(count) => write!(out, "{count}"),
            Value::Seconds(Span(micros)) => {
                write!(out, "{}.{:06}", micros / 1_000_000, micros % 1_000_000)
            }
            Value::Address(address) => write!(out, "{address}"),
            Value::Conn(conn) => write!(out, "{conn}"),
            Value::Moment(micros) => {
                super::time::rfc3339(*micros, out);
                Ok(())
            }
        };
    }

    /// The bytes that have to be escaped: words of ours too, for a name may be anything.
    pub(super) fn text(&self) -> Option<&[u8]> {
        match self {
            Value::Word(word) => Some(word.as_bytes()),
            Value::Said(bytes) => Some(bytes),
            Value::Count(_)
            | Value::Seconds(_)
            | Value::Address(_)
            | Value::Conn(_)
            | Value::Moment(_) => None,
        }
    }

    /// Whether it is a number, in JSON.
    pub(super) const fn is_number(&self) -> bool {
        matches!(self, Value::Count(_) | Value::Seconds(_))
    }
}
